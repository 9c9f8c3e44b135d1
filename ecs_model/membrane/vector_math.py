"""Functions that formulas call on vectors in C, in double and in single precision.

Where SCALAR is defined, vectors are plain numbers, and the functions those of the C library.
Largest relative errors of what is written here, see `tests/membrane/test_vector_math.py`:

    1/x, log, exp, expm1     double 1e-15     single 3e-7

exp and expm1 end at 8e307, in single precision at 2e38, exp at 3e-308 and 1e-38; the log of what is
not positive, or infinite, is not a number. All other functions are those of the C library.

References:
    Cody & Waite (1980), Software Manual for the Elementary Functions: reduction of arguments.
    Sun Microsystems (1993), fdlibm: log by s = f / (2 + f), with its coefficients.
"""

from collections.abc import Iterable

from ecs_model.membrane.vector_types import CHOICES, TYPES

OWN = ("reciprocal", "exp", "expm1", "log", "abs")  # what the vectors have functions for

EACH = """\
#define EACH(kind, name, function) \\
  INLINE kind##_v kind##_##name(kind##_v x) \\
  { \\
    kind##_s lanes[kind##_lanes] ALIGNED; \\
    memcpy(lanes, &x, sizeof x); \\
    _Pragma("omp simd") \\
    for (int k = 0; k < kind##_lanes; ++k) lanes[k] = function(lanes[k]); \\
    memcpy(&x, lanes, sizeof x); \\
    return x; \\
  }
"""

SCALARS = """\
#define state_set(x) ((state_s)(x))
#define rate_set(x) ((rate_s)(x))
#define state_reciprocal(x) (1.0 / (x))
#define rate_reciprocal(x) ((rate_s)1.0 / (x))
#define state_abs fabs
#define rate_abs OF_RATE(fabs)
EACH(state, exp, exp)
EACH(state, expm1, expm1)
EACH(state, log, log)
EACH(rate, exp, OF_RATE(exp))
EACH(rate, expm1, OF_RATE(expm1))
EACH(rate, log, OF_RATE(log))
INLINE state_v wide(const rate_s *x) { return *x; }
INLINE void narrow(rate_s *to, state_v x) { *to = (rate_s)x; }
"""

DOUBLES = """\
#if !(defined __znver3__ || defined __znver4__ || defined __znver5__)
#define ESTIMATES  /* of 1/x, to be corrected: where division takes longer than on these */
#endif
#define INFINITE_OR_ZERO 0x3e  /* or too small to be normal: their estimates stay */
INLINE state_v state_set(double x) { return (state_v){0} + x; }
INLINE state_v state_abs(state_v x)
{
  return (state_v)((state_u)x & 0x7fffffffffffffffULL);
}
#if defined ESTIMATES && defined AVX512
INLINE state_v state_reciprocal(state_v x)
{
  const raw_d none = {0}, r = __builtin_ia32_rcp14pd512_mask((raw_d)x, none, -1);
  const unsigned char odd = __builtin_ia32_fpclasspd512_mask((raw_d)x, INFINITE_OR_ZERO, -1);
  const raw_d e = 1.0 - (raw_d)x * r, e2 = e * e, more = e * (1.0 + e2) + e2;
  return (state_v)__builtin_ia32_vfmaddpd512_mask(r, more, r, (unsigned char)~odd, ROUNDING);
}
#else
INLINE state_v state_reciprocal(state_v x) { return 1.0 / x; }
#endif
INLINE state_v state_within(state_v x, double low, double high)  /* nan stays nan */
{
  return state_maximum(state_set(low), state_minimum(state_set(high), x));
}
/* exp(x) = (1 + the result) times `scale`, a power of two. */
INLINE state_v state_reduced(state_v x, state_v *scale)
{
  x = state_within(x, -708.0, 709.0);
  const state_v shifted = x * 1.4426950408889634 + 0x1.8p52, n = shifted - 0x1.8p52;
  *scale = (state_v)(((state_u)shifted + 1023) << 52);
  const state_v r = x - n * 6.93147180369123816490e-01 - n * 1.90821492927058770002e-10;
  const state_v r2 = r * r, r4 = r2 * r2;
  const state_v low = 0.5000000000000006 + 0.16666666666666743 * r
                    + r2 * (0.04166666666661993 + 0.008333333333222821 * r);
  const state_v high = 0.0013888888919900584 + 0.0001984127021974124 * r
                     + r2 * (2.4801516222451127e-05 + 2.7556833147639775e-06 * r);
  const state_v top = 2.762281634128845e-07 + 2.527657863579211e-08 * r;
  return r + r2 * (low + r4 * (high + r4 * top));
}
INLINE state_v state_exp(state_v x)
{
  state_v scale;
  const state_v rest = state_reduced(x, &scale);
  return scale + scale * rest;
}
INLINE state_v state_expm1(state_v x)
{
  state_v scale;
  const state_v rest = state_reduced(x, &scale);
  return scale * rest + (scale - 1.0);
}
INLINE state_v state_log(state_v x)
{
  const state_u u = (state_u)x + (0x3ff0000000000000ULL - 0x3fe6a09e00000000ULL);
  const state_v k = (state_v)((u >> 52) + 0x4338000000000000ULL) - (0x1.8p52 + 1023.0);
  const state_v f = (state_v)((u & 0x000fffffffffffffULL) + 0x3fe6a09e00000000ULL) - 1.0;
  const state_v s = f * state_reciprocal(2.0 + f), z = s * s, w = z * z, half = 0.5 * f * f;
  const state_v odd = w * (3.999999999940941908e-01
                    + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const state_v even = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01
                     + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  const state_v low = s * (half + odd + even) + k * 1.90821492927058770002e-10;
  const state_v all = k * 6.93147180369123816490e-01 - ((half - low) - f);
  const state_v zero = state_set(0.0), infinite = state_set(__builtin_inf());
  return state_pick(state_greater(x, zero) & state_less(x, infinite), all,
                    state_set(__builtin_nan("")));
}
"""

SINGLES = """\
typedef float half_v VECTOR(WIDTH / 2);
INLINE rate_v rate_set(float x) { return (rate_v){0} + x; }
INLINE rate_v rate_abs(rate_v x) { return (rate_v)((rate_u)x & 0x7fffffffU); }
#if defined ESTIMATES && defined AVX512
INLINE rate_v rate_reciprocal(rate_v x)
{
  const raw_f none = {0}, r = __builtin_ia32_rcp14ps512_mask((raw_f)x, none, -1);
  const unsigned short odd = __builtin_ia32_fpclassps512_mask((raw_f)x, INFINITE_OR_ZERO, -1);
  const raw_f e = 1.0f - (raw_f)x * r;
  return (rate_v)__builtin_ia32_vfmaddps512_mask(r, e, r, (unsigned short)~odd, ROUNDING);
}
#else
INLINE rate_v rate_reciprocal(rate_v x) { return 1.0f / x; }
#endif
INLINE rate_v rate_within(rate_v x, float low, float high)  /* nan stays nan */
{
  return rate_maximum(rate_set(low), rate_minimum(rate_set(high), x));
}
INLINE rate_v rate_reduced(rate_v x, rate_v *scale)
{
  x = rate_within(x, -87.3f, 88.3f);
  const rate_v shifted = x * 1.4426950408889634f + 0x1.8p23f, n = shifted - 0x1.8p23f;
  *scale = (rate_v)(((rate_u)shifted + 127) << 23);
  const rate_v r = x - n * 0.693359375f + n * 2.12194440e-4f, r2 = r * r;
  const rate_v low = 0.5000000013f + 0.16666576976f * r;
  const rate_v high = 0.04166646491f + 0.00836318012f * r;
  return r + r2 * (low + r2 * (high + r2 * 0.00139336504f));
}
INLINE rate_v rate_exp(rate_v x)
{
  rate_v scale;
  const rate_v rest = rate_reduced(x, &scale);
  return scale + scale * rest;
}
INLINE rate_v rate_expm1(rate_v x)
{
  rate_v scale;
  const rate_v rest = rate_reduced(x, &scale);
  return scale * rest + (scale - 1.0f);
}
INLINE rate_v rate_log(rate_v x)
{
  const rate_u u = (rate_u)x + (0x3f800000U - 0x3f3504f3U);
  const rate_v k = (rate_v)((u >> 23) + 0x4b400000U) - (0x1.8p23f + 127.0f);
  const rate_v f = (rate_v)((u & 0x007fffffU) + 0x3f3504f3U) - 1.0f;
  const rate_v s = f * rate_reciprocal(2.0f + f), z = s * s, w = z * z, half = 0.5f * f * f;
  const rate_v rest = w * (0xccce13.0p-25f + w * 0xf89e26.0p-26f)
                    + z * (0xaaaaaa.0p-24f + w * 0x91e9ee.0p-25f);
  const rate_v all = s * (half + rest) + k * 9.0580006145e-06f - half + f + k * 6.9313812256e-01f;
  const rate_v zero = rate_set(0.0f), infinite = rate_set(__builtin_inff());
  return rate_pick(rate_greater(x, zero) & rate_less(x, infinite), all,
                   rate_set(__builtin_nanf("")));
}
INLINE state_v wide(const rate_s *x)
{
  return __builtin_convertvector(*(const half_v *)x, state_v);
}
INLINE void narrow(rate_s *to, state_v x) { *(half_v *)to = __builtin_convertvector(x, half_v); }
"""

ALIKE = """\
#define rate_set state_set
#define rate_abs state_abs
#define rate_reciprocal state_reciprocal
#define rate_exp state_exp
#define rate_expm1 state_expm1
#define rate_log state_log
INLINE state_v wide(const rate_s *x) { return *(const state_v *)x; }
INLINE void narrow(rate_s *to, state_v x) { *(state_v *)to = x; }
"""


def vector_math(called: Iterable[tuple[str, str]]) -> str:
    """C text of the vectors and their functions; it reads MIXED, SCALAR and WIDTH.

    Args:
        called: kinds, `state` or `rate`, with names of functions of the C library that formulas
            call on them.
    """
    others = sorted({(kind, name) for kind, name in called if name not in OWN})
    lines = [f"EACH({kind}, {name}, {_library(kind, name)})" for kind, name in others]
    own = f"#if MIXED\n{SINGLES}#else\n{ALIKE}#endif\n"
    head = f"{TYPES}{CHOICES}{EACH}"
    return f"{head}#ifdef SCALAR\n{SCALARS}#else\n{DOUBLES}{own}#endif\n" + "\n".join(lines)


def _library(kind, name):
    return f"OF_RATE({name})" if kind == "rate" else name

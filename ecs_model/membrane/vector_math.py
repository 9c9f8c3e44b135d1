"""Vectors in C, and the functions that formulas call on them, in double and in single precision.

There are two kinds: `state_v` of doubles, and `rate_v` of what the stages of a step are computed
in. Their width is that of the processor's registers: 64 bytes with AVX-512, 32 with AVX2, 16 with
SSE2 or NEON; GCC and clang know such types. Where SCALAR is defined they are plain numbers, which
any compiler takes, and the functions are those of the C library.

Largest relative errors of what is written here, see `tests/membrane/test_vector_math.py`:

    1/x, log, exp, expm1     double 1e-15     single 3e-7

exp and expm1 end at 8e307, in single precision at 2e38, exp at 3e-308 and 1e-38; the log of what is
not positive, or infinite, is not a number. All other functions are those of the C library.

References:
    Cody & Waite (1980), Software Manual for the Elementary Functions: reduction of arguments.
    Sun Microsystems (1993), fdlibm: log by s = f / (2 + f), with its coefficients.
"""

from collections.abc import Iterable

OWN = ("reciprocal", "exp", "expm1", "log", "abs")  # what the vectors have functions for

TYPES = """\
#include <string.h>
#if MIXED
typedef float rate_s;
#define OF_RATE(name) name##f
#else
typedef double rate_s;
#define OF_RATE(name) name
#endif
typedef double state_s;
#ifndef __GNUC__
#define SCALAR
#endif
#ifdef SCALAR
#define INLINE static inline
#define ALIGNED
#define NOT(x) !(x)
typedef state_s state_v;
typedef rate_s rate_v;
#else
#define INLINE static inline __attribute__((always_inline, unused))
#define ALIGNED __attribute__((aligned(64)))
#define NOT(x) ~(x)
#ifndef WIDTH  /* of vectors [bytes] */
#if defined __AVX512F__ && defined __AVX512DQ__
#define WIDTH 64
#elif defined __AVX2__
#define WIDTH 32
#else
#define WIDTH 16
#endif
#endif
#if WIDTH == 64 && defined __has_builtin && !defined __clang__  /* the header takes long to read */
#if __has_builtin(__builtin_ia32_rcp14ps512_mask) && __has_builtin(__builtin_ia32_blendmps_512_mask)
#define AVX512
#define ROUNDING 4  /* as the processor is set */
#define INFINITE_OR_ZERO 0x3e  /* or too small to be normal: their estimates stay */
#endif
#endif
#define VECTOR(size) __attribute__((vector_size(size), may_alias))
typedef state_s state_v VECTOR(WIDTH);
typedef rate_s rate_v VECTOR(WIDTH);
typedef unsigned long long state_u VECTOR(WIDTH);
typedef unsigned rate_u VECTOR(WIDTH);
#endif
enum {
  state_lanes = sizeof(state_v) / sizeof(state_s),
  rate_lanes = sizeof(rate_v) / sizeof(rate_s)
};
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
#define state_pick(c, a, b) ((c) ? (a) : (b))
#define rate_pick(c, a, b) ((c) ? (a) : (b))
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
INLINE state_v state_set(double x) { return (state_v){0} + x; }
#define state_pick(c, a, b) state_chosen((state_u)(c), a, b)
INLINE state_v state_abs(state_v x)
{
  return (state_v)((state_u)x & 0x7fffffffffffffffULL);
}
#ifdef AVX512
typedef double raw_d __attribute__((vector_size(64)));
typedef long long raw_q __attribute__((vector_size(64)));
INLINE state_v state_chosen(state_u c, state_v a, state_v b)
{
  const unsigned char first = __builtin_ia32_cvtq2mask512((raw_q)c);
  return (state_v)__builtin_ia32_blendmpd_512_mask((raw_d)b, (raw_d)a, first);
}
INLINE state_v state_reciprocal(state_v x)
{
  const raw_d none = {0}, r = __builtin_ia32_rcp14pd512_mask((raw_d)x, none, -1);
  const unsigned char odd = __builtin_ia32_fpclasspd512_mask((raw_d)x, INFINITE_OR_ZERO, -1);
  const raw_d e = 1.0 - (raw_d)x * r, e2 = e * e, more = e * (1.0 + e2) + e2;
  return (state_v)__builtin_ia32_vfmaddpd512_mask(r, more, r, (unsigned char)~odd, ROUNDING);
}
INLINE state_v state_within(state_v x, double low, double high)  /* nan stays nan */
{
  const raw_d none = {0}, least = none + low, most = none + high;
  const raw_d below = __builtin_ia32_minpd512_mask(most, (raw_d)x, none, -1, ROUNDING);
  return (state_v)__builtin_ia32_maxpd512_mask(least, below, none, -1, ROUNDING);
}
#else
INLINE state_v state_chosen(state_u c, state_v a, state_v b)
{
  return (state_v)((c & (state_u)a) | (~c & (state_u)b));
}
INLINE state_v state_reciprocal(state_v x) { return 1.0 / x; }
INLINE state_v state_within(state_v x, double low, double high)
{
  x = state_pick(x > high, state_set(high), x);
  return state_pick(x < low, state_set(low), x);
}
#endif
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
  return state_pick((x > 0.0) & (x < __builtin_inf()), all, state_set(__builtin_nan("")));
}
"""

SINGLES = """\
typedef float half_v VECTOR(WIDTH / 2);
INLINE rate_v rate_set(float x) { return (rate_v){0} + x; }
#define rate_pick(c, a, b) rate_chosen((rate_u)(c), a, b)
INLINE rate_v rate_abs(rate_v x) { return (rate_v)((rate_u)x & 0x7fffffffU); }
#ifdef AVX512
typedef float raw_f __attribute__((vector_size(64)));
typedef int raw_i __attribute__((vector_size(64)));
INLINE rate_v rate_chosen(rate_u c, rate_v a, rate_v b)
{
  const unsigned short first = __builtin_ia32_cvtd2mask512((raw_i)c);
  return (rate_v)__builtin_ia32_blendmps_512_mask((raw_f)b, (raw_f)a, first);
}
INLINE rate_v rate_reciprocal(rate_v x)
{
  const raw_f none = {0}, r = __builtin_ia32_rcp14ps512_mask((raw_f)x, none, -1);
  const unsigned short odd = __builtin_ia32_fpclassps512_mask((raw_f)x, INFINITE_OR_ZERO, -1);
  const raw_f e = 1.0f - (raw_f)x * r;
  return (rate_v)__builtin_ia32_vfmaddps512_mask(r, e, r, (unsigned short)~odd, ROUNDING);
}
INLINE rate_v rate_within(rate_v x, float low, float high)  /* nan stays nan */
{
  const raw_f none = {0}, least = none + low, most = none + high;
  const raw_f below = __builtin_ia32_minps512_mask(most, (raw_f)x, none, -1, ROUNDING);
  return (rate_v)__builtin_ia32_maxps512_mask(least, below, none, -1, ROUNDING);
}
#else
INLINE rate_v rate_chosen(rate_u c, rate_v a, rate_v b)
{
  return (rate_v)((c & (rate_u)a) | (~c & (rate_u)b));
}
INLINE rate_v rate_reciprocal(rate_v x) { return 1.0f / x; }
INLINE rate_v rate_within(rate_v x, float low, float high)
{
  x = rate_pick(x > high, rate_set(high), x);
  return rate_pick(x < low, rate_set(low), x);
}
#endif
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
  return rate_pick((x > 0.0f) & (x < __builtin_inff()), all, rate_set(__builtin_nanf("")));
}
INLINE state_v wide(const rate_s *x)
{
  return __builtin_convertvector(*(const half_v *)x, state_v);
}
INLINE void narrow(rate_s *to, state_v x) { *(half_v *)to = __builtin_convertvector(x, half_v); }
"""

ALIKE = """\
#define rate_set state_set
#define rate_pick state_pick
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
    return f"{TYPES}#ifdef SCALAR\n{SCALARS}#else\n{DOUBLES}{own}#endif\n" + "\n".join(lines)


def _library(kind, name):
    return f"OF_RATE({name})" if kind == "rate" else name

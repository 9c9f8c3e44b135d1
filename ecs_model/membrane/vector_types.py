"""Vectors in C: their types, comparisons of them, and choices between two of them.

There are two kinds: `state_v` of doubles, and `rate_v` of what the stages of a step are computed
in. Their width is that of the processor's registers: 64 bytes with AVX-512, 32 with AVX2, 16 with
SSE2 or NEON; GCC and clang know such types. Where SCALAR is defined they are plain numbers, which
any compiler takes.

A comparison is a condition, `state_c` or `rate_c`. With AVX-512 that is a bit for each node, which
a compiler of C does not make of its own: it widens every comparison to a vector of ones and zeros
and asks that for its signs. A step that does without takes up to a quarter less time.
"""

TYPES = """\
#include <string.h>
#if MIXED
typedef float rate_s;
typedef unsigned rate_b;
#define OF_RATE(name) name##f
#else
typedef double rate_s;
typedef unsigned long long rate_b;
#define OF_RATE(name) name
#endif
typedef double state_s;
#ifndef __GNUC__
#define SCALAR
#endif
#ifdef SCALAR
#define INLINE static inline
#define ALIGNED
typedef state_s state_v;
typedef rate_s rate_v;
#else
#define INLINE static inline __attribute__((always_inline, unused))
#define ALIGNED __attribute__((aligned(64)))
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
#if __has_builtin(__builtin_ia32_cmpps512_mask) && __has_builtin(__builtin_ia32_blendmps_512_mask)
#define AVX512
#define ROUNDING 4  /* as the processor is set */
#endif
#endif
#define VECTOR(size) __attribute__((vector_size(size), may_alias))
typedef state_s state_v VECTOR(WIDTH);
typedef rate_s rate_v VECTOR(WIDTH);
typedef unsigned long long state_u VECTOR(WIDTH);
typedef rate_b rate_u VECTOR(WIDTH);
#endif
enum {
  state_lanes = sizeof(state_v) / sizeof(state_s),
  rate_lanes = sizeof(rate_v) / sizeof(rate_s)
};
"""

CHOICES = """\
#ifdef SCALAR
#define NOT(condition) !(condition)
typedef int state_c, rate_c;
#define PICK(kind) ((c) ? (a) : (b))
#else
#define NOT(condition) ~(condition)
#ifdef AVX512
typedef double raw_d __attribute__((vector_size(64)));
typedef float raw_f __attribute__((vector_size(64)));
typedef unsigned char state_c;
#if MIXED
typedef unsigned short rate_c;
#else
typedef unsigned char rate_c;
#endif
#else
typedef state_u state_c;
typedef rate_u rate_c;
#define PICK(kind) (kind##_v)((c & (kind##_c)a) | (~c & (kind##_c)b))
#endif
#endif
#ifdef AVX512
#define COMPARISON(kind, raw, of, name, code) \\
  INLINE kind##_c kind##_##name(kind##_v a, kind##_v b) \\
  { \\
    return __builtin_ia32_cmp##of##512_mask((raw)a, (raw)b, code, -1, ROUNDING); \\
  }
#define EXTREME(kind, raw, of, name, short) \\
  INLINE kind##_v kind##_##name(kind##_v a, kind##_v b) \\
  { \\
    const raw none = {0}; \\
    return (kind##_v)__builtin_ia32_##short##of##512_mask((raw)a, (raw)b, none, -1, ROUNDING); \\
  }
#define OF_KIND(kind, raw, of) \\
  COMPARISON(kind, raw, of, less, 1) \\
  COMPARISON(kind, raw, of, less_equal, 2) \\
  COMPARISON(kind, raw, of, greater, 14) \\
  COMPARISON(kind, raw, of, greater_equal, 13) \\
  COMPARISON(kind, raw, of, equal, 0) \\
  COMPARISON(kind, raw, of, not_equal, 4) \\
  INLINE kind##_v kind##_pick(kind##_c c, kind##_v a, kind##_v b) \\
  { \\
    return (kind##_v)__builtin_ia32_blendm##of##_512_mask((raw)b, (raw)a, c); \\
  } \\
  EXTREME(kind, raw, of, minimum, min) \\
  EXTREME(kind, raw, of, maximum, max)
OF_KIND(state, raw_d, pd)
#if MIXED
OF_KIND(rate, raw_f, ps)
#else
OF_KIND(rate, raw_d, pd)
#endif
#else
#define COMPARISON(kind, name, sign) \\
  INLINE kind##_c kind##_##name(kind##_v a, kind##_v b) { return (kind##_c)(a sign b); }
#define EXTREME(kind, name, is) \\
  INLINE kind##_v kind##_##name(kind##_v a, kind##_v b) { return kind##_pick(is(a, b), a, b); }
#define OF_KIND(kind) \\
  COMPARISON(kind, less, <) \\
  COMPARISON(kind, less_equal, <=) \\
  COMPARISON(kind, greater, >) \\
  COMPARISON(kind, greater_equal, >=) \\
  COMPARISON(kind, equal, ==) \\
  COMPARISON(kind, not_equal, !=) \\
  INLINE kind##_v kind##_pick(kind##_c c, kind##_v a, kind##_v b) { return PICK(kind); } \\
  EXTREME(kind, minimum, kind##_less) /* b if one of them is not a number */ \\
  EXTREME(kind, maximum, kind##_greater)
OF_KIND(state)
OF_KIND(rate)
#endif
"""

"""The C of a membrane, to be filled by `kernel` with the lines of its formulas."""

SOURCE = """\
#define MIXED {mixed}  /* whether stages are in single precision */
#include <math.h>
#include <stdlib.h>
#include <string.h>
{math}
{vectors}
enum {{ BLOCK = {block}, STATES = {states}, SEEN = {seen}, TIMED = {timed} }};
enum {{ SPIKES = {spikes}, POTENTIAL = {potential} }};  /* whether V is a state, and which one */
enum {{ RATES = {rates} }};  /* whether an observable is a firing rate */
#define HUGE_ERROR 1e30

/* What holds at every node and in every step of a call: names as in the formulas, those that the
   stages read with r_ before them. */
struct numbers {{ {members} }};

/* One step of `dt` from `env_time` for a block: the new state, and each node's error in units of
   tolerance. */
INLINE void step(double env_time, double dt, double (*restrict w)[BLOCK],
                 double (*restrict made)[BLOCK], double *restrict error,
                 const struct numbers *restrict u{fields_of_step})
{{
  {of_step}
  rate_s x[{increments} + 1][BLOCK] ALIGNED, size[BLOCK] ALIGNED;
#if MIXED
  rate_s y[STATES][BLOCK] ALIGNED;
  for (int j = 0; j < STATES; ++j)
    for (int i = 0; i < BLOCK; ++i) y[j][i] = (rate_s)w[j][i];
#else
  double (*restrict y)[BLOCK] = w;
#endif
  {two}
  for (int i = 0; i < BLOCK; i += rate_lanes) {{
    rate_v worst = rate_set(0.0), all = rate_set(0.0);
    {stage}
    const rate_c finite = rate_less(all, rate_set(HUGE_ERROR));
    *(rate_v *)&size[i] = rate_pick(finite, worst, rate_set(HUGE_ERROR));
  }}
  {four}
  for (int i = 0; i < BLOCK; i += state_lanes) {{
    state_v lowest = state_set(0.0);
    {update}
    const state_c right = state_greater_equal(lowest, state_set(0.0));
    *(state_v *)&error[i] = state_pick(right, wide(&size[i]), state_set(HUGE_ERROR));
  }}
}}

/* How long the next step may be: to the next edge in time of any node. `env_time` is `near` ahead
   of the state, so that an edge that was just reached is passed. */
static double reach(double env_time, double longest, double near, int adaptive{arguments})
{{
  for (int i = 0; i < BLOCK; ++i) {{
    {nodal}
    {reaching}
    {limits}
  }}
  return longest;
}}

/* The firing rate of a block, of a population. */
static void rate(double env_time, double (*restrict w)[BLOCK], double *restrict rates{arguments})
{{
  #pragma omp simd
  for (int i = 0; i < BLOCK; ++i) {{
    {load}
    {firing}
  }}
}}

/* The observables of a block. */
static void look(double env_time, double (*restrict w)[BLOCK],
                 double (*restrict seen)[BLOCK]{arguments})
{{
  #pragma omp simd
  for (int i = 0; i < BLOCK; ++i) {{
    {load}
    {looking}
    {show}
  }}
}}

{noting}
static double largest(const double *error)
{{
  double worst = 0.0;
  for (int i = 0; i < BLOCK; ++i) {{
    const double e = error[i] < HUGE_ERROR ? error[i] : HUGE_ERROR;  /* also catches nan */
    worst = worst > e ? worst : e;
  }}
  return worst;
}}

/* Names begin with ecs_: the C library has functions called `advance` and `step`.
   Advance n nodes from `begin` by `duration`. `fixed` > 0: that many equal sub-steps, cut where an
   edge in time is; else error control, the first trial step of each block in `trial`. Blocks whose
   `counts` are negative are left out; those of the others become their number of sub-steps. Returns
   the number of sub-steps of all blocks, or -1 - (first node of the block) where a state stopped
   being a positive, finite number. `trace`, or null, learns what V did. */
long ecs_advance(long n, double begin, double duration, double tolerance, long fixed,
                 double *const *y, const double *const *in, double *trial, long *counts,
                 struct trace *trace)
{{
  double held[2][STATES][BLOCK] ALIGNED, (*w)[BLOCK] = held[0], (*made)[BLOCK] = held[1];
  double error[BLOCK] ALIGNED;
  {fields}
  {rate_fields}
  {uniform}
  struct numbers u;
  {prepare}
  const double shortest = duration * 1e-11;
  long steps = 0;
  for (long start = 0; start < n; start += BLOCK) {{
    if (counts[start / BLOCK] < 0) continue;
    const long count = n - start < BLOCK ? n - start : BLOCK, before = steps;
    for (int j = 0; j < STATES; ++j) {{
      memcpy(w[j], y[j] + start, count * sizeof(double));
      for (long i = count; i < BLOCK; ++i) w[j][i] = w[j][0];
    }}
    {gather}
    {gather_rates}
    double left = duration, h = fixed > 0 ? duration / fixed : trial[start / BLOCK];
    long remaining = fixed;
    if (!(h > 0.0) || h > duration) h = duration;
    while (fixed > 0 && !TIMED ? remaining > 0 : left > 0.0) {{
      const double now = begin + (duration - left), near = 1e-12 * (fabs(now) + duration);
      const double room = TIMED ? reach(now + near, left, near, fixed <= 0{pass}) : left;
      const double dt = fixed > 0 ? (TIMED && h > (1.0 - 1e-9) * room ? room : h)
                                  : h < 0.5 * room ? h : h < room ? 0.5 * room : room;
      step(now, dt, w, made, error, &u{pass_fields});
      ++steps;
      const double e = fixed > 0 ? 0.0 : largest(error) / tolerance;
      if (e <= 1.0) {{
        if (SPIKES && trace && !watch(trace, start, count, now, dt, w[POTENTIAL], made[POTENTIAL]))
          return -1 - start;
        if (RATES && trace) {{
          rate(now + dt, made, error{pass});
          if (!follow(trace, start, count, now, dt, error)) return -1 - start;
        }}
        double (*spare)[BLOCK] = w;
        w = made;
        made = spare;
        left = dt < left ? left - dt : 0.0;
        --remaining;
        double growth = e > 0.09 ? 0.9 / sqrt(e) : 3.0;
        if (fixed <= 0 && (dt * growth > h || growth < 1.0)) h = dt * growth;
      }} else {{
        const double cut = 0.9 / sqrt(e);
        h = dt * (cut < 0.1 ? 0.1 : cut);
        if (h < shortest) return -1 - start;
      }}
    }}
    if (fixed > 0) {{
      double bad = 0.0;
      for (int i = 0; i < BLOCK; ++i) bad += !(error[i] < HUGE_ERROR);
      if (bad > 0.0) return -1 - start;
    }} else trial[start / BLOCK] = h;
    counts[start / BLOCK] = steps - before;
    for (int j = 0; j < STATES; ++j) memcpy(y[j] + start, w[j], count * sizeof(double));
  }}
  return steps;
}}

/* The observables of n nodes, in the order of the model. */
void ecs_observe(long n, const double *const *y, const double *const *in, double *const *out)
{{
  double w[STATES][BLOCK] ALIGNED;
  double seen[SEEN + 1][BLOCK] ALIGNED;
  {fields}
  {uniform}
  for (long start = 0; start < n; start += BLOCK) {{
    const long count = n - start < BLOCK ? n - start : BLOCK;
    for (int j = 0; j < STATES; ++j) {{
      memcpy(w[j], y[j] + start, count * sizeof(double));
      for (long i = count; i < BLOCK; ++i) w[j][i] = w[j][0];
    }}
    {gather}
    look({clock}, w, seen{pass});
    for (int j = 0; j < SEEN; ++j) memcpy(out[j] + start, seen[j], count * sizeof(double));
  }}
}}

/* Advance by `duration` `samples` times; the state after each in out[sample][state][node].
   Returns as `ecs_advance`. */
long ecs_record(long n, double begin, double duration, long samples, double tolerance, long fixed,
                double *const *y, const double *const *in, double *trial, long *counts,
                struct trace *trace, double *out)
{{
  long steps = 0;
  for (long k = 0; k < samples; ++k) {{
    const double now = begin + k * duration;
    const long done = ecs_advance(n, now, duration, tolerance, fixed, y, in, trial, counts,
                                  trace);
    if (done < 0) return done;
    steps += done;
    for (int j = 0; j < STATES; ++j) memcpy(out + (k * STATES + j) * n, y[j], n * sizeof(double));
  }}
  return steps;
}}
"""

VALUES = """\
#include <math.h>
{math}
/* Values of a formula at n nodes. */
void ecs_values(long n, const double *const *y, const double *const *in, double *const *out)
{{
  {columns}
  #pragma omp simd
  for (long i = 0; i < n; ++i) {{
    {load}
    {lines}
    {store}
  }}
}}
"""

MATH = """\
#ifndef PLAIN_MATH  /* glibc has vector versions of these */
{declarations}
#endif"""

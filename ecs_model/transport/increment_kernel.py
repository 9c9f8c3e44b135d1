"""The C text of steps of ions: passes over the rows of the matrices, for all ions at once.

Ions stand beside each other at every node, in LANES places of which the last may be empty; a first
pass also reads the potential, in FIELDS places. Stiffness only sees differences between nodes, as
its rows add up to zero.
"""

import functools

SOLVING = ("inverse", "product", "descend", "turn", "alone")
PASSES = ("pack", "begin", *SOLVING, "unpack", "charge", "bind")  # `ecs_` before them

_TEXT = r"""
#include <math.h>

#define IONS %(ions)d
#define LANES %(lanes)d
#define FIELDS %(fields)d

typedef double lanes __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef double fields __attribute__((vector_size(8 * FIELDS), aligned(8), may_alias));
typedef long long mask __attribute__((vector_size(8 * FIELDS)));

static inline fields positive(fields x) { return (fields)((mask)x & (x > 0.0)); }

/* Concentrations and psi of every node side by side, then its increments; 0 at fixed nodes. */
void ecs_pack(long n, const double *const *value, const double *psi, const double *const *change,
              double factor, const double *free, double *out)
{
    for (long i = 0; i < n; i++) {
        double *const here = out + 2 * FIELDS * i;
        for (int k = 0; k < IONS; k++) {
            here[k] = value[k][i];
            here[FIELDS + k] = factor * change[k][i];
            if (free) here[FIELDS + k] *= free[LANES * i + k];
        }
        here[IONS] = psi ? psi[i] : 0.0;
    }
}

/* Right side of a step, what it has beyond the guess, and what the field brings to every node.
   sums: squares of the right side and of the residual, preconditioned. */
void ecs_begin(long n, const int *first, const int *column, const double *stiffness,
               const double *mass, const double *packed, const double *ratio,
               const double *charge, const double *exchange, const double *brought,
               const double *free, const double *inverse, double dt, double part, double scale,
               double midway, int field, double *const *migration, double *right,
               double *residual, double *sums)
{
    fields ratios, pulls;
    for (int k = 0; k < FIELDS; k++) {
        ratios[k] = k < IONS ? ratio[k] : 0.0;
        pulls[k] = k < IONS ? -0.5 * dt * charge[k] * ratio[k] : 0.0;
    }
    double square[IONS] = {0.0}, rest[IONS] = {0.0};
    for (long i = 0; i < n; i++) {
        const fields *const here = (const fields *)(packed + 2 * FIELDS * i);
        const fields u = here[0], d = here[1], mid = positive(u + midway * d);
        fields flow = 0.0 * u, drift = flow, spread = flow, kept = flow;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const fields *const there = (const fields *)(packed + 2L * FIELDS * column[k]);
            const fields du = there[0] - u, dd = there[1];
            flow += stiffness[k] * du;
            spread += stiffness[k] * (dd - d);
            kept += mass[k] * dd;
            if (field)
                drift += (stiffness[k] * du[IONS]) * (mid + positive(there[0] + midway * dd));
        }
        flow = -dt * ratios * flow;
        spread = kept + part * ratios * spread;
        drift *= pulls;
        for (int k = 0; k < IONS; k++) {
            const long at = LANES * i + k;
            double b = flow[k], a = spread[k];
            if (exchange) { b -= dt * exchange[at] * u[k]; a += part * exchange[at] * d[k]; }
            if (brought) b += brought[at];
            if (field) { migration[k][i] = drift[k]; b += drift[k]; }
            b *= free ? scale * free[at] : scale;
            if (free) a *= free[at];
            right[at] = b;
            residual[at] = b - a;
            square[k] += b * b * inverse[at];
            rest[k] += (b - a) * (b - a) * inverse[at];
        }
    }
    for (int k = 0; k < IONS; k++) { sums[k] = square[k]; sums[LANES + k] = rest[k]; }
}

/* One over the diagonal of every ion's matrix; 0 in empty places. */
void ecs_inverse(long n, const int *first, const int *column, const double *stiffness,
                 const double *mass, const double *ratio, const double *exchange, double part,
                 double *inverse)
{
    for (long i = 0; i < n; i++)
        for (int k = first[i]; k < first[i + 1]; k++)
            if (column[k] == i)
                for (int ion = 0; ion < IONS; ion++) {
                    const long at = LANES * i + ion;
                    const double leak = exchange ? exchange[at] : 0.0;
                    inverse[at] = 1.0 / (mass[k] + part * (ratio[ion] * stiffness[k] + leak));
                }
}

/* The matrices of all ions times p; sums: p times that. */
void ecs_product(long n, const int *first, const int *column, const double *stiffness,
                 const double *mass, const double *ratio, const double *exchange,
                 const double *free, double part, const double *p, double *out, double *sums)
{
    lanes ratios, total = {0.0};
    for (int k = 0; k < LANES; k++) ratios[k] = k < IONS ? part * ratio[k] : 0.0;
    for (long i = 0; i < n; i++) {
        const lanes own = ((const lanes *)p)[i];
        lanes flow = 0.0 * own, kept = flow;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const lanes there = ((const lanes *)p)[column[k]];
            flow += stiffness[k] * (there - own);
            kept += mass[k] * there;
        }
        kept += ratios * flow;
        if (exchange) kept += part * ((const lanes *)exchange)[i] * own;
        if (free) kept *= ((const lanes *)free)[i];
        ((lanes *)out)[i] = kept;
        total += own * kept;
    }
    *(lanes *)sums = total;
}

/* A step of conjugate gradients along p; sums: squares of the new residual, preconditioned. */
void ecs_descend(long n, const double *share, const double *p, const double *image,
                 const double *inverse, double *x, double *residual, double *sums)
{
    const lanes shares = *(const lanes *)share;
    lanes total = 0.0 * shares;
    for (long i = 0; i < n; i++) {
        ((lanes *)x)[i] += shares * ((const lanes *)p)[i];
        const lanes r = ((lanes *)residual)[i] - shares * ((const lanes *)image)[i];
        ((lanes *)residual)[i] = r;
        total += r * r * ((const lanes *)inverse)[i];
    }
    *(lanes *)sums = total;
}

/* The next direction p. */
void ecs_turn(long n, const double *share, const double *residual, const double *inverse,
              double *p)
{
    const lanes shares = *(const lanes *)share;
    for (long i = 0; i < n; i++)
        ((lanes *)p)[i] = ((const lanes *)inverse)[i] * ((const lanes *)residual)[i]
                          + shares * ((const lanes *)p)[i];
}

/* All iterations of a process that is alone; 0 if `most` are not enough. Arrays begin as those of
   the passes do; counts: iterations of each ion. */
int ecs_alone(long n, const int *first, const int *column, const double *stiffness,
              const double *mass, const double *ratio, const double *exchange,
              const double *free, double part, const double *inverse, const double *enough,
              int most, double *left, double *p, double *image, double *x, double *residual,
              double *share, double *sums, long *counts)
{
    for (int iteration = 0;; iteration++) {
        int is_active[IONS], any = 0;
        for (int k = 0; k < IONS; k++) any |= is_active[k] = left[k] > enough[k];
        if (!any) return 1;
        if (iteration == most) return 0;
        ecs_turn(n, share, residual, inverse, p);
        ecs_product(n, first, column, stiffness, mass, ratio, exchange, free, part, p, image, sums);
        for (int k = 0; k < IONS; k++) share[k] = is_active[k] ? left[k] / sums[k] : 0.0;
        ecs_descend(n, share, p, image, inverse, x, residual, sums);
        for (int k = 0; k < IONS; k++) {
            share[k] = is_active[k] ? sums[k] / left[k] : 0.0;
            left[k] = is_active[k] ? sums[k] : left[k];
            counts[k] += is_active[k];
        }
    }
}

/* Increments of every ion: its guess, changed by what was found. */
void ecs_unpack(long n, const double *found, double factor, const double *const *add,
                double share, double *const *change)
{
    for (long i = 0; i < n; i++)
        for (int k = 0; k < IONS; k++) {
            const double rest = add ? share * add[k][i] : 0.0;
            change[k][i] = factor * change[k][i] + found[LANES * i + k] + rest;
        }
}

/* The charge that increments bring to every node beside its excess, and conductivity half-way
   through the step, relative to K+. sums: squares of that charge, those of what moved, and nodes
   that have less of the bound ion than would make up for what the increments bring. */
void ecs_charge(long n, const double *const *value, const double *const *change,
                const double *charge, const double *ratio, int bound, const double *excess,
                double *out, double *conductivity, double *sums)
{
    double charges = 0.0, moves = 0.0, lacking = 0.0;
    for (long i = 0; i < n; i++) {
        double total = 0.0, moved = 0.0, conducts = 0.0;
        for (int k = 0; k < IONS; k++) {
            const double brought = charge[k] * change[k][i];
            const double mid = value[k][i] + 0.5 * change[k][i];
            total += brought;
            moved += fabs(brought);
            conducts += charge[k] * charge[k] * ratio[k] * (mid > 0.0 ? mid : 0.0);
        }
        lacking += value[bound][i] + change[bound][i] < total / charge[bound] ? 1.0 : 0.0;
        total += excess[i];
        out[i] = total;
        conductivity[i] = conducts;
        charges += total * total;
        moves += moved * moved;
    }
    sums[0] = charges;
    sums[1] = moves;
    sums[2] = lacking;
}

/* Let the increments bring no charge, by that of the bound ion; the least that is left of it. */
double ecs_bind(long n, const double *const *value, double *const *change, const double *charge,
                int bound)
{
    double least = INFINITY;
    for (long i = 0; i < n; i++) {
        double others = 0.0;
        for (int k = 0; k < IONS; k++)
            if (k != bound) others += charge[k] * change[k][i];
        change[bound][i] = others / -charge[bound];
        const double left = value[bound][i] + change[bound][i];
        least = left < least ? left : least;
    }
    return least;
}
"""


@functools.cache
def text(ions: int) -> str:
    """The C text for so many ions."""
    return _TEXT % {"ions": ions, "lanes": lanes(ions), "fields": lanes(ions + 1)}


def lanes(count: int) -> int:
    """Places for `count` values at a node: a power of two, as vectors have."""
    return 1 << (count - 1).bit_length()

"""The C text over rows of the matrices: the limiter of one ion, and what a potential drives.

Of the limiter: nodes out of range, monotone steps, fluxes and their cuts.
"""

LIMITER = ("look", "monotone", "multiply", "fluxes", "corrected", "cut")
FUNCTIONS = (*LIMITER, "implicit", "current", "weigh", "products")  # `ecs_` before them

# Rows of the matrices with local columns, owned nodes first; `low` and `high` is what a node may
# come to by itself; `dt` is the step times the ion's relative diffusivity. Fluxes are those into
# the node of the row.
TEXT = r"""
#include <math.h>

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))

/* Numbers of owned nodes; those of ghosts are in `far`, of which each has `width` numbers, or where
   there is no `far` in the same arrays. */
typedef struct {
    const double *numbers[4]; /* low, high, start, change */
    const char *fixed;
    int *excuse, *suspects;
    const double *far;
    long width;
} Move;

enum { LOW, HIGH, START, CHANGE };

static inline double at(const Move *move, long n, int what, int j)
{
    return j < n || !move->far ? move->numbers[what][j] : move->far[move->width * (j - n) + what];
}

/* Where a neighbour excuses x: the range by itself of one reaches it, or, where changes count, it
   is beyond x itself. The place in the row; its end if there is none. */
static int excusing(long n, const int *first, const int *column, const Move *move, long i,
                    double side, double x, int what)
{
    int k = first[i];
    for (; k < first[i + 1]; k++) {
        const int j = column[k];
        if (what == CHANGE
                ? side * (at(move, n, START, j) + at(move, n, CHANGE, j)) > side * x
                : side * at(move, n, what, j) >= side * x) break;
    }
    return k;
}

/* Nodes out of range, how many; suspects are those that no neighbour's range excuses, though its
   value may. `excuse` holds two neighbours of each node whose range excused it last time, in which
   it is looked first: fields change little from step to step. */
static void look(long n, const int *first, const int *column, const Move *move, double tolerance,
                 long *found)
{
    const double *const low = move->numbers[LOW], *const high = move->numbers[HIGH];
    const double *const start = move->numbers[START], *const change = move->numbers[CHANGE];
    long out = 0, count = 0, none = 0;
    for (long i = 0; i < n; i++) {
        const double x = start[i] + change[i], room = tolerance * (1.0 + fabs(x));
        none += x < 0.0;
        if (x >= low[i] - room && x <= high[i] + room) continue;
        const int above = x > high[i];
        const double side = above ? 1.0 : -1.0;
        const int end = above ? HIGH : LOW;
        int *j = move->excuse + 2 * i + above;
        if (side * at(move, n, end, *j) >= side * (x - side * room)) continue;
        if (move->fixed[i]) continue;
        const int k = excusing(n, first, column, move, i, side, x - side * room, end);
        if (k < first[i + 1]) { *j = column[k]; continue; }
        move->suspects[count++] = i;
        const int by = excusing(n, first, column, move, i, side, x + side * room, CHANGE);
        out += by == first[i + 1];
    }
    found[0] = out;
    found[1] = count;
    found[2] = none;
}

/* The same for several ions: of each, nodes out of range, suspects, and nodes below zero. */
void ecs_look(long n, const int *first, const int *column, long ions, const Move *moves,
              double tolerance, long *found)
{
    for (long k = 0; k < ions; k++)
        look(n, first, column, moves + k, tolerance, found + 3 * k);
}

/* The matrix of the monotone step; dt K with the migration of `pull`, upwind, if there is any.
   The diagonal without these becomes the one with them. */
void ecs_monotone(long n, const int *first, const int *column, const double *stiffness, double dt,
                  double charge, const double *pull, double *diagonal, double *matrix)
{
    for (long i = 0; i < n; i++) {
        double sum = diagonal[i];
        int own = first[i];
        for (int k = first[i]; k < first[i + 1]; k++) {
            const int j = column[k];
            own = j == i ? k : own;
            const double g = j == i ? 0.0 : -dt * LEAST(stiffness[k], 0.0);
            const double w = pull ? charge * g * (pull[j] - pull[i]) : 0.0;
            matrix[k] = -(g + MOST(w, 0.0));
            sum += g + MOST(-w, 0.0);
        }
        matrix[own] = diagonal[i] = sum;
    }
}

/* A matrix times x, but x itself at fixed nodes. */
void ecs_multiply(long n, const int *first, const int *column, const double *matrix,
                  const char *fixed, const double *x, double *out)
{
    for (long i = 0; i < n; i++) {
        double sum = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) sum += matrix[k] * x[column[k]];
        out[i] = fixed[i] ? x[i] : sum;
    }
}

/* Fluxes of the monotone step, summed over each node, and what the accurate step has beyond, each
   and summed. */
void ecs_fluxes(long n, const int *first, const int *column, const double *stiffness,
                const double *mass, double dt, double charge, const double *pull,
                const double *middle, const double *change, const double *z, double *arriving,
                double *extra, double *gain)
{
    for (long i = 0; i < n; i++) {
        double low = 0.0, beyond = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const int j = column[k];
            const double s = -dt * stiffness[k], g = s > 0.0 ? s : 0.0;
            const double up = pull ? charge * (pull[j] - pull[i]) : 0.0;
            const double basic = g * (z[j] - z[i]) + g * up * (up > 0.0 ? z[j] : z[i]);
            const double full = s * (middle[j] - middle[i] + up * 0.5 * (middle[i] + middle[j]))
                                - mass[k] * (change[j] - change[i]);
            low += basic;
            extra[k] = full - basic;
            beyond += full - basic;
        }
        arriving[i] = low;
        gain[i] = beyond;
    }
}

/* What a node gets of the extra fluxes, each cut down to the smaller share of its two ends, where
   the share of the node or of a neighbour is not 1. */
void ecs_corrected(long n, const int *first, const int *column, const double *extra,
                   const double *in, const double *out, long local, char *is_cut, double *gain)
{
    for (long j = 0; j < local; j++) is_cut[j] = in[j] < 1.0 || out[j] < 1.0;
    for (long i = 0; i < n; i++) {
        char any = is_cut[i];
        for (int k = first[i]; k < first[i + 1]; k++) any |= is_cut[column[k]];
        if (!any) continue;
        gain[i] = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const int j = column[k];
            const double f = extra[k], a = f > 0.0 ? in[i] : out[i], b = f > 0.0 ? out[j] : in[j];
            gain[i] += f * LEAST(a, b);
        }
    }
}

/* Shares that keep nodes out of range (or all) within the range of their neighbours. */
long ecs_cut(long n, const int *first, const int *column, const double *extra, const double *low,
             const double *high, const double *base, const double *gain, const double *mass,
             const char *fixed, double tolerance, int all, double *in, double *out)
{
    long count = 0;
    for (long i = 0; i < n; i++) {
        if (fixed[i]) continue;
        const double x = base[i] + gain[i] / mass[i], room = tolerance * (1.0 + fabs(x));
        if (!all && x >= low[i] - room && x <= high[i] + room) continue;
        double least = low[i], most = high[i], gains = 0.0, losses = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            least = LEAST(least, low[column[k]]);
            most = MOST(most, high[column[k]]);
        }
        if (!all && x >= least - room && x <= most + room) continue;
        for (int k = first[i]; k < first[i + 1]; k++) {
            gains += MOST(extra[k], 0.0);
            losses += LEAST(extra[k], 0.0);
        }
        if (all || x < least - room) {
            const double room = LEAST((least - base[i]) * mass[i], 0.0);
            const double now = losses < 0.0 ? LEAST(room / losses, 1.0) : 1.0;
            if (now < out[i]) { out[i] = now; count++; }
        }
        if (all || x > most + room) {
            const double room = MOST((most - base[i]) * mass[i], 0.0);
            const double now = gains > 0.0 ? LEAST(room / gains, 1.0) : 1.0;
            if (now < in[i]) { in[i] = now; count++; }
        }
    }
    return count;
}

/* M + part K, applied to x. */
void ecs_implicit(long n, const int *first, const int *column, const double *stiffness,
                  const double *mass, double part, const double *x, double *out)
{
    for (long i = 0; i < n; i++) {
        double flow = 0.0, kept = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            flow += stiffness[k] * (x[column[k]] - x[i]);
            kept += mass[k] * x[column[k]];
        }
        out[i] = kept + part * flow;
    }
}

/* The current that psi drives out of each node, with the mean conductivity of the ends of edges;
   `far` is psi of ghosts. */
void ecs_current(long n, const int *first, const int *column, const double *stiffness,
                 const double *conductivity, const double *psi, const double *far, double *out)
{
    for (long i = 0; i < n; i++) {
        double sum = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const int j = column[k];
            const double there = j < n ? psi[j] : far[j - n];
            sum += stiffness[k] * (conductivity[i] + conductivity[j]) * (there - psi[i]);
        }
        out[i] = 0.5 * sum;
    }
}

/* Matrices at rest with edges weighed by the mean of both ends; `weights` holds those of stiffness
   and of mass at every node. Rows of the first add up to zero, those of the other to `lumped`. */
void ecs_weigh(long n, const int *first, const int *column, const double *stiffness,
               const double *mass, const double *weights, const double *lumped,
               double *stiffness_now, double *mass_now)
{
    for (long i = 0; i < n; i++) {
        const double *const here = weights + 2 * i;
        double flow = 0.0, kept = 0.0;
        int self = first[i];
        for (int k = first[i]; k < first[i + 1]; k++) {
            const double *const there = weights + 2L * column[k];
            if (column[k] == i) { self = k; continue; }
            flow += stiffness_now[k] = 0.5 * stiffness[k] * (here[0] + there[0]);
            kept += mass_now[k] = 0.5 * mass[k] * (here[1] + there[1]);
        }
        stiffness_now[self] = -flow;
        mass_now[self] = lumped[i] - kept;
    }
}

/* Stiffness and mass times x. */
void ecs_products(long n, const int *first, const int *column, const double *stiffness,
                  const double *mass, const double *x, double *flow, double *kept)
{
    for (long i = 0; i < n; i++) {
        flow[i] = kept[i] = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            flow[i] += stiffness[k] * x[column[k]];
            kept[i] += mass[k] * x[column[k]];
        }
    }
}
"""

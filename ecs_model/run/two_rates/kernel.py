"""The C text of fine steps of a patch of the tissue, whose border goes on as in the coarse step.

A patch has `inner` nodes, which are advanced, and further ones beside them, its border. Rows of
both have local columns. The steps are those of `time_loop`, without a return to Python in between.
"""

import functools

from ecs_model.membrane.kernel import BLOCK
from ecs_model.transport import increment_kernel, limiter_kernel, spread_kernel

# Increments and the limiter are those of the whole tissue, with the border as nodes that are given:
# what their equations bring it, and what the limiter does, is summed up for its correction.
_TEXT = r"""
#define TOLERANCE 1e-12  /* of a range: what round-off may do */
#define ROUND_OFF 1e-11  /* mM: what may be below zero, and becomes zero */
#define FLOOR 1e-13      /* mM at a node: no solver can do better */
#define MUCH 1e-2        /* left over, of what moves */
#define SHARPER 4        /* tries with a hundredth of the tolerance each */
#define MOST_ITERATIONS 2000
#define ROUNDS 20

typedef long Advance(long, double, double, double, long, double *const *, const double *const *,
                     double *, long *, void *);

typedef struct {
    long states, inner, local, ticks, level, substeps;
    double start, tick, tolerance, rtol, membrane_tolerance, nearest, farthest;
} Task;

typedef struct {
    Advance *advance;
    double *const *state, *const *kept;
    const double *const *input;
    double *trial, *kept_trial;
    long *blocks;
    const int *first, *column;
    const double *stiffness, *mass, *volume, *ratio;
    double *const *value, *const *change;      /* of ions; those of the border as a step needs it */
    double *const *edge, *const *rate;         /* of the border: at the time, and its change */
    double *const *transported;                /* the part of that which transport brings */
    double *const *tried, *const *gained;      /* what came to the border in a step, and in all */
    double *const *moved;                      /* what transport brought to inner nodes in all */
    double *border_mass, *border_stiffness;    /* of inner nodes, summed over the border */
    double *packed, *right, *residual, *inverse, *direction, *image, *found;
    double *last, *slope, *reacted, *course, *times;
    const char *fixed;
    int *excuse, *suspects;
    State *spread;
    double *gain;
    char *is_listed;
    int *sticking, *queue;
    long *counts;                              /* rejected, block steps, iterations, level */
    double *given, *corrections;               /* of each ion: by membranes; steps, moved, largest */
} Patch;

/* Sums over the border of the rows of inner nodes. */
static void sum_border(const Task *t, const Patch *p)
{
    for (long i = 0; i < t->inner; i++) {
        p->border_mass[i] = p->border_stiffness[i] = 0.0;
        for (int m = p->first[i]; m < p->first[i + 1]; m++)
            if (p->column[m] >= t->inner) {
                p->border_mass[i] += p->mass[m];
                p->border_stiffness[i] += p->stiffness[m];
            }
    }
}

/* The border as Crank-Nicolson sees it: half-way, and what transport brings there. */
static void halfway(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++)
        for (long b = t->inner; b < t->local; b++) {
            const double brought = p->transported[k][b];
            p->change[k][b] = dt * brought;
            p->value[k][b] = p->edge[k][b] + 0.5 * dt * (p->rate[k][b] - brought);
        }
}

/* The border as it is when a step begins, and how it changes. */
static void as_it_is(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++)
        for (long b = t->inner; b < t->local; b++) {
            p->change[k][b] = dt * p->rate[k][b];
            p->value[k][b] = p->edge[k][b];
        }
}

/* Find increments by conjugate gradients, from what they are; whether that converges. */
static int solved(const Task *t, const Patch *p, double dt, double rtol)
{
    double sums[2 * LANES] = {0.0}, enough[LANES] = {0.0}, share[LANES] = {0.0}, left[LANES];
    long counts[LANES] = {0};
    double floor = 0.0;
    for (long i = 0; i < t->inner; i++) floor += FLOOR * FLOOR * p->volume[i];
    ecs_inverse(t->inner, p->first, p->column, p->stiffness, p->mass, p->ratio, 0, 0.5 * dt,
                p->inverse);
    ecs_pack(t->local, (const double *const *)p->value, 0, (const double *const *)p->change, 1.0,
             0, p->packed);
    ecs_begin(t->inner, p->first, p->column, p->stiffness, p->mass, p->packed, p->ratio, p->ratio,
              0, 0, 0, p->inverse, dt, 0.5 * dt, 1.0, 0.5, 0, 0, p->right, p->residual, sums);
    for (int k = 0; k < IONS; k++) {
        left[k] = sums[LANES + k];
        enough[k] = MOST(rtol * rtol * sums[k], floor);
    }
    memset(p->direction, 0, t->local * sizeof(lanes));
    memset(p->found, 0, t->inner * sizeof(lanes));
    const int done = ecs_alone(t->inner, p->first, p->column, p->stiffness, p->mass, p->ratio, 0, 0,
                               0.5 * dt, p->inverse, enough, MOST_ITERATIONS, left, p->direction,
                               p->image, p->found, p->residual, share, sums, counts);
    ecs_unpack(t->inner, p->found, 1.0, 0, 0.0, p->change);
    for (int k = 0; k < IONS; k++) p->counts[2] += counts[k];
    return done;
}

/* What the border brings to inner nodes if these do not change. */
static double due(const Task *t, const Patch *p, int k, double dt)
{
    double sum = 0.0;
    for (long b = t->inner; b < t->local; b++) {
        const double middle = p->value[k][b] + 0.5 * p->change[k][b];
        for (int m = p->first[b]; m < p->first[b + 1]; m++) {
            const int i = p->column[m];
            if (i >= t->inner) continue;
            sum -= dt * p->ratio[k] * p->stiffness[m] * (middle - p->value[k][i]);
            sum -= p->mass[m] * p->change[k][b];
        }
    }
    return sum;
}

/* Give back what solving left over, in proportion to increments; whether that is little. */
static int closed(const Task *t, const Patch *p, int k, double dt, int is_last)
{
    double *const d = p->change[k], part = 0.5 * dt * p->ratio[k], weighed = 0.0, size = 0.0;
    for (long i = 0; i < t->inner; i++) {
        const double w = p->volume[i] - p->border_mass[i] - part * p->border_stiffness[i];
        weighed += w * d[i];
        size += fabs(w * d[i]);
    }
    const double left = due(t, p, k, dt) - weighed;
    if (!(size < 1e300)) return 0;
    if (!is_last && fabs(left) > MUCH * size) return 0;
    const double share = size > 0.0 ? left / size : 0.0;
    for (long i = 0; i < t->inner; i++) {
        const double w = p->volume[i] - p->border_mass[i] - part * p->border_stiffness[i];
        d[i] += (w < 0.0 ? -share : share) * fabs(d[i]);
    }
    return 1;
}

static int found_increments(const Task *t, const Patch *p, double dt)
{
    double rtol = t->rtol;
    for (int again = 0; again <= SHARPER; again++, rtol *= 1e-2) {
        int all = solved(t, p, dt, rtol);
        for (int k = 0; all && k < IONS; k++) all = closed(t, p, k, dt, again == SHARPER);
        if (all) return 1;
    }
    return 0;
}

/* What comes from inner nodes to the border. */
static void arrive(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++)
        for (long b = t->inner; b < t->local; b++) {
            const double *const u = p->value[k], *const d = p->change[k];
            const double middle = u[b] + 0.5 * d[b];
            double sum = 0.0;
            for (int m = p->first[b]; m < p->first[b + 1]; m++) {
                const int i = p->column[m];
                if (i >= t->inner) continue;
                sum -= dt * p->ratio[k] * p->stiffness[m] * (u[i] + 0.5 * d[i] - middle);
                sum -= p->mass[m] * (d[i] - d[b]);
            }
            p->tried[k][b] = sum;
        }
}

/* Spread what an ion has beyond its range; whether there is room. */
static int spread(const Task *t, const Patch *p, int k, long length)
{
    const Step s = {p->value[k], p->value[k], p->value[k], p->change[k], p->volume, p->fixed,
                    p->spread, p->gain, p->is_listed, p->suspects, p->sticking, p->queue};
    double sums[2];
    for (long j = 0; j < length; j++) p->is_listed[p->suspects[j]] = 1;
    const int has = ecs_spread_alone(t->local, p->first, p->column, &s, TOLERANCE, ROUNDS, &length);
    if (has)
        for (long b = t->inner; b < t->local; b++) p->tried[k][b] += p->gain[b];
    ecs_taken(t->local, p->first, p->column, &s, length, ROUND_OFF, has ? p->change[k] : 0, sums);
    if (!has) return 0;
    p->corrections[3 * k] += 1.0;
    p->corrections[3 * k + 1] += 0.5 * sums[0];
    p->corrections[3 * k + 2] = MOST(p->corrections[3 * k + 2], sums[1]);
    return 1;
}

/* Keep all ions within what their surroundings allow; whether that can be done here. */
static int limited(const Task *t, const Patch *p, double dt)
{
    for (int k = 0; k < IONS; k++) {
        const Move move = {p->value[k], p->value[k], p->value[k], p->change[k], p->fixed,
                           p->excuse + 2 * k * t->local, p->suspects};
        long seen[3];
        look(t->inner, p->first, p->column, &move, TOLERANCE, seen);
        if (!seen[0]) continue;
        if (dt < t->nearest || dt > t->farthest || !spread(t, p, k, seen[1])) return 0;
    }
    return 1;
}

static double outside(const Task *t, const Patch *p, int k)
{
    double sum = 0.0;
    for (long i = 0; i < t->inner; i++) sum += p->volume[i] * p->value[k][i];
    return sum;
}

/* Advance membranes; whether they can. `given` becomes what they gave of each ion. */
static int react(const Task *t, const Patch *p, double begin, double duration, double *given)
{
    for (int k = 0; k < IONS; k++) given[k] = -outside(t, p, k);
    const long done = p->advance(t->inner, begin, duration, t->membrane_tolerance, t->substeps,
                                 p->state, p->input, p->trial, p->blocks, 0);
    for (int k = 0; k < IONS; k++) given[k] += outside(t, p, k);
    p->counts[1] += done > 0 ? done : 0;
    return done >= 0;
}

static void keep(const Task *t, const Patch *p, int back)
{
    const long blocks = (t->inner + BLOCK - 1) / BLOCK;
    for (long j = 0; j < t->states; j++)
        memcpy(back ? p->state[j] : p->kept[j], back ? p->kept[j] : p->state[j],
               t->inner * sizeof(double));
    memcpy(back ? p->trial : p->kept_trial, back ? p->kept_trial : p->trial,
           blocks * sizeof(double));
}

/* K+ with the half reaction step that is pending, and its distance from what was expected. */
static double surprise(const Task *t, const Patch *p, double dt, double *now)
{
    double worst = 0.0;
    for (long i = 0; i < t->inner; i++) {
        now[i] = p->value[0][i] + 0.5 * dt * p->reacted[i];
        worst = MOST(worst, fabs(p->last[i] + p->slope[i] * dt - now[i]));
    }
    return worst;
}

/* One step; negative where it should be shorter, else the local error. */
static double stepped(const Task *t, const Patch *p, double begin, double owed, double dt,
                      double before, double *now, double *given)
{
    const double duration = owed + 0.5 * dt;
    memcpy(p->reacted, p->value[0], t->inner * sizeof(double));
    if (!react(t, p, begin - owed, duration, given)) return -1.0;
    for (long i = 0; i < t->inner; i++)
        p->reacted[i] = (p->value[0][i] - p->reacted[i]) / duration;
    for (int k = 0; k < IONS; k++)
        for (long i = 0; i < t->inner; i++) p->change[k][i] *= dt / before;
    halfway(t, p, dt);
    if (!found_increments(t, p, dt)) return -1.0;
    arrive(t, p, dt);
    as_it_is(t, p, dt);
    if (!limited(t, p, dt)) return -1.0;
    for (int k = 0; k < IONS; k++)
        for (long i = 0; i < t->inner; i++) p->value[k][i] += p->change[k][i];
    return surprise(t, p, dt, now);
}

static void accept(const Task *t, const Patch *p, double dt, const double *now, const double *given)
{
    for (int k = 0; k < IONS; k++) {
        for (long i = 0; i < t->inner; i++) p->moved[k][i] += p->change[k][i];
        for (long b = t->inner; b < t->local; b++) {
            p->gained[k][b] += p->tried[k][b];
            p->edge[k][b] += dt * p->rate[k][b];
        }
        p->given[k] += given[k];
    }
    for (long i = 0; i < t->inner; i++) {
        p->slope[i] = (now[i] - p->last[i]) / dt;
        p->last[i] = now[i];
    }
}

static long log_of(long n) { return n > 1 ? 1 + log_of(n / 2) : 0; }

/* How long the next step wants to be, after one of n ticks with this error. */
static long wanted(const Task *t, long level, long n, double error)
{
    if (error > t->tolerance) return n > 1 ? log_of(n) - 1 : 0;
    return error < 0.2 * t->tolerance && n >= 1L << level ? level + 1 : level;
}

static long most(long level, long room)
{
    const long longest = 1L << log_of(room);
    return level < 40 && 1L << level < longest ? 1L << level : longest;
}

/* Advance a patch by all ticks of a task; the number of steps, 0 where that cannot be done. `course`
   becomes K+ after each step, `times` when that was. The increments there are belong to a step of
   all ticks. */
long ecs_fine(const Task *t, const Patch *p)
{
    long done = 0, steps = 0, level = t->level;
    double owed = 0.0, before = t->ticks * t->tick;
    sum_border(t, p);
    p->times[0] = t->start;
    while (done < t->ticks) {
        long n = most(level, t->ticks - done);
        const double begin = t->start + done * t->tick;
        double error, given[IONS], *const now = p->course + steps * t->inner;
        keep(t, p, 0);
        for (;;) {
            error = stepped(t, p, begin, owed, n * t->tick, before, now, given);
            before = n * t->tick;
            if (error >= 0.0 && (n == 1 || error <= 2.0 * t->tolerance)) break;
            if (!(error >= 0.0) && n == 1) return 0;
            keep(t, p, 1);
            p->counts[0]++;
            n /= 2;
        }
        accept(t, p, n * t->tick, now, given);
        owed = 0.5 * n * t->tick;
        level = wanted(t, level, n, error);
        done += n;
        p->times[++steps] = t->start + done * t->tick;
    }
    double given[IONS];
    if (!react(t, p, t->start + t->ticks * t->tick - owed, owed, given)) return 0;
    for (int k = 0; k < IONS; k++) p->given[k] += given[k];
    memcpy(p->course + (steps - 1) * t->inner, p->value[0], t->inner * sizeof(double));
    p->counts[3] = level;
    return steps;
}
"""

PATCH = r"""
#include <math.h>
#include <string.h>

/* Add the free neighbours of nodes of a list from one place on; its new length. */
static long widened(const int *first, const int *column, long from, long to, char *mark, char as,
                    int *list)
{
    long count = to;
    for (long q = from; q < to; q++)
        for (int m = first[list[q]]; m < first[list[q] + 1]; m++) {
            const int j = column[m];
            if (mark[j]) continue;
            mark[j] = as;
            list[count++] = j;
        }
    return count;
}

/* Nodes of which K+ ends elsewhere than its slope let expect, and those of the core; `fastest`
   becomes the highest rate of diffusion at any of them. */
static long hot(long n, const double *before, const double *now, const double *slope,
                double duration, double tolerance, const double *core, const double *rates,
                double *fastest, char *mark, int *list)
{
    long count = 0;
    *fastest = 0.0;
    for (long i = 0; i < n; i++) {
        const double error = fabs(now[i] - before[i] - slope[i] * duration);
        mark[i] = !(error <= tolerance) || core[i] > 0.0;
        if (!mark[i]) continue;
        list[count++] = i;
        if (rates[i] > *fastest) *fastest = rates[i];
    }
    return count;
}

/* The patch of nodes that surprised, widened by so many diffusion lengths, and its border, in the
   order of nodes: `list`, and the `place` of each node in it, -1 elsewhere. sizes: of both, entries
   of their rows, and whether sources or boundaries act there. */
void ecs_patch(long n, const int *first, const int *column, const double *before,
               const double *now, const double *slope, double duration, double tolerance,
               const double *core, const double *rates, double reach, long longest,
               const char *open, char *mark, int *list, int *place, long *sizes)
{
    double fastest;
    long count = hot(n, before, now, slope, duration, tolerance, core, rates, &fastest, mark, list);
    long from = 0, hops = (long)ceil(reach * sqrt(fastest * duration));
    for (; hops > 0 && count <= longest; hops--) {
        const long to = count;
        count = widened(first, column, from, to, mark, 1, list);
        from = to;
    }
    sizes[0] = count;
    sizes[1] = sizes[2] = sizes[3] = 0;
    if (count > longest) return;
    const long all = widened(first, column, 0, count, mark, 2, list);
    long inner = 0, border = count;
    for (long i = 0; i < n; i++) {
        place[i] = mark[i] == 1 ? inner++ : mark[i] == 2 ? border++ : -1;
        if (!mark[i]) continue;
        list[place[i]] = i;
        sizes[2] += first[i + 1] - first[i];
        sizes[3] |= open[i];
    }
    sizes[1] = all;
}

/* Rows of a list of nodes, with the columns that are in it. */
void ecs_rows(long n, const int *first, const int *column, const double *stiffness,
              const double *mass, long count, const int *list, const int *place, int *own_first,
              int *own_column, double *own_stiffness, double *own_mass)
{
    int end = 0;
    own_first[0] = 0;
    for (long q = 0; q < count; q++) {
        for (int m = first[list[q]]; m < first[list[q] + 1]; m++) {
            if (place[column[m]] < 0) continue;
            own_column[end] = place[column[m]];
            own_stiffness[end] = stiffness[m];
            own_mass[end++] = mass[m];
        }
        own_first[q + 1] = end;
    }
}

/* Values of arrays at listed nodes. */
void ecs_gather(long count, const int *list, long arrays, const double *const *from,
                double *const *to)
{
    for (long j = 0; j < arrays; j++)
        for (long q = 0; q < count; q++) to[j][q] = from[j][list[q]];
}

/* The way back. */
void ecs_scatter(long count, const int *list, long arrays, const double *const *from,
                 double *const *to)
{
    for (long j = 0; j < arrays; j++)
        for (long q = 0; q < count; q++) to[j][list[q]] = from[j][q];
}

/* What a step of the whole tissue brings from a patch to its border, whose rows come last. The
   sum over the patch of what its equations leave over. */
double ecs_border(long inner, long local, const int *first, const int *column,
                const double *stiffness, const double *mass, const int *list, double ratio,
                double duration, const double *volume, const double *middle,
                  const double *change, double *brought)
{
    double left = 0.0;
    for (long i = 0; i < inner; i++) left += volume[i] * change[list[i]];
    for (long b = inner; b < local; b++) {
        const int here = list[b];
        brought[b] = 0.0;
        for (int m = first[b]; m < first[b + 1]; m++) {
            if (column[m] >= inner) continue;
            const int there = list[column[m]];
            brought[b] -= duration * ratio * stiffness[m] * (middle[there] - middle[here]);
            brought[b] -= mass[m] * (change[there] - change[here]);
        }
        left += brought[b];
    }
    return left;
}

/* Bring an amount to all nodes but those that are marked with 1, in proportion to what moved. */
void ecs_bring(long n, double amount, const char *mark, const double *volume, double *change,
               double *values)
{
    double size = 0.0;
    for (long i = 0; i < n; i++) size += mark[i] == 1 ? 0.0 : volume[i] * fabs(change[i]);
    const double share = size > 0.0 ? amount / size : 0.0;
    for (long i = 0; i < n; i++) {
        const double more = mark[i] == 1 ? 0.0 : share * fabs(change[i]);
        change[i] += more;
        values[i] += more;
    }
}
"""


@functools.cache
def text(ions: int) -> str:
    """The C text for so many ions."""
    both = limiter_kernel.TEXT + spread_kernel.TEXT.replace("ecs_alone", "ecs_spread_alone")
    head = "#include <string.h>\n"
    return head + increment_kernel.text(ions) + both + _TEXT.replace("BLOCK", str(BLOCK))

"""The C text of fine steps of a patch of the tissue, whose border goes on as in the coarse step.

A patch has `inner` nodes, which are advanced, and further ones beside them, its border. Rows of
both have local columns. The steps are those of `time_loop`, without a return to Python in between.
"""

import functools

from ecs_model.membrane.kernel import BLOCK
from ecs_model.run.two_rates import step_kernel
from ecs_model.transport import increment_kernel, limiter_kernel, spread_kernel

_TEXT = r"""
static double outside(const Task *t, const Patch *p, int k)
{
    double sum = 0.0;
    for (long i = 0; i < t->inner; i++) sum += p->volume[i] * p->value[k][i];
    return sum;
}

/* Advance membranes; whether they can. `given` becomes what they gave of each ion. */
static int react(const Task *t, const Patch *p, double begin, double duration, double *given)
{
    swell(t, p);
    for (int k = 0; k < IONS; k++) given[k] = -outside(t, p, k);
    const long done = p->advance(t->inner, begin, duration, t->membrane_tolerance, t->substeps,
                                 p->state, p->input, p->trial, p->blocks, 0);
    swell(t, p);
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
static double local_error(const Task *t, const Patch *p, double dt, double *now)
{
    double worst = 0.0;
    for (long i = 0; i < t->inner; i++) {
        now[i] = p->value[0][i] + 0.5 * dt * p->reacted[i];
        worst = MOST(worst, fabs(p->last[i] + p->slope[i] * dt - now[i]));
    }
    return worst;
}

/* One step; negative where it should be shorter, else the local error. */
static double stepped(const Task *t, const Patch *p, double begin, double pending, double dt,
                      double before, double *now, double *given)
{
    const double duration = pending + 0.5 * dt;
    memcpy(p->reacted, p->value[0], t->inner * sizeof(double));
    if (!react(t, p, begin - pending, duration, given)) return -1.0;
    for (long i = 0; i < t->inner; i++)
        p->reacted[i] = (p->value[0][i] - p->reacted[i]) / duration;
    for (int k = 0; k < IONS; k++)
        for (long i = 0; i < t->inner; i++) p->change[k][i] *= dt / before;
    follow(t, p, dt);
    sum_border(t, p);
    halfway(t, p, dt);
    if (!found_increments(t, p, dt)) return -1.0;
    arrive(t, p, dt);
    as_it_is(t, p, dt);
    if (!limited(t, p, dt)) return -1.0;
    for (int k = 0; k < IONS; k++)
        for (long i = 0; i < t->inner; i++) p->value[k][i] += p->change[k][i];
    return local_error(t, p, dt, now);
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
    for (long b = t->inner; t->swells && b < t->local; b++)
        p->alpha_edge[b] += dt * p->alpha_rate[b];
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

/* Advance a patch by all ticks of a task; the number of steps, 0 where that cannot be done. The
   `course` becomes K+ after each step, `times` when that was. The increments there are belong to a
   step of all ticks. */
long ecs_fine(const Task *t, const Patch *p)
{
    long done = 0, steps = 0, level = t->level;
    double pending = 0.0, before = t->ticks * t->tick;
    p->times[0] = t->start;
    while (done < t->ticks) {
        long n = most(level, t->ticks - done);
        const double begin = t->start + done * t->tick;
        double error, given[IONS], *const now = p->course + steps * t->inner;
        keep(t, p, 0);
        for (;;) {
            error = stepped(t, p, begin, pending, n * t->tick, before, now, given);
            before = n * t->tick;
            if (error >= 0.0 && (n == 1 || error <= 2.0 * t->tolerance)) break;
            if (!(error >= 0.0) && n == 1) return 0;
            keep(t, p, 1);
            p->counts[0]++;
            n /= 2;
        }
        accept(t, p, n * t->tick, now, given);
        pending = 0.5 * n * t->tick;
        level = wanted(t, level, n, error);
        done += n;
        p->times[++steps] = t->start + done * t->tick;
    }
    double given[IONS];
    if (!react(t, p, t->start + t->ticks * t->tick - pending, pending, given)) return 0;
    for (int k = 0; k < IONS; k++) p->given[k] += given[k];
    memcpy(p->course + (steps - 1) * t->inner, p->value[0], t->inner * sizeof(double));
    p->counts[3] = level;
    return steps;
}
"""


@functools.cache
def text(ions: int) -> str:
    """The C text for so many ions."""
    both = limiter_kernel.TEXT + spread_kernel.TEXT.replace("ecs_alone", "ecs_spread_alone")
    head = "#include <string.h>\n"
    return (
        head
        + increment_kernel.text(ions)
        + both
        + step_kernel.TEXT
        + _TEXT.replace("BLOCK", str(BLOCK))
    )

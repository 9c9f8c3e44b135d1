"""How fast K+ rises where a front passes: at nodes, in one pass over time, in little memory.

At every node around given points (what lies between is smeared) the times are kept at which K+
climbed the rungs of a ladder, which stands on the lowest K+ before the front, until the front has
passed: until K+ has fallen by half of the front's height, or has risen no longer for some rise
times. What comes later, at an output or the end of a run, does not count.
"""

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.run.front_tracker import Tracker
from ecs_model.run.time_loop import Simulation
from ecs_model.tissue.sampling import Sampler

RUNGS = 0.02 * 1.03 ** np.arange(400)  # of the rise to the threshold, up to 2,600 of it
PATIENCE = 3.0  # rise times after its arrival in which a front has passed
FIELDS = ("last", "base", "peak", "arrived", "rise", "latest", "ready")
NEVER = -1.0  # s: a time that has not come yet
UNKNOWN = -2.0  # s: a rise that cannot be known: K+ was high from the start

TEXT = r"""
/* The first rung above a level. */
static long above(double level, long rungs, const double *rung)
{
    long low = -1, high = rungs;
    while (high - low > 1) {
        const long middle = (low + high) / 2;
        if (rung[middle] <= level) low = middle; else high = middle;
    }
    return high;
}

/* The time at which K+ reached a level, between the rungs of its ladder; all as shares. */
static double reached(double level, long rungs, const double *rung, const double *times)
{
    long high = above(level, rungs, rung);
    high = high < 1 ? 1 : high >= rungs ? rungs - 1 : high;
    const long low = high - 1;
    if (times[low] < 0.0) return times[high];
    if (times[high] < 0.0) return times[low];
    return times[low] + (times[high] - times[low]) * (level - rung[low]) / (rung[high] - rung[low]);
}

/* One step of n nodes: K+ goes from `last` to `now` on a straight line. */
static void pass(long n, const double *potassium, double start, double duration, double threshold,
                 double patience, long rungs, const double *rung, double *times, double *last,
                 double *base, double *peak, double *arrived, double *rise, double *latest,
                 double *ready)
{
    for (long i = 0; i < n; i++) {
        const double before = last[i], now = potassium[i], end = start + duration;
        double *const ladder = times + i * rungs;
        last[i] = now;
        if (now < 0.5 * (base[i] + threshold)) ready[i] = 1.0;
        if (now >= threshold && before < threshold && ready[i] > 0.0) {
            const double t = start + duration * (threshold - before) / (now - before);
            ready[i] = 0.0;
            if (arrived[i] < 0.0) arrived[i] = t; else latest[i] = t;
        }
        if (rise[i] != -1.0) continue;
        if (arrived[i] < 0.0 && now < base[i]) {
            base[i] = now;
            for (long j = 0; j < rungs && ladder[j] >= 0.0; j++) ladder[j] = -1.0;
        }
        const double unit = threshold - base[i];
        const double from = arrived[i] < 0.0 || peak[i] < before ? before : peak[i];
        if (now > from)
            for (long j = above((from - base[i]) / unit, rungs, rung);
                 j < rungs && base[i] + rung[j] * unit <= now; j++)
                ladder[j] = start + duration * (base[i] + rung[j] * unit - before) / (now - before);
        if (arrived[i] < 0.0) { peak[i] = now; continue; }
        if (now > peak[i]) peak[i] = now;
        const double height = peak[i] - base[i];
        const double t = reached(0.9 * height / unit, rungs, rung, ladder)
                       - reached(0.1 * height / unit, rungs, rung, ladder);
        if (end - arrived[i] > patience * t || now < base[i] + 0.5 * height) rise[i] = t;
    }
}

/* Some steps, one after the other. */
void ecs_pass(long n, long steps, const double *potassium, const double *when, double threshold,
              double patience, long rungs, const double *rung, double *times, double *last,
              double *base, double *peak, double *arrived, double *rise, double *latest,
              double *ready)
{
    for (long k = 0; k < steps; k++)
        pass(n, potassium + k * n, when[k], when[k + 1] - when[k], threshold, patience, rungs, rung,
             times, last, base, peak, arrived, rise, latest, ready);
}
"""


class Passage:
    """How K+ rose around points where a front passed: at the corners of their cells.

    Args:
        sampler: of the points.
        tracker: that knows the complete K+, and looks first.

    Attributes:
        every: 0, it looks after every step.
    """

    every = 0
    follows_jumps = True

    def __init__(self, sampler: Sampler, tracker: Tracker):
        self._sampler, self._tracker = sampler, tracker
        now = self._potassium()
        never = np.full(len(now), NEVER)
        self._now = {"last": now, "base": now.copy(), "peak": now.copy(), "arrived": never.copy()}
        self._now |= {"latest": never.copy(), "ready": np.ones(len(now))}
        self._now["rise"] = np.where(now >= tracker.threshold, UNKNOWN, NEVER)
        self._ladders = np.full((len(now), len(RUNGS)), NEVER)
        self._ends, self._at_end = np.zeros(2), np.zeros((1, len(now)))
        self._time, self._advance = tracker.last_time, c_function(TEXT, "ecs_pass")

    def _potassium(self):
        return self._sampler.at_corners(self._tracker.last[self._sampler.nodes])

    @property
    def rise(self) -> np.ndarray:
        """Time [s] in which K+ rose from 10 to 90 % of the front; nan until it has passed.

        One value per corner, as for `latest`.
        """
        rise = self._now["rise"]
        return np.where(rise >= 0, rise, np.nan)

    @property
    def latest(self) -> np.ndarray:
        """Time [s] at which the last front came; nan where there was none but the first."""
        latest = self._now["latest"]
        return np.where(latest >= 0, latest, np.nan)

    def observe(self, t: float, simulation: Simulation) -> None:
        """Note how K+ changed since the last look, along straight lines in time."""
        course, times, now = self._tracker.course, self._ends, self._at_end
        times[:], now[:] = (self._time, t), self._potassium()
        if course is not None:
            times, now = course.times, np.ascontiguousarray(self._in_between(course, now))
        known = [self._now[name] for name in FIELDS]
        how = self._tracker.threshold, PATIENCE, len(RUNGS), RUNGS, self._ladders
        self._advance(now.shape[1], len(now), now, times, *how, *known)
        self._time = t

    def _in_between(self, course, now):
        """K+ at the corners after each step of a course, shape (steps, corners)."""
        since = course.times[1:, None] - self._time
        values = self._now["last"] + (now - self._now["last"]) * since / since[-1]
        here = np.flatnonzero(course.is_fine[self._sampler.nodes] == 1)
        places = np.searchsorted(course.nodes, self._sampler.nodes[here])
        values[:, self._sampler.here(here)] = course.values[:, places]
        return values

    def state(self) -> dict:
        """What a restart needs, the same on all processes: lists of numbers."""
        known = {name: values.tolist() for name, values in self._now.items()}
        climbed = np.flatnonzero(self._climbing())
        times = self._ladders.ravel()[climbed]
        return known | {"time": self._time, "rungs": climbed.tolist(), "times": times.tolist()}

    def load(self, state: dict) -> None:
        """Continue from what `state` gave."""
        for name, values in self._now.items():
            values[:] = state[name]
        self._time = state["time"]
        self._ladders[:] = NEVER
        self._ladders.ravel()[np.array(state["rungs"], int)] = state["times"]

    def _climbing(self):
        """Which rungs were climbed where the front is still on its way, shape (corners, rungs)."""
        return (self._ladders != NEVER) & (self._now["rise"] == NEVER)[:, None]

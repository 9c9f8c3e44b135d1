"""When a front came to each node, how long it stayed, and how high K+ was."""

from typing import Any

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.memory import put_back

# K+ between two looks is a straight line; what lacks half a membrane step is completed first.
TEXT = r"""
static inline void track(long i, double now, double start, double duration, double threshold,
                         double *arrival, double *above, double *highest, double *last)
{
    const double before = last[i];
    if (now >= threshold || before >= threshold) {
        double share = 1.0;
        if (now != before) share = (threshold - before) / (now - before);
        share = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
        if (now >= threshold && before >= threshold) above[i] += duration;
        else if (now >= threshold) above[i] += (1.0 - share) * duration;
        else above[i] += share * duration;
        if (arrival[i] != arrival[i])
            arrival[i] = start + (before >= threshold ? 0.0 : share * duration);
    }
    if (now > highest[i]) highest[i] = now;
    last[i] = now;
}

void ecs_track(long n, const double *potassium, const double *rate, double pending, double start,
               double duration, double threshold, const char *skipped, double *arrival,
               double *above, double *highest, double *last)
{
    for (long i = 0; i < n; i++)
        if (!skipped || skipped[i] != 1)
            track(i, potassium[i] + pending * rate[i], start, duration, threshold, arrival, above,
                  highest, last);
}

/* The same for some nodes, in several steps. */
void ecs_follow(long n, const int *nodes, long steps, const double *times,
                const double *potassium, double threshold, double *arrival, double *above,
                double *highest, double *last)
{
    for (long k = 0; k < steps; k++)
        for (long q = 0; q < n; q++)
            track(nodes[q], potassium[k * n + q], times[k], times[k + 1] - times[k], threshold,
                  arrival, above, highest, last);
}
"""


class Tracker:
    """When K+ first reached a threshold at each node, for how long, and the highest it reached.

    Args:
        potassium: owned K+ [mM], the array that advances.
        threshold: K+ [mM] that counts as arrival.

    Attributes:
        arrival: time [s] at each owned node; nan where it never came.
        above: time [s] that each has spent above the threshold.
        highest: highest K+ so far [mM].
        course: how K+ went since the look before where steps were finer; None if nowhere.
    """

    every = 0
    follows_jumps = True

    def __init__(self, potassium, threshold):
        self.threshold = threshold
        self.arrival = np.full(len(potassium), np.nan)
        self.highest, self.above = np.zeros(len(potassium)), np.zeros(len(potassium))
        self.course: Any = None
        self.last, self.last_time = potassium.copy(), 0.0
        self._track, self._follow = (c_function(TEXT, f"ecs_{n}") for n in ("track", "follow"))

    def observe(self, t, simulation):
        """Note what happened since the last look, along straight lines in time."""
        potassium, rate = simulation.reaction.variables[0], simulation.control.rate
        arrays = (self.arrival, self.above, self.highest, self.last)
        numbers = (simulation.pending, self.last_time, t - self.last_time, self.threshold)
        self.course = course = simulation.course
        self._track(len(potassium), potassium, rate, *numbers, course and course.is_fine, *arrays)
        if course:
            steps = len(course.values), course.times, course.values
            self._follow(len(course.nodes), course.nodes, *steps, self.threshold, *arrays)
        self.last_time = t

    def maps(self):
        """What was seen at each owned node: name -> array."""
        return {
            "arrival": self.arrival,
            "above": self.above,
            "highest": self.highest,
            "last": self.last,
        }

    def state(self):
        """What a restart needs."""
        return {**self.maps(), "last_time": self.last_time}

    def load(self, state):
        """Continue from what `state` gave."""
        put_back(self, state)

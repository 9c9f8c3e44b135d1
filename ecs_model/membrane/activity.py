"""What the neurons at every node do, while a run goes on: bursts, seizures, block. No history.

A few numbers a node are kept: of the burst that is under way, of the best one, and of what lasted.
The words for them are in `physics.regimes`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.physics.regimes import BLOCKED, LEAST, Firing
from ecs_model.physics.values import Array

SLIDING = 0.5  # s: time constant of the firing rate that is shown

NAMES = (
    "last",  # s: time of the last spike; nan before the first
    "begin",  # s: when its burst began
    "count",  # spikes in it
    "peak",  # mM: highest K+ in it
    "start",  # mM: K+ when everything began
    "score",  # margin of the best burst that is over
    "onset",  # s: of the first seizure; nan without one
    "longest",  # s: of the longest seizure, from its first spike to its last
    "seizures",  # that are over
    "bursts",
    "fired",  # s: in bursts that are over
    "rate",  # Hz: at the last spike
    "blocked",  # s: silent and depolarized
    "lowest",  # mM: K+
    "highest",  # mM
    "bottom",  # V or Hz: lowest potential or rate
    "top",  # V or Hz: highest
)

TEXT = r"""
#include <math.h>

enum { GAP, SEIZURE, RATE, RISE, DEPOLARIZED, LEAST, SLIDING, BLOCK };  /* what counts */
enum { LAST, BEGIN, COUNT, PEAK, START, SCORE, ONSET, LONGEST, SEIZURES, BURSTS, FIRED, PACE,
       BLOCKED, LOWEST, HIGHEST };  /* arrays of what is known of every node */

/* 0 where what was reached is what counts, its logarithm above, -1 for nothing. */
static double margin(double reached, double threshold)
{
    const double share = reached / threshold;
    return share < 1.0 ? share - 1.0 : log(share);
}

/* How far a burst is from a seizure, or beyond it: by its duration, and its rate or rise of K+. */
static double score(double duration, double count, double rise, const double *law)
{
    const double rate = count / fmax(duration, law[LEAST]) / law[RATE];
    return fmin(margin(duration, law[SEIZURE]), margin(fmax(rate, rise / law[RISE]), 1.0));
}

/* A burst is over, or goes on at the end of a run: what it leaves. */
static void close_burst(double *const *a, long i, double end, const double *law)
{
    const double duration = end - a[BEGIN][i];
    const double s = score(duration, a[COUNT][i], a[PEAK][i] - a[START][i], law);
    a[FIRED][i] += duration;
    if (s > a[SCORE][i]) a[SCORE][i] = s;
    if (s < 0.0) return;
    a[SEIZURES][i] += 1.0;
    if (isnan(a[ONSET][i])) a[ONSET][i] = a[BEGIN][i];
    if (a[LAST][i] - a[BEGIN][i] > a[LONGEST][i]) a[LONGEST][i] = a[LAST][i] - a[BEGIN][i];
}

static void fire(double *const *a, long i, double t, double spikes, double potassium,
                 const double *law)
{
    const double last = a[LAST][i], silence = t - last;
    if (!(silence <= law[GAP])) {  /* also for the first */
        if (!isnan(last)) close_burst(a, i, last, law);
        a[BEGIN][i] = t;
        a[COUNT][i] = 0.0;
        a[PEAK][i] = potassium;
        a[BURSTS][i] += 1.0;
    }
    a[PACE][i] = isnan(last) ? 0.0 : a[PACE][i] * exp(-silence / law[SLIDING]);
    a[PACE][i] += spikes / law[SLIDING];
    a[COUNT][i] += spikes;
    a[LAST][i] = t;
}

/* Events: triples of node, time and spikes, each node's in order; none before `from` counts. */
void ecs_note(long events, const double *triples, double from, const double *potassium,
              const double *law, double *const *a)
{
    for (long k = 0; k < events; ++k) {
        const double *event = triples + 3 * k;
        const long i = (long)event[0];
        if (event[1] >= from) fire(a, i, event[1], event[2], potassium[i], law);
    }
}

/* Look at the state of n nodes, `step` after the last look; V only where it is one of membranes. */
void ecs_look(long n, double now, double step, const double *potassium, const double *potential,
              const double *law, double *const *a)
{
    const double *last = a[LAST], gap = law[GAP], block = law[BLOCK], level = law[DEPOLARIZED];
    double *peak = a[PEAK], *lowest = a[LOWEST], *highest = a[HIGHEST], *blocked = a[BLOCKED];
    for (long i = 0; i < n; ++i) {
        const double K = potassium[i];
        if (K < lowest[i]) lowest[i] = K;
        if (K > highest[i]) highest[i] = K;
        if (now - last[i] <= gap && K > peak[i]) peak[i] = K;
    }
    for (long i = 0; potential && i < n; ++i)
        if (potential[i] > level && !(now - last[i] <= block)) blocked[i] += step;
}

/* Close the bursts that are under way. */
void ecs_close(long n, double now, const double *law, double *const *a)
{
    for (long i = 0; i < n; ++i) {
        const double last = a[LAST][i];
        if (!isnan(last)) close_burst(a, i, now - last <= law[GAP] ? now : last, law);
    }
}
"""


FIELDS = {"rate": "Hz", "onset": "s", "duration": "s", "regime": "1", "V_min": "mV", "V_max": "mV"}


def field_names(model: Any) -> tuple[str, ...]:
    """Names of the fields that tell what the neurons of a model do; none if it does not say."""
    if not model.fires:
        return ()
    known = (*model.State._fields, *model.observables)
    names = [n for n in FIELDS if n not in known and (model.spikes or not n.startswith("V_"))]
    return tuple(names)


class Range(NamedTuple):
    """Lowest and highest V or rate of nodes over some time, and V of membranes now [V]."""

    low: Array
    high: Array
    potential: Array | None = None


class Activity:
    """What the neurons at some nodes do.

    Args:
        potassium: K+ at these nodes when it begins [mM].
        firing: what counts as what.

    Attributes:
        time: of the last look [s].
    """

    def __init__(self, potassium: Array, firing: Firing):
        self.firing, self.time = firing, 0.0
        self._nodes = {name: np.zeros(len(potassium)) for name in NAMES}
        self._nodes["last"][:] = self._nodes["onset"][:] = np.nan
        self._nodes["score"][:] = -1.0
        self._nodes["bottom"][:], self._nodes["top"][:] = np.inf, -np.inf
        self._begin(potassium)
        f = firing
        numbers = (f.gap, f.seizure, f.rate, f.rise, f.depolarized)
        self._law = np.array([*numbers, LEAST, SLIDING, BLOCKED])
        self._addresses = _addresses(self._nodes)

    def _begin(self, potassium):
        for name in ("start", "lowest", "highest"):
            self._nodes[name][:] = potassium

    def state(self) -> dict[str, Any]:
        """What a restart needs."""
        return {**self._nodes, "time": self.time}

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` gave."""
        for name, values in self._nodes.items():
            values[:] = state[name]
        self.time = state["time"]

    def note(self, events: Array, potassium: Array) -> None:
        """Note firing since the last look.

        Args:
            events: node, time [s] and number of spikes, shape (events, 3), each node's in order.
            potassium: K+ at all nodes [mM].
        """
        if len(events):
            note = c_function(TEXT, "ecs_note")
            note(len(events), events, self.firing.settle, potassium, self._law, self._addresses)

    def look(self, t: float, potassium: Array, potential: Array | None = None) -> None:
        """Look at K+ [mM] and V [V] at the time `t` [s]; None where V is not one of membranes."""
        if t < self.firing.settle:
            self._begin(potassium)
        else:
            step = t - max(self.time, self.firing.settle)
            look = c_function(TEXT, "ecs_look")
            look(len(potassium), t, step, potassium, potential, self._law, self._addresses)
        self.time = t

    def widen(self, low: Array, high: Array) -> None:
        """Note the range of V or rates over some time [V or Hz]."""
        np.minimum(self._nodes["bottom"], low, out=self._nodes["bottom"])
        np.maximum(self._nodes["top"], high, out=self._nodes["top"])

    def rate(self) -> Array:
        """Firing rate of each node over the last half second or so [Hz]."""
        rate, last = self._nodes["rate"], self._nodes["last"]
        return np.where(np.isnan(last), 0.0, rate * np.exp(-(self.time - last) / SLIDING))

    def is_bursting(self) -> np.ndarray:
        """Whether each node is in a burst."""
        return self.time - self._nodes["last"] <= self.firing.gap

    def duration(self) -> float:
        """Time that is judged so far [s]."""
        return max(self.time - self.firing.settle, 0.0)

    def judged(self) -> dict[str, Array]:
        """What is known of each node, with the burst that is under way: name -> array.

        `score`, margin of its best burst; `onset` of its first seizure and the duration of the
        `longest` [s]; number of `seizures` and `bursts`; time `fired` and `blocked` [s]; `lowest`
        and `highest` K+ [mM]; lowest potential `bottom` and highest potential or rate, `top`.
        """
        nodes = {name: values.copy() for name, values in self._nodes.items()}
        c_function(TEXT, "ecs_close")(len(nodes["last"]), self.time, self._law, _addresses(nodes))
        return nodes


def _addresses(nodes):
    """Addresses of arrays in the order of NAMES, as an array that C takes for pointers."""
    return np.array([values.ctypes.data for values in nodes.values()], np.uintp)

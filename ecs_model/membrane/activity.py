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
    "longest",  # s: of the longest seizure
    "seizures",  # that are over
    "bursts",
    "fired",  # s: in bursts that are over
    "rate",  # Hz: at the last spike
    "blocked",  # s: silent and depolarized
    "lowest",  # mM: K+
    "highest",  # mM
    "bottom",  # V or Hz: lowest potential or rate
    "top",  # V or Hz: highest
    "least",  # V or Hz: lowest since `renew`
    "most",  # V or Hz: highest
)

TEXT = r"""
#include <math.h>

enum { GAP, SEIZURE, RATE, RISE, DEPOLARIZED, LEAST, SLIDING, BLOCKED };
struct node { double last, begin, count, peak, start, score, onset, longest, seizures, bursts,
              fired, rate, blocked, lowest, highest, bottom, top, least, most; };

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
static void close_burst(struct node *a, double end, const double *law)
{
    const double duration = end - a->begin;
    const double s = score(duration, a->count, a->peak - a->start, law);
    a->fired += duration;
    if (s > a->score) a->score = s;
    if (s < 0.0) return;
    a->seizures += 1.0;
    if (isnan(a->onset)) a->onset = a->begin;
    if (duration > a->longest) a->longest = duration;
}

static void fire(struct node *a, double t, double amount, double potassium, const double *law)
{
    const double silence = t - a->last;
    if (!(silence <= law[GAP])) {  /* also for the first */
        if (!isnan(a->last)) close_burst(a, a->last, law);
        a->begin = t;
        a->count = 0.0;
        a->peak = potassium;
        a->bursts += 1.0;
    }
    a->rate = (isnan(a->last) ? 0.0 : a->rate * exp(-silence / law[SLIDING]));
    a->rate += amount / law[SLIDING];
    a->count += amount;
    a->last = t;
}

/* Events: triples of node, time and spikes, each node's in order; none before `from` counts. */
void ecs_note(long events, const double *triples, double from, const double *potassium,
              const double *law, double *nodes)
{
    for (long k = 0; k < events; ++k) {
        const double *event = triples + 3 * k;
        const long i = (long)event[0];
        if (event[1] >= from)
            fire((struct node *)nodes + i, event[1], event[2], potassium[i], law);
    }
}

/* Look at the state of n nodes, `step` after the last look; the range of their V or rate since
   then, and their V where it is one of membranes. */
void ecs_look(long n, double now, double step, const double *potassium, const double *low,
              const double *high, const double *potential, const double *law, double *nodes)
{
    for (long i = 0; i < n; ++i) {
        struct node *a = (struct node *)nodes + i;
        const double K = potassium[i], silence = now - a->last;
        if (silence <= law[GAP] && K > a->peak) a->peak = K;
        if (K < a->lowest) a->lowest = K;
        if (K > a->highest) a->highest = K;
        if (low[i] < a->bottom) a->bottom = low[i];
        if (high[i] > a->top) a->top = high[i];
        if (low[i] < a->least) a->least = low[i];
        if (high[i] > a->most) a->most = high[i];
        if (potential && potential[i] > law[DEPOLARIZED] && !(silence <= law[BLOCKED]))
            a->blocked += step;
    }
}

/* Close the bursts that are under way. */
void ecs_close(long n, double now, const double *law, double *nodes)
{
    for (long i = 0; i < n; ++i) {
        struct node *a = (struct node *)nodes + i;
        if (!isnan(a->last)) close_burst(a, now - a->last <= law[GAP] ? now : a->last, law);
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
    """Lowest and highest V or rate of nodes since the last look, and V of membranes now [V]."""

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
        self.firing, self.time, self._is_new = firing, 0.0, True
        self._nodes = np.zeros((len(potassium), len(NAMES)))
        self._columns = dict(zip(NAMES, self._nodes.T, strict=True))
        self._columns["last"][:] = self._columns["onset"][:] = np.nan
        self._columns["score"][:] = -1.0
        self._columns["bottom"][:], self._columns["top"][:] = np.inf, -np.inf
        self._begin(potassium)
        f = firing
        numbers = (f.gap, f.seizure, f.rate, f.rise, f.depolarized)
        self._law = np.array([*numbers, LEAST, SLIDING, BLOCKED])

    def _begin(self, potassium):
        for name in ("start", "lowest", "highest"):
            self._columns[name][:] = potassium

    def state(self) -> dict[str, Any]:
        """What a restart needs."""
        return {**self._columns, "time": self.time, "is_new": self._is_new}

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` gave."""
        for name, column in self._columns.items():
            column[:] = state[name]
        self.time, self._is_new = state["time"], state["is_new"]

    def note(self, events: Array, potassium: Array) -> None:
        """Note firing since the last look.

        Args:
            events: node, time [s] and number of spikes, shape (events, 3), each node's in order.
            potassium: K+ at all nodes [mM].
        """
        if len(events):
            note = c_function(TEXT, "ecs_note")
            note(len(events), events, self.firing.settle, potassium, self._law, self._nodes)

    def look(self, t: float, potassium: Array, seen: Range) -> None:
        """Look at K+ [mM] and the Range of V or rates at the time `t` [s]."""
        if self._is_new:
            self._columns["least"][:], self._columns["most"][:] = np.inf, -np.inf
            self._is_new = False
        if t < self.firing.settle:
            self._begin(potassium)
        else:
            step = t - max(self.time, self.firing.settle)
            look = c_function(TEXT, "ecs_look")
            look(len(potassium), t, step, potassium, *seen, self._law, self._nodes)
        self.time = t

    def renew(self) -> None:
        """Begin anew with the range of V that is shown."""
        self._is_new = True

    def rate(self) -> Array:
        """Firing rate of each node over the last half second or so [Hz]."""
        rate, last = self._columns["rate"], self._columns["last"]
        return np.where(np.isnan(last), 0.0, rate * np.exp(-(self.time - last) / SLIDING))

    def envelope(self) -> tuple[Array, Array]:
        """Lowest and highest V or rate of each node since `renew` [V or Hz]."""
        return self._columns["least"], self._columns["most"]

    def is_bursting(self) -> np.ndarray:
        """Whether each node is in a burst."""
        return self.time - self._columns["last"] <= self.firing.gap

    def duration(self) -> float:
        """Time that is judged so far [s]."""
        return max(self.time - self.firing.settle, 0.0)

    def judged(self) -> dict[str, Array]:
        """What is known of each node, with the burst that is under way: name -> array.

        `score`, margin of its best burst; `onset` of its first seizure and the duration of the
        `longest` [s]; number of `seizures` and `bursts`; time `fired` and `blocked` [s]; `lowest`
        and `highest` K+ [mM]; lowest potential `bottom` and highest potential or rate, `top`.
        """
        nodes = self._nodes.copy()
        c_function(TEXT, "ecs_close")(len(nodes), self.time, self._law, nodes)
        return dict(zip(NAMES, np.ascontiguousarray(nodes.T), strict=True))

"""How long the steps of a run are: as long as the local errors of K+ and of synapses allow."""

import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ecs_model.memory import put_back

MOST = 2.0  # times the tolerance: the error of a step that is taken
HELPS = 0.8  # of the error at most, where half the length of a step helps


@dataclass
class StepControl:
    """How long steps are, and whether the last one was too long.

    A step of K+ is compared with the line through the two before it: the distance estimates its
    local error. Above twice the tolerance a step is rejected; a small one lets the next be longer.
    What is compared is K+ with the half reaction step that is pending, as the last one went. Where
    synapses join nodes, the error of what they bring counts too, in units of its own tolerance. It
    belongs to the reaction step, whose pending half does not become shorter when a step is tried
    again: where that does not help, the step is taken and the next is shorter. With noise it does
    not count: it would not shrink as steps do, and synapses follow noise bin by bin.

    Attributes:
        tolerance: of the local error of K+ [mM]; 0 for steps of one tick.
        level: the next step wants 2^level ticks.
        last: K+ after the last step [mM]; `slope`: its change in that step [mM/s].
        rate: at which the last reaction step changed K+ [mM/s].
    """

    tolerance: float
    level: int = 0
    known: bool = False
    last: np.ndarray = field(default_factory=partial(np.empty, 0))
    slope: np.ndarray = field(default_factory=partial(np.empty, 0))

    def state(self):
        """What a restart needs."""
        return {name: getattr(self, name) for name in ("last", "slope", "level", "known")}

    def load(self, state):
        """Continue from what `state` gave."""
        put_back(self, state)

    @property
    def is_adaptive(self):
        """Whether steps are as long as the local error allows, not all one tick."""
        return self.tolerance > 0

    def start(self, potassium):
        """Allocate for K+ of this process's nodes."""
        self.last, self.slope = potassium.copy(), np.zeros_like(potassium)
        self._now, self._expected = np.zeros_like(potassium), np.zeros_like(potassium)
        self.rate = np.zeros_like(potassium)
        self._tried = math.inf  # error beside that of K+ when this step was tried before

    def ticks(self, room):
        """Length of the next step, where at most `room` ticks are left to the next stop."""
        return min(2**self.level, 1 << (room.bit_length() - 1)) if self.tolerance else 1

    def before_reaction(self, potassium):
        """Note K+ before a reaction step."""
        self.rate[:] = potassium

    def after_reaction(self, potassium, duration):
        """Note at which rate [mM/s] the reaction changed K+ in `duration` [s] without a jump."""
        np.subtract(potassium, self.rate, out=self.rate)
        self.rate /= duration

    def local_error(self, potassium, dt, pending):
        """Largest distance [mM] of K+ from what the last steps let expect; 0 if unknown.

        Args:
            potassium: K+ after a step [mM].
            dt: length of the step [s].
            pending: reaction time [s] that the state lacks.
        """
        if not self.tolerance:
            return 0.0
        np.multiply(self.rate, pending, out=self._now)
        self._now += potassium
        if not self.known:
            return 0.0
        expected = np.multiply(self.slope, dt, out=self._expected)
        expected += self.last
        expected -= self._now
        return float(np.abs(expected, out=expected).max(initial=0.0))

    def is_too_long(self, error, beside):
        """Whether the step should be tried again with half its length.

        Args:
            error: local error of K+ of all processes [mM].
            beside: that of what synapses bring, as a share of its tolerance.
        """
        if not self.known:
            return False
        helps, self._tried = beside < HELPS * self._tried, beside
        return error > MOST * self.tolerance or (beside > MOST and helps)

    def accept(self, dt, ticks, error, beside):
        """Remember a step that was taken, with its errors, and choose the length of the next."""
        if not self.tolerance:
            return
        self._tried = math.inf
        if self.known:
            error = max(error, beside * self.tolerance)
        np.subtract(self._now, self.last, out=self.slope)
        self.slope /= dt
        self.last[:] = self._now
        if not self.known or error > self.tolerance:
            self.level = max(0, ticks.bit_length() - 2)
        elif error < 0.2 * self.tolerance and ticks >= 2**self.level:
            self.level += 1
        self.known = True

    def forget(self):
        """Start afresh: something changes abruptly here."""
        self.level, self.known = 0, False

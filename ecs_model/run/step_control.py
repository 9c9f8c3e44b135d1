"""How long the steps of a run are: as long as the local errors of K+ and of all beside it allow."""

import math
from dataclasses import dataclass

import numpy as np

MOST = 2.0  # times the tolerance: the error of a step that is taken
HELPS = 0.8  # of the error at most, where half the length of a step helps


class Course:
    """What is at this process's nodes, compared with the line through its last two steps.

    Args:
        name: begins the names of its values in a checkpoint.
        values: contiguous array at owned nodes, which steps change.
        weight: of its errors: the tolerance of K+ over its own.

    Attributes:
        last: the values after the last step; `slope`: their change in that step [1/s].
        rate: at which the last reaction step changed them [1/s].
    """

    def __init__(self, name, values, weight):
        self.name, self._values, self._weight = name, values, weight
        self.last, self.slope, self.rate = values.copy(), np.zeros_like(values), values.copy() * 0
        self._now, self._expected = np.zeros_like(values), np.zeros_like(values)

    def state(self):
        """What a restart needs."""
        return {f"{self.name}last": self.last, f"{self.name}slope": self.slope}

    def load(self, state):
        """Continue from what `state` gave."""
        self.last[:], self.slope[:] = (state[f"{self.name}{kind}"] for kind in ("last", "slope"))

    def before_reaction(self):
        """Note the values before a reaction step."""
        self.rate[:] = self._values

    def after_reaction(self, duration):
        """Note at which rate the reaction changed them in `duration` [s] without a jump."""
        np.subtract(self._values, self.rate, out=self.rate)
        self.rate /= duration

    def error(self, dt, pending, known):
        """Largest weighted distance from what the last steps let expect; 0 if nothing is known."""
        np.multiply(self.rate, pending, out=self._now)
        self._now += self._values
        if not known:
            return 0.0
        expected = np.multiply(self.slope, dt, out=self._expected)
        expected += self.last
        expected -= self._now
        return self._weight * float(np.abs(expected, out=expected).max(initial=0.0))

    def restart(self):
        """Take the values as they are for those after the last step; the slope stays."""
        self.last[:] = self._values

    def accept(self, dt):
        """Remember a step of `dt` [s] that was taken."""
        np.subtract(self._now, self.last, out=self.slope)
        self.slope /= dt
        self.last[:] = self._now


@dataclass
class StepControl:
    """How long steps are, and whether the last one was too long.

    A step of K+ is compared with the line through the two before it: the distance estimates its
    local error, and likewise that of each species of the whole tissue, by its own tolerance. Above
    twice the tolerance a step is rejected; a small one lets the next be longer.
    What is compared is K+ with the half reaction step that is pending, as the last one went. Where
    synapses join nodes, the error of what they bring counts too, in units of its own tolerance. It
    belongs to the reaction step, whose pending half does not become shorter when a step is tried
    again: where that does not help, the step is taken and the next is shorter. With noise it does
    not count: it would not shrink as steps do, and synapses follow noise bin by bin.

    Attributes:
        tolerance: of the local error of K+ [mM]; 0 for steps of one tick.
        level: the next step wants 2^level ticks.
    """

    tolerance: float
    level: int = 0
    known: bool = False

    def state(self):
        """What a restart needs."""
        arrays = {name: v for course in self._courses for name, v in course.state().items()}
        return {**arrays, "level": self.level, "known": self.known}

    def load(self, state):
        """Continue from what `state` gave."""
        self.level, self.known = state["level"], state["known"]
        for course in self._courses:
            course.load(state)

    @property
    def slope(self):
        """Change of K+ in the last step [mM/s]."""
        return self._courses[0].slope

    @property
    def rate(self):
        """Rate at which the last reaction step changed K+ [mM/s]."""
        return self._courses[0].rate

    @property
    def is_adaptive(self):
        """Whether steps are as long as the local error allows, not all one tick."""
        return self.tolerance > 0

    def start(self, potassium, others=()):
        """Allocate for K+ of this process's nodes, and for what else is followed.

        Args:
            potassium: K+ at owned nodes.
            others: of each further quantity its name, its values at owned nodes, and its
                tolerance, None for that of K+.
        """
        self._courses = [Course("", potassium, 1.0)]
        for name, values, least in others:
            weight = 1.0 if least is None else self.tolerance / least
            self._courses.append(Course(f"{name}/", values, weight))
        self._tried = math.inf  # error beside that of K+ when this step was tried before

    def ticks(self, room):
        """Length of the next step, where at most `room` ticks are left to the next stop."""
        return min(2**self.level, 1 << (room.bit_length() - 1)) if self.tolerance else 1

    def before_reaction(self):
        """Note what is there before a reaction step."""
        for course in self._courses:
            course.before_reaction()

    def after_reaction(self, duration):
        """Note at which rates the reaction changed it in `duration` [s] without a jump."""
        for course in self._courses:
            course.after_reaction(duration)

    def local_error(self, dt, pending):
        """Largest distance [mM] of K+ from what the last steps let expect; 0 if unknown.

        That of others counts in units of their tolerance.

        Args:
            dt: length of the step [s].
            pending: reaction time [s] that the state lacks.
        """
        if not self.tolerance:
            return 0.0
        return max(course.error(dt, pending, self.known) for course in self._courses)

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
        for course in self._courses:
            course.accept(dt)
        if not self.known or error > self.tolerance:
            self.level = max(0, ticks.bit_length() - 2)
        elif error < 0.2 * self.tolerance and ticks >= 2**self.level:
            self.level += 1
        self.known = True

    def go_on_with(self, level):
        """Go on with steps of 2^level ticks after K+ was advanced otherwise, along `slope`."""
        self._courses[0].restart()
        self.level, self._tried = level, math.inf

    def forget(self):
        """Start afresh: something changes abruptly here."""
        self.level, self.known = 0, False

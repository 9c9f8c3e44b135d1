"""Time courses of sources and baths, with exact integrals: what enters does not depend on the step.

A profile is piecewise linear: values at increasing times, constant before the first and after the
last; a jump is two values at the same time. A step, a pulse, a train and a table are all this.
"""

from bisect import bisect_left, bisect_right
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files.number_tables import read_table
from ecs_model.limits import limits


class Profile:
    """A piecewise linear function of time [s]."""

    def __init__(self, times, values):
        self.times, self.values = np.asarray(times, float), np.asarray(values, float)
        self._instants = self.times.tolist()  # in which the loop looks often
        rises = np.diff(self.times) * (self.values[1:] + self.values[:-1]) / 2
        self._areas = np.concatenate([[0.0], np.cumsum(rises)])

    def at(self, t):
        """Value at time `t` [s]; at a jump, the value after it."""
        k = bisect_right(self._instants, t)
        if k == 0 or k == len(self.times):
            return float(self.values[min(k, len(self.values) - 1)])
        return self._along(k, t)

    def _along(self, k, t):
        """Value at time `t` on the straight line that ends at the time of number `k`."""
        (t0, t1), (v0, v1) = self.times[k - 1 : k + 1], self.values[k - 1 : k + 1]
        return float(v0 + (v1 - v0) * (t - t0) / (t1 - t0))

    def integral(self, start, end):
        """Integral from `start` to `end` [s]."""
        return self._area(end) - self._area(start)

    def mean(self, start, end):
        """Mean from `start` to `end` [s]; the value at `start` if they are the same.

        It is exact where the profile is straight, so that of nothing nothing is left.
        """
        k, m = bisect_right(self._instants, start), bisect_left(self._instants, end)
        if end <= start or (k == m and k in (0, len(self.times))):
            return self.at(start)
        if k == m:
            return (self._along(k, start) + self._along(k, end)) / 2
        mean = self.integral(start, end) / (end - start)
        return min(max(mean, self.values.min()), self.values.max())

    def edges(self, end):
        """Times [s] up to `end` at which something changes abruptly."""
        return [float(t) for t in np.unique(self.times) if 0 < t < end]

    def edges_within(self, start, end):
        """Times [s] between two others at which something changes abruptly."""
        k, m = bisect_right(self._instants, start), bisect_right(self._instants, end)
        return sorted({*self._instants[k:m]})

    def _area(self, t):
        """Integral from the first time to `t`."""
        if t <= self.times[0]:
            return (t - self.times[0]) * self.values[0]
        if t >= self.times[-1]:
            return self._areas[-1] + (t - self.times[-1]) * self.values[-1]
        k = bisect_right(self._instants, t)
        return self._areas[k - 1] + (t - self.times[k - 1]) * (self.values[k - 1] + self.at(t)) / 2


def constant(value=1.0):
    """A profile that never changes."""
    return Profile([0.0], [value])


def step(start):
    """0 before `start` [s], 1 from then on."""
    return Profile([start, start], [0.0, 1.0])


def pulse(start, duration):
    """1 for `duration` [s] from `start`, 0 otherwise."""
    return train(start, duration, duration, 1)


def train(start, duration, period, count):
    """`count` pulses of `duration` [s], one every `period` [s]."""
    begins = start + period * np.arange(count)
    times = np.stack([begins, begins, begins + duration, begins + duration], axis=1)
    return Profile(times.ravel(), np.tile([0.0, 1.0, 1.0, 0.0], count))


def table(path: Path, place):
    """The profile in a file of lines of time [s] and factor.

    Args:
        path: of the file.
        place: what messages begin with.

    Raises:
        ConfigError: if it cannot be read, or its numbers make no sense.
    """
    try:
        rows = read_table(path, ("time [s]", "factor"))
    except ConfigError as error:
        raise ConfigError(f"{place}: table {error}") from None
    for column, what, unit in ((0, "time", "s"), (1, "factor", "1")):
        highest, worst = limits(unit)[1], max(rows[:, column], key=abs)
        if abs(worst) > highest:
            raise ConfigError(
                f"{place}: table {path}: has the {what} {worst:g}; -{highest:g} to {highest:g} "
                "would be right"
            )
    if np.any(np.diff(rows[:, 0]) < 0):
        raise ConfigError(
            f"{place}: table {path}: needs two columns, time [s] and factor, times not decreasing"
        )
    return Profile(rows[:, 0], rows[:, 1])

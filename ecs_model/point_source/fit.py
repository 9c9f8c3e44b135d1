"""alpha, lambda and uptake of a tissue from a measured point-source curve, with intervals.

Least squares; an interval holds the values of a parameter for which the best fit of all others is
not worse than chance allows (profile likelihood),

    SSR(p) <= SSR_min (1 + t^2 c / (n - m)),   c = (1 + rho) / (1 - rho)

with Student's t for 95 % and the correlation rho of neighbouring residuals, since noise of
electrodes is rarely white. An interval that does not end, or is wide, is said: such a curve cannot
decide. A curve in agar first tells what the electrode gives and how its substance diffuses.

Intervals of lmfit would not do: it searches in steps of standard errors, which have no meaning
where a curve cannot decide. Of a plateau it gives alpha as 0.17 to 0.25; all above 0.17 fits.

References:
    Nicholson & Phillips (1981), J Physiol 321, 225: the method.
    Donaldson & Schnabel (1987), Technometrics 29, 67: coverage of such intervals.
"""

from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq, least_squares
from scipy.stats import t as student

from ecs_model.physics.values import Array
from ecs_model.point_source import Experiment, concentration

LEVEL = 0.95
WIDE = 2.0  # upper over lower end: what is wider does not decide
CORRELATED = 0.3
SIGNAL = 5.0  # least height of a curve over its noise
LIMITS = {  # what can be, and where a search ends
    "alpha": (1e-3, 1.0),
    "tortuosity": (1.0, 10.0),
    "uptake": (0.0, 10.0),
    "rate": (1e-18, 1e-6),
    "D": (1e-12, 1e-7),
}
STARTS = {
    "alpha": (0.05, 0.2, 0.5),
    "tortuosity": (1.2, 1.7, 2.5),
    "uptake": (1e-3, 3e-2),
    "rate": (0.1, 1.0, 10.0),
    "D": (0.3, 1.0, 3.0),
}


@dataclass(frozen=True)
class Fit:
    """What a curve says.

    Attributes:
        values: parameter -> best value [SI].
        intervals: parameter -> ends of its 95 % interval; an end at a limit is open.
        noise: standard deviation of the residuals [mM].
        correlation: of neighbouring residuals.
        complaints: why it cannot decide; empty if it does.
        residuals: measured less fitted [mM].
    """

    values: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    noise: float
    correlation: float
    complaints: list[str] = field(default_factory=list)
    residuals: Array = field(default_factory=partial(np.empty, 0))

    @property
    def decided(self) -> bool:
        """Whether every parameter that was asked for is known within a factor."""
        return not self.complaints


def fit_tissue(
    times: ArrayLike, values: ArrayLike, experiment: Experiment, uptake: bool = True
) -> Fit:
    """The Fit of alpha, tortuosity and, unless it is taken as zero, uptake [1/s].

    Args:
        times: [s].
        values: measured concentration [mM]. Where points lie before the source began, a constant
            that was there before is fitted too.
        experiment: the Experiment.
        uptake: whether to look for loss from the space between cells.

    Raises:
        ValueError: for fewer points than can say anything, or times that do not grow.
    """
    names = ["alpha", "tortuosity", *(["uptake"] if uptake else [])]
    return _fit(names, times, values, experiment, partial(dict, experiment=experiment))


def fit_agar(times: ArrayLike, values: ArrayLike, experiment: Experiment) -> Fit:
    """The Fit of rate [mol/s] and D [m^2/s] to a curve in agar, which has no cells.

    Args:
        times: [s].
        values: measured concentration [mM].
        experiment: an Experiment; its rate and D are where the search starts.
    """

    def agar(p):
        return {"experiment": replace(experiment, **p), "alpha": 1.0, "tortuosity": 1.0}

    return _fit(["rate", "D"], times, values, experiment, agar)


def _fit(names, times, values, experiment, tissue):
    times, values = _checked(times, values, len(names), experiment)
    with_baseline = bool((times <= experiment.start).any())

    def residuals(x, fixed=()):
        free = [n for n in names if n not in dict(fixed)]
        p = dict(zip(free, map(_from_search, free, x), strict=True)) | dict(fixed)
        left = values - concentration(times, **tissue(p))
        return left - left.mean() if with_baseline else left

    search = _Search(residuals, names)
    found = search.best(_starts(names, experiment))
    best = dict(zip(names, map(_from_search, names, found.x), strict=True))
    left = len(values) - len(names) - with_baseline
    noise, rho = float(np.sqrt(2 * found.cost / left)), _correlation(found.fun)
    worse = student.ppf((1 + LEVEL) / 2, left) ** 2 * (1 + rho) / (1 - rho) / left
    search.limit = 2 * found.cost * (1 + worse)
    intervals = {n: search.interval(best, n) for n in names}
    complaints = _complaints(intervals, values, noise)
    return Fit(best, intervals, noise, rho, complaints, found.fun)


def _checked(times, values, parameters, experiment):
    times, values = np.asarray(times, float), np.asarray(values, float)
    seen = np.count_nonzero(times > experiment.start)
    if len(times) != len(values) or seen < 3 * parameters:
        raise ValueError(
            f"needs at least {3 * parameters} points after the source begins (found {seen})"
        )
    if not (np.diff(times) > 0).all():
        raise ValueError("times must grow from line to line")
    return times, values


def _starts(names, experiment):
    """Points where searches start, as combinations of usual values."""
    around = {"rate": experiment.rate, "D": experiment.D}
    lists = [[_to_search(n, around.get(n, 1.0) * s) for s in STARTS[n]] for n in names]
    return np.stack(np.meshgrid(*lists), axis=-1).reshape(-1, len(names))


def _to_search(name, value):
    """A parameter as the search sees it: in logs, but for uptake, which may be zero."""
    return 100 * value if name == "uptake" else np.log(value)


def _from_search(name, x):
    return float(x / 100 if name == "uptake" else np.exp(x))


class _Search:
    """Looks for the least squares of residuals, with some parameters fixed or none."""

    def __init__(self, residuals, names):
        self._residuals, self._names, self.limit = residuals, names, np.inf

    def best(self, starts, fixed=()):
        """The best result of searches from the few starts that fit best."""
        free = [n for n in self._names if n not in dict(fixed)]
        low, high = (np.array([_to_search(n, LIMITS[n][k]) for n in free]) for k in (0, 1))
        starts = np.clip(starts, low + 1e-9, high - 1e-9)
        costs = [np.sum(self._residuals(x, fixed) ** 2) for x in starts]
        found = [
            least_squares(self._residuals, starts[k], bounds=(low, high), kwargs={"fixed": fixed})
            for k in np.argsort(costs)[:3]
        ]
        return min(found, key=attrgetter("cost"))

    def interval(self, best, name):
        """The values of a parameter with which the others can still fit."""
        others = [[_to_search(n, best[n]) for n in self._names if n != name]]

        def excess(x):
            fixed = ((name, _from_search(name, x)),)
            return 2 * self.best(np.array(others), fixed).cost - self.limit

        ends = (
            _end(excess, _to_search(name, best[name]), _to_search(name, far))
            for far in LIMITS[name]
        )
        return tuple(_from_search(name, x) for x in ends)


def _end(excess, start, far):
    """Where `excess` becomes positive between the best value and a limit; the limit if nowhere."""
    near, step = start, 0.02 if far > start else -0.02
    while True:
        here = np.clip(start + step, *sorted((start, far)))
        if excess(here) > 0:
            return brentq(excess, near, here, xtol=1e-5)
        if here == far:
            return far
        near, step = here, 2 * step


def _correlation(residuals):
    """Correlation of neighbours, between 0 and 0.99."""
    total = float(residuals @ residuals)
    found = float(residuals[1:] @ residuals[:-1]) / total if total else 0.0
    return min(max(found, 0.0), 0.99)


def _complaints(intervals, measured, noise):
    """Sentences about what the curve cannot tell."""
    flat = np.ptp(measured) < SIGNAL * noise
    faint = [f"the curve hardly rises above its noise of {noise:.3g} mM"] if flat else []
    return faint + [
        f"{name} may be anything between {low:.3g} and {high:.3g}"
        for name, (low, high) in intervals.items()
        if name != "uptake" and _open(name, low, high)
    ]


def _open(name, low, high):
    """Whether an interval ends where no value can be any more, or is too wide."""
    lowest, highest = LIMITS[name]
    return low <= lowest or high >= highest or high > WIDE * low

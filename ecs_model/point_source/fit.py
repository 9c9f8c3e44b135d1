"""alpha, lambda and uptake of a tissue from a measured point-source curve, with intervals.

Least squares with intervals by profile likelihood (`inference`), with the closed form of a point
source as the model. An interval that does not end, or is wide, is said: such a curve cannot decide.
A curve in agar first tells what the electrode gives and how its substance diffuses.

Intervals of lmfit would not do: it searches in steps of standard errors, which have no meaning
where a curve cannot decide. Of a plateau it gives alpha as 0.17 to 0.25; all above 0.17 fits.

References:
    Nicholson & Phillips (1981), J Physiol 321, 225: the method.
"""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from ecs_model.inference.least_squares import estimate
from ecs_model.inference.search import Accuracy, Search
from ecs_model.inference.unknowns import Unknown
from ecs_model.physics.values import Array
from ecs_model.point_source import Experiment, concentration

WIDE = 2.0  # upper over lower end: what is wider does not decide
SIGNAL = 5.0  # least height of a curve over its noise
LIMITS = {  # what can be, and where a search ends
    "alpha": (1e-3, 1.0),
    "tortuosity": (1.0, 10.0),
    "uptake": (0.0, 10.0),
    "rate": (1e-18, 1e-6),
    "D": (1e-12, 1e-7),
}
SCALES = {"uptake": 0.01}  # of what is not searched in logs, as it may be zero
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

    def residuals(p):
        left = values - concentration(times, **tissue(p))
        return left - left.mean() if with_baseline else left

    unknowns = tuple(Unknown(n, *LIMITS[n], SCALES.get(n)) for n in names)
    search = Search(unknowns, residuals, Accuracy())
    found = estimate(search, _starts(unknowns, experiment), int(with_baseline))
    complaints = _complaints(found.intervals, values, found.noise)
    return Fit(
        found.values, found.intervals, found.noise, found.correlation, complaints, found.residuals
    )


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


def _starts(unknowns, experiment):
    """Places where searches start, as combinations of usual values."""
    around = {"rate": experiment.rate, "D": experiment.D}
    lists = [[u.to_search(around.get(u.name, 1.0) * s) for s in STARTS[u.name]] for u in unknowns]
    return np.stack(np.meshgrid(*lists), axis=-1).reshape(-1, len(unknowns))


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

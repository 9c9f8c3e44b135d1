"""The search of a fit: settings between bounds, courses as the program computes them.

Columns of different units are weighed by their own noise, as the residuals of the fit before show
it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.inference.least_squares import Estimate, Kind, estimate
from ecs_model.inference.search import Accuracy, Search
from ecs_model.inference.unknowns import places
from ecs_model.physics.values import Array
from ecs_model.scan.fit_data import Measured, Wanted
from ecs_model.scan.fit_models import Course, Settings

ACCURACY = Accuracy(step=0.01, change=1e-5, end=1e-3, apart=0.25)  # runs have steps and tolerances
STARTS, TRIES = 8, 3  # places per unknown that are looked at first; from how many to search
ROUNDS, SETTLED = 6, 0.02  # of weighing columns; change of weights that ends it
FAR = 1e3  # residual of a run that failed, in ranges of the data
PATIENCE = 10.0  # s
INTERVALS: tuple[Kind, ...] = ("profile", "slopes")


@dataclass(frozen=True)
class Task:
    """What is to be fitted to what.

    Attributes:
        measured: the courses.
        looked: settings that are looked for.
        offset: whether a constant is added to each column, as of an electrode.
        intervals: one of INTERVALS.
    """

    measured: Measured
    looked: list[Wanted]
    offset: bool = False
    intervals: Kind = "profile"


@dataclass(frozen=True)
class Fit:
    """What a fit found, on rank 0.

    Attributes:
        task: what was fitted to what.
        estimate: values in the units of the ranges; residuals over the weights of their columns.
        columns: measured, in the units of what was recorded.
        units: of the columns, by name.
        fitted: column -> values, with its offset.
        offsets: column -> constant that was added; 0 without.
        weights: column -> noise by which its residuals were divided.
        runs: how many were computed.
        failed: how many of them could not be.
    """

    task: Task
    estimate: Estimate
    columns: dict[str, Array]
    units: dict[str, str]
    fitted: dict[str, Array]
    offsets: dict[str, float]
    weights: dict[str, float]
    runs: int
    failed: int

    def residuals(self, name: str) -> Array:
        """Measured less fitted, in the unit of a column."""
        return self.columns[name] - self.fitted[name]

    def spread(self, name: str) -> Array:
        """Standard deviation of what was fitted, in the unit of a column."""
        k, n = [*self.columns].index(name), len(self.task.measured.times)
        return self.weights[name] * self.estimate.spread[k * n : (k + 1) * n]


@dataclass
class Bench:
    """Computes what would be measured, and remembers it; on rank 0.

    Attributes:
        course: function that gives the Course of settings.
        task: the Task.
        courses: what was computed, by settings; None for what could not be.
        units: of what is recorded, by name, once something was computed.
        reason: why the last run that failed did.
        tell: function that is given a line about every `PATIENCE` seconds.
    """

    course: Callable[[Settings], Course]
    task: Task
    courses: dict[tuple, dict[str, Array] | None] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    tell: Callable[[str], object] = str
    _told: float = field(default_factory=time.monotonic)

    def predicted(self, values: Mapping[str, float]) -> dict[str, Array] | None:
        """Column -> values at the times of the data; None for a run that fails."""
        settings = {one.key: one.setting(values[one.key]) for one in self.task.looked}
        key = tuple(settings.values())
        if key not in self.courses:
            self.courses[key] = self._computed(settings)
            self._progress(settings)
        return self.courses[key]

    def _progress(self, settings):
        if time.monotonic() < self._told + PATIENCE:
            return
        self._told = time.monotonic()
        here = ", ".join(f"{key} = {value}" for key, value in settings.items())
        self.tell(f"{len(self.courses)} runs, now at {here}")

    def _computed(self, settings):
        try:
            course = self.course(settings)
        except SolutionError as error:
            self.reason = str(error)
            return None
        measured, self.units = self.task.measured, course.units
        measured.among(course.units)
        return course.at(measured.times, [*measured.columns])

    @property
    def failed(self) -> int:
        """How many runs could not be computed."""
        return sum(course is None for course in self.courses.values())


def fitted(bench: Bench) -> Fit:
    """The Fit of what a Bench computes."""
    task, unknowns = bench.task, tuple(one.unknown for one in bench.task.looked)
    starts = places(unknowns, _shares(len(unknowns)))
    columns = _measured(bench, unknowns, starts)
    weights = {name: float(np.std(values)) for name, values in columns.items()}
    residuals = _Residuals(bench, columns, task.offset, weights)
    search = Search(unknowns, residuals, ACCURACY)
    lost = len(columns) if task.offset else 0
    if len(columns) > 1:
        starts = _weighed(search, residuals, starts)
    found = estimate(search, starts, lost, task.intervals, TRIES)
    return _told(bench, residuals, found)


def _shares(unknowns):
    """Shares of the way along every unknown, spread evenly, where searches may begin."""
    from scipy.stats import qmc

    return qmc.Halton(unknowns, scramble=False).random(STARTS * unknowns + 1)[1:]


def _measured(bench, unknowns, starts):
    """The columns in the units of what is recorded, as the first run that succeeds tells them."""
    for place in starts:
        values = {u.name: u.from_search(x) for u, x in zip(unknowns, place, strict=True)}
        if bench.predicted(values) is not None:
            return bench.task.measured.among(bench.units)
    raise SolutionError(f"no run within the ranges could be computed: {bench.reason}")


@dataclass
class _Residuals:
    """Residuals of all columns after each other, over the weights of their columns."""

    bench: Bench
    columns: dict[str, Array]
    offset: bool
    weights: dict[str, float]

    def __call__(self, values):
        predicted = self.bench.predicted(values)
        if predicted is None:
            return np.concatenate([self._far(name) for name in self.columns])
        return np.concatenate([self.of(name, predicted) for name in self.columns])

    def of(self, name, predicted):
        """Those of a column."""
        left = self.columns[name] - predicted[name]
        return (left - left.mean() if self.offset else left) / self.weights[name]

    def _far(self, name):
        values = self.columns[name]
        return np.full(len(values), FAR * np.ptp(values) / self.weights[name])


def _weighed(search, residuals, starts):
    """The best place, when the weights of columns are the noise that it leaves in them."""
    for _ in range(ROUNDS):
        best = search.best(starts, tries=TRIES)
        starts = best.x[None]
        parts = np.split(best.fun, len(residuals.columns))
        noises = [float(np.sqrt(np.mean(part**2))) for part in parts]
        before = residuals.weights
        residuals.weights = {
            name: before[name] * max(noise, np.finfo(float).eps)
            for name, noise in zip(before, noises, strict=True)
        }
        if max(abs(np.log(max(noise, 1e-300))) for noise in noises) < SETTLED:
            break
    return starts


def _told(bench, residuals, found):
    predicted = bench.predicted(found.values)
    if predicted is None:
        raise SolutionError(f"the best fit lies where no run can be computed: {bench.reason}")
    columns = residuals.columns
    shifts = {name: float(np.mean(values - predicted[name])) for name, values in columns.items()}
    offsets = shifts if residuals.offset else dict.fromkeys(columns, 0.0)
    return Fit(
        task=bench.task,
        estimate=found,
        columns=columns,
        units={name: bench.units[name] for name in columns},
        fitted={name: predicted[name] + offsets[name] for name in columns},
        offsets=offsets,
        weights=residuals.weights,
        runs=len(bench.courses),
        failed=bench.failed,
    )

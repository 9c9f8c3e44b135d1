"""Fits settings of a run, or of a cell, to measured courses.

Process 0 looks for the least squares; the others compute with it whatever it asks for. Columns of
different units are weighed by their own noise, as the residuals of the fit before show it.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ecs_model.cache import Kept
from ecs_model.config import reader
from ecs_model.config.whereabouts import Written, told_where
from ecs_model.errors import ConfigError, EcsModelError, SolutionError
from ecs_model.inference.least_squares import Accuracy, Estimate, Kind, Search, estimate
from ecs_model.inference.unknowns import places
from ecs_model.parallel import on_root
from ecs_model.physics.values import Array
from ecs_model.scan.base_run import Base
from ecs_model.scan.fit_data import Measured, Wanted, read, wanted
from ecs_model.scan.fit_models import CellModel, Model, RunModel, Settings, cell_config

ACCURACY = Accuracy(step=0.01, change=1e-5, end=1e-3)  # runs have steps and tolerances
STARTS, TRIES = 6, 2  # places per unknown that are looked at first; from how many to search
ROUNDS, SETTLED = 6, 0.02  # of weighing columns; change of weights that ends it
FAR = 1e3  # residual of a run that failed, in ranges of the data
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


class Crew:
    """All processes, of which rank 0 says what to compute.

    Args:
        comm: communicator.
        model: the Model.
    """

    def __init__(self, comm: Any, model: Model) -> None:
        self._comm, self._model = comm, model

    def course(self, settings: Settings) -> Any:
        """The Course with some settings; called on rank 0 alone."""
        self._comm.bcast(settings)
        return self._model.course(settings)

    def serve(self) -> None:
        """Compute what rank 0 asks for, until it dismisses; called on all others."""
        while (settings := self._comm.bcast(None)) is not None:
            with contextlib.suppress(EcsModelError):  # rank 0 has the same, and decides
                self._model.course(settings)

    def dismiss(self) -> None:
        """Let the others go; called on rank 0."""
        self._comm.bcast(None)


@dataclass
class Bench:
    """Computes what would be measured, and remembers it; on rank 0."""

    crew: Crew
    task: Task
    courses: dict[tuple, dict[str, Array] | None] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    reason: str = ""

    def predicted(self, values: Mapping[str, float]) -> dict[str, Array] | None:
        """Column -> values at the times of the data; None for a run that fails."""
        settings = {one.key: one.setting(values[one.key]) for one in self.task.looked}
        key = tuple(settings.values())
        if key not in self.courses:
            self.courses[key] = self._computed(settings)
        return self.courses[key]

    def _computed(self, settings):
        try:
            course = self.crew.course(settings)
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


def fit(
    path: str | Path,
    data: str | Path,
    vary: list[str] | tuple[str, ...],
    comm: Any,
    overrides: tuple[str, ...] = (),
    offset: bool = False,
    intervals: Kind = "profile",
) -> Fit | None:
    """The Fit on rank 0, None on others; called on all processes.

    Args:
        path: of the configuration of a run or of a cell.
        data: CSV file of what was measured.
        vary: texts such as "tissue.alpha=0.05 to 0.5".
        comm: communicator.
        overrides: texts such as "time.end=20 s".
        offset: whether a constant is added to each column.
        intervals: one of INTERVALS.

    Raises:
        ConfigError: on all processes, for whatever the user can mend.
        SolutionError: on all processes, if no run can be computed.
    """
    base = on_root(comm, _base, path, overrides)
    model = _model(base, comm, path, overrides)
    task = on_root(comm, _task, model, data, vary, offset, intervals, path, overrides)
    crew = Crew(comm, model)
    found = error = None
    if comm.rank == 0:
        try:
            found = fitted(Bench(crew, task))
        except EcsModelError as caught:
            error = caught
        finally:
            crew.dismiss()
    else:
        crew.serve()
    if (error := comm.bcast(error)) is not None:
        raise error
    return found


def is_of_cell(path: str | Path) -> bool:
    """Whether a configuration is that of a single cell: one without a mesh."""
    return "mesh" not in reader.parse_tree(reader.read_text(path), str(path))


def _base(path, overrides):
    text = reader.read_text(path)
    tree = reader.parse_tree(text, str(path), overrides)
    folder = str(Path(path).resolve().parent)
    return Base(tree, folder, str(path), Written(text, str(path), overrides))


def _model(base, comm, path, overrides):
    """The Model of a Base, checked; ConfigError on all processes."""
    end = on_root(comm, _end, base, path, overrides)
    if "mesh" in base.tree:
        return RunModel(base, comm, end, Kept())
    return CellModel(base, end)


def _end(base, path, overrides):
    with told_where(path, overrides):
        if "mesh" in base.tree:
            return base.config({}).time.end
        time = cell_config(base, {}).time
    if time is None:
        raise ConfigError(f"{base.name}: time: a course is fitted; give its end and every")
    return time.end


def _task(model, data, vary, offset, intervals, path, overrides):
    if intervals not in INTERVALS:
        known = ", ".join(INTERVALS)
        raise ConfigError(f"--intervals: found {intervals!r}; {known} would be right")
    task = Task(read(data), wanted(vary), offset, intervals)
    task.measured.within(model.end, len(task.looked))
    with told_where(path, overrides):
        model.check({})
    for one in task.looked:
        for end in (one.range.low, one.range.high):
            _try(model, one, end)
    return task


def _try(model, one, value):
    try:
        model.check({one.key: one.setting(value)})
    except ConfigError as error:
        *_, reason = str(error).splitlines()
        words = f"--vary {one.key}: {one.shown(value)} cannot be: {reason.strip()}"
        raise ConfigError(words) from None


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

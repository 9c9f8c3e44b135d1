"""Fits settings of a run, or of a cell, to measured courses.

Process 0 looks for the least squares; the others compute with it whatever it asks for.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecs_model.config import reader
from ecs_model.config.whereabouts import Written, told_where
from ecs_model.errors import ConfigError, EcsModelError
from ecs_model.inference.least_squares import Kind
from ecs_model.parallel import on_root
from ecs_model.scan.base_run import Base
from ecs_model.scan.fit_data import read, wanted
from ecs_model.scan.fit_models import CellModel, Model, RunModel, Settings, cell_config
from ecs_model.scan.fit_search import INTERVALS, Bench, Fit, Task, fitted


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


def fit(
    path: str | Path,
    data: str | Path,
    vary: list[str] | tuple[str, ...],
    comm: Any,
    overrides: tuple[str, ...] = (),
    offset: bool = False,
    intervals: Kind = "profile",
    tell: Callable[[str], object] = str,
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
        tell: function that is given lines about how far it is.

    Raises:
        ConfigError: on all processes, for whatever the user can mend.
        SolutionError: on all processes, if no run can be computed.
    """
    model = model_of(path, comm, overrides)
    task = on_root(comm, _task, model, data, vary, offset, intervals, path, overrides)
    crew = Crew(comm, model)
    found = error = None
    if comm.rank == 0:
        try:
            found = fitted(Bench(crew.course, task, tell=tell))
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


def model_of(path: str | Path, comm: Any, overrides: tuple[str, ...] = ()) -> Model:
    """The Model of a configuration, called on all processes.

    Args:
        path: of the configuration of a run or of a cell.
        comm: communicator.
        overrides: texts such as "time.end=20 s".

    Raises:
        ConfigError: on all processes, if it cannot be used.
    """
    base = on_root(comm, _base, path, overrides)
    end = on_root(comm, _end, base, path, overrides)
    if "mesh" in base.tree:
        return RunModel(base, comm, end)
    return CellModel(base, end)


def _base(path, overrides):
    text = reader.read_text(path)
    tree = reader.parse_tree(text, str(path), overrides)
    folder = str(Path(path).resolve().parent)
    return Base(tree, folder, str(path), Written(text, str(path), overrides))


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

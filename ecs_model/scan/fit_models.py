"""What is fitted: a run, or the course of one cell, computed anew for other settings."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ecs_model.cache import Kept
from ecs_model.cell import job, tables
from ecs_model.cell.config import CellConfig
from ecs_model.cell.setup import Laboratory
from ecs_model.config import reader
from ecs_model.config.whereabouts import Written
from ecs_model.errors import ConfigError
from ecs_model.parallel import on_root
from ecs_model.physics.values import Array
from ecs_model.scan.base_run import Base
from ecs_model.units import from_si

type Settings = Mapping[str, float | str]


@dataclass(frozen=True)
class Course:
    """What was recorded of a run or a cell.

    Attributes:
        times: [s].
        columns: name -> values, each of the shape of the times.
        units: of the columns, by name.
    """

    times: Array
    columns: dict[str, Array]
    units: dict[str, str]

    def at(self, times: Array, names: list[str]) -> dict[str, Array]:
        """Some columns at other times [s], along straight lines between what was recorded."""
        return {name: np.interp(times, self.times, self.columns[name]) for name in names}


class Model(Protocol):
    """Something that has a course for all settings."""

    end: float

    def check(self, settings: Settings) -> None:
        """Raise ConfigError, before anything runs, for settings that cannot be; on rank 0."""

    def course(self, settings: Settings) -> Course | None:
        """The Course with some settings changed, on rank 0; called on all processes."""


@dataclass
class RunModel:
    """A run, whose Course has the columns of series.csv.

    Attributes:
        base: the Base.
        comm: MPI communicator.
        end: of the run [s].
        keep: what runs share: mesh, model, kernel.
    """

    base: Base
    comm: Any
    end: float
    keep: Kept = field(default_factory=Kept)

    def check(self, settings: Settings) -> None:
        """Raise ConfigError for settings that cannot be; on rank 0."""
        self.base.config(settings)

    def course(self, settings: Settings) -> Course | None:
        """The Course with some settings changed, on rank 0; called on all processes."""
        from ecs_model.run import build, output  # cells need no MPI

        config = on_root(self.comm, self.base.config, settings)
        parts = build.build(config, self.comm, self.base.folder, self.keep)
        rows = output.listen(parts)
        parts.simulation.run()
        if self.comm.rank:
            return None
        columns = rows.columns()
        return Course(columns.pop("t"), columns, rows.units)


@dataclass
class CellModel:
    """One cell, whose Course has the columns of course.csv.

    Attributes:
        base: its configuration, as a Base.
        end: of its course [s].
        keep: compiled steps.
    """

    base: Base
    end: float
    keep: Kept = field(default_factory=Kept)

    def check(self, settings: Settings) -> None:
        """Raise ConfigError for settings that cannot be."""
        self._laboratory(settings)

    def course(self, settings: Settings) -> Course:
        """The Course with some settings changed."""
        lab, member = self._laboratory(settings)
        seen, every = job.course(lab, [member])
        units = tables.units_of(lab)
        columns = {name: from_si(np.asarray(seen[name])[:, 0], u) for name, u in units.items()}
        return Course(every * np.arange(len(seen["K_o"])), columns, units)

    def _laboratory(self, settings):
        config = cell_config(self.base, settings)
        lab = Laboratory(config, self.base.folder, self.keep)
        members = [job.Member(changes) for changes in lab.members()]
        if len(members) > 1:
            raise ConfigError(f"{self.base.name}: batch: one cell is fitted (found {len(members)})")
        return lab, members[0]


def cell_config(base: Base, settings: Settings) -> CellConfig:
    """The configuration of a cell with some settings changed; ConfigError if it is none."""
    tree = copy.deepcopy(base.tree)
    for key, value in settings.items():
        reader.put(tree, key, value, base.name)
    written = Written("", base.name) if settings else base.written
    return reader.validated(tree, written, CellConfig)

"""The observers of a run that writes to a run directory: new, or continued."""

from dataclasses import dataclass

import numpy as np

from ecs_model.parallel import kept_on_root
from ecs_model.run.checkpoint import Checkpoints, OnRequest
from ecs_model.run.energy_budget import Spending
from ecs_model.run.field_series import FieldSeries
from ecs_model.run.line_fronts import LineFronts
from ecs_model.run.observers import (
    Balance,
    Columns,
    FieldWriter,
    FrontResolution,
    LineProfile,
    Pause,
    SeriesRow,
)
from ecs_model.run.progress import Progress
from ecs_model.run.rundir import LineSeries, SeriesFile
from ecs_model.run.soundness import Sound
from ecs_model.tissue.sampling import Sampler


@dataclass(frozen=True)
class Plan:
    """When and where a run is observed: all that may be wrong, before any file is written."""

    every: int  # ticks between fields
    often: int  # ticks between rows of tables
    checkpoint: int  # ticks between checkpoints, 0 for none
    probes: Sampler
    lines: list[Sampler]


def plan(parts):
    """The Plan of a run; ConfigError, on all processes, if its times or places do not fit."""
    config, mesh, clock = parts.config, parts.mesh, parts.simulation.clock
    period = config.checkpoint.every
    return Plan(
        every=clock.ticks_in(config.output.every, "output.every"),
        often=clock.ticks_in(config.output.series, "output.series"),
        checkpoint=clock.ticks_in(period, "checkpoint.every") if period else 0,
        probes=Sampler(
            mesh, [f"probe '{p.name}'" for p in config.probe], [_point(p.at) for p in config.probe]
        ),
        lines=[Sampler(mesh, f"line '{x.name}'", _way(x)[1]) for x in config.line],
    )


@dataclass(frozen=True)
class Measured:
    """What a summary needs to know."""

    balance: Balance
    spending: Spending
    lines: list[LineFronts]
    resolution: FrontResolution


def measure(parts, plan):
    """Give a simulation the observers that its summary needs, and no others; nothing is written.

    It takes the very steps of a run with all of them, so that the summary is the same.

    Args:
        parts: of the run, from `build.build`.
        plan: of the run.

    Returns:
        Measured: for `summary.summarise`.
    """
    config, mesh, simulation = parts.config, parts.mesh, parts.simulation
    measured = Measured(
        Balance(mesh, simulation.reaction, simulation.diffusion.ledger),
        Spending(mesh, simulation.reaction, parts.tracker),
        _fronts(parts, plan),
        FrontResolution(mesh, config.detect.front, plan.every),
    )
    simulation.meter = measured.spending.meter
    pauses = [Pause(every) for every in (plan.often, plan.checkpoint) if every]
    simulation.observers = [
        parts.tracker, *_sound(mesh, plan), measured.spending, *measured.lines,
        measured.resolution, *pauses,
    ]  # fmt: skip
    return measured


def _sound(mesh, plan):
    """Who looks first whenever something is written."""
    return [Sound(mesh, every) for every in sorted({plan.often, plan.every})]


@dataclass(frozen=True)
class Outputs(Measured):
    """What a run writes with."""

    checkpoints: Checkpoints
    progress: Progress
    files: list

    def open(self, until=None):
        """Open all files: new ones, or those of a run without what came after `until` [s]."""
        for file in self.files:
            file.open(until)

    def close(self):
        """Close all files."""
        self.progress.close()
        for file in self.files:
            file.close()


def attach(parts, plan, run, identity, quiet=False):
    """Give a simulation its observers; their files are opened by `Outputs.open`.

    Args:
        parts: of the run, from `build.build`.
        plan: of the run.
        run: its RunDir.
        identity: what a checkpoint must share with the run that continues it.
        quiet: say nothing on the terminal.

    Returns:
        Outputs: to be opened before the run, and closed at its end.
    """
    config, mesh, simulation = parts.config, parts.mesh, parts.simulation
    files = _Files(mesh.comm, run)
    clock = simulation.clock
    transport = simulation.diffusion
    balance = Balance(mesh, simulation.reaction, transport.ledger)
    names = field_names(config, parts.model, transport.fields)
    columns = Columns(simulation.reaction, names, transport.fields)
    spending, fronts = Spending(mesh, simulation.reaction, parts.tracker), _fronts(parts, plan)
    simulation.meter = spending.meter
    rows = _rows(parts, plan, columns, balance, spending, files)
    lines = [
        _line(line, sampler, plan, columns, files)
        for line, sampler in zip(config.line, plan.lines, strict=True)
    ]
    fields = FieldWriter(mesh, columns, files.fields(parts, columns.units), plan.every)
    resolution = FrontResolution(mesh, config.detect.front, plan.every)
    progress = Progress(clock, mesh.comm.rank, quiet)
    at_end_at_least = plan.checkpoint or clock.ticks
    others = {"balance": balance, "files": files}
    checkpoints = Checkpoints(mesh, run.checkpoints, at_end_at_least, identity, others)
    simulation.observers = [
        parts.tracker, *_sound(mesh, plan), spending, *fronts, rows, *lines, fields, resolution,
        progress, OnRequest(checkpoints), checkpoints,
    ]  # fmt: skip
    return Outputs(balance, spending, fronts, resolution, checkpoints, progress, files.all)


def field_names(config, model, transported=()):
    """The fields that are written: those asked for, or K+ and what model and transport show."""
    if config.output.fields is not None:
        return ["K_o", *(n for n in config.output.fields if n != "K_o")]
    shown = [*model.State._fields, *model.observables]
    return ["K_o", *(n for n in shown if n in ("V", "alpha")), *transported]


def _rows(parts, plan, columns, balance, spending, files):
    names = [p.name for p in parts.config.probe]
    header = SeriesRow.header(columns, balance, spending, names)
    table, measured = files.series(*header), (columns, balance, spending, parts.tracker)
    return SeriesRow(parts.mesh, *measured, names, plan.probes, table, plan.often)


def _line(line, sampler, plan, columns, files):
    positions, _ = _way(line)
    table = files.line(line.name, positions, columns.units)
    return LineProfile(line.name, sampler, columns, table, plan.often)


def _fronts(parts, plan):
    """What watches the fronts on every line."""
    low, high = parts.mesh.extent()
    size = float(np.linalg.norm(high - low))
    return [
        LineFronts(line.name, sampler, *_course(line), size, parts.tracker)
        for line, sampler in zip(parts.config.line, plan.lines, strict=True)
    ]


def _course(line):
    """Distances along a line [m], and the way from its start to its end [m]."""
    return _way(line)[0], _point(line.end) - _point(line.start)


def _way(line):
    """Distances along a line [m], and the points there [m]."""
    start, end = _point(line.start), _point(line.end)
    shares = np.linspace(0.0, 1.0, line.points)
    return shares * np.linalg.norm(end - start), start + shares[:, None] * (end - start)


def _point(values):
    return np.pad(np.asarray(values, float), (0, 3 - len(values)))


class _File:
    """A file that rank 0 writes once it is open: new, or continued.

    Args:
        comm: MPI communicator.
        create: makes a new one.
        resume: opens the one that is there, without what came after a time [s], which has to hold
            so many rows.

    Attributes:
        rows: that were written to it, on rank 0.
    """

    def __init__(self, comm, create, resume):
        self._comm, self._create, self._resume, self._file = comm, create, resume, None
        self.rows = 0

    def open(self, until):
        """Open it on rank 0, new if `until` is None; called on all processes."""
        work = self._create if until is None else lambda: self._resume(until, self.rows)
        self._file = kept_on_root(self._comm, work)

    def append(self, *row):
        """Add a row to a table."""
        self._file.append(*row)
        self.rows += 1

    def write(self, t, fields):
        """Add the fields of a time [s]."""
        self._file.write(t, fields)
        self.rows += 1

    def close(self):
        """Close it, if this process has it open."""
        if self._file is not None:
            self._file.close()


class _Files:
    """The files of a run, in an order that follows from its configuration."""

    def __init__(self, comm, run):
        self._comm, self._run, self.all = comm, run, []

    @property
    def memory(self):
        """How many rows each of them holds."""
        return {"rows": [file.rows for file in self.all]}

    def restore(self, memory):
        """Note how many rows each has to hold."""
        for file, rows in zip(self.all, memory["rows"], strict=False):
            file.rows = rows

    def _add(self, create, resume):
        self.all.append(_File(self._comm, create, resume))
        return self.all[-1]

    def series(self, columns, units):
        path = self._run.series
        return self._add(
            lambda: SeriesFile.create(path, columns, units),
            lambda until, rows: SeriesFile.resume(path, columns, units, until, rows),
        )

    def line(self, name, positions, units):
        folder = self._run.path
        return self._add(
            lambda: LineSeries.create(folder, name, positions, units),
            lambda until, rows: LineSeries.resume(folder, name, positions, units, until, rows),
        )

    def fields(self, parts, units):
        mesh, d = parts.mesh, parts.mesh.dimension
        points = mesh.gather(mesh.coordinates[: mesh.owned, :d])
        cells = mesh.gather_cells(_input_cells(mesh))
        tags = mesh.gather_cells(mesh.cell_tags)
        still = {k: mesh.gather_cells(parts.cells[k]) for k in ("alpha", "tortuosity")}
        precision = "f4" if parts.config.output.precision == "single" else "f8"
        static = {"region": tags, **still}
        common = {"units": {**units, "alpha": "1", "tortuosity": "1"}, "precision": precision}
        folder = self._run.path
        return self._add(
            lambda: FieldSeries.create(folder, points, cells, static, **common),
            lambda until, rows: FieldSeries.resume(
                folder, points, cells, static, until=until, times=rows, **common
            ),
        )


def _input_cells(mesh):
    """Node numbers of owned cells, as the input counts them."""
    numbers = mesh.domain.geometry.input_global_indices
    return numbers[mesh.domain.geometry.dofmaps[0][: mesh.owned_cells]]

"""The observers of a run that writes to a run directory: new, or continued."""

from dataclasses import dataclass

import numpy as np

from ecs_model.run.checkpoint import Checkpoints, OnRequest
from ecs_model.run.energy_budget import Spending
from ecs_model.run.front_resolution import FrontResolution
from ecs_model.run.line_fronts import LineFronts
from ecs_model.run.observers import (
    Balance,
    Columns,
    FieldWriter,
    LineProfile,
    Pause,
    SeriesRow,
)
from ecs_model.run.output_files import Files
from ecs_model.run.progress import Progress
from ecs_model.run.raster import Raster
from ecs_model.run.soundness import Sound

FOLLOWED = ("rate", "V_min", "V_max")  # beside the fields that are written, in series.csv


@dataclass(frozen=True)
class Measured:
    """What a summary needs to know."""

    balance: Balance
    spending: Spending
    lines: list[LineFronts]
    resolution: FrontResolution


def measure(parts):
    """Give a simulation the observers that its summary needs, and no others; nothing is written.

    It takes the very steps of a run with all of them, so that the summary is the same.

    Args:
        parts: of the run, from `build.build`.

    Returns:
        Measured: for `summary.summarise`.
    """
    plan, measured = parts.plan, _measured(parts)
    pauses = [Pause(every) for every in (plan.often, plan.checkpoint) if every]
    parts.simulation.observers = [
        *_followers(parts),
        *_sound(parts),
        measured.spending,
        *measured.lines,
        measured.resolution,
        *pauses,
    ]
    return measured


class Rows:
    """Rows of series.csv that stay in memory: what rank 0 is given in place of its file."""

    def series(self, columns, units):
        """This, for names of columns and their units."""
        self.names, self.units, self._rows = columns, units, []
        return self

    def append(self, row):
        """Keep a row of numbers."""
        self._rows.append(row)

    def columns(self):
        """Name -> values of each row, times [s] under "t", the others in their units."""
        return dict(zip(self.names, np.array(self._rows, float).T, strict=True))


def listen(parts):
    """Give a simulation the observers of series.csv and no others; nothing is written.

    Args:
        parts: of the run, from `build.build`.

    Returns:
        Rows: filled on rank 0 as the simulation goes on.
    """
    rows, measured = Rows(), measure(parts)
    transport, neurons = parts.simulation.diffusion, parts.neurons
    further = {**transport.fields, **(neurons.fields if neurons else {})}
    parts.simulation.observers.append(_rows(parts, measured, rows, further))
    return rows


def _measured(parts):
    """What a summary needs to know; energy is metered at jumps from now on."""
    mesh, simulation = parts.mesh, parts.simulation
    measured = Measured(
        Balance(mesh, simulation.reaction, simulation.diffusion.ledger),
        Spending(mesh, simulation.reaction, parts.tracker),
        _fronts(parts),
        FrontResolution(mesh, parts.detection.front, parts.plan.every),
    )
    simulation.meter = measured.spending.meter
    return measured


def _followers(parts):
    """What follows K+ and firing from step to step."""
    return [parts.tracker, *([] if parts.neurons is None else [parts.neurons.begin()])]


def _sound(parts):
    """Who looks first whenever something is written."""
    return [Sound(parts.mesh, every) for every in sorted({parts.plan.often, parts.plan.every})]


def _fronts(parts):
    """What watches the fronts on every line."""
    low, high = parts.mesh.extent()
    size = float(np.linalg.norm(high - low))
    return [
        LineFronts(line.name, line.sampler, line.positions, line.ways, size, parts.tracker)
        for line in parts.plan.lines
    ]


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


def attach(parts, run, identity, quiet=False):
    """Give a simulation its observers; their files are opened by `Outputs.open`.

    Args:
        parts: of the run, from `build.build`.
        run: its RunDir.
        identity: what a checkpoint must share with the run that continues it.
        quiet: say nothing on the terminal.

    Returns:
        Outputs: to be opened before the run, and closed at its end.
    """
    mesh, simulation, measured = parts.mesh, parts.simulation, _measured(parts)
    files = Files(mesh.comm, run)
    writers = _writers(parts, measured, files)
    progress = Progress(simulation.clock, mesh.comm.rank, quiet)
    at_end_at_least = parts.plan.checkpoint or simulation.clock.ticks
    others = {"balance": measured.balance, "files": files}
    checkpoints = Checkpoints(mesh, run.checkpoints, at_end_at_least, identity, others)
    simulation.observers = [
        *_followers(parts),
        *_sound(parts),
        measured.spending,
        *measured.lines,
        *writers,
        measured.resolution,
        progress,
        OnRequest(checkpoints),
        checkpoints,
    ]
    return Outputs(**vars(measured), checkpoints=checkpoints, progress=progress, files=files.all)


def _writers(parts, measured, files):
    """What writes series.csv, the lines, the fields and the spikes along lines."""
    plan, transport = parts.plan, parts.simulation.diffusion
    further = {**transport.fields, **(parts.neurons.fields if parts.neurons else {})}
    columns = Columns(parts.simulation.reaction, plan.fields, further)
    rows = _rows(parts, measured, files, further)
    lines = [_line(line, plan, columns, files) for line in plan.lines]
    fields = FieldWriter(parts.mesh, columns, files.fields(parts, columns.units), plan.every)
    return [rows, *lines, fields, *_rasters(parts, files)]


def _rasters(parts, files):
    """What writes the spikes along every line, of models that spike."""
    plan = parts.plan
    lines = plan.lines if parts.model.spikes and parts.neurons else ()
    return [
        Raster(parts.mesh, parts.neurons, line, plan, files.spikes(line.name)) for line in lines
    ]


def _rows(parts, measured, files, further):
    plan, neurons = parts.plan, parts.neurons
    names = dict.fromkeys((*plan.fields, *(n for n in FOLLOWED if n in further)))
    columns = Columns(parts.simulation.reaction, names, further)
    seen = (columns, measured.balance, measured.spending, neurons)
    table = files.series(*SeriesRow.header(*seen, plan.probes))
    return SeriesRow(parts.mesh, *seen, parts.tracker, plan.probes, plan.sampler, table, plan.often)


def _line(line, plan, columns, files):
    table = files.line(line.name, line.positions, columns.units)
    return LineProfile(line.name, line.sampler, columns, table, plan.often)

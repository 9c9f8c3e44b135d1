"""The beginning of a run in a temporary place: real steps and real files, measured, thrown away."""

import contextlib
import tempfile
import time
from pathlib import Path

from ecs_model.parallel import Team, kept_on_root, on_root, start
from ecs_model.run import field_series, origin, output
from ecs_model.run.checkpoint import Checkpoints, OnRequest
from ecs_model.run.cost_model import KEPT, Forecast, Writing
from ecs_model.run.footprint import footprint, peak
from ecs_model.run.front_resolution import FrontResolution
from ecs_model.run.observers import FieldWriter, LineProfile, SeriesRow
from ecs_model.run.progress import StopRequest, Timer
from ecs_model.run.requests import Request
from ecs_model.run.rundir import RunDir
from ecs_model.run.session import maps_of

ENOUGH = 5  # steps at least
ROWS, FRAMES = (SeriesRow, LineProfile), (FieldWriter, FrontResolution)
DIGITS = 20  # bytes of a number in a table, with its comma
RECENT = 20  # rows whose length counts
WRITTEN = (  # by every run, beside what its trial leaves
    "config.toml",
    "config.resolved.toml",
    "run.json",
    "run.log",
    "summary.json",
    "open_in_paraview.py",
)
HEAD = 2048  # bytes of an HDF5 file, and of each array in it, beside the numbers


def rehearse(path, comm=None, overrides=(), seconds=10.0):
    """The Forecast of a run, from its set-up and some of its steps on the processes that call.

    Args:
        path: of the configuration.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        seconds: how long to take steps.

    Raises:
        ConfigError: if the configuration cannot be used.
        SolutionError: if a step fails.
        KeyboardInterrupt: after a signal; nothing is left behind then either.
    """
    comm = comm or start()
    began, reading = time.perf_counter(), _Reading()
    with StopRequest() as stop, _temporary(comm) as folder:
        begun = on_root(comm, origin.read_new, path, overrides)
        parts = begun.build(comm, reading)
        run = on_root(comm, RunDir.create, Path(folder, "run"))
        outputs = output.attach(parts, run, {}, quiet=True)
        outputs.open()
        parts.release()
        setup = time.perf_counter() - began
        try:
            steps = _stepped(parts, stop, seconds)
            held = reading.bytes if begun.holds_mesh_whole else 0.0
            return _forecast(parts, run, outputs, steps, (setup, reading.idle, held))
        finally:
            outputs.close()


class _Reading:
    """The most memory of this process before its set-up, and when a mesh had been read or made."""

    def __init__(self):
        self.idle, self.bytes = peak(), 0.0

    def __call__(self, stage):
        """Note it at the first end of the stage of the mesh."""
        if stage == "mesh":
            self.bytes = self.bytes or peak()


@contextlib.contextmanager
def _temporary(comm):
    """A folder of rank 0 that is gone afterwards; its path on all processes."""
    kept = kept_on_root(comm, tempfile.TemporaryDirectory)
    try:
        yield on_root(comm, lambda: kept.name)
    finally:
        if kept is not None:
            kept.cleanup()


def _stepped(parts, stop, seconds):
    """Take steps, with all that looks at them but checkpoints; the _Steps."""
    simulation = parts.simulation
    looking = [o for o in simulation.observers if not isinstance(o, Checkpoints | OnRequest)]
    files = Timer()
    for observer in looking:
        if isinstance(observer, ROWS + FRAMES):
            files.watch("all", observer, "observe")
    steps = _Steps(stop, seconds, files)
    simulation.observers, simulation.ask = [*looking, steps], steps.ask
    simulation.run()
    if stop.signal:
        raise KeyboardInterrupt
    simulation.synchronise()
    return steps


class _Steps:
    """Notes each step; the first one, which compiles and sets solvers up, is not timed.

    Args:
        stop: StopRequest.
        seconds: how long to go on.
        files: Timer of what is written, which is not part of a step.
    """

    every = 0

    def __init__(self, stop, seconds, files):
        self._stop, self._seconds, self._files = stop, seconds, files
        self._times, self._clock = [], []

    def ask(self):
        """What this process wants: to end, once there are enough steps."""
        enough = (
            len(self._clock) > ENOUGH and self._clock[-1][0] - self._clock[1][0] > self._seconds
        )
        return Request.ENOUGH if self._stop.signal or enough else Request.GO_ON

    def observe(self, t, simulation):
        """Note that a step was taken, and when."""
        self._times.append(t)
        self._clock.append((time.perf_counter(), sum(self._files.seconds.values())))

    @property
    def taken(self):
        """Lengths [s] of the steps."""
        return [b - a for a, b in zip(self._times, self._times[1:], strict=False)]

    @property
    def seconds(self):
        """Seconds of a step, of the later half: the sharp edges of a start take longer."""
        first = max(min(1, len(self._clock) - 2), len(self._clock) // 2 - 1)
        (begun, before), (ended, after) = self._clock[first], self._clock[-1]
        return (ended - begun - (after - before)) / (len(self._clock) - 1 - first)


def _forecast(parts, run, outputs, steps, start):
    """The Forecast, from steps that were taken and from files that are written once more."""
    comm, simulation = parts.mesh.comm, parts.simulation
    setup, idle, reading, step = map(float, Team(comm).highest([*start, steps.seconds]))
    still = _still(parts, run)
    writings = _writings(parts, run)
    checkpoint = _checkpoint(parts, run, outputs)
    return Forecast(
        **_about(parts),
        reached=simulation.time,
        taken=steps.taken,
        setup=setup,
        step=step,
        idle=idle,
        memory=footprint(comm),
        reading=reading,
        still=still,
        files=on_root(comm, _files, run),
        writings=writings,
        checkpoint=checkpoint,
        wall=parts.plan.wall,
    )


def _about(parts):
    """What is known of a run before its first step."""
    mesh, simulation = parts.mesh, parts.simulation
    return {
        "nodes": mesh.nodes,
        "cells": mesh.cells,
        "dimension": mesh.dimension,
        "mode": (_mode(parts.tissue), parts.model.volumes is not None),
        "processes": mesh.comm.size,
        "end": simulation.clock.end,
        "adaptive": simulation.control.is_adaptive,
    }


def _still(parts, run):
    """Bytes of files that are written once."""
    comm, maps = parts.mesh.comm, maps_of(parts)
    field_series.write_maps(run.path, maps, {}, comm)
    return on_root(comm, lambda: _size(run.fields / "mesh.h5") + _size(run.maps))


def _writings(parts, run):
    """What is written of fields and tables, and how often."""
    comm, simulation, plan = parts.mesh.comm, parts.simulation, parts.plan
    rows = _weighed(comm, run, _look, simulation, ROWS)
    frame = _weighed(comm, run, _look, simulation, FRAMES)
    recent, longest = _rows(comm, run)
    most = max(frame[1], _uncompressed(parts))
    often, seldom = (simulation.clock.ticks // ticks + 1 for ticks in (plan.often, plan.every))
    return [
        Writing("fields", seldom, frame[0], frame[1], most, seldom),
        Writing("rows of tables", often, rows[0], recent, max(recent, longest), often),
    ]


def _checkpoint(parts, run, outputs):
    """What a checkpoint takes, and how often one is written by simulated time."""
    simulation, ticks = parts.simulation, parts.simulation.clock.ticks
    saved = _weighed(parts.mesh.comm, run, outputs.checkpoints.write, simulation)
    times = -(-ticks // (parts.plan.checkpoint or ticks))  # also one at the end
    return Writing("checkpoint", times, saved[0], saved[1], saved[1], min(times, KEPT))


def _mode(tissue):
    """The mode of transport whose traffic is known, see `cost_model.TRAFFIC`."""
    if tissue.follows_potentials:
        return "electrodiffusion"
    return "K+ alone" if tissue.moves_potassium_alone else "three ions"


def _look(simulation, kinds):
    """Let observers of some kinds look once more; times of fields have to grow."""
    now = simulation.time
    for observer in simulation.observers:
        if isinstance(observer, kinds):
            later = now * (1 + 1e-9) if isinstance(observer, FieldWriter) else now
            observer.observe(later, simulation)


def _weighed(comm, run, write, *arguments):
    """Seconds that `write` takes, and bytes that it adds to the run directory."""
    before = on_root(comm, _size, run.path)
    comm.barrier()
    began = time.perf_counter()
    write(*arguments)
    (seconds,) = Team(comm).highest([time.perf_counter() - began])
    return float(seconds), on_root(comm, _size, run.path) - before


def _files(run):
    """How many files a run has at its end, but those of fields at a time and checkpoints."""
    there = [p for p in run.path.rglob("*") if p.is_file()]
    others = {*run.fields.glob("t*.h5"), *run.checkpoints.iterdir()}
    return len({*there} - others | {run.path / name for name in WRITTEN})


def _size(path):
    """Bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _uncompressed(parts):
    """Bytes of the fields of one time whose numbers are all different."""
    names, width = parts.plan.fields, 8 if parts.plan.is_double else 4
    return len(names) * (width * parts.mesh.nodes + HEAD) + HEAD


def _rows(comm, run):
    """Bytes of a row of all tables together: of the last ones, and with all digits."""
    tables = [run.series, *sorted(run.lines.glob("*.csv"))]
    texts = on_root(comm, lambda: [path.read_text().splitlines() for path in tables])
    lengths = [[len(row) + 1 for row in text[1:][-RECENT:]] for text in texts]
    columns = sum(text[0].count(",") + 1 for text in texts)
    return sum(sum(rows) / len(rows) for rows in lengths), DIGITS * columns

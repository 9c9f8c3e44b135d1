"""A run from its configuration to its directory: start, continue, finish.

Whatever the command line does with runs is one call here, with the communicator as an argument.
"""

import contextlib
import time
from pathlib import Path

import tomli_w

from ecs_model import assemble, atomic, meaning, output, profiling, read, telling
from ecs_model.checkpoint import identity, newest, refuse_foreign, restore
from ecs_model.errors import ConfigError, EcsModelError
from ecs_model.fieldfile import write_maps
from ecs_model.parallel import kept_on_root, on_root, root_does, start, together
from ecs_model.profiling import Profile
from ecs_model.progress import LOG, Laps, StopRequest, Timer, start_log
from ecs_model.provenance import now, provenance
from ecs_model.rundir import RunDir
from ecs_model.simulation import GO_ON, SAVE
from ecs_model.summary import summarise

STOPPED = 75  # exit code of a run that wrote a checkpoint and wants to be continued


def run(
    config_path, directory, comm=None, overrides=(), overwrite=False, quiet=False, base=None,
    profile=False,
):  # fmt: skip
    """Run a configuration into a new run directory; 0, or 75 after a signal.

    Args:
        config_path: TOML file.
        directory: the run directory to make.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        overwrite: delete a run that is there already.
        quiet: say nothing but warnings and errors.
        base: folder to which paths in it are relative; its own by default.
        profile: measure and tell where the time goes, in more detail than usual.

    Raises:
        ConfigError: for whatever the user can mend before the run.
        SolutionError: if the computation cannot go on.
    """
    laps = Laps()
    comm = comm or start()
    with StopRequest() as stop:
        near = Path(config_path).parent if base is None else Path(base)
        text, config = on_root(comm, lambda: _read(config_path, overrides, near))
        base = near.resolve()
        root_does(comm, lambda: RunDir.check(directory, overwrite))  # early, before long work
        parts = assemble.build(config, comm, base, lap=laps)
        plan = output.plan(parts)
        folder = on_root(comm, lambda: RunDir.create(directory, overwrite))
        facts = provenance(comm, config, config_path) | {"base": str(base)}
        root_does(comm, lambda: _open_run(folder, text, config, facts))
        with _Session(comm, folder, parts, plan, quiet, laps, profile) as session:
            return session.go(stop)


def resume(directory, comm=None, quiet=False, profile=False):
    """Continue a run from its newest checkpoint; 0, or 75 after a signal.

    Args:
        directory: the run directory.
        comm: MPI communicator of any size; all processes by default.
        quiet: say nothing but warnings and errors.
        profile: as for `run`.

    Raises:
        ConfigError: if there is nothing to continue, or it does not fit.
    """
    laps = Laps()
    comm = comm or start()
    with StopRequest() as stop:
        folder = on_root(comm, lambda: RunDir.open(directory))
        config = on_root(comm, lambda: read.read_config(folder.resolved))
        base = on_root(comm, lambda: _base(folder))
        path, manifest = newest(comm, folder.checkpoints)
        parts = assemble.build(config, comm, base, lap=laps)
        plan = output.plan(parts)
        refuse_foreign(path, manifest, identity(parts))
        with _Session(comm, folder, parts, plan, quiet, laps, profile) as session:
            session.go_back_to(path, manifest)
            return session.go(stop)


def prepare(config_path, comm=None, overrides=()):
    """The Parts of the run that a configuration describes; nothing is written.

    Args:
        config_path: TOML file.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".

    Raises:
        ConfigError: if the configuration cannot be used.
    """
    comm = comm or start()
    base = Path(config_path).parent
    _, config = on_root(comm, lambda: _read(config_path, overrides, base))
    return assemble.build(config, comm, base.resolve())


class _Session:
    """One execution of a run: sets the log and signals up, and says how it ended."""

    def __init__(self, comm, folder, parts, plan, quiet, laps, profile):
        self.comm, self.folder, self.parts, self.plan = comm, folder, parts, plan
        self.quiet, self.laps, self.timer = quiet, laps, Timer()
        self.profile = Profile() if profile else None
        self.config = parts.config
        self._checkpoint = None

    def __enter__(self):
        self._claim = kept_on_root(self.comm, self.folder.claim)
        together(self.comm, lambda: start_log(self.folder.log, self.quiet, self.comm.rank))
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            LOG.error("%s", error) if not isinstance(error, EcsModelError) else None
            with contextlib.suppress(ConfigError):  # the disk may be full: that is said already
                self._write_facts({"ended": "error", "reason": str(error)})
        for handler in LOG.handlers:
            with contextlib.suppress(OSError):  # the log itself did not fit any more
                handler.close()
        if self._claim is not None:
            self._claim.close()

    def go_back_to(self, path, manifest):
        """Put everything into the state of a checkpoint."""
        parts = self.parts
        restore(parts.mesh, path, manifest, parts.simulation, parts.tracker)
        LOG.info("continuing from %s at t = %.6g s", path.name, manifest["time"])
        self._note(ended="running", resumed_at=manifest["time"])
        self._checkpoint = manifest

    def go(self, stop):
        """Run and finish; the exit code."""
        parts, simulation, from_start = self.parts, self.parts.simulation, self._checkpoint is None
        self._announce(parts)
        until = None if from_start else self._checkpoint["time"]
        outputs = output.attach(parts, self.plan, self.folder, until, self.quiet)
        if not from_start:
            outputs.balance.start = dict(self._checkpoint["start"])
            outputs.spending.so_far.update(self._checkpoint["spending"])
        outputs.checkpoints.add("start", outputs.balance.start)
        self._watch(simulation)
        self.laps("files")
        self.timer.add("set-up", sum(self.laps.seconds.values()))
        simulation.ask = _asking(self.comm, stop, self.config.checkpoint.wall)
        with self.profile or contextlib.nullcontext():
            signal = simulation.run()
        outputs.close()
        return self._finish(parts, outputs, signal)

    def _watch(self, simulation):
        self.timer.watch("membranes", simulation.reaction, "advance")
        self.timer.watch("diffusion", simulation.diffusion, "advance")
        for observer in simulation.observers:
            self.timer.watch(type(observer).__name__, observer, "observe")

    def _announce(self, parts):
        mesh, s = parts.mesh, parts.simulation
        title = self.config.title or "run"
        LOG.info("%s -> %s", title, self.folder.path)
        LOG.info(
            "%d nodes, %d cells on %d process%s; membrane %s; %g s in ticks of %.4g s",
            mesh.nodes, mesh.cells, self.comm.size, "es" * (self.comm.size > 1),
            parts.model.name, s.clock.end, s.clock.at(1),
        )  # fmt: skip
        self._note(mesh={"fingerprint": mesh.fingerprint, "nodes": mesh.nodes, "cells": mesh.cells})

    def _finish(self, parts, outputs, signal):
        summary = summarise(parts, outputs, self.timer)
        maps = maps_of(parts)
        root_does(self.comm, lambda: self._write_end(parts, summary, maps))
        self._say_end(parts, summary, signal)
        if signal:
            self._note(ended="stopped", reason=f"signal {signal}", time=parts.simulation.time)
            return STOPPED
        self._note(ended="finished", time=parts.simulation.time)
        return 0

    def _write_end(self, parts, summary, maps):
        units = {"arrival_K_o": "s", "max_K_o": "mM"}
        write_maps(self.folder.path, maps, units)
        atomic.write_json(self.folder.summary, summary)
        from ecs_model.postprocess.paraview import write_paraview_script

        write_paraview_script(self.folder.path)

    def _say_end(self, parts, summary, signal):
        times = ["where the time went:", *self.timer.table()]
        for line in [*telling.lines(summary), *(self._profiled() if self.profile else times)]:
            LOG.info("%s", line)
        if signal and self.comm.rank == 0:
            LOG.warning(
                "stopped by signal %d at t = %.6g s; continue with: ecs-model resume %s",
                signal, parts.simulation.time, self.folder.path,
            )  # fmt: skip

    def _profiled(self):
        """Lines of the profile, which is written too."""
        self.profile.take(self.laps, self.timer)
        rows = profiling.together(self.comm, self.profile.parts)
        facts = {"processes": self.comm.size, "steps": self.parts.simulation.steps, "parts": rows}
        root_does(self.comm, lambda: atomic.write_json(self.folder.profile, facts))
        return profiling.lines(rows)

    def _note(self, **facts):
        """Add facts to run.json."""
        root_does(self.comm, lambda: self._write_facts(facts))

    def _write_facts(self, facts):
        if self.comm.rank == 0:
            known = _read_json(self.folder.run_json)
            atomic.write_json(self.folder.run_json, known | facts | {"updated": now()})


def _read(path, overrides, base):
    text = read.read_text(path)
    config = meaning.with_intervals(read.parse_config(text, str(path), overrides))
    meaning.check_names(config, meaning.model_of(config, base))
    return text, config


def _open_run(folder, text, config, facts):
    atomic.write_json(folder.run_json, facts)
    atomic.write_text(folder.config, text)
    atomic.write_text(folder.resolved, resolved_text(config))


def resolved_text(config):
    """The configuration as TOML with every default written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


def _read_json(path):
    import json

    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return {}


def _base(folder):
    base = _read_json(folder.run_json).get("base")
    if base is None:
        raise ConfigError(f"{folder.run_json}: missing or broken; the run cannot be continued")
    return base


def _asking(comm, stop, wall):
    """What this process wants after a step; rank 0's clock decides about elapsed time."""
    last = [time.monotonic()]

    def ask():
        if stop.signal:
            return int(stop.signal)
        if comm.rank == 0 and wall and time.monotonic() - last[0] > wall:
            last[0] = time.monotonic()
            return SAVE
        return GO_ON

    return ask


def maps_of(parts):
    """The maps of the whole run in input order: arrays by name on rank 0, None elsewhere."""
    tracker, gather = parts.tracker, parts.mesh.gather
    return {"arrival_K_o": gather(tracker.arrival), "max_K_o": gather(tracker.highest)}

"""A run from its configuration to its directory: start, continue, finish.

Whatever the command line does with runs is one call here, with the communicator as an argument.
"""

import contextlib
import time
from pathlib import Path

from ecs_model.config.whereabouts import told_where
from ecs_model.errors import ConfigError, EcsModelError
from ecs_model.files import atomic
from ecs_model.parallel import on_root, root_does, start, together
from ecs_model.run import build, origin, output, profiling, summary_text
from ecs_model.run.checkpoint import newest
from ecs_model.run.field_series import write_maps
from ecs_model.run.profiling import Profile
from ecs_model.run.progress import LOG, Laps, StopRequest, Timer, log_only, start_log
from ecs_model.run.provenance import now, provenance
from ecs_model.run.restart import Restart, identity, refuse_foreign
from ecs_model.run.rundir import RunDir
from ecs_model.run.summary import summarise
from ecs_model.run.time_loop import GO_ON, SAVE

STOPPED = 75  # exit code of a run that wrote a checkpoint and wants to be continued


def run(
    config_path, directory, comm=None, overrides=(), overwrite=False, quiet=False, base=None,
    profile=False, illustrate=None,
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
        illustrate: what is made of the run directory on rank 0 once it is whole, such as a script.

    Raises:
        ConfigError: for whatever the user can mend before the run.
        SolutionError: if the computation cannot go on.
    """
    laps = Laps()
    comm = comm or start()
    with StopRequest() as stop:
        near = Path(config_path).parent if base is None else Path(base)
        text, config = on_root(comm, lambda: origin.read_new(config_path, overrides, near))
        base = near.resolve()
        root_does(comm, lambda: RunDir.check(directory, overwrite))  # early, before long work
        with told_where(config_path, overrides):
            parts = build.build(config, comm, base, lap=laps)
            plan = output.plan(parts)
        folder = on_root(comm, lambda: RunDir.create(directory, overwrite))
        with origin.claimed(comm, folder):
            facts = provenance(comm, config, config_path) | origin.facts_of(config, base)
            root_does(comm, lambda: origin.write_new(folder, text, config, facts))
            own = on_root(comm, lambda: identity(parts, base))
            outputs = output.attach(parts, plan, folder, own, quiet)
            options = (quiet, laps, profile, illustrate)
            with _Session(comm, folder, parts, outputs, *options) as session:
                session.begin()
                return session.go(stop)


def resume(
    directory, comm=None, overrides=(), quiet=False, profile=False, force=False, trusted=False,
    illustrate=None,
):  # fmt: skip
    """Continue a run from its newest sound checkpoint; 0, or 75 after a signal.

    A run that is finished already stays what it is, unless it is given a later end.

    Args:
        directory: the run directory.
        comm: MPI communicator of any size; all processes by default.
        overrides: texts such as "time.end=20 s"; see origin.MAY_CHANGE.
        quiet: say nothing but warnings and errors.
        profile: as for `run`.
        force: go on although this version of the program computes in another way.
        trusted: go on although the directory was not made on this account; see `trust`.
        illustrate: as for `run`.

    Raises:
        ConfigError: if there is nothing to continue, it does not fit, or it still goes on.
    """
    laps = Laps()
    comm = comm or start()
    with StopRequest() as stop:
        folder = on_root(comm, lambda: RunDir.open(directory))
        with origin.claimed(comm, folder):
            config, base = on_root(comm, lambda: origin.read_begun(folder, overrides, trusted))
            newest(comm, folder.checkpoints)  # early, before long work
            with told_where(folder.resolved, overrides):
                parts = build.build(config, comm, base, lap=laps)
                plan = output.plan(parts)
            own = on_root(comm, lambda: identity(parts, base))
            outputs = output.attach(parts, plan, folder, own, quiet)
            longer = bool(overrides)
            restart = Restart(
                parts.mesh, outputs.checkpoints, parts.simulation, folder.checkpoints,
                lambda path, manifest: refuse_foreign(path, manifest, own, force, longer),
            )  # fmt: skip
            options = (quiet, laps, profile, illustrate)
            with _Session(comm, folder, parts, outputs, *options) as session:
                session.go_back_to(restart)
                if session.is_over(overrides):
                    return 0
                session.go_on(restart, base, overrides)
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
    _, config = on_root(comm, lambda: origin.read_new(config_path, overrides, base))
    with told_where(config_path, overrides):
        parts = build.build(config, comm, base.resolve())
        output.plan(parts)
    return parts


class _Session:
    """One execution of a run: sets the log and signals up, and says how it ended."""

    def __init__(self, comm, folder, parts, outputs, quiet, laps, profile, illustrate):
        self.comm, self.folder, self.parts, self.outputs = comm, folder, parts, outputs
        self.quiet, self.laps, self.timer = quiet, laps, Timer()
        self.profile = Profile() if profile else None
        self.config = parts.config
        self._begun, self._illustrate = False, illustrate

    def __enter__(self):
        together(self.comm, lambda: start_log(self.folder.log, self.quiet, self.comm.rank))
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and self._begun:
            self._say_failure(error)
        self.outputs.close()
        for handler in LOG.handlers:
            with contextlib.suppress(OSError):  # the log itself did not fit any more
                handler.close()

    def _say_failure(self, error):
        """Leave in log and run.json why the run ended; the disk may be full: that is said."""
        reason = str(error) or type(error).__name__
        if isinstance(error, EcsModelError):
            log_only(f"failed: {reason}")
        else:
            LOG.error("failed: %s", reason)
        with contextlib.suppress(ConfigError):
            self._write_facts({"ended": "error", "reason": reason})

    def begin(self):
        """Start from the beginning, with new files."""
        self._begun = True
        self._announce(self.parts)
        self.outputs.open()

    def go_back_to(self, restart):
        """Put everything into the state of a checkpoint, and the tables to its time."""
        restart.restore()
        self.outputs.open(restart.manifest["time"])
        for sentence in restart.passed:
            if self.comm.rank == 0:
                LOG.warning("%s; an older checkpoint is used", sentence)

    def is_over(self, overrides):
        """Whether there is nothing left to compute, which is said then."""
        simulation = self.parts.simulation
        over = on_root(
            self.comm, lambda: not overrides and origin.is_finished(self.folder, simulation)
        )
        if over:
            LOG.info(
                "%s is finished at t = %.6g s, nothing is left to compute; to extend it: "
                'ecs-model resume %s --set time.end="..."',
                self.folder.path, simulation.time, self.folder.path,
            )  # fmt: skip
        return over

    def go_on(self, restart, base, overrides):
        """Note that the run goes on."""
        self._begun, t = True, restart.manifest["time"]
        self._announce(self.parts)
        LOG.info("continuing from %s at t = %.6g s", restart.path.name, t)
        here = provenance(self.comm, self.config, self.folder.resolved)
        kept = ("ecs_model", "commit", "started", "command", "processes", "hosts", "versions")
        part = {"from": t, **{name: here[name] for name in kept}}
        root_does(self.comm, lambda: self._note_part(part, here, base, overrides))

    def _note_part(self, part, here, base, overrides):
        parts = [*self.folder.facts().get("resumed", []), part]
        now = {name: here[name] for name in ("format", "pid", "processes", "hosts")}
        state = {"ended": None, "reason": None, "time": None, "resumed": parts}
        self._write_facts(now | state | origin.facts_of(self.config, base))
        if overrides:
            atomic.write_text(self.folder.resolved, origin.resolved_text(self.config))

    def go(self, stop):
        """Run and finish; the exit code."""
        simulation = self.parts.simulation
        self._watch(simulation)
        self.laps("files")
        self.timer.add("set-up", sum(self.laps.seconds.values()))
        simulation.ask = _asking(self.comm, stop, self.config.checkpoint.wall)
        with self.profile or contextlib.nullcontext():
            signal = simulation.run()
        self.outputs.close()
        return self._finish(self.parts, self.outputs, signal)

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
        for note in parts.notes:
            LOG.info("%s", note)
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
        log_only(f"finished at t = {parts.simulation.time:.6g} s")
        return 0

    def _write_end(self, parts, summary, maps):
        units = {"arrival_K_o": "s", "max_K_o": "mM"}
        write_maps(self.folder.path, maps, units)
        atomic.write_json(self.folder.summary, summary)
        if self._illustrate is not None:
            self._illustrate(self.folder.path)

    def _say_end(self, parts, summary, signal):
        times = ["where the time went:", *self.timer.table()]
        for line in [*summary_text.lines(summary), *(self._profiled() if self.profile else times)]:
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
            known = self.folder.facts() | facts | {"updated": now()}
            told = {k: v for k, v in known.items() if v is not None or k == "ended"}
            atomic.write_json(self.folder.run_json, told)


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

"""One execution of a run: its log, its signals, and how it ended."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_model.native import return_freed

from ecs_model.errors import ConfigError, EcsModelError
from ecs_model.files import atomic
from ecs_model.parallel import on_root, root_does, together
from ecs_model.run import origin, profiling, summary_text
from ecs_model.run.field_series import write_maps
from ecs_model.run.profiling import Profile
from ecs_model.run.progress import HEADLINE, LOG, Timer, log_only, start_log
from ecs_model.run.provenance import now, provenance
from ecs_model.run.requests import Request
from ecs_model.run.summary import summarise

MAPS = {
    "arrival_K_o": "s",
    "max_K_o": "mM",
    "onset": "s",
    "duration": "s",
    "regime": "1",
    "bursts": "1",
}
STOPPED = 75  # exit code of a run that wrote a checkpoint and wants to be continued


@dataclass(frozen=True)
class Manner:
    """How an execution behaves.

    Attributes:
        level: the least that it says on the terminal, a level of `logging` or HEADLINE.
        profile: it measures and tells where the time goes, in more detail than usual.
        illustrate: what it makes of the run directory on rank 0 once that is whole; None for
            nothing.
    """

    level: int
    profile: bool
    illustrate: Callable[[Path], object] | None


class Session:
    """One execution of a run: sets the log and signals up, and says how it ended.

    Args:
        comm: MPI communicator.
        folder: the RunDir.
        begun: the Origin of the run.
        parts: its Parts.
        outputs: what it writes with.
        laps: seconds of its set-up.
        manner: how it behaves.
    """

    def __init__(self, comm, folder, begun, parts, outputs, laps, manner):
        self.comm, self.folder, self.origin = comm, folder, begun
        self.parts, self.outputs, self.manner = parts, outputs, manner
        self.laps, self.timer = laps, Timer()
        self.profile: Any = Profile() if manner.profile else None
        self._begun = False

    def __enter__(self):
        together(self.comm, start_log, self.folder.log, self.manner.level, self.comm.rank)
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

    def is_over(self):
        """Whether there is nothing left to compute, which is said then."""
        simulation = self.parts.simulation
        longer = bool(self.origin.overrides)
        over = on_root(
            self.comm, lambda: not longer and origin.is_finished(self.folder, simulation)
        )
        if over:
            LOG.log(
                HEADLINE,
                "%s is finished at t = %.6g s, nothing is left to compute; to extend it: "
                'ecs-model resume %s --set time.end="..."',
                self.folder.path,
                simulation.time,
                self.folder.path,
            )
        return over

    def go_on(self, restart):
        """Note that the run goes on."""
        self._begun, t = True, restart.manifest["time"]
        self._announce(self.parts)
        LOG.info("continuing from %s at t = %.6g s", restart.path.name, t)
        here = provenance(self.comm, self.origin.petsc, self.folder.resolved)
        kept = ("ecs_model", "commit", "started", "command", "processes", "hosts", "versions")
        part = {"from": t, **{name: here[name] for name in kept}}
        root_does(self.comm, self._note_part, part, here)

    def _note_part(self, part, here):
        parts = [*self.folder.facts().get("resumed", []), part]
        now = {name: here[name] for name in ("format", "pid", "processes", "hosts")}
        state = {"ended": None, "reason": None, "time": None, "resumed": parts}
        self._write_facts(now | state | self.origin.facts)
        if self.origin.overrides:
            self.origin.write_resolved(self.folder)

    def go(self, stop):
        """Run and finish; the exit code."""
        simulation = self.parts.simulation
        self._watch(simulation)
        self.parts.release()
        return_freed(above=2**22)
        self.laps("files")
        self.timer.add("set-up", sum(self.laps.seconds.values()))
        simulation.ask = _asking(self.comm, stop, self.parts.plan.wall)
        with self.profile or contextlib.nullcontext():
            signal = simulation.run()
        self.outputs.close()
        return self._finish(self.parts, self.outputs, signal)

    def _watch(self, simulation):
        self.timer.watch("membranes", simulation.reaction, "advance")
        self.timer.watch("diffusion", simulation.diffusion, "advance")
        if simulation.two_rates is not None:
            self.timer.watch("two rates", simulation.two_rates, "step")
        for observer in simulation.observers:
            self.timer.watch(profiling.work_of(observer), observer, "observe")

    def _announce(self, parts):
        mesh, s = parts.mesh, parts.simulation
        title = parts.title or "run"
        LOG.info("%s -> %s", title, self.folder.path)
        LOG.info(
            "%d nodes, %d cells on %d process%s; membrane %s; %g s in ticks of %.4g s",
            mesh.nodes,
            mesh.cells,
            self.comm.size,
            "es" * (self.comm.size > 1),
            parts.model.name,
            s.clock.end,
            s.clock.at(1),
        )
        for note in parts.notes:
            LOG.info("%s", note)
        size = {"nodes": mesh.nodes, "cells": mesh.cells}
        meanings = parts.model.meanings or None
        self._note(mesh={"fingerprint": mesh.fingerprint, **size}, meanings=meanings)

    def _finish(self, parts, outputs, signal):
        return_freed(above=2**18)  # what the time loop kept for its next steps
        summary = summarise(parts, outputs, self.timer)
        maps = maps_of(parts)
        write_maps(self.folder.path, maps, {name: MAPS[name] for name in maps}, self.comm)
        root_does(self.comm, self._write_end, summary)
        self._say_end(parts, summary, signal)
        if signal:
            self._note(ended="stopped", reason=f"signal {signal}", time=parts.simulation.time)
            return STOPPED
        self._note(ended="finished", time=parts.simulation.time)
        said, t = summary_text.headline(summary), parts.simulation.time
        LOG.log(HEADLINE, "%s: %s; finished at t = %.6g s", self.folder.path, said, t)
        return 0

    def _write_end(self, summary):
        atomic.write_json(self.folder.summary, summary)
        if self.manner.illustrate is not None:
            self.manner.illustrate(self.folder.path)

    def _say_end(self, parts, summary, signal):
        times = ["where the time went:", *self.timer.table()]
        for line in [*summary_text.lines(summary), *(self._profiled() if self.profile else times)]:
            LOG.info("%s", line)
        if signal and self.comm.rank == 0:
            LOG.warning(
                "stopped by signal %d at t = %.6g s; continue with: ecs-model resume %s",
                signal,
                parts.simulation.time,
                self.folder.path,
            )

    def _profiled(self):
        """Lines of the profile, which is written too."""
        self.profile.take(self.laps, self.timer)
        rows = profiling.together(self.comm, self.profile.parts)
        facts = {"processes": self.comm.size, "steps": self.parts.simulation.steps, "parts": rows}
        root_does(self.comm, atomic.write_json, self.folder.profile, facts)
        return profiling.lines(rows)

    def _note(self, **facts):
        """Add facts to run.json."""
        root_does(self.comm, self._write_facts, facts)

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
            return Request(stop.signal)
        if comm.rank == 0 and wall and time.monotonic() - last[0] > wall:
            last[0] = time.monotonic()
            return Request.SAVE
        return Request.GO_ON

    return ask


def maps_of(parts):
    """The maps of the whole run in input order: this process's slices of arrays, by name."""
    maps = {"arrival_K_o": parts.tracker.arrival, "max_K_o": parts.tracker.highest}
    if parts.neurons is not None:
        seen = parts.neurons.judged()
        names = {"onset": "onset", "duration": "longest", "regime": "regime", "bursts": "bursts"}
        maps |= {name: 1.0 * seen[column] for name, column in names.items()}
    return {name: parts.mesh.node_slices.to_slice(values) for name, values in maps.items()}

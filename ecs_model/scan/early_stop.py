"""Runs that end early because nothing that follows can change their verdict."""

from ecs_model.native import MPI

import numpy as np

from ecs_model.run.requests import Request

STILL = 1e-4  # mM within the time asked for that does not count as rising
ALL = 1 - 1e-9  # share that is all, to round-off
LOOK = 0.5  # s of simulated time between judgements of what neurons do
CALM = 0.5  # of the way from rest to a front: K+ below it is low


class Decision:
    """Ends a run whose verdict is yes, or in which K+ has been low and falling for long enough.

    It looks after every step, so that what it decides does not depend on when output is written.

    Args:
        parts: of the run, from `build.build`.
        verdict: ignited, sd, seizure or load: end once it is yes; everywhere: once a front has been
            there; None for never.
        settled: end once K+ has been low and falling for so long [s] since the last change of any
            stimulus; None for never.

    Attributes:
        every: 0, it looks after every step.
        reason: the verdict, or settled; None while nothing is decided.
    """

    every = 0

    def __init__(self, parts, verdict, settled):
        self.reason = None
        self._tracker, self._verdict, self._settled = parts.tracker, verdict, settled
        front, self._comm = parts.detection.front, parts.mesh.comm
        self._yes = _question(parts, verdict) if verdict else None
        simulation = parts.simulation
        within = [tick for tick in simulation.edges if tick < simulation.clock.ticks]
        self._quiet_from = simulation.clock.at(max(within, default=0))
        self._end = simulation.clock.end
        potassium = simulation.reaction.variables[0]
        rest = self._comm.allreduce(potassium.min(initial=np.inf), MPI.MIN)
        self._low, self._lowest, self._since = rest + CALM * (front - rest), np.inf, 0.0

    def observe(self, t, simulation):
        """Look at time `t` [s], and ask the loop to end if the verdict is known."""
        if self._yes is not None and self._yes(t):
            self.reason = self._verdict
        elif self._settled and self._has_settled(t):
            self.reason = "settled"
        if self.reason:
            simulation.synchronise()
            simulation.request = Request.DECIDED

    def _has_settled(self, t):
        """Whether the highest K+ was low for long enough, and will be low if it goes on so."""
        high = self._comm.allreduce(self._tracker.last.max(initial=0.0), MPI.MAX)
        if t < self._quiet_from or high > self._low or high > self._lowest + STILL:
            self._since, self._lowest = t, high
        self._lowest = min(self._lowest, high)
        lasted = t - self._since
        rise = max(0.0, high - self._lowest)
        return lasted >= self._settled and high + rise * (self._end - t) / lasted <= self._low


def _question(parts, verdict):
    """A function of the time [s]: whether a verdict is yes by then; collective."""
    detect = parts.detection
    if verdict == "seizure" or (verdict == "sd" and parts.neurons is not None):
        volumes = parts.mesh.volumes * (parts.outside if verdict == "seizure" else 1.0)
        return _OfNeurons(parts, verdict, volumes, detect.fraction)
    levels = {"load": detect.load, "sd": detect.firing.sd}
    shares = {"ignited": detect.spread, "everywhere": ALL}
    share = shares.get(verdict, detect.fraction)
    return _OfPotassium(parts, levels.get(verdict, detect.front), verdict in shares, share)


class _OfPotassium:
    """Whether K+ reached a level in a share of the tissue, or of that which was not stimulated."""

    def __init__(self, parts, level, is_outside, share):
        self._mesh, self._tracker, self._level = parts.mesh, parts.tracker, level
        self._volumes = parts.mesh.volumes * (parts.outside if is_outside else 1.0)
        self._enough = share * self._mesh.sum(self._volumes)

    def __call__(self, t):
        reached = self._volumes * (self._tracker.highest >= self._level)
        return self._mesh.sum(reached) >= self._enough


class _OfNeurons:
    """Whether neurons in a share of the tissue did what counts; judged every LOOK seconds."""

    def __init__(self, parts, name, volumes, share):
        self._mesh, self._neurons, self._name = parts.mesh, parts.neurons, name
        self._volumes, self._enough = volumes, share * parts.mesh.sum(volumes)
        self._next = LOOK

    def __call__(self, t):
        if t < self._next:
            return False
        self._next = t + LOOK
        there = self._volumes * (self._neurons.judged()[self._name] >= 0)
        return self._mesh.sum(there) >= self._enough

"""Runs that end early because nothing that follows can change their verdict."""

from ecs_model.native import MPI

import numpy as np

from ecs_model.run.requests import Request

STILL = 1e-4  # mM within the time asked for that does not count as rising
ALL = 1 - 1e-9  # share that is all, to round-off
CALM = 0.5  # of the way from rest to a front: K+ below it is low


class Decision:
    """Ends a run whose verdict is yes, or in which K+ has been low and falling for long enough.

    It looks after every step, so that what it decides does not depend on when output is written.

    Args:
        parts: of the run, from `build.build`.
        verdict: ignited, sd or seizure: end once it is yes; everywhere: once a front has been
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
        detect, self._mesh, self._comm = parts.detection, parts.mesh, parts.mesh.comm
        front, leaves = detect.front, verdict in ("ignited", "everywhere")
        self._level = front if leaves else getattr(detect, verdict or "sd")
        self._volumes = parts.mesh.volumes * (parts.outside if leaves else 1.0)
        shares = {"ignited": detect.spread, "everywhere": ALL}
        share = shares.get(verdict, detect.fraction)
        self._enough = share * self._mesh.sum(self._volumes)
        simulation = parts.simulation
        within = [tick for tick in simulation.edges if tick < simulation.clock.ticks]
        self._quiet_from = simulation.clock.at(max(within, default=0))
        self._end = simulation.clock.end
        potassium = simulation.reaction.variables[0]
        rest = self._comm.allreduce(potassium.min(initial=np.inf), MPI.MIN)
        self._low, self._lowest, self._since = rest + CALM * (front - rest), np.inf, 0.0

    def observe(self, t, simulation):
        """Look at time `t` [s], and ask the loop to end if the verdict is known."""
        if self._verdict and self._is_yes():
            self.reason = self._verdict
        elif self._settled and self._has_settled(t):
            self.reason = "settled"
        if self.reason:
            simulation.synchronise()
            simulation.request = Request.DECIDED

    def _is_yes(self):
        return (
            self._mesh.sum(self._volumes * (self._tracker.highest >= self._level)) >= self._enough
        )

    def _has_settled(self, t):
        """Whether the highest K+ was low for long enough, and will be low if it goes on so."""
        high = self._comm.allreduce(self._tracker.last.max(initial=0.0), MPI.MAX)
        if t < self._quiet_from or high > self._low or high > self._lowest + STILL:
            self._since, self._lowest = t, high
        self._lowest = min(self._lowest, high)
        lasted = t - self._since
        rise = max(0.0, high - self._lowest)
        return lasted >= self._settled and high + rise * (self._end - t) / lasted <= self._low

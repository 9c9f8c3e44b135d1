"""What the pumps cost: ATP and energy per volume of tissue, for models that say so."""

from ecs_model.native import MPI

import numpy as np

from ecs_model.compiler import library
from ecs_model.kernel import values_source
from ecs_model.parallel import root_does
from ecs_model.reaction import NodeValues

MOST = 8  # steps between looks where the power goes on as it went
CHANGE = (
    1e-3  # of the power, that differs from what the last looks let expect: look after each step
)
SHORTER = 0.75  # of the step before, at which steps get shorter because something happens
CALM = 2  # steps after an abrupt change, after each of which it looks
START = {"use": 0.0, "power": 0.0, "ATP": 0.0, "energy": 0.0, "peak": 0.0, "time": 0.0,
         "slope": 0.0, "wait": 1, "waited": 0, "step": 0.0, "seen": 0.0}  # fmt: skip


class Spending:
    """ATP use and power of all pumps, as means over the tissue, and their integrals over time.

    They are taken along straight lines between the times to which the membranes have come, step by
    step, not between rows of a table, and anew where something changes abruptly. Where the power
    goes on as the last two looks let expect, within a thousandth, it looks after every eighth step
    only; a straight line over these is then wrong by less than that.

    Args:
        mesh: the mesh.
        reaction: the membranes.
        tracker: that knows the complete K+, and looks first.

    Attributes:
        every: 0, it is asked after every step.
        known: whether the model has the observables `ATP_use` and `power`.
        so_far: what a restart needs: time of the membranes [s], use [mM/s], power [W/m^3] and its
            slope [W/m^3/s] at the last look; ATP [mM] and energy [J/m^3] since the start; the
            highest power [W/m^3]; steps from one look to the next and since the last; the last step
            [s] and its end [s].
    """

    every = 0

    def __init__(self, mesh, reaction, tracker):
        self._mesh = mesh
        observables = reaction.model.observables
        self.known = {"ATP_use", "power"} <= {*observables}
        self.so_far = dict(START)
        if self.known:
            self._volume = mesh.sum(mesh.volumes)
            self._tracker, self._potassium = tracker, np.zeros(reaction.nodes)
            self._evaluate = _compiled(mesh.comm, reaction, self._potassium)

    @property
    def memory(self):
        """What a restart needs."""
        return {"so_far": self.so_far}

    def observe(self, t, simulation):
        """Look at the membranes after the step that ends at `t` [s], if it is time."""
        if not self.known:
            return
        jump = self.so_far["seen"] if simulation.calm == 1 else None
        if self._is_due(t, simulation):
            self._look(t, simulation, jump)

    def _is_due(self, t, simulation):
        s = self.so_far
        step, before = t - s["seen"], s["step"]
        s |= {"waited": s["waited"] + 1, "step": step, "seen": t}
        abrupt = simulation.calm <= CALM or simulation.at_edge() or step < SHORTER * before
        return abrupt or not simulation.owed or s["waited"] >= s["wait"]

    def _look(self, t, simulation, jump):
        """Add what was spent since the last look; where power jumped, at two levels."""
        use, power = self._means(simulation)
        s, time = self.so_far, t - simulation.owed
        s["ATP"] += _integral(s["time"], time, s["use"], use, jump)
        s["energy"] += _integral(s["time"], time, s["power"], power, jump)
        dt = time - s["time"]
        surprise = abs(power - s["power"] - dt * s["slope"])
        wait = min(2 * s["wait"], MOST) if surprise < CHANGE * abs(power) else 1
        slope = (power - s["power"]) / dt if dt and jump is None else 0.0
        s |= {"use": use, "power": power, "peak": max(s["peak"], power), "time": time}
        s |= {"slope": slope, "wait": wait, "waited": 0}

    def _means(self, simulation):
        """ATP use [mM/s] and power [W/m^3], averaged over the tissue."""
        np.multiply(simulation.pace.slope, -simulation.owed, out=self._potassium)
        self._potassium += self._tracker.last  # K+ at the time of the membranes
        sums = np.array([self._mesh.volumes @ values for values in self._evaluate()])
        self._mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        return float(sums[0] / self._volume), float(sums[1] / self._volume)

    def report(self):
        """ATP and energy per volume of tissue since the start, and the power: for summary.json."""
        s = self.so_far
        if not self.known or not s["time"]:
            return {}
        return {
            "ATP_mM": s["ATP"], "J_per_m3": s["energy"],
            "mean_W_per_m3": s["energy"] / s["time"], "peak_W_per_m3": s["peak"],
            "end_W_per_m3": s["power"],
        }  # fmt: skip


def _integral(start, end, before, after, jump):
    """Of a straight line from one value to another, or of both where one jumps to the other."""
    if jump is None:
        return (end - start) * (before + after) / 2
    return (jump - start) * before + (end - jump) * after


def _compiled(comm, reaction, potassium):
    """What gives ATP use and power at every owned node; rank 0 compiles for all."""
    model = reaction.model
    laws = [model.observables[name][1] for name in ("ATP_use", "power")]
    text = values_source(
        lambda y, p, env: [law(y, p, env) for law in laws],
        model.State, reaction.parameters, reaction.surroundings,
    )  # fmt: skip
    root_does(comm, lambda: library(text))
    return NodeValues(text, [potassium, *reaction.state[1:]], reaction.inputs, len(laws))

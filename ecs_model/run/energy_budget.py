"""What the pumps cost: ATP and energy per volume of tissue, for models that say so."""

from ecs_model.native import MPI

import numpy as np

from ecs_model.membrane.compiler import library
from ecs_model.membrane.kernel import values_source
from ecs_model.membrane.solver import NodeValues
from ecs_model.memory import put_back
from ecs_model.parallel import root_does

MOST = 8  # steps between looks where the power goes on as it went
CHANGE = (
    1e-3  # of the power, that differs from what the last looks let expect: look after each step
)
SHORTER = 0.75  # of the step before, at which steps get shorter because something happens
CALM = 2  # steps after an abrupt change, after each of which it looks
START = {
    "use": 0.0,
    "power": 0.0,
    "ATP": 0.0,
    "energy": 0.0,
    "peak": 0.0,
    "time": 0.0,
    "slope": 0.0,
    "wait": 1,
    "waited": 0,
    "step": 0.0,
    "seen": 0.0,
}


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
            self._now = reaction.variables[0]
            self._evaluate = _compiled(mesh.comm, reaction, self._potassium)

    def state(self):
        """What a restart needs."""
        return {"so_far": self.so_far}

    def load(self, state):
        """Continue from what `state` gave."""
        put_back(self, state)

    def observe(self, t, simulation):
        """Look at the membranes after the step that ends at `t` [s], if it is time."""
        if not self.known:
            return
        due = self._is_due(t, simulation)
        if simulation.jumps:
            self._cross(simulation.jumps)
        if due or simulation.jumps:
            self._look(t, simulation)

    def _cross(self, jumps):
        """Add what was spent up to the last of some jumps, between all of them."""
        sums = np.array([values for _, *pair in jumps for values in pair])
        self._mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        means, s = (sums / self._volume).tolist(), self.so_far
        for (time, *_), (use, power), then in zip(jumps, means[::2], means[1::2], strict=True):
            s["ATP"] += (time - s["time"]) * (s["use"] + use) / 2
            s["energy"] += (time - s["time"]) * (s["power"] + power) / 2
            peak = max(s["peak"], power, then[1])
            s |= {"time": time, "use": then[0], "power": then[1], "peak": peak}

    def _is_due(self, t, simulation):
        s = self.so_far
        step, before = t - s["seen"], s["step"]
        s |= {"waited": s["waited"] + 1, "step": step, "seen": t}
        abrupt = simulation.calm <= CALM or simulation.at_edge() or step < SHORTER * before
        return abrupt or not simulation.pending or s["waited"] >= s["wait"]

    def _look(self, t, simulation):
        """Add what was spent since the last look, or the last jump."""
        use, power = self._means(simulation)
        s, time = self.so_far, t - simulation.pending
        dt = time - s["time"]
        s["ATP"] += dt * (s["use"] + use) / 2
        s["energy"] += dt * (s["power"] + power) / 2
        change = abs(power - s["power"] - dt * s["slope"])
        wait = min(2 * s["wait"], MOST) if change < CHANGE * abs(power) else 1
        slope = (power - s["power"]) / dt if dt > 0 else 0.0
        s |= {"use": use, "power": power, "peak": max(s["peak"], power), "time": time}
        s |= {"slope": slope, "wait": wait, "waited": 0}

    def _means(self, simulation):
        """ATP use [mM/s] and power [W/m^3], averaged over the tissue."""
        np.multiply(simulation.control.slope, -simulation.pending, out=self._potassium)
        self._potassium += self._tracker.last  # K+ at the time of the membranes
        sums = self._sums()
        self._mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        return float(sums[0] / self._volume), float(sums[1] / self._volume)

    def _sums(self):
        """This process's share of ATP use and power, summed over the tissue."""
        return np.array([self._mesh.volumes @ values for values in self._evaluate()])

    @property
    def meter(self):
        """What measures the state as it is, between two steps; None for models without pumps."""
        return self._measure if self.known else None

    def _measure(self):
        np.copyto(self._potassium, self._now)
        return self._sums()

    def report(self):
        """ATP and energy per volume of tissue since the start, and the power: for summary.json."""
        s = self.so_far
        if not self.known or not s["time"]:
            return {}
        return {
            "ATP_mM": s["ATP"],
            "J_per_m3": s["energy"],
            "mean_W_per_m3": s["energy"] / s["time"],
            "peak_W_per_m3": s["peak"],
            "end_W_per_m3": s["power"],
        }


def _compiled(comm, reaction, potassium):
    """What gives ATP use and power at every owned node; rank 0 compiles for all."""
    model = reaction.model
    laws = [model.observables[name][1] for name in ("ATP_use", "power")]

    def use_and_power(y, p, env):
        return [law(y, p, env) for law in laws]

    text = values_source(use_and_power, model.State, reaction.parameters, reaction.surroundings)
    root_does(comm, library, text)
    return NodeValues(text, [potassium, *reaction.variables[1:]], reaction.inputs, len(laws))

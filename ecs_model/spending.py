"""What the pumps cost: ATP and energy per volume of tissue, for models that say so."""

from ecs_model.native import MPI

import numpy as np


class Spending:
    """ATP use and power of all pumps, as means over the tissue, and their sums over time.

    Sums are taken by the trapezoidal rule over the times at which it looks.

    Args:
        mesh: the mesh.
        reaction: the membranes.
        every: ticks between looks.

    Attributes:
        known: whether the model has the observables `ATP_use` and `power`.
        so_far: what a restart needs: time [s], use [mM/s], power [W/m^3] at the last look; ATP [mM]
            and energy [J/m^3] since the start; the highest power [W/m^3].
    """

    def __init__(self, mesh, reaction, every):
        self._mesh, self._reaction, self.every = mesh, reaction, every
        self.known = {"ATP_use", "power"} <= {*reaction.model.observables}
        self.so_far = dict.fromkeys(("time", "use", "power", "ATP", "energy", "peak"), 0.0)

    @property
    def memory(self):
        """What a restart needs."""
        return {"so_far": self.so_far}

    def observe(self, t, simulation):
        """Look at the membranes at time `t` [s]."""
        if not self.known:
            return
        use, power = self._means()
        s, first = self.so_far, t == 0.0
        dt = 0.0 if first else t - s["time"]
        s["ATP"] += dt * (s["use"] + use) / 2
        s["energy"] += dt * (s["power"] + power) / 2
        s |= {"time": t, "use": use, "power": power, "peak": max(s["peak"], power)}

    def _means(self):
        """ATP use [mM/s] and power [W/m^3], averaged over the tissue."""
        seen, volumes = self._reaction.at(slice(None)), self._mesh.volumes
        sums = np.array([volumes @ seen("ATP_use"), volumes @ seen("power"), volumes.sum()])
        self._mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        return float(sums[0] / sums[2]), float(sums[1] / sums[2])

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

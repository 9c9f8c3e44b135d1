"""Many nodes of `epileptor2` that nothing joins, each with noise of its own, and their discharges.

A burst lasts from where the firing rate rises above 20 Hz to where it falls below 5 Hz; a discharge
is three or more bursts with gaps of at most 8 s.
"""

from pathlib import Path

from ecs_model.native import MPI

import numpy as np

from ecs_model import api
from tests.verification.discharges import NOWHERE, rate_of

TEXT = """
title = "noise"
[mesh]
generator = "interval"
length = "{length} mm"
cell = "1 mm"
[tissue]
D = "{D} m^2/s"
[membrane]
model = "epileptor2"
substeps = 1
parameters = {{ gain_K = 0.5, G = "5 mV*s", dK = "0.02 mM", K_bath = "{K_bath} mM" }}
start = "rest"
[[noise]]
name = "background"
amplitude = {{ I = "25 mV" }}
duration = "0.5 ms"
bin = "{bin} ms"
seed = {seed}
length = "1 um"
[time]
end = "{end} s"
step = "{step} ms"
adaptive = false
[output]
every = "{end} s"
series = "{end} s"
"""
ON, OFF, GAP, BURSTS = 20.0, 5.0, 8.0, 3


class Bursts:
    """When each node fired: for each a list of pairs of times [s]."""

    every = 0

    def __init__(self, simulation):
        self.of = [[] for _ in range(simulation.reaction.nodes)]
        self._fires = np.zeros(len(self.of), bool)

    def observe(self, t, simulation):
        """Look at the membranes, which lack what is pending."""
        now, rate = t - simulation.pending, rate_of(simulation.reaction)
        begins, ends = ~self._fires & (rate > ON), self._fires & (rate < OFF)
        for node in np.flatnonzero(begins):
            self.of[node].append([now, np.inf])
        for node in np.flatnonzero(ends):
            self.of[node][-1][1] = now
        self._fires ^= begins | ends


def bursts(folder, nodes, end, bin=1.0, step=5.0, K_bath=8.5, seed=1):
    """Bursts of `nodes` nodes until the time `end` [s]; times of bins and steps in ms."""
    path = Path(folder) / "noise.toml"
    values = {"end": end, "bin": bin, "step": step, "K_bath": K_bath, "seed": seed}
    path.write_text(TEXT.format(length=nodes - 1, D=NOWHERE, **values))
    simulation = api.simulation(path, MPI.COMM_SELF)
    seen = Bursts(simulation)
    simulation.observers[:] = [seen]
    simulation.run()
    return seen.of


def discharges(of_node):
    """Start and end [s] of the discharges of a node, from its bursts; shape (discharges, 2)."""
    trains: list = []
    for start, end in of_node:
        if trains and start - trains[-1][-1][1] <= GAP:
            trains[-1].append([start, end])
        else:
            trains.append([[start, end]])
    found = [(train[0][0], train[-1][1]) for train in trains if len(train) >= BURSTS]
    return np.array(found).reshape(-1, 2)


def intervals(bursts, until):
    """Times [s] from the start of a discharge to that of the next, if it starts before `until` [s].

    What starts late is left out: of what is cut off at the end, the short would remain.
    """
    starts = [discharges(of_node)[:, 0] for of_node in bursts]
    return np.concatenate([np.diff(s)[s[:-1] < until] for s in starts])


def durations(bursts):
    """Durations [s] of all discharges that ended."""
    lasted = np.concatenate([np.diff(discharges(of_node))[:, 0] for of_node in bursts])
    return lasted[np.isfinite(lasted)]

"""Random tissue, stepped: nowhere may an ion leave what was there, what baths have and what enters.

As a program, on the processes that run it: principle.py SEED...
"""

import sys

from ecs_model.native import MPI

import numpy as np

from ecs_model.physics.ions import Ion
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.regions import axes, diffusivity_tensor
from ecs_model.tissue.sources import cell_load, facet_bath, facet_exchange, point_load
from ecs_model.tissue.time_course import Profile, pulse
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.matrices import Operators
from ecs_model.transport.rkl2 import SuperTimeStepping
from ecs_model.transport.swelling_matrices import Following
from tests.helpers import brick

D = 1.96e-9
MODES = ("one", "several", "electrodiffusion", "swelling", "rkl2")
K, NA, CL = Ion("K", 1, 1.0), Ion("Na", 1, 0.68), Ion("Cl", -1, 1.04)


class Trial:
    """A random tissue of a seed.

    Args:
        seed: of everything random.
        comm: MPI communicator.
    """

    def __init__(self, seed, comm):
        self.rng = rng = np.random.default_rng(seed)
        self.mode, d = MODES[seed % len(MODES)], int(rng.integers(1, 4))
        counts = rng.integers(4, (40, 12, 7)[d - 1], d)
        flat = 10.0 ** rng.uniform(-1.5, 0.0, d)  # down to flat cells
        data = brick(counts, counts * rng.uniform(10e-6, 60e-6) * flat, jitter=rng.uniform(0, 0.3))
        self.mesh = Mesh(comm, data if comm.rank == 0 else None)
        self.dt = 10.0 ** rng.uniform(-4, 2)
        theta = 0.0 if self.mode == "rkl2" else rng.choice([0.0, 0.5, 1.0])
        self.operators = Operators(self.mesh, *self._tissue(d), theta)
        self.sources = rng.random() < 0.6
        self.baths, self.leaks = rng.random() < 0.4, rng.random() < 0.3
        if self.mode == "electrodiffusion":  # steps in which a potential can be found
            self.leaks, self.dt = False, min(self.dt, 10.0 / self.operators.fastest)
        if self.mode in ("rkl2", "swelling"):  # beyond that round-off or flat cells set limits
            self.dt = min(self.dt, 1e4 / self.operators.fastest)

    def _tissue(self, d):
        """alpha with a jump, and random tensors of fibres, over local cells."""
        alpha = np.where(self.mesh.cell_tags == 1, *self.rng.uniform(0.02, 0.4, 2))
        parallel, across = 1.0 + self.rng.uniform(0.0, 2.0, 2)
        fibre = axes(np.tile(self.rng.normal(size=3), (len(alpha), 1)), d)
        free = np.full(len(alpha), D)
        return alpha, diffusivity_tensor(free, parallel + 0 * free, across + 0 * free, fibre)

    def terms(self, level):
        """Loads, exchanges and baths, none of which takes anything below `level` [mM]."""
        rng, mesh = self.rng, self.mesh
        bath = Profile([0.0, 3 * self.dt], level + rng.uniform(0.0, 20.0, 2))
        middle = self.mesh.extent()[1][: mesh.dimension] / 2
        volume = mesh.sum(self.operators.lumped)
        most = 1 if self.mode == "electrodiffusion" else 2
        brings = volume * 10.0 ** rng.uniform(-1, most) / self.dt
        loads = [
            point_load(mesh, "point", middle, 0.1 * brings, pulse(0.0, 4 * self.dt)),
            cell_load(mesh, "region", 1.0 * (mesh.cell_tags == 1), brings, pulse(self.dt, self.dt)),
        ]
        exchanges = [facet_exchange(mesh, "leak", 1, 10.0 ** rng.uniform(-8, -3), bath)]
        held = [facet_bath(mesh, "bath", 2, bath)]
        return loads * self.sources, exchanges * self.leaks, held * self.baths

    def start(self, level):
        """Concentrations at owned nodes from `level` to 60 mM above, rough."""
        x = self.mesh.input_nodes
        height = 60.0 * self.rng.random() * (np.sin(12.9898 * (x + 1.0)) * 43758.5453 % 1.0 > 0.7)
        return level + height

    def transport(self, level):
        """What moves the ions, and their concentrations."""
        operators, c = self.operators, self.start(level)
        terms = self.terms(level)
        if self.mode == "rkl2":
            return SuperTimeStepping(operators, c, *terms), [c]
        if self.mode == "one":
            return Diffusion(operators, c, *terms), [c]
        if self.mode == "swelling":
            rest = operators.lumped / self.mesh.volumes
            alpha = rest * (0.85 + 0.15 * np.cos(self.mesh.input_nodes) ** 2)
            return Diffusion(Following(operators, alpha, rest, 0.5), c, *terms), [c]
        if self.mode == "several":
            cs = [c, self.start(level)]
            parts = {
                i: Diffusion(operators, v, *terms, ratio=i.ratio)
                for i, v in zip((K, NA), cs, strict=True)
            }
            return Ions(operators, parts), cs
        return self._bound(c)

    def _bound(self, c):
        cs = [c, 140.0 + 0 * c, 140.0 + c]
        terms = self.terms(0.0)[0]
        loads = {K: terms, NA: [], CL: terms}
        parts = {
            i: Diffusion(self.operators, v, loads[i], ratio=i.ratio)
            for i, v in zip((K, NA, CL), cs, strict=True)
        }
        return Electrodiffusion(self.operators, parts, 310.15), cs


def excess(seed, comm, steps=6):
    """How far out of range ions came, as a share of it, what is not conserved, relative, and a sum.

    That of concentrations [mM], each node with a weight of its own, tells results apart.

    In electrodiffusion fields move ions beyond what was there; they stay above zero and neutral.
    """
    trial, level = Trial(seed, comm), 0.0 if seed % 3 == 0 else 3.0
    transport, cs = trial.transport(level)
    mesh, lumped = trial.mesh, transport.operators.lumped
    before = np.array([mesh.sum(lumped * c) for c in cs])
    top = [mesh.comm.allreduce(float(c.max(initial=-np.inf)), MPI.MAX) for c in cs]
    open_ends, worst = trial.baths or trial.leaks, 0.0
    for k in range(steps):
        transport.advance(k * trial.dt, trial.dt, damped=k < 2)
        for c, high in zip(cs, top, strict=True):
            low = 0.0 if trial.mode == "electrodiffusion" else level
            limit = np.inf if trial.sources or trial.mode == "electrodiffusion" else high
            limit = max(limit, level + 20.0) if open_ends else limit
            out = max(float((low - c).max(initial=0)), float((c - limit).max(initial=0)))
            worst = max(worst, mesh.comm.allreduce(out, MPI.MAX) / max(high, 1.0))
    given = transport.ledger.given
    came = mesh.comm.allreduce(sum(given.values())) if given else 0.0
    total = np.array([mesh.sum(lumped * c) for c in cs])
    if trial.mode == "several":
        before, total = before.sum(), total.sum()
    if trial.mode == "electrodiffusion":
        came = np.array(
            [
                comm.allreduce(sum(v for n, v in given.items() if n.endswith(e)))
                for e in ("t", "n", "(Na)", "(Cl)")
            ]
        )
        came = np.array([came[0] + came[1], came[2], came[3]])
        charge = mesh.comm.allreduce(float(np.abs(cs[0] + cs[1] - cs[2]).max(initial=0)), MPI.MAX)
        worst = max(worst, charge / 200.0 if charge > 1e-9 else 0.0)
    scale = np.abs(before) + np.abs(came) + 1e-300
    mark = sum(mesh.sum(c * np.cos(mesh.input_nodes)) for c in cs)
    return worst, float(np.max(np.abs(total - before - came) / scale)), mark


if __name__ == "__main__":
    for number in map(int, sys.argv[1:]):
        result = excess(number, MPI.COMM_WORLD)
        if MPI.COMM_WORLD.rank == 0:
            print(number, *result)

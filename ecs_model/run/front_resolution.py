"""How well a mesh resolves the fronts that travel over it."""

import numpy as np

from ecs_model.memory import OfCells, put_back
from ecs_model.parallel import Team
from ecs_model.physics import detectors
from ecs_model.run.observers import lowest_and_highest

TRAVELLED = 0.5  # share of the cells in which a travelling front was seen that it has passed


class FrontResolution:
    """How many cells a travelling front spans; tells when a mesh is too coarse.

    Args:
        mesh: the mesh.
        threshold: K+ [mM] that marks the front.
        every: ticks between looks.
    """

    def __init__(self, mesh, threshold, every):
        self._mesh, self._threshold, self.every = mesh, threshold, every
        self._jumps = np.full(mesh.owned_cells, np.nan, np.float32)

    def state(self):
        """What a restart needs."""
        return {"jumps": OfCells(self._jumps, is_sparse=True)}

    def load(self, state):
        """Continue from what `state` gave."""
        put_back(self, state)

    def observe(self, t, simulation):
        """Note how much of its height the front loses in each cell it stands in at time `t` [s]."""
        potassium = simulation.reaction.variables[0]
        low, high = lowest_and_highest(self._mesh.comm, potassium)
        if low < self._threshold <= high:
            jumps = detectors.front_jumps(self._corners(potassium), self._threshold) / (high - low)
            np.fmax(self._jumps, jumps, out=self._jumps)

    def cells(self, tracker):
        """Cells across the steep part of the front, where it passed later on; nan without one.

        The start does not count, it is as sharp as it was asked for, nor does an edge that stays.
        """
        seen = np.isfinite(self._jumps)
        arrival = self._corners(tracker.arrival)
        passed = seen & np.isfinite(arrival).all(axis=1) & (arrival > 0).all(axis=1)
        if self._mesh.sum(passed) < TRAVELLED * self._mesh.sum(seen):
            return float("nan")
        return detectors.cells_per_front(Team(self._mesh.comm).median(self._jumps[passed]))

    def _corners(self, values):
        mesh = self._mesh
        return mesh.with_ghosts(values)[mesh.cell_nodes[: mesh.owned_cells]]

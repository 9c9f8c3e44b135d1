"""Finds the zone of fine steps after a coarse step."""

from collections.abc import Sequence

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.physics.values import Array
from ecs_model.run.two_rates.patch_kernel import PATCH
from ecs_model.run.two_rates.zone import Coarse, Zone
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_limiter import FAR
from ecs_model.transport.neighbours import Neighbours

REACH = 2.0  # diffusion lengths beside what surprised
MOST = 0.5  # share of the nodes beyond which ordinary steps are as good


class Zones:
    """Finds what a coarse step surprised, and what is near.

    Args:
        rows: of the tissue.
        movers: the ions that move.

    Attributes:
        longest: coarse step [s] in which what is out of range finds room nearby.
    """

    def __init__(self, rows: Neighbours, movers: Sequence[Diffusion]) -> None:
        self._rows, self._movers, nodes = rows, list(movers), rows.operators.mesh.owned
        self._mark, self._open = np.zeros((2, nodes), np.int8)
        self._list, self._place = np.zeros((2, nodes), np.int32)
        self._sizes, self._patch = np.zeros(4, np.int64), c_function(PATCH, "ecs_patch")
        self._rates, self._closed = self._local_rates(), self._near_boundaries()
        ratio = max(mover.ratio for mover in self._movers)
        self.longest = 0.5 * FAR / (ratio * rows.operators.fastest)

    def _local_rates(self):
        """Twice the diffusivity over the square of a cell, of the fastest ion at every node."""
        operators = self._rows.operators.at_rest
        diagonal = operators.stiffness.getDiagonal()
        rates = diagonal.array / operators.lumped / operators.mesh.dimension
        diagonal.destroy()
        return rates * max(mover.ratio for mover in self._movers)

    def _near_boundaries(self):
        """1 at nodes at which boundaries or vessels act, and beside given concentrations."""
        at = np.zeros(self._rows.operators.mesh.owned)
        for mover in self._movers:
            at[mover.ledger.fixed] = 1.0
        _, beside = self._rows.operators.products(at)
        acts = [mover.ledger.exchange != 0 for mover in self._movers]
        return np.any([*acts, at != 0, beside != 0], axis=0).astype(np.int8)

    def find(self, coarse: Coarse, slope: Array, tolerance: float, core: Array) -> Zone | None:
        """The Zone after a coarse step; None if it is too large, or if something acts there.

        Args:
            coarse: the step.
            slope: at which K+ was expected to change [mM/s].
            tolerance: of its error [mM].
            core: 1 at nodes that belong to the zone anyway, 0 at others.
        """
        nodes, span = len(self._mark), coarse.duration
        k_o = coarse.before[0], self._movers[0].values
        acting = self._acting(coarse.begin, span)
        places = self._mark, self._list, self._place, self._sizes
        error = *k_o, slope, span, tolerance, core
        limits = self._rates, REACH, int(MOST * nodes)
        self._rows.over_rows(self._patch, *error, *limits, acting, *places)
        inner, local, entries, is_open = self._sizes.tolist()
        if is_open or inner > MOST * nodes:
            return None
        return Zone(self._list[:local], inner, self._place, self._mark, entries)

    def _acting(self, begin, span):
        """1 where sources and boundaries act in a step."""
        self._open[:] = self._closed
        for mover in self._movers:
            for source in mover.ledger.sources:
                if source.profile.integral(begin, begin + span):
                    self._open[source.nodes] = 1
        return self._open

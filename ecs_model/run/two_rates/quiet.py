"""Membranes of all nodes but the core of a front, which goes on as it did."""

from collections.abc import Sequence

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.kernel import BLOCK
from ecs_model.membrane.solver import Reaction
from ecs_model.physics.values import Array
from ecs_model.run.two_rates.patch import Side


class Quiet:
    """Advances the membranes of all nodes but a core, of which ions go on at their last rates.

    Args:
        reaction: the membranes.
        values: concentrations of the ions that move [mM], owned nodes.
        trial: trial sub-step of every node beside which the core lies [s].
    """

    def __init__(self, reaction: Reaction, values: Sequence[Array], trial: Array) -> None:
        self._reaction, self._values, self._trial = reaction, values, trial
        self._side = Side(reaction)

    def begin(self, core: Array, released: Sequence[Array]) -> None:
        """Take a core.

        Args:
            core: 1 at its nodes, 0 elsewhere.
            released: rate at which membranes give each ion [mM/s].
        """
        self._core = np.flatnonzero(core)
        self._rates = [rate[self._core] for rate in released]
        self._blocks = np.unique(self._core // BLOCK)
        near = self._of_blocks()
        self._beside = near[core[near] == 0.0].astype(np.int32)

    def _of_blocks(self):
        """Nodes of the blocks in which there is some of the core."""
        nodes = (self._blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        return nodes[nodes < self._reaction.nodes]

    def advance(self, start: float, duration: float) -> int:
        """Advance from a time [s] by a duration [s]; the sub-steps of all blocks.

        Raises:
            SolutionError: where a membrane fails.
        """
        reaction, side = self._reaction, self._side
        reaction.counts[:] = 0
        reaction.counts[self._blocks] = -1
        done = [reaction.advance_here(start, duration)]
        reaction.counts[self._blocks] = 0
        side.fill(self._beside, reaction.variables, self._trial)
        done.append(side.advance(start, duration) if len(self._beside) else 0)
        side.give_back(reaction.variables, self._trial)
        for values, rates in zip(self._values, self._rates, strict=True):
            values[self._core] += duration * rates
        if min(done) < 0:
            raise SolutionError("a membrane fails in a coarse step")
        return sum(done)

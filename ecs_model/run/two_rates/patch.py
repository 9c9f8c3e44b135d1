"""Membranes of some nodes side by side, in memory of their own."""

import ctypes
from collections.abc import Sequence

import numpy as np

from ecs_model.membrane.c_function import addresses, c_function
from ecs_model.membrane.compiled_step import Batch
from ecs_model.membrane.kernel import BLOCK
from ecs_model.membrane.solver import Reaction
from ecs_model.physics.values import Array, Nodes
from ecs_model.run.two_rates.patch_kernel import PATCH

SPARE = 1.5  # times what is needed, so that memory seldom grows
LONG = 1e9  # s: a trial sub-step of which nothing is known


def pointers(arrays: Sequence[Array]) -> Array:
    """Where arrays lie, for a compiled function; they must stay."""
    return np.array(addresses(arrays), np.uintp)


def gather(nodes: Nodes, columns: Sequence[Array], out: Sequence[Array]) -> None:
    """Bring the values of some nodes to the begin of arrays."""
    gathers = c_function(PATCH, "ecs_gather")
    gathers(len(nodes), nodes, len(out), pointers(columns), pointers(out))


def scatter(nodes: Nodes, columns: Sequence[Array], out: Sequence[Array]) -> None:
    """Bring the first values of arrays to some nodes of arrays over all nodes."""
    scatters = c_function(PATCH, "ecs_scatter")
    scatters(len(nodes), nodes, len(out), pointers(columns), pointers(out))


class Side:
    """Membranes of some nodes of a Reaction, side by side.

    Args:
        reaction: the membranes of all nodes of this process.

    Attributes:
        state: the states of the nodes, a row each; `inputs`: addresses of parameters and
            surroundings.
        trial: of every block of nodes [s]; `counts`: its sub-steps.
        room: for so many nodes.
    """

    def __init__(self, reaction: Reaction) -> None:
        self._reaction, self.room = reaction, 0
        given = zip((*reaction.parameters, *reaction.surroundings), reaction.inputs, strict=True)
        self._fields = [k for k, (value, _) in enumerate(given) if np.ndim(value)]
        self._varying = [reaction.inputs[k] for k in self._fields]

    def reserve(self, count: int) -> None:
        """Have room for so many nodes."""
        if count < self.room:
            return
        self.room = int(SPARE * count) + BLOCK
        self.state = np.zeros((len(self._reaction.variables), self.room))
        self._rows, self._values = [*self.state], np.zeros((len(self._fields), self.room))
        self._columns, inputs = [*self._values], list(self._reaction.inputs)
        for k, column in zip(self._fields, self._columns, strict=True):
            inputs[k] = column
        self.trial = np.zeros(self.room // BLOCK + 1)
        self.counts = np.zeros(len(self.trial), np.int64)
        self.rows, self.inputs = pointers(self._rows), pointers(inputs)

    def fill(self, nodes: Nodes, states: Sequence[Array], trial: Array) -> None:
        """Take some nodes.

        Args:
            nodes: which.
            states: arrays of the states over all nodes.
            trial: trial sub-step of every node [s].
        """
        self.reserve(len(nodes))
        self._nodes = nodes
        gather(nodes, states, self._rows)
        gather(nodes, self._varying, self._columns)
        if len(nodes):
            first = np.arange(0, len(nodes), BLOCK)
            self.trial[: len(first)] = np.minimum.reduceat(trial[nodes], first)
            self.counts[: len(first)] = 0

    def advance(self, start: float, duration: float) -> int:
        """Advance the nodes; as `CompiledStep.advance`."""
        state, inputs = (ctypes.c_void_p(x.ctypes.data) for x in (self.rows, self.inputs))
        batch = Batch(len(self._nodes), state, inputs, self.trial, self.counts)
        return self._reaction.step.advance(batch, start, duration)

    def give_back(self, states: Sequence[Array], trial: Array) -> None:
        """Bring the states, and trial sub-steps, back to where they came from."""
        scatter(self._nodes, self._rows, states)
        trial[self._nodes] = np.repeat(self.trial, BLOCK)[: len(self._nodes)]

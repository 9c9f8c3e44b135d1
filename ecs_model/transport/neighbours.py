"""The rows of the matrices with local columns: what every node sees of its neighbours."""

from typing import Any

from ecs_model.native import PETSc

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.limiter_kernel import FUNCTIONS, TEXT
from ecs_model.transport.matrices import Matrices

TOLERANCE = 1e-12  # [mM], and as a share of the concentration: what round-off may do


class Neighbours:
    """The rows of the matrices of a tissue with local columns: owned nodes, then ghosts.

    Args:
        operators: matrices of the tissue.
    """

    def __init__(self, operators: Matrices) -> None:
        self.operators = operators
        self._functions = {name: c_function(TEXT, f"ecs_{name}") for name in FUNCTIONS}
        self._first, self._column, ghosts = self._local_rows()
        owned = operators.mesh.owned
        self._found, self._vanishing = np.empty(owned, np.int64), np.zeros(1, np.int64)
        self._source, self._values = operators.vector()
        self._target = np.zeros(len(ghosts))
        self._buffers: dict[str, Array] = {}
        self._halo = PETSc.Vec().createWithArray(self._target, comm=PETSc.COMM_SELF)
        wanted = PETSc.IS().createGeneral(ghosts.astype(PETSc.IntType), comm=PETSc.COMM_SELF)
        self._scatter = PETSc.Scatter().create(self._source, wanted, self._halo, None)

    def _local_rows(self):
        """Pointers and local columns of the owned rows, and the global numbers of the ghosts."""
        stiffness, owned = self.operators.stiffness, self.operators.mesh.owned
        pointers, columns, _ = stiffness.getValuesCSR()
        start, end = stiffness.getOwnershipRange()
        far = (columns < start) | (columns >= end)
        ghosts, places = np.unique(columns[far], return_inverse=True)
        local = columns.astype(np.int64) - start
        local[far] = owned + places
        return pointers.astype(np.int32), local.astype(np.int32), ghosts

    def first_neighbours(self, count: int) -> Nodes:
        """The first neighbour of every owned node, or itself, so many times each."""
        return np.repeat(self._column[self._first[:-1]], count)

    @property
    def pattern(self) -> tuple[Nodes, Nodes]:
        """Pointers and global columns of the rows."""
        return self.operators.stiffness.getValuesCSR()[:2]

    def with_ghosts(self, values: Array, buffer: str | None = None) -> Array:
        """Values of owned nodes, then of ghosts; `values` itself on one process.

        Args:
            values: at owned nodes.
            buffer: name of an array that the next call with this name may overwrite; None for a
                new one.
        """
        if self.operators.mesh.comm.size == 1:
            return values
        self._values[:] = values
        self._source.stateIncrease()
        self._scatter.scatter(self._source, self._halo)
        out = self._buffer(buffer, len(values) + len(self._target))
        out[: len(values)], out[len(values) :] = values, self._target
        return out

    def _buffer(self, name, size):
        if name is None:
            return np.empty(size)
        if name not in self._buffers:
            self._buffers[name] = np.empty(size)
        return self._buffers[name]

    @property
    def vanishes(self) -> bool:
        """Whether an owned node was below zero when it was last asked what is out of range."""
        return bool(self._vanishing[0])

    def out_of_range(
        self, low: Array, high: Array, start: Array, change: Array, fixed: Nodes, excuse: Nodes
    ) -> bool:
        """Whether any owned node but the fixed ones is out of range; asks all processes.

        Args:
            low: the least that each owned node may come to by itself [mM].
            high: the most [mM].
            start: concentrations before a step [mM].
            change: what it adds [mM].
            fixed: nodes that do not count, as their concentration is given.
            excuse: array of two places per owned node, for use from step to step.
        """
        before = self.with_ghosts(start, "start")
        least = before if low is start else self.with_ghosts(low, "low")
        most = before if high is start else self.with_ghosts(high, "high")
        count = self.call(
            "out_of_range",
            least,
            most,
            before,
            self.with_ghosts(change, "change"),
            TOLERANCE,
            excuse,
            self._found,
            self._vanishing,
        )
        if count and len(fixed):
            count = np.count_nonzero(~np.isin(self._found[:count], fixed))
        comm = self.operators.mesh.comm
        return bool(count if comm.size == 1 else comm.allreduce(count))

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the compiled text with the rows and further arguments."""
        rows = self.operators.mesh.owned, self._first, self._column
        return self._functions[name](*rows, *arguments)

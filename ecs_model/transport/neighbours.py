"""The rows of the matrices with local columns: what every node sees of its neighbours."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from ecs_model.native import MPI, PETSc

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.limiter_kernel import FUNCTIONS, TEXT
from ecs_model.transport.matrices import Matrices

TOLERANCE = 1e-12  # [mM], and as a share of the concentration: what round-off may do


class Move(NamedTuple):
    """A step of an ion, as the limiter looks at it.

    Attributes:
        low, high: the least and the most that each owned node may come to by itself [mM].
        start: concentrations before the step [mM].
        change: what it adds [mM].
        fixed: nodes that do not count, as their concentration is given.
        excuse: array of two places per owned node, for use from step to step.
    """

    low: Array
    high: Array
    start: Array
    change: Array
    fixed: Nodes
    excuse: Nodes


class Neighbours:
    """The rows of the matrices of a tissue with local columns: owned nodes, then ghosts.

    Args:
        operators: matrices of the tissue.

    Attributes:
        local: number of owned nodes and ghosts.
    """

    def __init__(self, operators: Matrices) -> None:
        self.operators, owned = operators, operators.mesh.owned
        self._functions = {name: c_function(TEXT, f"ecs_{name}") for name in FUNCTIONS}
        self._first, self._column, ghosts = self._local_rows()
        self.local = owned + len(ghosts)
        self._found, self._vanishing = np.empty(owned, np.int64), np.zeros(1, np.int64)
        self._buffers: dict[str, Array] = {}
        self._forest = self._ownership(ghosts)
        self._version, self._entries = -1, (np.empty(0), np.empty(0))

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

    def _ownership(self, ghosts):
        """The PETSc star forest of ghosts and the processes and places where they are owned."""
        ranges = np.asarray(self.operators.stiffness.getOwnershipRanges())
        ranks = np.searchsorted(ranges, ghosts, side="right") - 1
        places = np.column_stack([ranks, ghosts - ranges[ranks]]).astype(PETSc.IntType)
        forest = PETSc.SF().create(self.operators.mesh.comm)
        forest.setGraph(self.operators.mesh.owned, None, places.ravel())
        return forest

    def first_neighbours(self, count: int) -> Nodes:
        """The first neighbour of every owned node, or itself, so many times each."""
        return np.repeat(self._column[self._first[:-1]], count)

    @functools.cached_property
    def pattern(self) -> tuple[Nodes, Nodes]:
        """Pointers and global columns of the rows."""
        return self.operators.stiffness.getValuesCSR()[:2]

    @property
    def entries(self) -> tuple[Array, Array]:
        """Entries of stiffness and mass, row by row, as they are now."""
        if self._version != self.operators.version:
            stiffness, mass = self.operators.stiffness, self.operators.mass
            self._entries = stiffness.getValuesCSR()[2], mass.getValuesCSR()[2]
            self._version = self.operators.version
        return self._entries

    def exchange(self, values: Array) -> None:
        """Take over what stands at ghosts from where they are owned, in place, by one message.

        Args:
            values: of owned nodes, then of ghosts; shape (local nodes, values of each).
        """
        if self.operators.mesh.comm.size == 1:
            return
        here, there = np.split(values, [self.operators.mesh.owned])
        arguments = _doubles(values.shape[1]), here, there, MPI.REPLACE
        self._forest.bcastBegin(*arguments)
        self._forest.bcastEnd(*arguments)

    def with_ghosts(self, values: Array, buffer: str | None = None) -> Array:
        """Values of owned nodes, then of ghosts; `values` itself on one process.

        Args:
            values: at owned nodes.
            buffer: name of an array that the next call with this name may overwrite; None for a
                new one.
        """
        return self.all_with_ghosts([values], buffer)[0]

    def all_with_ghosts(self, arrays: Sequence[Array], buffer: str | None = None) -> list[Array]:
        """As `with_ghosts`, of several arrays by one message."""
        if self.operators.mesh.comm.size == 1:
            return list(arrays)
        together = self._buffer(f"{len(arrays)}", (self.local, len(arrays)))
        for k, values in enumerate(arrays):
            together[: len(values), k] = values
        self.exchange(together)
        out = self._buffer(buffer, together.shape[::-1])
        out[:] = together.T
        return list(out)

    def _buffer(self, name, shape):
        if name is None:
            return np.empty(shape)
        if name not in self._buffers:
            self._buffers[name] = np.empty(shape)
        return self._buffers[name]

    def out_of_range(self, moves: Sequence[Move]) -> list[tuple[bool, bool]]:
        """Whether any owned node but the fixed ones is out of range; asks all processes.

        Returns:
            For each move: that, and whether an owned node of this process is below zero.
        """
        seen = self.all_with_ghosts([x for move in moves for x in move[:4]], f"{len(moves)} moves")
        found = [self._count(move, *seen[4 * k : 4 * k + 4]) for k, move in enumerate(moves)]
        counts = np.array([count for count, _ in found])
        if self.operators.mesh.comm.size > 1:
            self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, counts, MPI.SUM)
        return [(bool(n), below) for n, (_, below) in zip(counts, found, strict=True)]

    def _count(self, move, *seen):
        """How many nodes are out of range, and whether any is below zero."""
        arguments = TOLERANCE, move.excuse, self._found, self._vanishing
        count = self.call("out_of_range", *seen, *arguments)
        if count and len(move.fixed):
            count = np.count_nonzero(~np.isin(self._found[:count], move.fixed))
        return count, bool(self._vanishing[0])

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the limiter's text with the rows and further arguments."""
        return self.over_rows(self._functions[name], *arguments)

    def over_rows(self, function: Any, *arguments: Any) -> Any:
        """Call a compiled function with the rows and further arguments."""
        return function(self.operators.mesh.owned, self._first, self._column, *arguments)


@functools.cache
def _doubles(count):
    """The MPI type of so many doubles."""
    return MPI.DOUBLE.Create_contiguous(count).Commit()

"""The rows of the matrices with local columns: what every node sees of its neighbours."""

import functools
import operator
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from ecs_model.native import MPI, PETSc

import numpy as np

from ecs_model.membrane.c_function import addresses, c_function
from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.limiter_kernel import FUNCTIONS, TEXT
from ecs_model.transport.matrices import Matrices

NOTHING = np.empty((0, 0))
SEEN = 4  # numbers of a Move that are looked at of each node, and of its neighbours
TOLERANCE = 1e-12  # [mM], and as a share of the concentration: what round-off may do


class Move(NamedTuple):
    """A step of an ion, as the limiter looks at it; arrays of owned nodes.

    Attributes:
        low, high: the least and the most that each node may come to by itself [mM].
        start: concentrations before the step [mM].
        change: what it adds [mM].
        is_fixed: 1 at nodes that do not count, as their concentration is given.
        excuse: two places per node, for use from step to step.
        suspects: places for as many nodes as there are.
    """

    low: Array
    high: Array
    start: Array
    change: Array
    is_fixed: Nodes
    excuse: Nodes
    suspects: Nodes


class Look(NamedTuple):
    """What a look at a step of an ion found.

    Attributes:
        left: whether a node is out of range, on any process.
        below: whether an owned node of this process is below zero.
        suspects: first of all, owned nodes that lie beyond what they and all around may come to by
            themselves: out of range, unless they follow from neighbours that are beyond, too.
        many: how many these are.
        seen: `low`, `high`, `start` and `change` of the Move, also of ghosts, where any is left.
    """

    left: bool
    below: bool
    suspects: Nodes
    many: int
    seen: Sequence[Array]


class Neighbours:
    """The rows of the matrices of a tissue with local columns: owned nodes, then ghosts.

    Args:
        operators: matrices of the tissue.

    Attributes:
        local: number of owned nodes and ghosts.
    """

    def __init__(self, operators: Matrices) -> None:
        self.operators, self._owned = operators, operators.mesh.owned
        self._comm, self._is_alone = operators.mesh.comm, operators.mesh.comm.size == 1
        self._functions = {name: c_function(TEXT, f"ecs_{name}") for name in FUNCTIONS}
        self._first, self._column, ghosts = self._local_rows()
        self.local, self._ghosts = self._owned + len(ghosts), ghosts
        self._buffers: dict[str, Any] = {}
        self._tables: dict[int, tuple[Any, Any, Any]] = {}  # of so many moves: arrays, and places
        self._add_ghost_rows()
        self._forest = self._ownership(ghosts)
        self._wanted, self._few = self._halo()

    def _local_rows(self):
        """Pointers and local columns of the owned rows, and the global numbers of the ghosts."""
        operators, owned = self.operators.at_rest, self.operators.mesh.owned
        pointers, columns = operators.pattern
        if self._is_alone:
            return pointers, columns, np.empty(0, columns.dtype)
        start, end = operators.stiffness.getOwnershipRange()
        far = (columns < start) | (columns >= end)
        ghosts, places = np.unique(columns[far], return_inverse=True)
        local = columns.astype(np.int64) - start
        local[far] = owned + places
        return pointers.astype(np.int32), local.astype(np.int32), ghosts

    def _add_ghost_rows(self):
        """Add rows of ghosts, with the owned nodes beside them."""
        counts, owned = np.diff(self._first), self.operators.mesh.owned
        if self.local == owned:
            return
        far = self._column >= owned
        ghosts, beside = self._column[far], np.repeat(np.arange(owned), counts)[far]
        sizes = np.bincount(ghosts - owned, minlength=self.local - owned)
        ends = self._first[-1] + np.cumsum(sizes)
        self._first = np.concatenate([self._first, ends]).astype(np.int32)
        beside = beside[np.argsort(ghosts, kind="stable")]
        self._column = np.concatenate([self._column, beside]).astype(np.int32)

    def _ownership(self, ghosts):
        """The PETSc star forest of ghosts and the processes and places where they are owned."""
        ranges = np.asarray(self.operators.at_rest.stiffness.getOwnershipRanges())
        ranks = np.searchsorted(ranges, ghosts, side="right") - 1
        places = np.column_stack([ranks, ghosts - ranges[ranks]]).astype(PETSc.IntType)
        forest = PETSc.SF().create(self.operators.mesh.comm)
        forest.setGraph(self.operators.mesh.owned, None, places.ravel())
        return forest

    def _halo(self):
        """The owned nodes that are ghosts elsewhere, and the star forest from these alone."""
        is_wanted = np.zeros(self.operators.mesh.owned, np.int32)
        ghosts = np.ones(self.local - len(is_wanted), np.int32)
        self._forest.reduceBegin(MPI.INT32_T, ghosts, is_wanted, MPI.REPLACE)
        self._forest.reduceEnd(MPI.INT32_T, ghosts, is_wanted, MPI.REPLACE)
        wanted, ranks = np.flatnonzero(is_wanted), self._forest.getGraph()[2][:, 0]
        is_wanted[wanted] = np.arange(len(wanted))
        self._forest.bcastBegin(MPI.INT32_T, is_wanted, ghosts, MPI.REPLACE)
        self._forest.bcastEnd(MPI.INT32_T, is_wanted, ghosts, MPI.REPLACE)
        forest = PETSc.SF().create(self.operators.mesh.comm)
        places = np.column_stack([ranks, ghosts]).astype(PETSc.IntType)
        forest.setGraph(len(wanted), None, places.ravel())
        return wanted, forest

    def first_neighbours(self, count: int) -> Nodes:
        """The first neighbour of every owned node, or itself, so many times each."""
        owned = self.operators.mesh.owned
        return np.repeat(self._column[self._first[:owned]], count)

    @property
    def pattern(self) -> tuple[Nodes, Nodes]:
        """Pointers and global columns of the owned rows; made anew on several processes."""
        if self._is_alone:
            return self.operators.at_rest.pattern
        start, _ = self.operators.at_rest.stiffness.getOwnershipRange()
        numbers = np.concatenate([np.arange(start, start + self._owned), self._ghosts])
        first = self._first[: self._owned + 1]
        return first, numbers.astype(PETSc.IntType)[self._column[: first[-1]]]

    @property
    def entries(self) -> tuple[Array, ...]:
        """Entries of stiffness and mass, row by row, as they are now."""
        return self.operators.entries

    def exchange(self, values: Array) -> None:
        """Take over what stands at ghosts from where they are owned, in place, by one message.

        Args:
            values: of owned nodes, then of ghosts; shape (local nodes, values of each).
        """
        if self._is_alone:
            return
        here, there = np.split(values, [self._owned])
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
        return self._joined(arrays, self.of_ghosts(arrays), buffer)

    def _joined(self, arrays, far, buffer):
        """Arrays of owned nodes, and then of ghosts as `of_ghosts` gives them."""
        if self._is_alone:
            return list(arrays)
        out = self.buffer(buffer, (len(arrays), self.local))
        for row, values in zip(out, arrays, strict=True):
            row[: self._owned] = values
        out[:, self._owned :] = far.T
        return list(out)

    def of_ghosts(self, arrays: Sequence[Any]) -> Array:
        """Of each ghost the numbers of all arrays, by one message; overwritten the next time.

        Shape (ghosts, arrays); of nothing on one process.
        """
        if self._is_alone:
            return NOTHING
        count = len(arrays)
        there = self.buffer(f"{count} of others", (self.local - self._owned, count))
        here = self.buffer(f"{count} for others", (len(self._wanted), count))
        for k, values in enumerate(arrays):
            here[:, k] = values[self._wanted]
        self._few.bcastBegin(_doubles(count), here, there, MPI.REPLACE)
        self._few.bcastEnd(_doubles(count), here, there, MPI.REPLACE)
        return there

    def buffer(self, name: str | None, shape: tuple[int, ...], dtype: Any = float) -> Any:
        """An array of this name, the same each time, zero at first; a new one without a name."""
        if name is None:
            return np.empty(shape, dtype)
        if name not in self._buffers:
            self._buffers[name] = np.zeros(shape, dtype)
        return self._buffers[name]

    def look(self, moves: Sequence[Move]) -> list[Look]:
        """Look for nodes out of range in steps of several ions; asks all processes."""
        numbers = [x for move in moves for x in move[:SEEN]]
        far = self.of_ghosts(numbers)
        found = self._found(moves, far)
        left = found[:, 0]
        if not self._is_alone:
            left = left.copy()
            self._comm.Allreduce(MPI.IN_PLACE, left, MPI.SUM)
        looks = []
        for k, (any_, (_, many, below)) in enumerate(zip(left, found.tolist(), strict=True)):
            move, own = moves[k], far[:, SEEN * k : SEEN * (k + 1)]
            seen = self._joined(move[:SEEN], own, f"{k} of {len(moves)} moves") if any_ else ()
            looks.append(Look(bool(any_), below > 0, move.suspects, many, seen))
        return looks

    def _found(self, moves, far):
        """Of each move, nodes out of range, suspects and nodes below zero of this process."""
        arrays = [far, *chain.from_iterable(moves)]
        noted, table, found = self._tables.get(len(moves), ((), None, None))
        if len(noted) != len(arrays) or not all(map(operator.is_, arrays, noted)):
            table, found = _table(moves, far), np.zeros((len(moves), 3), np.int64)
            self._tables[len(moves)] = arrays, table, found
        self.call("look", len(moves), table, TOLERANCE, found)
        return found

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the limiter's text with the rows and further arguments."""
        return self._functions[name](self._owned, self._first, self._column, *arguments)

    def over_rows(self, function: Any, *arguments: Any) -> Any:
        """Call a compiled function with the rows and further arguments."""
        return function(self._owned, self._first, self._column, *arguments)


def _table(moves, far):
    """Where the arrays of moves lie, and what is of their ghosts; a row for each, as C reads it."""
    (begin,), stride = addresses([far]), SEEN * len(moves)
    starts = [begin + SEEN * k * far.itemsize for k in range(len(moves))]
    rows = zip(moves, starts, strict=True)
    return np.array([[*addresses(move), start, stride] for move, start in rows], np.uintp)


@functools.cache
def _doubles(count):
    """The MPI type of so many doubles."""
    return MPI.DOUBLE.Create_contiguous(count).Commit()

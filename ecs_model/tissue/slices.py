"""Input order over all processes: each holds a contiguous slice of every array, none the whole.

What leaves the program or enters it is in the order of the input; nodes and cells lie where the
partitioner has put them. A PETSc star forest moves values between the two, from process to process,
one array at a time.
"""

import contextlib

from ecs_model.native import MPI, PETSc

import numpy as np
import numpy.typing as npt

from ecs_model.parallel import bounds, exchanged, flat, in_chunks

FEW = 0.25  # of all rows: beyond it a star forest takes less time than to sort them


class Slices:
    """The slice of each process, and the way between the slices and what a process holds.

    Args:
        comm: MPI communicator.
        count: rows in all.
        items: number, in input order, of every row that this process holds: its own, then ghosts.
        owned: how many of them are its own; every row has one owner.
        align: slices begin at multiples of it.
        rare: they are seldom used, so that the way is not kept, which takes 40 bytes a row, and its
            buffers as much as was moved.

    Attributes:
        comm: MPI communicator.
        count: rows in all.
        bounds: where the slices of all processes begin and, last, end.
        low, high: of this process.
    """

    def __init__(
        self,
        comm,
        count: int,
        items: npt.ArrayLike,
        owned: int,
        align: int = 1,
        rare: bool = False,
    ):
        self.comm, self.count, self._align, self._rare = comm, count, align, rare
        self.bounds = bounds(count, comm.size, align)
        self.low, self.high = map(int, self.bounds[comm.rank : comm.rank + 2])
        self._items = np.array(items, np.int32 if count < 2**31 else np.int64)
        self._owned, self._local = owned, len(self._items)
        self._has_ghosts = comm.allreduce(self._local - owned) > 0
        self._kept: dict[bool, PETSc.SF] = {}

    def holding(self, items: npt.ArrayLike) -> "Slices":
        """The same slices for processes that hold these rows, each of as many as like."""
        items = np.asarray(items, np.int64)
        return Slices(self.comm, self.count, items, len(items), self._align)

    @contextlib.contextmanager
    def _way(self, with_ghosts):
        """The star forest between the slices and what is held, with or without ghosts."""
        with_ghosts = with_ghosts and self._has_ghosts
        way = self._kept.get(with_ghosts)
        if way is None:
            way = self._forest(self._items if with_ghosts else self._items[: self._owned])
        if not self._rare:
            self._kept[with_ghosts] = way
        yield way
        if self._rare:
            way.destroy()

    def _forest(self, items):
        """Roots are the rows of slices, leaves those that a process holds."""
        remote = np.empty((len(items), 2), PETSc.IntType)
        for some, place in zip(in_chunks(items), in_chunks(remote), strict=True):
            place[:, 0] = np.searchsorted(self.bounds, some, side="right") - 1
            place[:, 1] = some - self.bounds[place[:, 0]]
        forest = PETSc.SF().create(self.comm)
        forest.setGraph(self.high - self.low, None, remote.ravel())
        forest.setUp()
        return forest

    def to_slice(self, values: np.ndarray) -> np.ndarray:
        """This process's slice of an array; collective.

        Args:
            values: of the rows that this process owns, shape (owned, ...).

        Raises:
            ValueError: if there are not as many.
        """
        values = _rows(values, self._owned)
        result = np.empty((self.high - self.low, *values.shape[1:]), values.dtype)
        if self.comm.size == 1:
            result[self._items[: self._owned]] = values
            return result
        with _Unit(values) as unit, self._way(with_ghosts=False) as way:
            way.reduceBegin(unit, flat(values), flat(result), MPI.REPLACE)
            way.reduceEnd(unit, flat(values), flat(result), MPI.REPLACE)
        return result

    def few_to_slice(self, values: np.ndarray) -> np.ndarray:
        """As `to_slice`, of numbers most of which are nan: only the others travel; collective."""
        there = np.flatnonzero(~np.isnan(_rows(values, self._owned)))
        if self.comm.allreduce(len(there)) > FEW * self.count or self.comm.size == 1:
            return self.to_slice(values)
        there = there[np.argsort(self._items[there], kind="stable")]
        numbers = self._items[there]
        going = np.diff(np.searchsorted(numbers, self.bounds))
        places, _ = exchanged(self.comm, numbers, going)
        found, _ = exchanged(self.comm, values[there], going)
        result = np.full(self.high - self.low, np.nan, values.dtype)
        result[places - self.low] = found
        return result

    def to_local(self, values: np.ndarray) -> np.ndarray:
        """What this process holds of an array, ghosts last, shape (local, ...); collective.

        Args:
            values: this process's slice, shape (high - low, ...).

        Raises:
            ValueError: if it is not as long.
        """
        values = _rows(values, self.high - self.low)
        if self.comm.size == 1:
            return values[self._items]
        result = np.empty((self._local, *values.shape[1:]), values.dtype)
        with _Unit(values) as unit, self._way(with_ghosts=True) as way:
            way.bcastBegin(unit, flat(values), flat(result), MPI.REPLACE)
            way.bcastEnd(unit, flat(values), flat(result), MPI.REPLACE)
        return result

    def to_owned(self, values: np.ndarray) -> np.ndarray:
        """The rows of an array that this process owns; otherwise as `to_local`."""
        return self.to_local(values)[: self._owned]

    def add_to_slice(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Sums, over all that hold a row, of their values, for the rows of this slice; collective.

        Args:
            values: one for every row that this process holds, shape (local,).
        """
        values = _rows(values, self._local)
        result = np.zeros(self.high - self.low)
        with self._way(with_ghosts=True) as way:
            way.reduceBegin(MPI.DOUBLE, values, result, MPI.SUM)
            way.reduceEnd(MPI.DOUBLE, values, result, MPI.SUM)
        return result

    def of_slice(self, lists: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The lists of all processes whose first number is a row of this slice; collective.

        Args:
            lists: of row numbers, shape (lists, numbers).
        """
        owner = np.searchsorted(self.bounds, lists[:, 0], side="right") - 1
        going = np.bincount(owner, minlength=self.comm.size)
        ordered = lists[np.argsort(owner, kind="stable")]
        return exchanged(self.comm, ordered.astype(np.int64, copy=False), going)[0]


class _Unit:
    """The MPI type of a row; within a block, as it has to be freed."""

    def __init__(self, values):
        width = int(np.prod(values.shape[1:])) * values.itemsize
        self._type = MPI.BYTE.Create_contiguous(width).Commit()

    def __enter__(self):
        return self._type

    def __exit__(self, *about):
        self._type.Free()


def _rows(values, count):
    values = np.ascontiguousarray(values)
    if len(values) != count:
        raise ValueError(f"{len(values)} rows, not {count}")
    return values

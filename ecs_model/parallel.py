"""Starting MPI, DOLFINx and PETSc, failing together, and arrays that lie in slices.

An exception on one process leaves the others waiting for ever, so everything that can fail on some
of them goes through `together` or `on_root`: all processes raise, or none does.
"""

import sys
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ecs_model import launcher
from ecs_model.errors import EcsModelError
from ecs_model.limits import MET

CHUNK = 2**16  # rows of an array that are stored together; slices begin at multiples of it


def start():
    """MPI.COMM_WORLD, with DOLFINx and PETSc ready; ConfigError says what is missing or wrong."""
    launcher.check_before_mpi()
    from ecs_model.native import MPI

    comm = MPI.COMM_WORLD
    library = " ".join(MPI.Get_library_version().split("\n")[0].strip("\0").split())
    launcher.check_size(comm.size, library)
    if comm.size > 1:
        sys.excepthook = _abort_hook(comm)
    return comm


def _abort_hook(comm):
    def hook(kind, error, trace):
        sys.stdout.flush()
        lines = "".join(traceback.format_exception(kind, error, trace)).splitlines()
        print("\n".join(f"[process {comm.rank}] {x}" for x in lines), file=sys.stderr, flush=True)
        comm.Abort(1)

    return hook


class Team:
    """What the processes of a communicator agree on."""

    def __init__(self, comm):
        self._comm = comm

    def highest(self, values):
        """The highest of each of some numbers over all processes."""
        result = np.array(values, float)
        if self._comm.size > 1:
            from ecs_model.native import MPI

            self._comm.Allreduce(MPI.IN_PLACE, result, MPI.MAX)
        return result

    def first(self, text):
        """The first text that is not empty, of all processes; empty if there is none."""
        return next(filter(None, self._comm.allgather(text)), "")

    def median(self, values):
        """The median of the values of all processes; nan without any.

        Exact, without bringing the values together: a process only counts its own.
        """
        values = np.sort(values)
        (count,) = self._sum([len(values)])
        if not count:
            return float("nan")
        return (self._smallest(values, (count - 1) // 2) + self._smallest(values, count // 2)) / 2

    def _smallest(self, values, k):
        """The value that k others are not above, counted from 0; by halving between the ends."""
        ends = [-values[0], values[-1]] if len(values) else [-np.inf, -np.inf]
        low, high = self.highest(ends) * (-1, 1)
        while low < (middle := low + (high - low) / 2) < high:
            (below,) = self._sum([np.searchsorted(values, middle, side="right")])
            low, high = (low, middle) if below > k else (middle, high)
        (below,) = self._sum([np.searchsorted(values, low, side="right")])
        return low if below > k else high

    def _sum(self, counts):
        """Sums of whole numbers over all processes."""
        from ecs_model.native import MPI

        result = np.array(counts, np.int64)
        self._comm.Allreduce(MPI.IN_PLACE, result)
        return result

    def add(self, numbers):
        """The sums over all processes of each of some numbers."""
        from ecs_model.native import MPI

        result = np.array(numbers, float)
        self._comm.Allreduce(MPI.IN_PLACE, result)
        return result

    def reached_by(self, fraction, values, weights):
        """The value that at least a share of the weight of all processes reaches.

        Exact, as `detectors.reached_by` of all of them, without bringing the values together: by
        halving between the ends.

        Args:
            fraction: the share, 0 to 1.
            values: of this process.
            weights: of them.
        """
        order = np.argsort(values)
        ordered = values[order]
        covered = np.concatenate([[0.0], np.cumsum(weights[order[::-1]])])
        whole = self.add([covered[-1]])

        def is_enough(level):
            return (
                self.add([covered[len(values) - np.searchsorted(ordered, level)]]) / whole
                >= fraction - MET
            )

        finite = values[np.isfinite(values)]
        lowest, low, high = self.highest(
            [-values.min(initial=np.inf), -finite.min(initial=np.inf), finite.max(initial=-np.inf)]
        ) * (-1, -1, 1)
        if is_enough(high):
            return float(high)
        if not low < high or not is_enough(low):
            return float(lowest)
        while low < (middle := low + (high - low) / 2) < high:
            low, high = (middle, high) if is_enough(middle) else (low, middle)
        return float(low)


def together(comm, work, /, *arguments, **named):
    """What `work` makes of its arguments on every process; an error on one is raised on all.

    Of several errors it is the first. Only for errors a user can mend; anything else is a bug and
    ends the run at once. Arguments are those of `on_root`.
    """
    result = error = None
    try:
        result = work(*arguments, **named)
    except EcsModelError as caught:
        error = caught
    errors = [error] if comm.size == 1 else comm.allgather(error)
    first = next((e for e in errors if e is not None), None)
    if first is not None:
        raise first
    return result


def on_root(comm, work, /, *arguments, **named):
    """What `work` makes of its arguments on rank 0, on all; a user's error is raised on all.

    Args:
        comm: MPI communicator.
        work: function.
        arguments: of it.
        named: arguments of it.

    Raises:
        EcsModelError: on all processes, what it raised.
    """
    result = error = None
    if comm.rank == 0:
        try:
            result = work(*arguments, **named)
        except EcsModelError as caught:
            error = caught
    if comm.size > 1:
        result, error = comm.bcast((result, error), root=0)
    if error is not None:
        raise error
    return result


def root_does(comm, work, /, *arguments, **named):
    """Let rank 0 do some work, without handing its result round; arguments as for `on_root`."""
    kept_on_root(comm, work, *arguments, **named)


def kept_on_root(comm, work, /, *arguments, **named):
    """What `work` makes of its arguments on rank 0, None elsewhere; arguments as for `on_root`."""
    kept = []

    def keep():
        kept.append(work(*arguments, **named))

    on_root(comm, keep)
    return kept[0] if kept else None


class Alone:
    """The communicator of one process that needs no MPI."""

    rank, size = 0, 1

    def bcast(self, value: Any, root: int = 0) -> Any:
        """The value itself."""
        return value

    def allgather(self, value: Any) -> list:
        """The value, in a list."""
        return [value]

    gather = allgather


def bounds(count: int, size: int, align: int = 1) -> npt.NDArray[np.int64]:
    """Where the slices of `size` processes begin and, last, end: shape (size + 1,).

    Args:
        count: rows in all.
        size: number of processes.
        align: slices begin at multiples of it.
    """
    blocks = -(-count // align)
    return np.minimum(np.arange(size + 1, dtype=np.int64) * blocks // size * align, count)


def flat(values: np.ndarray) -> np.ndarray:
    """The bytes of a contiguous array, in place, as MPI takes them."""
    return values.reshape(-1).view(np.uint8)


def scattered(comm, values: np.ndarray | None, align: int = 1) -> np.ndarray:
    """This process's slice of an array that rank 0 holds, sent one slice at a time; collective.

    Args:
        comm: MPI communicator.
        values: shape (rows, ...) on rank 0, None elsewhere.
        align: slices begin at multiples of it.
    """
    shape, kind = comm.bcast(None if values is None else (values.shape, values.dtype.str))
    ends = bounds(shape[0], comm.size, align)
    if values is not None:
        for rank in range(1, comm.size):
            comm.Send(flat(np.ascontiguousarray(values[ends[rank] : ends[rank + 1]])), rank)
        return values[: ends[1]].copy()
    result = np.empty((ends[comm.rank + 1] - ends[comm.rank], *shape[1:]), kind)
    comm.Recv(flat(result), 0)
    return result


def exchanged(comm, rows: np.ndarray, going: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows that all processes send to this one, in their order, and how many each; collective.

    Args:
        comm: MPI communicator.
        rows: what this process sends, for the first process first.
        going: how many of them go to each process.
    """
    from ecs_model.native import MPI

    going = np.ascontiguousarray(going, np.int64)
    coming = np.empty_like(going)
    comm.Alltoall(going, coming)
    result = np.empty((coming.sum(), *rows.shape[1:]), rows.dtype)
    width = int(np.prod(rows.shape[1:])) * rows.itemsize
    unit = MPI.BYTE.Create_contiguous(width).Commit()
    comm.Alltoallv(
        [flat(np.ascontiguousarray(rows)), (going, _starts(going)), unit],
        [flat(result), (coming, _starts(coming)), unit],
    )
    unit.Free()
    return result, coming


def _starts(counts):
    return np.concatenate([[0], np.cumsum(counts)[:-1]])


def in_chunks(values: np.ndarray) -> list[np.ndarray]:
    """The rows of an array in parts of CHUNK."""
    return [values[k : k + CHUNK] for k in range(0, len(values), CHUNK)]


def taken_by_root(comm, parts: list[np.ndarray]) -> Iterator[np.ndarray]:
    """On rank 0 the arrays of all processes, one after the other; nothing elsewhere; collective.

    Rank 0 holds one of the others' at a time. It has to take all of them.

    Args:
        comm: MPI communicator.
        parts: this process's arrays, not very large.
    """
    coming = comm.gather([(part.shape, part.dtype.str) for part in parts])
    if comm.rank:
        for part in parts:
            comm.Send(flat(np.ascontiguousarray(part)), 0)
        return
    yield from parts
    for rank in range(1, comm.size):
        for shape, kind in coming[rank]:
            there = np.empty(shape, kind)
            comm.Recv(flat(there), rank)
            yield there

"""Starting MPI, DOLFINx and PETSc, and failing together.

An exception on one process leaves the others waiting for ever, so everything that can fail on some
of them goes through `together` or `on_root`: all processes raise, or none does.
"""

import sys
import traceback

import numpy as np

from ecs_model import launcher
from ecs_model.errors import EcsModelError


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
        from ecs_model.native import MPI

        result = np.array(values, float)
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
    first = next((e for e in comm.allgather(error) if e is not None), None)
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

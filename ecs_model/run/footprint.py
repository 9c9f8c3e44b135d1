"""Memory that processes have needed so far, and that of their machines."""

import os
import resource
from pathlib import Path
from typing import NamedTuple

from ecs_model.parallel import Team
from ecs_model.run.words import size


class Footprint(NamedTuple):
    """The highest memory so far, of all processes.

    Attributes:
        root: of rank 0 [bytes].
        others: the most of any other process [bytes]; that of rank 0 if there is none.
        together: the most of all processes of a machine together [bytes].
        room: the least memory that a machine has [bytes].
        cores: of this machine.
    """

    root: float
    others: float
    together: float
    room: float
    cores: int

    def __str__(self):
        """The numbers in words."""
        others = f", at most {size(self.others)} on each other process" if self.several else ""
        return (
            f"{size(self.root)} on rank 0{others}; {size(self.together)} of the "
            f"{size(self.room)} of a machine"
        )

    @property
    def several(self):
        """Whether there are other processes than rank 0."""
        return self.together > self.root


def peak():
    """The most bytes that this process has needed so far."""
    try:  # what getrusage says begins with the memory of the program that started this one
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(x.split()[1]) for x in lines if x.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def footprint(comm):
    """The Footprint of all processes; collective."""
    from ecs_model.native import MPI  # only here it is needed

    mine = peak()
    beside = comm.Split_type(MPI.COMM_TYPE_SHARED)
    together = beside.allreduce(mine)
    beside.Free()
    room = memory_here()
    root = comm.bcast(mine)
    others, together, least = Team(comm).highest([comm.rank and mine, together, -room])
    return Footprint(
        root, float(others) or root, float(together), -float(least), os.cpu_count() or 1
    )


def memory_of_machines(comm):
    """Bytes of memory of all machines together; collective."""
    from ecs_model.native import MPI

    beside = comm.Split_type(MPI.COMM_TYPE_SHARED)
    share = memory_here() / beside.size
    beside.Free()
    return comm.allreduce(share)


def memory_here() -> float:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

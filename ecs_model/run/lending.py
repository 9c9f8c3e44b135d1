"""Membrane work shared by processes: who has more than the mean has others advance some of it.

A front of spreading depolarization is somewhere, and its nodes take many sub-steps while all others
take one. So before membranes advance, processes tell each other how much work they expect, which is
what they had in the call before; those above the mean send their busiest blocks of nodes to those
below and get them back advanced. Nothing else moves: nodes, their matrices and files stay with
their process, and a block computes the same wherever it is: what is lent changes no result.

Sending takes time, too: 60 us for the messages of a call and 0.05 us for each array of a block, on
two cores of one machine (`docs/benchmarks.md`). Where less can be won, everybody does its own. What
a block-step takes is known from the length of its text, so that loans do not follow the clock.
"""

from ecs_model.native import MPI

import numpy as np

from ecs_model.membrane.loans import BESIDE, Parcels, chosen, loans
from ecs_model.membrane.solver import Reaction

THERE, BACK, FIRED = 71, 72, 73  # tags of messages
EVENT = 3  # numbers
WORTH = 0.5e-3  # s that the slowest process must win in a call
FARE = 0.1e-6  # s to send one array of a block there and back
STATEMENT = 1e-9  # s that each statement of a block-step takes


class Lending:
    """What has other processes advance a part of the blocks of a Reaction; collective.

    Args:
        comm: MPI communicator, of two processes or more.
        reaction: the membranes of this process.
        always: lend wherever work is uneven, not only where that saves time.

    Attributes:
        worked: block-steps that were made on this process so far, for whomever.
    """

    def __init__(self, comm, reaction: Reaction, always: bool = False):
        self._comm, self._reaction, self._always = comm, reaction, always
        self._expected, self._every = np.zeros(1), np.zeros(comm.size)
        self._memories: list[np.ndarray] = []
        self._parcels, self._trace = Parcels(reaction), reaction.trace
        self._price = STATEMENT * reaction.step.statements  # s of a block-step
        self.worked = 0

    def advance(self, start: float, duration: float) -> int:
        """Advance the blocks of all processes, each where there is time for it.

        Args:
            start: time at which it begins [s].
            duration: how far [s].

        Returns:
            int: sub-steps of the blocks of this process, or -1 - (a node) where one failed.
        """
        if self._reaction.trace is not self._trace:
            self._parcels, self._trace = Parcels(self._reaction), self._reaction.trace
        amounts = self._agreed(self._expects())
        lent, taken = self._lend(amounts), self._take(amounts)
        done = self._reaction.advance_here(start, duration)
        self.worked += max(done, 0)
        sent = [x for rank, parcel in taken for x in self._serve(rank, parcel, start, duration)]
        every = [done, *[self._get_back(*loan) for loan in lent]]
        MPI.Request.Waitall(sent)
        return min(every) if min(every) < 0 else sum(every)

    def stand_by(self) -> None:
        """Take part in what `advance` of the others agrees on; nothing is lent or borrowed."""
        self._agreed(np.nan)

    def _expects(self):
        """Work that the blocks of this process will probably have [block-steps]."""
        counts = self._reaction.counts
        return counts.sum() + BESIDE * len(counts)

    def _agreed(self, expected):
        """What is lent to and borrowed from each process [block-steps]."""
        self._expected[0] = expected
        self._comm.Allgather(self._expected, self._every)
        return loans(self._every, self._comm.rank, 0.0 if self._always else WORTH / self._price)

    def _lend(self, amounts):
        """Send blocks away: triples of a process, its blocks and their Parcel."""
        to = np.flatnonzero(amounts > 0.0)
        if not len(to):
            return []
        work = self._reaction.counts[: self._parcels.whole] + BESIDE
        fare = 0.0 if self._always else FARE * self._parcels.width / self._price
        shares = chosen(work, amounts[to], fare)
        lent = [
            (rank, blocks, self._packed(k, blocks))
            for k, (rank, blocks) in enumerate(zip(to, shares, strict=True))
        ]
        MPI.Request.Waitall([self._comm.Isend(p.memory, rank, THERE) for rank, _, p in lent])
        return lent

    def _packed(self, k, blocks):
        parcel = self._parcels.parcel(self._memory(k, self._parcels.room(len(blocks))), len(blocks))
        self._parcels.pack(blocks, parcel)
        return parcel

    def _take(self, amounts):
        """What others send: pairs of a process and its Parcel."""
        lenders = np.flatnonzero(amounts < 0.0)
        return [(rank, self._received(k, rank)) for k, rank in enumerate(lenders)]

    def _received(self, k, rank):
        room = self._coming(rank, THERE)
        parcel = self._parcels.parcel(self._memory(k, room), self._parcels.blocks_in(room))
        self._comm.Recv(parcel.memory, rank, THERE)
        return parcel

    def _coming(self, rank, tag):
        """Numbers in the message that comes next from a process."""
        status = MPI.Status()
        self._comm.Probe(rank, tag, status)
        return status.Get_count(MPI.DOUBLE)

    def _serve(self, rank, parcel, start, duration):
        """Advance blocks of another process and send them back; the requests."""
        self.worked += max(self._parcels.advance(parcel, start, duration), 0)
        yield self._comm.Isend(parcel.changed, rank, BACK)
        if self._trace is not None:
            yield self._comm.Isend(self._trace.guests.events().copy(), rank, FIRED)

    def _get_back(self, rank, blocks, parcel):
        """Put blocks that were advanced elsewhere in their place; what `unpack` gives."""
        self._comm.Recv(parcel.changed, rank, BACK)
        if self._trace is not None:
            events = np.empty((self._coming(rank, FIRED) // EVENT, EVENT))
            self._comm.Recv(events, rank, FIRED)
            self._parcels.take_events(self._trace, blocks, events)
        return self._parcels.unpack(blocks, parcel)

    def _memory(self, k, room):
        """Memory for so many numbers, the same every time it is long enough."""
        if k == len(self._memories):
            self._memories.append(np.empty(0))
        if len(self._memories[k]) < room:
            self._memories[k] = np.empty(room + room // 2)
        return self._memories[k]

"""What a step put beyond the range of a node goes to its neighbours.

A node beyond the range in which it and its neighbours were when the step began has to come to a
level: the highest from which it could have come by diffusion, through neighbours that are higher
and higher (reconstruction by dilation, Vincent 1993, of what they may come to by themselves); below
likewise. What sticks out of that goes to the neighbours: as much as there is room for below the
level in proportion to the room, the rest in proportion to their volumes; then they are looked at,
until nothing sticks out. What one node gives another has, so that the ion is conserved. Levels,
room and shares are continuous, so that steps that hardly differ end in states that hardly differ.
Only nodes that stick out and their neighbours are touched.

References:
    Vincent (1993), IEEE Trans Image Process 2, 176.
    Zalesak (1979), J Comput Phys 31, 335: limits from what is around.
"""

from ecs_model.native import MPI

import numpy as np

from ecs_model.membrane.c_function import addresses, c_function
from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.neighbours import TOLERANCE, Look, Neighbours
from ecs_model.transport.spread_kernel import FUNCTIONS, TEXT

ROUNDS = 20  # in which what sticks out finds room nearby, or hardly any is left
TRIES = 3  # of as many rounds
NEXT_TO_NOTHING = 1e-4  # of how far others moved: what a solver leaves over and is shared likewise
STATE = 5  # numbers for each node, see the C text


class Redistribution:
    """Brings steps of one ion into their range.

    Args:
        rows: the Neighbours of the tissue.
        is_fixed: 1 at owned nodes whose concentration is given; must stay.
    """

    def __init__(self, rows: Neighbours, is_fixed: Nodes) -> None:
        owned = rows.operators.mesh.owned
        self._rows, self._comm = rows, rows.operators.mesh.comm
        self._functions = {name: c_function(TEXT, f"ecs_{name}") for name in FUNCTIONS}
        self._state = rows.buffer("state", (rows.local, STATE))
        self._gain = rows.buffer("gain", (owned,))
        self._is_listed = rows.buffer("is listed", (owned,), np.int8)
        found, queue = rows.buffer("found", (2, owned), np.int32)
        self._stay = is_fixed, self._state, self._gain, self._is_listed
        self._step = np.zeros(12, np.uintp)  # where all that is
        self._step[5:9] = addresses(self._stay)
        self._step[10:] = addresses([found, queue])
        self._length, self._counts = np.zeros(1, np.int64), np.zeros(2, np.int64)
        self._sums = np.zeros(3)

    def finds_room(self, look: Look) -> bool:
        """Whether all that sticks out finds room; asks all processes.

        If so, `take` is to follow.

        Args:
            look: at the step.
        """
        self._begin(look)
        for _ in range(TRIES):
            if self._finds_it_nearby():
                return True
            if not self._finds_it_elsewhere():
                break
        self._end(None)
        return False

    def _begin(self, look):
        """Let the compiled functions know where everything is, and list the suspects."""
        volume = self._rows.with_ghosts(self._rows.operators.lumped, "volumes")
        self._now = *look.seen, volume  # has to be there as long as the functions need it
        self._step[:5], self._step[9:10] = addresses(self._now), addresses([look.suspects])
        self._length[0] = look.many
        self._is_listed[look.suspects[: look.many]] = 1

    def _finds_it_nearby(self):
        """Let nodes give in rounds; whether none sticks out in the end."""
        if self._comm.size == 1:  # all in one call: small tissues would notice
            return bool(self._call("alone", TOLERANCE, ROUNDS, self._length))
        for k in range(ROUNDS + 1):
            found = self._call("beyond", TOLERANCE, int(self._length[0]))
            sticking = self._sticking(found)
            if not sticking or k == ROUNDS:
                break
            self._call("offers", found)
            self._rows.exchange(self._state)
            length = self._call("spread", self._rows.local, found, int(self._length[0]))
            self._length[0] = length
        return not sticking

    def _sticking(self, found):
        """Find levels; how many nodes stick out, on all processes."""
        self._counts[0] = 1
        while self._counts[0]:
            self._rows.exchange(self._state)
            self._call("levels", TOLERANCE, found, self._counts)
            self._comm.Allreduce(MPI.IN_PLACE, self._counts, MPI.SUM)
        return int(self._counts[1])

    def _finds_it_elsewhere(self):
        """Let all other nodes share what finds no room nearby; whether that is next to nothing."""
        excess, down, up = self._resting()
        if abs(excess) > NEXT_TO_NOTHING * (down if excess > 0.0 else up):
            return False
        shares = (excess / down, 0.0) if excess > 0.0 else (0.0, -excess / up if up else 0.0)
        self._settle(*shares)
        return True

    def _resting(self):
        """What sticks out, and how far all others, which are free, came down and up [mol]."""
        self._call("rest", self._sums)
        self._comm.Allreduce(MPI.IN_PLACE, self._sums, MPI.SUM)
        return self._sums

    def _settle(self, down, up):
        """Let what sticks out be gone, and others share it."""
        self._length[0] = self._call("settle", down, up, int(self._length[0]))

    def take(self, increment: Array, round_off: float) -> tuple[float, float]:
        """Change an increment so that nothing sticks out.

        Args:
            increment: of the step at owned nodes [mM]; changed in place.
            round_off: what may be below zero, and becomes zero [mM].

        Returns:
            What came and went, summed over this process's nodes [mol], and the largest change of a
            concentration [mM].
        """
        self._end(increment, round_off)
        return float(self._sums[0]), float(self._sums[1])

    def _end(self, increment, round_off=0.0):
        """Leave everything as it is between steps."""
        self._call("taken", int(self._length[0]), round_off, increment, self._sums)

    @property
    def kept(self) -> Array:
        """What comes to each owned node whose concentration is given [mol], before `take`."""
        return self._gain

    def _call(self, name, *arguments):
        return self._rows.over_rows(self._functions[name], self._step, *arguments)

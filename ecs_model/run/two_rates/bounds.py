"""The range of coarse steps, at the nodes where no fine ones follow."""

from collections.abc import Sequence

import numpy as np

from ecs_model.membrane.solver import Reaction
from ecs_model.physics.values import Array
from ecs_model.run.two_rates.zone import Coarse, Zone
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_limiter import FAR, NEAR, ROUND_OFF
from ecs_model.transport.neighbours import Look, Move, Neighbours
from ecs_model.transport.redistribution import Redistribution

ENOUGH = 1e-3  # of how far the zone moves: what is left for it


class Outside(Redistribution):
    """What finds no room nearby goes into a zone, which moves by itself.

    Attributes:
        left: for the zone, from the last step [mol].
        room: how much of that there may be [mol]; 0 where there is no zone.
    """

    left = room = 0.0

    def finds_room(self, look: Look) -> bool:
        """Whether all that sticks out finds room, as `Redistribution.finds_room`."""
        self.left = 0.0
        return super().finds_room(look)

    def _finds_it_elsewhere(self):
        if self.room == 0.0:
            return super()._finds_it_elsewhere()
        excess, *_ = self._resting()
        self.left += float(excess)
        if abs(self.left) > self.room:
            return False
        self._settle(0.0, 0.0)
        return True


class Bounds:
    """Keeps coarse steps within what the surroundings of every node allow.

    Args:
        reaction: the membranes.
        movers: the ions that move.
        rows: of the tissue.

    Attributes:
        kept: of each ion what comes to the nodes of the last zone that are advanced [mol]; None for
            nothing.
        left: what all of them together get [mol], of each ion.
    """

    def __init__(self, reaction: Reaction, movers: Sequence[Diffusion], rows: Neighbours) -> None:
        self._reaction = reaction
        self._rows, self._movers = rows, list(movers)
        nodes, count = rows.operators.mesh.owned, len(self._movers)
        self._fixed = np.zeros((count, nodes), np.int8)
        self._excuse = np.tile(rows.first_neighbours(2), (count, 1))
        self._suspects = np.zeros((count, nodes), np.int32)
        self._room = [Outside(rows, fixed) for fixed in self._fixed]
        self.kept: list[Array | None] = [None] * count
        self.left = [0.0] * count

    def hold(self, zone: Zone, coarse: Coarse) -> bool:
        """Change the increments, and concentrations, of a coarse step; whether that can be done.

        Args:
            zone: in which nothing counts, as fine steps follow.
            coarse: the step.
        """
        every = range(len(self._movers))
        looks = self._rows.look([self._move(k, zone, coarse) for k in every])
        self.kept, self.left = [None for _ in every], [0.0 for _ in every]
        left = [k for k in every if looks[k].left]
        return all(self._spread(k, looks[k], zone, coarse) for k in left)

    def _move(self, k, zone, coarse):
        mover, fixed = self._movers[k], self._fixed[k]
        fixed[:] = 0
        fixed[mover.ledger.fixed] = fixed[zone.advanced] = 1
        start = coarse.start[k]
        low, high = mover.ledger.reach(start, coarse.begin, coarse.duration)
        return Move(low, high, start, mover.increment, fixed, self._excuse[k], self._suspects[k])

    def _spread(self, k: int, look: Look, zone: Zone, coarse: Coarse) -> bool:
        """Spread what an ion has beyond its range; whether there is room."""
        mover, room = self._movers[k], self._room[k]
        rate = mover.ratio * mover.operators.fastest + mover.ledger.fastest
        is_taken = bool(mover.ledger.sources) and look.below
        nodes, volume = zone.advanced, mover.operators.lumped
        room.room = ENOUGH * float(volume[nodes] @ np.abs(mover.increment[nodes]))
        if is_taken or not NEAR < rate * coarse.duration < FAR or not room.finds_room(look):
            return False
        mover.ledger.keep(room.kept)
        self.kept[k], self.left[k] = room.kept[nodes], room.left
        before = mover.increment.copy()
        moved, largest = room.take(mover.increment, ROUND_OFF)
        mover.values += (mover.increment - before) * (volume / self._reaction.weights)
        mover.range.corrections.add(0.5 * moved, largest, mover.operators.mesh.comm)
        return True

    def brought(self, k: int, volumes: Array, moved: Array) -> Array | float:
        """What an ion gets in the last zone beside its steps [mM].

        Args:
            k: which ion.
            volumes: of the nodes that were advanced.
            moved: how much transport moved there [mM].
        """
        kept = self.kept[k]
        if kept is None:
            return 0.0
        shares = moved if moved.any() else np.ones_like(moved)
        return kept / volumes + self.left[k] / float(volumes @ shares) * shares

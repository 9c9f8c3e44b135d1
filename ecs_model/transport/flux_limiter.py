"""The maximum principle: no step takes an ion out of the range that its surroundings allow.

Neither a consistent mass nor Crank-Nicolson nor obtuse elements keep it. After a step, a node is
out of range if it lies below all its neighbours and below all that it and they had when the step
began, sinks taken off; likewise above. That is the parabolic maximum principle, node by node.

What lies out of range goes to the neighbours, see `redistribution`. Steps in which that finds no
room nearby, and those so long that much comes from far away, are done again as flux-corrected
transport of the whole tissue, see `flux_correction`.

Reference:
    Protter & Weinberger (1967), Maximum Principles in Differential Equations, chapter 3.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.values import Array
from ecs_model.transport.flux_correction import ElectricField, FluxCorrection
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.neighbours import Look, Move, Neighbours
from ecs_model.transport.petsc_database import Options
from ecs_model.transport.redistribution import Redistribution

ROUND_OFF = 1e-11  # [mM]: what a monotone step may be below zero
FAR = 100.0  # fastest rate times the step beyond which much comes from beyond the neighbours
NEAR = 0.01  # below which what sticks out came from the mass, of which a lumped one knows nothing


@dataclass
class Corrections:
    """What was done to keep an ion within its range so far; the same on all processes.

    Attributes:
        steps: in how many steps.
        moved: amount [mol] that came to lie elsewhere.
        largest: change of a concentration in a step [mM].
    """

    steps: int = 0
    moved: float = 0.0
    largest: float = 0.0

    def state(self) -> dict[str, float]:
        """All of it: name -> number."""
        return {"steps": self.steps, "moved": self.moved, "largest": self.largest}

    def load(self, state: Mapping[str, Any]) -> None:
        """Count on from what `state` gave."""
        self.steps, self.moved, self.largest = (state[n] for n in ("steps", "moved", "largest"))

    def add(self, moved: float, largest: float, comm: MPI.Comm) -> None:
        """Note a step; amount [mol] and largest change [mM] are those of this process."""
        self.steps += 1
        self.moved += comm.allreduce(moved)
        self.largest = max(self.largest, comm.allreduce(largest, MPI.MAX))


class Range:
    """Keeps one ion within the range that its surroundings allow, step by step.

    Args:
        rows: the Neighbours of the tissue.
        ledger: of the ion; books limited steps.
        values: its concentration at owned nodes [mM], as a step begins.
        increment: of the step at owned nodes [mM]; changed in place.
        ratio: diffusivity of the ion relative to that of the matrices.
        name: of the ion, for messages.
        options: PETSc options for monotone steps.

    Attributes:
        corrections: what was done so far.

    Raises:
        ConfigError: for options that PETSc refuses or does not know.
    """

    def __init__(
        self,
        rows: Neighbours,
        ledger: Ledger,
        values: Array,
        increment: Array,
        ratio: float,
        name: str,
        options: Options | None = None,
    ) -> None:
        self.rows, self._ledger, self._ratio, self._name = rows, ledger, ratio, name
        self._values, self._increment, self._options = values, increment, options
        self._excuse, self._vanishes = rows.first_neighbours(2), False
        self._suspects = np.empty(len(values), np.int32)
        self._is_fixed = np.zeros(len(values), np.int8)
        self._is_fixed[ledger.fixed] = 1
        self._look: Look | None = None
        self._places: list[Array] = []
        self._below = np.zeros(1)  # the lowest value, where that is asked for
        self.corrections = Corrections()
        if options:
            self._correction.try_options()

    def is_left(self, t: float, dt: float, migration: Array | None = None) -> bool:
        """Whether the step from `t` [s] leaves the range anywhere; asks all processes.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            migration: what an electric field brings to each owned node [mol].
        """
        return ranges_left([self], t, dt, [migration])[0]

    def move(self, t: float, dt: float, migration: Array | None) -> Move:
        """The step as it is looked at."""
        low, high = self._ledger.reach(self._values, t, dt, migration, self._room)
        places = self._is_fixed, self._excuse, self._suspects
        return Move(low, high, self._values, self._increment, *places)

    def _room(self):
        """Places for what nodes may come to, the same in every step."""
        if not self._places:
            count = len(self._values)
            self._places = [*self.rows.buffer(f"reach of {self._name}", (2, count))]
            self._places.append(self.rows.buffer("middle", (count,)))
        return self._places

    def note(self, look: Look) -> bool:
        """Note what a look at the step found; whether the step leaves the range."""
        self._look = look if look.left else None
        self._vanishes = look.below or look.left
        return look.left

    def take(self) -> None:
        """Add the increment; what is below zero by round-off becomes zero."""
        self._values += self._increment
        if self._vanishes:
            self._values[(self._values < 0.0) & (self._values > -ROUND_OFF)] = 0.0

    @functools.cached_property
    def _correction(self):
        return FluxCorrection(self.rows, self._ledger, self._ratio, self._options)

    @functools.cached_property
    def _redistribution(self):
        return Redistribution(self.rows, self._is_fixed)

    def finds_room(self, t: float, dt: float) -> bool:
        """Whether what left the range in the step just looked at finds room nearby.

        Asks all processes. If so, `spread` is to follow, after the step is booked as it is.

        Args:
            t: when the step begins [s].
            dt: its length [s].
        """
        look, self._look = self._look, None
        rate = self._ratio * self.rows.operators.fastest + self._ledger.fastest
        if look is None or not NEAR < rate * dt < FAR:
            return False
        return not self._is_overdrawn(look, t, dt) and self._redistribution.finds_room(look)

    def _is_overdrawn(self, look, t, dt):
        """Whether sources take more than there is of any node that comes below zero."""
        if not self._ledger.sources:
            return False
        here = look.below and self._ledger.overdraws(self._values, self._increment, t, dt)
        return self.rows.operators.mesh.comm.allreduce(here, MPI.LOR)

    def spread(self) -> None:
        """Change the increment so that the step does not leave the range, and book baths."""
        self._ledger.keep(self._redistribution.kept)
        moved, largest = self._redistribution.take(self._increment, ROUND_OFF)
        self.corrections.add(0.5 * moved, largest, self.rows.operators.mesh.comm)

    def redo(self, t: float, dt: float, middle: Array, field: ElectricField | None = None) -> None:
        """Replace the increment of a step that leaves the range by a limited one, and book it.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            middle: what is there on average during the step, beyond its start [mM].
            field: the electric field, if there is one.

        Raises:
            SolutionError: on all processes, where there would be less than nothing.
        """
        limited = self._correction.increment(self._values, self._increment, middle, t, dt, field)
        change, operators = np.abs(limited - self._increment), self.rows.operators
        moved, largest = 0.5 * float(operators.lumped @ change), float(change.max(initial=0.0))
        self.corrections.add(moved, largest, operators.mesh.comm)
        self._increment[:] = limited
        self.refuse_negative(t, dt, (self._values + limited).min(initial=np.inf))

    def refuse_negative(self, t: float, dt: float, least: float) -> None:
        """Raise SolutionError, which names the place and who takes, where there is less than none.

        To be called on all processes together.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            least: of what the step leaves at this process's nodes [mM].
        """
        self._below[0], comm = least, self.rows.operators.mesh.comm
        if comm.size > 1:
            comm.Allreduce(MPI.IN_PLACE, self._below, MPI.MIN)
        if self._below[0] < -ROUND_OFF:
            now = self._values + self._increment
            node = int(now.argmin()) if len(now) else -1
            lowest = float(now[node]) if len(now) else np.inf, comm.rank
            _, rank = comm.allreduce(lowest, MPI.MINLOC)
            complaint = self._complaint(node, t, dt) if comm.rank == rank else None
            raise SolutionError(comm.bcast(complaint, root=rank))

    def _complaint(self, node, t, dt):
        mesh = self.rows.operators.mesh
        where = ", ".join(f"{1e3 * x:.4g}" for x in mesh.coordinates[node, : mesh.axes])
        taker = self._ledger.taker(node, t, dt)
        if taker is not None:
            return f"{taker} takes more {self._name} than there is at ({where}) mm"
        return f"{self._name} becomes negative at ({where}) mm{self._advice(node)}"

    def _advice(self, node):
        """What may help where an ion becomes negative: its start, what is brought, or the step."""
        if self._values[node] <= ROUND_OFF:
            return ", where there was none of it; give it an initial concentration"
        brought = " and ".join(dict.fromkeys(source.name for source in self._ledger.sources))
        less = f"less of {brought}, or " if brought else ""
        return f"; try {less}a shorter time.step"


def ranges_left(
    ranges: Sequence[Range], t: float, dt: float, migrations: Sequence[Array | None]
) -> list[bool]:
    """For each ion, whether a step leaves its range anywhere; asks all processes at once.

    Args:
        ranges: of ions in the same tissue.
        t: when the step begins [s].
        dt: its length [s].
        migrations: what an electric field brings of each ion to each owned node [mol].
    """
    moves = [x.move(t, dt, m) for x, m in zip(ranges, migrations, strict=True)]
    looks = ranges[0].rows.look(moves)
    return [x.note(look) for x, look in zip(ranges, looks, strict=True)]

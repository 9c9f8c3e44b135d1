"""The maximum principle: no step takes an ion out of the range that its surroundings allow.

Neither a consistent mass nor Crank-Nicolson nor obtuse elements keep it. After a step, a node is
out of range if it lies below all its neighbours and below all that it and they had when the step
began, sinks taken off; likewise above. That is the parabolic maximum principle, node by node.

A step that breaks it is done again as flux-corrected transport, see `flux_correction`: only fluxes
of nodes that would leave the range of their neighbours, before the step and after the monotone one,
are cut down, so that nothing changes elsewhere.

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
from ecs_model.transport.matrices import Matrices
from ecs_model.transport.neighbours import Move, Neighbours
from ecs_model.transport.petsc_database import Options

ROUND_OFF = 1e-11  # [mM]: what a monotone step may be below zero


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

    def add(self, change: Array, operators: Matrices) -> None:
        """Note a step in which concentrations changed by `change` [mM] at owned nodes."""
        size, comm = np.abs(change), operators.mesh.comm
        self.steps += 1
        self.moved += 0.5 * comm.allreduce(float(operators.lumped @ size))
        highest = comm.allreduce(float(size.max(initial=0.0)), MPI.MAX)
        self.largest = max(self.largest, highest)


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
        low, high = self._ledger.reach(self._values, t, dt, migration)
        fixed = self._ledger.fixed
        return Move(low, high, self._values, self._increment, fixed, self._excuse)

    def note(self, left: bool, below: bool) -> bool:
        """Note whether the step leaves the range, and whether a node is below zero."""
        self._vanishes = below or left
        return left

    def take(self) -> None:
        """Add the increment; what is below zero by round-off becomes zero."""
        self._values += self._increment
        if self._vanishes:
            self._values[(self._values < 0.0) & (self._values > -ROUND_OFF)] = 0.0

    @functools.cached_property
    def _correction(self):
        return FluxCorrection(self.rows, self._ledger, self._ratio, self._options)

    def limit(self, t: float, dt: float, middle: Array, field: ElectricField | None = None) -> None:
        """Change the increment of a step that leaves the range, and book it.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            middle: what is there on average during the step, beyond its start [mM].
            field: the electric field, if there is one.

        Raises:
            SolutionError: on all processes, where there would be less than nothing.
        """
        limited = self._correction.increment(self._values, self._increment, middle, t, dt, field)
        self.corrections.add(limited - self._increment, self.rows.operators)
        self._increment[:] = limited
        self.refuse_negative(t, dt)

    def refuse_negative(self, t: float, dt: float) -> None:
        """Raise SolutionError, which names the place and who takes, where there is less than none.

        To be called on all processes together.
        """
        comm = self.rows.operators.mesh.comm
        now = self._values + self._increment
        node = int(now.argmin()) if len(now) else -1
        lowest = (float(now[node]) if len(now) else np.inf, comm.rank)
        lowest, rank = comm.allreduce(lowest, MPI.MINLOC)
        if lowest < -ROUND_OFF:
            complaint = self._complaint(node, t, dt) if comm.rank == rank else None
            raise SolutionError(comm.bcast(complaint, root=rank))

    def _complaint(self, node, t, dt):
        mesh = self.rows.operators.mesh
        where = ", ".join(f"{1e3 * x:.4g}" for x in mesh.coordinates[node, : mesh.dimension])
        taker = self._ledger.taker(node, t, dt)
        if taker is not None:
            return f"{taker} takes more {self._name} than there is at ({where}) mm"
        return f"{self._name} becomes negative at ({where}) mm; try a shorter time.step"


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
    found = ranges[0].rows.out_of_range(moves)
    return [x.note(*of_one) for x, of_one in zip(ranges, found, strict=True)]

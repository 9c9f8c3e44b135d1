"""Increments of ions over a step, found together: one pass, one message, one sum for all ions.

By conjugate gradients in step for all ions, see `lockstep`; PETSc solves for one ion after the
other where its options say how. An ion that moves alone has `lone_increment`.
"""

import functools
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.transport.closing import Balance, Closing
from ecs_model.transport.flux_limiter import Range
from ecs_model.transport.increment_kernel import lanes
from ecs_model.transport.lockstep import Lockstep
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.neighbours import Neighbours


class Moving(Closing, Protocol):
    """An ion that moves, and the method of its step.

    Attributes:
        values: at owned nodes [mM].
        first: increment of the first stage, where there are two.
        ratio: diffusivity relative to that of the matrices.
        ledger: its own.
        range: keeps the ion within what its surroundings allow.
        stages: of the step.
        share: of the step that an increment counts, the c of `diffusion`.
        iterations, total_iterations: of the last step, and of all.
    """

    values: Array
    first: Array
    ratio: float
    ledger: Ledger
    range: Range
    stages: int
    share: float
    iterations: int
    total_iterations: int


class Increments:
    """Finds the increments of ions.

    Args:
        rows: of the tissue.
        parts: the ions; all take steps of the same method.
        valences: of the ions, where there is an electric field.

    Attributes:
        name: of the ions, for messages.
        migrations: what the field brought of each ion to each owned node in the last step [mol];
            None of each without a field.
    """

    def __init__(
        self, rows: Neighbours, parts: Sequence[Moving], valences: Sequence[int] = ()
    ) -> None:
        self._rows, self._parts, self._operators = rows, list(parts), rows.operators
        self.name = ", ".join(part.name for part in parts)
        count, owned = len(parts), rows.operators.mesh.owned
        self._lanes, self._fields = lanes(count), lanes(count + 1)
        self._packed = np.zeros((rows.local, 2 * self._fields))
        self._right, self._residual = np.zeros((2, owned, self._lanes))
        self._sums = np.zeros(2 * self._lanes)
        self._compared, self._left = self._sums.reshape(2, -1)  # squares, of each ion
        self._ratio = np.array([part.ratio for part in parts])
        self._exchange = self._beside("exchange", any(p.ledger.robin for p in parts))
        self._free = self._unfixed()
        both = self._exchange, self._free
        self._lockstep = Lockstep(rows, self._ratio, *both, room=self._packed)
        self._brought: Array | None = None
        self._sources = np.zeros((owned, self._lanes))
        self._balance: Balance | None = None
        self._note_addresses(valences, owned)

    def _note_addresses(self, valences, owned):
        """Note where the arrays of all ions are."""
        self._valence = np.array(valences, float)
        self.migrations = [np.zeros(owned) if len(valences) else None for _ in self._parts]
        self._migration = _addresses(self.migrations) if len(valences) else None
        self._values = _addresses([part.values for part in self._parts])
        self._increments = _addresses([part.increment for part in self._parts])

    def _beside(self, name, wanted):
        """Values of the ledgers of all ions side by side; None where nobody wants them."""
        if not wanted:
            return None
        out = np.zeros((self._operators.mesh.owned, self._lanes))
        for k, part in enumerate(self._parts):
            out[:, k] = getattr(part.ledger, name)
        return out

    def _unfixed(self):
        """1 where a concentration is not given, 0 where it is; None where none is."""
        if not any(len(part.ledger.fixed) for part in self._parts):
            return None
        out = np.ones((self._operators.mesh.owned, self._lanes))
        for k, part in enumerate(self._parts):
            out[part.ledger.fixed, k] = 0.0
        return out

    @property
    def iterations(self) -> int:
        """Of the last step, all ions together."""
        return sum(part.iterations for part in self._parts)

    def prepare(self, t: float, dt: float) -> None:
        """Find what sources bring in a step from `t` [s] on."""
        self._brought = None
        for k, part in enumerate(self._parts):
            if part.ledger.sources or part.ledger.robin:
                if self._brought is None:
                    self._brought = self._sources
                    self._brought[:] = 0.0
                part.ledger.add_sources(self._brought[:, k], t, dt)

    def solve(self, dt: float, psi: Array | None = None, rtol: float | None = None) -> None:
        """Find the increments of a prepared step, from what they are.

        Args:
            dt: the step [s].
            psi: F Phi / R T at owned nodes, if there is an electric field.
            rtol: residual of each ion, relative to that of no increment; None for the usual one.

        Raises:
            SolutionError: on all processes, if a solver fails.
        """
        for part in self._parts:
            part.iterations = 0
        if self._parts[0].stages == 1:
            self._begin(dt, self._parts[0].share * dt, self._values, self._increments, psi)
            self._find(self._parts[0].share * dt, rtol)
            self._take(1.0, None, 0.0, self._increments)
        else:
            self._find_twice(dt, psi, rtol)
        for part in self._parts:
            part.total_iterations += part.iterations

    def _find_twice(self, dt, psi, rtol):
        """The increments of a step of two stages, as `diffusion` has them."""
        c, firsts = self._parts[0].share, _addresses([part.first for part in self._parts])
        self._begin(dt, c * dt, self._values, self._increments, psi, c)
        self._find(c * dt, rtol)
        self._take(0.0, self._increments, c, firsts)
        rest = 1 / c - 1
        for part in self._parts:
            part.increment -= rest * part.first
        self._brought, sources = self._right, self._brought
        self._begin((1 - c) * dt, c * dt, firsts, self._increments, None)
        self._brought = sources
        self._find(c * dt, rtol)
        self._take(1.0, firsts, rest, self._increments)

    def _begin(self, dt, counted, values, changes, psi, scale=1.0):
        """The right side of a stage, and its residual where `scale` times `changes` is the guess.

        Args:
            dt: what is there moves for so long [s].
            counted: what changes counts for so long [s].
            values: addresses of those of all ions.
            changes: likewise.
            psi: as that of `solve`.
            scale: of the right side and the guess.
        """
        self._lockstep.count(counted)
        self._lockstep.over_nodes("pack", values, psi, changes, scale, self._free, self._packed)
        self._rows.exchange(self._packed)
        self._lockstep.over_rows(
            "begin", self._packed, self._ratio, self._valence, self._exchange, self._brought,
            self._free, self._lockstep.inverse, dt, counted, scale, 0.5 / scale, psi is not None,
            self._migration, self._right, self._residual, self._sums,
        )  # fmt: skip

    def _find(self, counted, rtol):
        """Find what has to be added to the guess."""
        systems = self._parts[0].systems
        if systems.are_chosen:
            self._by_petsc(counted, rtol)
            return
        self._lockstep.added(self._sums)
        squares = self._compared, self._left
        counts = self._lockstep.solve(self._residual, *squares, rtol or systems.rtol)
        for part, count in zip(self._parts, counts, strict=False):
            part.iterations += int(count)

    def _take(self, factor, add, share, out):
        """Let `out` be `factor` times itself, what was found, and `share` times `add`."""
        self._lockstep.over_nodes("unpack", self._lockstep.found, factor, add, share, out)

    def _by_petsc(self, counted, rtol):
        """Let PETSc solve for one ion after the other."""
        (b, right), (x, solution) = self._vectors
        for k, part in enumerate(self._parts):
            system, guess = part.systems.of(counted), self._packed[: len(right), self._fields + k]
            right[:], solution[:] = self._right[:, k], guess
            b.stateIncrease()
            x.stateIncrease()
            with system.tolerance(rtol):
                part.iterations += system.solve(b, x)
            self._lockstep.found[:, k] = solution - guess

    @functools.cached_property
    def _vectors(self):
        """Right side and solution of PETSc."""
        return self._operators.vector(), self._operators.vector()

    def charge(self, bound: int, excess: Array, out: Array, conductivity: Array) -> Array:
        """The charge that came, what moved, and how many nodes lack an ion to make up for it.

        Args:
            bound: which of the ions makes up for the charge.
            excess: charge that the last step left at owned nodes [mM].
            out: becomes the sum of both [mM].
            conductivity: becomes that half-way through the step, relative to K+ [mM].

        Returns:
            Sums over all nodes: of squares of `out`, of squares of what moved [mM^2], and how many
            have less of the bound ion than it takes.
        """
        ions = self._values, self._increments, self._valence, self._ratio
        self._lockstep.over_nodes("charge", *ions, bound, excess, out, conductivity, self._sums)
        return self._lockstep.added(self._sums[:3].copy())

    def bind(self, bound: int) -> float:
        """Let one of the ions bring what makes up for the charge of the others.

        Returns:
            The least that is left of it at this process's nodes [mM].
        """
        ions = self._values, self._increments, self._valence
        return self._lockstep.over_nodes("bind", *ions, bound)

    def close(
        self, t: float, dt: float, psi: Array | None = None, but: Moving | None = None
    ) -> None:
        """Give back what solving left over; where that is much, solve better first.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            psi: as that of `solve`.
            but: an ion that follows from the others, the same in every step.

        Raises:
            SolutionError: on all processes, where an ion is not finite.
        """
        closing = [k for k, part in enumerate(self._parts) if part is not but]
        if self._balance is None:
            parts = [self._parts[k] for k in closing]
            self._balance = Balance(self._operators.mesh.comm, parts)
        migrations = [self.migrations[k] for k in closing]
        self._balance.close(t, dt, migrations, functools.partial(self.solve, dt, psi))


def _addresses(arrays):
    """Where the data of arrays lie, for a compiled function; the arrays must stay."""
    return np.array([array.ctypes.data for array in arrays], np.uintp)

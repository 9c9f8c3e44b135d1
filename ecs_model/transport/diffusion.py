"""Diffusion of an ion over one step: theta-mass, of second order, damped where that is needed.

    (M_theta + c dt (K + E)) e1 = c b            b = -dt (K + E) u + dt (E u_bath + q)
    (M_theta + c dt (K + E)) e2 = c b - (1 - c) dt (K + E) e1
    u += (1/c - 1) e1 + e2

E is the exchange through Robin boundaries. Crank-Nicolson takes the first line with
c = 1/2 and u += 2 e1: one solve, of second order, but what is stiff only changes its sign. With
two lines, c = 1/2 is two half steps of backward Euler, which damp: the first steps after something
changes abruptly (Rannacher). c = 1 - 1/sqrt(2) is L-stable and of second order: steps that are
long for the mesh.

Increments are small and change little from step to step, so a loose tolerance and the last ones as
a guess give a few iterations of conjugate gradients. What the solver leaves over is then given back
in proportion to |d|, so that the ion is conserved to round-off whatever the tolerance.

References:
    Rannacher (1984), Numer Math 43, 309: Crank-Nicolson after rough data.
    Alexander (1977), SIAM J Numer Anal 14, 1006: the L-stable method of two stages.
"""

import functools
from collections.abc import Sequence

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.tissue.sources import Bath, Exchange, Load
from ecs_model.transport.balanced_exchange import BalancedExchange
from ecs_model.transport.flux_correction import ElectricField
from ecs_model.transport.flux_limiter import Range
from ecs_model.transport.increments import Increments
from ecs_model.transport.linear_solver import LinearSystem, LinearSystems
from ecs_model.transport.lone_increment import LoneIncrement
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import Matrices
from ecs_model.transport.neighbours import Neighbours
from ecs_model.transport.petsc_database import Options, options_of
from ecs_model.transport.protocol import Field, StateAndReport
from ecs_model.transport.swelling_matrices import rows_of

STIFF = 20.0  # rates times the step beyond which Crank-Nicolson damps by less than a fifth in it
PLAIN, DAMPED = 0.5, 1 - 0.5**0.5  # c of half steps and of the L-stable method of second order


class Diffusion(StateAndReport):
    """An ion in the extracellular space; a `Transport`.

    Args:
        operators: matrices of the tissue.
        values: contiguous array of its concentration [mM] at owned nodes; advanced in place.
        sources, robin, dirichlet: what enters and leaves, as for `Ledger`.
        rtol: residual of a solve, relative to that of no increment.
        options: PETSc options, see `petsc_database`, such as {"ksp_type": "chebyshev"}.
        ratio: diffusivity of the ion relative to that of the matrices.
        name: of the ion, for messages.
        rows: the Neighbours of the same tissue, if they are known already.

    Attributes:
        ledger: what each source and boundary has given so far.
        increment: the last increment [mM], the guess for the next.
        iterations: of the last solve.
        range: keeps the ion within what its surroundings allow.
        systems: its linear systems.
        fields: what else can be written: nothing.

    Raises:
        ConfigError: for options that PETSc refuses or does not know.
    """

    def __init__(
        self,
        operators: Matrices,
        values: Array,
        sources: Sequence[Load] = (),
        robin: Sequence[Exchange] = (),
        dirichlet: Sequence[Bath] = (),
        rtol: float = 1e-4,
        options: Options | None = None,
        ratio: float = 1.0,
        name: str = "K+",
        rows: Neighbours | None = None,
    ) -> None:
        self.operators, self.values, self.ratio, self.name = operators, values, ratio, name
        self.ledger = Ledger(operators, sources, robin, dirichlet, ratio)
        self.balance = BalancedExchange(operators, self.ledger) if robin else None
        self.iterations = self.total_iterations = 0
        self.fields: dict[str, Field] = {}
        self.increment = np.zeros_like(values)
        rows, options = rows or rows_of(operators), options or {}
        for_limiter = options_of("limiter", options)
        self.range = Range(rows, self.ledger, values, self.increment, ratio, name, for_limiter)
        self.last_step, self._version = 0.0, operators.version
        self.share, self.stages, self._staged, self.first = PLAIN, 1, False, np.empty(0)
        for_steps = options_of("diffusion", options)
        self.systems = LinearSystems(operators, self.ledger, ratio, rtol, for_steps)
        self.systems.try_options()

    @functools.cached_property
    def _increments(self):
        """What finds its increments, where it moves alone."""
        if self.operators.moves or self.systems.are_chosen:
            return Increments(self.range.rows, [self])
        return LoneIncrement(self.operators, self)

    def movers(self) -> "list[Diffusion]":
        """Itself."""
        return [self]

    def arrays(self) -> dict[str, Array]:
        """The guess of the next increment, and what exchange is balanced with."""
        balanced = {} if self.balance is None else {"exchange_after": self.balance.after}
        return {"increment": self.increment, **balanced}

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance the ion by a step, as `Transport` describes it."""
        self.find(t, dt, damped)
        self.settle(t, dt, self.range.is_left(t, dt))
        self.range.take()

    def find(self, t: float, dt: float, damped: bool = False) -> None:
        """Find the increment of a step, which is neither booked nor taken."""
        self.operators.follow()
        self.start(t, dt, damped)
        self._increments.prepare(t, dt)
        self._increments.solve(dt)
        self._increments.close(t, dt)

    def hold(self, t: float) -> None:
        """Set nodes on Dirichlet boundaries to the concentrations there at time `t` [s]."""
        if self.ledger.dirichlet:
            self.operators.follow()
        self.ledger.hold(self.values, t, t)

    def is_stiff(self, dt: float) -> bool:
        """Whether a step of `dt` [s] is so long for the mesh that Crank-Nicolson hardly damps."""
        return dt * (self.ratio * self.operators.fastest + self.ledger.fastest) > STIFF

    def start(self, t: float, dt: float, damped: bool = False, stiff: bool | None = None) -> None:
        """Begin a step: Dirichlet boundaries, the method, and the last increment as a guess.

        Args:
            t: time [s].
            dt: step [s].
            damped: as that of `advance`.
            stiff: whether all ions together need the method for long steps; None to decide alone.
        """
        if self._version != self.operators.version:
            self._version = self.operators.version
            self.ledger.refresh()
        self.ledger.hold(self.values, t, t + dt)
        if self.last_step and dt != self.last_step:
            self.increment *= dt / self.last_step
        if self.ledger.dirichlet:
            self.increment[self.ledger.fixed] = 0.0
        before, self.last_step = self.last_step, dt
        self._choose(damped, self.is_stiff(dt) if stiff is None else stiff)
        if self.balance is not None:
            since = 0.5 * (before + dt) if before else 0.0
            self.balance.begin(self.values, t, dt, since, self.share, self.stages)

    def _choose(self, damped, stiff):
        """Choose the method for a step."""
        self.stages = 2 if damped or stiff else 1
        self.share = DAMPED if stiff and not damped else PLAIN
        if (self.stages == 2) != self._staged:  # seldom: after an abrupt change
            self._staged = self.stages == 2
            self.first = np.zeros_like(self.values) if self._staged else np.empty(0)

    @property
    def implicitness(self) -> float:
        """Share of a step by which what is brought to a node damps itself, as a mean over rates."""
        return 0.5 if self.stages == 1 else 0.75

    def system(self, dt: float) -> LinearSystem:
        """The linear system of the step's method for a step of `dt` [s]."""
        return self.systems.of(self.share * dt)

    def middle(self) -> Array:
        """What the ion is on average during the step, beyond its start [mM].

        The next call, also that of another ion of the tissue, overwrites it.
        """
        shape = self.values.shape
        middle, more = (self.range.rows.buffer(name, shape) for name in ("middle", "of a stage"))
        np.multiply(self.increment, self.share, out=middle)
        if self.stages == 2:
            middle += np.multiply(self.first, 1 - self.share, out=more)
        return middle

    def lacking(self, t: float, dt: float, migration: Array | None, weighed: float) -> float:
        """What the increment lacks [mol], of this process's nodes.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            migration: as that of `settle`.
            weighed: what the increment brings by the weights of `system` [mol].
        """
        left = self.ledger.due(self.values, t, dt, migration) - weighed
        flows = self.system(dt).flows if self.stages == 2 else None
        if flows is not None:
            left -= (1 - self.share) * dt * float(flows @ self.first)
        return left

    def settle(
        self,
        t: float,
        dt: float,
        is_left: bool,
        migration: Array | None = None,
        field: ElectricField | None = None,
    ) -> None:
        """Book the step, changed where it would leave the range that the surroundings allow.

        Args:
            t: time [s].
            dt: step [s].
            is_left: whether it would.
            migration: what an electric field brings to each owned node [mol].
            field: that field.

        Raises:
            SolutionError: on all processes, where there would be less than nothing.
        """
        self._settle(t, dt, is_left, migration, field)
        if self.balance is not None:
            self.balance.end(self.values, self.increment)

    def _settle(self, t, dt, is_left, migration, field):
        stays_near = is_left and self.range.finds_room(t, dt)
        if is_left and not stays_near:
            self.range.redo(t, dt, self.middle(), field)
            return
        middle = self.middle() if self.ledger.open else None
        self.ledger.settle(self.values, self.increment, middle, t, dt, migration)
        if stays_near:
            self.range.spread()

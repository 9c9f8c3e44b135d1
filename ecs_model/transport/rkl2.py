"""Diffusion without a solver: Runge-Kutta-Legendre super-time-stepping on the lumped mass.

s stages of matrix-vector products are stable for steps ~ s^2 / 4 times the explicit limit: no
reductions and no iteration, for fine uniform meshes.

Reference: Meyer, Balsara & Aslam (2014), J Comput Phys 257, 594 (RKL2).
"""

from collections.abc import Sequence
from typing import Any

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.values import Array
from ecs_model.tissue.sources import Bath, Exchange, Load
from ecs_model.transport.flux_limiter import Range
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import Operators
from ecs_model.transport.neighbours import Neighbours
from ecs_model.transport.protocol import Field, StateAndReport

MARGIN = 1.1  # the power iteration for the fastest rate comes from below


class SuperTimeStepping(StateAndReport):
    """An ion in the extracellular space, advanced explicitly; a `Transport`.

    Args:
        operators: matrices of the tissue (theta = 0).
        values: contiguous array of its concentration [mM] at owned nodes; advanced in place.
        sources, robin, dirichlet: what enters and leaves, as for `Ledger`.
        name: of the ion, for messages.

    Attributes:
        ledger, increment, iterations, range, fields: as those of `Diffusion`; iterations are
            stages.
    """

    def __init__(
        self,
        operators: Operators,
        values: Array,
        sources: Sequence[Load] = (),
        robin: Sequence[Exchange] = (),
        dirichlet: Sequence[Bath] = (),
        name: str = "K",
    ) -> None:
        self.operators, self.values, self.name = operators, values, name
        self.ledger = Ledger(operators, sources, robin, dirichlet)
        self.increment = np.zeros_like(values)
        rows = Neighbours(operators)
        self.range = Range(rows, self.ledger, values, self.increment, 1.0, "K+")
        self.iterations = self.total_iterations = 0
        self.last_step = 0.0
        self.fields: dict[str, Field] = {}
        self._fastest = MARGIN * (operators.fastest_rate() + self.ledger.fastest)
        self._x, self._stage = operators.vector()
        self._y, self._rate = operators.vector()
        self._levels = [np.zeros_like(values) for _ in range(4)]

    def movers(self) -> "list[SuperTimeStepping]":
        """Itself."""
        return [self]

    def arrays(self) -> dict[str, Array]:
        """The last increment."""
        return {"increment": self.increment}

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance the ion by a step, as `Transport` describes it; every step damps."""
        self.ledger.hold(self.values, t, t + dt)
        self.last_step, self.iterations = dt, stages(dt, self._fastest)
        self.total_iterations += self.iterations
        new, amounts = self._stages(t, dt, _amounts)
        if self.operators.mesh.comm.allreduce(float(not np.isfinite(new).all()), MPI.MAX):
            raise SolutionError("K+ is not finite after an explicit step; try a shorter time.step")
        np.subtract(new, self.values, out=self.increment)
        self._settle(t, dt, amounts)
        self.range.take()

    def _settle(self, t, dt, amounts):
        """Book the step, changed where it would leave the range that the surroundings allow."""
        is_left = self.range.is_left(t, dt)
        stays_near = is_left and self.range.finds_room(t, dt)
        if is_left and not stays_near:
            _, mean = self._stages(t, dt, _copied_values)
            self.range.redo(t, dt, mean - self.values)
            return
        self._book(amounts)
        if stays_near:
            self.range.spread()

    def _stages(self, t, dt, noted):
        """The ion at the end of the step [mM], and the mean of what is noted of every stage.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            noted: function of a stage's values [mM] and of what they would bring in `dt` [mol].
        """
        old, new, first, spare = self._levels
        start = self.values
        first_noted = noted(start, self._change(start, t, dt, first))
        weights = coefficients(self.iterations)
        np.multiply(first, weights[0], out=new)
        new += start
        old[:] = start
        before, last = 0.0 * first_noted, weights[0] * first_noted
        for mu, nu, mu_new, gamma in weights[1:]:
            change = noted(new, self._change(new, t, dt, spare))
            spare *= mu_new
            for factor, values in ((mu, new), (nu, old), (1 - mu - nu, start), (gamma, first)):
                spare += factor * values
            before, last = last, mu * last + nu * before + mu_new * change + gamma * first_noted
            old, new, spare = new, spare, old
        return new, last

    def _book(self, amounts):
        it = self.ledger
        names = [x.name for x in (*it.sources, *it.robin, *it.dirichlet)]
        for name, amount in zip(names, amounts, strict=True):
            it.given[name] += float(amount)

    def hold(self, t: float) -> None:
        """Set nodes on Dirichlet boundaries to the concentrations there at time `t` [s]."""
        self.ledger.hold(self.values, t, t)

    def _change(self, values, t, dt, out):
        """Dt times the rate of change at `values`, into `out`; what each term brings [mol]."""
        self._stage[:] = values
        self._x.stateIncrease()
        self.operators.stiffness.mult(self._x, self._y)
        np.multiply(self.ledger.exchange, values, out=out)
        out += self._rate
        out *= -dt
        self.ledger.add_sources(out, t, dt)
        out /= self.operators.lumped
        out[self.ledger.fixed] = 0.0
        return np.array([amount for _, amount in self.ledger.terms(values, None, None, t, dt)])


def _amounts(values, amounts):
    return amounts


def _copied_values(values, amounts):
    return values.copy()


def stages(dt: float, fastest: float) -> int:
    """Number of stages that a step `dt` [s] needs where rates go up to `fastest` [1/s]."""
    return max(2, int(np.ceil((np.sqrt(9 + 8 * dt * fastest) - 1) / 2)))


def coefficients(s: int) -> list[Any]:
    """RKL2 coefficients: that of the first stage, then (mu, nu, mu~, gamma~) of each other."""
    j = np.arange(s + 1)
    b = np.full(s + 1, 1 / 3)
    b[2:] = (j[2:] ** 2 + j[2:] - 2) / (2 * j[2:] * (j[2:] + 1))
    w = 4 / (s * s + s - 2)
    rows = [b[1] * w]
    for k in range(2, s + 1):
        mu, nu = (2 * k - 1) / k * b[k] / b[k - 1], -(k - 1) / k * b[k] / b[k - 2]
        rows.append((mu, nu, mu * w, -(1 - b[k - 1]) * mu * w))
    return rows

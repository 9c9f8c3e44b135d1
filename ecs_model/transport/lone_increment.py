"""The increment of an ion that moves alone: PETSc applies and solves."""

import functools
from typing import Any

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.transport.closing import Balance
from ecs_model.transport.increments import Moving
from ecs_model.transport.matrices import Matrices


class LoneIncrement:
    """Finds the increment of one ion.

    Args:
        operators: matrices of the tissue.
        part: the ion.

    Attributes:
        name: of the ion, for messages.
    """

    def __init__(self, operators: Matrices, part: Moving) -> None:
        self._operators, self._part, self.name = operators, part, part.name
        self._u, _ = operators.vector(part.values)
        self._d, _ = operators.vector(part.increment)
        self._b, self._right = operators.vector()
        self._first: Array | None = None  # that of the two stages whose vectors these are
        self._vectors: tuple[Any, ...] = ()
        self._balance = Balance(operators.mesh.comm, [part])
        self._base, self._scratch = np.zeros_like(part.values), np.zeros_like(part.values)

    @property
    def iterations(self) -> int:
        """Of the last step."""
        return self._part.iterations

    def prepare(self, t: float, dt: float) -> None:
        """Find what a step from `t` [s] on brings that does not depend on its increment."""
        self._u.stateIncrease()
        self._operators.stiffness.mult(self._u, self._b)
        self._out(self._right, self._part.values, dt, self._base)
        self._part.ledger.add_sources(self._base, t, dt)
        self._base[self._part.ledger.fixed] = 0.0

    def _out(self, flow, values, dt, out):
        """What diffusion and Robin boundaries bring in `dt` where K times `values` is `flow`."""
        np.multiply(flow, self._part.ratio, out=out)
        np.multiply(self._part.ledger.exchange, values, out=self._scratch)
        out += self._scratch
        out *= -dt

    def solve(self, dt: float, rtol: float | None = None) -> None:
        """Find the increment of a prepared step, from what it is.

        Args:
            dt: the step [s].
            rtol: residual, relative to that of no increment; None for the usual one.

        Raises:
            SolutionError: on all processes, if the solver fails.
        """
        part = self._part
        system, part.iterations = part.systems.of(part.share * dt), 0
        self._right[:] = self._base
        with system.tolerance(rtol):
            if part.stages == 1:
                self._find(system, self._d)
            else:
                self._find_twice(dt, system)
        part.total_iterations += part.iterations

    def _find(self, system, out):
        """Solve for the right side as it is, from what `out` is."""
        out.stateIncrease()
        self._b.stateIncrease()
        self._part.iterations += system.solve(self._b, out)

    def _two(self):
        """The increment of the first stage for PETSc, and what it brings."""
        if self._first is not self._part.first:
            self._first = self._part.first
            self._vectors = self._operators.vector(self._first)[0], *self._operators.vector()
        return self._vectors

    def _find_twice(self, dt, system):
        """The increment of a step of two stages, as `diffusion` has them."""
        part, c, (first, stiff, flow) = self._part, self._part.share, self._two()
        self._right *= c
        np.multiply(part.increment, c, out=part.first)
        self._find(system, first)
        self._operators.stiffness.mult(first, stiff)
        self._out(flow, part.first, (1 - c) * dt, flow)
        flow[part.ledger.fixed] = 0.0
        self._right += flow
        np.multiply(part.first, 1 / c - 1, out=flow)
        part.increment -= flow
        self._find(system, self._d)
        part.increment += flow

    def close(self, t: float, dt: float) -> None:
        """Give back what solving left over; where that is much, solve better first.

        Args:
            t: when the step begins [s].
            dt: its length [s].

        Raises:
            SolutionError: on all processes, where the ion is not finite.
        """
        self._balance.close(t, dt, [None], functools.partial(self.solve, dt))

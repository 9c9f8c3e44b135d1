"""The increment of an ion that moves alone: residuals as they are, corrections by a rounded matrix.

A guess is corrected by what conjugate gradients with Jacobi make of its residual, with the matrix
of the step in single precision. Where that would not be enough, the residual is found again, and
what is left corrected (iterative refinement: Wilkinson 1963, Rounding Errors in Algebraic
Processes).
"""

import functools
import math
from typing import NamedTuple

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.c_function import c_function
from ecs_model.physics.values import Array
from ecs_model.transport.closing import Balance
from ecs_model.transport.increments import Moving
from ecs_model.transport.linear_solver import KEPT_SYSTEMS, MOST, ROUND_OFF
from ecs_model.transport.lone_kernel import PASSES, TEXT
from ecs_model.transport.matrices import Matrices

SINGLE = 1e-8  # of the square of a residual: what is left of it that single precision tells
REFINED = 20  # residuals of a guess at most
FAILED = f"the linear solver does not converge ({MOST} iterations); try a shorter time.step"


class Stage(NamedTuple):
    """A linear system of a step; arrays of owned nodes.

    Attributes:
        dt: `values` move for so long [s].
        counted: what is looked for counts for so long [s].
        scale: of the right side.
        values: what moves [mM].
        brought: what comes beside that [mol]; None for nothing.
        right: becomes the right side [mol]; None if nobody needs it.
    """

    dt: float
    counted: float
    scale: float
    values: Array
    brought: Array | None
    right: Array | None


class Step(NamedTuple):
    """The matrix of a step.

    Attributes:
        entry: row by row, in single precision.
        whole: what each row adds up to; `inverse`: one over the diagonal.
    """

    entry: np.ndarray
    whole: np.ndarray
    inverse: np.ndarray


class LoneIncrement:
    """Finds the increment of one ion.

    Args:
        operators: matrices of the tissue, which stay as they are.
        part: the ion.

    Attributes:
        name: of the ion, for messages.
    """

    def __init__(self, operators: Matrices, part: Moving) -> None:
        self._operators, self._part, self.name = operators, part, part.name
        self._rows, self._comm = part.range.rows, operators.mesh.comm
        self._passes = {name: c_function(TEXT, f"ecs_{name}") for name in PASSES}
        self._right, self._sources = np.zeros((2, operators.mesh.owned))
        self._residual, self._image, self._found = np.zeros((3, operators.mesh.owned))
        self._direction = np.zeros((self._rows.local, 1))
        self._sums = np.zeros(2)
        self._brought: Array | None = None
        self._steps: dict[float, Step] = {}
        self._balance = Balance(self._comm, [part])
        self._fixed = None if not part.ledger.dirichlet else np.zeros(operators.mesh.owned, np.int8)
        if self._fixed is not None:
            self._fixed[part.ledger.fixed] = 1
        self._floor = ROUND_OFF**2 * operators.mesh.sum(operators.lumped)  # of the squared norm

    @property
    def iterations(self) -> int:
        """Of the last step."""
        return self._part.iterations

    def prepare(self, t: float, dt: float) -> None:
        """Find what sources bring in a step from `t` [s] on."""
        ledger, self._brought = self._part.ledger, None
        if ledger.sources or ledger.robin:
            self._brought = self._sources
            self._brought[:] = 0.0
            ledger.add_sources(self._brought, t, dt)

    def solve(self, dt: float, rtol: float | None = None) -> None:
        """Find the increment of a prepared step, from what it is.

        Args:
            dt: the step [s].
            rtol: residual, relative to that of no increment; None for the usual one.

        Raises:
            SolutionError: on all processes, if the solver fails, or the ion is not finite.
        """
        part, rtol = self._part, rtol or self._part.systems.rtol
        part.iterations, c, increment = 0, part.share, part.increment
        if part.stages == 1:
            self._find(Stage(dt, c * dt, 1.0, part.values, self._brought, None), increment, rtol)
        else:
            np.multiply(increment, c, out=part.first)
            right, rest = self._right, 1 / c - 1
            self._find(Stage(dt, c * dt, c, part.values, self._brought, right), part.first, rtol)
            self._add(increment, -rest)
            self._find(Stage((1 - c) * dt, c * dt, 1.0, part.first, right, None), increment, rtol)
            self._add(increment, rest)
        part.total_iterations += part.iterations

    def _add(self, increment, factor):
        """Add the first stage times a factor to the increment."""
        more = self._rows.buffer("of a stage", increment.shape)
        increment += np.multiply(self._part.first, factor, out=more)

    def _find(self, stage, guess, rtol):
        """Correct a guess until its residual is small enough, relative to the right side."""
        step = self._step(stage.counted)
        for _ in range(REFINED):
            square, left = self._begin(step, stage, guess)
            if not math.isfinite(left):
                raise SolutionError(f"{self.name}: not finite; try a shorter time.step")
            enough = max(rtol**2 * square, self._floor)
            is_single = not left * SINGLE > enough
            self._correct(step, guess, left, enough if is_single else left * SINGLE)
            if is_single:
                return
        raise SolutionError(FAILED)

    def _begin(self, step, stage, guess):
        """Find the residual; squares of the right side and of it on all processes."""
        matrix = self._part.ledger.exchange, stage.counted, self._part.ratio
        both = stage.values, guess
        arrays = *both, self._rows.of_ghosts(both), stage.brought, stage.dt, stage.scale
        ends = step.inverse, stage.right, self._residual, self._sums
        self._over_rows("begin", *self._rows.entries, *matrix, *arrays, *ends)
        if self._comm.size > 1:
            self._comm.Allreduce(MPI.IN_PLACE, self._sums, MPI.SUM)
        return self._sums.tolist()

    def _step(self, counted):
        """The Step in which an increment counts for so long [s]; those used last are kept."""
        step = self._steps.pop(counted, None) or self._made(counted)
        self._steps[counted] = step
        if len(self._steps) > KEPT_SYSTEMS:
            self._steps.pop(next(iter(self._steps)))
        return step

    def _made(self, counted):
        entries, owned = self._rows.entries, self._operators.mesh.owned
        step = Step(np.empty(len(entries[0]), np.float32), *np.empty((2, owned)))
        beside = self._part.ledger.exchange, self._fixed, counted, self._part.ratio
        self._over_rows("step", *entries, *beside, *step)
        return step

    def _correct(self, step, guess, left, enough):
        """Find what corrects the guess, to a square of the residual, and add it."""
        done = self._iterate(step, left, enough)
        if done < 0:
            raise SolutionError(FAILED)
        self._part.iterations += done
        self._over_nodes("corrected", guess, self._found, self._direction, guess)

    def _iterate(self, step, left, enough):
        """Iterations that it took; -1 if there are too many."""
        p, image, x, residual = self._direction, self._image, self._found, self._residual
        if self._comm.size == 1:  # all in one call: small tissues would notice
            arrays = p, image, x, residual
            return self._over_rows("alone", *step, left, enough, MOST, *arrays)
        share = 0.0
        for iteration in range(MOST):
            if not left > enough:
                return iteration
            self._over_nodes("turn", share, step.inverse, residual, p)
            self._rows.exchange(p)
            way = left / self._added(self._over_rows("product", step.entry, step.whole, p, image))
            now = self._added(self._over_nodes("descend", way, step.inverse, p, image, x, residual))
            share, left = now / left, now
        return -1

    def _added(self, here):
        """The sum of a number over all processes."""
        self._sums[0] = here
        self._comm.Allreduce(MPI.IN_PLACE, self._sums[:1], MPI.SUM)
        return float(self._sums[0])

    def _over_rows(self, name, *arguments):
        return self._rows.over_rows(self._passes[name], *arguments)

    def _over_nodes(self, name, *arguments):
        return self._passes[name](self._operators.mesh.owned, *arguments)

    def close(self, t: float, dt: float) -> None:
        """Give back what solving left over; where that is much, solve better first.

        Args:
            t: when the step begins [s].
            dt: its length [s].

        Raises:
            SolutionError: on all processes, where the ion is not finite.
        """
        self._balance.close(t, dt, [None], functools.partial(self.solve, dt))

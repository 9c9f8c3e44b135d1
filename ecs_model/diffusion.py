"""Diffusion of K+ over one step: theta-mass Crank-Nicolson in increment form.

    (M_theta + dt/2 (K + E)) d = -dt (K + E) u + dt (E u_bath + q),   u += d

E is the exchange with baths through a permeable surface. The increment d is small and changes
little from step to step, so a loose tolerance and the last increment as a guess give a few
iterations of conjugate gradients. What the solver leaves over is then given back in proportion to
|d|, so that K+ is conserved to round-off whatever the tolerance.
"""

from ecs_model.native import MPI, PETSc

import numpy as np

from ecs_model.errors import ConfigError, SolutionError
from ecs_model.ledger import Ledger
from ecs_model.limiter import Limiter

KEPT_LEVELS = 4  # matrices of this many different steps are kept


class Diffusion:
    """K+ in the extracellular space.

    Args:
        operators: matrices of the tissue.
        potassium: contiguous array of K+ [mM] at owned nodes; advanced in place.
        loads, exchanges, baths: what enters and leaves, from `stimulus`.
        rtol: residual of a solve, relative to that of no increment.
        options: PETSc options for the solver, such as {"ksp_type": "chebyshev"}.

    Attributes:
        ledger: what each load, exchange and bath has given so far.
        increment: the last increment [mM], the guess for the next.
        iterations: of the last solve.
        limited: steps so far in which the limiter had to keep K+ positive.
    """

    def __init__(
        self, operators, potassium, loads=(), exchanges=(), baths=(), rtol=1e-4, options=None
    ):
        self.operators, self.potassium = operators, potassium
        self.rtol, self.options = rtol, options or {}
        self.ledger = Ledger(operators, loads, exchanges, baths)
        self.iterations = self.total_iterations = self.limited = 0
        self._u, _ = operators.vector(potassium)
        self._b, self._right = operators.vector()
        self._d, self.increment = operators.vector()
        self._scratch = np.zeros_like(potassium)
        self.last_step = 0.0
        self._levels: dict[float, tuple] = {}
        self._limiter = None
        if self.options:
            self._level(1.0)  # what PETSc does not know is said before the run
            self._levels.clear()

    def advance(self, t, dt):
        """Advance K+ from time `t` [s] by `dt` [s].

        Raises:
            SolutionError: on all processes, if the solver fails or K+ is not finite.
        """
        self.ledger.hold_baths(self.potassium, t + dt / 2)
        self._assemble_right(t, dt)
        self._solve(dt)
        if self._conserve(t, dt):
            self._limit(t, dt)
        else:
            self.ledger.settle(self.potassium, self.increment, t, dt)
            self.potassium += self.increment

    def hold(self, t):
        """Set nodes at baths to the concentration of the bath at time `t` [s]."""
        self.ledger.hold_baths(self.potassium, t)

    def _assemble_right(self, t, dt):
        self._u.stateIncrease()
        self.operators.stiffness.mult(self._u, self._b)
        np.multiply(self.ledger.exchange, self.potassium, out=self._scratch)
        self._right += self._scratch
        self._right *= -dt
        self.ledger.add_loads(self._right, t, dt)
        self._right[self.ledger.held] = 0.0

    def _solve(self, dt):
        if self.last_step and dt != self.last_step:
            self.increment *= dt / self.last_step
        self.last_step = dt
        solver, _ = self._level(dt)
        solver.solve(self._b, self._d)
        self.iterations = solver.getIterationNumber()
        self.total_iterations += self.iterations
        if (reason := solver.getConvergedReason()) < 0:
            raise SolutionError(
                f"the linear solver does not converge (PETSc reason {reason}, "
                f"{self.iterations} iterations); try a shorter time.step or other solver.petsc"
            )

    def _level(self, dt):
        """Solver and closing weights for steps of `dt`; the matrices used last are kept."""
        level = self._levels.pop(dt, None)
        if level is None:
            level = self._make_solver(dt), self.ledger.closing_weights(dt)
        self._levels[dt] = level
        if len(self._levels) > KEPT_LEVELS:
            oldest, _ = self._levels.pop(next(iter(self._levels)))
            oldest.getOperators()[0].destroy()
            oldest.destroy()
        return level

    def _make_solver(self, dt):
        matrix = self.operators.implicit(dt / 2, self.ledger.exchange, self.ledger.held)
        matrix.setOption(PETSc.Mat.Option.SPD, True)
        if not self.options:  # half the memory traffic; what options ask for may need all entries
            matrix.convert("sbaij")
        solver = PETSc.KSP().create(self.operators.mesh.comm)
        solver.setOptionsPrefix("ecs_")
        solver.setOperators(matrix)
        solver.setType("cg")
        solver.getPC().setType("jacobi")
        nothing = 1e-13 * np.sqrt(self.operators.mesh.nodes)  # [mM]: round-off of K+ itself
        solver.setTolerances(rtol=self.rtol, atol=nothing, max_it=2000)
        solver.setInitialGuessNonzero(True)
        set_up(solver, self.options)
        return solver

    def _conserve(self, t, dt):
        """Give back what the solver left over; True if K+ would become negative somewhere."""
        d, u = self.increment, self.potassium
        _, weights = self._level(dt)
        np.abs(d, out=self._scratch)
        parts = np.array([
            self.ledger.due(u, t, dt) - weights @ d, weights @ self._scratch, 0.0, 0.0
        ])  # fmt: skip
        np.add(u, d, out=self._scratch)
        parts[2:] = np.count_nonzero(self._scratch < 0.0), not np.isfinite(parts[1])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, parts, MPI.SUM)
        left, size, negative, broken = parts
        if broken:
            raise SolutionError("K+ is not finite after a diffusion step; try a shorter time.step")
        if size > 0 and abs(left) < size:
            np.abs(d, out=self._scratch)
            self._scratch *= left / size
            d += self._scratch
        return negative > 0

    def _limit(self, t, dt):
        if self._limiter is None:
            self._limiter = Limiter(self.operators, self.ledger)
        self._limiter.advance(self.potassium, self.increment, t, dt)
        self.limited += 1

    def restore(self, increment, last_step):
        """Continue from a checkpoint: the increment is the guess of the next step."""
        self.increment[:] = increment
        self.last_step = last_step


def set_up(solver, options):
    """Set a solver up with PETSc options, beside those of the command line.

    Raises:
        ConfigError: for options that PETSc refuses or does not know.
    """
    database = PETSc.Options("ecs_")
    for name, value in options.items():
        database[name] = value
    try:
        solver.setFromOptions()
        solver.setUp()
        unknown = [name for name in options if not PETSc.Options().used(f"ecs_{name}")]
    except PETSc.Error as error:
        raise ConfigError(
            f"solver.petsc: PETSc cannot use {_shown(options)} ({_words(error)}); see the names in "
            "its manual, without the leading dash"
        ) from None
    finally:
        for name in options:
            database.delValue(name)
    if unknown:
        raise ConfigError(
            f"solver.petsc: PETSc knows no option {', '.join(unknown)} for this solver; names are "
            "those of its manual without the leading dash, such as ksp_type"
        )


def _shown(options):
    return ", ".join(f"{name} = {value!r}" for name, value in options.items())


def _words(error):
    """The sentence in a PETSc error that says what is wrong."""
    lines = [line.partition("] ")[2] for line in str(error).splitlines()]
    said = [line for line in lines if line and "() at /" not in line]
    return (said[-1] if said else f"error {error.ierr}").rstrip(".")

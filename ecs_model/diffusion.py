"""Diffusion of an ion over one step: theta-mass Crank-Nicolson in increment form.

    (M_theta + dt/2 (K + E)) d = -dt (K + E) u + dt (E u_bath + q),   u += d

E is the exchange with baths through a permeable surface. The increment d is small and changes
little from step to step, so a loose tolerance and the last increment as a guess give a few
iterations of conjugate gradients. What the solver leaves over is then given back in proportion to
|d|, so that the ion is conserved to round-off whatever the tolerance.
"""

from ecs_model.native import MPI, PETSc

import numpy as np

from ecs_model.errors import ConfigError, SolutionError
from ecs_model.ledger import Ledger
from ecs_model.limiter import Limiter

ROUND_OFF = 1e-13  # [mM] at a node: of the ion itself; no solver can do better
KEPT_LEVELS = 4  # matrices of this many different steps are kept


class Diffusion:
    """An ion in the extracellular space.

    Args:
        operators: matrices of the tissue.
        values: contiguous array of its concentration [mM] at owned nodes; advanced in place.
        loads, exchanges, baths: what enters and leaves, from `stimulus`.
        rtol: residual of a solve, relative to that of no increment.
        options: PETSc options for the solver, such as {"ksp_type": "chebyshev"}.
        ratio: diffusivity of the ion relative to that of the matrices.
        name: of the ion, for messages.

    Attributes:
        ledger: what each load, exchange and bath has given so far.
        increment: the last increment [mM], the guess for the next.
        iterations: of the last solve.
        limited: steps so far in which the limiter had to keep the ion positive.
        fields: what else can be written: nothing.
    """

    def __init__(
        self, operators, values, loads=(), exchanges=(), baths=(), rtol=1e-4, options=None,
        ratio=1.0, name="K+",
    ):  # fmt: skip
        self.operators, self.values, self.ratio, self.name = operators, values, ratio, name
        self.rtol, self.options = rtol, options or {}
        self.ledger = Ledger(operators, loads, exchanges, baths, ratio)
        self.iterations = self.total_iterations = self.limited = 0
        self.fields: dict = {}
        self._u, _ = operators.vector(values)
        self._b, self._right = operators.vector()
        self._d, self.increment = operators.vector()
        self._base, self._scratch = np.zeros_like(values), np.zeros_like(values)
        self.last_step, self._version = 0.0, operators.version
        self._levels: dict[float, _Level] = {}
        self._limiter = None
        if self.options:
            self._level(1.0)  # what PETSc does not know is said before the run
            self._levels.clear()

    @property
    def memory(self):
        """Name -> array, beside the ion itself, on which the next step depends."""
        return {"increment": self.increment}

    def advance(self, t, dt):
        """Advance the ion from time `t` [s] by `dt` [s].

        Raises:
            SolutionError: on all processes, if the solver fails or the result is not finite.
        """
        self.operators.follow()
        self.start(t, dt)
        self.prepare(t, dt)
        self.solve(dt)
        self.end(t, dt)

    def end(self, t, dt):
        """Take the step whose increment is found, limited where the ion would become negative."""
        if self.close(t, dt):
            self._limit(t, dt)
        else:
            self.book(t, dt)

    def hold(self, t):
        """Set nodes at baths to the concentration of the bath at time `t` [s]."""
        if self.ledger.baths:
            self.operators.follow()
        self.ledger.hold_baths(self.values, t)

    def start(self, t, dt):
        """Begin a step: baths, and the last increment as a guess."""
        if self._version != self.operators.version:
            self._version = self.operators.version
            self.ledger.refresh()
        self.ledger.hold_baths(self.values, t + dt / 2)
        if self.last_step and dt != self.last_step:
            self.increment *= dt / self.last_step
        self.last_step = dt

    def prepare(self, t, dt):
        """Find what a step brings that does not depend on its increment."""
        self._u.stateIncrease()
        self.operators.stiffness.mult(self._u, self._b)
        np.multiply(self._right, self.ratio, out=self._base)
        np.multiply(self.ledger.exchange, self.values, out=self._scratch)
        self._base += self._scratch
        self._base *= -dt
        self.ledger.add_loads(self._base, t, dt)
        self._base[self.ledger.held] = 0.0

    def solve(self, dt, drift=None):
        """Find the increment of a prepared step.

        Args:
            dt: the step [s].
            drift: what an electric field brings to each owned node [mol].
        """
        self._right[:] = self._base
        if drift is not None:
            self._right += drift
            self._right[self.ledger.held] = 0.0
        solver = self._level(dt).solver
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
            level = _Level(self, dt)
        elif level.version != self.operators.version:
            level.follow(self, dt)
        self._levels[dt] = level
        if len(self._levels) > KEPT_LEVELS:
            self._levels.pop(next(iter(self._levels))).destroy()
        return level

    def close(self, t, dt, drift=None):
        """Give back what the solver left over; True if the ion would become negative somewhere."""
        d, u = self.increment, self.values
        weights = self._level(dt).weights
        np.abs(d, out=self._scratch)
        parts = np.array([
            self.ledger.due(u, t, dt, drift) - weights @ d, weights @ self._scratch, 0.0, 0.0
        ])  # fmt: skip
        np.add(u, d, out=self._scratch)
        parts[2:] = np.count_nonzero(self._scratch < 0.0), not np.isfinite(parts[1])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, parts, MPI.SUM)
        left, size, negative, broken = parts
        if broken:
            raise SolutionError(
                f"{self.name} is not finite after a diffusion step; try a shorter time.step"
            )
        if size > 0 and abs(left) < size:
            np.abs(d, out=self._scratch)
            self._scratch *= left / size
            d += self._scratch
        return negative > 0

    def book(self, t, dt, drift=None):
        """Take the step: add the increment, and what came from where to the ledger."""
        self.ledger.settle(self.values, self.increment, t, dt, drift)
        self.values += self.increment

    def _limit(self, t, dt):
        if self._limiter is None:
            self._limiter = Limiter(self.operators, self.ledger, self.ratio)
        elif self.operators.moves:
            self._limiter.refresh()
        self._limiter.advance(self.values, self.increment, t, dt)
        self.limited += 1

    def restore(self, memory, last_step):
        """Continue from a checkpoint: the increment is the guess of the next step."""
        self.increment[:] = memory["increment"]
        self.last_step = last_step


class _Level:
    """Matrix, solver and closing weights for steps of one length."""

    def __init__(self, diffusion, dt):
        self._held = diffusion.ledger.held if diffusion.ledger.baths else None
        self._matrix = self._made(diffusion, dt)
        self.solver = _solver(diffusion, self._matrix)
        self._note(diffusion, dt)

    def _made(self, diffusion, dt, **out):
        operators, exchange = diffusion.operators, diffusion.ledger.exchange
        return operators.implicit(dt / 2, exchange, self._held, diffusion.ratio, **out)

    def _note(self, diffusion, dt):
        self.weights = diffusion.ledger.closing_weights(dt)
        self.version = diffusion.operators.version

    def follow(self, diffusion, dt):
        """Take over matrices that have changed."""
        self._made(diffusion, dt, out=self._matrix)
        self._note(diffusion, dt)

    def destroy(self):
        """Free what PETSc holds."""
        self._matrix.destroy()
        self.solver.destroy()


def _solver(diffusion, matrix):
    operators = diffusion.operators
    matrix.setOption(PETSc.Mat.Option.SPD, True)
    if not diffusion.options and not operators.moves:  # half the memory traffic
        matrix.convert("sbaij")
    solver = PETSc.KSP().create(operators.mesh.comm)
    solver.setOptionsPrefix("ecs_")
    solver.setOperators(matrix)
    solver.setType("cg")
    solver.getPC().setType("jacobi")
    if not diffusion.options:  # the norm that conjugate gradients know anyway
        solver.setNormType(PETSc.KSP.NormType.NATURAL)
    nothing = ROUND_OFF * np.sqrt(operators.mesh.nodes)
    solver.setTolerances(rtol=diffusion.rtol, atol=nothing, max_it=2000)
    solver.setInitialGuessNonzero(True)
    set_up(solver, diffusion.options)
    if solver.getNormType() == PETSc.KSP.NormType.NATURAL and "ksp_atol" not in diffusion.options:
        volume = operators.mesh.sum(operators.lumped) / operators.mesh.nodes
        solver.setTolerances(atol=nothing * np.sqrt(volume))  # its unit has the root of a volume
    return solver


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

"""Diffusion of an ion over one step: theta-mass, of second order, damped where that is needed.

    (M_theta + c dt (K + E)) e1 = c b            b = -dt (K + E) u + dt (E u_bath + q)
    (M_theta + c dt (K + E)) e2 = c b - (1 - c) dt (K + E) e1
    u += (1/c - 1) e1 + e2

E is the exchange with baths through a permeable surface. Crank-Nicolson takes the first line with
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

from ecs_model.native import MPI, PETSc

import numpy as np

from ecs_model.errors import ConfigError, SolutionError
from ecs_model.transport.flux_limiter import Neighbours, Range
from ecs_model.transport.mass_balance import Ledger

ROUND_OFF = 1e-13  # [mM] at a node: of the ion itself; no solver can do better
MUCH, SHARPER = 1e-2, 4  # left over, of what moves; tries with a hundredth of the tolerance each
KEPT_LEVELS = 4  # matrices of this many different steps are kept
STIFF = (
    20.0  # rates times the step beyond which Crank-Nicolson damps by less than a fifth in a step
)
NEVER = 1e300  # a guess is no sign of divergence where the right side is zero
PLAIN, DAMPED = 0.5, 1 - 0.5**0.5  # c of half steps and of the L-stable method of second order


class Diffusion:
    """An ion in the extracellular space.

    Args:
        operators: matrices of the tissue.
        values: contiguous array of its concentration [mM] at owned nodes; advanced in place.
        loads, exchanges, baths: what enters and leaves, from `sources`.
        rtol: residual of a solve, relative to that of no increment.
        options: PETSc options for the solver, such as {"ksp_type": "chebyshev"}.
        ratio: diffusivity of the ion relative to that of the matrices.
        name: of the ion, for messages.
        rows: the Neighbours of the same tissue, if they are known already.

    Attributes:
        ledger: what each load, exchange and bath has given so far.
        increment: the last increment [mM], the guess for the next.
        iterations: of the last solve.
        range: keeps the ion within what its surroundings allow.
        fields: what else can be written: nothing.
    """

    def __init__(
        self, operators, values, loads=(), exchanges=(), baths=(), rtol=1e-4, options=None,
        ratio=1.0, name="K+", rows=None,
    ):  # fmt: skip
        self.operators, self.values, self.ratio, self.name = operators, values, ratio, name
        self.rtol, self.options = rtol, options or {}
        self.ledger = Ledger(operators, loads, exchanges, baths, ratio)
        self.iterations = self.total_iterations = 0
        self.fields: dict = {}
        self._u, _ = operators.vector(values)
        self._b, self._right = operators.vector()
        self._d, self.increment = operators.vector()
        rows = rows or Neighbours(operators)
        self.range = Range(rows, self.ledger, values, self.increment, ratio, name)
        self._base, self._scratch = np.zeros_like(values), np.zeros_like(values)
        self.last_step, self._version = 0.0, operators.version
        self._c, self._stages, self._first = PLAIN, 1, None
        self._levels: dict[float, _Level] = {}
        if self.options:
            self._level(1.0)  # what PETSc does not know is said before the run
            self._levels.clear()

    @property
    def memory(self):
        """Name -> array, beside the ion itself, on which the next step depends."""
        return {"increment": self.increment}

    def advance(self, t, dt, damped=False):
        """Advance the ion from time `t` [s] by `dt` [s].

        Args:
            t: time [s].
            dt: step [s].
            damped: something changed abruptly a moment ago.

        Raises:
            SolutionError: on all processes, if the solver fails, or the ion is not finite or less
                than nothing.
        """
        self.operators.follow()
        self.start(t, dt, damped)
        self.prepare(t, dt)
        self.solve(dt)
        self.end(t, dt)

    def end(self, t, dt):
        """Take the step whose increment is found."""
        self.close(t, dt)
        self.settle(t, dt)
        self.range.take()

    def hold(self, t):
        """Set nodes at baths to the concentration of the bath at time `t` [s]."""
        if self.ledger.baths:
            self.operators.follow()
        self.ledger.hold_baths(self.values, t, t)

    def is_stiff(self, dt):
        """Whether a step of `dt` [s] is so long for the mesh that Crank-Nicolson hardly damps."""
        return dt * (self.ratio * self.operators.fastest + self.ledger.fastest) > STIFF

    def start(self, t, dt, damped=False, stiff=None):
        """Begin a step: baths, the method, and the last increment as a guess.

        Args:
            t: time [s].
            dt: step [s].
            damped: as that of `advance`.
            stiff: whether all ions together need the method for long steps; None to decide alone.
        """
        if self._version != self.operators.version:
            self._version = self.operators.version
            self.ledger.refresh()
        self.ledger.hold_baths(self.values, t, t + dt)
        if self.last_step and dt != self.last_step:
            self.increment *= dt / self.last_step
        self.last_step = dt
        self._choose(damped, self.is_stiff(dt) if stiff is None else stiff)

    def _choose(self, damped, stiff):
        """Choose the method for a step."""
        self._stages = 2 if damped or stiff else 1
        self._c = DAMPED if stiff and not damped else PLAIN
        if self._stages == 2 and self._first is None:
            self._e, self._first = self.operators.vector()
            self._stiff, self._flow = self.operators.vector()

    @property
    def corrections(self):
        """What was done to keep the maximum principle so far: name of the ion -> Corrections."""
        return {self.name: self.range.corrections}

    @property
    def implicitness(self):
        """Share of a step by which what is brought to a node damps itself, as a mean over rates."""
        return 0.5 if self._stages == 1 else 0.75

    def prepare(self, t, dt):
        """Find what a step brings that does not depend on its increment."""
        self._u.stateIncrease()
        self.operators.stiffness.mult(self._u, self._b)
        self._out(self._right, self.values, dt, self._base)
        self.ledger.add_loads(self._base, t, dt)
        self._base[self.ledger.held] = 0.0

    def _out(self, flow, values, dt, out):
        """What diffusion and exchanges bring in `dt` where K times `values` is `flow`."""
        np.multiply(flow, self.ratio, out=out)
        np.multiply(self.ledger.exchange, values, out=self._scratch)
        out += self._scratch
        out *= -dt

    def solve(self, dt, migration=None, rtol=None):
        """Find the increment of a prepared step.

        Args:
            dt: the step [s].
            migration: what an electric field brings to each owned node [mol].
            rtol: another than the usual one.
        """
        solver = self._level(dt).solver
        usual = solver.getTolerances()[0]
        if rtol is not None:
            solver.setTolerances(rtol=rtol)
        self.iterations = 0
        self._right[:] = self._base
        if migration is not None:
            self._right += migration
            self._right[self.ledger.held] = 0.0
        if self._stages == 1:
            self._solve(dt, self._d)
        else:
            self._solve_twice(dt)
        if rtol is not None:
            solver.setTolerances(rtol=usual)
        self.total_iterations += self.iterations

    def _solve_twice(self, dt):
        c, first, flow = self._c, self._first, self._flow
        self._right *= c
        np.multiply(self.increment, c, out=first)
        self._solve(dt, self._e)
        self.operators.stiffness.mult(self._e, self._stiff)
        self._out(flow, first, dt, flow)
        flow *= 1 - c
        flow[self.ledger.held] = 0.0
        self._right += flow
        np.multiply(first, 1 / c - 1, out=flow)
        self.increment -= flow
        self._solve(dt, self._d)
        self.increment += flow

    def _solve(self, dt, out):
        """Solve for the right side as it is, from what `out` is."""
        solver = self._level(dt).solver
        out.stateIncrease()
        self._b.stateIncrease()
        solver.solve(self._b, out)
        self.iterations += solver.getIterationNumber()
        if (reason := solver.getConvergedReason()) < 0:
            raise SolutionError(
                f"the linear solver does not converge (PETSc reason {reason}, "
                f"{self.iterations} iterations); try a shorter time.step or other solver.petsc"
            )

    def _level(self, dt):
        """Solver and closing weights for steps of `dt`; the matrices used last are kept."""
        key = self._c * dt
        level = self._levels.pop(key, None)
        if level is None:
            level = _Level(self, key)
        elif level.version != self.operators.version:
            level.follow(self, key)
        self._levels[key] = level
        if len(self._levels) > KEPT_LEVELS:
            self._levels.pop(next(iter(self._levels))).destroy()
        return level

    def _middle(self):
        """What the ion is on average during the step, beyond its start [mM]; overwritten soon."""
        middle = np.multiply(self.increment, self._c, out=self._scratch)
        if self._stages == 2:
            middle += np.multiply(self._first, 1 - self._c, out=self._flow)
        return middle

    def close(self, t, dt, migration=None):
        """Give back what the solver left over; where that is much, solve better first."""
        for sharper in range(SHARPER + 1):
            left, size = self._left_over(t, dt, migration)
            if abs(left) <= MUCH * size or sharper == SHARPER:
                break
            self.solve(dt, migration, self.rtol * 1e-2 ** (sharper + 1))
        if size > 0:
            np.abs(self.increment, out=self._scratch)
            self._scratch *= left / size
            self._scratch *= self._level(dt).signs
            self.increment += self._scratch

    def _left_over(self, t, dt, migration):
        """Amount [mol] that the increment lacks, and by which size it can be given back."""
        d, level = self.increment, self._level(dt)
        np.abs(d, out=self._scratch)
        parts = np.array([
            self.ledger.due(self.values, t, dt, migration) - level.weights @ d,
            level.sizes @ self._scratch, 0.0,
        ])  # fmt: skip
        if self._stages == 2 and level.flows is not None:
            parts[0] -= (1 - self._c) * dt * float(level.flows @ self._first)
        parts[2] = not np.isfinite(parts[1])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, parts, MPI.SUM)
        left, size, broken = parts
        if broken:
            raise SolutionError(
                f"{self.name} is not finite after a diffusion step; try a shorter time.step"
            )
        return left, size

    def settle(self, t, dt, migration=None, pull=None):
        """Book the step, changed where it would leave the range that the surroundings allow.

        Args:
            t: time [s].
            dt: step [s].
            migration: what an electric field brings to each owned node [mol].
            pull: that field as a Pull.

        Raises:
            SolutionError: on all processes, where there would be less than nothing.
        """
        if self.range.is_left(t, dt, migration):
            self.range.limit(t, dt, self._middle(), pull)
            return
        middle = self._middle() if self.ledger.open else None
        self.ledger.settle(self.values, self.increment, middle, t, dt, migration)

    def restore(self, memory, last_step):
        """Continue from a checkpoint: the increment is the guess of the next step."""
        self.increment[:] = memory["increment"]
        self.last_step = last_step


class _Level:
    """Matrix, solver and closing weights for one part of a step [s]."""

    def __init__(self, diffusion, part):
        self._held = diffusion.ledger.held if diffusion.ledger.baths else None
        self._matrix = self._made(diffusion, part)
        self.solver = _solver(diffusion, self._matrix)
        self._note(diffusion, part)

    def _made(self, diffusion, part, **out):
        operators, exchange = diffusion.operators, diffusion.ledger.exchange
        return operators.implicit(part, exchange, self._held, diffusion.ratio, **out)

    def _note(self, diffusion, part):
        self.weights, self.flows = diffusion.ledger.closing_weights(part)
        self.sizes, self.signs = np.abs(self.weights), np.sign(self.weights)
        if self.signs.min(initial=1.0) >= 0.0:  # as nearly always
            self.sizes, self.signs = self.weights, 1.0
        self.version = diffusion.operators.version

    def follow(self, diffusion, part):
        """Take over matrices that have changed."""
        self._made(diffusion, part, out=self._matrix)
        self._note(diffusion, part)

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
    solver.setTolerances(rtol=diffusion.rtol, atol=nothing, divtol=NEVER, max_it=2000)
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

"""The linear systems of an ion's steps: matrix, solver and closing weights for each length of step.

Conjugate gradients with Jacobi, unless PETSc options say otherwise. The matrices of the steps used
last are kept, as adaptive steps take one of few lengths.
"""

import contextlib
import functools
from collections.abc import Iterator

from ecs_model.native import PETSc

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.values import Array
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import Matrices, Operators, implicit
from ecs_model.transport.petsc_database import Options, petsc_database

ROUND_OFF = 1e-13  # [mM] at a node: of the ion itself; no solver can do better
KEPT_SYSTEMS = 4  # of this many different steps
NEVER = 1e300  # a guess is no sign of divergence where the right side is zero
MOST = 2000  # iterations


class LinearSystems:
    """The linear systems of one ion, by the part of the step that an increment counts.

    Args:
        operators: matrices of the tissue.
        ledger: of the ion.
        ratio: diffusivity of the ion relative to that of the matrices.
        rtol: residual of a solve, relative to that of no increment.
        options: PETSc options for the solver.

    Attributes:
        are_chosen: whether options say how these systems are solved.
    """

    def __init__(
        self, operators: Matrices, ledger: Ledger, ratio: float, rtol: float, options: Options
    ) -> None:
        self.operators, self.ledger, self.ratio = operators, ledger, ratio
        self.rtol, self.options = rtol, options
        self.fixed = ledger.fixed if ledger.dirichlet else None
        self.are_chosen = bool(options or PETSc.Options("ecs_diffusion_").getAll())
        self._systems: dict[float, LinearSystem] = {}

    def of(self, part: float) -> "LinearSystem":
        """The system in which an increment counts for a `part` of the step [s], as of now."""
        system = self._systems.pop(part, None)
        if system is None:
            system = LinearSystem(self, part)
        elif system.version != self.operators.version:
            system.follow()
        self._systems[part] = system
        if len(self._systems) > KEPT_SYSTEMS:
            self._systems.pop(next(iter(self._systems))).destroy()
        return system

    def try_options(self) -> None:
        """Raise ConfigError, before anything runs, for options that PETSc refuses."""
        if self.options:
            tried = LinearSystem(self, 1.0)
            tried.solver.setUp()
            tried.destroy()


class LinearSystem:
    """Closing weights for one part of a step [s]; matrix and solver once they are asked for.

    Args:
        systems: of the ion.
        part: of the step that an increment counts [s].

    Attributes:
        weights, sizes, signs: of an increment in the balance, see `Ledger.closing_weights`.
        flows: the share of the weights per second of the part; None if that is zero.
        version: that of the matrices.
    """

    def __init__(self, systems: LinearSystems, part: float) -> None:
        self._systems, self._part = systems, part
        self._matrix: PETSc.Mat = None
        self._weigh()

    @functools.cached_property
    def solver(self) -> PETSc.KSP:
        """The PETSc KSP."""
        self._matrix = self._implicit()
        return _solver(self._systems, self._matrix)

    def solve(self, right: PETSc.Vec, solution: PETSc.Vec) -> int:
        """Solve, from what the solution is; number of iterations.

        Raises:
            SolutionError: on all processes, if that fails.
        """
        self.solver.solve(right, solution)
        count = self.solver.getIterationNumber()
        if (reason := self.solver.getConvergedReason()) < 0:
            raise SolutionError(
                f"the linear solver does not converge (PETSc reason {reason}, "
                f"{count} iterations); try a shorter time.step or other solver.petsc"
            )
        return count

    def _implicit(self, **out):
        it = self._systems
        exchange = it.ledger.exchange
        return implicit(it.operators, self._part, exchange, it.fixed, it.ratio, **out)

    def _weigh(self):
        self.weights, self.flows = self._systems.ledger.closing_weights(self._part)
        self.sizes: Array = self.weights
        self.signs: Array | float = 1.0
        if self.flows is not None and np.min(self.weights, initial=1.0) < 0.0:  # hardly ever
            self.sizes, self.signs = np.abs(self.weights), np.sign(self.weights)
        self.version = self._systems.operators.version

    def follow(self) -> None:
        """Take over matrices that have changed."""
        if self._matrix is not None:
            self._implicit(out=self._matrix)
        self._weigh()

    @contextlib.contextmanager
    def tolerance(self, rtol: float | None) -> Iterator[None]:
        """Meanwhile solve to another relative residual; to the usual one for None."""
        usual, *_ = self.solver.getTolerances()
        rtol = usual if rtol is None else rtol
        self.solver.setTolerances(rtol=rtol)
        yield
        self.solver.setTolerances(rtol=usual)

    def destroy(self) -> None:
        """Free what PETSc holds."""
        if self._matrix is not None:
            self._matrix.destroy()
            self.solver.destroy()


def _solver(systems, matrix):
    operators, options = systems.operators, systems.options
    is_still = not operators.moves
    return conjugate_gradients(
        operators, matrix, "diffusion", options, systems.rtol, ROUND_OFF, is_still
    )


def conjugate_gradients(
    operators: Operators,
    matrix: PETSc.Mat,
    kind: str,
    options: Options,
    rtol: float,
    least: float,
    is_still: bool = True,
    usual: Options | None = None,
) -> PETSc.KSP:
    """The KSP of a symmetric positive matrix: conjugate gradients with Jacobi by default.

    Args:
        operators: matrices over the same mesh.
        matrix: what is solved with; it may become one of half its memory.
        kind: begins the prefix of the PETSc options.
        options: PETSc options by name, without the prefix.
        rtol: residual of a solve.
        least: change of a node that nobody can tell from none, in the unit of the solution.
        is_still: whether the matrix stays what it is.
        usual: options of this solver that `options` override.

    Raises:
        ConfigError: on all processes, for options that PETSc refuses.
    """
    matrix.setOption(PETSc.Mat.Option.SPD, True)
    # Half the memory traffic, on one process: on several, PETSc copies a vector for each product.
    if not options and is_still and operators.mesh.comm.size == 1:
        matrix.convert("sbaij")
    solver = PETSc.KSP().create(operators.mesh.comm)
    solver.setOperators(matrix)
    solver.setType("cg")
    solver.getPC().setType("jacobi")
    solver.setInitialGuessNonzero(True)
    floor = least * np.sqrt(operators.mesh.nodes)
    solver.setTolerances(rtol=rtol, atol=floor, divtol=NEVER, max_it=MOST)
    if not options:  # the norm that conjugate gradients know anyway
        solver.setNormType(PETSc.KSP.NormType.NATURAL)
    with petsc_database(kind, options, usual) as prefix:
        solver.setOptionsPrefix(prefix)
        solver.setFromOptions()
        solver.setUp()
    if "ksp_atol" not in options:
        _scale_floor(solver, floor, operators)
    return solver


def _scale_floor(solver, floor, operators):
    """Give the floor the unit of the norm.

    A residual is a volume times the solution, its natural norm the root of a volume times that; a
    preconditioner takes the volume away.
    """
    norm, volume = solver.getNormType(), operators.mesh.sum(operators.lumped) / operators.mesh.nodes
    if norm == PETSc.KSP.NormType.UNPRECONDITIONED or solver.getPC().getType() == "none":
        solver.setTolerances(atol=floor * volume)
    elif norm == PETSc.KSP.NormType.NATURAL:
        solver.setTolerances(atol=floor * np.sqrt(volume))

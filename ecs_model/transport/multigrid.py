"""Solvers of potentials: conjugate gradients with algebraic multigrid, set up once."""

import contextlib
from collections.abc import Iterator

from ecs_model.native import PETSc

from ecs_model.errors import SolutionError
from ecs_model.transport.petsc_database import Options

MULTIGRID: Options = {
    "mg_levels_ksp_type": "richardson",
    "mg_levels_ksp_max_it": 1,
    "mg_levels_pc_type": "sor",
    "pc_gamg_coarse_eq_limit": 1000,  # solved exactly: of 50 a level more would smooth them badly
}
RTOL, MOST = 1e-3, 500


def conjugate_gradients(matrix: PETSc.Mat, model: PETSc.Mat) -> PETSc.KSP:
    """Conjugate gradients for a matrix, whose preconditioner is and stays that of a model."""
    solver = PETSc.KSP().create(matrix.comm)
    solver.setOperators(matrix, model)
    solver.setType("cg")
    solver.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)  # known without another cycle
    solver.getPC().setReusePreconditioner(True)
    solver.setTolerances(rtol=RTOL, atol=1e-300, max_it=MOST)
    return solver


def set_up_multigrid(solver: PETSc.KSP) -> None:
    """Set multigrid up, which stays positive while the matrix moves away from the model.

    PETSc's database is to hold MULTIGRID meanwhile.
    """
    solver.getPC().setType("gamg")
    solver.getPC().setReusePreconditioner(True)
    solver.setFromOptions()
    solver.setUp()


@contextlib.contextmanager
def residual(solver: PETSc.KSP, rtol: float | None) -> Iterator[PETSc.KSP]:
    """A solver that meanwhile solves to another relative residual; to the usual one for None."""
    usual, *_ = solver.getTolerances()
    if rtol is not None:
        solver.setTolerances(rtol=rtol)
    yield solver
    solver.setTolerances(rtol=usual)


def refuse_failure(solver: PETSc.KSP) -> None:
    """Raise SolutionError, on all processes, if a solver has failed."""
    if (reason := solver.getConvergedReason()) < 0:
        raise SolutionError(
            f"the equation of the potential does not converge (PETSc reason {reason}); try a "
            "shorter time.step"
        )

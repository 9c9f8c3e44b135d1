"""An ion that moves alone: corrections in single precision, to any residual that is asked for."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.errors import SolutionError
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.regions import diffusivity
from ecs_model.tissue.sources import facet_bath
from ecs_model.tissue.time_course import constant
from ecs_model.transport import lone_increment
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.linear_solver import KEPT_SYSTEMS
from ecs_model.transport.matrices import Operators
from tests.helpers import brick

OPTIONS = {"ksp_type": "cg"}  # PETSc, in double precision


def made(values, rtol=1e-4, baths=False, **named):
    """A Diffusion in a small brick, from values at its nodes."""
    mesh = Mesh(MPI.COMM_SELF, brick([6, 5, 4], [90e-6, 75e-6, 60e-6]))
    alpha, tortuosity = (np.full(len(mesh.cell_tags), x) for x in (0.2, 1.6))
    operators = Operators(mesh, alpha, diffusivity(1.96e-9, tortuosity), 0.5)
    held = [facet_bath(mesh, "a", 1, constant(3.0))] if baths else []
    u = 3.0 + values(*mesh.coordinates[: mesh.owned].T * 1e6)
    return Diffusion(operators, u, dirichlet=held, rtol=rtol, **named)


def hill(x, y, z):
    return 20.0 * np.exp(-(x**2 + y**2 + z**2) / 800.0)


def rough(x, y, z):
    return np.where((x < 40) & (y < 30), 50.0, 0.0)


def expected(diffusion, dt):
    """The increment of a Crank-Nicolson step, by a dense solve."""
    operators, fixed = diffusion.operators, diffusion.ledger.fixed
    K, M = (m.convert("dense").getDenseArray() for m in (operators.stiffness, operators.mass))
    u = diffusion.values.copy()
    u[fixed] = 3.0
    A, b = M + 0.5 * dt * K, -dt * K @ u
    A[fixed], A[:, fixed], b[fixed] = 0.0, 0.0, 0.0
    A[fixed, fixed] = 1.0
    return np.linalg.solve(A, b)


@pytest.mark.parametrize("baths", [False, True])
@pytest.mark.parametrize("values", [hill, rough])
@pytest.mark.parametrize("rtol", [1e-2, 1e-4, 1e-8, 1e-12])
def test_the_residual_that_is_asked_for_is_reached(values, rtol, baths):
    """Also one that single precision does not know: residuals are found again in double."""
    diffusion = made(values, rtol, baths)
    exact = expected(diffusion, 0.05)
    diffusion.find(0.0, 0.05)
    assert np.abs(diffusion.increment - exact).max() <= 3 * rtol * np.abs(exact).max() + 1e-13


@pytest.mark.parametrize("damped", [False, True])
@pytest.mark.parametrize("baths", [False, True])
def test_steps_are_those_of_double_precision(baths, damped):
    """Steps of one stage and of two, with a guess and without, of several lengths."""
    single, double = (made(hill, 1e-9, baths, options=o) for o in ({}, OPTIONS))
    t = 0.0
    for dt in (0.05, 0.05, 0.1, 0.025, 0.4, 0.05):
        for diffusion in (single, double):
            diffusion.advance(t, dt, damped)
        t += dt
    assert np.abs(single.values - double.values).max() < 1e-7
    assert single.ledger.given == pytest.approx(double.ledger.given, rel=1e-6)


def test_iterations_are_about_those_of_double_precision():
    single, double = (made(rough, options=o) for o in ({}, OPTIONS))
    for k in range(20):
        for diffusion in (single, double):
            diffusion.advance(0.05 * k, 0.05)
    assert abs(single.total_iterations - double.total_iterations) <= 4 < double.total_iterations


def test_matrices_of_few_lengths_are_kept():
    diffusion = made(hill)
    for k in range(10):
        diffusion.advance(0.0, 0.01 * 2.0 ** (k % 7))
    assert len(diffusion._increments._steps) == KEPT_SYSTEMS


def test_what_is_not_finite_is_refused():
    """A residual without a value would count as small, and the limiter look for room for ever."""
    diffusion = made(hill)
    diffusion.values[3] = np.nan
    with pytest.raises(SolutionError, match="not finite"):
        diffusion.advance(0.0, 0.05)


def test_too_few_iterations_are_refused(monkeypatch):
    monkeypatch.setattr(lone_increment, "MOST", 1)
    with pytest.raises(SolutionError, match="does not converge"):
        made(rough, 1e-9).advance(0.0, 5.0)

"""Computed numbers of the regenerative neuron with glia: rest, eigenvalues, ignition."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.autodiff import jacobian
from ecs_model.membrane.model import Surroundings
from tests.helpers import found
from tests.membrane.nodes import first_true, nodes

MODEL = MODELS["kager_mori"]
BARE = MODEL.variant(glia=False)
SOLVED = "independent solution (SciPy)"


def seen(name, y, model=MODEL):
    return 1e3 * model.observables[name][1](y, model.Parameters(), Surroundings())


def test_rest():
    y = MODEL.State()
    found("kager_mori: V at rest", seen("V", y), -68.035010887649, 0.02, "mV", SOLVED)
    found("kager_mori: V of glia at rest", seen("V_g", y), -82.7102, 1e-3, "mV", SOLVED)
    rest = {"K_i": 130.118, "Na_i": 9.34425, "Cl_i": 8.86225, "K_g": 129.547, "Na_g": 14.298}
    for name, value in rest.items():
        what = f"kager_mori: {name} at rest"
        found(what, getattr(y, name), value, 2e-5, "mM", SOLVED, rel=True)


def test_neurons_rest_alike_without_glia():
    y, bare = MODEL.State(), BARE.State()
    np.testing.assert_allclose(bare, y[: len(bare)], rtol=1e-12)


def eigenvalues(model, y):
    _, rows = jacobian(lambda y: model.rhs(y, model.Parameters(), Surroundings()), y)
    matrix = np.array([[row.get(j, 0.0) for j in range(len(rows))] for row in rows])
    return np.linalg.eigvals(matrix)


def test_rest_is_stable_and_conserves_ions_and_charge():
    """Zero eigenvalues: three ions, and the charge of two kinds of cells."""
    values = eigenvalues(MODEL, MODEL.State())
    zero = np.abs(values) < 1e-6
    assert zero.sum() == 5
    assert (values[~zero].real < 0).all()


def ignited(y, advance, seconds=20.0):
    highest = y.K_o.copy()
    for _ in range(int(10 * seconds)):
        advance(0.1)
        highest = np.maximum(highest, y.K_o)
    return highest > 20.0


@pytest.mark.parametrize(
    ("alpha", "step"), [(0.1, 5.74), (0.2, 5.479736328125), (0.3, 5.34), (0.4, 4.586669921875)]
)
def test_step_of_potassium_chloride_ignites(alpha, step):
    """Within 20 s; where the space is large the last ones ignite late (3.6 mM within 60 s)."""
    sizes = step + np.linspace(-0.2, 0.2, 32)
    advance, y, _ = nodes(MODEL, 32, alpha=alpha)
    y.K_o[:] += sizes
    y.Cl_o[:] += sizes
    smallest, what = first_true(sizes, ignited(y, advance)), f"KCl that ignites, alpha {alpha}"
    found(f"kager_mori: {what}", smallest, step, 0.2, "mM", SOLVED)


def test_half_the_pump_ignites_by_itself():
    p = MODEL.Parameters()
    advance, y, _ = nodes(MODEL, 1, I_pump=0.5 * p.I_pump, I_pump_g=0.5 * p.I_pump_g)
    assert ignited(y, advance, 60.0).all()


def test_gated_channels_close_when_nothing_is_there():
    """Without gated channels the cell is a leak and cannot ignite, whatever the step."""
    sizes = np.linspace(5.0, 30.0, 6)
    advance, y, _ = nodes(MODEL, 6, P_NaP=0.0)
    y.K_o[:] += sizes
    y.Cl_o[:] += sizes
    advance(60.0)
    assert (y.K_o < 7.0).all()

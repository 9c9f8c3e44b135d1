"""Published and computed numbers of the bistable neuron: states, thresholds, effect of the ECS."""

from collections import namedtuple

import numpy as np
import pytest

from ecs_model.derivative import jacobian
from ecs_model.gating import steady_gate
from ecs_model.membrane import MODELS, huebel_dahlem, spiking
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.rest import balanced
from tests.membrane.nodes import first_true, nodes

MODEL = MODELS["huebel_dahlem"]
VARIANTS = {
    (g, r): MODEL.variant(gates=g, reservoir=r)
    for g in ("hn", "h")
    for r in ("closed", "bath", "glia")
}
Reduced = namedtuple("Reduced", "V K_i Cl_i n")
RATIO = 3.0


def whole(gates, x, ratio=RATIO):
    """The state of a closed cell with the published totals."""
    state = VARIANTS[gates, "closed"].State()
    h = {"h": steady_gate(*spiking.h_rates(1e3 * x.V))} if gates == "h" else {}
    ions = huebel_dahlem.closed_ions(x.K_i, x.Cl_i, huebel_dahlem.TOTALS[gates], ratio)
    return state._replace(V=x.V, n=x.n, **ions, **h)


def steady(gates, V, K_i, Cl_i, ratio=RATIO):
    """The steady state of a closed cell near the given one."""
    p = VARIANTS[gates, "closed"].Parameters()

    def equations(x):
        J_K, J_Cl, dV, dn, *_ = huebel_dahlem.fluxes(whole(gates, x, ratio), p, Surroundings())
        return [J_K, J_Cl, dV, dn]

    n = steady_gate(*spiking.n_rates(V))
    return whole(gates, balanced(equations, Reduced(1e-3 * V, K_i, Cl_i, n)), ratio)


def eigenvalues(gates, y):
    """Eigenvalues [1/s] of the closed cell, those of conserved amounts left out."""
    model = VARIANTS[gates, "closed"]
    env = Surroundings(alpha=0.25)
    _, rows = jacobian(lambda y: model.rhs(y, model.Parameters(), env), y)
    matrix = np.array([[row.get(j, 0.0) for j in range(len(rows))] for row in rows])
    values = np.linalg.eigvals(matrix)
    return np.sort(values[np.abs(values) > 1e-6].real)


@pytest.mark.parametrize(
    ("gates", "V", "K_i"),
    [("hn", -67.193882440786, 129.256345027614), ("h", -67.056669706776, 128.569366175366)],
)
def test_rest(gates, V, K_i):
    y = VARIANTS[gates, "closed"].State()
    assert 1e3 * y.V == pytest.approx(V, abs=1e-6)
    assert y.K_i == pytest.approx(K_i, abs=1e-6)


@pytest.mark.parametrize(
    ("gates", "V", "K_o", "K_i", "Na_i", "Cl_i"),
    [("hn", -23.111496880641, 44.825649741479, 115.6491, 57.3677, 28.4279),
     ("h", -23.732199313151, 43.519377369823, 115.3950, 56.8827, 28.4847)],
)  # fmt: skip
def test_depolarised_state(gates, V, K_o, K_i, Na_i, Cl_i):
    y = steady(gates, V, K_i, Cl_i)
    assert 1e3 * y.V == pytest.approx(V, abs=1e-5)
    assert y.K_o == pytest.approx(K_o, abs=1e-5)
    assert y.Na_i == pytest.approx(Na_i, abs=1e-3)


@pytest.mark.parametrize(
    ("gates", "rest", "depolarised"),
    [("hn", (-529.3, -92.0, -0.2148, -0.003253), (-8331, -1039, -0.590, -0.00291)),
     ("h", (-679.9, -527.8, -122.0, -0.211, -0.00616), (-5848, -1447, -803, -0.380, -0.00695))],
)  # fmt: skip
def test_both_states_are_stable(gates, rest, depolarised):
    other = steady(gates, -23.4, 115.5, 28.4)
    for y, expected in ((VARIANTS[gates, "closed"].State(), rest), (other, depolarised)):
        np.testing.assert_allclose(eigenvalues(gates, y), expected, rtol=5e-3)


def test_published_depolarised_state():
    """The state that ModelDB 187213 lists for w_e = 3700 um^3."""
    y = steady("h", -20.3, 77.4, 47.9, ratio=2.16 / 3.7)
    assert 1e3 * y.V == pytest.approx(-20.288656, abs=1e-4)
    assert y.K_i == pytest.approx(77.408791, abs=1e-3)
    assert y.Cl_i == pytest.approx(47.911449, abs=1e-3)
    assert y.n == pytest.approx(0.66411209, abs=1e-5)
    assert y.h == pytest.approx(0.057942949, abs=1e-5)


def depolarised_at_the_end(advance, y, wait=25.0):
    """Which nodes are silent and depolarised in the last 5 s of the wait."""
    advance(wait - 5.0)
    silent = np.ones(len(y.V), bool)
    for _ in range(50):
        advance(0.1)
        silent &= (y.V > -45e-3) & (y.K_o > 20.0)
    return silent


@pytest.mark.parametrize(
    ("gates", "reservoir", "seconds"),
    [("hn", "closed", 8.798095703125), ("hn", "bath", 9.35), ("hn", "glia", 8.84),
     ("h", "closed", 10.550048828125), ("h", "bath", 11.521240234375), ("h", "glia", 10.59)],
)  # fmt: skip
def test_pump_off_triggers(gates, reservoir, seconds):
    sizes = seconds + np.linspace(-0.15, 0.15, 32)
    advance, y, p = nodes(VARIANTS[gates, reservoir], 32)
    on = p.rho[0]
    p.rho[:] = 0.0
    for k, length in enumerate(np.diff(sizes, prepend=0.0)):
        advance(length)
        p.rho[k] = on
    assert first_true(sizes, depolarised_at_the_end(advance, y)) == pytest.approx(seconds, abs=0.15)


@pytest.mark.parametrize(
    ("gates", "reservoir", "step"),
    [("hn", "closed", 19.163818359375), ("hn", "bath", 24.378173828125),
     ("hn", "glia", 24.493408203125), ("h", "closed", 20.575439453125),
     ("h", "bath", 27.086181640625), ("h", "glia", 27.40)],
)  # fmt: skip
def test_potassium_step_triggers(gates, reservoir, step):
    sizes = step + np.linspace(-0.5, 0.5, 32)
    advance, y, _ = nodes(VARIANTS[gates, reservoir], 32)
    y.K_o[:] += sizes
    assert first_true(sizes, depolarised_at_the_end(advance, y)) == pytest.approx(step, abs=0.5)


@pytest.mark.parametrize(
    ("gates", "reservoir", "current"),
    [("hn", "closed", 96.22802734375), ("h", "closed", 128.24462890625), ("h", "bath", 130.6)],
)
def test_current_triggers(gates, reservoir, current):
    sizes = current + np.linspace(-2, 2, 32)
    advance, y, p = nodes(VARIANTS[gates, reservoir], 32)
    p.I_stim[:] = 1e-2 * sizes
    advance(0.5)
    p.I_stim[:] = 0.0
    assert first_true(sizes, depolarised_at_the_end(advance, y)) == pytest.approx(current, abs=2)


FRACTIONS = [(0.1, 4.185693359375, 34.98388671875), (0.2, 8.419580078125, 23.72021484375),
             (0.4, 16.887353515625, 16.15966796875)]  # fmt: skip


@pytest.mark.parametrize(("fraction", "seconds", "step"), FRACTIONS)
def test_thresholds_over_the_space_outside(fraction, seconds, step):
    """Total volume and membrane area fixed: less space is easier by energy, harder by K+ step."""
    model = VARIANTS["h", "closed"]
    sizes = step + np.linspace(-0.7, 0.7, 32)
    advance, y, _ = nodes(model, 32, alpha=fraction, phi=1 - fraction)
    y.K_o[:] += sizes
    assert first_true(sizes, depolarised_at_the_end(advance, y)) == pytest.approx(step, abs=0.7)
    sizes = seconds + np.linspace(-0.2, 0.2, 32)
    advance, y, p = nodes(model, 32, alpha=fraction, phi=1 - fraction)
    on = p.rho[0]
    p.rho[:] = 0.0
    for k, length in enumerate(np.diff(sizes, prepend=0.0)):
        advance(length)
        p.rho[k] = on
    assert first_true(sizes, depolarised_at_the_end(advance, y)) == pytest.approx(seconds, abs=0.2)


def test_depolarization_and_recovery_beside_glia():
    advance, y, p = nodes(VARIANTS["hn", "glia"], 1, tolerance=1e-5)
    on = p.rho[0]
    advance(20.0)
    p.rho[:] = 0.0
    advance(9.5)
    p.rho[:] = on
    times, K = np.arange(0.05, 90.0, 0.05) + 29.5, []
    for _ in times:
        advance(0.05)
        K.append(y.K_o[0])
    K = np.array(K)
    assert K.max() == pytest.approx(69.578027093254, abs=0.5)
    assert times[K.argmax()] == pytest.approx(35.26, abs=0.3)
    assert times[np.flatnonzero(K > 20)[-1]] == pytest.approx(105.3, abs=1.0)

"""Reference numbers of the pump-leak card (rest, eigenvalues, swap bolus, pump block, Donnan)."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.autodiff import jacobian
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.solver import Reaction
from tests.helpers import found

MODEL = MODELS["pump_leak"]
CHARGE = MODEL.variant(potential="charge")
State, Parameters = MODEL.State, MODEL.Parameters
SOLVED = "independent solution (Radau)"


def potential(y, p, env):
    return 1e3 * MODEL.observables["V"][1](y, p, env)


def matrix(model):
    _, rows = jacobian(lambda y: model.rhs(y, model.Parameters(), Surroundings()), model.State())
    return np.array([[row.get(j, 0.0) for j in range(len(rows))] for row in rows])


def cell(alpha=0.2, model=MODEL, j_max=None, **state):
    """A closed node: (advance by seconds, its state)."""
    p = Parameters() if j_max is None else Parameters(J_max=j_max)
    y = State(*(np.array([v]) for v in State(**state)))
    reaction = Reaction(model, y, p, Surroundings(alpha=alpha), tolerance=1e-6)
    return reaction.advance, y, (p, Surroundings(alpha=alpha))


def test_rest():
    p, env, y = Parameters(), Surroundings(), State()
    found("pump_leak: J_max that makes rest exact", 1e6 * p.J_max, 0.960814, 1e-6, "umol/m^2/s")
    found("pump_leak: V at rest", potential(y, p, env), -76.009541864064, 1e-9, "mV")
    found("pump_leak: Cl- inside at rest", y.Cl_i, 6.983372921615, 1e-9, "mM")
    found("pump_leak: impermeant charge", p.Q_A, 143.0251, 1e-4, "mM")
    np.testing.assert_allclose(MODEL.rhs(y, p, env), 0.0, atol=1e-12)


def test_eigenvalues_quasi_steady():
    values = np.sort(np.linalg.eigvals(matrix(MODEL)).real)
    found("pump_leak: first eigenvalue at rest", values[0], -0.16396011604, 2e-4, "1/s", SOLVED)
    found("pump_leak: second eigenvalue", values[1], -0.017059091794, 2e-5, "1/s", SOLVED)
    np.testing.assert_allclose(values[2:], 0.0, atol=1e-12)


def test_membrane_eigenvalue_of_the_charge_form():
    fastest = np.linalg.eigvals(matrix(CHARGE)).real.min()
    found("pump_leak: eigenvalue of the capacitor", fastest, -130.7695, 0.05, "1/s", SOLVED)


def test_swap_bolus():
    advance, y, (p, env) = cell(K_o=12.0, Na_o=131.5)
    what = "pump_leak, 8.5 mM of Na+ swapped for K+: "
    found(what + "V at once", potential(y, p, env)[0], -65.210, 2e-3, "mV", SOLVED)
    advance(1.0)
    found(what + "K+ after 1 s", y.K_o[0], 11.357, 2e-3, "mM", SOLVED)
    found(what + "V after 1 s", potential(y, p, env)[0], -65.807, 2e-3, "mV", SOLVED)
    advance(8.583756665969)
    found(what + "half is gone after 9.584 s", y.K_o[0], 3.5 + 8.5 / 2, 0.005, "mM", SOLVED)
    advance(10.0 - 9.583756665969)
    found(what + "K+ after 10 s", y.K_o[0], 7.640456098603, 0.01, "mM", SOLVED)
    advance(50.0)
    found(what + "K+ after 60 s", y.K_o[0], 5.113, 0.01, "mM", SOLVED)


BLOCK = [
    (0.05, 1.950480632392, 19.087059635987, 52.960, -25.020),
    (0.1, 0.975240316196, 36.413717736013, 56.697869695449, -22.045908930784),
    (0.2, 0.487620158098, 68.44, 58.065900469745, -18.991335518447),
    (0.3, 0.32508, 98.669611584232, 56.499080111478, -17.365970435536),
]


@pytest.mark.parametrize(("alpha", "rate", "t20", "k_end", "v_end"), BLOCK)
def test_pump_block(alpha, rate, t20, k_end, v_end):
    p, env = Parameters(J_max=0.0), Surroundings(alpha=alpha)
    what = f"pump_leak without pump, alpha {alpha}: "
    found(what + "rise of K+", MODEL.rhs(State(), p, env).K_o, rate, 1e-5, "mM/s")
    found(what + "V at once", potential(State(), p, env), -71.0192, 1e-4, "mV")
    advance, y, _ = cell(alpha, j_max=0.0)
    advance(t20)
    found(what + f"K+ after {t20:.4g} s", y.K_o[0], 20.0, 0.05 * rate, "mM", SOLVED)


@pytest.mark.parametrize(("alpha", "rate", "t20", "k_end", "v_end"), BLOCK)
def test_donnan_end_state(alpha, rate, t20, k_end, v_end):
    """The charge of the capacitor counts here: 0.03 mM of K_o where the space is small."""
    advance, y, (p, env) = cell(alpha, j_max=0.0, model=CHARGE)
    advance(2e5)
    v, what = 1e3 * CHARGE.observables["V"][1](y, p, env)[0], f"Donnan state, alpha {alpha}: "
    found(what + "[K+]o", y.K_o[0], k_end, 1e-3, "mM")
    found(what + "V", v, v_end, 1e-3, "mV")
    ratio = y.K_i / y.K_o
    np.testing.assert_allclose([y.Na_i / y.Na_o, y.Cl_o / y.Cl_i], [ratio, ratio], rtol=1e-5)


@pytest.mark.parametrize(
    ("alpha", "k_600", "v_600"),
    [(0.05, 52.8, -25.1), (0.1, 54.2, -23.3), (0.2, 49.6, -23.7), (0.3, 44.7, -24.8)],
)
def test_ten_minutes_after_the_pump_failed(alpha, k_600, v_600):
    advance, y, (p, env) = cell(alpha, j_max=0.0)
    advance(600.0)
    what = f"pump_leak, 10 min without pump, alpha {alpha}: "
    found(what + "K+", y.K_o[0], k_600, 0.06, "mM", SOLVED)
    found(what + "V", potential(y, p, env)[0], v_600, 0.06, "mV", SOLVED)


def test_onset_scales_as_one_over_alpha():
    p = Parameters(J_max=0.0)
    rates = [a * MODEL.rhs(State(), p, Surroundings(alpha=a)).K_o for a in (0.05, 0.1, 0.3, 0.7)]
    np.testing.assert_allclose(rates, rates[0], rtol=1e-13)


def test_quasi_steady_and_charge_form_agree():
    """With the same membrane the two differ by the charge of the capacitor only."""
    advance, y, _ = cell(K_o=12.0, Na_o=131.5)
    charged, z, (p, env) = cell(K_o=12.0, Na_o=131.5, model=CHARGE)
    for _ in range(40):
        advance(0.5)
        charged(0.5)
        assert abs(y.K_o[0] - z.K_o[0]) < 0.003
        v = 1e3 * CHARGE.observables["V"][1](z, p, env)[0]
        assert abs(v - potential(z, p, env)[0]) < 0.01


def test_no_exchange_carries_charge():
    rng = np.random.default_rng(3)
    y = State(*(v * rng.uniform(0.3, 3.0, 500) for v in State()))
    p, env = Parameters(), Surroundings()
    J_K, J_Na, J_Cl = MODEL.fluxes(y, p, env)
    scale = np.abs(J_K) + np.abs(J_Na) + np.abs(J_Cl)
    np.testing.assert_allclose((J_K + J_Na - J_Cl) / scale, 0.0, atol=1e-11)


@pytest.mark.parametrize("strength", [0.0, 1.0, 20.0])
def test_potential_is_found_to_round_off(strength):
    """For everything between rest and the end of a failing pump, and twenty times the pump."""
    uniform = np.random.default_rng(4).uniform
    lows, highs = (1, 10, 10, 30, 1, 1), (150, 150, 150, 150, 150, 120)
    y = State(*(uniform(low, high, 20000) for low, high in zip(lows, highs, strict=True)))
    p, env = Parameters(J_max=strength * Parameters().J_max), Surroundings()
    J_K, J_Na, J_Cl = MODEL.fluxes(y, p, env)
    scale = np.abs(J_K) + np.abs(J_Na) + np.abs(J_Cl)
    np.testing.assert_allclose((J_K + J_Na - J_Cl) / scale, 0.0, atol=1e-12)

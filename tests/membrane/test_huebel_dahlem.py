"""Published and computed numbers of the bistable neuron: states, thresholds, effect of the ECS."""

from collections import namedtuple

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.autodiff import jacobian
from ecs_model.membrane.mechanisms import hodgkin_huxley
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.models import huebel_dahlem
from ecs_model.membrane.resting_state import balanced
from tests.helpers import found
from tests.membrane.nodes import first_true, nodes

MODEL = MODELS["huebel_dahlem"]
VARIANTS = {
    (g, r): MODEL.variant(gates=g, reservoir=r)
    for g in ("hn", "h")
    for r in ("closed", "bath", "glia")
}
Reduced = namedtuple("Reduced", "V K_i Cl_i n")
RATIO = 3.0
SOLVED = "independent solution (SciPy)"
MODELDB = "ModelDB 187213, continuations.ode"


def whole(gates, x, ratio=RATIO):
    """The state of a closed cell with the published totals."""
    state = VARIANTS[gates, "closed"].State()
    h = {"h": hodgkin_huxley.H.at_rest(x.V)} if gates == "h" else {}
    ions = huebel_dahlem.closed_ions(x.K_i, x.Cl_i, huebel_dahlem.TOTALS[gates], ratio)
    return state._replace(V=x.V, n=x.n, **ions, **h)


def steady(gates, V, K_i, Cl_i, ratio=RATIO):
    """The steady state of a closed cell near the given one."""
    model = VARIANTS[gates, "closed"]
    p = model.Parameters()

    def equations(x):
        J_K, J_Cl, dV, dn, *_ = model.fluxes(whole(gates, x, ratio), p, Surroundings())
        return [J_K, J_Cl, dV, dn]

    n = hodgkin_huxley.N.at_rest(1e-3 * V)
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
    found(f"huebel_dahlem {gates}: V at rest", 1e3 * y.V, V, 1e-6, "mV", SOLVED)
    found(f"huebel_dahlem {gates}: K+ inside at rest", y.K_i, K_i, 1e-6, "mM", SOLVED)


@pytest.mark.parametrize(
    ("gates", "V", "K_o", "K_i", "Na_i", "Cl_i"),
    [
        ("hn", -23.111496880641, 44.825649741479, 115.6491, 57.3677, 28.4279),
        ("h", -23.732199313151, 43.519377369823, 115.3950, 56.8827, 28.4847),
    ],
)
def test_depolarised_state(gates, V, K_o, K_i, Na_i, Cl_i):
    y = steady(gates, V, K_i, Cl_i)
    what = f"huebel_dahlem {gates}, depolarized: "
    found(what + "V", 1e3 * y.V, V, 1e-5, "mV", SOLVED)
    found(what + "[K+]o", y.K_o, K_o, 1e-5, "mM", SOLVED)
    found(what + "Na+ inside", y.Na_i, Na_i, 1e-3, "mM", SOLVED)


@pytest.mark.parametrize(
    ("gates", "rest", "depolarised"),
    [
        ("hn", (-529.3, -92.0, -0.2148, -0.003253), (-8331, -1039, -0.590, -0.00291)),
        ("h", (-679.9, -527.8, -122.0, -0.211, -0.00616), (-5848, -1447, -803, -0.380, -0.00695)),
    ],
)
def test_both_states_are_stable(gates, rest, depolarised):
    other = steady(gates, -23.4, 115.5, 28.4)
    states = [("rest", VARIANTS[gates, "closed"].State(), rest), ("SD", other, depolarised)]
    for name, y, expected in states:
        what = f"huebel_dahlem {gates}, {name}: eigenvalue"
        for ours, theirs in zip(eigenvalues(gates, y), expected, strict=True):
            found(what, ours, theirs, 5e-3, "1/s", SOLVED, rel=True)


def test_published_depolarised_state():
    """The state that ModelDB 187213 lists for w_e = 3700 um^3."""
    y = steady("h", -20.3, 77.4, 47.9, ratio=2.16 / 3.7)
    what = "huebel_dahlem h, w_e 3700 um^3, depolarized: "
    found(what + "V", 1e3 * y.V, -20.288656, 1e-4, "mV", MODELDB)
    found(what + "K+ inside", y.K_i, 77.408791, 1e-3, "mM", MODELDB)
    found(what + "Cl- inside", y.Cl_i, 47.911449, 1e-3, "mM", MODELDB)
    found(what + "n", y.n, 0.66411209, 1e-5, "", MODELDB)
    found(what + "h", y.h, 0.057942949, 1e-5, "", MODELDB)


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
    [
        ("hn", "closed", 8.798095703125),
        ("hn", "bath", 9.35),
        ("hn", "glia", 8.84),
        ("h", "closed", 10.550048828125),
        ("h", "bath", 11.521240234375),
        ("h", "glia", 10.59),
    ],
)
def test_pump_off_triggers(gates, reservoir, seconds):
    sizes = seconds + np.linspace(-0.15, 0.15, 32)
    advance, y, p = nodes(VARIANTS[gates, reservoir], 32)
    on = p.rho[0]
    p.rho[:] = 0.0
    for k, length in enumerate(np.diff(sizes, prepend=0.0)):
        advance(length)
        p.rho[k] = on
    ours = first_true(sizes, depolarised_at_the_end(advance, y))
    found(f"huebel_dahlem {gates}, {reservoir}: pump off", ours, seconds, 0.15, "s", SOLVED)


@pytest.mark.parametrize(
    ("gates", "reservoir", "step"),
    [
        ("hn", "closed", 19.163818359375),
        ("hn", "bath", 24.378173828125),
        ("hn", "glia", 24.493408203125),
        ("h", "closed", 20.575439453125),
        ("h", "bath", 27.086181640625),
        ("h", "glia", 27.40),
    ],
)
def test_potassium_step_triggers(gates, reservoir, step):
    sizes = step + np.linspace(-0.5, 0.5, 32)
    advance, y, _ = nodes(VARIANTS[gates, reservoir], 32)
    y.K_o[:] += sizes
    ours = first_true(sizes, depolarised_at_the_end(advance, y))
    found(f"huebel_dahlem {gates}, {reservoir}: step of K+", ours, step, 0.5, "mM", SOLVED)


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
    ours, what = first_true(sizes, depolarised_at_the_end(advance, y)), "current for 0.5 s"
    found(f"huebel_dahlem {gates}, {reservoir}: {what}", ours, current, 2, "uA/cm^2", SOLVED)


FRACTIONS = [
    (0.1, 4.185693359375, 34.98388671875),
    pytest.param(0.2, 8.419580078125, 23.72021484375, marks=pytest.mark.slow),
    pytest.param(0.4, 16.887353515625, 16.15966796875, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("fraction", "seconds", "step"), FRACTIONS)
def test_thresholds_over_the_space_outside(fraction, seconds, step):
    """Total volume and membrane area fixed: less space is easier by energy, harder by K+ step."""
    model = VARIANTS["h", "closed"]
    sizes = step + np.linspace(-0.7, 0.7, 32)
    advance, y, _ = nodes(model, 32, alpha=fraction, phi=1 - fraction)
    y.K_o[:] += sizes
    ours, what = first_true(sizes, depolarised_at_the_end(advance, y)), f"share {fraction} outside"
    found(f"huebel_dahlem h, {what}: step of K+", ours, step, 0.7, "mM", SOLVED)
    sizes = seconds + np.linspace(-0.2, 0.2, 32)
    advance, y, p = nodes(model, 32, alpha=fraction, phi=1 - fraction)
    on = p.rho[0]
    p.rho[:] = 0.0
    for k, length in enumerate(np.diff(sizes, prepend=0.0)):
        advance(length)
        p.rho[k] = on
    ours = first_true(sizes, depolarised_at_the_end(advance, y))
    found(f"huebel_dahlem h, {what}: pump off", ours, seconds, 0.2, "s", SOLVED)


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
    what, last = "huebel_dahlem hn beside glia, pump off for 9.5 s: ", np.flatnonzero(K > 20)[-1]
    found(what + "highest K+", K.max(), 69.578027093254, 0.5, "mM", SOLVED)
    found(what + "when", times[K.argmax()], 35.26, 0.3, "s", SOLVED)
    found(what + "K+ below 20 mM again", times[last], 105.3, 1.0, "s", SOLVED)

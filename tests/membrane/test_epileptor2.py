"""epileptor2: a population that fires, against an independent computation."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.models import epileptor2
from ecs_model.membrane.solver import Reaction
from tests.helpers import found

MODEL = MODELS["epileptor2"]
SOURCE = "independent computation"


def cell(tolerance=1e-7, y=None, **parameters):
    y = MODEL.State() if y is None else y
    y = MODEL.State(*(np.array([v], float) for v in y))
    return Reaction(MODEL, y, MODEL.Parameters(**parameters), Surroundings(), None, tolerance)


def kicked(height, every, samples, tolerance=1e-7):
    """The course of one cell, a row each `every` s: 0.1 s with a current [V], samples without."""
    it = cell(tolerance, I=height)
    during = it.record(every, round(0.1 / every))
    after = cell(tolerance, [float(v[0]) for v in it.variables])
    return np.concatenate([during, after.record(every, samples)])[:, :, 0].T


def rates(V):
    p = MODEL.Parameters()
    return p.nu_max * np.maximum(0.0, np.tanh((V - p.V_th) / p.k_V))


def test_rest():
    y = MODEL.State()
    found("epileptor2, K+ at rest", y.K_o, 6.07209, 1e-5, "mM", SOURCE)
    found("epileptor2, Na+ at rest", y.Na_i, 9.927163, 1e-5, "mM", SOURCE)
    assert max(abs(r) for r in MODEL.rhs(y, MODEL.Parameters(), Surroundings())) < 1e-15


@pytest.mark.parametrize(
    ("gain", "bath", "K"), [(1.0, 10.249071, 7.678789), (0.5, 22.263258, 19.654603)]
)
def test_discharges_begin_where_rest_meets_the_threshold(gain, bath, K):
    """V_rest = V_th = gain E ln(K/3) at this K_bath."""
    p = MODEL.Parameters(K_bath=bath, gain_K=gain)
    rest = epileptor2.at_rest(epileptor2.vessels, p)
    found(f"epileptor2, K+ at the onset, gain {gain}", rest["K_o"], K, 1e-5, "mM", SOURCE)
    slope = 2e-2 * gain  # V/mM, at least, so that 1e-5 mM are worth this much
    assert abs(rest["V"] - p.V_th) < 1e-5 * slope


def test_a_kick_starts_one_discharge():
    every = 1e-3
    K, Na, V, _ = kicked(50e-3, every, 55_000)
    nu = rates(V)
    begins, ends = np.flatnonzero(nu > 20)[0], np.flatnonzero(nu > 5)[-1] + 1
    duration = every * (ends - begins)
    found("epileptor2, highest K+ of a discharge", K.max(), 27.4743, 5e-4, "mM", SOURCE)
    found("epileptor2, lowest K+ after it", K.min(), 0.7317, 5e-4, "mM", SOURCE)
    found("epileptor2, highest Na+ of a discharge", Na.max(), 36.5961, 5e-4, "mM", SOURCE)
    found("epileptor2, duration of a discharge", duration, 31.0, 5e-3, "s", SOURCE)


@pytest.mark.parametrize(("height", "fires"), [(6.2598e-3, False), (6.2608e-3, True)])
def test_smallest_current_that_starts_a_discharge(height, fires):
    """6.2603 mV for 0.1 s, to 0.0005 mV."""
    _, _, V, _ = kicked(height, 1e-2, 400, 1e-9)
    assert (rates(V) > 20).any() == fires


def test_period_of_spontaneous_discharges():
    every = 2e-3
    nu = rates(cell(K_bath=12.0).record(every, 350_000)[:, 2, 0])
    up = np.flatnonzero((nu[:-1] <= 20) & (nu[1:] > 20))
    first = up[np.diff(np.concatenate([[-1e9], up])) * every > 20]
    period = every * np.diff(first)[-1]
    ends = np.flatnonzero(nu[first[-2] : first[-1] - 5000] > 5)[-1]  # not the next rise
    found("epileptor2, duration at K_bath 12 mM", every * ends, 32.943, 0.01, "s", SOURCE)
    found("epileptor2, period at K_bath 12 mM", period, 205.939, 0.01, "s", SOURCE)


def test_scheme_of_the_bath():
    """With vessels rest does not depend on alpha; with diffusion less space lowers K+ at rest."""
    p = MODEL.Parameters()
    thin, wide = (Surroundings(alpha=a, tortuosity=2.0) for a in (0.1, 0.3))
    found_, other = (epileptor2.at_rest(epileptor2.vessels, p, e)["K_o"] for e in (thin, wide))
    assert found_ == pytest.approx(other, rel=1e-12)
    low, high = (epileptor2.at_rest(epileptor2.diffusion, p, e)["K_o"] for e in (thin, wide))
    assert low < high - 0.5


def test_alpha_scales_what_moves_potassium():
    y = MODEL.State()._replace(V=40e-3)
    one, half = (
        MODEL.rhs(y, MODEL.Parameters(), Surroundings(alpha=a, tortuosity=1.9)) for a in (0.2, 0.1)
    )
    assert half.K_o == pytest.approx(2 * one.K_o, rel=1e-14)
    assert half[1:] == one[1:]

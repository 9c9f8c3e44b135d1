"""Published and computed numbers of the seizure models: oscillation, regimes, oxygen, volume."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.models.wei_ullah_schiff import published
from ecs_model.membrane.packing import scaled_parameters
from tests.helpers import found
from tests.membrane.nodes import nodes

BARRETO, WEI = MODELS["barreto_cressman"], MODELS["wei_ullah_schiff"]
Published = published().State
SOLVED = "independent solution (SciPy)"


def course(advance, y, names, every, samples):
    """Name -> array (samples, nodes) of some states."""
    values = {name: [] for name in names}
    for _ in range(samples):
        advance(every)
        for name in names:
            values[name].append(getattr(y, name).copy())
    return {name: np.array(v) for name, v in values.items()}


def period(K, every):
    """Time between the beginnings of rises through the middle, those within 6 s being one."""
    middle = (K.max() + K.min()) / 2
    rises = every * np.flatnonzero((K[1:] >= middle) & (K[:-1] < middle))
    first = rises[1:][np.diff(rises) > 6.0]
    return np.diff(first).mean()


def test_barreto_rest():
    y = BARRETO.State()
    found("barreto_cressman: Na+ inside at rest", y.Na_i, 19.935413237785, 1e-6, "mM", SOLVED)
    found("barreto_cressman: [K+]o at rest", y.K_o, 3.82844, 1e-5, "mM", SOLVED)
    found("barreto_cressman: V at rest", 1e3 * y.V, -68.1107, 1e-4, "mV", SOLVED)


@pytest.mark.parametrize(
    ("bath", "seconds", "within"),
    [(7.7, 53.76, 1.0), (8.0, 29.64, 0.5), pytest.param(8.5, 18.24, 0.4, marks=pytest.mark.slow)],
)
def test_barreto_seizures_recur(bath, seconds, within):
    advance, y, _ = nodes(BARRETO, 1, K_bath=bath)
    advance(200.0)
    K = course(advance, y, ["K_o"], 0.02, 9000)["K_o"][:, 0]
    what = f"barreto_cressman, K_bath {bath} mM: "
    found(what + "period of seizures", period(K, 0.02), seconds, within, "s", SOLVED)
    if bath == 8.0:
        found(what + "highest K+", K.max(), 9.936887918386, 0.05, "mM", SOLVED)


@pytest.mark.parametrize(
    ("beta", "highest", "within"),
    [
        (3, 7.86, 0.05),
        (14, 16.84, 0.3),
        pytest.param(19, 28.175738312252, 0.5, marks=pytest.mark.slow),
    ],
)
def test_barreto_potassium_over_the_space_outside(beta, highest, within):
    """Only beta = phi/alpha is changed: "different tissue" with the same cells."""
    alpha = 1 / (1 + beta)
    p = scaled_parameters(BARRETO, BARRETO.Parameters(K_bath=8.0), alpha)
    assert p.phi / alpha == pytest.approx(beta, rel=1e-12)
    advance, y, _ = nodes(BARRETO, 1, alpha=alpha, **p._asdict())
    advance(150.0)
    K = course(advance, y, ["K_o"], 0.02, 6000)["K_o"]
    what = f"barreto_cressman, phi/alpha {beta}, K_bath 8 mM: highest K+"
    found(what, K.max(), highest, within, "mM", SOLVED)


def test_wei_comes_to_rest():
    advance, y, _ = nodes(WEI, 1, initial=Published())
    advance(3000.0)
    found("wei_ullah_schiff at rest: V", 1e3 * y.V[0], -80.959, 0.002, "mV", SOLVED)
    rest = {
        "K_o": (3.35801021905, 0.005),
        "K_i": (137.138, 0.01),
        "Na_i": (19.413, 0.01),
        "Cl_i": (4.158, 0.005),
    }
    for name, (value, within) in rest.items():
        ours = getattr(y, name)[0]
        found(f"wei_ullah_schiff at rest: {name}", ours, value, within, "mM", SOLVED)


def test_wei_survives_little_oxygen():
    advance, y, _ = nodes(WEI, 1, initial=Published(), O_bath=8e-3)
    K = course(advance, y, ["K_o"], 0.1, 15000)["K_o"]
    found("wei_ullah_schiff, O2 8 mg/L: highest K+", K.max(), 6.14822789099, 0.1, "mM", SOLVED)


def test_wei_dies_without_oxygen():
    advance, y, _ = nodes(WEI, 1, initial=Published(), O_bath=1e-3)
    advance(400.0)
    what = "wei_ullah_schiff, O2 1 mg/L, after 400 s: "
    found(what + "K+", y.K_o[0], 75.0, 1.0, "mM", SOLVED)
    found(what + "V", 1e3 * y.V[0], -13.4, 0.1, "mV", SOLVED)


@pytest.mark.parametrize("oxygen", [4e-3, 6e-3])
def test_wei_depolarises_with_too_little_oxygen(oxygen):
    advance, y, _ = nodes(WEI, 1, initial=Published(), O_bath=oxygen)
    K = course(advance, y, ["K_o"], 0.1, 1000)["K_o"][:, 0]
    begins = 0.1 * np.flatnonzero(K > 20)[0]
    assert 30.0 < begins < 36.0
    what = f"wei_ullah_schiff, O2 {1e3 * oxygen:g} mg/L: highest K+"
    found(what, K.max(), 30.0, 1.5, "mM", SOLVED)


def test_wei_space_cannot_shrink_below_a_limit():
    """With the wanted volume at its limit, the space is 1 - 7 x 0.1029 of rest."""
    y = Published(v=1.1029)
    share = WEI.observables["alpha"][1](y, WEI.Parameters(), Surroundings(alpha=0.125)) / 0.125
    found("wei_ullah_schiff: smallest share of the space outside", share, 0.2797, 1e-4)


def test_wei_sodium_and_chloride_are_conserved():
    """Contents inside and outside, at every state, to round-off; K+ goes to glia and bath."""
    rng = np.random.default_rng(0)
    y = Published(*(v * rng.uniform(0.9, 1.1, 200) for v in Published()))
    p, env = WEI.Parameters(), Surroundings(alpha=0.125)
    r, space = WEI.rhs(y, p, env), 1 + 0.125 / 0.875 - y.v
    for ion in ("Na", "Cl"):
        inside, outside = getattr(y, f"{ion}_i"), getattr(y, f"{ion}_o")
        gained = getattr(r, f"{ion}_i") * y.v + inside * r.v
        lost = getattr(r, f"{ion}_o") * space - outside * r.v
        np.testing.assert_allclose(gained + lost, 0.0, atol=1e-10 * np.abs(gained).max())

"""Published and computed numbers of the seizure models: oscillation, regimes, oxygen, volume."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings, packed_parameters
from ecs_model.membrane.wei_ullah_schiff import Published
from tests.membrane.nodes import nodes

BARRETO, WEI = MODELS["barreto_cressman"], MODELS["wei_ullah_schiff"]


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
    assert y.Na_i == pytest.approx(19.935413237785, abs=1e-6)
    assert y.K_o == pytest.approx(3.82844, abs=1e-5)
    assert 1e3 * y.V == pytest.approx(-68.1107, abs=1e-4)


@pytest.mark.parametrize(("bath", "seconds", "within"), [(7.7, 53.76, 1.0), (8.0, 29.64, 0.5),
                                                         (8.5, 18.24, 0.4)])  # fmt: skip
def test_barreto_seizures_recur(bath, seconds, within):
    advance, y, _ = nodes(BARRETO, 1, K_bath=bath)
    advance(200.0)
    K = course(advance, y, ["K_o"], 0.02, 9000)["K_o"][:, 0]
    assert period(K, 0.02) == pytest.approx(seconds, abs=within)
    if bath == 8.0:
        assert K.max() == pytest.approx(9.936887918386, abs=0.05)


@pytest.mark.parametrize(("beta", "highest", "within"), [(3, 7.86, 0.05), (14, 16.84, 0.3),
                                                         (19, 28.175738312252, 0.5)])  # fmt: skip
def test_barreto_potassium_over_the_space_outside(beta, highest, within):
    """Only beta = phi/alpha is changed: "different tissue" with the same cells."""
    alpha = 1 / (1 + beta)
    p = packed_parameters(BARRETO, BARRETO.Parameters(K_bath=8.0), alpha)
    assert p.phi / alpha == pytest.approx(beta, rel=1e-12)
    advance, y, _ = nodes(BARRETO, 1, alpha=alpha, **p._asdict())
    advance(150.0)
    K = course(advance, y, ["K_o"], 0.02, 6000)["K_o"]
    assert K.max() == pytest.approx(highest, abs=within)


def test_wei_comes_to_rest():
    advance, y, _ = nodes(WEI, 1, initial=Published())
    advance(3000.0)
    assert y.K_o[0] == pytest.approx(3.35801021905, abs=0.005)
    assert 1e3 * y.V[0] == pytest.approx(-80.959, abs=0.002)
    assert y.K_i[0] == pytest.approx(137.138, abs=0.01)
    assert y.Na_i[0] == pytest.approx(19.413, abs=0.01)
    assert y.Cl_i[0] == pytest.approx(4.158, abs=0.005)


def test_wei_survives_little_oxygen():
    advance, y, _ = nodes(WEI, 1, initial=Published(), O_bath=8e-3)
    K = course(advance, y, ["K_o"], 0.1, 15000)["K_o"]
    assert K.max() == pytest.approx(6.14822789099, abs=0.1)


def test_wei_dies_without_oxygen():
    advance, y, _ = nodes(WEI, 1, initial=Published(), O_bath=1e-3)
    advance(400.0)
    assert y.K_o[0] == pytest.approx(75.0, abs=1.0)
    assert 1e3 * y.V[0] == pytest.approx(-13.4, abs=0.1)


@pytest.mark.parametrize("oxygen", [4e-3, 6e-3])
def test_wei_depolarises_with_too_little_oxygen(oxygen):
    advance, y, _ = nodes(WEI, 1, initial=Published(), O_bath=oxygen)
    K = course(advance, y, ["K_o"], 0.1, 1000)["K_o"][:, 0]
    begins = 0.1 * np.flatnonzero(K > 20)[0]
    assert 30.0 < begins < 36.0
    assert K.max() == pytest.approx(30.0, abs=1.5)


def test_wei_space_cannot_shrink_below_a_limit():
    """With the wanted volume at its limit, the space is 1 - 7 x 0.1029 of rest."""
    y = Published(v=1.1029)
    share = WEI.observables["alpha"][1](y, WEI.Parameters(), Surroundings(alpha=0.125)) / 0.125
    assert share == pytest.approx(0.2797, abs=1e-4)


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

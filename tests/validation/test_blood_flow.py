"""Tissue whose blood flows less: `kager_mori` whose oxygen is bounded by flow, node by node."""

import numpy as np
import pytest
from scipy.stats import norm

from ecs_model.membrane import MODELS
from ecs_model.units import to_si
from tests.membrane.nodes import nodes
from tests.validation.experiments import is_inside, measured

pytestmark = pytest.mark.slow
OPTIONS = {"pump": "post_albers", "energy": True, "swelling": True, "supply": "flow"}
MODEL = MODELS["kager_mori"].variant(glutamate=True, **OPTIONS)
FLOWS = np.arange(1.0, 31.0)  # ml/100 g/min
WITHIN = 900  # s


class Reduced:
    """A quarter of an hour of less flow.

    Attributes:
        highest: K+ [mM] by then, at each of FLOWS.
        K, glutamate: at the end [mM], likewise.
    """

    def __init__(self, other=1.0):
        usual = MODEL.Parameters().V_other
        flow = to_si(FLOWS, "ml/100 g/min")
        advance, y, _ = nodes(MODEL, len(FLOWS), flow=flow, V_other=other * usual)
        self.highest = y.K_o.copy()
        for _ in range(WITHIN // 2):
            advance(2.0)
            self.highest = np.maximum(self.highest, y.K_o)
        self.K, self.glutamate = y.K_o, y.glutamate_o

    def released_below(self, level):
        """The flow below which K+ passes a level [mM]."""
        return FLOWS[self.highest > level].max() + 0.5


@pytest.fixture(scope="module")
def usual():
    return Reduced()


@pytest.fixture(scope="module")
def sparing():
    """Cells that use nothing but for their pumps."""
    return Reduced(0.0)


def test_potassium_leaves_cells(usual, sparing):
    ours, less = (run.released_below(20.0) for run in (usual, sparing))
    assert is_inside("flow: K+", less)
    why = (
        "20 mM within 15 min: use does not fall with flow here; if cells spared all but their "
        f"pumps (V_other 0) it would be {less:.1f}"
    )
    measured("flow: K+", ours, False, why)
    eighth = float(np.interp(50 / 8, FLOWS, usual.K))
    why = "after 15 min; the more blood is left, the lower"
    measured("flow: core", eighth, True, why)


def test_share_of_places(usual, sparing):
    """Flows as scattered as theirs, normally distributed."""
    for name, mean, spread in (("flow: 24", 23.8, 9.3), ("flow: 13", 13.0, 4.7)):
        ours, less = (
            100 * norm.cdf(run.released_below(11.5), mean, spread) for run in (usual, sparing)
        )
        assert is_inside(name, less)
        why = f"as use does not fall with flow; {less:.0f} % with V_other 0"
        if name == "flow: 24":
            measured("flow: 24", ours, False, why)
        else:
            measured("flow: 13", ours, False, why)


def test_glutamate_rises(usual):
    half = Reduced(0.5)
    ours, less = (FLOWS[run.glutamate > 1e-4].max() + 0.5 for run in (usual, half))
    assert is_inside("flow: glutamate", less)
    why = (
        "above 0.1 µM after 15 min, as cells depolarize; use does not fall with flow here, with "
        f"half of V_other it is {less:.1f}"
    )
    measured("flow: glutamate", ours, False, why)


def test_depolarization_in_partial_ischemia():
    """A step of 12 mM of KCl two minutes after flow fell to 60 %."""
    advance, y, _ = nodes(MODEL, 2, flow=to_si(np.array([50.0, 30.0]), "ml/100 g/min"))
    advance(120.0)
    y.K_o[:] += 12.0
    y.Cl_o[:] += 12.0
    highest, duration = y.K_o.copy(), np.zeros(2)
    for _ in range(1200):
        advance(0.25)
        highest = np.maximum(highest, y.K_o)
        duration += 0.25 * (y.V > -40e-3)
    why = "KCl at a node at 60 % of flow, over that at all of it"
    measured("hypoxia: K+", highest[1] / highest[0], True, why)
    measured("hypoxia: duration", duration[1] / duration[0], True, why)

"""What NMDA antagonists and tissue without Mg2+ do, beside `kager_mori` with glutamate."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.rest import at_rest
from tests.membrane.nodes import first_true, nodes
from tests.validation.experiments import is_inside, measured
from tests.validation.waves import STRONG, WITH_GLUTAMATE, Wave

pytestmark = pytest.mark.slow
MODEL = MODELS["kager_mori"].variant(glutamate=True)
NONE = "membrane.parameters.P_NMDA=0"
PLAIN = "`kager_mori` with glutamate, swelling and electrodiffusion on a line, 2 mm from the bolus"


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glutamate")
    return {
        "published": Wave(folder / "published", *WITH_GLUTAMATE),
        "strong": Wave(folder / "strong", *STRONG),
        "none": Wave(folder / "none", *WITH_GLUTAMATE, NONE),
    }


def test_antagonists_make_it_shorter(waves):
    with_, without, strong = (waves[n].width for n in ("published", "none", "strong"))
    assert is_inside("NMDA: width", strong)
    why = f"{PLAIN}; {strong:.0f} s with the set StrongNMDA"
    measured("NMDA: width", with_, True, why)
    measured("NMDA: width without", without, True, "the same with P_NMDA 0")
    change = 100 * (without / with_ - 1)
    assert is_inside("NMDA: change of width", 100 * (without / strong - 1))
    why = f"P_NMDA 1e-7 m/s and 0; {100 * (without / strong - 1):.0f} % from StrongNMDA"
    measured("NMDA: change of width", change, True, why)


def test_antagonists_hardly_slow_it(waves, tmp_path):
    free = Wave(tmp_path / "free", *WITH_GLUTAMATE, "membrane.parameters.Mg_o=0")
    ratio = waves["none"].speed / free.speed
    assert is_inside("NMDA: speed", ratio)
    why = (
        "Mg²⁺ keeps the receptors shut until the front has passed: where there is none, P_NMDA 0 "
        f"gives {ratio:.3f}"
    )
    measured("NMDA: speed", waves["none"].speed / waves["published"].speed, False, why)
    measured("Mg-free: K+", free.highest, True, f"{PLAIN}, Mg_o 0")


def rested(permeability):
    """The model's state at rest with so permeable receptors [m/s]."""
    one = MODEL.State(*(np.array([v]) for v in MODEL.State()))
    found = at_rest(MODEL, MODEL.Parameters(P_NMDA=permeability), one, Surroundings())
    return MODEL.State(*(float(v[0]) for v in found.state))


def threshold(permeability):
    """The smallest step of KCl [mM] that ignites a node within 20 s."""
    sizes = np.linspace(5.2, 5.7, 101)
    rest = rested(permeability)
    advance, y, _ = nodes(MODEL, 101, P_NMDA=permeability, initial=rest)
    y.K_o[:] += sizes
    y.Cl_o[:] += sizes
    highest = y.K_o.copy()
    for _ in range(100):
        advance(0.2)
        highest = np.maximum(highest, y.K_o)
    return first_true(sizes, highest > 20.0)


def test_antagonists_raise_the_threshold():
    ratio = threshold(0.0) / threshold(1e-7)
    measured("NMDA: threshold", ratio, True, "a step of KCl at a node, each at rest before")


def test_antagonists_do_not_delay_anoxic_depolarization():
    options = {"pump": "post_albers", "energy": True, "swelling": True, "supply": "flow"}
    model = MODELS["kager_mori"].variant(glutamate=True, **options)
    permeability = np.array([0.0, 1e-7])
    advance, y, _ = nodes(model, 2, P_NMDA=permeability, flow=0.0)
    begins = np.full(2, np.nan)
    for k in range(240):
        advance(0.25)
        begins[(y.K_o > 20.0) & np.isnan(begins)] = 0.25 * (k + 1)
    why = f"blood stops at a node: 20 mM after {begins[1]:.0f} s, when ATP is gone"
    measured("NMDA: anoxia", begins[0] / begins[1], True, why)


def test_nothing_begins_by_itself_without_magnesium():
    permeability = np.array([1e-7, 2.4e-7, 5e-7])
    advance, y, _ = nodes(
        MODEL.variant(glutamate=True, swelling=True), 3, P_NMDA=permeability, Mg_o=0.0
    )
    highest = y.K_o.copy()
    for _ in range(300):
        advance(1.0)
        highest = np.maximum(highest, y.K_o)
    assert is_inside("Mg-free: by itself", highest[2])
    why = (
        "glutamate at rest, 0.01 µM, opens too few receptors; five times as many begin by "
        f"themselves and reach {highest[2]:.0f} mM, StrongNMDA does not"
    )
    measured("Mg-free: by itself", highest[0], False, why)


def test_glutamate_at_rest():
    advance, y, _ = nodes(MODEL, 1, R_e=0.019)
    advance(300.0)
    assert is_inside("glutamate: ambient", 1e3 * y.glutamate_o[0])
    assert y.K_o[0] == pytest.approx(4.0, abs=0.1)
    why = (
        "what uptake of the published ratio R_e 0.001 leaves; R_e 0.019 leaves "
        f"{1e3 * y.glutamate_o[0]:.2f} µM, and neurons rest at {1e3 * y.V[0]:.1f} mV then"
    )
    measured("glutamate: ambient", 1e3 * MODEL.State().glutamate_o, False, why)

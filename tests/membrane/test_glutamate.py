"""Glutamate: release, uptake and receptors against computed numbers; what is kept, what is lost."""

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.compartment import Compartment
from ecs_model.membrane.derivation import derived
from ecs_model.membrane.mechanism import Concentrations, contributions, flux
from ecs_model.membrane.mechanisms import glutamate
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.models.kager_mori import Glia, InGlia, InNeurons, Neurons, Outside
from ecs_model.membrane.parts import Parts
from ecs_model.membrane.potentials import OfContents
from ecs_model.membrane.precision import DOUBLE, MIXED
from ecs_model.membrane.rest import at_rest
from ecs_model.membrane.solver import Reaction, source
from ecs_model.physics.electrochemistry import ghk_flux
from ecs_model.record import joined, quantity, record
from tests.helpers import found
from tests.membrane.nodes import first_true, nodes

MODEL = MODELS["kager_mori"].variant(glutamate=True)
SWELLING = MODELS["kager_mori"].variant(glutamate=True, swelling=True)
SOLVED = "independent solution (SciPy)"


@record
class Clamp:
    """The potential that an experimenter holds."""

    V_hold = quantity(-68.0, "mV", "potential of neurons")


def clamped():
    """Cells whose neurons are held at a potential, and which exchange glutamate alone."""
    held = OfContents(lambda y, p, env: p.V_hold)
    neurons = Compartment("i", "neurons", InNeurons, joined(Neurons, Clamp), (), held)
    glia = Compartment("g", "glia", InGlia, Glia, (), held, "S_g", "phi_g")
    solutes, pools = (glutamate.GLUTAMATE,), (glutamate.RECEPTORS,)
    parts = Parts(Outside, (neurons, glia), pools=pools, solutes=solutes)
    return derived(parts, {}, name="clamped", summary="glutamate of clamped cells")


TABLE = {  # s -> glutamate in neurons, in glia and outside, receptors ready, D1, D2
    1: (9.9959407, 0.0103460, 0.00963921, 0.3708010, 0.6165441, 0.0126549),
    20: (9.9347735, 0.0667838, 0.07790066, 0.2523125, 0.5080951, 0.2395924),
    40: (9.9665919, 0.0608471, 0.00725965, 0.2165706, 0.3738234, 0.4096061),
}
LAST = 1e-7  # the last digit of the table
NAMES = ("glutamate_i", "glutamate_g", "glutamate_o", "y_NMDA", "D1_NMDA", "D2_NMDA")


def test_pools_and_receptors_of_a_clamped_neuron():
    """At -20 mV for 20 s, then at -68 mV."""
    model = clamped()
    advance, y, p = nodes(model, 1, tolerance=1e-9, V_hold=-20e-3)
    total = content(model, y, p)
    now = 0
    for t, values in TABLE.items():
        p.V_hold[:] = -20e-3 if t <= 20 else -68e-3
        advance(t - now)
        now = t
        seen = {**y._asdict(), "y_NMDA": glutamate.ready(y, p, None)}
        for name, value in zip(NAMES, values, strict=True):
            found(f"glutamate, {t} s: {name}", seen[name][0], value, LAST, "", SOLVED)
    np.testing.assert_allclose(content(model, y, p), total, rtol=1e-12)
    found("glutamate in all", total[0], 5.003002, 1e-12, "mM", rel=True)


def content(model, y, p, alpha=0.2):
    """Glutamate in and outside cells [mol per m^3 of tissue]."""
    env = Surroundings(alpha=alpha)
    outside = y.alpha if "alpha" in y._fields else alpha
    return outside * y.glutamate_o + model.contents(y, p, env)["glutamate"]


def test_receptors_at_rest():
    y = MODEL.State()
    rest = {"y_NMDA": 0.99496750, "D1_NMDA": 5.791448e-4, "D2_NMDA": 4.453352e-3}
    seen = {**y._asdict(), "y_NMDA": glutamate.ready(y, None, None)}
    for name, value in rest.items():
        found(f"glutamate: {name} at rest", seen[name], value, 1e-6, "", SOLVED, rel=True)


@pytest.mark.parametrize(
    ("model", "precision"), [(MODEL, DOUBLE), (SWELLING, MIXED)], ids=["fixed", "swelling"]
)
def test_a_depolarization_keeps_glutamate(model, precision):
    """At step sizes of any tolerance, where cells swell and in both precisions."""
    y = model.State(*(np.array([v, v]) for v in model.State()))
    y.K_o[:] += 10.0
    y.Cl_o[:] += 10.0
    p, env = model.Parameters(), Surroundings()
    before = content(model, y, p)
    text = source(model, p, env, precision)
    Reaction(model, y, p, env, tolerance=1e-3, text=text).advance(20.0)
    assert (y.glutamate_o > 0.05).all()
    np.testing.assert_allclose(content(model, y, p), before, rtol=1e-12)


def test_single_precision_of_stages_changes_next_to_nothing():
    ends = []
    for precision in (MIXED, DOUBLE):
        y = MODEL.State(*(np.array([v]) for v in MODEL.State()))
        y.K_o[:] += 10.0
        y.Cl_o[:] += 10.0
        p, env = MODEL.Parameters(), Surroundings()
        text = source(MODEL, p, env, precision)
        Reaction(MODEL, y, p, env, tolerance=1e-4, text=text).advance(15.0)
        ends.append([float(v[0]) for v in y])
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-3)


def test_the_current_is_two_thirds_that_of_sodium():
    y = MODEL.State()._replace(glutamate_o=0.05, D1_NMDA=0.3, D2_NMDA=0.1)
    p, v, T = MODEL.Parameters(), -30e-3, 310.15
    c = Concentrations(K=(120.0, 15.0), Na=(20.0, 130.0), Cl=(10.0, 110.0))
    bound = 0.05**1.5 / (0.05**1.5 + 0.0023**1.5)
    open_ = 1e-7 / (1 + 0.56 * np.exp(0.062 * 30) * 2 / 3.57) * bound * 0.6
    for _, ion, kind in contributions((glutamate.nmda,), v, c, y, p, T):
        share = {"Na": 2 / 3, "K": 1 / 3}[ion]
        expected = ghk_flux(*getattr(c, ion), +1, share * open_, v, T)
        assert flux(kind, ion, v, getattr(c, ion), T) == pytest.approx(expected, rel=1e-12)


def test_magnesium_makes_the_current_fall_as_the_potential_rises():
    """Why the potential is a state."""
    v = np.linspace(-0.09, 0.0, 91)
    c = Concentrations(K=(130.0, 4.0), Na=(9.0, 140.0), Cl=(9.0, 113.0))
    current = {}
    for magnesium in (0.0, 2.0):
        p, y = MODEL.Parameters(Mg_o=magnesium), MODEL.State()._replace(glutamate_o=0.05)
        kinds = contributions((glutamate.nmda,), v, c, y, p, 310.15)
        current[magnesium] = sum(flux(k, i, v, getattr(c, i), 310.15) for _, i, k in kinds)
    assert (np.diff(current[2.0]) < 0).any()
    assert not (np.diff(current[0.0]) < 0).any()
    assert MODEL.electroneutral and "V" in MODEL.State._fields
    assert not MODEL.fires and MODELS["barreto_cressman"].fires


def rested(permeability):
    """The model's state at rest with so permeable receptors [m/s]."""
    one = MODEL.State(*(np.array([v]) for v in MODEL.State()))
    p = MODEL.Parameters(P_NMDA=permeability)
    rests = at_rest(MODEL, p, one, Surroundings())
    return MODEL.State(*(float(v[0]) for v in rests.state))


def ignited(y, advance, seconds=20.0):
    highest = y.K_o.copy()
    for _ in range(int(5 * seconds)):
        advance(0.2)
        highest = np.maximum(highest, y.K_o)
    return highest > 20.0


@pytest.mark.parametrize(
    ("permeability", "chloride", "transmitter", "unpumped"),
    [(0.0, 5.496, None, 0.829), (1e-7, 5.4345, 0.427, 0.819), (3e-7, 5.311, 0.183, 0.801)],
)
def test_what_ignites_a_node(permeability, chloride, transmitter, unpumped):
    """Steps of KCl and of glutamate, each at rest before; pumps that stop."""
    rest, what = rested(permeability), f"kager_mori, P_NMDA {permeability:g} m/s"
    sizes = chloride + np.linspace(-0.1, 0.1, 41)
    advance, y, _ = nodes(MODEL, 41, P_NMDA=permeability, initial=rest)
    y.K_o[:] += sizes
    y.Cl_o[:] += sizes
    smallest = first_true(sizes, ignited(y, advance))
    found(f"{what}: KCl that ignites", smallest, chloride, 0.01, "mM", SOLVED)
    if transmitter:
        sizes = 1e-3 * transmitter * np.linspace(0.9, 1.1, 41)
        advance, y, _ = nodes(MODEL, 41, P_NMDA=permeability, initial=rest)
        y.glutamate_o[:] += sizes
        smallest = 1e3 * first_true(sizes, ignited(y, advance))
        found(f"{what}: glutamate that ignites", smallest, transmitter, 0.03, "uM", SOLVED, True)
    still = {"P_NMDA": permeability, "I_pump": 0.0, "I_pump_g": 0.0}
    advance, y, _ = nodes(MODEL, 1, initial=rest, **still)
    t = 0.0
    while y.K_o[0] < 20.0:
        advance(2e-3)
        t += 2e-3
    found(f"{what}: pumps off until 20 mM", t, unpumped, 0.008, "s", SOLVED)


def test_without_receptors_glutamate_changes_no_ion():
    """Beside the same neuron whose release does nothing."""
    ends = []
    for release in (0.0, 0.1):
        advance, y, _ = nodes(MODEL, 1, P_NMDA=0.0, A_r=release, tolerance=1e-7)
        y.K_o[:] += 10.0
        y.Cl_o[:] += 10.0
        advance(5.0)
        ends.append((y.K_o[0], y.V[0], y.glutamate_o[0]))
    np.testing.assert_allclose(ends[0][:2], ends[1][:2], rtol=1e-4)
    assert ends[0][2] < 1e-4 < ends[1][2]


def test_it_needs_glia():
    with pytest.raises(ConfigError, match=r"membrane\.options\.glutamate: needs glia"):
        MODELS["kager_mori"].variant(glutamate=True, glia=False)

"""Cells that pay: where ATP comes from and goes, and what happens when the supply is cut."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import brentq

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.mechanisms import metabolism
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.models.wei_ullah_schiff import glial_atp
from ecs_model.physics.energetics import atp_energy
from ecs_model.physics.post_albers import PostAlbersParameters
from ecs_model.units import from_si, to_si
from tests.helpers import found
from tests.membrane.nodes import nodes
from tests.membrane.test_every_model import near_rest

FUELLED = {"pump": "post_albers", "energy": True}
NAMES = ("pump_leak", "kager_mori")
BOTH = pytest.mark.parametrize("model", [MODELS[n].variant(**FUELLED) for n in NAMES], ids=NAMES)


def cells(model, p):
    return p.phi + getattr(p, "phi_g", 0.0)


def seen(model, name, y, p):
    return model.observables[name][1](y, p, Surroundings())


@BOTH
def test_energy_rich_phosphate_is_what_is_made_less_what_is_used(model):
    y, p = near_rest(model, 50, 0.1), model.Parameters()
    rates = model.rhs(y, p, Surroundings())
    use = metabolism.used(seen(model, "ATP_use", y, p), cells(model, p), y, p)
    np.testing.assert_allclose(rates.PCr - rates.ADP, metabolism.made(y, p) - use, atol=1e-13)


@BOTH
def test_oxygen_pays_for_what_is_made(model):
    y, p = near_rest(model, 50, 0.1), model.Parameters()
    rates = model.rhs(y, p, Surroundings())
    supply = p.k_O2 * (p.O2_blood - y.O2)
    burnt = cells(model, p) * metabolism.made(y, p) / p.ATP_per_O2
    np.testing.assert_allclose(rates.O2, supply - burnt, atol=1e-15)


FLOWING = MODELS["kager_mori"].variant(**FUELLED, supply="flow")
BESIDE = {  # flow [ml/100 g/min] -> G [1/s], O2 [mM], use over its most; k 3, V 0.0306, K 0.001
    50: (0.6183, 0.05145, 0.981),
    30: (0.4043, 0.02701, 0.964),
    20: (0.2822, 0.00634, 0.864),
    15: (0.2167, 0.00225, 0.692),
    10: (0.1481, 0.00092, 0.479),
    6: (0.0906, 0.00042, 0.295),
    2: (0.0308, 0.00011, 0.101),
}


@pytest.mark.parametrize("flow", BESIDE)
def test_what_flow_delivers(flow):
    """The root of G (0.1 mM - c) = V c/(c + K) and its share of V, with four digits."""
    most, half = 0.0306, 0.001
    p = SimpleNamespace(k_O2=3.0, flow=to_si(flow, "ml/100 g/min"), H_O2=89.0, O2_artery=0.1)

    def brought(c):
        return metabolism.delivered(SimpleNamespace(O2=c), p)

    G, O2, share = BESIDE[flow]
    rate = (brought(0.0) - brought(0.1)) / 0.1
    found(f"flow {flow} ml/100 g/min: G", rate, G, 6e-5, "1/s")
    root = brentq(lambda c: brought(c) - most * c / (c + half), 0.0, 0.1, xtol=1e-14)
    found(f"flow {flow} ml/100 g/min: oxygen", root, O2, 6e-6, "mM")
    found(f"flow {flow} ml/100 g/min: use", brought(root) / most, share, 6e-4)


def test_blood_that_does_not_flow_brings_nothing():
    p = SimpleNamespace(k_O2=0.0, flow=0.0, H_O2=89.0, O2_artery=0.1)
    assert metabolism.delivered(SimpleNamespace(O2=0.03), p) == 0.0
    fast = SimpleNamespace(k_O2=2.0, flow=1e9, H_O2=89.0, O2_artery=0.1)
    brought = metabolism.delivered(SimpleNamespace(O2=0.03), fast)
    assert brought == pytest.approx(2.0 * (0.1 - 0.03), rel=1e-9)


def test_neurons_whose_blood_flows_rest_like_the_others():
    """At the usual flow; oxygen at rest and its use are what they are beside blood at rest."""
    usual = MODELS["kager_mori"].variant(**FUELLED)
    y, p = FLOWING.State(), FLOWING.Parameters()
    assert y == pytest.approx(usual.State(), rel=1e-12)
    use = usual.Parameters().k_O2 * (usual.Parameters().O2_blood - usual.State().O2)
    assert metabolism.delivered(y, p) == pytest.approx(use, rel=1e-12)
    assert from_si(p.flow, "ml/100 g/min") == pytest.approx(50.0)


@pytest.mark.slow
def test_potassium_leaves_cells_below_a_flow_and_oxygen_is_never_negative():
    """Four flows side by side; what is there at half of the usual flow is not at a fifth."""
    advance, y, p = nodes(FLOWING, 4)
    p.flow[:] = to_si(np.array([0.0, 10.0, 30.0, 50.0]), "ml/100 g/min")
    advance(120.0)
    assert (y.K_o[:2] > 20.0).all() and (y.K_o[2:] < 5.0).all()
    assert (y.O2 >= 0).all() and (np.diff(y.O2) > 0).all()


@BOTH
def test_rest_has_the_published_energies(model):
    """Brain at rest: oxygen 0.7 to 2.5 mM/min; ATP 3, ADP 0.03, phosphate 2 mM: -58.4 kJ/mol."""
    y, p = model.State(), model.Parameters()
    free = 1e-3 * metabolism.free_energy(y, p, Surroundings())
    found("free energy of ATP in a resting cell", free, -58.4013, 1e-5, "kJ/mol", rel=True)
    oxygen = 60 * p.k_O2 * (p.O2_blood - y.O2)
    assert 0.7 < oxygen < 2.5
    power = seen(model, "power", y, p)
    assert power == pytest.approx(58.4013e3 * seen(model, "ATP_use", y, p), rel=1e-5)


PUMPS = {"huebel_dahlem": "rho", "barreto_cressman": "rho", "wei_ullah_schiff": "rho"}


@pytest.mark.parametrize(("name", "strength"), PUMPS.items(), ids=PUMPS)
def test_a_turn_of_the_pump_costs_one_atp(name, strength):
    """Of two K+ that the pump moves in; in one model glia pump beside the neuron."""
    model = MODELS[name]
    y, p, env = model.State(), model.Parameters(), Surroundings(alpha=model.alpha)
    still = model.outflow(y, p._replace(**{strength: 0.0}), env)
    moved = p.S * (still["K"] - model.outflow(y, p, env)["K"])
    use = model.observables["ATP_use"][1](y, p, env)
    if name == "wei_ullah_schiff":
        use = use - glial_atp(y, p, env)
    assert use == pytest.approx(moved / 2, rel=1e-9)
    use = model.observables["ATP_use"][1](y, p, env)
    assert model.observables["power"][1](y, p, env) == pytest.approx(58.4e3 * use, rel=1e-2)


def test_the_cycle_gets_the_state_and_not_the_healthy_cell():
    model = MODELS["pump_leak"].variant(**FUELLED)
    y, p = model.State()._replace(ADP=1.0, PCr=0.5), model.Parameters()
    q = metabolism.fuelled(y, p)
    assert (q.ATP, q.ADP) == (pytest.approx(p.A_total - 1.0), 1.0)
    assert q.ATP + q.Pi + y.PCr == pytest.approx(p.P_total)
    assert q.k1_f == PostAlbersParameters().k1_f
    expected = atp_energy(q.ATP, q.ADP, q.Pi, 310.15)
    assert metabolism.free_energy(y, p, Surroundings()) == pytest.approx(expected)


@BOTH
def test_without_oxygen_pumps_fail_when_the_reserve_is_used_up(model):
    """K+ then rises by itself; the last oxygen lasts for seconds."""
    advance, y, p = nodes(model, 1)
    one = model.Parameters()
    reserve = one.A_total - y.ADP[0] + y.PCr[0]
    lasts = reserve / metabolism.used(seen(model, "ATP_use", y, one), cells(model, one), y, one)[0]
    p.k_O2[:] = 0.0
    advance(0.5 * lasts)
    assert y.K_o[0] < 1.5 * model.State().K_o
    assert seen(model, "ATP", y, one)[0] > 0.9 * one.A_total
    advance(0.8 * lasts)
    assert seen(model, "ATP", y, one)[0] < 0.1 * one.A_total
    advance(30.0)
    assert y.K_o[0] > 3 * model.State().K_o


def test_anoxic_depolarization_swells_cells_as_measured():
    """Volume outside 0.05 to 0.09 (Mazel et al. 2002 in SD, Homola et al. 2006 in ischemia)."""
    model = MODELS["kager_mori"].variant(swelling=True, **FUELLED)
    advance, y, p = nodes(model, 1)
    p.k_O2[:] = 0.0
    advance(120.0)
    assert 0.05 <= y.alpha[0] <= 0.09
    assert y.K_o[0] > 60.0
    assert seen(model, "V", y, model.Parameters())[0] > -15e-3


@BOTH
def test_cells_recover_when_blood_returns(model):
    advance, y, p = nodes(model, 1)
    supply = p.k_O2.copy()
    p.k_O2[:] = 0.0
    advance(60.0)
    p.k_O2[:] = supply
    advance(45.0)
    one, ill = model.Parameters(), y.K_o[0]
    advance(180.0)
    assert y.K_o[0] < ill or y.K_o[0] < 6.0
    assert seen(model, "ATP", y, one)[0] > 0.8 * one.A_total


@BOTH
def test_oxygen_relaxes_to_that_of_blood_where_nothing_burns(model):
    advance, y, p = nodes(model, 1, tolerance=1e-8)
    p.V_O2[:] = 0.0
    start, k, blood = y.O2[0], p.k_O2[0], p.O2_blood[0]
    advance(0.7)
    expected = blood + (start - blood) * np.exp(-0.7 * k)
    assert y.O2[0] == pytest.approx(expected, rel=1e-6)


def test_flow_needs_energy():
    with pytest.raises(ConfigError, match=r"membrane\.options\.supply: .*energy = true"):
        MODELS["kager_mori"].variant(supply="flow")


@pytest.mark.parametrize("name", NAMES)
def test_energy_needs_a_pump_that_knows_it(name):
    with pytest.raises(ConfigError, match=r'membrane\.options\.energy: .*pump = "post_albers"'):
        MODELS[name].variant(energy=True)

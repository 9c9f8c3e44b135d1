"""Swelling: water follows osmolarity, contents stay, and the membrane is what it was."""

import re

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.packing import arranged
from ecs_model.membrane.solver import Reaction, source
from ecs_model.physics.energetics import osmotic_relaxation
from tests.membrane.test_every_model import near_rest

IONS = ("K", "Na", "Cl")
MODEL = MODELS["kager_mori"].variant(swelling=True)
BARE = MODELS["kager_mori"].variant(swelling=True, glia=False)
BOTH = pytest.mark.parametrize("model", [MODEL, BARE], ids=["glia", "bare"])


def started(model, n=40, spread=0.1):
    """Random states around rest, with the volumes of tissue that has not swollen."""
    p, env = model.Parameters(), Surroundings()
    _, y = arranged(model, "fixed", p, near_rest(model, n, spread), env.alpha)
    return y, p, env


def amounts(model, y, p, env):
    """Content of each ion in the whole node [mol per m^3 of tissue]."""
    outside = {ion: y.alpha * getattr(y, f"{ion}_o") for ion in IONS}
    inside = model.contents(y, p, env)
    return np.array([outside[ion] + inside[ion] for ion in outside])


def charge(y):
    """Charge of the ions outside [mol per m^3 of tissue]."""
    return y.alpha * (y.K_o + y.Na_o - y.Cl_o)


@BOTH
def test_contents_and_charge_are_conserved_to_round_off_through_the_compiled_step(model):
    y, p, env = started(model)
    y.K_o[:20] += 15.0
    y.Cl_o[:20] += 15.0
    before, alpha = amounts(model, y, p, env), y.alpha.copy()
    charge_before = charge(y)
    reaction = Reaction(model, y, p, env)
    for _ in range(100):
        reaction.advance(0.05)
    assert np.abs(y.alpha - alpha).max() > 0.01  # it did swell
    after = amounts(model, y, p, env)
    np.testing.assert_allclose(after, before, rtol=1e-12)
    np.testing.assert_allclose(charge(y), charge_before, atol=1e-12)


def test_water_returns_with_the_time_constant_of_the_closed_form():
    p, env, y = BARE.Parameters(), Surroundings(), BARE.State()
    moved = 1e-6
    phi = p.phi - moved
    out, inside = env.alpha / (env.alpha + moved), p.phi / phi
    y = y._replace(alpha=env.alpha + moved, **{f"{x}_o": getattr(y, f"{x}_o") * out for x in IONS})
    y = y._replace(**{f"{x}_i": getattr(y, f"{x}_i") * inside for x in IONS})
    osmolarity = 2 * (y.K_o + y.Na_o)
    tau = osmotic_relaxation(p.P_f, p.S, p.phi, env.alpha, osmolarity)
    assert BARE.rhs(y, p, env).alpha == pytest.approx(-moved / tau, rel=1e-4)


@BOTH
def test_slow_water_is_the_model_with_fixed_volumes(model):
    fixed = MODELS["kager_mori"].variant(glia="K_g" in model.State._fields)
    y, p, env = started(model)
    p = p._replace(P_f=0.0)
    z = fixed.State(*(getattr(y, n).copy() for n in fixed.State._fields))
    q = fixed.Parameters(*(getattr(p, n) for n in fixed.Parameters._fields))
    Reaction(model, y, p, env, substeps=50).advance(0.02)
    Reaction(fixed, z, q, env, substeps=50).advance(0.02)
    for name in fixed.State._fields:
        np.testing.assert_allclose(getattr(y, name), getattr(z, name), rtol=1e-11)


def test_swollen_tissue_keeps_its_osmolytes():
    p, env = MODEL.Parameters(), Surroundings()
    q, y = arranged(MODEL, "swollen", p, MODEL.State(), 0.1)
    assert q.A_o * 0.1 == pytest.approx(p.A_o * env.alpha)
    assert q.A_i * q.phi == pytest.approx(p.A_i * p.phi)
    assert (y.alpha, y.phi_glia) == (0.1, q.phi_g)


def test_depolarised_cells_swell_at_the_cost_of_the_space_outside():
    y, p, env = started(BARE, 1, 0.0)
    y.K_o[:] += 12.0
    y.Cl_o[:] += 12.0
    Reaction(BARE, y, p, env).advance(15.0)
    assert y.K_o[0] > 30.0
    assert y.alpha[0] < 0.17
    outside, inside = BARE.parts.volumes.osmolarities(BARE.parts.cells, y, p, env)
    assert inside == pytest.approx(outside, rel=1e-2)  # water follows with a delay


def weights(model):
    """State -> the absolute error [SI] that counts as much as the relative one in its step."""
    text = source(model, model.Parameters(), Surroundings())
    found = re.findall(r"const rate_v e = .*\(\(rate_s\)([^ ]+) \+ rate_abs\(y_(\w+)\)\);", text)
    return {name: float(number) for number, name in found}


def test_what_error_of_a_state_counts_in_a_step():
    """Every concentration follows alpha and the share of glia: they count at 0.05, gates at 1."""
    found = weights(MODEL)
    assert (found["alpha"], found["phi_glia"]) == (0.05, 0.05)
    gates = {"m_NaP", "h_NaP"} & set(found)
    assert gates and all(found[name] == 1.0 for name in gates)
    assert {found[f"{ion}_{side}"] for ion in IONS for side in "oi"} == {1.0}
    spiking = weights(MODELS["barreto_cressman"])
    assert spiking["V"] == pytest.approx(1e-4)

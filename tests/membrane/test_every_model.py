"""What holds for every membrane model, now and later."""

import re

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.autodiff import jacobian
from ecs_model.membrane.model import Surroundings, with_passive
from ecs_model.membrane.packing import arranged, scaled_parameters
from ecs_model.membrane.rosenbrock import ros2
from ecs_model.membrane.solver import Reaction
from ecs_model.units import dimension

CHOICES = {
    "pump_leak": [
        {},
        {"potential": "charge"},
        {"pump": "post_albers"},
        {"kcc2": True},
        {"nkcc1": True},
        {"gaba": True},
        {"pump": "post_albers", "kcc2": True, "nkcc1": True, "gaba": True},
        {"potential": "charge", "kcc2": True, "nkcc1": True, "gaba": True},
        {"pump": "post_albers", "energy": True},
    ],
    "kager_mori": [
        {},
        {"glia": False},
        {"swelling": True},
        {"glia": False, "swelling": True},
        {"pump": "post_albers"},
        {"pump": "post_albers", "energy": True},
        {"pump": "post_albers", "energy": True, "swelling": True},
        {"pump": "post_albers", "energy": True, "supply": "flow"},
        {"glutamate": True},
        {"glutamate": True, "swelling": True},
    ],
    "huebel_dahlem": [
        {"gates": gates, "reservoir": reservoir}
        for gates in ("hn", "h")
        for reservoir in ("closed", "bath", "glia")
    ]
    + [{"synapses": "excitation+inhibition"}],
    "barreto_cressman": [{}, {"synapses": "excitation+inhibition"}],
    "wei_ullah_schiff": [{}, {"synapses": "excitation+inhibition"}],
}
TRACES = {"glutamate_o": 2e-3}  # mM, where differences of a trace would be lost in round-off
VARIANTS = {
    " ".join([name, *(f"{k}={v}" for k, v in chosen.items())]): model.variant(**chosen)
    for name, model in MODELS.items()
    for chosen in CHOICES.get(name, [{}])
}


def test_a_name_has_the_same_unit_in_every_model():
    """A bare number means the same; `rho` alone is a current in one paper, a flux in others."""
    units = {}
    for model in VARIANTS.values():
        for name, q in {**model.State.quantities, **model.Parameters.quantities}.items():
            units.setdefault(name, {}).setdefault(q.unit, model.name)
    assert {n: u for n, u in units.items() if len(u) > 1 and n != "rho"} == {}
    assert len({dimension(unit) for unit in units["rho"]}) == 2


EVERY = pytest.mark.parametrize("model", VARIANTS.values(), ids=VARIANTS.keys())
BIG = "kager_mori pump=post_albers"  # long to compile; the last has all that the others have
PARTS = (BIG, f"{BIG} energy=True", f"{BIG} energy=True supply=flow")
MOST = pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, marks=[pytest.mark.slow] if name in PARTS else [], id=name)
        for name, model in VARIANTS.items()
    ],
)
FIELDS = pytest.mark.parametrize("fields", [False, True], ids=["numbers", "fields"])
WAYS = pytest.mark.parametrize(
    ("model", "fields"),
    [
        pytest.param(
            model,
            fields,
            marks=[pytest.mark.slow] if name in PARTS or (BIG in name and not fields) else [],
            id=f"{'fields' if fields else 'numbers'}-{name}",
        )
        for name, model in VARIANTS.items()
        for fields in (False, True)
    ],
)


def holds_charge(model):
    return model.chosen.get("potential") == "charge"


def near_rest(model, n, spread, seed=0):
    """`n` random states around rest; the charge form takes no imbalance of charge."""
    rng = np.random.default_rng(seed)
    spread = 1e-6 if holds_charge(model) else spread
    return model.State(*(v * rng.uniform(1 - spread, 1 + spread, n) for v in model.State()))


def quickest(model, y):
    """Time [s] in which the fastest process at any of the states changes them, at most 0.1 s."""
    p, env = model.Parameters(), Surroundings(alpha=model.alpha)
    _, rows = jacobian(lambda z: model.rhs(z, p, env), y)
    dense = np.zeros((len(y[0]), len(rows), len(rows)))
    for i, row in enumerate(rows):
        for j, slope in row.items():
            dense[:, i, j] = slope
    return min(0.1, 1 / max(10.0, np.abs(np.linalg.eigvals(dense)).max()))


def around(record, n, spread=0.1, seed=1):
    rng = np.random.default_rng(seed)
    return type(record)(*(v * rng.uniform(1 - spread, 1 + spread, n) for v in record))


@EVERY
def test_rest_is_a_fixed_point(model):
    rates = model.rhs(model.State(), model.Parameters(), Surroundings(alpha=model.alpha))
    np.testing.assert_allclose(rates, 0.0, atol=1e-11)


@EVERY
def test_jacobian_is_the_derivative(model):
    y = near_rest(model, 1, 0.1)
    y = model.State(*(float(v[0]) for v in y))
    y = y._replace(**{name: TRACES[name] for name in y._fields if name in TRACES})
    p, env = model.Parameters(), Surroundings()
    _, rows = jacobian(lambda y: model.rhs(y, p, env), y)
    for j, name in enumerate(y._fields):
        h = 1e-8 * max(1.0, abs(y[j]))
        up = model.rhs(y._replace(**{name: y[j] + h}), p, env)
        down = model.rhs(y._replace(**{name: y[j] - h}), p, env)
        numeric = (np.array(up) - np.array(down)) / (2 * h)
        exact = np.array([row.get(j, 0.0) for row in rows])
        size = np.abs(numeric).max() + np.abs(exact).max()
        np.testing.assert_allclose(exact, numeric, rtol=1e-5, atol=1e-5 * size)


@EVERY
def test_ions_outside_and_inside_cells_are_conserved(model):
    if model.contents is None or not model.closed or model.volumes:
        pytest.skip("in this model K+ comes from elsewhere, or contents are conserved elsewhere")
    p, env = model.Parameters(), Surroundings(alpha=0.13)
    y = near_rest(model, 50, 0.1)
    rates = model.rhs(y, p, env)
    h = 1e-3
    later = model.State(*(a + h * r for a, r in zip(y, rates, strict=True)))
    for ion in model.contents(y, p, env):
        before, after = (
            env.alpha * getattr(s, f"{ion}_o") + model.contents(s, p, env)[ion] for s in (y, later)
        )
        np.testing.assert_allclose(after, before, rtol=1e-14)


@WAYS
def test_compiled_step_equals_numpy_step(model, fields):
    n, steps = 1003, 3
    p, env = model.Parameters(), Surroundings()
    if fields:
        env = Surroundings(alpha=np.linspace(0.1, 0.3, n), temperature=np.linspace(305, 311, n))
        p = around(p, n) if not holds_charge(model) else p
    y = near_rest(model, n, 0.1)
    dt = 0.2 * quickest(model, near_rest(model, 30, 0.1))
    expected = y
    for _ in range(steps):
        expected, _ = model.step(ros2, expected, p, env, dt)
    Reaction(model, y, p, env, substeps=steps).advance(steps * dt)  # y advances in place
    np.testing.assert_allclose(np.array(y), np.array(expected), rtol=1e-11)


@EVERY
def test_step_in_fluxes_is_the_step_in_rates(model):
    if model.volumes:
        pytest.skip("where cells swell the step is one of contents, see test_swelling.py")
    p, env = around(model.Parameters(), 50), Surroundings(alpha=0.17)
    if holds_charge(model):
        p = model.Parameters()
    y = near_rest(model, 50, 0.2)
    plain = ros2(lambda y: model.rhs(y, p, env), y, 0.3)
    split = model.step(ros2, y, p, env, 0.3)
    np.testing.assert_allclose(np.array(split[0]), np.array(plain[0]), rtol=1e-12)
    np.testing.assert_allclose(np.array(split[1]), np.array(plain[1]), atol=1e-12)


@MOST
def test_error_control_meets_its_tolerance(model):
    p, env = model.Parameters(), Surroundings()
    fine = near_rest(model, 64, 0.1)
    coarse = model.State(*(v.copy() for v in fine))
    duration = 20 * quickest(model, near_rest(model, 30, 0.1))
    Reaction(model, fine, p, env, substeps=4000).advance(duration)
    Reaction(model, coarse, p, env, tolerance=1e-5).advance(duration)
    np.testing.assert_allclose(np.array(coarse), np.array(fine), rtol=2e-4, atol=2e-4)


@EVERY
def test_step_is_second_order(model):
    y = near_rest(model, 16, 0.05)
    if model.name == "threshold_release":
        y = model.State(K_o=np.linspace(3.0, 8.0, 16))  # the law jumps at its threshold
    if model.name == "none":
        pytest.skip("nothing happens, exactly")
    p, env = model.Parameters(), Surroundings()
    duration = 4 * quickest(model, y)

    def after(steps):
        z = model.State(*(v.copy() for v in y))
        Reaction(model, z, p, env, substeps=steps).advance(duration)
        return np.array(z)

    exact = after(2048)
    errors = [np.abs(after(n) - exact).max() for n in (8, 16)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.25)


@EVERY
def test_what_leaves_cells_enters_the_space_outside(model):
    if model.outflow is None or not model.closed or "v" in model.State._fields:
        pytest.skip("K+ outside has other sources, as the model declares")
    p, env, y = model.Parameters(), Surroundings(alpha=0.13), near_rest(model, 50, 0.1)
    rates, J = model.rhs(y, p, env), model.outflow(y, p, env)
    if model.volumes:  # then it is contents that flow
        rates = model.stoichiometry(model.fluxes(y, p, env), p, env)
        rates = rates._replace(K_o=rates.K_o / env.alpha)
    bound = env.alpha * getattr(rates, "B", 0.0)
    size = np.abs(p.S * J["K"]).max()
    np.testing.assert_allclose(env.alpha * rates.K_o + bound, p.S * J["K"], atol=1e-12 * size)


@EVERY
def test_exchange_with_the_space_outside_carries_no_charge(model):
    if model.outflow is None or not model.electroneutral or holds_charge(model):
        pytest.skip("this exchange carries charge, as the model declares")
    p, env, y = model.Parameters(), Surroundings(alpha=0.13), near_rest(model, 50, 0.1)
    J = model.outflow(y, p, env)
    size = max(np.abs(flux).max() for flux in J.values())
    np.testing.assert_allclose(J["K"] + J["Na"] - J["Cl"], 0.0, atol=1e-12 * size)


@EVERY
def test_the_compiled_step_conserves_every_ion(model):
    """Outside, in neurons and in glia together, to round-off, far from rest; charge with them."""
    if model.outflow is None or not model.closed or "Na_o" not in model.State._fields:
        pytest.skip("this model is not closed, or does not follow every ion")
    p, y = model.Parameters(), near_rest(model, 64, 0.1)
    if model.volumes:
        pytest.skip("contents of cells that swell are in test_swelling.py")
    before = contents(y, p, 0.17)
    Reaction(model, y, p, Surroundings(alpha=0.17), tolerance=1e-3).advance(0.5)
    after = contents(y, p, 0.17)
    if holds_charge(model):  # its potential is that charge
        del before["charge"]
    for ion, amount in before.items():
        np.testing.assert_allclose(after[ion], amount, rtol=1e-12)


def contents(y, p, alpha):
    """Ion -> amount per tissue volume; and the charge that neurons hold."""
    found = {}
    for ion in ("K", "Na", "Cl"):
        glia = getattr(p, "phi_g", 0.0) * getattr(y, f"{ion}_g", 0.0)
        found[ion] = alpha * getattr(y, f"{ion}_o") + p.phi * getattr(y, f"{ion}_i") + glia
    found["K"] = found["K"] + alpha * getattr(y, "B", 0.0)
    found["charge"] = y.K_i + y.Na_i - y.Cl_i
    return found


@EVERY
def test_different_tissue_keeps_area_per_volume_of_cells(model):
    p = model.Parameters()
    packed = scaled_parameters(model, p, 0.05)
    for name in model.scaled:
        share = getattr(packed, name) / getattr(p, name)
        assert share == pytest.approx(0.95 / (1 - model.alpha), rel=1e-14)
    assert scaled_parameters(model, p, model.alpha) == p


@EVERY
def test_swelling_keeps_contents_and_area(model):
    p, y = model.Parameters(), model.State()
    if not (model.electroneutral and "Na_o" in y._fields):
        if model.outflow is not None:
            with pytest.raises(ConfigError, match="cannot swell"):
                arranged(model, "swollen", p, y, 0.1)
        return
    q, z = arranged(model, "swollen", p, y, 0.1)
    before, after = contents(y, p, model.alpha), contents(z, q, 0.1)
    for ion in ("K", "Na", "Cl"):
        assert after[ion] == pytest.approx(before[ion], rel=1e-13)
    volumes = [sum(getattr(r, n, 0.0) for n in ("phi", "phi_g")) for r in (p, q)]
    assert volumes[1] + 0.1 == pytest.approx(volumes[0] + model.alpha, rel=1e-13)
    assert z.K_o == pytest.approx(y.K_o * model.alpha / 0.1, rel=1e-13)
    assert q.S == p.S
    assert arranged(model, "swollen", p, y, model.alpha) == (p, y)
    if not model.volumes:
        assert arranged(model, "fixed", p, y, 0.1) == (p, y)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pum": "hill"}, "membrane.options.pum: pump_leak has no such option"),
        ({"pump": "ATP"}, "must be one of hill, post_albers (found 'ATP')"),
        ({"kcc2": "yes"}, "must be one of false, true (found 'yes')"),
    ],
)
def test_wrong_options_are_named(options, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        MODELS["pump_leak"].variant(**options)


@EVERY
@FIELDS
def test_compiled_observables_are_those_of_the_text(model, fields):
    n = 101
    p, env = model.Parameters(), Surroundings()
    if fields:
        env = Surroundings(alpha=np.linspace(0.1, 0.3, n), temperature=np.linspace(305, 311, n))
        p = around(p, n) if not holds_charge(model) else p
    y, some = near_rest(model, n, 0.1), np.array([3, 98, 40])
    reaction = Reaction(model, y, p, env)
    for name, (_, function) in model.observables.items():
        expected = np.broadcast_to(function(y, p, env), n)
        np.testing.assert_allclose(reaction.at(slice(None))(name), expected, rtol=1e-11)
        np.testing.assert_allclose(reaction.at(some)(name), expected[some], rtol=1e-11)


@EVERY
def test_a_probe_ion_is_left_alone(model):
    """Its rate is zero, those of the others are what they were."""
    longer = with_passive(model, {"TMA": 0.5})
    y, env = longer.State(), Surroundings(alpha=model.alpha)
    rates = longer.rhs(y, longer.Parameters(), env)
    plain = model.rhs(model.State(), model.Parameters(), env)
    assert rates.TMA_o == 0.0 or model.volumes
    assert rates._fields == y._fields == (*model.State._fields, "TMA_o")
    np.testing.assert_allclose(rates[:-1], plain, atol=1e-12)

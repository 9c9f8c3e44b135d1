"""Parameter sets: the numbers of papers, by name."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.config.reader import parse_config
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.parameter_sets import BUILT_IN, sets_of
from ecs_model.membrane.solver import Reaction
from ecs_model.membrane.user_models import membrane_of
from ecs_model.physics.regimes import Firing
from tests.helpers import found

COMPUTED = "this program, other steps"


def settings(**given):
    usual = {"model": "kager_mori", "file": None, "options": {}, "add": [], "parameter_set": None}
    return SimpleNamespace(**{**usual, **given})


@pytest.mark.parametrize("chosen", BUILT_IN, ids=lambda s: s.name)
def test_every_set_is_of_its_model(chosen):
    model = membrane_of(settings(model=chosen.model, parameter_set=chosen.name))
    assert model.parameter_set == chosen.name and chosen.reference
    swelling = {"swelling": True} if "swelling" in model.options else {}
    whole = MODELS[chosen.model].variant(**chosen.options, **swelling)
    assert {*chosen.parameters} <= {*whole.Parameters._fields}
    assert {*chosen.initial} <= {*whole.State._fields}
    for values, table in ((chosen.parameters, whole.Parameters), (chosen.initial, whole.State)):
        for name, value in values.items():
            assert value.source and not table.quantities[name].complaint(value.si)


def test_numbers_of_a_set_are_defaults_and_their_source_is_told():
    model = membrane_of(settings(parameter_set="Mori2015", options={"swelling": True}))
    assert model.chosen == {"glia": False, "swelling": True}
    p, y = model.Parameters(), model.State()
    assert (p.S, p.phi, p.A_i) == (pytest.approx(6.3849e5), 0.8, pytest.approx(133.3))
    assert (y.K_i, y.Na_o) == (pytest.approx(132.0), pytest.approx(137.0))
    assert "Ellingsrud" in model.Parameters.quantities["S"].source
    assert MODELS["kager_mori"].Parameters().phi == 0.5  # what others use is untouched


def test_the_set_of_the_benchmark_is_electroneutral():
    """Charge of the ions and of what is impermeant, on both sides [mM]."""
    model = membrane_of(settings(parameter_set="Mori2015", options={"swelling": True}))
    p, y = model.Parameters(), model.State()
    assert y.K_o + y.Na_o - y.Cl_o == pytest.approx(p.A_o, abs=1e-9)
    assert y.K_i + y.Na_i - y.Cl_i == pytest.approx(p.A_i, abs=1e-9)


def test_a_cell_with_a_set_steps_like_one_with_its_numbers():
    model = membrane_of(settings(parameter_set="Mori2015"))
    plain = MODELS["kager_mori"].variant(glia=False)
    states = []
    for m, p in ((model, model.Parameters()), (plain, plain.Parameters(S=6.3849e5, phi=0.8))):
        y = m.State(*(np.full(2, v) for v in model.State()))
        Reaction(m, y, p, Surroundings()).advance(0.5)
        states.append(y)
    np.testing.assert_array_equal(*states)


def test_the_second_neuron_is_that_with_a_gate_of_its_own():
    model = membrane_of(settings(model="huebel_dahlem", parameter_set="HuebelDahlem2014"))
    assert "h" in model.State._fields and model.Parameters().g_Cl == pytest.approx(0.5)
    rates = model.rhs(model.State(), model.Parameters(), Surroundings(alpha=0.25))
    np.testing.assert_allclose(rates, 0.0, atol=1e-11)


SLOW = pytest.mark.parametrize("name", ["barreto_cressman", "wei_ullah_schiff"])


def amounts(model, y, p, env):
    """Rates of the state; of concentrations, without what swelling does to them."""
    rates = model.rhs(y, p, env)
    growth = getattr(rates, "v", 0.0)
    space = 1 + env.alpha / p.phi - getattr(y, "v", 1.0)
    dilution = {"_i": growth / getattr(y, "v", 1.0), "_o": -growth / space}
    return {
        name: rate + dilution.get(name[-2:], 0.0) * getattr(y, name)
        for name, rate in rates._asdict().items()
    }


@SLOW
def test_slow_ions_are_four_times_slower(name):
    """Ions and oxygen change a quarter as fast, potential, gates and volume as they did."""
    slow = membrane_of(settings(model=name, parameter_set="SlowIons"))
    model = MODELS[name]
    rng, env = np.random.default_rng(1), Surroundings(alpha=model.alpha)
    y = model.State(*(v * rng.uniform(0.99, 1.01, 20) for v in model.State()))
    ours, published = (amounts(m, y, m.Parameters(), env) for m in (slow, model))
    for field, line in model.State.quantities.items():
        factor = 0.25 if line.unit in ("mM", "mg/L") else 1.0
        right = factor * published[field]
        np.testing.assert_allclose(ours[field], right, rtol=1e-8, atol=1e-12, err_msg=field)
    rest = slow.rhs(model.State(), slow.Parameters(), env)
    np.testing.assert_allclose(rest, 0.0, atol=1e-9)


def bursts(model, K_bath, seconds):
    """Durations [s] of bursts after 100 s, and K+ [mM] every 50 ms."""
    y = model.State(*(np.full(1, v) for v in model.State()))
    p = model.Parameters(K_bath=K_bath)
    made = Reaction(model, y, p, Surroundings(alpha=model.alpha))
    trace, potassium = made.follow(Firing()), []
    for k in range(int(20 * seconds)):
        made.advance(0.05, 0.05 * k)
        potassium.append(y.K_o[0])
    times = trace.events()[:, 1]
    parts = np.split(times, np.flatnonzero(np.diff(times) > 2.0) + 1)
    whole = [b for b in parts if b[0] > 100.0 and b[-1] < seconds - 2.0]
    return np.array([b[-1] - b[0] for b in whole]), np.array(potassium)


@pytest.mark.parametrize(
    ("name", "K_bath", "lasts", "ceiling", "seconds"),
    [
        ("barreto_cressman", 8.0, 26.1, 9.87, 300.0),
        pytest.param("wei_ullah_schiff", 11.0, 23.1, 12.5, 400.0, marks=pytest.mark.slow),
    ],
)
def test_slow_ions_give_seizures_of_tens_of_seconds(name, K_bath, lasts, ceiling, seconds):
    slow = membrane_of(settings(model=name, parameter_set="SlowIons"))
    durations, K = bursts(slow, K_bath, seconds)
    what = f"{name}, SlowIons, K_bath {K_bath:g} mM: "
    found(what + "duration of a seizure", np.median(durations), lasts, 0.5, "s", COMPUTED)
    found(what + "highest K+", K[2000:].max(), ceiling, 0.1, "mM", COMPUTED)


BAD = {
    "unknown": ({"parameter_set": "Mori2016"}, r"no set is called 'Mori2016'; did you mean 'Mori2"),
    "of no model": ({"model": "nagumo", "parameter_set": "Mori2015"}, "nagumo has none"),
    "other choice": (
        {"parameter_set": "Mori2015", "options": {"glia": True}},
        r"membrane\.options\.glia: the parameter set Mori2015 belongs to false \(found true\)",
    ),
}


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD.keys())
def test_sets_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        membrane_of(settings(**given))


def test_a_model_from_a_file_has_no_sets():
    text = '[mesh]\ngenerator="interval"\nlength="1 mm"\ncell="0.1 mm"\n[time]\nend="1 s"\n'
    text += '[membrane]\nfile = "mine.py"\nparameter_set = "Mori2015"\n'
    with pytest.raises(ConfigError, match=r"membrane\.parameter_set: has no effect"):
        parse_config(text)


OURS = """
from ecs_model.membrane.parameter_set import ParameterSet, Value
P_K = Value(12.0, 'nm/s', 'measured')
SET = ParameterSet('Ours2026', 'pump_leak', 'us', parameters={'P_K': P_K})
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A function that installs a package `ours` with a text."""

    def install(text):
        (tmp_path / "ours.py").write_text(text)
        facts = tmp_path / "ours-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text("[ecs_model.parameter_sets]\nours = ours:SET\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "ours", raising=False)

    return install


@pytest.mark.parametrize("text", ["SET = 1 / 0", "SET = 3"])
def test_an_installed_package_that_is_broken_is_named(installed, text):
    installed(text)
    with pytest.raises(ConfigError, match=r"^ours:SET: "):
        sets_of("pump_leak")


def test_an_installed_package_brings_its_own(installed):
    installed(OURS)
    assert [*sets_of("pump_leak")] == ["Ours2026"]
    model = membrane_of(settings(model="pump_leak", parameter_set="Ours2026"))
    assert model.Parameters().P_K == pytest.approx(12e-9)


@pytest.mark.parametrize(("name", "P"), [("StrongNMDA", 2.4e-7), ("MeasuredSD", 2.3e-7)])
def test_cells_with_receptors_rest(name, P):
    for options in ({}, {"swelling": True}):
        model = membrane_of(settings(parameter_set=name, options=options))
        assert model.Parameters().P_NMDA == pytest.approx(P)
        rates = model.rhs(model.State(), model.Parameters(), Surroundings())
        np.testing.assert_allclose(rates, 0.0, atol=1e-10)

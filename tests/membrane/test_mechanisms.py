"""Mechanisms: what built-in models are made of, and what a user adds to them."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.mechanism import Conductance, Gate, Permeability, mechanism, quantity
from ecs_model.membrane.mechanism import relaxation as approaching
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.solver import Reaction
from ecs_model.membrane.user_models import membrane_of
from ecs_model.physics.electrochemistry import ghk_flux
from ecs_model.units import FARADAY, GAS_CONSTANT

DATA = Path(__file__).with_name("data")
RATES = json.loads((DATA / "rates.json").read_text())
IDS = [f"{r['model']} {r['options']}" for r in RATES]
DEFAULTS = json.loads((DATA / "defaults.json").read_text())
NEWER = {"synapses", "glutamate", "supply"}  # never written out whole; they have tests of their own
LEAK = {"g_more": quantity(0.01, "mS/cm^2", "further K+ conductance", low=0.0)}


@pytest.mark.parametrize("there", RATES, ids=IDS)
def test_rates_are_those_of_models_written_out_whole(there):
    """Computed by an earlier text, which had every model's equations in one piece."""
    model = MODELS[there["model"]].variant(**there["options"])
    y, p = model.State(**there["state"]), model.Parameters(**there["parameters"])
    env = Surroundings(alpha=model.alpha, temperature=309.0)
    rates, expected = model.rhs(y, p, env)._asdict(), there["rates"]
    size = max(map(abs, expected.values()))
    for name, value in expected.items():
        assert rates[name] == pytest.approx(value, rel=1e-11, abs=1e-13 * size), name
    for ion, J in there["outflow"].items():
        largest = max(map(abs, there["outflow"].values()))
        assert model.outflow(y, p, env)[ion] == pytest.approx(J, rel=1e-11, abs=1e-13 * largest)
    use = model.observables["ATP_use"][1](y, p, env)
    assert use == pytest.approx(there["ATP_use"], rel=1e-11)


@pytest.mark.parametrize("there", DEFAULTS, ids=[f"{r['model']} {r['options']}" for r in DEFAULTS])
def test_defaults_are_those_of_models_written_out_whole(there):
    """The numbers of the papers, and what follows from them: rest, pumps, impermeant ions."""
    model = MODELS[there["model"]].variant(**there["options"])
    assert (model.alpha, model.theta) == (there["alpha"], there["theta"])
    for record, expected in (
        (model.State(), there["state"]),
        (model.Parameters(), there["parameters"]),
    ):
        assert record._asdict() == pytest.approx(expected, rel=1e-11)
    if model.syncytium:
        y, env = model.State()._replace(K_o=9.0), Surroundings(alpha=model.alpha)
        shifted = model.syncytium(0.004, y, model.Parameters(), env)
        assert [*map(float, shifted)] == pytest.approx(there["shifted"], rel=1e-10)


def test_every_built_in_option_is_among_them():
    known = {(r["model"], k, v) for r in RATES for k, v in r["options"].items()}
    default = {(r["model"]) for r in RATES if not r["options"]}
    made = {name: model for name, model in MODELS.items() if model.parts is not None}
    for name, model in made.items():
        for option in {*model.options} - NEWER:
            first, *others = model.options[option]
            assert name in default or (name, option, first) in known
            assert all((name, option, other) in known for other in others)


@mechanism(LEAK)
def more(v, c, y, p, T):
    """A further ohmic leak of K+."""
    return {"K": Conductance(p.g_more)}


def opening(u):
    """A gate that opens as the membrane depolarises."""
    return approaching(1 / (1 + np.exp(-(u + 50) / 10)), 5.0)


@mechanism({"P_gated": quantity(2e-9, "m/s", "of a gated channel", low=0.0)}, (opening,))
def gated(v, c, y, p, T):
    """A GHK current through a gate."""
    return {"K": Permeability(p.P_gated * y.opening)}


@mechanism({"g_glia": quantity(0.1, "S/m^2", "K+ leak of glia", low=0.0)}, compartment="g")
def in_glia(v, c, y, p, T):
    """A leak of glia."""
    return {"K": Conductance(p.g_glia)}


MADE = ["pump_leak", "kager_mori", "huebel_dahlem", "barreto_cressman", "wei_ullah_schiff"]


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("part", [more, gated], ids=["leak", "gated"])
def test_a_model_with_a_mechanism_more_rests_and_steps(name, part):
    model = MODELS[name].variant([part])
    env = Surroundings(alpha=model.alpha)
    rates = model.rhs(model.State(), model.Parameters(), env)
    np.testing.assert_allclose(rates, 0.0, atol=1e-10)
    state = model.State(*(np.full(3, v) for v in model.State()))
    Reaction(model, state, model.Parameters(), env).advance(0.1)
    np.testing.assert_allclose(state, [[v] * 3 for v in model.State()], rtol=1e-7)


def test_what_a_mechanism_adds_is_its_law():
    """The outflow at one state, with and without: g/F (V - E_K), where V is a state."""
    plain, with_leak = MODELS["wei_ullah_schiff"], MODELS["wei_ullah_schiff"].variant([more])
    y, env = plain.State(), Surroundings(alpha=0.125)
    p = with_leak.Parameters(g_more=0.3)
    out = [
        m.outflow(m.State(*y), q, env)["K"]
        for m, q in ((plain, plain.Parameters()), (with_leak, p))
    ]
    E_K = 26.64e-3 * np.log(y.K_o / y.K_i)
    assert out[1] - out[0] == pytest.approx(0.3 / FARADAY * (y.V - E_K), rel=1e-9)


def test_a_gate_moves_as_its_rates_say():
    model = MODELS["huebel_dahlem"].variant([gated])
    y = model.State()._replace(opening=0.3, V=-0.04)
    steady = 1 / (1 + np.exp(-1.0))
    rate = model.rhs(y, model.Parameters(), Surroundings(alpha=0.25)).opening
    assert rate == pytest.approx((steady - 0.3) / 5e-3, rel=1e-12)


def test_a_mechanism_of_glia_lies_in_glia():
    model = MODELS["kager_mori"].variant([in_glia])
    neurons, glia = model.parts.cells
    assert in_glia in glia.mechanisms and in_glia not in neurons.mechanisms


def test_a_permeability_to_another_ion_moves_the_one_that_is_exchanged_for_it():
    """HCO3- that leaves takes one negative charge: Na+ enters in its place."""
    from ecs_model.membrane.mechanism import flux

    kind = Permeability(1e-9, (15.0, 26.0, -1))
    J = flux(kind, "Na", -0.06, (10.0, 140.0), 310.0)
    assert J == pytest.approx(-ghk_flux(15.0, 26.0, -1, 1e-9, -0.06, 310.0))


def test_an_ohmic_flux_is_ohms_law():
    from ecs_model.membrane.mechanism import flux

    E = GAS_CONSTANT * 310.0 / -FARADAY * np.log(120.0 / 7.0)
    J = flux(Conductance(2.0), "Cl", -0.05, (7.0, 120.0), 310.0)
    assert J == pytest.approx(-2.0 / FARADAY * (-0.05 - E))


def test_the_potential_is_that_without_current_where_a_conductance_follows_it_at_once():
    """An instantaneous gate is no passive flux: it takes part in the search as it stands."""

    @mechanism(LEAK)
    def instantaneous(v, c, y, p, T):
        return {"K": Conductance(p.g_more / (1 + np.exp(-(1e3 * v + 60) / 5)))}

    model = MODELS["pump_leak"].variant([instantaneous])
    for g in (0.1, 10.0, 100.0):
        y = model.State()._replace(K_o=12.0, Na_i=14.0)
        J = model.outflow(y, model.Parameters(g_more=g), Surroundings())
        assert J["K"] + J["Na"] - J["Cl"] == pytest.approx(0.0, abs=1e-12 * abs(J["K"]))


# ------------------------------------------------------------------------------ files of the user
def settings(folder, text, *add, **others):
    (folder / "mine.py").write_text(text)
    given = {
        "model": "pump_leak",
        "file": None,
        "options": {},
        "add": list(add),
        "parameter_set": None,
    }
    return SimpleNamespace(**{**given, **others})


MINE = """
from ecs_model.membrane.mechanism import Conductance, mechanism, quantity

@mechanism({"g_mine": quantity(0.1, "S/m^2", "of mine", low=0.0)})
def mine(v, c, y, p, T):
    return {"K": Conductance(p.g_mine)}
"""


def test_a_mechanism_comes_from_a_file(tmp_path):
    model = membrane_of(settings(tmp_path, MINE, "mine.py:mine"), tmp_path)
    assert "g_mine" in model.Parameters._fields


def test_options_and_mechanisms_go_together(tmp_path):
    model = membrane_of(settings(tmp_path, MINE, "mine.py:mine", options={"kcc2": True}), tmp_path)
    assert {"g_mine", "U_KCC2"} <= {*model.Parameters._fields}
    assert model.chosen == {"kcc2": True}


NO_DICTIONARY = MINE.replace('{"K": Conductance(p.g_mine)}', "p.g_mine")
LATE = MINE.replace("p.g_mine", "p.g_yours")
BRANCH = MINE.replace("return", "if v > 0: return {}\n    return")
NO_GLIA = MINE.replace("low=0.0)}", 'low=0.0)}, compartment="g"')
BAD = {
    "no colon": (
        MINE,
        "mine.py",
        r"membrane\.add: 'mine.py': write a mechanism as \"FILE\.py:NAME",
    ),
    "no file": (MINE, "other.py:mine", r"membrane\.add: .*other\.py: no such file"),
    "no such name": (MINE, "mine.py:yours", r"yours is no mechanism.*found here: mine"),
    "a function": (MINE.replace("@mechanism", "#"), "mine.py:mine", r"mine is no mechanism"),
    "broken": (MINE + "1/0\n", "mine.py:mine", r"mine\.py:7: ZeroDivisionError"),
    "fails later": (LATE, "mine.py:mine", r"mine\.py:6: AttributeError"),
    "branches": (BRANCH, "mine.py:mine", r"mine\.py:6: TypeError: .*np\.where"),
    "no dictionary": (NO_DICTIONARY, "mine.py:mine", r"mine\.py:4: mine: must return a dictionary"),
    "a list": (
        MINE.replace("Conductance(p.g_mine)", "Conductance([p.g_mine])"),
        "mine.py:mine",
        r"mine\.py:4: mine: returns a value of type list for K; a number or a formula",
    ),
    "nothing": (
        MINE.replace("Conductance(p.g_mine)", "None"),
        "mine.py:mine",
        r"mine\.py:4: mine: returns a value of type NoneType for K",
    ),
    "unknown ion": (MINE.replace('"K"', '"Ca"'), "mine.py:mine", r"flux of 'Ca'; models follow K"),
    "a known name": (MINE.replace("g_mine", "P_K"), "mine.py:mine", r"P_K: two different"),
    "no number": (
        MINE.replace('quantity(0.1, "S/m^2", "of mine", low=0.0)', "0.1"),
        "mine.py:mine",
        r"mine\.py:4: TypeError: parameter g_mine: write it as quantity",
    ),
    "no name": (
        MINE.replace('"g_mine"', '"g mine"'),
        "mine.py:mine",
        r"mine\.py:4: TypeError: 'g mine' cannot be the name",
    ),
    "nameless gate": (
        MINE.replace("low=0.0)}", "low=0.0)}, (lambda u: (1, 1),)"),
        "mine.py:mine",
        r"mine\.py:4: TypeError: a gate is a function with a name",
    ),
    "falling current": (
        MINE.replace(
            '"K": Conductance(p.g_mine)', '"Na": Conductance(p.g_mine / (1 + exp(-200 * v - 9)))'
        ).replace("from ecs", "from numpy import exp\nfrom ecs", 1),
        "mine.py:mine",
        r"mine: its current falls as the potential rises at once, near -.* mV",
    ),
    "one name twice": (
        MINE.replace("low=0.0)}", "low=0.0)}, (g_mine,)").replace(
            "@mech", "def g_mine(u):\n    return 1.0, 1.0\n\n@mech"
        ),
        "mine.py:mine",
        r"mine\.py:7: TypeError: 'g_mine' is the name of two gates, or of a gate and a parameter",
    ),
    "one gate twice": (
        MINE.replace("low=0.0)}", "low=0.0)}, (mg, mg)").replace(
            "@mech", "def mg(u):\n    return 1.0, 1.0\n\n@mech"
        ),
        "mine.py:mine",
        r"mine\.py:7: TypeError: 'mg' is the name of two gates, or",
    ),
    "no such cells": (NO_GLIA, "mine.py:mine", r"no compartment 'g'; there are i"),
}


@pytest.mark.parametrize(("text", "entry", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_added_is_refused_with_its_place(tmp_path, text, entry, message):
    with pytest.raises(ConfigError, match=message):
        membrane_of(settings(tmp_path, text, entry), tmp_path)


def test_a_mechanism_is_there_once():
    with pytest.raises(ConfigError, match="more is there twice"):
        MODELS["pump_leak"].variant([more, more])


def test_a_file_is_read_once_to_explain_it(tmp_path):
    from ecs_model.membrane import describe

    for end in ("", "from ecs_model.membrane.models.nagumo import model\n"):
        (tmp_path / "mine.py").write_text(
            f"open({str(tmp_path / 'read')!r}, 'a').write('x')\n{MINE}{end}"
        )
        (tmp_path / "read").write_text("")
        describe.about(str(tmp_path / "mine.py"))
        assert (tmp_path / "read").read_text() == "x"


def test_a_model_without_mechanisms_takes_up_none(tmp_path):
    with pytest.raises(ConfigError, match=r"membrane\.add: nagumo is not made of mechanisms"):
        membrane_of(settings(tmp_path, MINE, "mine.py:mine", model="nagumo"), tmp_path)


def test_two_gates_of_one_name_are_refused():
    other = Gate(opening, factor="g_more")
    again = mechanism({}, (other,))(lambda v, c, y, p, T: {})
    with pytest.raises(ConfigError, match="another gate is called 'opening'"):
        MODELS["pump_leak"].variant([gated, again])


def quiet(kind):
    """A mechanism whose current does not count for the potential."""

    @mechanism({"x": quantity(0.0, "1", "strength", low=0.0)}, electrogenic=False)
    def silent(v, c, y, p, T):
        """Moves K+ without current."""
        return {"K": kind(p.x)}

    return silent


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("kind", [Conductance, Permeability], ids=["ohmic", "GHK"])
def test_what_carries_no_current_leaves_the_potential_alone(name, kind):
    """Whatever it moves: V, or its rate where it is a state, is that without the mechanism."""
    plain, more_of_it = MODELS[name], MODELS[name].variant([quiet(kind)])
    y, env = plain.State()._replace(K_o=3 * plain.State().K_o), Surroundings(alpha=plain.alpha)
    p = more_of_it.Parameters(x=0.2 if kind is Conductance else 2e-9)
    if "V" in plain.State._fields:
        found = [plain.rhs(y, plain.Parameters(), env).V, more_of_it.rhs(y, p, env).V]
    else:
        law = [m.observables["V"][1] for m in (plain, more_of_it)]
        found = [law[0](y, plain.Parameters(), env), law[1](y, p, env)]
    assert found[1] == pytest.approx(found[0], rel=1e-12)
    gained = more_of_it.outflow(y, p, env)["K"] - plain.outflow(y, plain.Parameters(), env)["K"]
    assert abs(gained) > 1e-10

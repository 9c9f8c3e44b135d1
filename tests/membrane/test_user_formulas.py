"""What no formula of a user can be is told with file and line, in models and mechanisms alike."""

import gc
import re
import sys

import numpy as np
import pytest

from ecs_model.config.membrane import Membrane
from ecs_model.errors import ConfigError
from ecs_model.membrane.autodiff import jacobian
from ecs_model.membrane.user_formulas import TOOLS, without_chance
from ecs_model.membrane.user_models import (
    contents,
    load_mechanism,
    load_model,
    membrane_of,
)

HEAD = """\
import datetime, random, time, uuid
import numpy as np
from os import urandom
from ecs_model.membrane.mechanism import Conductance, Multiple, Permeability, mechanism, quantity
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, record
drawn = np.random.default_rng(0)
"""
MECHANISM = """\
@mechanism({"g_mine": quantity(0.1, "S/m^2", "of mine", low=0.0)})
def mine(v, c, y, p, T):
    x = c.K[1]
    return {"K": Conductance(p.g_mine * (FORMULA))}
"""
MODEL = """\
@record
class State:
    K_o = concentration(3.0, "extracellular potassium")
@record
class Parameters:
    k = quantity(0.05, "1/s", "uptake", low=0.0)
def rhs(y, p, env):
    x = y.K_o
    return State(K_o=-p.k * (FORMULA))
model = MembraneModel(name="mine", summary="-", State=State, Parameters=Parameters, rhs=rhs)
"""
SINGLE = "each value in a formula is a single number at every node"
NEW = "would give the same at every node and step"


def refused(folder, text):
    """The message about a file with a model or the mechanism `mine`."""
    path = folder / "mine.py"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigError) as error:
        load_model(path) if "MembraneModel(" in text else load_mechanism(path, "mine")
    return str(error.value)


@pytest.mark.parametrize("kind", [MODEL, MECHANISM], ids=["model", "mechanism"])
@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("np.where(x > 3, [1.0, 2.0], 0.0)", f"a value of type list in a formula; {SINGLE}"),
        ("np.where(x > 3, None, 1.0)", f"None in a formula; {SINGLE}"),
        ("np.where([x > 3], 1.0, 0.0)", "cannot branch on a value; use np.where(condition, yes,"),
        ("np.exp(np.array([x, x]))", f"np.exp of a list or an array; {SINGLE}"),
        ("x[0]", f"a value in a formula is not subscriptable; {SINGLE}"),
        ("x.sum()", f"a value in a formula has no attribute 'sum'; {SINGLE}"),
        ("np.zeros(2)", f"an array of shape (2,) in a formula; {SINGLE}"),
        ("np.maximum(x, [1.0])", f"a value of type list in a formula; {SINGLE}"),
        ("x + 'a'", f"a value of type str in a formula; {SINGLE}"),
        ("x * np.random.rand()", f"RandomState.rand {NEW}"),
        ("x * drawn.normal()", f"Generator.normal {NEW}"),
        ("x * np.random.default_rng(0).random()", f"default_rng {NEW}"),
        ("x * random.gauss(0, 1)", f"Random.gauss {NEW}"),
        ("x * time.time()", f"time {NEW}"),
        ("x * datetime.datetime.now().second", f"datetime.now {NEW}"),
        ("x * uuid.uuid4().int", f"uuid4 {NEW}"),
        ("x * urandom(1)[0]", f"urandom {NEW}"),
    ],
)
def test_what_is_no_formula_is_told_with_its_line(tmp_path, kind, formula, words):
    text = kind.replace("FORMULA", formula)
    line = next(k for k, row in enumerate((HEAD + text).splitlines(), 1) if formula in row)
    message = refused(tmp_path, text)
    assert re.search(rf"mine\.py:{line}: \w+Error: ", message), message
    assert words in message


@pytest.mark.parametrize("kind", [MODEL, MECHANISM], ids=["model", "mechanism"])
@pytest.mark.parametrize(
    "formula",
    ["np.array(2.0) * x", "x * np.asarray(x)", "np.where(x > 3, x, np.float32(2))", "sum([x, x])"],
)
def test_numbers_of_numpy_are_numbers(tmp_path, kind, formula):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + kind.replace("FORMULA", formula))
    assert load_model(path) if kind is MODEL else load_mechanism(path, "mine")


def with_gate(gate):
    return gate + MECHANISM.replace("low=0.0)})", "low=0.0)}, gates=(m,))").replace("FORMULA", "x")


def observed(law):
    model = MODEL.replace("FORMULA", "x").replace(
        "rhs=rhs", 'rhs=rhs, observables={"V": ("mV", law)}'
    )
    return model.replace("model =", f"{law}\nmodel =")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            MECHANISM.replace("mine(v, c, y, p, T)", "mine(v, c)"),
            "mine: takes (v, c); a mechanism is a function of (v, c, y, p, T)",
        ),
        (
            MECHANISM.replace("mine(v, c, y, p, T)", "mine(v, c, p, y, T)"),
            "mine: takes (v, c, p, y, T); a mechanism is a function of (v, c, y, p, T)",
        ),
        (
            MECHANISM.replace("p.g_mine * (FORMULA)", "np.zeros(3)"),
            "mine: returns a value of type ndarray for K; a number or a formula would be right",
        ),
        (MECHANISM.replace('{"K": Conductance(p.g_mine * (FORMULA))}', "{}"), "mine: moves no ion"),
        (
            MECHANISM.replace('({"g_mine": quantity(0.1, "S/m^2", "of mine", low=0.0)})', ""),
            "TypeError: @mechanism takes a dict, parameter -> quantity, not the function itself",
        ),
        (
            MECHANISM.replace("def mine", "async def mine"),
            "mine: has async or yield in it; a mechanism is a plain function",
        ),
        (
            MECHANISM.replace("return {", "yield {"),
            "mine: has async or yield in it; a mechanism is a plain function",
        ),
        (with_gate("async def m(u):\n    return 1, u\n"), "m: has async or yield in it; a gate"),
        (MODEL.replace("def rhs", "async def rhs"), "rhs: has async or yield in it; rhs is"),
        (
            observed("async def law(y, p, env):\n    return y.K_o"),
            "law: has async or yield in it; the observable V is a plain function",
        ),
        (
            observed("def law(y, p, env):\n    return [y.K_o]"),
            "law: the observable V is a value of type list; a number or a formula would be right",
        ),
        (with_gate("def m(u, v):\n    return 1.0, u\n"), "m: takes (u, v); a gate is a function"),
        (with_gate("def m(u):\n    return u\n"), "m: returns a formula; opening and"),
        (with_gate("def m(u):\n    return u, None\n"), "m: returns a formula and None; opening"),
        (MODEL.replace("rhs(y, p, env)", "rhs(y, p)"), "rhs: takes (y, p); rhs is a function of"),
        (
            observed("def law(y):\n    return y.K_o"),
            "law: takes (y); the observable V is a function of (y, p, env)",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
def test_other_arguments_and_results_are_told_with_their_line(tmp_path, text, words):
    assert re.search(rf"mine\.py:\d+: {re.escape(words)}", refused(tmp_path, text))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [MODEL, MECHANISM], ids=["model", "mechanism"])
@pytest.mark.parametrize(
    "call", ["+helper(x)", "np.exp(helper(x))", "x * helper(x)", "helper(x)[0]"]
)
def test_async_helpers_are_refused_before_they_are_called(tmp_path, kind, call):
    """So that no warning of Python's about them stands beside the message."""
    text = "async def helper(x):\n    return x\n" + kind.replace("FORMULA", call)
    line = next(k for k, row in enumerate((HEAD + text).splitlines(), 1) if call in row)
    message = refused(tmp_path, text)
    assert f"mine.py:{line}: TypeError: helper is async, and would never be run" in message
    gc.collect()


def test_a_file_of_mechanisms_is_tried_when_it_is_shown(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + MECHANISM.replace("FORMULA", "x[0]"))
    with pytest.raises(ConfigError, match=r"mine\.py:11: TypeError: .* not subscriptable"):
        contents(path)


def test_chance_elsewhere_is_nobodys_business(tmp_path):
    """Only code beside the user's file is watched, and only within."""
    with without_chance(tmp_path / "mine.py"):
        assert 0 <= np.random.default_rng().random() < 1
    assert all(sys.monitoring.get_tool(tool) is None for tool in TOOLS)


def added(folder, text, model="pump_leak"):
    """The message about the mechanism `mine` of a file, added to a model."""
    (folder / "mine.py").write_text(HEAD + text)
    with pytest.raises(ConfigError) as error:
        membrane_of(Membrane(model=model, add=["mine.py:mine"]), folder)
    return str(error.value)


@pytest.mark.parametrize("model", ["pump_leak", "huebel_dahlem"])
@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("np.log(x - 40.0)", "mine: what it returns for K is nan where {} rests (-"),
        ("1.0 / (y.K_o - y.K_o)", "mine: what it returns for K is inf"),
        ("1.0 / (T - T)", "mine: what it returns for K is inf"),
        ("np.asarray(np.log(x - 40.0))", "mine: what it returns for K is nan"),
        ("np.exp(v / (v - v))", "mine: the slope of what it returns for K is nan"),
        ("np.where(x > 100.0, 1.0, np.exp(1e5 * x))", "mine: what it returns for K is inf"),
    ],
)
def test_what_is_not_finite_at_rest_is_told_with_its_line(tmp_path, model, formula, words):
    """The line is that of the operation, in whichever function of the file it stands."""
    helper = f"def helper(v, x, y, T):\n    return {formula}\n"
    message = added(tmp_path, helper + MECHANISM.replace("FORMULA", "helper(v, x, y, T)"), model)
    line = len(HEAD.splitlines()) + 2
    assert f"mine.py:{line}: {words.format(model)}" in message
    assert message.endswith("mM of extracellular K+); a finite number would be right")


@pytest.mark.parametrize(
    "returned",
    [
        '{"K": J}',
        '{"K": Permeability(J)}',
        '{"K": Permeability(1e-9, (c.Na[0], J, 1))}',
        '{"Na": Multiple(3, J), "K": Multiple(-2, J), "ATP": J}',
        '{"Cl": 1.0 / (T - T)}',
        '{"K": 1e-9, "ATP": J}',
    ],
)
def test_whatever_is_returned_is_told_with_its_line(tmp_path, returned):
    text = MECHANISM.replace("x = c.K[1]", "J = np.log(c.K[1] - 40.0)")
    head, _, _ = text.partition("    return")
    message = added(tmp_path, f"{head}    return {returned}\n", "kager_mori")
    line = len(HEAD.splitlines()) + (4 if "T - T" in returned else 3)
    assert re.search(rf"mine\.py:{line}: mine: what it returns for \w+ is (nan|inf)", message)


@pytest.mark.parametrize(
    ("rates", "line", "words"),
    [
        ("np.log(u), 1.0", 2, "m: its opening rate is nan where pump_leak rests (-76 mV"),
        ("1.0, np.exp(-1e6 * u)", 2, "m: its closing rate is inf"),
        ("0.0, 0.0", 1, "m: the open fraction to which its rates lead is nan"),
    ],
)
def test_gates_that_are_not_finite_are_told_with_their_line(tmp_path, rates, line, words):
    text = with_gate(f"def m(u):\n    return {rates}\n").replace("(x)", "y.m")
    message = added(tmp_path, text)
    assert f"mine.py:{len(HEAD.splitlines()) + line}: {words}" in message


@pytest.mark.parametrize(
    "formula",
    ["np.where(x > 100.0, np.log(x - 40.0), 1.0)", "1.0 / (1.0 + np.floor(np.exp(1e5 * x)))"],
)
@pytest.mark.filterwarnings("error")
def test_what_a_choice_leaves_out_or_becomes_finite_is_no_fault(tmp_path, formula):
    (tmp_path / "mine.py").write_text(HEAD + MECHANISM.replace("FORMULA", formula))
    assert membrane_of(Membrane(model="pump_leak", add=["mine.py:mine"]), tmp_path)


def test_too_much_at_rest_is_not_taken_for_it(tmp_path):
    """A flux of K+ that is finite, and no pump can bear."""
    text = MECHANISM.replace("Conductance(p.g_mine * (FORMULA))", "p.g_mine")
    assert added(tmp_path, text, "huebel_dahlem").startswith("membrane.add: with mine the cells")


@pytest.mark.parametrize("model", ["pump_leak", "kager_mori"])
@pytest.mark.parametrize(
    "formula", ["np.sqrt(np.maximum(x - p.x, 0.0))", "1.0 / (1.0 + np.exp(1e5 * x))"]
)
def test_slopes_that_are_not_finite_at_rest_are_told_with_their_line(tmp_path, model, formula):
    """Rest may be found without them, but no step could be taken."""
    text = MECHANISM.replace("FORMULA", formula).replace('({"g_mine"', '({"x": X, "g_mine"')
    message = added(tmp_path, 'X = quantity(9.0, "mM", "level")\n' + text, model)
    line = len(HEAD.splitlines()) + 5
    assert (
        f"mine.py:{line}: at the state and the parameters that are declared, the slope" in message
    )
    assert re.search(r"the slope of the rate of K_o, .* is no finite number", message)


def test_slopes_of_a_model_that_are_not_finite_are_told_with_their_line(tmp_path):
    message = refused(tmp_path, MODEL.replace("FORMULA", "np.sqrt(np.maximum(x - 3.0, 0.0))"))
    line = len(HEAD.splitlines()) + 9
    assert f"mine.py:{line}: at the state" in message and "the slope of the rate of K_o" in message


@pytest.mark.parametrize("formula", ["x * np.asarray(x)", "np.asarray(x) * x"])
def test_arrays_of_one_number_have_slopes(tmp_path, formula):
    """d/dK of -k K^2 is -2 k K."""
    (tmp_path / "mine.py").write_text(HEAD + MODEL.replace("FORMULA", formula))
    model = load_model(tmp_path / "mine.py")
    p = model.Parameters()
    values, rows = jacobian(lambda y: model.rhs(y, p, None), model.State())
    assert (values[0], rows[0][0]) == pytest.approx((-0.05 * 9.0, -0.05 * 6.0), rel=1e-12)


def test_rates_that_are_not_finite_are_told_with_their_line(tmp_path):
    """Of a model: not the line of a choice that is left out, before."""
    text = MODEL.replace("y.K_o\n", "np.where(y.K_o > 9, np.log(y.K_o - 9), 1.0 / (y.K_o - 3.0))\n")
    message = refused(tmp_path, text.replace("FORMULA", "x"))
    line = len(HEAD.splitlines()) + 8
    assert f"mine.py:{line}: at the state and the parameters that are declared, the rate" in message


def test_concentrations_that_all_see_cannot_be_set(tmp_path):
    message = added(tmp_path, MECHANISM.replace("x = c.K[1]", "c.Na = (x := 1.0, 2.0)"))
    assert "mine.py:10: TypeError: c.Na cannot be set" in message

"""What no formula of a user can be is told with file and line, in models and mechanisms alike."""

import re
import sys

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane.user_formulas import TOOLS, without_chance
from ecs_model.membrane.user_models import contents, load_mechanism, load_model

HEAD = """\
import datetime, random, time, uuid
import numpy as np
from os import urandom
from ecs_model.membrane.mechanism import Conductance, mechanism, quantity
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
        (with_gate("def m(u, v):\n    return 1.0, u\n"), "m: takes (u, v); a gate is a function"),
        (with_gate("def m(u):\n    return u\n"), "m: returns a formula; opening and"),
        (with_gate("def m(u):\n    return u, None\n"), "m: returns a formula and None; opening"),
        (MODEL.replace("rhs(y, p, env)", "rhs(y, p)"), "rhs: takes (y, p); rhs is a function of"),
        (
            MODEL.replace("rhs=rhs", 'rhs=rhs, observables={"V": ("mV", law)}').replace(
                "model =", "def law(y):\n    return y.K_o\nmodel ="
            ),
            "law: takes (y); the observable V is a function of (y, p, env)",
        ),
    ],
)
def test_other_arguments_and_results_are_told_with_their_line(tmp_path, text, words):
    assert re.search(rf"mine\.py:\d+: {re.escape(words)}", refused(tmp_path, text))


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

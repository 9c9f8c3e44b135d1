"""A recorded formula, compiled, gives what the formula itself gives; the rest is refused."""

import ctypes
import math

import numpy as np
import pytest

from ecs_model.membrane.compiler import load
from ecs_model.membrane.expressions import Recording, Symbol, as_c

FORMULAS = {
    "polynomial": lambda x, y: 3 * x**3 - x * y + 2.0 / y - (-x),
    "powers": lambda x, y: x**0 + x**-2 + y**8 + x**1,
    "lowest power": lambda x, y: x**-8 + y,
    "functions": lambda x, y: np.exp(-x) + np.log(y) * np.tanh(x) + np.sqrt(y) + np.expm1(x / 9),
    "trigonometry": lambda x, y: np.sin(x) * np.cos(y) + np.log1p(y),
    "limits": lambda x, y: np.minimum(x, y) + 2 * np.maximum(x, 1.0) + np.abs(x - y),
    "choices": lambda x, y: np.where(x > y, x, 2 * y) + np.where((x < 1) & (y >= 2), 1.0, x),
    "either": lambda x, y: np.where(np.logical_or(x < 1, y <= 2), y, -y),
    "said otherwise": lambda x, y: (
        +np.square(x) + np.reciprocal(y) - np.fabs(x - y) * np.positive(y)
    ),
    "loops": lambda x, y: sum(x / (k + y) for k in range(5)),
    "neutral": lambda x, y: 0 * x + 1 * y + (x + 0) + (0 + y) - 0.0 + x / 1,
    "nothing": lambda x, y: 0.0 * x,
    "sum of conditions": lambda x, y: ((x > 1) + (y > 1)) * 2.0 + (x < 1) * (y < 1) - (x > 2) / 3,
    "what is left out": lambda x, y: np.where(x < 9, y, np.nan) + np.where(y > 9, -np.inf, x),
    "numbers of NumPy": lambda x, y: np.where(
        np.float64(2) < x, np.array(2.0) * y, np.int64(3) + x
    ),
}


def compiled(formula):
    recording = Recording()
    result = as_c(formula(Symbol(recording, "x"), Symbol(recording, "y")))
    lines = "\n  ".join(recording.lines)
    source = (
        f"#include <math.h>\ndouble f(double x, double y) {{\n  {lines}\n  return {result};\n}}"
    )
    function = load(source).f
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 2
    return function


@pytest.mark.parametrize("name", FORMULAS)
def test_compiled_and_plain_agree(name):
    formula, rng = FORMULAS[name], np.random.default_rng(0)
    function = compiled(formula)
    for x, y in rng.uniform(0.1, 3.0, (50, 2)):
        assert function(x, y) == pytest.approx(float(formula(x, y)), rel=1e-13)


def branching(x, y):
    return x if x > y else y


REFUSED = {
    "branch on a value": (branching, "branch on a value; use np.where"),
    "and of values": (lambda x, y: np.where(x > 1 and y > 1, x, y), "np.where"),
    "root of a power": (lambda x, y: x**0.5, "only whole powers"),
    "power of a value": (lambda x, y: x**y, "only whole powers .*not a value that changes"),
    "large power": (lambda x, y: x**9, "only whole powers from -8 to 8 can be compiled, not 9;"),
    "hyperbolic": (lambda x, y: np.cosh(x), r"np.cosh cannot be compiled; use \(np.exp"),
    "unheard of": (
        lambda x, y: np.arctanh(x),
        "np.arctanh cannot be compiled; what can: operators,",
    ),
    "huge power": (lambda x, y: x**1000, "from -8 to 8 can be compiled, not 1000; multiply"),
    "one of several": (
        lambda x, y: np.select([x > 1], [x], y),
        "np.select cannot .*; use np.where",
    ),
    "pieces": (lambda x, y: np.piecewise(x, [x > 1], [1, 0]), "np.piecewise cannot .*np.where"),
    "table": (lambda x, y: np.interp(x, [0, 1], [0, 1]), "np.interp cannot .*; use np.where"),
    "polynomial": (lambda x, y: np.polyval([1, 2], x), "np.polyval cannot be compiled; use sums"),
    "remainder": (lambda x, y: x % 2, r"np.remainder cannot .*np.floor\(x / n\)"),
    "function of math": (lambda x, y: math.exp(x), "functions of NumPy"),
    "unknown function": (lambda x, y: np.sinh(x), "np.sinh cannot be compiled"),
    "part of a function": (lambda x, y: np.add(x, y, where=x > 1), r"np.add\(where=...\) has no"),
    "unknown array function": (lambda x, y: np.clip(x, 0, 1), "use np.minimum"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_is_refused(name):
    formula, words = REFUSED[name]
    recording = Recording()
    with pytest.raises(TypeError, match=words):
        formula(Symbol(recording, "x"), Symbol(recording, "y"))


def test_equal_operations_are_recorded_once():
    recording = Recording()
    x = Symbol(recording, "x")
    np.exp(x) + np.exp(x) * np.exp(x)
    assert sum("exp" in line for line in recording.lines) == 1
    assert recording.functions() == ["exp"]


def test_neutral_operations_cost_nothing():
    recording = Recording()
    x = Symbol(recording, "x")
    assert (x + 0, x * 1, 0 + x, x / 1, x - 0) == (x,) * 5 or recording.lines == []
    assert 0 * x == 0.0 and recording.lines == []

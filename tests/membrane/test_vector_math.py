"""Functions of vectors in C against NumPy: accuracy, odd arguments, every width, plain C."""

import numpy as np
import pytest

from ecs_model.errors import SolutionError
from ecs_model.membrane import MODELS
from ecs_model.membrane.c_function import c_function
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.solver import Reaction, source
from ecs_model.membrane.vector_math import vector_math
from ecs_model.record import Record, concentration, record
from tests.membrane.test_every_model import near_rest

WAYS = {
    "widest": "",
    "with estimates of 1/x": "#define ESTIMATES\n",
    "32 bytes": "#define WIDTH 32\n",
    "16 bytes": "#define WIDTH 16\n",
    "plain C": "#define SCALAR\n",
}
FUNCTIONS = {
    "reciprocal": lambda x: 1 / x,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "abs": np.abs,
    "tanh": np.tanh,
    "sin": np.sin,
}
ERRORS = {"double": 1e-15, "mixed": 3e-7}
EVERYWHERE = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
BOTH = pytest.mark.parametrize("precision", ERRORS)
LANES = 16  # a whole number of vectors
CONDITIONS = {
    "less": lambda x: x < 3.0,
    "less_equal": lambda x: x <= 3.0,
    "greater": lambda x: 3.0 > x,
    "greater_equal": lambda x: x >= 3.0,
    "equal": lambda x: x == 3.0,
    "not_equal": lambda x: x != 3.0,
    "not": lambda x: np.logical_not(x > 3.0),
    "not both": lambda x: np.logical_not((x > 2.0) & (x < 4.0)),
    "either": lambda x: (x < 2.0) | np.logical_not(x < 4.0),
    "neither": lambda x: np.logical_not(x < 2.0) & np.logical_not(x > 4.0),
    "minimum": lambda x: np.minimum(x, 3.0) < 2.5,
    "maximum": lambda x: np.maximum(3.0, x) > 3.5,
}


def compiled(way, precision):
    """Name -> function of an array of a multiple of LANES numbers, as stages compute it."""
    functions = "\n".join(
        f"void {n}(int n, const double *x, double *out) {{\n"
        "  rate_s v[16] ALIGNED;\n"
        "  for (int at = 0; at < n; at += 16) {\n"
        "    for (int k = 0; k < 16; ++k) v[k] = (rate_s)x[at + k];\n"
        f"    for (int k = 0; k < 16; k += rate_lanes)\n"
        f"      *(rate_v *)&v[k] = rate_{n.removeprefix('of_')}(*(rate_v *)&v[k]);\n"
        "    for (int k = 0; k < 16; ++k) out[at + k] = v[k];\n  }\n}"
        for n in (f"of_{name}" for name in FUNCTIONS)
    )
    called = [("rate", name) for name in FUNCTIONS]
    head = f"{way}#define MIXED {int(precision == 'mixed')}\n#include <math.h>\n"
    text = head + vector_math(called) + "\n" + functions

    def function(name):
        work = c_function(text, f"of_{name}")

        def on(x):
            x = np.ascontiguousarray(x, float)
            out = np.empty_like(x)
            work(len(x), x, out)
            return out

        return on

    return {name: function(name) for name in FUNCTIONS}


def arguments(name, precision, rng, n=16 * 4096):
    """Arguments over the range of a function, which the precision holds exactly."""
    top = 85.0 if precision == "mixed" else 700.0
    x = {
        "reciprocal": lambda: np.exp(rng.uniform(-top, top, n)) * rng.choice([-1.0, 1.0], n),
        "log": lambda: np.concatenate(
            [np.exp(rng.uniform(-top, top, n)), 1 + rng.uniform(-1e-3, 1e-3, n)]
        ),
        "expm1": lambda: np.concatenate([rng.uniform(-top, top, n), rng.uniform(-1e-3, 1e-3, n)]),
        "exp": lambda: rng.uniform(-top, top, n),
    }.get(name, lambda: rng.uniform(-3, 3, n))()
    return x.astype(np.float32).astype(float) if precision == "mixed" else x


@EVERYWHERE
@BOTH
def test_functions_are_as_accurate_as_they_say(way, precision):
    made, rng = compiled(way, precision), np.random.default_rng(3)
    for name, exact in FUNCTIONS.items():
        x = arguments(name, precision, rng)
        expected = exact(x.astype(np.longdouble)).astype(float)
        np.testing.assert_allclose(made[name](x), expected, rtol=ERRORS[precision], err_msg=name)


@EVERYWHERE
@BOTH
def test_odd_arguments(way, precision):
    """What was not a number stays so, and the log of nothing is none: such steps are rejected."""
    made, nan, inf = compiled(way, precision), np.nan, np.inf
    fill = lambda *values: np.resize(np.array(values), LANES)  # noqa: E731
    for name in FUNCTIONS:
        assert np.isnan(made[name](fill(nan, nan))).all(), name
    assert (made["reciprocal"](fill(inf, -inf)) == 0).all()
    assert np.isinf(made["reciprocal"](fill(0.0, 0.0))).all()
    assert not (np.isfinite(made["log"](fill(0.0, -1.0, -1e-30, inf)))).any()
    large = made["exp"](fill(1e5, 1e9, 1e30))
    assert (large > 1e38).all() and not np.isnan(large).any()
    np.testing.assert_allclose(made["exp"](fill(-1e5, -1e9, -1e30)), 0.0, atol=2e-38)
    np.testing.assert_allclose(made["expm1"](fill(-1e5, -1e9)), -1.0)
    assert (made["expm1"](fill(0.0)) == 0.0).all()


@record
class Node(Record):
    """A node."""

    K_o = concentration(3.0, "extracellular potassium")
    Na_o = concentration(100.0, "extracellular sodium")


@EVERYWHERE
@BOTH
def test_conditions_choose_as_those_of_numpy(way, precision):
    """A rate that is 2 or -1 mM/s where a condition holds or not, of what does not change."""
    k = np.resize([1.0, 2.0, 2.25, 2.5, 3.0, 3.25, 3.5, 4.0, 5.0], 70)
    for name, condition in CONDITIONS.items():
        model = MembraneModel(
            name="conditions",
            summary="",
            State=Node,
            Parameters=Record,
            rhs=lambda y, p, env, c=condition: [0.0, np.where(c(y.K_o), 2.0, -1.0)],
        )
        y = Node(k.copy(), np.full(70, 100.0))
        text = source(model, Record(), Surroundings())
        assert text.count("#define MIXED 0") == 1
        text = way + text.replace("#define MIXED 0", f"#define MIXED {int(precision == 'mixed')}")
        Reaction(model, y, Record(), Surroundings(), substeps=1, text=text).advance(0.5)
        expected = np.where(condition(k), 101.0, 99.5)
        np.testing.assert_allclose(y.Na_o, expected, rtol=1e-12, err_msg=name)


@EVERYWHERE
@BOTH
def test_no_concentration_becomes_negative(way, precision):
    """A step that would make it so is none, at one node of many as at all."""
    model = MembraneModel(
        name="falls",
        summary="",
        State=Node,
        Parameters=Record,
        rhs=lambda y, p, env: [np.where(y.Na_o > 150.0, -8.0, 0.0), 0.0],
    )
    text = source(model, Record(), Surroundings())
    text = way + text.replace("#define MIXED 0", f"#define MIXED {int(precision == 'mixed')}")
    y = Node(np.full(70, 6.0), np.where(np.arange(70) == 41, 200.0, 100.0))
    falls = Reaction(model, y, Record(), Surroundings(), substeps=1, text=text)
    falls.advance(0.1)
    np.testing.assert_allclose(y.K_o[41], 5.2)
    with pytest.raises(SolutionError):
        falls.advance(1.0)


@EVERYWHERE
@BOTH
@pytest.mark.parametrize("options", [{}, {"potential": "charge"}], ids=["searched", "charge"])
def test_a_step_is_the_same_in_vectors_of_every_width(way, precision, options):
    """Also where a compiler knows none, in plain C."""
    model, n = MODELS["pump_leak"].variant(**options), 70
    p, env = model.Parameters(), Surroundings(alpha=np.linspace(0.1, 0.3, n))
    text = source(model, p, env, precision)
    results = []
    for begin in (WAYS["widest"], way):
        y = near_rest(model, n, 0.1)
        Reaction(model, y, p, env, substeps=5, text=begin + text).advance(0.5)
        results.append(np.array(y))
    tolerance = {"double": 1e-12, "mixed": 1e-6}[precision]
    np.testing.assert_allclose(results[1], results[0], rtol=tolerance)

"""Exact derivatives against differences, also of nested formulas and of searched zeros."""

from collections import namedtuple

import numpy as np
import pytest

from ecs_model.membrane.autodiff import Dual, cut, jacobian, once, root, slope_of, value_of
from ecs_model.membrane.expressions import Recording
from tests.test_codegen import FORMULAS

Pair = namedtuple("Pair", "x y")
SMOOTH = [n for n in FORMULAS if n not in ("choices", "either", "limits", "said otherwise")]


def differences(f, x, y, h=1e-6):
    return (f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)


@pytest.mark.parametrize("name", FORMULAS)
def test_slopes_are_those_of_differences(name):
    formula = FORMULAS[name]
    for x, y in np.random.default_rng(1).uniform(0.3, 2.5, (20, 2)):
        _, (row,) = jacobian(lambda p: [formula(p.x, p.y)], Pair(x, y))
        found = [float(row.get(k, 0.0)) for k in (0, 1)]
        np.testing.assert_allclose(found, differences(formula, x, y), rtol=1e-6, atol=1e-7)


def test_a_choice_keeps_the_order_of_slopes():
    """What is compiled, and with it what a checkpoint belongs to, is the same in every process."""
    names = [f"slope {k}" for k in range(12)]
    yes, no = (Dual(1.0, dict.fromkeys(part, 1.0)) for part in (names[:7], names[5:]))
    assert list(np.where(np.array(True), yes, no).slopes) == names


@pytest.mark.parametrize("name", SMOOTH)
def test_slopes_of_slopes(name):
    """A dual number of dual numbers is the second derivative."""
    formula, x, y, h = FORMULAS[name], 1.3, 0.7, 1e-4
    nested = formula(Dual(Dual(x, {"a": 1.0}), {"b": 1.0}), y)
    found = slope_of(slope_of(nested, "b"), "a")
    second = (formula(x + h, y) - 2 * formula(x, y) + formula(x - h, y)) / h**2
    assert found == pytest.approx(second, rel=1e-5, abs=1e-5)


def test_arrays_are_differentiated_place_by_place():
    x = np.linspace(0.5, 2.0, 7)
    values, rows = jacobian(lambda p: [p.x * p.y, p.x], Pair(x, 2 * x))
    np.testing.assert_allclose(values[0], 2 * x**2)
    np.testing.assert_allclose(rows[0][0], 2 * x)
    np.testing.assert_allclose(rows[0][1], x)


def test_what_does_not_depend_is_zero_by_structure():
    _, rows = jacobian(lambda p: [p.y, 3.0, p.x + p.y], Pair(1.0, 2.0))
    assert [sorted(row) for row in rows] == [[1], [], [0, 1]]


def test_directions():
    _, (row,) = jacobian(lambda p: [p.x * p.y], Pair(3.0, 5.0), directions=[[1.0, 1.0], [0.0, 2.0]])
    assert row == {0: 8.0, 1: 6.0}


@pytest.mark.parametrize("a", [0.5, 2.0, 9.0])
def test_a_searched_zero_and_its_slope(a):
    """v^3 = a: v = a^(1/3), dv/da = v / (3 a)."""
    found = root(lambda v, a: v * v * v - a, 1.2, 6, Dual(a, {"a": 1.0}))
    assert value_of(found) == pytest.approx(a ** (1 / 3), rel=1e-12)
    assert slope_of(found, "a") == pytest.approx(a ** (1 / 3) / (3 * a), rel=1e-10)


def test_a_searched_zero_of_plain_numbers_is_plain():
    assert root(lambda v, a: np.exp(v) - a, 0.5, 6, 2.0) == pytest.approx(np.log(2.0), rel=1e-14)


def chained(p, through):
    """Two values that depend on one another and on all, and what follows from both."""
    v = through(np.exp(p.x) * p.y + p.y * p.y)
    w = through(v * p.x + v)
    return [v * w + p.x, np.exp(w) * v, w * w * w, p.y]


def test_slopes_through_a_value_that_was_cut_are_the_same():
    plain, with_cuts = (
        jacobian(lambda p, t=through: chained(p, t), Pair(0.3, 0.7))
        for through in (lambda x: x, cut)
    )
    assert plain[0] == with_cuts[0]
    for one, other in zip(plain[1], with_cuts[1], strict=True):
        assert other == pytest.approx(one, rel=1e-14)


def test_a_cut_saves_operations():
    def operations(through):
        recording = Recording()
        pair = Pair(recording.named("x"), recording.named("y"))
        jacobian(lambda p: chained(p, through), pair)
        return len(recording.lines)

    assert operations(cut) < operations(lambda x: x)


def test_a_cut_leaves_other_keys_alone():
    """What looks for a variable of its own, such as time, must find it."""
    x = cut(Dual(2.0, {0: 3.0, 1: 4.0, "time": 5.0}))
    assert x.value == 2.0 and slope_of(x, "time") == 5.0 and len(x.slopes) == 2


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda x: np.sinh(x), "no derivative"),
        (lambda x: np.clip(x, 0, 1), "use np.minimum"),
        (lambda x: 1 if x > 0 else 2, ""),
        (lambda x: bool(x), "branch on a value"),
    ],
)
def test_what_has_no_derivative_is_refused(work, words):
    if words:
        with pytest.raises(TypeError, match=words):
            work(Dual(1.0, {"x": 1.0}))
    else:
        assert work(Dual(1.0, {"x": 1.0})) == 1  # a plain number may be compared


def test_symbols_are_asked_once_and_arrays_each_time():
    asked = []

    @once
    def law(scale, y, p, env):
        asked.append(y)
        return scale * y.x

    Record = namedtuple("Record", "x")
    recording = Recording()
    symbol, dual = Record(recording.named("x")), Record(Dual(recording.named("x"), {0: 1.0}))
    for y in (symbol, dual):
        assert law(2.0, y, (), ()) is law(2.0, y, (), ())
    assert law(3.0, symbol, (), ()) is not law(2.0, symbol, (), ())
    assert len(asked) == 3
    array = Record(np.ones(2))
    first = law(2.0, array, (), ())
    array.x[:] = 3.0
    np.testing.assert_array_equal(law(2.0, array, (), ()), 2.0 * array.x)
    np.testing.assert_array_equal(first, 2.0)

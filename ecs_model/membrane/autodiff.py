"""Exact derivatives of plain NumPy formulas by sparse dual numbers.

A dual number carries a value and its partial derivatives; what is not in `slopes` is zero by
structure, so the sparsity of a Jacobian comes out of the formula itself. Values may be numbers,
arrays or the symbols of `expressions`: the compiled Jacobian is the same text, differentiated.

Time is a variable of its own: a step needs the slope of what depends on it, and decides conditions
at the middle of the step, where no edge of a pulse is (steps end at edges, see `instants`).
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecs_model.membrane.expressions import Symbol
from ecs_model.membrane.operators import Operators, as_number
from ecs_model.membrane.ufuncs import FLAT, RULES, instead

TIME, MIDDLE = "time", "middle"  # keys: the slope in time; what the middle of the step adds


class Dual(Operators):
    """A value together with its partial derivatives, `slopes[key]`."""

    def __init__(self, value, slopes):
        self.value, self.slopes = value, slopes

    def apply(self, ufunc, *inputs):
        """A NumPy function and the chain rule."""
        if ufunc not in RULES:
            raise TypeError(f"np.{ufunc.__name__} has no derivative here; {instead(ufunc)}")
        if np.ndarray in map(type, inputs):
            inputs = tuple(map(as_number, inputs))
        watching = [key for x in inputs for key in _keys(x) if type(key) is Witness]
        for key in dict.fromkeys(watching):
            key.note(key, ufunc, inputs)
        rule = RULES[ufunc]
        if rule is FLAT:
            return ufunc(*map(_amid, inputs))
        values = [value_of(x) for x in inputs]
        return _chain(rule, inputs, values, ufunc(*values))

    def __array_function__(self, function, types, args, kwargs):
        """Differentiate `np.where` branch by branch."""
        if function is not np.where:
            raise TypeError(f"np.{function.__name__} has no derivative here; {instead(function)}")
        condition, yes, no = args
        condition = value_of(condition)
        slopes = {
            key: np.where(condition, slope_of(yes, key), slope_of(no, key))
            for key in dict.fromkeys(
                (*_keys(yes), *_keys(no))
            )  # in an order that is always the same
        }
        return Dual(np.where(condition, value_of(yes), value_of(no)), slopes)

    def __bool__(self):
        """Refuse to branch on a value."""
        raise TypeError(
            "a compiled formula cannot branch on a value; use np.where(condition, yes, no)"
        )


@dataclass(frozen=True, eq=False)
class Witness:
    """A key of slopes that is told of every function of what depends on its variable.

    Attributes:
        note: function (witness, NumPy function, arguments).
    """

    note: Callable


@dataclass(frozen=True, eq=False)
class Cut:
    """A key of slopes that stands for a value which depends on several directions.

    What follows from that value then carries one slope along the value, not one for each direction;
    `jacobian` puts the value's own slopes in at the end (elimination of a vertex: Griewank &
    Walther, Evaluating Derivatives, 2008, chapter 9). Exact, with fewer operations.

    Attributes:
        slopes: of the value, by direction.
    """

    slopes: Mapping[Any, Any]


def _amid(x):
    """The value of `x` at the middle of the step."""
    value = value_of(x)
    return value + x.slopes[MIDDLE] if MIDDLE in _keys(x) else value


def _chain(rule, inputs, values, result):
    partials = rule(result, *values)
    slopes: dict = {}
    for x, partial in zip(inputs, partials, strict=True):
        for key in _keys(x):
            term = x.slopes[key] if partial is None else partial * x.slopes[key]
            slopes[key] = slopes[key] + term if key in slopes else term
    return Dual(result, slopes)


def value_of(x):
    """A number, array, symbol or record without its derivatives."""
    if isinstance(x, Dual):
        return x.value
    if isinstance(x, tuple):
        return type(x)(*map(value_of, x))
    return x


def slope_of(x, key):
    """The derivative of `x` with respect to the variable `key`; 0.0 if it does not depend on it."""
    return x.slopes.get(key, 0.0) if isinstance(x, Dual) else 0.0


def _keys(x):
    return x.slopes if type(x) is Dual else ()


def jacobian(f, y, directions=None):
    """`f(y)` as a list, and its derivatives as rows `{direction: derivative}` without zeros.

    Args:
        f: function from a record to a sequence.
        y: record of numbers, arrays or symbols.
        directions: records along which to differentiate; by default each field of `y` by itself.
    """
    if directions is None:
        directions = [[1.0 if i == j else 0.0 for j in range(len(y))] for i in range(len(y))]
    duals = (Dual(v, _slopes(directions, j)) for j, v in enumerate(y))
    results = [*map(as_number, f(type(y)(*duals)))]
    rows = [_expanded(r.slopes) if isinstance(r, Dual) else {} for r in results]
    return [value_of(r) for r in results], rows


def cut(x):
    """`x` with one slope in place of its slopes along the directions of `jacobian`, see `Cut`."""
    if not isinstance(x, Dual):
        return x
    own = {key: slope for key, slope in x.slopes.items() if isinstance(key, int | Cut)}
    if len(own) < 2:
        return x
    others = {key: slope for key, slope in x.slopes.items() if key not in own}
    return Dual(x.value, {Cut(own): 1.0, **others})


def _expanded(slopes):
    """Slopes along directions alone, those along each Cut put in."""
    row = dict(slopes)
    while cuts := [key for key in row if isinstance(key, Cut)]:
        factor = row.pop(cuts[-1])
        for key, slope in cuts[-1].slopes.items():
            row[key] = row[key] + factor * slope if key in row else factor * slope
    return row


def _slopes(directions, j):
    return {i: d[j] for i, d in enumerate(directions) if not _is_zero(d[j])}


def _is_zero(x):
    return isinstance(x, int | float) and x == 0


def once(law):
    """`law` of (..., state, parameters, surroundings), asked once while a formula is recorded.

    Rates and observables ask again and again for the same potential, whose search is most of what
    is written down. Symbols never change; arrays may, so that theirs are found anew.
    """

    @functools.wraps(law)
    def asked(*arguments):
        recording = _recording(arguments[-3])
        if recording is None:
            return law(*arguments)
        key = law, *map(id, arguments)
        if key not in recording.answers:
            recording.answers[key] = arguments, law(*arguments)  # they stay, and with them their id
        return recording.answers[key][1]

    return asked


def _recording(state):
    """Where a record of symbols is recorded; None for numbers and arrays."""
    x = next(iter(state), None)
    while isinstance(x, Dual):
        x = x.value
    return x.recording if isinstance(x, Symbol) else None


def root(f, start, steps, *args):
    """The zero v of f(v, *args) by Halley's steps from `start`, differentiable in the arguments.

    The number of steps is fixed, so that the search is a formula like any other; each triples the
    number of right digits. Derivatives follow from the implicit function theorem, not from
    differentiating the search; what follows from v carries one slope along it, see `Cut`.
    """
    plain, v = [value_of(a) for a in args], value_of(start)
    for _ in range(steps):
        g, slope, curvature = _curve(f, v, plain)
        v = v - 2 * g * slope / (2 * slope * slope - g * curvature)
    slope = slope_of(f(Dual(v, {"root": 1.0}), *plain), "root")
    residual = f(v, *args)
    if not isinstance(residual, Dual):
        return v
    return cut(Dual(v, {key: -partial / slope for key, partial in residual.slopes.items()}))


def _curve(f, v, args):
    """Value, slope and curvature of f(., *args) at `v`: a dual number of dual numbers."""
    outer = f(Dual(Dual(v, {"inner": 1.0}), {"outer": 1.0}), *args)
    slope = slope_of(outer, "outer")
    return value_of(value_of(outer)), value_of(slope), slope_of(slope, "inner")

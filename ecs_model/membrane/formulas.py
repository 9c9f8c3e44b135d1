"""The value of SymPy expressions on numbers, arrays, dual numbers or symbols of C."""

from collections.abc import Callable
from functools import reduce

import numpy as np

_FUNCTIONS: dict[str, Callable] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "tanh": np.tanh,
    "Abs": np.abs,
    "floor": np.floor,
    "ceiling": lambda x: -np.floor(-x),
    "Mod": lambda a, b: a - b * np.floor(a / b),
    "StrictLessThan": np.less,
    "LessThan": np.less_equal,
    "StrictGreaterThan": np.greater,
    "GreaterThan": np.greater_equal,
    "Equality": np.equal,
    "Unequality": np.not_equal,
    "Not": np.logical_not,
}
_FOLDS = {
    "Add": np.add,
    "Mul": np.multiply,
    "Min": np.minimum,
    "Max": np.maximum,
    "And": np.logical_and,
    "Or": np.logical_or,
}
_TRUTH = {"BooleanTrue": True, "BooleanFalse": False}


class NotCompiled(Exception):
    """What an expression uses that cannot be computed here, as the end of a sentence."""


def value(expr, known):
    """The value of an expression.

    Args:
        expr: SymPy expression.
        known: name -> value of its symbols.

    Raises:
        NotCompiled: for a function that cannot be compiled, or a constant that is no number.
    """
    if expr.is_Symbol:
        return known[expr.name]
    return _computed(expr, known) if expr.free_symbols else _constant(expr)


def _constant(expr):
    """The value of an expression without names, which must be a number or a truth value."""
    kind = type(expr).__name__
    if kind in _TRUTH:
        return _TRUTH[kind]
    try:
        with np.errstate(all="ignore"):
            number = float(expr) if expr.is_Atom else _computed(expr, {})
    except (TypeError, ValueError, ArithmeticError):
        number = np.nan
    if not np.isfinite(number):
        raise NotCompiled(f"holds {str(expr)[:60]}, which is not a finite number")
    return number


def _computed(expr, known):
    kind = type(expr).__name__
    again = lambda e: value(e, known)  # noqa: E731
    if kind == "Piecewise":
        return _choice(expr.args, again)
    if kind == "ITE":
        condition, yes, no = map(again, expr.args)
        return np.logical_or(
            np.logical_and(condition, yes), np.logical_and(np.logical_not(condition), no)
        )
    if kind == "Pow":
        return _power(again(expr.base), expr.exp, again)
    if kind in _FOLDS:
        return reduce(_FOLDS[kind], map(again, expr.args))
    if kind in _FUNCTIONS:
        return _FUNCTIONS[kind](*map(again, expr.args))
    raise NotCompiled(f"uses {kind}, which cannot be compiled")


def _choice(pairs, again):
    (chosen, condition), *rest = pairs
    if condition == True or not rest:  # noqa: E712 (SymPy's own truth)
        return again(chosen)
    return np.where(again(condition), again(chosen), _choice(rest, again))


def _power(base, exponent, again):
    if exponent.is_number:
        n = float(exponent)
        if n == int(n):
            return _whole_power(base, int(n))
        if n in (0.5, -0.5):
            root = np.sqrt(base)
            return root if n > 0 else 1 / root
    return np.exp(again(exponent) * np.log(base))


def _whole_power(base, n):
    """A whole power by squaring, which holds for negative numbers too."""
    if n < 0:
        return 1 / _whole_power(base, -n)
    if n <= 8:
        return base**n
    half = _whole_power(base, n // 2)
    return half * half * base if n % 2 else half * half

"""Operators of values that are no numbers: each hands its NumPy function to the method `apply`."""

import operator
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

SINGLE = "each value in a formula is a single number at every node"


class Operators(np.lib.mixins.NDArrayOperatorsMixin):
    """Has a class with a method `apply(function, *operands)` take part in formulas.

    What formulas consist of goes there at once; by NumPy's dispatch, which the rest takes, it would
    cost most of the time in which a membrane is written down.
    """

    def apply(self, ufunc, *inputs):
        """What a NumPy function makes of operands; NotImplemented if another knows better."""
        raise NotImplementedError

    def __add__(self, other):
        """A sum."""
        return self.apply(np.add, self, other)

    def __radd__(self, other):
        """A sum with another first."""
        return self.apply(np.add, other, self)

    def __sub__(self, other):
        """A difference."""
        return self.apply(np.subtract, self, other)

    def __rsub__(self, other):
        """A difference from another."""
        return self.apply(np.subtract, other, self)

    def __mul__(self, other):
        """A product."""
        return self.apply(np.multiply, self, other)

    def __rmul__(self, other):
        """A product with another first."""
        return self.apply(np.multiply, other, self)

    def __truediv__(self, other):
        """A quotient."""
        return self.apply(np.divide, self, other)

    def __rtruediv__(self, other):
        """A quotient of another."""
        return self.apply(np.divide, other, self)

    def __neg__(self):
        """The opposite."""
        return self.apply(np.negative, self)

    def __pos__(self):
        """The value itself."""
        return self

    def __float__(self):
        """Refuse to be a number, as which `math` and `float` would take it."""
        raise TypeError(
            "a value in a formula is no number yet; use functions of NumPy (np.exp, not math.exp)"
        )

    __int__ = __round__ = __float__

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        """A NumPy function of the value."""
        if method != "__call__" or kwargs:
            what = (
                f"np.{ufunc.__name__}({', '.join(kwargs)}=...)"
                if kwargs
                else f"np.{ufunc.__name__}.{method}"
            )
            raise TypeError(f"{what} has no place in a formula")
        if any(map(_is_number, inputs)):
            return ufunc(*map(as_number, inputs))
        return _OTHERWISE[ufunc](*inputs) if ufunc in _OTHERWISE else self.apply(ufunc, *inputs)


def refuse_odd(operands) -> None:
    """Raise TypeError for an operand that neither is a number nor takes part in formulas."""
    for x in operands:
        if not isinstance(x, Operators | Real) and not _is_number(x):
            raise TypeError(f"{_named(x)} in a formula; {SINGLE}")


def _named(x):
    if x is None:
        return "None"
    is_array = isinstance(x, np.ndarray)
    return f"an array of shape {x.shape}" if is_array else f"a value of type {type(x).__name__}"


def as_number(x: Any) -> Any:
    """A number of NumPy, or an array that is one, as a number of Python; all else as it is."""
    return x.item() if _is_number(x) else x


def _is_number(x):
    """Whether it is a number of NumPy, or an array that is one."""
    return isinstance(x, np.ndarray | np.generic) and x.ndim == 0


def _square(x):
    return x * x


def _reciprocal(x):
    return 1.0 / x


_OTHERWISE: dict[Any, Callable] = {  # what other operations say as well
    np.positive: operator.pos,
    np.square: _square,
    np.reciprocal: _reciprocal,
    np.fabs: np.abs,
}

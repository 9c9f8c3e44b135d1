"""Operators of values that are no numbers: each hands its NumPy function to the method `apply`."""

import numpy as np


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

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        """A NumPy function of the value."""
        if method != "__call__" or kwargs:
            what = (
                f"np.{ufunc.__name__}({', '.join(kwargs)}=...)"
                if kwargs
                else f"np.{ufunc.__name__}.{method}"
            )
            raise TypeError(f"{what} has no place in a formula")
        return self.apply(ufunc, *(x.item() if _is_number(x) else x for x in inputs))


def _is_number(x):
    """Whether it is a number of NumPy, or an array that is one."""
    return isinstance(x, np.ndarray | np.generic) and x.ndim == 0

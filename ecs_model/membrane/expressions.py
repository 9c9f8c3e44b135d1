"""Record a NumPy formula as straight-line C.

Called with symbols instead of numbers, a formula writes itself down, one operation per line, equal
operations once. Python runs loops, records and helper functions while recording; they leave no
trace. What cannot be recorded (branching on a value, an unknown NumPy function) is an error.
"""

import functools
import re
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from ecs_model.membrane.operators import Operators, as_number, refuse_odd
from ecs_model.membrane.simpler import simpler
from ecs_model.membrane.ufuncs import ARITHMETIC, CALLS, CONDITIONS, TEXTS, instead

HIGHEST = 8  # power that is written as a product


class Recording:
    """The lines recorded so far.

    Attributes:
        answers: what was asked, and what came back, see `autodiff.once`.
    """

    def __init__(self):
        self._symbols, self.answers = {}, {}

    def named(self, name):
        """The symbol of a variable; ValueError for a name that is none in C."""
        if not re.fullmatch(r"\w+", name):
            raise ValueError(f"{name!r} cannot be the name of a variable")
        return Symbol(self, name)

    def symbol(self, expression, operation=None):
        """The symbol that holds a C expression.

        Args:
            expression: its text.
            operation: what that is: a NumPy function, or a mark, and its arguments.
        """
        if expression not in self._symbols:
            self._symbols[expression] = Symbol(self, f"t{len(self._symbols)}", operation)
        return self._symbols[expression]

    @property
    def symbols(self):
        """The symbols that hold expressions, in order."""
        return self._symbols.values()

    @property
    def lines(self):
        """One C declaration per distinct operation, in order."""
        return [f"const double {s.name} = {c};" for c, s in self._symbols.items()]

    def needed(self, *texts):
        """The lines that some C texts depend on, in order."""
        by_name = {s.name: c for c, s in self._symbols.items()}
        todo: list[str] = list(texts)
        found: set[str] = set()
        while todo:
            names = set(re.findall(r"\bt\d+\b", todo.pop())) - found
            found |= names
            todo += [by_name[name] for name in names]
        return [line for line, name in zip(self.lines, by_name, strict=True) if name in found]

    def functions(self):
        """The C library functions that the lines call."""
        text = " ".join(self._symbols)
        names = [TEXTS[ufunc].partition("(")[0] for ufunc in CALLS]
        return [name for name in names if f"{name}(" in text]


class Symbol(Operators):
    """A number that exists only in the compiled program.

    Attributes:
        name: in C; of a condition its text.
        is_condition: whether it is one, whose text stands where it is used.
        operation: the NumPy function, or mark, that it comes from, and its arguments; None for a
            variable.
    """

    def __init__(self, recording, name, operation=None):
        self.recording, self.name, self.operation = recording, name, operation
        self.is_condition = operation is not None and operation[0] in CONDITIONS

    @functools.cached_property
    def variables(self):
        """The symbols with a name of their own that its operation reads, also within conditions."""
        read = (x for x in (self.operation or (None, ()))[1] if isinstance(x, Symbol))
        return [a for x in read for a in (x.variables if x.is_condition else [x])]

    def marked(self, mark):
        """The same number, with a mark that says how it may be computed, see `precision`."""
        return self.recording.symbol(f"{self.name} /* {mark} */", (mark, (self,)))

    def apply(self, ufunc, *inputs):
        """Write down one operation."""
        kinds = {*map(type, inputs)}
        if not (kinds <= _USUAL or all(map(_is_operand, inputs))):
            refuse_odd(inputs)
            return NotImplemented
        if ufunc in ARITHMETIC:
            if any([x.is_condition for x in inputs if type(x) is Symbol]):
                return _of_conditions(ufunc, inputs)
            if (short := simpler(ufunc, *inputs)) is not None:
                return short
        if ufunc in _BY_OTHERS:
            return _BY_OTHERS[ufunc](*inputs)
        if ufunc is np.divide and not _is(inputs[0], 1):
            return inputs[0] * (1.0 / inputs[1])  # a reciprocal is shared, a quotient is not
        if ufunc not in TEXTS:
            raise TypeError(f"np.{ufunc.__name__} cannot be compiled; {instead(ufunc)}")
        text = TEXTS[ufunc].format(*map(as_c, inputs))
        if ufunc in CONDITIONS:
            return Symbol(self.recording, text, (ufunc, inputs))
        return self.recording.symbol(text, (ufunc, inputs))

    def __array_function__(self, function, types, args, kwargs):
        """Write down a choice."""
        if function is not np.where or len(args) != 3:
            raise TypeError(f"np.{function.__name__} cannot be compiled; {instead(function)}")
        args = [*map(as_number, args)]
        if not all(map(_is_operand, args)):
            refuse_odd(args)
            return NotImplemented
        condition, yes, no = (as_c(x) for x in args)
        if yes == no:
            return args[1]
        return self.recording.symbol(f"{condition} ? {yes} : {no}", (np.where, args))

    def __bool__(self):
        """Refuse to branch on a value."""
        raise TypeError(
            "a compiled formula cannot branch on a value; use np.where(condition, yes, no)"
        )


_LOGICAL = {np.add: np.logical_or, np.multiply: np.logical_and}
_USUAL = {Symbol, float, int}  # Real is asked of others alone: it takes long


def _is_operand(x):
    return type(x) in _USUAL or isinstance(x, Real)


def _is_condition(x):
    return type(x) is Symbol and x.is_condition


def _of_conditions(ufunc, inputs):
    """Arithmetic with conditions, as NumPy does it: of two of them `or` and `and`, else 1 and 0."""
    if ufunc in _LOGICAL and all(map(_is_condition, inputs)):
        return _LOGICAL[ufunc](*inputs)
    return ufunc(*(np.where(x, 1.0, 0.0) if _is_condition(x) else x for x in inputs))


_NOT_FINITE = {"nan": "NAN", "inf": "INFINITY", "-inf": "(-INFINITY)"}


def as_c(x):
    """A symbol or number as C source; what is not finite by its name there."""
    if type(x) is Symbol:
        return x.name
    text = repr(float(x))
    return _NOT_FINITE.get(text, text)


def _is(x, number):
    return type(x) is not Symbol and x == number


def _power(base, n):
    if isinstance(n, Symbol) or float(n) not in range(-HIGHEST, HIGHEST + 1):
        found = "a value that changes" if isinstance(n, Symbol) else f"{n:g}"
        raise TypeError(
            f"only whole powers from -{HIGHEST} to {HIGHEST} can be compiled, not {found}; "
            "multiply powers, or use np.exp and np.log"
        )
    if n < 0:
        return 1.0 / _power(base, -n)
    result = 1.0
    for _ in range(int(n)):
        result = base * result
    return result


def _negative(x):
    return -1.0 * x


_BY_OTHERS: dict[Any, Callable] = {
    np.negative: _negative,
    np.power: _power,
}  # what other operations say as well

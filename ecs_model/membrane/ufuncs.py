"""The NumPy functions that a membrane's formulas may call: each one's text in C and its slopes.

`expressions` writes the texts, `autodiff` applies the rules: a function that is listed here can be
compiled and differentiated. A rule takes the result and the arguments and gives the partial
derivatives, where None stands for one. FLAT ones have no slope: conditions and steps.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

FLAT = None
Rule = Callable | None

ARITHMETIC: dict[Any, tuple[str, Rule]] = {
    np.add: ("{} + {}", lambda r, a, b: (None, None)),
    np.subtract: ("{} - {}", lambda r, a, b: (None, -1.0)),
    np.multiply: ("{} * {}", lambda r, a, b: (b, a)),
    np.divide: ("{} / {}", lambda r, a, b: (1 / b, -r / b)),
}
COMPARISONS: dict[Any, tuple[str, Rule]] = {
    np.less: ("({} < {})", FLAT),
    np.less_equal: ("({} <= {})", FLAT),
    np.greater: ("({} > {})", FLAT),
    np.greater_equal: ("({} >= {})", FLAT),
    np.equal: ("({} == {})", FLAT),
    np.not_equal: ("({} != {})", FLAT),
}
CONDITIONS: dict[Any, tuple[str, Rule]] = COMPARISONS | {
    np.logical_and: ("({} && {})", FLAT),
    np.logical_or: ("({} || {})", FLAT),
    np.logical_not: ("(!{})", FLAT),
    np.bitwise_and: ("({} && {})", FLAT),
    np.bitwise_or: ("({} || {})", FLAT),
}
CALLS: dict[Any, tuple[str, Rule]] = {
    np.exp: ("exp({})", lambda r, a: (r,)),
    np.expm1: ("expm1({})", lambda r, a: (r + 1,)),
    np.log: ("log({})", lambda r, a: (1 / a,)),
    np.log1p: ("log1p({})", lambda r, a: (1 / (1 + a),)),
    np.sqrt: ("sqrt({})", lambda r, a: (0.5 / r,)),
    np.sin: ("sin({})", lambda r, a: (np.cos(a),)),
    np.cos: ("cos({})", lambda r, a: (-np.sin(a),)),
    np.tan: ("tan({})", lambda r, a: (1 + r * r,)),
    np.tanh: ("tanh({})", lambda r, a: (1 - r * r,)),
    np.floor: ("floor({})", FLAT),
    np.arcsin: ("asin({})", lambda r, a: (1 / np.sqrt(1 - a * a),)),
    np.arccos: ("acos({})", lambda r, a: (-1 / np.sqrt(1 - a * a),)),
    np.arctan: ("atan({})", lambda r, a: (1 / (1 + a * a),)),
    np.abs: ("fabs({})", lambda r, a: (np.where(a < 0, -1.0, 1.0),)),
}
CHOICES: dict[Any, tuple[str, Rule]] = {  # fmin and fmax do not become vector code
    np.minimum: (
        "{0} < {1} ? {0} : {1}",
        lambda r, a, b: (np.where(a < b, 1.0, 0.0), np.where(a < b, 0.0, 1.0)),
    ),
    np.maximum: (
        "{0} > {1} ? {0} : {1}",
        lambda r, a, b: (np.where(a > b, 1.0, 0.0), np.where(a > b, 0.0, 1.0)),
    ),
}
REWRITTEN: dict[Any, Rule] = {  # what `expressions` makes of other functions; np.isnan has no text
    np.negative: lambda r, a: (-1.0,),
    np.power: lambda r, a, n: (n * a ** (n - 1) if n > 0 else n * r / a, None),  # n: a number
    np.isnan: FLAT,
}
_WRITTEN = ARITHMETIC | CONDITIONS | CALLS | CHOICES
TEXTS = {ufunc: text for ufunc, (text, _) in _WRITTEN.items()}
RULES = {ufunc: rule for ufunc, (_, rule) in _WRITTEN.items()} | REWRITTEN
_INSTEAD = {
    "select": "np.where, one within another",
    "piecewise": "np.where, one within another",
    "interp": "np.where, one within another for each straight piece",
    "polyval": "sums of powers",
    "clip": "np.minimum(np.maximum(x, low), high)",
    "where": "np.where(condition, yes, no)",
    "heaviside": "np.where(x > 0, 1.0, 0.0)",
    "sign": "np.where(x > 0, 1.0, -1.0)",
    "remainder": "x - n * np.floor(x / n)",
    "floor_divide": "np.floor(x / n)",
    "round": "np.floor(x + 0.5)",
    "invert": "np.logical_not",
    "any": "np.logical_or",
    "all": "np.logical_and",
    "log10": "np.log(x) / np.log(10.0)",
    "log2": "np.log(x) / np.log(2.0)",
    "exp2": "np.exp(x * np.log(2.0))",
    "cbrt": "np.exp(np.log(x) / 3.0)",
    "sinh": "(np.exp(x) - np.exp(-x)) / 2.0",
    "cosh": "(np.exp(x) + np.exp(-x)) / 2.0",
    "hypot": "np.sqrt(x * x + y * y)",
}


def instead(function):
    """What to write in place of a NumPy function that no formula may call, as an end of a sentence.

    Args:
        function: of NumPy.
    """
    name = function.__name__
    known = ", ".join(sorted(f"np.{ufunc.__name__}" for ufunc in [*CALLS, *CHOICES]))
    return (
        f"use {_INSTEAD[name]}" if name in _INSTEAD else f"what can: operators, np.where, {known}"
    )

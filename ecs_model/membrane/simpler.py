"""Operations in recorded formulas that are not needed, or that fewer operations say as well.

Numbers that multiply a value are gathered, and minus signs move outwards until a sum takes them:
derivatives are full of both. What is left is the same to rounding.
"""

import numpy as np

LEAST, MOST = 1e-30, 1e30  # of numbers that are gathered: single precision holds them


def simpler(ufunc, a, b):
    """The result of an operation by fewer operations; None if that is not known.

    Args:
        ufunc: add, subtract, multiply or divide of NumPy.
        a: number or symbol that is no condition; one of the two is a symbol.
        b: likewise.
    """
    first, second = _number(a), _number(b)
    if first is None and second is None:
        return _OF_SYMBOLS[ufunc](a, b)
    folded = _folded(ufunc, a, b, first, second)
    if folded is not None:
        return folded
    number, x = (second, a) if first is None else (first, b)
    return _OF_NUMBER[ufunc](number, x) if ufunc in _OF_NUMBER else None


def _number(x):
    """A value if it is a number, None for a symbol."""
    return None if hasattr(x, "recording") else x


def _folded(ufunc, a, b, first, second):
    """The result of an operation with 0 or 1 that needs no operation; None if it needs one."""
    is_sum, is_product = ufunc is np.add, ufunc is np.multiply
    if (second == 0 and (is_sum or ufunc is np.subtract)) or (
        second == 1 and (is_product or ufunc is np.divide)
    ):
        return a
    if (first == 0 and is_sum) or (first == 1 and is_product):
        return b
    if (first == 0 and ufunc is not np.subtract) or (second == 0 and is_product):
        return 0.0
    return None


def _parts(x):
    """Number and symbol whose product a symbol is; None for others."""
    if x.operation is None or x.operation[0] is not np.multiply:
        return None
    a, b = x.operation[1]
    if _number(a) is not None:
        return float(a), b
    return (float(b), a) if _number(b) is not None else None


def _opposite(x):
    """The symbol whose negative a symbol is; None for others."""
    found = _parts(x)
    return found[1] if found and found[0] == -1.0 else None


def _product(a, b):
    if (x := _opposite(a)) is not None:
        return -1.0 * (x * b)
    return None if (x := _opposite(b)) is None else -1.0 * (a * x)


def _sum(a, b):
    if (x := _opposite(b)) is not None:
        return a - x
    return None if (x := _opposite(a)) is None else b - x


def _difference(a, b):
    return None if (x := _opposite(b)) is None else a + x


def _gathered(number, x):
    if (found := _parts(x)) is None:
        return None
    whole = float(number) * found[0]
    return whole * found[1] if LEAST < abs(whole) < MOST else None


_OF_SYMBOLS = {
    np.add: _sum,
    np.subtract: _difference,
    np.multiply: _product,
    np.divide: lambda a, b: None,
}
_OF_NUMBER = {np.multiply: _gathered}

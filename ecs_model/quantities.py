"""Text such as "3.5 mM" to SI: the table of `units` first, pint for everything else.

The table answers in microseconds and covers what people write; pint takes a good half second to
start and knows all the rest, compound units included.
"""

import functools
import math
import re

from ecs_model.units import DIMENSIONS, dimension, from_si, si_unit, to_si

_LONGEST = 100  # characters of a unit
_LENGTHS = (("nm", 1e-6), ("um", 1e-3), ("mm", 1.0), ("m", math.inf))  # and below what it is used
_POWER = re.compile(  # of a unit, by a number below ten that is no tower's foot
    r"(?:(?<=[^\W\d])|(?<=\)))\s*(?:\*\*|\^)\s*\(?[+-]?\d(?:\.\d+)?\)?(?![\d.]|\s*\*\*|\s*\^)"
)
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")


def parse(text, unit):
    """The SI value of a quantity written as text, of the dimension of `unit`.

    Raises:
        ValueError: what is wrong, in words for the user.
    """
    if not isinstance(text, str):
        number = text if isinstance(text, int | float) and not isinstance(text, bool) else 1
        raise ValueError(f'needs a unit: write a string such as "{number} {unit}"')
    number, written = split(text, unit)
    if not written and dimension(unit) != "a pure number":
        raise ValueError(f'{text!r} has no unit; write for example "{text} {unit}"')
    value = _convert(number, written or "1", unit)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


def length_text(metres):
    """A length [m] as people write it, such as "50 um"."""
    unit = next(unit for unit, top in _LENGTHS if abs(metres) < top) if metres else "mm"
    return f"{from_si(metres, unit):.4g} {unit}"


def point_text(coordinates):
    """A point, by coordinates [m], in millimetres, such as "(0.1, 2) mm"."""
    return f"({', '.join(f'{from_si(x, "mm"):.4g}' for x in coordinates)}) mm"


def is_number(text):
    """Whether a text is a number, without a unit."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def split(text, unit="mM"):
    """The number and the unit in a text; ValueError, with an example in `unit`, if it has none."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f'cannot read {text!r} as a quantity; write for example "1 {unit}"')
    return float(match[1]), match[2]


def _convert(number, written, unit):
    if dimension(written) is None:
        return _by_pint(number, written, unit)
    if dimension(written) != dimension(unit):
        raise ValueError(f"'{number:g} {written}' is {dimension(written)}; {wanted(unit)}")
    return _rounded(to_si(number, written))


def _by_pint(number, written, unit):
    pint = _pint()
    try:
        if len(written) > _LONGEST or re.search(r"\*\*|\^", _POWER.sub("", written)):
            raise ValueError  # pint would compute towers of powers, however high
        return _rounded(pint.Quantity(number, written).to(si_unit(unit)).magnitude)
    except Exception as error:  # pint raises many kinds, tokenizer errors among them
        if type(error).__name__ == "DimensionalityError":
            raise ValueError(
                f"'{number:g} {written}' is not {dimension(unit)}; {wanted(unit)}"
            ) from None
        raise ValueError(f"unknown unit {written[:_LONGEST]!r}; {wanted(unit)}") from None


@functools.cache
def _pint():
    import pint

    return pint.UnitRegistry()  # its cache keeps absolute paths, of environments that may be gone


def _rounded(value):
    """Without the last digits, which depend on the unit it was written in."""
    return float(f"{value:.15g}")


def wanted(unit):
    """Words that say what would be right."""
    units = list(DIMENSIONS[dimension(unit)])
    return f"{dimension(unit)} is needed here (for example in {', '.join(units[:4])})"

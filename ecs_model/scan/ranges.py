"""From one value to another: numbers, or quantities in one unit, even in themselves or in logs."""

import math
from dataclasses import dataclass

from ecs_model.quantities import parse, split
from ecs_model.units import from_si, to_si

DIGITS = 12  # of a value; what differs less is the same


@dataclass(frozen=True)
class Range:
    """Values from `low` to `high` in `unit`, none for plain numbers."""

    low: float
    high: float
    unit: str
    scale: str

    @classmethod
    def between(cls, low, high, scale):
        """The Range of two numbers or two texts with units; ValueError if it is none."""
        (a, unit), (b, other) = _split(low), _split(high)
        if unit != other:
            b = _in_unit(high, unit)
        if not a < b:
            raise ValueError(f"low = {low!r} must be below high = {high!r}; the range is empty")
        if scale == "log" and not a > 0:
            raise ValueError(f"low = {low!r} must be above 0 where the scale is log")
        return cls(a, b, unit, scale)

    def number(self, share):
        """The number in `unit` at a share of the way, 0 to 1."""
        if self.scale == "log":
            value = math.exp((1 - share) * math.log(self.low) + share * math.log(self.high))
        else:
            value = (1 - share) * self.low + share * self.high
        return float(f"{value:.{DIGITS}g}")

    def share(self, number):
        """Where a number lies on the way, 0 to 1."""
        if self.scale == "log":
            return math.log(number / self.low) / math.log(self.high / self.low)
        return (number - self.low) / (self.high - self.low)

    def written(self, number):
        """A number as a setting: itself, or a text with the unit."""
        return f"{number:.{DIGITS}g} {self.unit}" if self.unit else number

    def grid(self, count):
        """So many numbers, both ends among them; one is the middle."""
        shares = [k / (count - 1) for k in range(count)] if count > 1 else [0.5]
        return [self.number(share) for share in shares]


def number_of(value):
    """The number in a setting, and its unit; nan and none for what is neither."""
    try:
        return _split(value)
    except ValueError:
        return float("nan"), ""


def number_in(value, unit):
    """The number in a setting, in a unit; nan for what cannot be said in it."""
    number, own = number_of(value)
    if own == unit:
        return number
    try:
        return float(f"{_in_unit(value, unit):.{DIGITS}g}")
    except ValueError:
        return math.nan


def _split(value):
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"needs a number or a quantity (found {value!r})")
    if isinstance(value, str):
        return split(value)
    try:
        return float(value), ""
    except OverflowError:
        raise ValueError("must be a finite number") from None


def _in_unit(value, unit):
    if not unit or isinstance(value, int | float):
        raise ValueError("low and high: write both as numbers, or both with units")
    to_si(1.0, unit)
    return from_si(parse(value, unit), unit)

"""The smallest stimulus that ignites: a bracket of two runs, halved until it is narrow enough."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        state: found; always or never, if the verdict is the same at both ends.
        low, high: the bracket, numbers in the unit of the range.
        igniting: the end of the bracket with the verdict yes; the high end if there is none.
        trials: how many runs it took.
    """

    state: str
    low: float
    high: float
    igniting: float
    trials: int

    @property
    def value(self):
        """The middle of the bracket; nan if there is no threshold in the range."""
        return (self.low + self.high) / 2 if self.state == "found" else float("nan")


def search(range_, tolerance, margin_at):
    """The Found of a range: which end has the verdict yes does not matter.

    Args:
        range_: Range in which the threshold is looked for.
        tolerance: width of the bracket, in shares of its middle.
        margin_at: margin of the run with a number; above or at 0 for yes.

    Returns:
        Found: the same whatever was computed before.
    """
    low, high = range_.number(0.0), range_.number(1.0)
    yes_low, yes_high = (margin_at(number) >= 0 for number in (low, high))
    if yes_low == yes_high:
        return Found("always" if yes_low else "never", low, high, low if yes_low else high, 2)
    trials, left, right = 2, 0.0, 1.0
    while high - low > tolerance * abs(high + low) / 2:
        middle = (left + right) / 2
        number = range_.number(middle)
        if number in (low, high):
            break
        trials += 1
        if (margin_at(number) >= 0) == yes_low:
            left, low = middle, number
        else:
            right, high = middle, number
    return Found("found", low, high, low if yes_low else high, trials)


def margin(summary, name):
    """The margin of a verdict in a summary, such as ignited, sd or seizure; nan if it has none."""
    verdict = summary.get(name)
    value = verdict.get("margin") if isinstance(verdict, dict) else None
    return np.nan if value is None else float(value)

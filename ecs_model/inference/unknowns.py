"""Unknowns of a fit, between the bounds where they are looked for."""

import math
from dataclasses import dataclass

import numpy as np

from ecs_model.physics.values import Array

SPAN = 5.0  # length of a search along an unknown that is not searched in logs


@dataclass(frozen=True)
class Unknown:
    """A number that is looked for.

    Attributes:
        name: what results and messages call it.
        low, high: where the search ends.
        scale: what counts as a step of one; None for a search in logs.
    """

    name: str
    low: float
    high: float
    scale: float | None = None

    @classmethod
    def between(cls, name: str, low: float, high: float) -> "Unknown":
        """An Unknown between two numbers, searched in logs if both are above 0."""
        return cls(name, low, high, None if low > 0 else (high - low) / SPAN)

    def to_search(self, value: float) -> float:
        """Where the search has a value."""
        return math.log(value) if self.scale is None else value / self.scale

    def from_search(self, x: float) -> float:
        """The value at a place of the search."""
        value = math.exp(x) if self.scale is None else x * self.scale
        return float(min(max(value, self.low), self.high))

    @property
    def ends(self) -> tuple[float, float]:
        """The places where the search ends."""
        return self.to_search(self.low), self.to_search(self.high)


def places(unknowns: tuple[Unknown, ...], shares: Array) -> Array:
    """Places of a search at shares of the way along every unknown, shape (points, unknowns)."""
    low, high = np.array([u.ends for u in unknowns]).T
    return low + shares * (high - low)

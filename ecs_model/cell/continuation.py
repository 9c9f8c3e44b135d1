"""Steady states followed through one parameter: pseudo-arclength, with what happens on the way.

Where a real eigenvalue passes through zero the branch turns back in its parameter (a fold), or goes
on and another branch crosses it (a branch point: pitchfork or transcritical); where a pair of
complex ones does, an oscillation is born (a Hopf point).

References:
    Keller (1977); Kuznetsov, Elements of Applied Bifurcation Theory (2004), chapter 10.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.optimize import brentq

from ecs_model.errors import SolutionError
from ecs_model.membrane.steady import NEUTRAL, Flow

FIRST, SHORTEST, LONGEST = 2e-3, 1e-7, 2e-2  # steps along the branch
POINTS = 5000
CRAWL = 100, 1e-2  # so many points that lie this near each other along the branch are an end
CORRECTIONS = 8
WIDTH = 1e-5  # of the differences by the parameter, in shares of its range


@dataclass(frozen=True)
class Point:
    """A steady state on a branch: value of the parameter, state, eigenvalues [1/s]."""

    value: float
    state: np.ndarray
    eigenvalues: np.ndarray

    @property
    def growing(self):
        """Number of eigenvalues with which small changes grow."""
        fastest = np.abs(self.eigenvalues).max(initial=0.0)
        return int((self.eigenvalues.real > NEUTRAL * fastest).sum())


@dataclass(frozen=True)
class Special:
    """A point where stability changes: its kind, and for a Hopf point the period [s] there.

    Attributes:
        kind: fold, branch point or Hopf.
    """

    kind: str
    point: Point
    period: float | None


@dataclass(frozen=True)
class Branch:
    """Steady states in order along a branch, its special points, and why its ends are ends."""

    points: list[Point]
    special: list[Special]
    ends: tuple[str, str]


class Curve:
    """The steady states of a family of cells.

    Args:
        family: function from a value of the parameter to a Flow.
        low: smallest value of interest.
        high: largest.
    """

    def __init__(self, family: Callable[[float], Flow], low, high):
        self.family, self.low, self.high = family, low, high
        self.width = high - low

    def tangent(self, point, along=None):
        """Unit vector along the branch, in the direction of `along`."""
        flow = self.family(point.value)
        columns = np.column_stack(
            [
                flow.slope(point.state) * self._weights(flow),
                self._by_parameter(flow, point.value, point.state),
            ]
        )
        vector = np.linalg.svd(columns)[2][-1]
        return vector if along is None or vector @ along >= 0 else -vector

    def _weights(self, flow):
        """Change of the scaled state that counts as much as the whole range of the parameter."""
        return np.abs(flow.origin / flow.scales) + 1.0

    def _by_parameter(self, flow, value, y):
        """Derivative of the residual by the parameter, in units of its range."""
        h = WIDTH * self.width
        up, down = (_beside(self.family(v), flow, y) for v in (value + h, value - h))
        return (up - down) / (2 * WIDTH)

    def at(self, value, y):
        """The Point with this value and state."""
        return Point(value, y, self.family(value).eigenvalues(y))

    def step(self, point, tangent, length):
        """The Point a length along the tangent, corrected at right angles; None if it fails."""
        flow = self.family(point.value)
        weights = self._weights(flow)
        change = length * tangent
        value = point.value + change[-1] * self.width
        y = point.state + change[:-1] * weights * flow.scales
        for _ in range(CORRECTIONS):
            flow = self.family(value)
            off = np.append(
                (y - point.state) / flow.scales / weights, (value - point.value) / self.width
            )
            r = np.append(flow.residual(y), tangent @ off - length)
            matrix = np.vstack(
                [
                    np.column_stack([flow.slope(y) * weights, self._by_parameter(flow, value, y)]),
                    tangent,
                ]
            )
            correction = np.linalg.lstsq(matrix, r, rcond=1e-14)[0]
            y = y - correction[:-1] * weights * flow.scales
            value = value - correction[-1] * self.width
            if np.abs(correction).max() < 1e-11:
                return self.at(value, y) if flow.allowed(y) else None
        return None


def _beside(near, flow, y):
    """The residual of a Flow whose parameter differs a little, in the directions of another one.

    What a cell conserves may turn with the parameter, as with alpha where cells swell.
    """
    inside, conserved = (
        _turned(*bases) for bases in ((near.inside, flow.inside), (near.conserved, flow.conserved))
    )
    kept = conserved.T @ ((y - near.origin) / near.scales)
    return np.concatenate([inside.T @ near.rates(y), kept])


def _turned(basis, like):
    """The basis of the same space that is nearest to another basis."""
    return basis @ orthogonal_procrustes(basis, like)[0] if basis.shape == like.shape else like


def follow(family, start, state, low, high):
    """The Branch of steady states through `state` at the value `start`, between two values.

    Args:
        family: function from a value of the parameter to a Flow.
        start: value of the parameter where `state` is at rest.
        state: steady state [SI].
        low: smallest value of the parameter.
        high: largest.
    """
    curve = Curve(family, low, high)
    first = curve.at(start, np.array(state, float))
    tangent = curve.tangent(first)
    tangent = tangent if tangent[-1] >= 0 else -tangent
    back, back_special, left = _one_way(curve, first, -tangent)
    ahead, special, right = _one_way(curve, first, tangent)
    points = [*reversed(back), first, *ahead]
    return Branch(points, [*reversed(back_special), *special], (left, right))


def _one_way(curve, point, tangent):
    points: list[Any] = []
    special: list[Any] = []
    lengths: list[float] = []
    length = FIRST
    while len(points) < POINTS:
        if len(lengths) >= CRAWL[0] and sum(lengths[-CRAWL[0] :]) < CRAWL[1]:
            return points, special, "steps along the branch stay too short"
        new = curve.step(point, tangent, length)
        if new is None:
            length /= 2
            if length < SHORTEST:
                return points, special, "no steady state within the declared ranges goes on"
            continue
        if not curve.low <= new.value <= curve.high:
            return [*points, _at_limit(curve, point, tangent, length)], special, "end of the range"
        turned = curve.tangent(new, tangent)
        if new.growing != point.growing:
            turns = turned[-1] * tangent[-1] < 0
            special.append(_locate(curve, point, tangent, length, new, turns))
        points.append(new)
        lengths.append(length)
        length = min(LONGEST, length * (1.5 if turned @ tangent > 0.999 else 0.7))
        point, tangent = new, turned
    return points, special, f"{POINTS} points"


def _at_limit(curve, point, tangent, length):
    """The Point where the branch leaves the range."""
    limit = curve.high if tangent[-1] > 0 else curve.low
    return _where(curve, point, tangent, length, lambda p: p.value - limit)


def _locate(curve, point, tangent, length, new, turns):
    """The Special between two points: where the eigenvalue that changes sign is zero.

    `turns` tells whether the parameter turns back between them.
    """
    k = min(point.growing, new.growing)
    found = _where(curve, point, tangent, length, lambda p: p.eigenvalues[k].real)
    pulse = abs(found.eigenvalues[k].imag)
    if pulse > 1e-6 * np.abs(found.eigenvalues).max():
        return Special("Hopf", found, 2 * np.pi / pulse)
    return Special("fold" if turns else "branch point", found, None)


def _where(curve, point, tangent, length, measure):
    """The Point up to `length` ahead where a measure is zero."""
    made = {0.0: point}

    def at(s):
        if s not in made:
            made[s] = curve.step(point, tangent, s)
        if made[s] is None:
            raise SolutionError(
                f"continuation: a point of the branch near {point.value:g} cannot "
                "be found, although those around it can"
            )
        return measure(made[s])

    return made[brentq(at, 0.0, length, xtol=1e-14, rtol=1e-13)]

"""The search for least squares between bounds, and the profile of an unknown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from ecs_model.inference.unknowns import Unknown
from ecs_model.physics.values import Array

FIRST = 0.02  # step along a profile, where the slopes tell none
ROUGH = 1e-2  # accuracy at which several searches are compared
MOST = 40  # steps to an end of an interval
NEAR_END = 1e-9  # of a place of the search
SINGULAR = 1e-7  # singular value of the scaled slopes, of the largest, that counts as none

type Values = Mapping[str, float]


@dataclass(frozen=True)
class Accuracy:
    """How well residuals are known, and how far to go.

    Attributes:
        step: for slopes, by central differences; None for residuals that are smooth to round-off.
        change: of the sum of squares and of places, as a share, that ends a search.
        end: of an interval, as a place of the search.
        apart: how far places lie from each other where searches begin, in lengths of the ranges.
    """

    step: float | None = None
    change: float = 1e-8
    end: float = 1e-5
    apart: float = 0.0


class Search:
    """Looks for the least squares of residuals, with some unknowns fixed or none.

    Args:
        unknowns: what is looked for.
        residuals: function of the values of all unknowns by name, shape (points,).
        accuracy: of the residuals.
    """

    def __init__(
        self,
        unknowns: tuple[Unknown, ...],
        residuals: Callable[[Values], Array],
        accuracy: Accuracy,
    ) -> None:
        self.unknowns, self._residuals, self._accuracy = unknowns, residuals, accuracy
        self._lowest: tuple[float, dict[str, float]] = (np.inf, {})

    def best(self, starts: Array, fixed: Values | None = None, tries: int = 3) -> Any:
        """The best of searches from the few starts that fit best, as SciPy gives it.

        Args:
            starts: places of the unknowns that are not fixed, shape (starts, unknowns).
            fixed: values of those that are.
            tries: how many searches.
        """
        free = [u for u in self.unknowns if u.name not in (fixed or {})]
        low, high = np.array([u.ends for u in free]).T

        def left(x):
            found = {u.name: u.from_search(v) for u, v in zip(free, x, strict=True)}
            return self._seen(found | dict(fixed or {}))

        starts = np.clip(starts, low + NEAR_END, high - NEAR_END)
        order = np.zeros(1, int)
        if len(starts) > 1:
            costs = np.array([np.sum(left(x) ** 2) for x in starts])
            order = _first(costs, starts / (high - low), tries, self._accuracy.apart)
        step, change = self._accuracy.step, self._accuracy.change
        slopes = "2-point" if step is None else _central(left, step, low, high)
        options = {"bounds": (low, high), "jac": slopes, "ftol": change, "xtol": change}
        rough = options | {"ftol": ROUGH, "xtol": ROUGH}
        found = [least_squares(left, starts[k], **rough) for k in order if len(order) > 1]
        start = min(found, key=attrgetter("cost")).x if found else starts[0]
        return least_squares(left, start, **options)

    def _seen(self, values):
        """The residuals, of which the lowest are remembered."""
        left = self._residuals(values)
        if (total := float(np.sum(left**2))) < self._lowest[0]:
            self._lowest = total, dict(values)
        return left

    def lower_than(self, total: float) -> Array | None:
        """The place with the lowest sum of squares of all, if it is lower; shape (1, unknowns)."""
        lowest, values = self._lowest
        if not lowest < total:
            return None
        return np.array([[u.to_search(values[u.name]) for u in self.unknowns]])

    def profile(self, best: Any, name: str, limit: float) -> tuple[float, float]:
        """The values of an unknown with which the others still reach a sum of squares.

        Args:
            best: what `best` found without fixing any.
            name: of the unknown.
            limit: the sum of squares.
        """
        k = [u.name for u in self.unknowns].index(name)
        unknown, near = self.unknowns[k], np.delete(best.x, k)
        first = _first_step(best.jac, k, limit - 2 * best.cost)
        start = best.x[k], 2 * best.cost - limit
        ends = (self._end(unknown, start, far, near, limit, first) for far in unknown.ends)
        return tuple(unknown.from_search(x) for x in ends)  # type: ignore[return-value]

    def _end(self, unknown, start, far, near, limit, first):
        others = near.copy()

        def excess(x):
            fixed = {unknown.name: unknown.from_search(x)}
            if not len(near):
                return float(np.sum(self._seen(fixed) ** 2)) - limit
            found = self.best(others[None], fixed)
            others[:] = found.x
            return 2 * found.cost - limit

        return _crossing(excess, start, far, first, self._accuracy.end)


def _central(function, step, low, high):
    """A function that gives slopes by differences over a step both ways, within the bounds."""

    def slopes(x):
        columns = []
        for k in range(len(x)):
            ends = [np.clip(x[k] + sign * step, low[k], high[k]) for sign in (-1, 1)]
            values = [function(np.where(np.arange(len(x)) == k, end, x)) for end in ends]
            columns.append((values[1] - values[0]) / (ends[1] - ends[0]))
        return np.stack(columns, axis=1)

    return slopes


def _first_step(slopes, k, excess):
    """How far an unknown may go until the sum of squares is worse by so much, by the slopes."""
    told, silent = inverse(slopes)
    step = np.sqrt(excess * told[k, k]) if excess > 0 and not silent[k] else 0.0
    return float(step) if 0 < step < 1 else FIRST


def _first(costs, shares, tries, apart):
    """Numbers of the best of some places, none of them near one that is better."""
    chosen: list[int] = []
    for k in np.argsort(costs):
        gaps = np.linalg.norm(shares[chosen] - shares[k], axis=1)
        if len(chosen) < tries and not (gaps < apart).any():
            chosen.append(int(k))
    return np.array(chosen)


def _crossing(excess, start, far, first, within):
    """Where `excess` becomes positive between the best place and a bound; that if nowhere.

    Args:
        excess: function of a place.
        start: the best place, and the excess there, which is not positive.
        far: the bound.
        first: a first step.
        within: how well the place is to be known.
    """
    (near, value), step = start, first if far > start[0] else -first
    while near != far:
        here = float(np.clip(start[0] + step, *sorted((start[0], far))))
        if (there := excess(here)) > 0:
            return _root(excess, (near, value), (here, there), within)
        near, value, step = here, there, 2 * step
    return far


def _root(excess, below, above, within):
    """Where `excess` is zero between two places, each with its value, by the Illinois method.

    Values at the ends are not asked for again: a search of others that ends a little elsewhere
    cannot turn their signs.
    """
    (a, low), (b, high) = below, above
    here, moved = a, 0
    for _ in range(MOST):
        if abs(b - a) <= within or low == 0:
            break
        here = (a * high - b * low) / (high - low)
        if (value := excess(here)) > 0:
            b, high, low, moved = here, value, low / 2 if moved > 0 else low, 1
        else:
            a, low, high, moved = here, value, high / 2 if moved < 0 else high, -1
    return here


def inverse(slopes: Array) -> tuple[Array, Array]:
    """Inverse of slopes^T slopes as far as they tell it, and of which unknowns they do not."""
    _, sizes, ways = np.linalg.svd(slopes, full_matrices=False)
    told = sizes > SINGULAR * max(sizes[0], np.finfo(float).tiny)
    inverse = (ways[told].T / sizes[told] ** 2) @ ways[told]
    return inverse, (np.abs(ways[~told]) > np.sqrt(SINGULAR)).any(axis=0)

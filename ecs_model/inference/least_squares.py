"""Least squares between bounds, with an interval of every unknown.

An interval holds the values of an unknown for which the best fit of all others is not worse than
chance allows (profile likelihood),

    SSR(p) <= SSR_min (1 + t^2 c / (n - m)),   c = (1 + rho) / (1 - rho)

with Student's t for 95 %, n points, m unknowns, and the correlation rho of neighbouring residuals,
since noise of electrodes is rarely white. An interval that reaches a bound does not end there: the
data do not decide. Where a fit of others is too dear for each of many values, an interval can be
had from the slopes at the best fit instead, as if the model were linear.

References:
    Donaldson & Schnabel (1987), Technometrics 29, 67: coverage of such intervals.
    Raue et al. (2009), Bioinformatics 25, 1923: what a profile tells of what is not decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as student

from ecs_model.inference.unknowns import Unknown
from ecs_model.physics.values import Array

LEVEL = 0.95
HIGHEST_CORRELATION = 0.99
FIRST = 0.02  # step along a profile, where the slopes tell none
MOST = 40  # steps to an end of an interval
RESTARTS, LOWER = 3, 1e-3  # searches anew, from what a profile found to be lower by such a share
NEAR_END = 1e-9  # of a place of the search
SINGULAR = 1e-7  # singular value of the scaled slopes, of the largest, that counts as none

type Values = Mapping[str, float]
type Kind = Literal["profile", "slopes"]


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


@dataclass(frozen=True)
class Estimate:
    """What a fit found.

    Attributes:
        values: unknown -> best value.
        intervals: unknown -> ends of its 95 % interval; an end at a bound is open.
        noise: standard deviation of the residuals.
        correlation: of neighbouring residuals.
        residuals: at the best values.
        slopes: of the residuals by places of the search, shape (points, unknowns).
        freedom: points less what was fitted.
    """

    values: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    noise: float
    correlation: float
    residuals: Array
    slopes: Array
    freedom: int

    @property
    def quantile(self) -> float:
        """Student's t of the level, widened for the correlation of neighbours."""
        return _quantile(self.freedom, self.correlation)

    @property
    def covariance(self) -> Array:
        """Of places of the search, by the slopes, shape (unknowns, unknowns).

        Infinite on the diagonal where these tell nothing.
        """
        told, silent = _inverse(self.slopes)
        told[silent, silent] = np.inf
        return self.noise**2 * told

    @property
    def spread(self) -> Array:
        """Standard deviation of what was fitted at every point, by the slopes, shape (points,)."""
        told, _ = _inverse(self.slopes)
        return self.noise * np.sqrt(np.einsum("ij,jk,ik->i", self.slopes, told, self.slopes))

    def correlations(self) -> Array:
        """Of the unknowns with each other, by the slopes, shape (unknowns, unknowns)."""
        sizes = np.linalg.norm(self.slopes, axis=0)
        told = np.linalg.pinv((self.slopes / np.where(sizes > 0, sizes, 1.0)), rcond=1e-12)
        spread = told @ told.T
        scale = np.sqrt(np.diag(spread))
        return spread / np.where(scale > 0, scale, 1.0)[:, None] / np.where(scale > 0, scale, 1.0)


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
        return min(
            (least_squares(left, starts[k], **options) for k in order), key=attrgetter("cost")
        )

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
    told, silent = _inverse(slopes)
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


def estimate(
    search: Search, starts: Array, lost: int = 0, kind: Kind = "profile", tries: int = 3
) -> Estimate:
    """The Estimate of the unknowns of a Search; it begins anew where a profile leads lower.

    Args:
        search: the Search.
        starts: places where searches may begin, shape (starts, unknowns).
        lost: points that constants took which residuals are without.
        kind: of the intervals.
        tries: from how many of the starts to search.
    """
    for _ in range(RESTARTS):
        best = search.best(starts, tries=tries)
        found = _estimate(search, best, lost, kind)
        lower = search.lower_than(2 * best.cost * (1 - LOWER))
        if lower is None:
            break
        starts = lower
    return found


def _estimate(search, best, lost, kind):
    freedom = len(best.fun) - len(search.unknowns) - lost
    noise, rho = float(np.sqrt(2 * best.cost / freedom)), neighbours(best.fun)
    limit = 2 * best.cost * (1 + _quantile(freedom, rho) ** 2 / freedom)
    values = {u.name: u.from_search(x) for u, x in zip(search.unknowns, best.x, strict=True)}
    found = Estimate(values, {}, noise, rho, best.fun, best.jac, freedom)
    for k, u in enumerate(search.unknowns):
        found.intervals[u.name] = (
            search.profile(best, u.name, limit)
            if kind == "profile"
            else _by_slopes(found, u, best.x[k], k)
        )
    return found


def _by_slopes(found, unknown, x, k):
    """Ends of an interval as if the residuals were linear."""
    reach = found.quantile * np.sqrt(found.covariance[k, k])
    low, high = unknown.ends
    return tuple(unknown.from_search(end) for end in (max(x - reach, low), min(x + reach, high)))


def _quantile(freedom, rho):
    return student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt((1 + rho) / (1 - rho))


def _inverse(slopes):
    """Inverse of slopes^T slopes as far as they tell it, and of which unknowns they do not."""
    _, sizes, ways = np.linalg.svd(slopes, full_matrices=False)
    told = sizes > SINGULAR * max(sizes[0], np.finfo(float).tiny)
    inverse = (ways[told].T / sizes[told] ** 2) @ ways[told]
    return inverse, (np.abs(ways[~told]) > np.sqrt(SINGULAR)).any(axis=0)


def neighbours(residuals: Array) -> float:
    """Correlation of neighbouring residuals, between 0 and 0.99."""
    total = float(residuals @ residuals)
    found = float(residuals[1:] @ residuals[:-1]) / total if total else 0.0
    return min(max(found, 0.0), HIGHEST_CORRELATION)

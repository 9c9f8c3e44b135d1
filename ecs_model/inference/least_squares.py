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

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import t as student

from ecs_model.inference.search import Search, inverse
from ecs_model.physics.values import Array

LEVEL = 0.95
HIGHEST_CORRELATION = 0.99
RESTARTS, LOWER = 3, 1e-3  # searches anew, from what a profile found to be lower by such a share

type Kind = Literal["profile", "slopes"]


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
        told, silent = inverse(self.slopes)
        told[silent, silent] = np.inf
        return self.noise**2 * told

    @property
    def spread(self) -> Array:
        """Standard deviation of what was fitted at every point, by the slopes, shape (points,)."""
        told, _ = inverse(self.slopes)
        return self.noise * np.sqrt(np.einsum("ij,jk,ik->i", self.slopes, told, self.slopes))

    def correlations(self) -> Array:
        """Of the unknowns with each other, by the slopes, shape (unknowns, unknowns)."""
        sizes = np.linalg.norm(self.slopes, axis=0)
        told = np.linalg.pinv((self.slopes / np.where(sizes > 0, sizes, 1.0)), rcond=1e-12)
        spread = told @ told.T
        scale = np.sqrt(np.diag(spread))
        return spread / np.where(scale > 0, scale, 1.0)[:, None] / np.where(scale > 0, scale, 1.0)


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


def neighbours(residuals: Array) -> float:
    """Correlation of neighbouring residuals, between 0 and 0.99."""
    total = float(residuals @ residuals)
    found = float(residuals[1:] @ residuals[:-1]) / total if total else 0.0
    return min(max(found, 0.0), HIGHEST_CORRELATION)

"""Least squares with bounds: intervals of a line are Student's, and flat directions are seen."""

import numpy as np
import pytest
from scipy.stats import t as student

from ecs_model.inference.least_squares import estimate
from ecs_model.inference.search import Accuracy, Search
from ecs_model.inference.unknowns import Unknown, places
from tests.helpers import found

X = np.linspace(-1.0, 1.0, 50)
WHITE = Accuracy(step=1e-3)
GRID = np.array([[0.3, 0.3], [0.7, 0.7]])


def noise(seed, size=50):
    return np.random.default_rng(seed).standard_normal(size)


def line(data, kind="profile"):
    """The Estimate of a line through data."""
    unknowns = (Unknown.between("slope", -10, 10), Unknown.between("level", -10, 10))
    search = Search(unknowns, lambda p: data - p["slope"] * X - p["level"], WHITE)
    return estimate(search, places(unknowns, GRID), kind=kind)


@pytest.mark.parametrize("kind", ["profile", "slopes"])
def test_the_interval_of_a_line_is_student_s(kind):
    data = 2.0 * X + 1.0 + 0.1 * noise(3)
    fit = line(data, kind)
    slope, level = np.polyfit(X, data, 1)
    left = data - slope * X - level
    rho = max(0.0, left[1:] @ left[:-1] / (left @ left))
    deviation = np.sqrt(left @ left / 48 / (X @ X))
    reach = student.ppf(0.975, 48) * deviation * np.sqrt((1 + rho) / (1 - rho))
    low, high = fit.intervals["slope"]
    what = f"interval of the slope of a line, {kind}"
    found(f"{what}: low", low, slope - reach, 1e-4)
    found(f"{what}: high", high, slope + reach, 1e-4)
    assert fit.spread[0] == pytest.approx(
        fit.noise * np.sqrt(1 / 50 + X[0] ** 2 / (X @ X)), rel=1e-6
    )


def decay(data, times):
    """The Estimate of size and rate of a decay."""
    unknowns = (Unknown.between("size", 0.1, 10), Unknown.between("rate", 0.05, 20))
    search = Search(unknowns, lambda p: data - p["size"] * np.exp(-p["rate"] * times), WHITE)
    return estimate(search, places(unknowns, GRID))


def test_intervals_of_a_decay_hold_the_truth_as_often_as_they_say():
    """Of 60 courses 95 %, give or take three standard deviations of such a count."""
    times = np.linspace(0, 3, 30)
    truth = {"size": 1.0, "rate": 1.0}
    fits = [decay(np.exp(-times) + 0.1 * noise(seed, 30), times) for seed in range(60)]
    for name, value in truth.items():
        share = np.mean([f.intervals[name][0] <= value <= f.intervals[name][1] for f in fits])
        assert 0.865 <= share <= 1.0


@pytest.mark.parametrize("kind", ["profile", "slopes"])
def test_two_that_only_act_together_are_open_and_correlated(kind):
    unknowns = (Unknown.between("a", 0.1, 10), Unknown.between("b", 0.1, 10))
    data = np.exp(X) + 0.01 * noise(0)
    search = Search(unknowns, lambda p: data - p["a"] * p["b"] * np.exp(X), WHITE)
    fit = estimate(search, places(unknowns, GRID), kind=kind)
    for low, high in fit.intervals.values():
        assert (low, high) == pytest.approx((0.1, 10), rel=0.03)
    assert abs(fit.correlations()[0, 1]) == pytest.approx(1.0, abs=1e-6)


def test_what_has_no_effect_is_open():
    unknowns = (Unknown.between("a", 0.1, 10), Unknown.between("idle", 1, 2))
    data = np.exp(X) + 0.01 * noise(0)
    search = Search(unknowns, lambda p: data - p["a"] * np.exp(X), WHITE)
    for kind in ("profile", "slopes"):
        fit = estimate(search, places(unknowns, GRID), kind=kind)
        assert fit.intervals["idle"] == pytest.approx((1, 2), rel=1e-6)
        assert fit.intervals["a"][1] / fit.intervals["a"][0] < 1.02


def test_a_best_value_at_its_bound_stays_within():
    unknowns = (Unknown.between("a", 2.0, 10),)
    data = np.exp(X) + 0.01 * noise(0)
    search = Search(unknowns, lambda p: data - p["a"] * np.exp(X), WHITE)
    fit = estimate(search, places(unknowns, np.array([[0.5]])))
    assert fit.values["a"] == pytest.approx(2.0, rel=1e-3) and fit.intervals["a"][0] == 2.0


def test_a_search_that_ends_in_a_valley_goes_on_where_a_profile_leads_lower():
    """A flat minimum near a = 2.4 hides the lower one at a = 1/e from where the search begins."""
    unknowns = (Unknown.between("a", 0.1, 10), Unknown.between("b", 0.1, 10))

    def residuals(p):
        x = np.log(p["a"])
        return np.array([0.4 * (x**2 - 1), 0.2 * (x + 1), np.log(p["b"]), 0.3, -0.2, 0.1, 0.25])

    search = Search(unknowns, residuals, WHITE)
    start = np.array([[1.2, 0.1]])
    assert np.exp(search.best(start).x[0]) > 2
    assert estimate(search, start).values["a"] == pytest.approx(np.exp(-1), rel=1e-3)

"""Verdicts, speeds and widths of profiles whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs_model.physics import detectors

LEVELS = st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 10)), min_size=1, max_size=30)


@given(LEVELS, st.floats(0.01, 0.99))
def test_at_least_the_fraction_reached_the_level(pairs, fraction):
    highest, volumes = map(np.array, zip(*pairs, strict=True))
    level = detectors.reached_by(fraction, highest, volumes)
    assert detectors.recruited(highest, volumes, level) >= fraction - 1e-12
    assert volumes[highest > level].sum() / volumes.sum() <= fraction + 1e-12


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_the_margin_has_the_sign_of_the_verdict(reached, threshold):
    found = detectors.verdict(reached, threshold)
    assert found["verdict"] == (reached >= threshold) or np.isclose(reached, threshold)
    assert found["margin"] == pytest.approx(np.log(reached / threshold), abs=1e-12)


def test_nothing_reached_is_a_verdict_too():
    assert detectors.verdict(0.0, 10.0)["verdict"] is False


@pytest.mark.parametrize("speed", [5e-5, -5e-5])
def test_speed_of_a_steady_front(speed):
    x = np.linspace(0, 1e-3, 50)
    assert detectors.front_speed(3.0 + x / speed, x) == pytest.approx(speed)
    found, spread = detectors.steady_speed(3.0 + x / speed, x)
    assert found == pytest.approx(speed) and spread < 1e-9


def test_what_never_came_does_not_count():
    x = np.linspace(0, 1e-3, 50)
    times = np.where(x < 0.6e-3, x / 5e-5, np.nan)
    assert detectors.front_speed(times, x) == pytest.approx(5e-5)
    assert np.isnan(detectors.front_speed(np.full(50, np.nan), x))
    assert np.isnan(detectors.front_speed(np.zeros(50), x))


def test_a_front_that_changes_its_speed_has_a_spread():
    x = np.linspace(0, 1e-3, 200)
    times = np.where(x < 0.65e-3, x / 5e-5, 13.0 + (x - 0.65e-3) / 1e-4)
    assert detectors.steady_speed(times, x)[1] > 0.3


@pytest.mark.parametrize("height", [1.0, 50.0])
def test_width_of_a_logistic_front(height):
    """10-90 % of 1 / (1 + exp(x / w)) is 2 ln 9 w."""
    x = np.linspace(-1e-3, 1e-3, 4001)
    profile = 3.0 + height / (1 + np.exp(x / 1e-5))
    assert detectors.front_width(x, profile) == pytest.approx(2 * np.log(9) * 1e-5, rel=1e-3)
    assert np.isnan(detectors.front_width(x, np.full_like(x, 3.0)))


def test_cells_across_a_ramp():
    """A ramp over 10 cells: the steep 80 % of it span 8."""
    profile = np.clip(np.arange(31) - 10, 0, 10) / 10.0
    corners = np.stack([profile[:-1], profile[1:]], axis=1)
    jumps = detectors.front_jumps(corners, 0.55)
    assert detectors.cells_per_front(np.nanmedian(jumps)) == pytest.approx(8.0)
    assert np.isnan(detectors.cells_per_front(np.nan))


def test_the_level_of_a_wave_is_not_that_of_the_stimulus():
    """Half of what was recruited reached it; a node that was stimulated counts as one."""
    highest, volumes = np.array([3.0, 70.0, 72.0, 74.0, 190.0]), np.array([9.0, 1, 1, 1, 0.1])
    assert detectors.recruited_level(highest, volumes, 20.0) == 72.0
    assert np.isnan(detectors.recruited_level(highest[:1], volumes[:1], 20.0))

"""Profiles integrate exactly, however the time is cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs_model.tissue.time_course import Profile, constant, pulse, step, train

TIMES = st.floats(-10, 10)
VALUES = st.floats(-5, 5)
POINTS = st.lists(st.tuples(TIMES, VALUES), min_size=1, max_size=8).map(
    lambda pairs: Profile(*zip(*sorted(pairs), strict=True))
)


@given(POINTS, TIMES, TIMES, TIMES)
def test_integrals_add_up(profile, a, b, c):
    whole = profile.integral(a, c)
    assert profile.integral(a, b) + profile.integral(b, c) == pytest.approx(whole, abs=1e-9)


@given(POINTS, TIMES, st.floats(0, 5))
def test_the_integral_is_that_of_the_values(profile, start, length):
    """Against fine mid-point sums between the corners, where mid-points are exact."""
    end = start + length
    corners = np.unique([start, end, *np.clip(profile.times, start, end)])
    middles = (corners[1:] + corners[:-1]) / 2
    exact = sum(w * profile.at(m) for w, m in zip(np.diff(corners), middles, strict=True))
    assert profile.integral(start, end) == pytest.approx(exact, abs=1e-9)


@given(POINTS, TIMES)
def test_values_stay_between_the_given_ones(profile, t):
    assert profile.values.min() - 1e-9 <= profile.at(t) <= profile.values.max() + 1e-9


@given(st.floats(0, 5), st.floats(0.01, 2), st.floats(1, 3), st.integers(1, 6))
def test_a_train_brings_count_times_duration(start, duration, stretch, count):
    period = duration * stretch
    profile = train(start, duration, period, count)
    assert profile.integral(-1.0, 100.0) == pytest.approx(count * duration)


def test_kinds_by_hand():
    assert [step(1.0).at(t) for t in (0.0, 1.0, 2.0)] == [0.0, 1.0, 1.0]
    assert [pulse(1.0, 0.5).at(t) for t in (0.9, 1.0, 1.4, 1.5)] == [0.0, 1.0, 1.0, 0.0]
    assert constant(3.0).integral(2.0, 4.0) == 6.0
    assert pulse(1.0, 0.5).integral(0.0, 1.25) == 0.25
    assert Profile([0.0, 2.0], [0.0, 4.0]).integral(0.0, 1.0) == 1.0


def test_edges_are_the_abrupt_changes_inside_the_run():
    assert train(0.0, 1.0, 2.0, 3).edges(4.5) == [1.0, 2.0, 3.0, 4.0]
    assert constant().edges(9.0) == []
    assert step(9.0).edges(9.0) == []


def test_edges_within_are_after_the_start_and_up_to_the_end_each_once():
    course = Profile([1.0, 1.0, 2.0, 2.0], [0.0, 1.0, 1.0, 0.0])
    assert course.edges_within(0.0, 3.0) == [1.0, 2.0]
    assert course.edges_within(1.0, 2.0) == [2.0]
    assert course.edges_within(0.5, 1.0) == [1.0]
    assert course.edges_within(2.0, 9.0) == []

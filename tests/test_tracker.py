"""When K+ crossed a threshold: along straight lines between steps, half steps included."""

from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.run.front_tracker import Tracker


def watched(times, courses, threshold=12.0, pending=0.0, rate=0.0):
    """A Tracker that has seen K+ of some nodes, shape (times, nodes)."""
    potassium = np.array(courses[0], float)
    tracker = Tracker(potassium, threshold)
    for t, values in zip(times, courses, strict=True):
        potassium[:] = values
        control = SimpleNamespace(rate=np.full(len(potassium), rate))
        simulation = SimpleNamespace(
            reaction=SimpleNamespace(variables=[potassium]), control=control
        )
        simulation.pending, simulation.course = pending if t else 0.0, None
        tracker.observe(t, simulation)
    return tracker


def test_arrival_lies_between_steps():
    """K+ that rises by 1 mM/s from 3 mM is at 12 mM after 9 s, whatever the steps."""
    for times in map(np.array, ([0.0, 4.0, 8.0, 20.0], [0.0, 8.99, 9.7], range(12))):
        rising = 3.0 + times[:, None] * [1.0, 0.5]
        assert watched(times, rising).arrival[0] == pytest.approx(9.0, abs=1e-12)


def test_time_above_begins_and_ends_between_steps():
    """A triangle up to 21 mM and back, 1 mM/s: above 12 mM from 9 to 27 s."""
    times = np.array([0.0, 5.0, 18.0, 30.0, 36.0])
    tracker = watched(times, (21.0 - np.abs(times - 18.0))[:, None])
    assert tracker.above[0] == pytest.approx(18.0, abs=1e-12)
    assert tracker.highest[0] == 21.0


def test_where_it_never_comes_there_is_no_arrival():
    tracker = watched([0.0, 1.0], [[3.0, 12.0], [11.9, 13.0]])
    assert np.isnan(tracker.arrival[0]) and tracker.arrival[1] == 0.0


def test_the_half_step_that_is_lacking_counts():
    """At 11 mM and half a second behind a rise of 4 mM/s, K+ is at 13 mM."""
    tracker = watched([0.0, 2.0], [[3.0], [11.0]], pending=0.5, rate=4.0)
    assert tracker.highest[0] == 13.0
    assert tracker.arrival[0] == pytest.approx(2.0 * 9.0 / 10.0)

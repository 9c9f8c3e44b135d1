"""How fast K+ rises where a front passes: exact courses, what comes later, what a restart keeps."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.run.front_passage import Passage

W = 0.19  # s, of the logistic front: 10 to 90 % take 2 ln 9 W


def logistic(t, top=55.0, at=10.0):
    return 3.0 + (top - 3.0) / (1 + np.exp(-(t - at) / W))


class Line:
    """Points of which each is a node, and the Tracker that knows K+ there."""

    def __init__(self, course, times, threshold=12.0):
        self.nodes, self._course, self.times = slice(None), course, times
        first = {"last": course(times[0]), "last_time": times[0]}
        self.tracker = SimpleNamespace(threshold=threshold, course=None, **first)
        self.passage = Passage(self, self.tracker)

    def at_corners(self, values):
        return np.array(values, float)

    def go(self, start=1, end=None):
        for t in self.times[start:end]:
            self.tracker.last = self._course(t)
            self.passage.observe(t, None)
        return self.passage


def course(t):
    """A front; the same with a higher wave later; one that falls at once; none."""
    later = logistic(t) + 60.0 * (t > 30.0)
    return np.array([logistic(t), later, logistic(t) - 50.0 * (t > 13.0), 3.0])


TIMES = np.arange(0.0, 40.0, 0.02)


def test_the_rise_of_a_logistic_front_is_exact_whatever_comes_later():
    rise = Line(course, TIMES).go().rise
    np.testing.assert_allclose(rise[:3], 2 * np.log(9) * W, rtol=4e-3)
    assert np.isnan(rise[3])


def test_a_front_that_has_not_passed_has_no_rise():
    assert np.isnan(Line(course, TIMES).go(end=int(10.2 / 0.02)).rise).all()


def test_a_second_front_is_told_from_the_first():
    twice = lambda t: np.array([logistic(t) if t < 15 else logistic(t, at=25.0), logistic(t)])  # noqa: E731
    latest = Line(twice, TIMES).go().latest
    assert latest[0] == pytest.approx(25.0 - W * np.log(43 / 9), abs=0.01) and np.isnan(latest[1])


@pytest.mark.parametrize("stop", [100, 495, 505, 700])
def test_a_restart_goes_on_as_if_nothing_had_been(stop):
    whole, first, second = (Line(course, TIMES) for _ in range(3))
    whole.go()
    kept = json.loads(json.dumps(first.go(end=stop).state()))
    second.passage.load(kept)
    second.go(start=stop)
    np.testing.assert_array_equal(second.passage.rise, whole.passage.rise)
    np.testing.assert_array_equal(second.passage.latest, whole.passage.latest)


@pytest.mark.parametrize(
    ("low", "top", "threshold"),
    [(3, 55, 3.3), (100, 110, 105), (500, 620, 560), (0, 0.25, 0.12), (3, 3.5, 3.3), (4, 5, 4.8)],
)
def test_the_rise_does_not_depend_on_the_level_of_the_front(low, top, threshold):
    times = np.arange(0.0, 20.0, 0.002)
    course = lambda t: low + (top - low) * (logistic(np.array([t])) - 3) / 52  # noqa: E731
    assert Line(course, times, threshold).go().rise[0] == pytest.approx(2 * np.log(9) * W, rel=4e-3)


def test_a_rise_counts_from_the_lowest_concentration_before_it():
    dip = lambda t: logistic(np.array([t])) - 2.0 * np.exp(-(((t - 4.0) / 1.5) ** 2))  # noqa: E731
    base, times = float(dip(4.0)[0]), np.arange(0.0, 20.0, 0.002)
    curve = np.array([dip(t)[0] for t in times])
    ends = [times[curve >= base + share * (55 - base)][0] for share in (0.1, 0.9)]
    assert Line(dip, times).go().rise[0] == pytest.approx(ends[1] - ends[0], rel=4e-3)

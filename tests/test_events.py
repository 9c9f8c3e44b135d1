"""Parameters in time: the mean over each step, and events that do not undo each other."""

import numpy as np
import pytest

from ecs_model.tissue.parameter_events import Area, Changing, Event
from ecs_model.tissue.time_course import pulse


def test_a_step_sees_the_mean_of_the_profile_where_the_event_is():
    values, base = np.array([2.0, 4.0]), np.array([2.0, 4.0])
    share = np.array([1.0, 0.5])
    acts = (Event(0.0, pulse(1.0, 2.0)),)
    changing = Changing(values, [Area(share, base, acts), Area(1 - share, base, ())])
    changing.act(0.5, 1.5)
    assert values == pytest.approx([1.0, 3.0])
    changing.act(1.5, 2.0)
    assert values == pytest.approx([0.0, 2.0])
    changing.act(4.0, 5.0)
    assert values == pytest.approx([2.0, 4.0])


def test_events_on_one_parameter_do_not_undo_each_other():
    values, share = np.array([2.0, 2.0]), np.array([1.0, 0.0])
    left, right = Event(0.0, pulse(0.0, 5.0)), Event(7.0, pulse(3.0, 1.0))
    changing = Changing(values, [Area(share, 2.0, (left,)), Area(1 - share, 2.0, (right,))])
    changing.act(1.0, 2.0)
    assert values == pytest.approx([0.0, 2.0])
    changing.act(3.0, 4.0)
    assert values == pytest.approx([0.0, 7.0])


def test_the_same_event_on_two_halves_is_the_event_on_the_whole():
    values, half = np.array([5.0]), np.array([0.5])
    stop = Event(1.0, pulse(0.0, 5.0))
    changing = Changing(values, [Area(half, 5.0, (stop,)), Area(half, 5.0, (stop,))])
    changing.act(1.0, 2.0)
    assert values == pytest.approx([1.0])


def test_where_two_events_act_the_last_wins():
    values = np.array([5.0])
    first, last = Event(1.0, pulse(0.0, 5.0)), Event(3.0, pulse(0.0, 2.0))
    changing = Changing(values, [Area(1.0, 5.0, (first, last))])
    changing.act(1.0, 2.0)
    assert values == pytest.approx([3.0])
    changing.act(3.0, 4.0)
    assert values == pytest.approx([1.0])


def test_what_an_event_sets_to_zero_is_zero():
    """No round-off below it: a supply that is cut takes nothing away."""
    values = np.array([0.3])
    changing = Changing(values, [Area(1.0, 0.1 + 0.2, (Event(0.0, pulse(0.0, 1.0)),))])
    changing.act(0.1, 0.2)
    assert values[0] == 0.0


def test_edges_of_every_event_are_known():
    events = (Event(0.0, pulse(1.0, 2.0)), Event(7.0, pulse(2.5, 4.0)))
    changing = Changing(np.zeros(1), [Area(1.0, 2.0, events)])
    assert sorted(changing.edges_within(0.0, 3.0)) == [1.0, 2.5, 3.0]

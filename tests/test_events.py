"""Parameters in time: the mean over each step, and events that do not undo each other."""

import numpy as np
import pytest

from ecs_model.events import Changing, Event
from ecs_model.profile import pulse


def test_a_step_sees_the_mean_of_the_profile_where_the_event_is():
    values = np.array([2.0, 4.0])
    changing = Changing(values, [Event(np.array([1.0, 0.5]), 0.0, pulse(1.0, 2.0))])
    changing.act(0.5, 1.5)
    assert values == pytest.approx([1.0, 3.0])
    changing.act(1.5, 2.0)
    assert values == pytest.approx([0.0, 2.0])
    changing.act(4.0, 5.0)
    assert values == pytest.approx([2.0, 4.0])


def test_events_on_one_parameter_do_not_undo_each_other():
    values = np.array([2.0, 2.0])
    left, right = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    events = [Event(left, 0.0, pulse(0.0, 5.0)), Event(right, 7.0, pulse(3.0, 1.0))]
    changing = Changing(values, events)
    changing.act(1.0, 2.0)
    assert values == pytest.approx([0.0, 2.0])
    changing.act(3.0, 4.0)
    assert values == pytest.approx([0.0, 7.0])

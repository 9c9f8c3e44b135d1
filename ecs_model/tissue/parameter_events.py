"""Parameters of membranes that change in time: a pump that stops, a supply that is cut."""

from dataclasses import dataclass

import numpy as np

from ecs_model.tissue.time_course import Profile


@dataclass(frozen=True)
class Event:
    """A parameter takes another value, as far as a profile says.

    Attributes:
        value: of the parameter where the profile is 1 [SI], number or array over owned nodes.
        profile: in time.
    """

    value: np.ndarray | float
    profile: Profile


@dataclass(frozen=True)
class Area:
    """A part of the tissue in which the same events act.

    Attributes:
        share: of each owned node that belongs to it.
        base: the parameter there without events [SI], number or array over owned nodes.
        events: in the order in which they act; the last wins.
    """

    share: np.ndarray | float
    base: np.ndarray | float
    events: tuple[Event, ...]

    def value(self, means):
        """The parameter where events act by `means`: profile -> its mean, 0 to 1."""
        value = self.base
        for event in self.events:
            mean = means[event.profile]
            value = (1 - mean) * value + mean * event.value
        return value


class Changing:
    """A parameter in time.

    Args:
        values: array of the parameter at owned nodes [SI], changed in place.
        areas: whose shares add up to one at every node.
    """

    def __init__(self, values, areas):
        self.values, self.areas, self._means = values, list(areas), None
        self.profiles = {event.profile for area in self.areas for event in area.events}

    def act(self, start, end):
        """Set the parameter to its mean from `start` to `end` [s]."""
        means = {profile: profile.mean(start, end) for profile in self.profiles}
        if means == self._means:
            return
        self._means = means
        self.values[:] = 0.0
        for area in self.areas:
            self.values += area.share * area.value(means)

    def edges_within(self, start, end):
        """Times [s] between two others at which the parameter changes abruptly."""
        return [t for profile in self.profiles for t in profile.edges_within(start, end)]

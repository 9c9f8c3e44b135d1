"""Parameters of membranes that change in time: a pump that stops, a supply that is cut."""

from dataclasses import dataclass

import numpy as np

from ecs_model.profile import Profile


@dataclass(frozen=True)
class Event:
    """A parameter takes another value, as far as a profile says.

    Attributes:
        share: part of each owned node that the event concerns.
        value: of the parameter where share and profile are 1 [SI].
        profile: in time.
    """

    share: np.ndarray | float
    value: float
    profile: Profile


class Changing:
    """A parameter in time; where several events act at once, the last wins.

    Args:
        values: array of the parameter at owned nodes [SI], changed in place.
        events: in the order in which they act.
    """

    def __init__(self, values, events):
        self.values, self.events = values, list(events)
        self._base, self._change = values.copy(), np.empty_like(values)

    def act(self, start, end):
        """Set the parameter to its mean from `start` to `end` [s]."""
        self.values[:] = self._base
        for event in self.events:
            mean = event.profile.integral(start, end) / (end - start)
            np.subtract(event.value, self.values, out=self._change)
            self._change *= event.share
            self._change *= mean
            self.values += self._change

"""Parameters of membranes that change in time: a pump that stops, a supply that is cut."""

import numpy as np


class Event:
    """Takes a parameter from what it was to another value, as far as a profile says.

    Args:
        values: array of the parameter at owned nodes [SI], changed in place.
        share: part of each owned node that the event concerns.
        value: of the parameter where share and profile are 1 [SI].
        profile: in time.
    """

    def __init__(self, values, share, value, profile):
        self.values, self.profile = values, profile
        self._base, self._change = values.copy(), share * (value - values)

    def act(self, start, end):
        """Set the parameter to its mean from `start` to `end` [s]."""
        mean = self.profile.integral(start, end) / (end - start)
        np.multiply(self._change, mean, out=self.values)
        self.values += self._base

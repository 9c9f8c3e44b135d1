"""When a front came to each node, how long it stayed, and how high K+ was."""

import numpy as np


class Tracker:
    """When K+ first reached a threshold at each node, for how long, and the highest it reached.

    Args:
        potassium: owned K+ [mM], the array that advances.
        threshold: K+ [mM] that counts as arrival.

    Attributes:
        arrival: time [s] at each owned node; nan where it never came.
        above: time [s] that each has spent above the threshold.
        highest: highest K+ so far [mM].
    """

    every = 0

    def __init__(self, potassium, threshold):
        self.threshold = threshold
        self.arrival = np.full(len(potassium), np.nan)
        self.highest, self.above = np.zeros(len(potassium)), np.zeros(len(potassium))
        self.last, self.last_time = potassium.copy(), 0.0

    def observe(self, t, simulation):
        """Note arrivals since the last look, at times interpolated linearly."""
        potassium = simulation.reaction.state[0]
        np.maximum(self.highest, potassium, out=self.highest)
        if potassium.max(initial=0.0) >= self.threshold:
            self._note_arrivals(t, potassium)
            self.above += (t - self.last_time) * (potassium >= self.threshold)
        self.last[:] = potassium
        self.last_time = t

    def _note_arrivals(self, t, potassium):
        new = np.flatnonzero((potassium >= self.threshold) & np.isnan(self.arrival))
        before, after = self.last[new], potassium[new]
        rise = np.where(after > before, after - before, 1.0)
        share = np.clip((self.threshold - before) / rise, 0.0, 1.0)
        self.arrival[new] = self.last_time + share * (t - self.last_time)

    def state(self):
        """What was seen at each owned node: name -> array."""
        return {
            "arrival": self.arrival, "above": self.above, "highest": self.highest,
            "last": self.last,
        }  # fmt: skip

    @property
    def memory(self):
        """What a restart needs."""
        return {**self.state(), "last_time": self.last_time}

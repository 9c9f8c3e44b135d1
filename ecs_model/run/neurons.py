"""What the neurons of a tissue do, followed while it runs, for fields, rows and verdicts."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ecs_model.membrane.activity import FIELDS, Activity, field_names
from ecs_model.membrane.solver import Reaction
from ecs_model.membrane.trace import COLUMNS
from ecs_model.physics import regimes
from ecs_model.physics.regimes import Firing
from ecs_model.physics.values import Array


class Neurons:
    """What the neurons at the owned nodes do.

    Args:
        reaction: the membranes, of a model that fires; see `begin`.
        firing: what counts as what.

    Attributes:
        fields: name -> (unit, function that gives its values at owned nodes [SI]).
        activity: what is known of each node.
        fired: node, time [s] and number of spikes of all that was new at the last look, shape
            (events, 3); the next step overwrites it.
    """

    every = 0

    def __init__(self, reaction: Reaction, firing: Firing):
        self.is_population = bool(reaction.model.rate)
        self.activity = Activity(reaction.variables[0], firing)
        self._reaction, self._variables = reaction, reaction.variables
        self.fired = np.empty((0, COLUMNS))
        known = field_names(reaction.model)
        makers = {"rate": self.activity.rate, "V_min": self._lowest, "V_max": self._highest}
        makers |= {name: getattr(self, name) for name in ("onset", "duration", "regime")}
        self.fields = {name: (FIELDS[name], makers[name]) for name in known}

    def begin(self) -> "Neurons":
        """Have the membranes note how they fire, for as long as this observer looks; itself."""
        self._trace = self._reaction.follow(self.activity.firing)
        self._shown: tuple[float, Array, Array] = -1.0, self._trace.low, self._trace.high
        return self

    def observe(self, t: float, simulation: Any) -> None:
        """Note what happened since the last look; membranes are at `t` but for what is pending."""
        potassium, trace = self._variables[0], self._trace
        self.fired = trace.events()
        self.activity.note(self.fired, potassium)
        trace.clear()
        potential = None if self.is_population else self._variables.V
        self.activity.look(t - simulation.pending, potassium, potential)

    def renew(self) -> None:
        """Begin anew with the range of V that is shown, once all have seen it at this time."""
        self._shown = self.activity.time, self._trace.low.copy(), self._trace.high.copy()
        self.activity.widen(self._trace.low, self._trace.high)
        self._trace.renew()

    def state(self) -> dict[str, Any]:
        """What a restart needs."""
        return self.activity.state() | self._trace.lasting()

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` gave."""
        self.activity.load(state)
        self._trace.go_on(state)
        self._trace.clear()

    def judged(self) -> dict[str, Array]:
        """What is known of each node, its word and its margins: name -> array.

        Beside what `Activity.judged` gives: `regime`, number of a word; margins `seizure`, `sd`.
        """
        self.activity.widen(self._trace.low, self._trace.high)
        seen, firing = self.activity.judged(), self.activity.firing
        duration = max(self.activity.duration(), 1e-300)
        return seen | {
            "regime": regimes.words(seen, firing, duration, fires=True),
            "seizure": regimes.seizure_margins(seen, firing, duration, self.is_population),
            "sd": regimes.sd_margins(seen, firing, fires=True),
        }

    def onset(self) -> Array:
        """When the first seizure of each node began [s]; nan without one."""
        return self.activity.judged()["onset"]

    def duration(self) -> Array:
        """How long the longest seizure of each node was, or has been [s]."""
        return self.activity.judged()["longest"]

    def regime(self) -> Array:
        """The word for each node so far, as a number of `regimes.NAMES`."""
        return self.judged()["regime"].astype(float)

    def _lowest(self):
        return self._range()[0]

    def _highest(self):
        return self._range()[1]

    def _range(self):
        """Lowest and highest V since the row before this time."""
        shown, low, high = self._shown
        return (low, high) if shown == self.activity.time else (self._trace.low, self._trace.high)

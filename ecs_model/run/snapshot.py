"""The state before a step that may be rejected, in memory."""

import functools

import numpy as np

from ecs_model.memory import bare
from ecs_model.run.living import advanced, is_effort


class Snapshot:
    """The state before a step that may be rejected: all that `living.advanced` lists.

    Args:
        simulation: the Simulation.
    """

    def __init__(self, simulation):
        self._simulation, self._buffers = simulation, {}

    def take(self):
        """Copy the state as it is now; nothing is allocated after the first time."""
        s = self._simulation
        self._states = [self._copied(part.state(), k) for k, part in self._parts()]
        self._rest = s.pending, s.failure, list(s.jumps)

    def put_back(self):
        """Let the simulation go on from what was taken; what it cost stays counted."""
        s = self._simulation
        for (_, part), state in zip(self._parts(), self._states, strict=True):
            spent = {name: bare(v) for name, v in part.state().items() if is_effort(name)}
            part.load(state | spent)
        s.pending, s.failure, s.jumps = self._rest

    def states(self):
        """The states of the membranes as they were taken, in their order; overwritten next time."""
        return [
            self._states[0][f"state/{name}"] for name in self._simulation.reaction.variables._fields
        ]

    @functools.cached_property
    def _advanced(self):
        return [part for _, part in advanced(self._simulation)]

    def _parts(self):
        trace = self._simulation.reaction.trace  # read after every step: in no checkpoint
        return enumerate([*self._advanced, trace] if trace else self._advanced)

    def _copied(self, state, k):
        """The bare values of a state; arrays are copied, into the same buffers every time."""
        buffers = self._buffers.setdefault(k, {})
        for name, value in state.items():
            value = bare(value)
            if type(value) is not np.ndarray:
                buffers[name] = value
            elif name in buffers:
                buffers[name][:] = value
            else:
                buffers[name] = value.copy()
        return buffers

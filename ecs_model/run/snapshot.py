"""The state before a step of the time loop, to which a rejected step returns."""

import numpy as np

from ecs_model.transport.protocol import is_effort


class Snapshot:
    """The state before a step that may be rejected."""

    def __init__(self, simulation):
        self._simulation, self._buffers = simulation, {}

    def _membranes(self):
        reaction = self._simulation.reaction
        return enumerate((*reaction.state, reaction.trial))

    def take(self):
        """Copy all that a step changes."""
        s = self._simulation
        self._arrays = self._copied(self._membranes())
        self._transport = self._copied(s.diffusion.state().items())
        self._synapses = self._copied(s.synapses.state().items())
        self._rest = s.pending, np.copy(s.reaction.given), list(s.jumps)

    def _copied(self, state):
        """A dict of pairs; arrays are copied, into the same buffers every time."""
        copies, buffers = dict(state), self._buffers
        for name, value in copies.items():
            if isinstance(value, np.ndarray):
                if name not in buffers:
                    buffers[name] = np.empty_like(value)
                buffers[name][:] = value
                copies[name] = buffers[name]
        return copies

    def put_back(self):
        """Give everything its values back, except what counts work."""
        s = self._simulation
        for name, array in self._membranes():
            array[:] = self._arrays[name]
        for part, before in ((s.diffusion, self._transport), (s.synapses, self._synapses)):
            done = {name: value for name, value in part.state().items() if is_effort(name)}
            part.load(before | done)
        s.pending, membranes, s.jumps = self._rest
        s.reaction.given = np.copy(membranes)

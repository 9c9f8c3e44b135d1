"""All that lives through a run and changes, in one list, for checkpoints and restarts.

What the state of each is, it says itself: see `memory`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from ecs_model.memory import Share


class Living(Protocol):
    """Something that lives through a run and changes."""

    def state(self) -> dict[str, Any]:
        """Name -> value, as `memory` says, found without talking to other processes."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` gave, without OfCells and Share around the values."""


def living(simulation: Any, others: Mapping[str, Living]) -> Iterator[tuple[str, Living]]:
    """Pairs of what begins the names of its values in a checkpoint, and something that lives.

    Args:
        simulation: with its observers.
        others: what is no observer, by name.
    """
    yield "", simulation
    yield "", simulation.control
    yield "", Membranes(simulation.reaction)
    yield "", Moving(simulation.diffusion)
    yield "synapses/", simulation.synapses
    yield from ((f"{name}/", part) for name, part in others.items())
    yield from _observers(simulation)


def _observers(simulation):
    for observer in simulation.observers:
        if hasattr(observer, "state"):
            name = getattr(observer, "name", "")
            yield f"{type(observer).__name__.lower()}/{name and name + '/'}", observer


class Membranes:
    """The membranes: their state variables, and what their next step depends on beside."""

    def __init__(self, reaction):
        self._reaction, self._columns = reaction, reaction.state._asdict()

    def state(self):
        """Values by their names in a checkpoint."""
        beside = self._reaction.memory
        return _under("state/", self._columns) | _under("reaction/", beside)

    def load(self, state):
        """Continue from what `state` gave."""
        for name, column in self._columns.items():
            column[:] = state[f"state/{name}"]
        self._reaction.restore({n: state[f"reaction/{n}"] for n in self._reaction.memory})


def _under(prefix, values):
    return {f"{prefix}{name}": value for name, value in values.items()}


class Moving:
    """The transport, whose values have other names in a checkpoint."""

    def __init__(self, transport):
        self._transport = transport

    def state(self):
        """Values by their names in a checkpoint."""
        return {_place(name, value): value for name, value in self._transport.state().items()}

    def load(self, state):
        """Continue from what `state` gave."""
        now = self._transport.state()
        self._transport.load({name: state[_place(name, value)] for name, value in now.items()})


def _place(name, value):
    if isinstance(value, Share):
        return f"ledger/{name}"
    return f"transport/{name}" if isinstance(value, np.ndarray) else name

"""All that lives through a run and changes, in one list, for rejected steps, checkpoints, restarts.

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
        """Continue from what `state` gave, with bare values."""


def living(simulation: Any, others: Mapping[str, Living]) -> Iterator[tuple[str, Living]]:
    """Pairs of what begins the names of its values in a checkpoint, and something that lives.

    Args:
        simulation: with its observers.
        others: what is no observer, by name.
    """
    yield "", simulation
    yield "", simulation.control
    if simulation.two_rates is not None:
        yield "two_rates/", simulation.two_rates
    yield from advanced(simulation)
    yield from ((f"{name}/", part) for name, part in others.items())
    yield from _observers(simulation)


def advanced(simulation: Any) -> Iterator[tuple[str, Living]]:
    """Of `living`, that which a step advances, and which is put back when it is rejected."""
    yield "", simulation.reaction
    yield "", Moving(simulation.diffusion)
    yield "synapses/", simulation.synapses


def is_effort(name: str) -> bool:
    """Whether a value of a state counts work, which a rejected step has cost all the same."""
    return name in ("total_iterations", "reaction/block_steps") or name.startswith("corrections/")


def _observers(simulation):
    for observer in simulation.observers:
        if hasattr(observer, "state"):
            name = getattr(observer, "name", "")
            yield f"{type(observer).__name__.lower()}/{name and name + '/'}", observer


class Moving:
    """The transport, whose values have other names in a checkpoint."""

    def __init__(self, transport):
        self._transport, self._places = transport, {}

    def state(self):
        """Values by their names in a checkpoint."""
        state, places = self._transport.state(), self._places
        if state.keys() != places.keys():
            places.update((name, _place(name, value)) for name, value in state.items())
        return {places[name]: value for name, value in state.items()}

    def load(self, state):
        """Continue from what `state` gave."""
        self.state()
        self._transport.load({name: state[place] for name, place in self._places.items()})


def _place(name, value):
    if isinstance(value, Share):
        return f"ledger/{name}"
    return f"transport/{name}" if isinstance(value, np.ndarray) else name

"""All that lives through a run and changes, in one list, for checkpoints and restarts.

What the state of each is, it says itself: see `memory`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ecs_model.memory import Share

COUNTED = ("last_step", "total_iterations")  # numbers of a transport that live on


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
    transport = simulation.diffusion
    yield "", simulation
    yield "", simulation.control
    yield "", Counted(transport)
    yield "state/", Concentrations(simulation.reaction)
    yield "reaction/", Remembered(simulation.reaction)
    yield "ledger/", Given(transport.ledger)
    yield "transport/", Moving(transport)
    for ion, corrections in transport.corrections.items():
        yield f"corrections/{ion}/", Remembered(corrections)
    yield from ((f"{name}/", part) for name, part in others.items())
    yield from _observers(simulation)


def _observers(simulation):
    for observer in simulation.observers:
        if hasattr(observer, "state"):
            name = getattr(observer, "name", "")
            yield f"{type(observer).__name__.lower()}/{name and name + '/'}", observer


class Concentrations:
    """The state variables of the membranes at owned nodes."""

    def __init__(self, reaction):
        self._columns = reaction.state._asdict()

    def state(self):
        """Name of a state variable -> its values."""
        return self._columns

    def load(self, state):
        """Continue from what `state` gave."""
        for name, column in self._columns.items():
            column[:] = state[name]


class Remembered:
    """What keeps its state in an attribute `memory`, and may have a method `restore`."""

    def __init__(self, owner):
        self._owner = owner

    def state(self):
        """Its memory."""
        return self._owner.memory

    def load(self, state):
        """Continue from what `state` gave."""
        if hasattr(self._owner, "restore"):
            self._owner.restore(state)
            return
        for name, value in state.items():
            setattr(self._owner, name, value)


class Given:
    """What sources and boundaries gave."""

    def __init__(self, ledger):
        self._ledger = ledger

    def state(self):
        """Name -> this process's part of what was given."""
        return {"given": Share(self._ledger.given)}

    def load(self, state):
        """Continue from what `state` gave."""
        self._ledger.given = state["given"]


class Counted:
    """The numbers of a transport."""

    def __init__(self, transport):
        self._transport = transport

    def state(self):
        """Its last step and its iterations."""
        return {name: getattr(self._transport, name) for name in COUNTED}

    def load(self, state):
        """Continue from what `state` gave."""
        for name, value in state.items():
            setattr(self._transport, name, value)


class Moving:
    """The arrays of a transport."""

    def __init__(self, transport):
        self._transport = transport

    def state(self):
        """Its arrays at owned nodes."""
        return self._transport.memory

    def load(self, state):
        """Continue from what `state` gave; the last step has been loaded already."""
        self._transport.restore(state, self._transport.last_step)

"""What a coarse step was, and where fine steps follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ecs_model.physics.values import Array, Nodes


@dataclass(frozen=True)
class Zone:
    """Where fine steps are taken.

    Attributes:
        nodes: the nodes that are advanced, and then those beside them; each in ascending order.
        inner: how many are advanced.
        place: of every node among `nodes`, -1 for all others.
        mark: 1 at nodes that are advanced, another number at others.
        entries: of the rows of all of them, at most.
    """

    nodes: Nodes
    inner: int
    place: Nodes
    mark: Nodes
    entries: int

    @property
    def advanced(self) -> Nodes:
        """The nodes that are advanced."""
        return self.nodes[: self.inner]

    @property
    def border(self) -> Nodes:
        """The nodes beside them."""
        return self.nodes[self.inner :]


class Coarse(NamedTuple):
    """A coarse step of all nodes; arrays of owned nodes.

    Attributes:
        begin: when it begins [s].
        duration: its length [s].
        before: the states as it begins.
        start: each ion as its transport begins [mM].
        middle: each ion half-way through that [mM].
    """

    begin: float
    duration: float
    before: Sequence[Array]
    start: Array
    middle: Array


class Course(NamedTuple):
    """How K+ went at some nodes between two looks, in steps finer than these.

    Attributes:
        nodes: in ascending order.
        is_fine: 1 at these nodes, not at others; of all owned nodes.
        times: when the first step began, and when each ended [s].
        values: K+ of the nodes after each step [mM], shape (steps, nodes).
    """

    nodes: Nodes
    is_fine: Nodes
    times: Array
    values: Array

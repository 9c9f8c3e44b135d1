"""Which of the formulas of a step differ between nodes or steps, and which some values need."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from ecs_model.membrane.drives import SINCE
from ecs_model.membrane.expressions import Symbol

CLOCK = "env_time"  # what the time of the surroundings is called in C


class Values:
    """Which symbols of a recording differ between nodes, and which between steps.

    Args:
        recording: of the formulas of a step.
        nodal: names of the variables that differ between nodes.
        of_step: names of the numbers that differ between steps.
    """

    def __init__(self, recording, nodal: Iterable[str], of_step: Iterable[str]):
        self._nodal, self._of_step = set(nodal), set(of_step)
        for symbol in recording.symbols:
            read = [a.name for a in symbol.variables]
            for found in (self._nodal, self._of_step):
                if not found.isdisjoint(read):
                    found.add(symbol.name)

    def differs(self, x: Any) -> bool:
        """Whether a value differs between nodes."""
        return _depends(x, self._nodal)

    def moves(self, x: Any) -> bool:
        """Whether a value depends on the step."""
        return _depends(x, self._of_step)


def suffices(recording, nodal: Iterable[str]) -> bool:
    """Whether single precision holds what a step computes at nodes.

    It does not hold the time of a long run to the length of a short step, so that formulas at nodes
    that read it need double, unless it is the time since synapses were solved for; nor does it hold
    numbers beyond 1e30.
    """
    values = Values(recording, nodal, [CLOCK])
    since = Values(recording, nodal, [f"env_{SINCE}"])  # times since then are short
    at_nodes = [s for s in recording.symbols if values.differs(s)]
    late = (a for s in at_nodes for a in s.variables if values.moves(a) and not values.differs(a))
    numbers = (abs(float(x)) for s in at_nodes for x in s.operation[1] if isinstance(x, Real))
    return all(map(since.moves, late)) and all(x == 0 or 1e-30 < x < 1e30 for x in numbers)


def _depends(x, names):
    if not isinstance(x, Symbol):
        return False
    return x.name in names or (x.is_condition and any(a.name in names for a in x.variables))


def marks(symbol: Symbol, mark: str) -> bool:
    """Whether a symbol is marked so."""
    return symbol.operation is not None and symbol.operation[0] == mark


@dataclass
class Slice:
    """What some values need, in one precision.

    Attributes:
        values: the Values.
        stops: mark whose symbols are not looked into: they come from elsewhere.
        own: symbols that are computed for every node, by name.
        numbers: symbols that do not differ between nodes.
        ends: marked symbols at which the search stopped.
    """

    values: Values
    stops: str
    own: dict[str, Symbol] = field(default_factory=dict)
    numbers: dict[str, Symbol] = field(default_factory=dict)
    ends: dict[str, Symbol] = field(default_factory=dict)

    def add(self, symbols: Iterable[Any]) -> None:
        """Look for all that some symbols need."""
        todo = [x for x in symbols if isinstance(x, Symbol)]
        while todo:
            x = todo.pop()
            place = self._place(x)
            if x.name not in place:
                place[x.name] = x
                if place is self.own:
                    todo += x.variables

    def _place(self, x):
        if not self.values.differs(x):
            return self.numbers
        return self.ends if marks(x, self.stops) else self.own

    def ordered(self, recording) -> list[Symbol]:
        """The symbols to be computed, in order."""
        return [s for s in recording.symbols if s.name in self.own]

    def loads(self) -> list[Symbol]:
        """The variables of nodes that are read."""
        return [s for s in self.own.values() if s.operation is None]

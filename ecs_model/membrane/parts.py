"""What a model is made of: cells, reservoirs, volumes, and pools of what else there is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ecs_model.errors import ConfigError
from ecs_model.membrane.compartment import Compartment
from ecs_model.membrane.mechanism import NOTHING
from ecs_model.membrane.potentials import QuasiSteady
from ecs_model.membrane.volumes import Fixed
from ecs_model.record import joined, table

FIXED = Fixed()
FURTHER = 5  # steps to a potential on which an added current may depend in any way


@dataclass(frozen=True)
class Reservoir:
    """What takes an ion from the extracellular space, beside the cells.

    Attributes:
        rate: function (state, parameters, surroundings) -> what it takes [mM/s].
        parameters: record type of its parameters.
        states: record type of its states.
        ion: that it takes.
        store: state that holds what it took, per extracellular volume; None if that is lost.
        atp: function (state, parameters, surroundings) -> ATP that it splits per volume of tissue
            [mM/s]; None for none.
    """

    rate: Callable
    parameters: type = NOTHING
    states: type = NOTHING
    ion: str = "K"
    store: str | None = None
    atp: Callable | None = None


@dataclass(frozen=True)
class Pool:
    """States that are neither ions nor gates: oxygen, phosphates, a volume.

    Attributes:
        states: record type of them.
        parameters: record type of their parameters.
        rates: function (state, parameters, surroundings, ATP that all pumps split per volume of
            tissue [mM/s]) -> their rates, in order.
        observables: name -> (unit, function), of what follows from them.
        scaled: parameters that are proportional to the volume of cells.
    """

    states: type
    parameters: type
    rates: Callable
    observables: dict[str, tuple[str, Callable]] = field(default_factory=dict)
    scaled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Solute:
    """What cells release and take up without its charge, such as a transmitter.

    Attributes:
        name: what it is called; its states are `name` and the ending of a compartment.
        states: record type of its concentrations.
        parameters: record type of its parameters.
        flows: function (state, parameters, surroundings, key of a compartment -> its potential [V])
            -> what goes each way, per volume of tissue [mM/s].
        ways: of every flow the endings of where it begins and where it ends, as ("_i", "_o").
        scaled: parameters that are proportional to the volume of cells.
    """

    name: str
    states: type
    parameters: type
    flows: Callable
    ways: tuple[tuple[str, str], ...]
    scaled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """What a model is made of.

    Attributes:
        outside: record type of the extracellular concentrations.
        cells: the compartments; the area of the first is that to which `outflow` refers.
        reservoirs: what else takes ions from the extracellular space.
        volumes: how volumes change.
        pools: what else there is.
        solutes: what cells release and take up beside ions.
    """

    outside: type
    cells: tuple[Compartment, ...]
    reservoirs: tuple[Reservoir, ...] = ()
    volumes: Any = FIXED
    pools: tuple[Pool, ...] = ()
    solutes: tuple[Solute, ...] = ()

    @property
    def others(self) -> tuple[Any, ...]:
        """All that brings states and parameters of its own beside cells."""
        return (*self.reservoirs, self.volumes, *self.pools, *self.solutes)

    @property
    def State(self) -> type:
        """Record type of all states."""
        cells = (t for cell in self.cells for t in (cell.states, _gates(cell)))
        return _united(self.outside, *cells, *(part.states for part in self.others))

    @property
    def Parameters(self) -> type:
        """Record type of all parameters."""
        cells = [
            t for c in self.cells for t in (*(m.parameters for m in c.mechanisms), c.parameters)
        ]
        return _united(*cells, *(part.parameters for part in self.others))


def _united(*tables):
    """One record type; ConfigError for two different quantities of one name."""
    known: dict = {}
    for table_ in tables:
        for name, line in table_.quantities.items():
            if known.setdefault(name, line) != line:
                raise ConfigError(
                    f"{name}: two different quantities of the membrane have this name "
                    f"({known[name].meaning}; {line.meaning}); give one another name"
                )
    return joined(*tables)


def _gates(cell):
    return table("Gates", {name: gate.quantity for name, gate in cell.gates.items()})


def with_pumps(kinds, pumps, added=()):
    """Compartments with their pumps, and with the mechanisms that are added to each.

    Args:
        kinds: compartments without pumps.
        pumps: key of a compartment -> Mechanism.
        added: further mechanisms; one that names no compartment belongs to the first.
    """
    first, keys = kinds[0].key, [cell.key for cell in kinds]
    for part in added:
        if (part.compartment or first) not in keys:
            raise ConfigError(
                f"membrane.add: {part.name}: there is no compartment {part.compartment!r}; "
                f"there are {', '.join(keys)}"
            )
    return tuple(
        _with(cell, pumps[cell.key], [p for p in added if (p.compartment or first) == cell.key])
        for cell in kinds
    )


def _with(cell, pump, added):
    """A compartment with its pump and further mechanisms, whose potential is sought longer then."""
    mechanisms = (*cell.mechanisms, pump, *added)
    if not (added and isinstance(cell.potential, QuasiSteady)):
        return replace(cell, mechanisms=mechanisms)
    steps = cell.potential.steps + FURTHER
    return replace(cell, mechanisms=mechanisms, potential=replace(cell.potential, steps=steps))

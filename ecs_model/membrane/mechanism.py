"""What crosses a membrane: mechanisms (channels, pumps, cotransporters) as plain functions.

A mechanism is a function (v, c, y, p, T) of the membrane potential [V], the concentrations on both
sides (`c.K` is the pair inside, outside [mM]), the state, the parameters and the temperature [K].
It returns what it moves outward, ion by ion: a flux [mol/m^2/s], the `Permeability` or the
`Conductance` from which one follows by the laws of Goldman, Hodgkin and Katz or of Ohm, or the
`Multiple` of a turn. A pump tells the ATP that it splits under the name "ATP".
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ecs_model.errors import ConfigError
from ecs_model.physics.electrochemistry import ghk_flux, nernst
from ecs_model.physics.gating import gate_rate, relaxation, steady_gate
from ecs_model.physics.ions import KNOWN
from ecs_model.record import Quantity, quantity, table
from ecs_model.units import FARADAY

__all__ = [  # what a file of mechanisms needs
    "Conductance",
    "Gate",
    "Mechanism",
    "Multiple",
    "Permeability",
    "mechanism",
    "quantity",
    "relaxation",
]

type Pair = tuple[Any, Any]  # inside, outside

ATP = "ATP"
IONS = ("K", "Na", "Cl")
PER_MILLISECOND = 1e3
NOTHING = table("Nothing", {})
NO_AMOUNT = (str, bytes, list, tuple, dict, set, complex, type(None))


class Concentrations(SimpleNamespace):
    """Of every ion on both sides of a membrane [mM]; others see them, so that none may be set."""

    K: Pair
    Na: Pair
    Cl: Pair

    def __setattr__(self, name, value):
        """Refuse to be changed."""
        raise TypeError(f"c.{name} cannot be set, as all that moves ions sees it; use another name")


@dataclass(frozen=True)
class Permeability:
    """A GHK flux.

    Attributes:
        value: permeability [m/s].
        of: another ion that passes (inside [mM], outside [mM], valence), for whose charge the cell
            at once exchanges the ion that is named; None if that one passes itself.
    """

    value: Any
    of: tuple | None = None


@dataclass(frozen=True)
class Conductance:
    """A current through a conductance of `value` [S/m^2], driven by v - E of the ion."""

    value: Any


@dataclass(frozen=True)
class Multiple:
    """A whole `number` of ions with every turn [mol/m^2/s]; turns of one mechanism are one value.

    What a pump or a cotransporter moves; its charge is then that of a turn, which may be none.
    """

    number: int
    turns: Any


@dataclass(frozen=True)
class Gate:
    """The open fraction of a gate, which is a state.

    Attributes:
        rates: function u [mV] -> opening and closing rate [1/ms], the units of published fits. Its
            name is that of the state, its docstring says what it is.
        start: open fraction where no resting state is known.
        factor: parameter that multiplies both rates; None for none.
    """

    rates: Callable
    start: float = 0.5
    factor: str | None = None

    def __post_init__(self):
        """Raise TypeError for what has no name that a state can have."""
        if not getattr(self.rates, "__name__", "").isidentifier():
            raise TypeError(f"a gate is a function with a name, by def (found {self.rates!r})")

    @property
    def name(self) -> str:
        """What its state is called."""
        return self.rates.__name__

    @property
    def quantity(self):
        """Its line in the table of states."""
        meaning = (self.rates.__doc__ or "Open fraction.").partition("\n")[0].rstrip(".")
        return quantity(self.start, "1", meaning[0].lower() + meaning[1:], low=0.0, high=1.0)

    def rate(self, v, fraction, p):
        """Rate [1/s] of the open fraction at the potential `v` [V]."""
        opening, closing = self.rates(1e3 * v)
        rate = PER_MILLISECOND * gate_rate(opening, closing, fraction)
        return rate if self.factor is None else getattr(p, self.factor) * rate

    def at_rest(self, v):
        """Open fraction that does not change at the potential `v` [V]."""
        return steady_gate(*self.rates(1e3 * v))


@dataclass(frozen=True)
class Mechanism:
    """One kind of channel or transporter in a membrane.

    Attributes:
        flux: function (v, c, y, p, T) -> {ion: outward flux, Permeability, Conductance, Multiple}.
        parameters: record type of its parameters.
        gates: of which it depends.
        compartment: key of the cells in whose membrane it lies, where it is added to a model; None
            for the first.
        electrogenic: whether its current counts for the potential; some published models leave
            that of the pump out.
    """

    flux: Callable
    parameters: type = NOTHING
    gates: tuple[Gate, ...] = ()
    compartment: str | None = None
    electrogenic: bool = True

    @property
    def name(self) -> str:
        """What it is called."""
        return self.flux.__name__


def mechanism(parameters=NOTHING, gates=(), compartment=None, electrogenic=True):
    """Decorator: the Mechanism of a function; arguments as the attributes of `Mechanism`.

    Args:
        parameters: record type, or name -> quantity.
        gates: each a Gate, or the function of its rates.
        compartment: key of the cells, such as "g" for glia; None for the first.
        electrogenic: whether its current counts for the potential.
    """
    if isinstance(parameters, dict):
        _check_names(parameters)
        parameters = table("Parameters", parameters)
    if not hasattr(parameters, "_fields"):
        raise TypeError(
            f"@mechanism takes a dict, parameter -> quantity, not {_named(parameters)}; "
            "@mechanism() stands for none"
        )
    known = tuple(g if isinstance(g, Gate) else Gate(g) for g in gates)
    names = [*parameters._fields, *(gate.name for gate in known)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TypeError(f"{min(twice)!r} is the name of two gates, or of a gate and a parameter")

    def made(function):
        return Mechanism(function, parameters, known, compartment, electrogenic)

    return made


def _named(value):
    """What stands where a dict should, in words."""
    return "the function itself" if callable(value) else f"a {type(value).__name__}"


def summed(kinds):
    """Pairs of an ion and a kind, permeabilities and conductances to an ion added up.

    Args:
        kinds: pairs of an ion and what a mechanism returned for it.
    """
    sums: dict = {}
    for ion, kind in kinds:
        ohmic = isinstance(kind, Conductance)
        alike = ohmic or (isinstance(kind, Permeability) and kind.of is None)
        key = (ion, ohmic) if alike else len(sums)
        sums[key] = ion, type(kind)(sums[key][1].value + kind.value) if key in sums else kind
    return list(sums.values())


def charge(kinds, pairs, v, temperature):
    """Outward flux of charge [mol/m^2/s] by all that mechanisms returned.

    Args:
        kinds: pairs of an ion and what was returned for it.
        pairs: concentrations, `Concentrations`.
        v: membrane potential [V].
        temperature: [K].
    """
    total = 0.0
    turns: dict[int, tuple[int, Any]] = {}
    for ion, kind in kinds:
        if isinstance(kind, Multiple):
            before, _ = turns.get(id(kind.turns), (0, None))
            turns[id(kind.turns)] = before + valence(ion) * kind.number, kind.turns
        else:
            total = total + valence(ion) * flux(kind, ion, v, getattr(pairs, ion), temperature)
    for number, J in turns.values():
        total = total + number * J if number else total
    return total


def _check_names(parameters):
    """Raise TypeError for parameters that are no quantities, or have names that formulas cannot."""
    for name, line in parameters.items():
        if not str(name).isidentifier():
            raise TypeError(f"{name!r} cannot be the name of a parameter: letters, digits and _")
        if not isinstance(line, Quantity):
            raise TypeError(f"parameter {name}: write it as quantity(value, unit, meaning)")


def valence(ion):
    """Charge of an ion that the program knows, in units of the elementary charge."""
    return KNOWN[ion][0]


def flux(kind, ion, v, pair: Pair, temperature):
    """Outward flux [mol/m^2/s] of an ion by what a mechanism returned for it.

    Args:
        kind: flux, Permeability, Conductance or Multiple.
        ion: such as K.
        v: membrane potential [V].
        pair: concentrations inside and outside [mM].
        temperature: [K].
    """
    if isinstance(kind, Multiple):
        return kind.number * kind.turns
    if isinstance(kind, Conductance):
        z = valence(ion)
        return kind.value / (z * FARADAY) * (v - nernst(*pair, z, temperature))
    if not isinstance(kind, Permeability):
        return kind
    if kind.of is None:
        return ghk_flux(*pair, valence(ion), kind.value, v, temperature)
    inside, outside, z = kind.of
    return z / valence(ion) * ghk_flux(inside, outside, z, kind.value, v, temperature)


def contributions(mechanisms, v, c, y, p, T):
    """Mechanism, ion, and what the mechanism returned for it, one after the other."""
    for part in mechanisms:
        for ion, kind in moved(part, v, c, y, p, T).items():
            yield part, ion, kind


def moved(part, v, c, y, p, T):
    """What a mechanism returns: ion -> flux, Permeability, Conductance or Multiple.

    Raises:
        ConfigError: if it is no such dictionary, or names an ion that models do not follow.
    """
    found = part.flux(v, c, y, p, T)
    if not isinstance(found, dict):
        raise ConfigError(
            f"{_place(part)}: must return a dictionary ion -> flux, not {type(found).__name__}"
        )
    if unknown := set(found) - {*IONS, ATP}:
        raise ConfigError(
            f"{_place(part)}: returns a flux of {min(unknown)!r}; models follow {', '.join(IONS)}, "
            "and pumps tell their ATP"
        )
    for ion, kind in found.items():
        amount = kind.turns if isinstance(kind, Multiple) else getattr(kind, "value", kind)
        if isinstance(amount, NO_AMOUNT) or callable(amount):
            raise ConfigError(
                f"{_place(part)}: returns a value of type {type(amount).__name__} for {ion}; a "
                "number or a formula would be right"
            )
    return found


def _place(part):
    """The name of a mechanism, with file and line of its function."""
    code = getattr(part.flux, "__code__", None)
    return (
        f"{Path(code.co_filename).name}:{code.co_firstlineno}: {part.name}" if code else part.name
    )

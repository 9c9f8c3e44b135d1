"""Cells of one kind: what is in them, what is in their membrane, and what its potential is."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Protocol

from ecs_model.membrane.autodiff import Dual, root
from ecs_model.membrane.mechanism import ATP, Conductance, Mechanism, Permeability, flux, valence
from ecs_model.physics.electrochemistry import (
    ghk_charge_flux,
    ghk_slope_at_reversal,
    ghk_sums,
    ghk_voltage,
    nernst,
)
from ecs_model.units import FARADAY

IONS = ("K", "Na", "Cl")

Exchange = namedtuple("Exchange", "v ions atp charge")  # of a compartment, see `exchange`
Sums = namedtuple("Sums", "inside outside conductance drive")  # of what is passive, see `_sums`


class Potential(Protocol):
    """How the membrane potential of a compartment follows."""

    def value(self, cell, y, p, env):
        """The potential [V]."""

    def rates(self, cell, now, y, p):
        """Rates [V/s] of the potentials among the states, as a list."""


def of_surroundings(p, env):
    """Temperature [K] of the tissue."""
    return env.temperature


@dataclass(frozen=True)
class Compartment:
    """Cells of one kind.

    Attributes:
        key: ending of the names of their concentrations, such as "i" in K_i.
        cells: what they are, for messages and tables.
        states: record type of their concentrations, and of V where it is a state.
        parameters: record type of area, volume and what else belongs to no mechanism.
        mechanisms: what is in their membrane.
        potential: how the membrane potential follows.
        area: parameter that is the membrane area per tissue volume.
        fraction: parameter that is the volume fraction at rest.
        balance: ion whose flux follows from electroneutrality, as published; None if it has its own.
        pairs: function (state, parameters, surroundings) -> {ion: (inside, outside)} [mM], for
            models that do not follow all ions as states; None for those of the states.
        temperature: function (parameters, surroundings) -> [K].
        coupled: whether gap junctions may join them.
    """

    key: str
    cells: str
    states: type
    parameters: type
    mechanisms: tuple[Mechanism, ...]
    potential: Potential
    area: str = "S"
    fraction: str = "phi"
    balance: str | None = None
    pairs: Callable | None = None
    temperature: Callable = of_surroundings
    coupled: bool = False

    @property
    def gates(self):
        """Name -> Gate, of all mechanisms."""
        return {gate.name: gate for part in self.mechanisms for gate in part.gates}

    @property
    def own(self):
        """States that have rates of their own: the potential, if it is one, and the gates."""
        potential = ("V",) if "V" in self.states._fields else ()
        return (*potential, *self.gates)

    @property
    def ions(self):
        """Ions whose fluxes are counted one by one."""
        return tuple(ion for ion in IONS if ion != self.balance)

    def concentrations(self, y, p, env):
        """The pairs inside, outside [mM] by the name of the ion."""
        if self.pairs is not None:
            return SimpleNamespace(**self.pairs(y, p, env))
        return SimpleNamespace(**{
            ion: (getattr(y, f"{ion}_{self.key}"), getattr(y, f"{ion}_o")) for ion in IONS
        })  # fmt: skip

    def rates(self, now, y, p):
        """Rates of the potential [V/s] and of the gates [1/s], as a list."""
        gates = self.gates.items()
        return [
            *self.potential.rates(self, now, y, p),
            *(gate.rate(now.v, getattr(y, name), p) for name, gate in gates),
        ]


def exchange(cell, y, p, env, v=None):
    """What a compartment gives: its potential, its outward fluxes, its use of ATP, its charge.

    Args:
        cell: the Compartment.
        y: the state.
        p: parameters.
        env: surroundings.
        v: membrane potential [V]; None for its own.

    Returns:
        Exchange: v [V]; ions -> outward flux [mol/m^2/s]; ATP that is split [mol/m^2/s]; charge
        that leaves as current [mol/m^2/s].
    """
    v = cell.potential.value(cell, y, p, env) if v is None else v
    T, c = cell.temperature(p, env), cell.concentrations(y, p, env)
    ions, atp, charge = dict.fromkeys(IONS, 0.0), 0.0, 0.0
    for part, name, kind in _summed(cell, v, c, y, p, T):
        if name == ATP:
            atp = atp + kind
            continue
        J = flux(kind, name, v, getattr(c, name), T)
        ions[name] = ions[name] + J
        if part.electrogenic:
            charge = charge + valence(name) * J
    if cell.balance:
        ions[cell.balance] = balancing(ions, cell.balance)
    return Exchange(v, ions, atp, charge)


def balancing(ions, balance):
    """The flux of the ion `balance` that carries the charge of the others back."""
    charge = sum(valence(ion) * J for ion, J in ions.items() if ion != balance)
    return -charge / valence(balance)


def _parts(cell, v, c, y, p, T):
    """Mechanism, ion, and what the mechanism returned for it."""
    for part in cell.mechanisms:
        for ion, kind in part.flux(v, c, y, p, T).items():
            yield part, ion, kind


def _summed(cell, v, c, y, p, T):
    """As `_parts`, with the permeabilities and conductances to an ion added up: fewer operations."""
    sums: dict = {}
    for part, ion, kind in _parts(cell, v, c, y, p, T):
        alike = isinstance(kind, Permeability | Conductance) and getattr(kind, "of", None) is None
        key = (ion, type(kind)) if alike else (ion, len(sums))
        if key in sums:
            kind = type(kind)(sums[key][2].value + kind.value)
        sums[key] = part, ion, kind
    return sums.values()


@dataclass(frozen=True)
class QuasiSteady:
    """The potential at which no charge is exchanged.

    It is sought by Halley's steps from where the passive fluxes (permeabilities and conductances
    that do not depend on the potential) and all others, taken there, would let it be.

    Attributes:
        steps: of the search, to round-off over the states that cells reach.
        guess: function (c, T) -> potential [V] where the search begins; None for the above.
    """

    steps: int = 3
    guess: Callable | None = None

    def value(self, cell, y, p, env):
        """The potential [V]."""
        c, T = cell.concentrations(y, p, env), cell.temperature(p, env)
        passive = _passive(cell, c, y, p, T)
        sums = Sums(*_ghk(passive, c), *_ohmic(passive, c, T))
        start = self.guess(c, T) if self.guess else _start(cell, sums, y, p, env, passive)
        law = lambda v, sums, y, p, env: _charge(cell, v, sums, y, p, env, passive)  # noqa: E731
        return root(law, start, self.steps, sums, y, p, env)

    def rates(self, cell, now, y, p):
        """Nothing: the potential is no state."""
        return []


def _passive(cell, c, y, p, T):
    """(mechanism, ion) -> what it returned, of permeabilities and conductances without `v`."""
    probe = Dual(0.0, {"v": 1.0})
    return {
        (id(part), ion): kind
        for part, ion, kind in _parts(cell, probe, c, y, p, T)
        if isinstance(kind, Permeability | Conductance)
        and not (isinstance(kind.value, Dual) and "v" in kind.value.slopes)
    }


def _ghk(passive, c):
    """Sums of permeability times concentration, inside and outside [mol/m^2/s]."""
    ions: dict = {1: {}, -1: {}}
    for (_, ion), kind in passive.items():
        if isinstance(kind, Permeability):
            inside, outside, z = kind.of or (*getattr(c, ion), valence(ion))
            key = ion if kind.of is None else id(kind)
            before = ions[z].get(key, (0.0,))[0]
            ions[z][key] = before + kind.value, inside, outside
    return ghk_sums(ions[1].values(), ions[-1].values())


def _ohmic(passive, c, T):
    """Conductance of all ions together, and the current at 0 V with its sign changed, over F."""
    ions: dict = {}
    for (_, ion), kind in passive.items():
        if isinstance(kind, Conductance):
            ions[ion] = ions.get(ion, 0.0) + kind.value
    drive = sum(g * nernst(*getattr(c, ion), valence(ion), T) for ion, g in ions.items())
    return sum(ions.values()) / FARADAY, drive / FARADAY


def _start(cell, sums, y, p, env, passive):
    """The potential [V] of the passive fluxes, shifted by what all others carry there."""
    T, slope, drive = cell.temperature(p, env), sums.conductance, sums.drive
    if not _is_none(sums.inside):
        ghk = ghk_slope_at_reversal(sums.inside, sums.outside, T)
        drive = drive + ghk * ghk_voltage(sums.inside, sums.outside, T)
        slope = slope + ghk
    leak = drive / slope
    return leak - _active(cell, leak, y, p, env, passive) / slope


def _is_none(x):
    return isinstance(x, int | float) and x == 0


def _charge(cell, v, sums, y, p, env, passive):
    """Outward flux of charge [mol/m^2/s] at the potential `v` [V]."""
    ghk = ghk_charge_flux(sums.inside, sums.outside, v, cell.temperature(p, env))
    ohmic = sums.conductance * v - sums.drive
    return ghk + ohmic + _active(cell, v, y, p, env, passive)


def _active(cell, v, y, p, env, passive):
    """Outward flux of charge [mol/m^2/s] by all that is not passive."""
    c, T = cell.concentrations(y, p, env), cell.temperature(p, env)
    total = 0.0
    for part, ion, kind in _parts(cell, v, c, y, p, T):
        if ion != ATP and part.electrogenic and (id(part), ion) not in passive:
            total = total + valence(ion) * flux(kind, ion, v, getattr(c, ion), T)
    return total


@dataclass(frozen=True)
class OfContents:
    """The potential [V] that the charge of the cell's contents puts on its membrane.

    Attributes:
        law: function (state, parameters, surroundings) -> [V].
    """

    law: Callable

    def value(self, cell, y, p, env):
        """The potential [V]."""
        return self.law(y, p, env)

    def rates(self, cell, now, y, p):
        """Nothing: it follows from the contents."""
        return []


@dataclass(frozen=True)
class Capacitive:
    """The potential is a state, V: the current charges the membrane.

    Attributes:
        area: function of the state -> membrane area relative to rest; None where it is constant.
    """

    area: Callable | None = None

    def value(self, cell, y, p, env):
        """The potential [V]."""
        return y.V

    def rates(self, cell, now, y, p):
        """Rate of V [V/s]."""
        current = FARADAY * now.charge
        if self.area is not None:
            current = current / self.area(y)
        return [-(current - p.I_stim) / p.C]

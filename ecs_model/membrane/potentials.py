"""How the membrane potential of cells follows: quasi-steady, from their charge, or as a state."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass

from ecs_model.membrane.autodiff import Dual, once, root
from ecs_model.membrane.mechanism import (
    ATP,
    Conductance,
    Permeability,
    charge,
    contributions,
    summed,
    valence,
)
from ecs_model.physics.electrochemistry import (
    ghk_charge_flux,
    ghk_slope_at_reversal,
    ghk_sums,
    ghk_voltage,
    nernst,
)
from ecs_model.units import FARADAY

Sums = namedtuple("Sums", "inside outside conductance drive")  # of what is passive


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

    @once
    def value(self, cell, y, p, env):
        """The potential [V]."""
        c, T = cell.concentrations(y, p, env), cell.temperature(p, env)
        passive = _passive(cell, c, y, p, T)
        kinds = summed((ion, kind) for (_, ion), kind in passive.items())
        sums = Sums(*_ghk(kinds, c), *_ohmic(kinds, c, T))
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
        for part, ion, kind in contributions(cell.mechanisms, probe, c, y, p, T)
        if part.electrogenic
        and isinstance(kind, Permeability | Conductance)
        and not (isinstance(kind.value, Dual) and "v" in kind.value.slopes)
    }


def _ghk(kinds, c):
    """Sums of permeability times concentration, inside and outside [mol/m^2/s]."""
    ions: dict = {1: [], -1: []}
    for ion, kind in kinds:
        if isinstance(kind, Permeability):
            inside, outside, z = kind.of or (*getattr(c, ion), valence(ion))
            ions[z].append((kind.value, inside, outside))
    return ghk_sums(ions[1], ions[-1])


def _ohmic(kinds, c, T):
    """Conductance of all ions together, and the current at 0 V with its sign changed, over F."""
    ions = [(ion, kind.value) for ion, kind in kinds if isinstance(kind, Conductance)]
    drive = sum(g * _reversal(c, ion, T) for ion, g in ions)
    return sum(g for _, g in ions) / FARADAY, drive / FARADAY


def _reversal(c, ion, T):
    """Potential [V] at which an ion is in equilibrium."""
    inside, outside = getattr(c, ion)
    return nernst(inside, outside, valence(ion), T)


def _start(cell, sums, y, p, env, passive):
    """The potential [V] of the passive fluxes, shifted by what all others carry there."""
    leak, slope = _leak(sums, cell.temperature(p, env))
    return leak - _active(cell, leak, y, p, env, passive) / slope


def _leak(sums, T):
    """The potential [V] of the passive fluxes alone, and about the slope of their charge there."""
    if _is_none(sums.inside):
        return sums.drive / sums.conductance, sums.conductance
    leak = ghk_voltage(sums.inside, sums.outside, T)
    slope = ghk_slope_at_reversal(sums.inside, sums.outside, T)
    if _is_none(sums.conductance):
        return leak, slope
    both = slope + sums.conductance
    return (slope * leak + sums.drive) / both, both


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
    kinds = (
        (ion, kind)
        for part, ion, kind in contributions(cell.mechanisms, v, c, y, p, T)
        if ion != ATP and part.electrogenic and (id(part), ion) not in passive
    )
    return charge(kinds, c, v, T)


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
        spikes: whether the currents of the cell make spikes of it.
    """

    area: Callable | None = None
    spikes: bool = True

    def value(self, cell, y, p, env):
        """The potential [V]."""
        return y.V

    def rates(self, cell, now, y, p):
        """Rate of V [V/s]."""
        current = FARADAY * now.charge
        if self.area is not None:
            current = current / self.area(y)
        return [-(current - p.I_stim) / p.C]

"""Cells of one kind: what is in them, what is in their membrane, and what its potential is."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ecs_model.errors import ConfigError
from ecs_model.membrane.autodiff import once
from ecs_model.membrane.mechanism import (
    ATP,
    IONS,
    Concentrations,
    Mechanism,
    charge,
    contributions,
    flux,
    summed,
    valence,
)

Exchange = namedtuple("Exchange", "v ions atp charge")  # of a compartment, see `exchange`


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
        balance: ion whose flux follows from electroneutrality, as published; None for none.
        pairs: function (state, parameters, surroundings) -> {ion: (inside, outside)} [mM], for
            models that do not follow all ions as states; None for those of the states.
        temperature: function (parameters, surroundings) -> [K].
        coupled: whether gap junctions may join them.
    """

    key: str
    cells: str
    states: Any  # a record type
    parameters: Any  # likewise
    mechanisms: tuple[Mechanism, ...]
    potential: Potential
    area: str = "S"
    fraction: str = "phi"
    balance: str | None = None
    pairs: Callable | None = None
    temperature: Callable = of_surroundings
    coupled: bool = False

    def __post_init__(self):
        """Raise ConfigError for a mechanism that is there twice."""
        for part in self.mechanisms:
            if self.mechanisms.count(part) > 1:
                raise ConfigError(f"membrane.add: {part.name} is there twice")

    @property
    def gates(self):
        """Name -> Gate, of all mechanisms."""
        found: dict = {}
        for part in self.mechanisms:
            for gate in part.gates:
                if found.setdefault(gate.name, gate) != gate:
                    raise ConfigError(
                        f"{part.name}: another gate is called {gate.name!r}; give it another name"
                    )
        return found

    def gates_at_rest(self, v):
        """Name -> open fraction that does not change at the potential `v` [V]."""
        return {name: gate.at_rest(v) for name, gate in self.gates.items()}

    @property
    def own(self):
        """States that have rates of their own: the potential, if it is one, and the gates."""
        potential = ("V",) if "V" in self.states._fields else ()
        return (*potential, *self.gates)

    @property
    def ions(self):
        """Ions whose fluxes are counted one by one."""
        return tuple(ion for ion in IONS if ion != self.balance)

    def concentrations(self, y, p, env) -> Concentrations:
        """The pairs inside, outside [mM] by the name of the ion."""
        if self.pairs is not None:
            return Concentrations(**self.pairs(y, p, env))
        return Concentrations(
            **{ion: (getattr(y, f"{ion}_{self.key}"), getattr(y, f"{ion}_o")) for ion in IONS}
        )

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
    if v is None:
        return _own_exchange(cell, y, p, env)
    T, c = cell.temperature(p, env), cell.concentrations(y, p, env)
    found = list(contributions(cell.mechanisms, v, c, y, p, T))
    atp = sum(kind for _, name, kind in found if name == ATP)
    moved = [(part, name, kind) for part, name, kind in found if name != ATP]
    carrying = summed((name, kind) for part, name, kind in moved if part.electrogenic)
    silent = summed((name, kind) for part, name, kind in moved if not part.electrogenic)
    ions = dict.fromkeys(IONS, 0.0)
    for name, kind in (*carrying, *silent):
        ions[name] = ions[name] + flux(kind, name, v, getattr(c, name), T)
    if cell.balance:
        ions[cell.balance] = balancing(ions, cell.balance)
    return Exchange(v, ions, atp, charge(carrying, c, v, T))


@once
def _own_exchange(cell, y, p, env):
    """What a compartment gives at its own potential."""
    return exchange(cell, y, p, env, cell.potential.value(cell, y, p, env))


def balancing(ions, balance):
    """The flux of the ion `balance` that carries the charge of the others back."""
    shares = {ion: -valence(ion) / valence(balance) for ion in ions if ion != balance}
    return sum(share * ions[ion] for ion, share in shares.items())

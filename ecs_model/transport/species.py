"""What diffuses through the whole tissue, cells and membranes included, as oxygen does.

    dC/dt = div(D / lambda^2 grad C) + k (C_blood - C) + what membranes give    [per tissue volume]

Its concentration is a state of the membranes, which take it up or give it; no volume fraction
stands before it, and neither swelling nor the tortuosity of the extracellular space touches it.

References:
    Krogh (1919), J Physiol 52, 409: diffusion of oxygen through tissue.
    Ganfield, Nair & Whalen (1970), Am J Physiol 219, 814: oxygen in brain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ecs_model.memory import Share
from ecs_model.physics.values import Array
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import Matrices
from ecs_model.transport.protocol import Books, Field, Report, StateAndReport, Transport


class Species:
    """One species.

    Args:
        diffusion: its transport, by matrices of the whole tissue.
        tolerance: of the local error of a step [mM].

    Attributes:
        taken: what membranes gave so far at this process's nodes, less what they took [mol].
    """

    def __init__(self, diffusion: Diffusion, tolerance: float) -> None:
        self.diffusion, self.tolerance = diffusion, tolerance
        self.taken, self._after = 0.0, self._stored()
        self._start = self._after

    def _stored(self):
        """Amount at this process's nodes [mol]."""
        return float(self.diffusion.operators.lumped @ self.diffusion.values)

    def advance(self, t: float, dt: float, damped: bool) -> None:
        """Book what membranes did since the last step, then take a step of transport."""
        self._book_membranes()
        self.diffusion.advance(t, dt, damped)
        self._after = self._stored()

    def hold(self, t: float) -> None:
        """Set nodes on Dirichlet boundaries to the concentrations there at time `t` [s]."""
        self._book_membranes()
        self.diffusion.hold(t)
        self._after = self._stored()

    def _book_membranes(self):
        now = self._stored()
        self.taken += now - self._after
        self._after = now

    def state(self) -> dict[str, Any]:
        """As that of `Transport`."""
        amounts = {"taken": self.taken, "after": self._after, "start": self._start}
        return {**self.diffusion.state(), "amounts": Share(amounts)}

    def load(self, state: Mapping[str, Any]) -> None:
        """As that of `Transport`."""
        self.diffusion.load(state)
        amounts = state["amounts"]
        amounts = amounts.value if isinstance(amounts, Share) else amounts
        self.taken, self._after, self._start = (amounts[n] for n in ("taken", "after", "start"))

    def balance(self) -> dict[str, Any]:
        """Where it is and where it came from, as that of an ion in `summary.json`; collective."""
        self._book_membranes()
        comm = self.diffusion.operators.mesh.comm
        given = {"membranes": self.taken, **self.diffusion.ledger.given}
        start, end = (comm.allreduce(x) for x in (self._start, self._stored()))
        given = {name: comm.allreduce(amount) for name, amount in given.items()}
        residual = end - start - sum(given.values())
        scale = abs(start) + sum(abs(amount) for amount in given.values())
        error = abs(residual) / scale if scale else abs(residual)
        return {"start": start, "end": end, "given": given, "relative_error": error}


class WithSpecies:
    """Ions, and what moves beside them through the whole tissue; a `Transport`.

    Args:
        ions: the transport of ions.
        species: name -> Species.

    Attributes:
        ions, species: as they were given.
        operators, ledger, fields: those of the ions.
    """

    def __init__(self, ions: Transport, species: Mapping[str, Species]) -> None:
        self.ions, self.species = ions, dict(species)

    @property
    def operators(self) -> Matrices:
        """Matrices of the extracellular space."""
        return self.ions.operators

    @property
    def ledger(self) -> Books:
        """Sources and boundaries of all ions outside."""
        return self.ions.ledger

    @property
    def fields(self) -> Mapping[str, Field]:
        """What can be written beside the concentrations."""
        return self.ions.fields

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance ions and species by a step, as `Transport` describes it."""
        self.ions.advance(t, dt, damped)
        for species in self.species.values():
            species.advance(t, dt, damped)

    def hold(self, t: float) -> None:
        """Set nodes on Dirichlet boundaries to the concentrations there at time `t` [s]."""
        self.ions.hold(t)
        for species in self.species.values():
            species.hold(t)

    def state(self) -> dict[str, Any]:
        """As that of `Transport`."""
        made = self.ions.state()
        for name, species in self.species.items():
            made |= {f"{name}/{key}": value for key, value in species.state().items()}
        return made

    def load(self, state: Mapping[str, Any]) -> None:
        """As that of `Transport`."""
        self.ions.load(state)
        for name, species in self.species.items():
            begin = f"{name}/"
            own = {key[len(begin) :]: v for key, v in state.items() if key.startswith(begin)}
            species.load(own)

    def report(self) -> Report:
        """How it went so far, all solves together; the same on all processes."""
        found = self.ions.report()
        others = [species.diffusion.report() for species in self.species.values()]
        return replace(
            found,
            iterations=found.iterations + sum(x.iterations for x in others),
            total_iterations=found.total_iterations + sum(x.total_iterations for x in others),
            corrections={
                **found.corrections,
                **{name: c for x in others for name, c in x.corrections.items()},
            },
        )


def species_of(transport: Transport) -> Mapping[str, Species]:
    """Name -> Species of a transport; none where only ions move."""
    return transport.species if isinstance(transport, WithSpecies) else {}


def followed(transport: Transport) -> list[tuple[str, Array, float | None]]:
    """Name, values at owned nodes [mM] and tolerance [mM] of what steps must resolve beside K+.

    That is the species of a transport, and the shifts that balance exchange; a tolerance of None
    is that of K+.
    """
    found: list[tuple[str, Array, float | None]] = []
    ions = transport.ions if isinstance(transport, WithSpecies) else transport
    for mover in ions.movers() if isinstance(ions, StateAndReport) else ():
        found += _shifts(mover, None)
    for name, species in species_of(transport).items():
        found.append((name, species.diffusion.values, species.tolerance))
        found += _shifts(species.diffusion, species.tolerance)
    return found


def _shifts(mover, tolerance):
    """The shifts of an ion or a species, as in `followed`; none where nothing is exchanged."""
    balance = getattr(mover, "balance", None)
    return [] if balance is None else [(f"exchange_{mover.name}", balance.shift, tolerance)]


def ledgers_of(transport: Transport) -> Sequence[Books | Ledger]:
    """The ledgers of ions and species."""
    return [transport.ledger, *(x.diffusion.ledger for x in species_of(transport).values())]

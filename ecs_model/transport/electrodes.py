"""Currents through boundaries of tissue in electrodiffusion, and baths at potentials.

A current enters as ions, each with its share of the conductivity that is there as the run begins;
it leaves where another boundary takes it, or through a bath.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecs_model.native import MPI

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.tissue.sources import Bath
from ecs_model.tissue.time_course import Profile
from ecs_model.transport.diffusion import Diffusion


@dataclass(frozen=True)
class Current:
    """A current through a boundary into the tissue, whose ions are among the sources.

    Attributes:
        name: of the boundary.
        rate: charge that enters this process's nodes [mol/s] while the profile is 1.
        profile: in time.
    """

    name: str
    rate: float
    profile: Profile

    def charge(self, t: float, dt: float) -> float:
        """Charge [mol] that enters from `t` [s] on in `dt` [s]."""
        return self.rate * self.profile.integral(t, t + dt)


def hold(baths: Sequence[Bath], psi: Array, start: float, end: float, unit: float) -> None:
    """Set the potential at baths to its mean from `start` to `end` [s]; zero where none is given.

    Args:
        baths: all of them.
        psi: at owned nodes, in `unit`; changed in place.
        start: [s].
        end: [s].
        unit: [V].
    """
    if not any(bath.potential for bath in baths):
        return
    for bath in baths:
        psi[bath.nodes] = 0.0
    for bath in baths:
        if bath.potential:
            psi[bath.nodes] += bath.shares * bath.potential.mean(start, end) / unit


def book(
    currents: Sequence[Current],
    bound: Diffusion,
    valence: int,
    migration: Array | None,
    before: Mapping[str, float],
    t: float,
    dt: float,
) -> None:
    """Book what the ion that follows from neutrality carries of currents, which have charge.

    It is booked already as if what enters at boundaries and through baths had none.

    Args:
        currents: through boundaries.
        bound: the ion.
        valence: of it.
        migration: what the field brings of it to each owned node [mol].
        before: name -> amount [mol] of it before the step.
        t: when the step begins [s].
        dt: its length [s].
    """
    ledger, baths = bound.ledger, bound.ledger.dirichlet
    if not currents and len(baths) < 2:
        return
    whole = sum(ledger.given[bath.name] - before[bath.name] for bath in baths)
    for current in currents:
        amount = current.charge(t, dt) / valence
        ledger.given[current.name] += amount
        whole -= amount
    if baths:
        terms = ledger.terms(bound.values, bound.increment, bound.middle(), t, dt, migration)
        comm, own = bound.operators.mesh.comm, dict(terms)
        through = _through_baths(comm, baths, own, whole)
        ledger.given |= {name: before[name] + amount for name, amount in through.items()}


def _through_baths(comm, baths, own, whole):
    """Name of a bath -> amount, such that all processes together come to what all must be.

    Args:
        comm: MPI communicator.
        baths: all of them.
        own: name -> amount at this process's nodes, by its own integral.
        whole: what all are together, this process's share; a part of what is missing goes to each
            of their nodes.
    """
    amounts = np.array([own[bath.name] for bath in baths])
    counts = np.array([len(bath.nodes) for bath in baths])
    sums = np.array([whole - amounts.sum(), counts.sum()])
    comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
    amounts += sums[0] / sums[1] * counts
    return dict(zip((bath.name for bath in baths), amounts.tolist(), strict=True))

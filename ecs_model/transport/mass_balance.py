"""Book-keeping of an ion: what each source and boundary gives or takes, to round-off.

Amounts are in mol (per m^2 of cross-section in 1-D, per m of depth in 2-D). Each term is computed
from its own integral, not from what is missing, so that the sum of all terms is a check.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ecs_model.native import MPI

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.tissue.sources import Bath, Exchange, Load, divided
from ecs_model.transport.matrices import Matrices


class Ledger:
    """Sources and boundaries of one ion, and what they have given so far.

    Args:
        operators: matrices of the tissue.
        sources: what enters in regions, at points and through surfaces.
        robin: Robin boundaries, through which flux goes with a difference of concentrations.
        dirichlet: Dirichlet boundaries, where concentrations are given; a node that belongs to
            several has a share in each.
        ratio: diffusivity of the ion relative to that of the matrices.

    Attributes:
        given: name -> amount [mol] that this process's nodes got so far.
        exchange: conductance of all Robin boundaries at each owned node [m^3/s].
        fastest: highest rate of exchange at any node [1/s].
        fixed: owned nodes on Dirichlet boundaries.
        open: whether anything depends on the concentrations, as boundaries of both kinds do.
    """

    def __init__(
        self,
        operators: Matrices,
        sources: Sequence[Load] = (),
        robin: Sequence[Exchange] = (),
        dirichlet: Sequence[Bath] = (),
        ratio: float = 1.0,
    ) -> None:
        self._operators, self._ratio = operators, ratio
        self.sources, self.dirichlet = list(sources), divided(dirichlet, operators.mesh.owned)
        nodes = [boundary.nodes for boundary in dirichlet]
        self.fixed = np.unique(np.concatenate([np.empty(0, np.int64), *nodes]))
        self.robin = [_without(boundary, self.fixed) for boundary in robin]
        self.exchange = np.zeros(operators.mesh.owned)
        for boundary in self.robin:
            self.exchange[boundary.nodes] += boundary.conductances
        rate = float((self.exchange / operators.lumped).max(initial=0.0)) if robin else 0.0
        self.fastest = operators.mesh.comm.allreduce(rate, MPI.MAX) if robin else 0.0
        self.open = bool(self.robin or self.dirichlet)
        self.given = {x.name: 0.0 for x in (*self.sources, *self.robin, *self.dirichlet)}
        self.refresh()

    def add(self, source: Load) -> None:
        """Take up another source."""
        self.sources.append(source)
        self.given[source.name] = 0.0

    def load(self, given: Mapping[str, float]) -> None:
        """Count on from what was `given` by then."""
        self.given = dict(given)

    def refresh(self) -> None:
        """Take over the matrices as they are now."""
        self._couplings = [self._coupling(boundary) for boundary in self.dirichlet]

    def _coupling(self, boundary):
        """Nodes beside a Dirichlet boundary, and column sums of its rows of M and K there."""
        mask = np.zeros(self._operators.mesh.owned)
        mask[boundary.nodes] = boundary.shares
        stiffness, mass = self._operators.products(mask)
        stiffness *= self._ratio
        nodes = np.flatnonzero((mass != 0) | (stiffness != 0))
        return nodes, mass[nodes], stiffness[nodes]

    def hold(self, values: Array, start: float, end: float) -> None:
        """Set concentrations [mM] on Dirichlet boundaries to their mean from `start` to `end` [s].

        What that takes is booked as given by the boundary.
        """
        if not self.dirichlet:
            return
        before = values[self.fixed]
        values[self.fixed] = 0.0
        for boundary in self.dirichlet:
            values[boundary.nodes] += boundary.shares * boundary.level(start, end)
        change = np.zeros_like(values)
        change[self.fixed] = self._operators.lumped[self.fixed] * (values[self.fixed] - before)
        for boundary in self.dirichlet:
            self.given[boundary.name] += float(boundary.shares @ change[boundary.nodes])

    def add_sources(self, right: Array, t: float, dt: float) -> None:
        """Add what sources and the far side of Robin boundaries bring in a step to `right` [mol].

        Args:
            right: at owned nodes; changed in place.
            t: when the step begins [s].
            dt: its length [s].
        """
        for source in self.sources:
            right[source.nodes] += source.rates * source.profile.integral(t, t + dt)
        for boundary in self.robin:
            right[boundary.nodes] += dt * boundary.conductances * boundary.level(t, t + dt)

    def reach(
        self,
        u: Array,
        t: float,
        dt: float,
        migration: Array | None = None,
        room: Callable[[], Sequence[Array]] | None = None,
    ) -> tuple[Array, Array]:
        """What each node may come to by itself in a step: the lowest and the highest [mM].

        Args:
            u: concentrations as the step begins [mM].
            t: when the step begins [s].
            dt: its length [s].
            migration: what an electric field brings to each node [mol]; it may do twice as much,
                since it is no source that ends where a node does.
            room: gives places for three times as many numbers, which are overwritten, where the
                results are not `u` itself; None for new ones.
        """
        brought = self._brought(t, dt)
        if not brought and not self.robin and migration is None:
            return u, u
        low, high, change = room() if room else np.empty((3, len(u)))
        low[:] = high[:] = u
        self._widen_to_baths(low, high, t, dt)
        for nodes, more in brought:
            low[nodes] += np.minimum(more, 0.0)
            high[nodes] += np.maximum(more, 0.0)
        if migration is not None:
            np.abs(migration, out=change)
            change *= 2.0
            change /= self._operators.lumped
            low -= change
            high += change
        return np.maximum(low, 0.0, out=low), high

    def _brought(self, t, dt):
        """Pairs of nodes and the changes [mM] that sources which act in a step bring there."""
        amounts = [(x, x.profile.integral(t, t + dt)) for x in self.sources]
        lumped = self._operators.lumped
        return [(x.nodes, amount * x.rates / lumped[x.nodes]) for x, amount in amounts if amount]

    def _widen_to_baths(self, low, high, t, dt):
        for boundary in self.robin:
            level, nodes = boundary.level(t, t + dt), boundary.nodes
            low[nodes] = np.minimum(low[nodes], level)
            high[nodes] = np.maximum(high[nodes], level)

    def settle_limited(self, values: Array, arriving: Array, t: float, dt: float) -> None:
        """Book a limited step.

        Args:
            values: concentrations that Robin boundaries saw [mM].
            arriving: what came to each node [mol]; Dirichlet boundaries keep it.
            t: when the step begins [s].
            dt: its length [s].
        """
        for source in self.sources:
            amount = float(source.rates.sum()) * source.profile.integral(t, t + dt)
            self.given[source.name] += amount
        for boundary in self.robin:
            difference = boundary.level(t, t + dt) - values[boundary.nodes]
            self.given[boundary.name] += dt * float(boundary.conductances @ difference)
        for boundary in self.dirichlet:
            kept = float(boundary.shares @ arriving[boundary.nodes])
            self.given[boundary.name] -= kept + self._sources_at(boundary, t, dt)

    def keep(self, amounts: Array) -> None:
        """Book what came to Dirichlet boundaries beyond a step.

        Args:
            amounts: at owned nodes [mol]; those at other nodes do not count.
        """
        for boundary in self.dirichlet:
            self.given[boundary.name] -= float(boundary.shares @ amounts[boundary.nodes])

    def overdraws(self, values: Array, increment: Array, t: float, dt: float) -> bool:
        """Whether an owned node that comes below zero gives sources more than it has by itself.

        Args:
            values: as the step begins [mM].
            increment: of the step [mM].
            t: when the step begins [s].
            dt: its length [s].
        """
        own = values.copy()
        for nodes, change in self._brought(t, dt):
            own[nodes] += np.minimum(change, 0.0)
        return bool(((own < 0.0) & (values + increment < 0.0)).any())

    def taker(self, node: int, t: float, dt: float) -> str | None:
        """Name of what takes most from an owned node in a step; None if nothing does."""
        takes: dict[str, float] = {}
        for source in self.sources:
            rate = float(source.rates[source.nodes == node].sum())
            takes[source.name] = rate * source.profile.integral(t, t + dt)
        for boundary in self.robin:
            flows = boundary.conductances * np.minimum(boundary.level(t, t + dt), 0.0)
            takes[boundary.name] = float(flows[boundary.nodes == node].sum())
        name = min(takes, key=takes.__getitem__, default=None)
        return name if name is not None and takes[name] < 0 else None

    def closing_weights(self, part: float) -> tuple[Array, Array | None]:
        """Weights of an increment: w . d is the amount it brings beyond `due`.

        Args:
            part: of the step [s] that an increment counts, half of it for Crank-Nicolson.

        Returns:
            w at owned nodes [m^3], and the share of it per second of `part`; None if that is zero.
            Where nothing is open, w is the lumped mass itself.
        """
        if not self.open:
            return self._operators.lumped, None
        weights, flows = self._operators.lumped.copy(), self.exchange.copy()
        for nodes, mass, stiffness in self._couplings:
            weights[nodes] -= mass
            flows[nodes] -= stiffness
        weights += part * flows
        weights[self.fixed] = flows[self.fixed] = 0.0
        return weights, flows

    def due(self, values: Array, t: float, dt: float, migration: Array | None = None) -> float:
        """Amount [mol] that this process's share of a step must bring, by all terms together."""
        return sum(amount for _, amount in self.terms(values, None, None, t, dt, migration))

    def settle(
        self,
        values: Array,
        increment: Array,
        middle: Array | None,
        t: float,
        dt: float,
        migration: Array | None = None,
    ) -> None:
        """Book a step that takes `values` [mM] to `values + increment`.

        Args:
            values: as the step begins [mM].
            increment: of the step [mM].
            middle: what is there on average, beyond `values` [mM]; None if nothing is open.
            t: when the step begins [s].
            dt: its length [s].
            migration: what a field brings to each node [mol]; Dirichlet boundaries keep it.
        """
        for name, amount in self.terms(values, increment, middle, t, dt, migration):
            self.given[name] += amount

    def terms(
        self,
        u: Array,
        d: Array | None,
        middle: Array | None,
        t: float,
        dt: float,
        migration: Array | None = None,
    ) -> Iterator[tuple[str, float]]:
        """Pairs (name, amount [mol]) of a step, as in `settle`; d and `middle` None stand for 0."""
        for source in self.sources:
            yield source.name, float(source.rates.sum()) * source.profile.integral(t, t + dt)
        for x in self.robin:
            here = u[x.nodes] + _at(middle, x.nodes)
            yield x.name, dt * float(x.conductances @ (x.level(t, t + dt) - here))
        for boundary, (nodes, mass, stiffness) in zip(self.dirichlet, self._couplings, strict=True):
            flow = dt * float(stiffness @ (u[nodes] + _at(middle, nodes)))
            reaction = float(np.sum(mass * _at(d, nodes))) + flow
            if migration is not None:
                reaction -= float(boundary.shares @ migration[boundary.nodes])
            yield boundary.name, reaction - self._sources_at(boundary, t, dt)

    def _sources_at(self, boundary, t, dt):
        """What sources bring to nodes of a Dirichlet boundary: it goes straight into the bath."""
        total = 0.0
        for source in self.sources if len(boundary.nodes) else ():
            _, mine, theirs = np.intersect1d(boundary.nodes, source.nodes, return_indices=True)
            amount = source.profile.integral(t, t + dt)
            total += amount * float(boundary.shares[mine] @ source.rates[theirs])
        return total


def _at(values, nodes):
    return 0.0 if values is None else values[nodes]


def _without(exchange, fixed):
    """A Robin boundary without nodes whose concentration is given."""
    keep = ~np.isin(exchange.nodes, fixed)
    offset = exchange.offset if np.ndim(exchange.offset) == 0 else exchange.offset[keep]
    nodes, conductances = exchange.nodes[keep], exchange.conductances[keep]
    return replace(exchange, nodes=nodes, conductances=conductances, offset=offset)

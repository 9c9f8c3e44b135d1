"""Book-keeping of K+: what each source, surface and bath gives or takes, to round-off.

Amounts are in mol (per m^2 of cross-section in 1-D, per m of depth in 2-D). Each term is computed
from its own integral, not from what is missing, so that the sum of all terms is a check.
"""

from dataclasses import replace

from ecs_model.native import MPI

import numpy as np

from ecs_model.tissue.sources import divided


class Ledger:
    """Loads, exchanges and baths of one tissue, and what they have given so far.

    Args:
        operators: matrices of the tissue.
        loads, exchanges, baths: from `sources`; where nodes belong to several baths, each has its
            share of them.
        ratio: diffusivity of the ion relative to that of the matrices.

    Attributes:
        given: name -> amount [mol] that this process's nodes got so far.
        exchange: conductance of all exchanges at each owned node [m^3/s].
        fastest: highest rate of exchange at any node [1/s].
        held: owned nodes at baths.
        open: whether anything depends on the concentrations, as exchanges and baths do.
    """

    def __init__(self, operators, loads=(), exchanges=(), baths=(), ratio=1.0):
        self._operators, self._ratio = operators, ratio
        self.loads, self.baths = list(loads), divided(baths, operators.mesh.owned)
        self.held = np.unique(np.concatenate([np.empty(0, np.int64), *(b.nodes for b in baths)]))
        self.exchanges = [_without(x, self.held) for x in exchanges]
        self.exchange = np.zeros(operators.mesh.owned)
        for x in self.exchanges:
            self.exchange[x.nodes] += x.conductances
        rate = float((self.exchange / operators.lumped).max(initial=0.0)) if exchanges else 0.0
        self.fastest = operators.mesh.comm.allreduce(rate, MPI.MAX) if exchanges else 0.0
        self.open = bool(self.exchanges or self.baths)
        self.given = {x.name: 0.0 for x in (*self.loads, *self.exchanges, *self.baths)}
        self._ones, self._mask = operators.vector()
        self._sums, self._columns = operators.vector()
        self.refresh()

    def add(self, load):
        """Take up another load."""
        self.loads.append(load)
        self.given[load.name] = 0.0

    def refresh(self):
        """Take over the matrices as they are now."""
        self._couplings = [self._coupling(bath) for bath in self.baths]

    def _coupling(self, bath):
        """Nodes beside a bath's nodes, and column sums of its rows of the mass and K there."""
        self._mask[:] = 0.0
        self._mask[bath.nodes] = bath.shares
        self._ones.stateIncrease()
        columns = []
        for matrix, factor in (
            (self._operators.mass, 1.0),
            (self._operators.stiffness, self._ratio),
        ):
            matrix.mult(self._ones, self._sums)
            columns.append(factor * self._columns)
        nodes = np.flatnonzero((columns[0] != 0) | (columns[1] != 0))
        return nodes, columns[0][nodes], columns[1][nodes]

    def hold_baths(self, potassium, start, end):
        """Set K+ [mM] at baths to their mean from `start` to `end` [s]; the baths pay."""
        if not self.baths:
            return
        before = potassium[self.held]
        potassium[self.held] = 0.0
        for bath in self.baths:
            potassium[bath.nodes] += bath.shares * bath.level(start, end)
        change = np.zeros_like(potassium)
        change[self.held] = self._operators.lumped[self.held] * (potassium[self.held] - before)
        for bath in self.baths:
            self.given[bath.name] += float(bath.shares @ change[bath.nodes])

    def add_loads(self, right, t, dt):
        """Add what loads and baths behind exchanges bring from `t` to `t + dt` to `right` [mol]."""
        for load in self.loads:
            right[load.nodes] += load.rates * load.profile.integral(t, t + dt)
        for x in self.exchanges:
            right[x.nodes] += dt * x.conductances * x.level(t, t + dt)

    def reach(self, u, t, dt, migration=None):
        """What each node may come to by itself in a step: the lowest and the highest [mM].

        Args:
            u: concentrations as the step begins [mM].
            t: when the step begins [s].
            dt: its length [s].
            migration: what an electric field brings to each node [mol]; it may do twice as much,
                since it is no source that ends where a node does.
        """
        bringing = [(x, x.profile.integral(t, t + dt)) for x in self.loads]
        bringing = [(x, amount) for x, amount in bringing if amount]
        if not bringing and not self.exchanges and migration is None:
            return u, u
        low, high, lumped = u.copy(), u.copy(), self._operators.lumped
        for x in self.exchanges:
            level = x.level(t, t + dt)
            low[x.nodes] = np.minimum(low[x.nodes], level)
            high[x.nodes] = np.maximum(high[x.nodes], level)
        for load, amount in bringing:
            change = amount * load.rates / lumped[load.nodes]
            low[load.nodes] += np.minimum(change, 0.0)
            high[load.nodes] += np.maximum(change, 0.0)
        if migration is not None:
            change = 2 * np.abs(migration) / lumped
            low -= change
            high += change
        return np.maximum(low, 0.0, out=low), high

    def settle_limited(self, potassium, arriving, t, dt):
        """Book a limited step: surfaces saw `potassium`, baths kept what was `arriving` [mol]."""
        for load in self.loads:
            self.given[load.name] += float(load.rates.sum()) * load.profile.integral(t, t + dt)
        for x in self.exchanges:
            flow = x.conductances @ (x.level(t, t + dt) - potassium[x.nodes])
            self.given[x.name] += dt * float(flow)
        for bath in self.baths:
            kept = float(bath.shares @ arriving[bath.nodes])
            self.given[bath.name] -= kept + self._loads_at(bath, t, dt)

    def taker(self, node, t, dt):
        """Name of what takes most from an owned node in a step; None if nothing does."""
        takes = {}
        for load in self.loads:
            rate = float(load.rates[load.nodes == node].sum())
            takes[load.name] = rate * load.profile.integral(t, t + dt)
        for x in self.exchanges:
            here = x.nodes == node
            takes[x.name] = float(
                (x.conductances * np.minimum(x.level(t, t + dt), 0.0))[here].sum()
            )
        name = min(takes, key=takes.get, default=None)
        return name if name is not None and takes[name] < 0 else None

    def closing_weights(self, part):
        """Weights of an increment: w . d is the amount it brings beyond `due`.

        Args:
            part: of the step [s] that an increment counts, half of it for Crank-Nicolson.

        Returns:
            w at owned nodes [m^3], and the share of it per second of `part`; None if that is zero.
        """
        weights, flows = self._operators.lumped.copy(), self.exchange.copy()
        for nodes, mass, stiffness in self._couplings:
            weights[nodes] -= mass
            flows[nodes] -= stiffness
        weights += part * flows
        weights[self.held] = flows[self.held] = 0.0
        return weights, (flows if self.open else None)

    def due(self, potassium, t, dt, migration=None):
        """Amount [mol] that this process's share of a step must bring, by all terms together."""
        return sum(amount for _, amount in self.terms(potassium, None, None, t, dt, migration))

    def settle(self, potassium, increment, middle, t, dt, migration=None):
        """Book a step that takes `potassium` [mM] to `potassium + increment`.

        Args:
            potassium: as the step begins [mM].
            increment: of the step [mM].
            middle: what is there on average, beyond `potassium` [mM]; None if nothing is open.
            t: when the step begins [s].
            dt: its length [s].
            migration: what a field brings to each node [mol]; what it brings to baths they keep.
        """
        for name, amount in self.terms(potassium, increment, middle, t, dt, migration):
            self.given[name] += amount

    def terms(self, u, d, middle, t, dt, migration=None):
        """Pairs (name, amount [mol]) of a step, as in `settle`; d and `middle` None stand for 0."""
        for load in self.loads:
            yield load.name, float(load.rates.sum()) * load.profile.integral(t, t + dt)
        for x in self.exchanges:
            here = u[x.nodes] + _at(middle, x.nodes)
            yield x.name, dt * float(x.conductances @ (x.level(t, t + dt) - here))
        for bath, (nodes, mass, stiffness) in zip(self.baths, self._couplings, strict=True):
            flow = dt * float(stiffness @ (u[nodes] + _at(middle, nodes)))
            reaction = float(np.sum(mass * _at(d, nodes))) + flow
            drifted = 0.0 if migration is None else float(bath.shares @ migration[bath.nodes])
            yield bath.name, reaction - drifted - self._loads_at(bath, t, dt)

    def _loads_at(self, bath, t, dt):
        """What loads bring to nodes that a bath holds: it goes straight into the bath."""
        total = 0.0
        for load in self.loads if len(bath.nodes) else ():
            _, mine, theirs = np.intersect1d(bath.nodes, load.nodes, return_indices=True)
            amount = load.profile.integral(t, t + dt)
            total += amount * float(bath.shares[mine] @ load.rates[theirs])
        return total


def _at(values, nodes):
    return 0.0 if values is None else values[nodes]


def _without(exchange, held):
    keep = ~np.isin(exchange.nodes, held)
    offset = exchange.offset if np.ndim(exchange.offset) == 0 else exchange.offset[keep]
    return replace(
        exchange, nodes=exchange.nodes[keep], conductances=exchange.conductances[keep],
        offset=offset,
    )  # fmt: skip


class Ledgers:
    """The ledgers of several ions as one; names of other ions than K+ say which."""

    def __init__(self, parts):
        self._ledgers = {ion.name: part.ledger for ion, part in parts.items()}

    def of(self, ion):
        """The ledger of an ion."""
        return self._ledgers[ion]

    @property
    def given(self):
        """Name -> amount [mol]."""
        return {
            _label(ion, name): amount
            for ion, ledger in self._ledgers.items()
            for name, amount in ledger.given.items()
        }

    @given.setter
    def given(self, amounts):
        for ion, ledger in self._ledgers.items():
            ledger.given = {name: amounts[_label(ion, name)] for name in ledger.given}

    @property
    def loads(self):
        """All loads."""
        return [x for ledger in self._ledgers.values() for x in ledger.loads]

    @property
    def exchanges(self):
        """All exchanges."""
        return [x for ledger in self._ledgers.values() for x in ledger.exchanges]

    @property
    def baths(self):
        """All baths."""
        return [x for ledger in self._ledgers.values() for x in ledger.baths]


def _label(ion, name):
    return name if ion == "K" else f"{name} ({ion})"

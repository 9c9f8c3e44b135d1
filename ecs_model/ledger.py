"""Book-keeping of K+: what each source, surface and bath gives or takes, to round-off.

Amounts are in mol (per m^2 of cross-section in 1-D, per m of depth in 2-D). Each term is computed
from its own integral, not from what is missing, so that the sum of all terms is a check.
"""

import numpy as np


class Ledger:
    """Loads, exchanges and baths of one tissue, and what they have given so far.

    Args:
        operators: matrices of the tissue.
        loads, exchanges, baths: from `stimulus`.
        ratio: diffusivity of the ion relative to that of the matrices.

    Attributes:
        given: name -> amount [mol] that this process's nodes got so far.
        exchange: conductance of all exchanges at each owned node [m^3/s].
        held: owned nodes at baths.
    """

    def __init__(self, operators, loads=(), exchanges=(), baths=(), ratio=1.0):
        self._operators, self._ratio = operators, ratio
        self.loads, self.baths = list(loads), list(baths)
        self.held = np.unique(np.concatenate([np.empty(0, np.int64), *(b.nodes for b in baths)]))
        self.exchanges = [_without(x, self.held) for x in exchanges]
        self.exchange = np.zeros(operators.mesh.owned)
        for x in self.exchanges:
            self.exchange[x.nodes] += x.conductances
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
        self._mask[bath.nodes] = 1.0
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

    def hold_baths(self, potassium, t):
        """Set K+ [mM] at baths to their concentration at time `t` [s]; the bath pays."""
        for bath in self.baths:
            change = bath.bath.at(t) - potassium[bath.nodes]
            self.given[bath.name] += float(self._operators.lumped[bath.nodes] @ change)
            potassium[bath.nodes] += change

    def add_loads(self, right, t, dt):
        """Add what loads and baths behind exchanges bring from `t` to `t + dt` to `right` [mol]."""
        for load in self.loads:
            right[load.nodes] += load.rates * load.profile.integral(t, t + dt)
        for x in self.exchanges:
            right[x.nodes] += x.conductances * x.bath.integral(t, t + dt)

    def closing_weights(self, dt):
        """Weights w with w . d = `due` for every increment d over `dt` that conserves K+."""
        weights = self._operators.lumped + dt / 2 * self.exchange
        for nodes, mass, stiffness in self._couplings:
            weights[nodes] -= mass + dt / 2 * stiffness
        weights[self.held] = 0.0
        return weights

    def due(self, potassium, t, dt, drift=None):
        """Amount [mol] that this process's share of a step must bring, by all terms together."""
        return sum(amount for _, amount in self.terms(potassium, None, t, dt, drift))

    def settle(self, potassium, increment, t, dt, drift=None):
        """Book a step that takes `potassium` [mM] to `potassium + increment`."""
        for name, amount in self.terms(potassium, increment, t, dt, drift):
            self.given[name] += amount

    def terms(self, u, d, t, dt, drift=None):
        """Pairs (name, amount [mol]) of a step from `u` to `u + d` [mM]; `d` None stands for 0.

        `drift` is what a field brings to each node [mol]; what it brings to baths they keep.
        """
        for load in self.loads:
            yield load.name, float(load.rates.sum()) * load.profile.integral(t, t + dt)
        for x in self.exchanges:
            yield x.name, self._exchanged(x, u[x.nodes] + _half(d, x.nodes), t, dt)
        for bath, (nodes, mass, stiffness) in zip(self.baths, self._couplings, strict=True):
            half = _half(d, nodes)
            reaction = 2 * np.sum(mass * half) + dt * float(stiffness @ (u[nodes] + half))
            drifted = 0.0 if drift is None else float(drift[bath.nodes].sum())
            yield bath.name, float(reaction) - drifted - self._loads_at(bath.nodes, t, dt)

    def _exchanged(self, x, potassium, t, dt):
        """Amount [mol] through a surface while its nodes are at `potassium` [mM]."""
        inflow = float(x.conductances.sum()) * x.bath.integral(t, t + dt)
        return inflow - dt * float(x.conductances @ potassium)

    def settle_limited(self, potassium, arriving, t, dt):
        """Book a limited step: surfaces saw `potassium`, baths kept what was `arriving` [mol]."""
        for load in self.loads:
            self.given[load.name] += float(load.rates.sum()) * load.profile.integral(t, t + dt)
        for x in self.exchanges:
            self.given[x.name] += self._exchanged(x, potassium[x.nodes], t, dt)
        for bath in self.baths:
            kept = float(arriving[bath.nodes].sum()) + self._loads_at(bath.nodes, t, dt)
            self.given[bath.name] -= kept

    def _loads_at(self, nodes, t, dt):
        """What loads bring to nodes that a bath holds: it goes straight into the bath."""
        if not len(nodes):
            return 0.0
        return sum(
            float(load.rates[np.isin(load.nodes, nodes)].sum()) * load.profile.integral(t, t + dt)
            for load in self.loads
        )


def _half(increment, nodes):
    return 0.0 if increment is None else increment[nodes] / 2


def _without(exchange, held):
    keep = ~np.isin(exchange.nodes, held)
    return type(exchange)(
        exchange.name, exchange.nodes[keep], exchange.conductances[keep], exchange.bath
    )


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

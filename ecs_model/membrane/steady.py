"""Steady states of one cell: where they are, whether they are stable, in what they can move.

Cells conserve ions and charge, so that the Jacobian is singular and steady states come in families.
What a cell can reach from where it is, is a subspace; within it a steady state is a point. Where
what is conserved is not linear in the state (contents of a swelling cell), the nearest member of
the family is found.
"""

import functools
from dataclasses import dataclass, field

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.autodiff import jacobian
from ecs_model.units import to_si

SCALES = {"mM": 1.0, "mV": 1e-2, "1": 0.1}  # a change that counts, in SI
RANK = 1e-9  # relative size of a rate that is only round-off
NEUTRAL = 1e-10  # share of the fastest rate that is only round-off
STEPS, HALVINGS = 60, 12


def _scale(quantity, default):
    """The size of a change of a state that counts [SI]."""
    if quantity.scale is not None:
        return to_si(quantity.scale, quantity.unit)
    return SCALES.get(quantity.unit, abs(default) or 1.0)


@dataclass(frozen=True)
class Steady:
    """A steady state.

    Attributes:
        state: record [SI].
        eigenvalues: of the Jacobian within what the cell can reach [1/s], the largest real first.
    """

    state: tuple
    eigenvalues: np.ndarray = field(repr=False)

    @property
    def stable(self):
        """Whether every small change dies away, or at least does not grow."""
        fastest = np.abs(self.eigenvalues).max(initial=0.0)
        return bool(self.eigenvalues.real.max(initial=-np.inf) < NEUTRAL * fastest)


class Flow:
    """The rates of one cell and what they conserve.

    Args:
        model: the membrane model.
        parameters: record of numbers [SI].
        surroundings: record of numbers [SI].
        state: record of numbers [SI]: what is conserved has the amount that it has here.
    """

    def __init__(self, model, parameters, surroundings, state):
        self.model, self.parameters, self.surroundings = model, parameters, surroundings
        self.origin = np.array(state, float)
        quantities = model.State.quantities.values()
        pairs = zip(quantities, model.State(), strict=True)
        self.scales = np.array([_scale(q, default) for q, default in pairs])

    @functools.cached_property
    def _bases(self):
        return _split(self._samples())

    @property
    def inside(self):
        """Orthonormal basis of the scaled states that rates can change, (states, directions)."""
        return self._bases[0]

    @property
    def conserved(self):
        """Orthonormal basis of the combinations of scaled states that rates conserve."""
        return self._bases[1]

    def rates(self, y):
        """Rates of the scaled state [1/s] at the state `y` [SI]."""
        rates = self.model.rhs(self._record(y), self.parameters, self.surroundings)
        return np.array([float(r) for r in rates]) / self.scales

    def jacobian(self, y):
        """Derivatives of the scaled rates by the scaled state [1/s]."""
        law = lambda z: self.model.rhs(z, self.parameters, self.surroundings)  # noqa: E731
        _, rows = jacobian(law, self._record(y))
        matrix = np.zeros((len(y), len(y)))
        for i, row in enumerate(rows):
            for j, value in row.items():
                matrix[i, j] = float(value)
        return matrix * self.scales / self.scales[:, None]

    def residual(self, y):
        """What is zero in a steady state with the conserved amounts of the origin."""
        kept = self.conserved.T @ ((y - self.origin) / self.scales)
        return np.concatenate([self.inside.T @ self.rates(y), kept])

    def slope(self, y):
        """Derivatives of the residual by the scaled state."""
        return np.vstack([self.inside.T @ self.jacobian(y), self.conserved.T])

    def eigenvalues(self, y):
        """Eigenvalues within what the cell can reach [1/s], the largest real part first."""
        values = np.linalg.eigvals(self.inside.T @ self.jacobian(y) @ self.inside)
        return values[np.argsort(-values.real)]

    def allowed(self, y):
        """Whether every quantity of the state is within its declared range."""
        return all(
            not q.complaint(v) for q, v in zip(self.model.State.quantities.values(), y, strict=True)
        )

    def _record(self, y):
        return self.model.State(*(float(v) for v in y))

    def _samples(self):
        """Rates at random states around rest."""
        rng, rest = np.random.default_rng(1), np.array(self.model.State(), float)
        spread = rng.uniform(-0.05, 0.05, (4 * len(rest), len(rest)))
        sizes = np.where(rest != 0, np.abs(rest), self.scales)
        at = self.model.State(*(rest + sizes * spread).T)
        rates = self.model.rhs(at, self.parameters, self.surroundings)
        return np.column_stack([np.broadcast_to(r, len(spread)) for r in rates]) / self.scales


def _split(samples):
    """Orthonormal bases of what rates can change and of what they conserve."""
    sizes = np.abs(samples).max(axis=0)
    weights = np.where(sizes > 0, sizes, 1.0)
    _, found, rows = np.linalg.svd(samples / weights)
    rank = int((found > RANK * found[0]).sum())
    inside, _ = np.linalg.qr((rows[:rank] * weights).T)
    conserved, _ = np.linalg.qr((rows[rank:] / weights).T)
    return inside, conserved


def solve(flow, start, steps=STEPS):
    """The state [SI] at rest near `start`, by so many damped Newton steps at most; or None."""
    y, r = np.array(start, float), flow.residual(np.array(start, float))
    for _ in range(steps):
        step = np.linalg.lstsq(flow.slope(y), r, rcond=RANK)[0] * flow.scales
        if np.abs(step / flow.scales).max() < 1e-13 * np.abs(y / flow.scales).max():
            return y
        y, r, moved = _damped(flow, y, r, step)
        if not moved:
            return y if np.abs(step / flow.scales).max() < 1e-9 else None
    return None


def _damped(flow, y, r, step):
    """The state after the longest share of a Newton step that makes the residual smaller."""
    size = np.linalg.norm(r)
    for k in range(HALVINGS):
        trial = y - 0.5**k * step
        if flow.allowed(trial):
            residual = flow.residual(trial)
            if np.linalg.norm(residual) < size:
                return trial, residual, True
    return y, r, False


def steady_state(flow, start, settle=None):
    """The Steady near `start`; if Newton finds none, near where the cell has settled.

    Args:
        flow: the Flow.
        start: state [SI].
        settle: function -> a state [SI] after a long time.

    Raises:
        SolutionError: if there is no steady state near either.
    """
    y = solve(flow, start)
    if y is None and settle is not None:
        y = solve(flow, settle())
    if y is None:
        raise SolutionError(
            "no steady state was found; start nearer to one, or look at the time course"
        )
    return Steady(flow.model.State(*(float(v) for v in y)), flow.eigenvalues(y))

"""Diffusion without a solver: Runge-Kutta-Legendre super-time-stepping on the lumped mass.

s stages of matrix-vector products are stable for steps ~ s^2 / 4 times the explicit limit: no
reductions and no iteration, for fine uniform meshes.

Reference: Meyer, Balsara & Aslam (2014), J Comput Phys 257, 594 (RKL2).
"""

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.transport.flux_limiter import Neighbours, Range
from ecs_model.transport.mass_balance import Ledger

MARGIN = 1.1  # the power iteration for the fastest rate comes from below


class SuperTimeStepping:
    """K+ in the extracellular space, advanced explicitly. Attributes as those of `Diffusion`.

    Args:
        operators: matrices of the tissue (theta = 0).
        potassium: contiguous array of K+ [mM] at owned nodes; advanced in place.
        loads, exchanges, baths: what enters and leaves, from `sources`.
    """

    def __init__(self, operators, potassium, loads=(), exchanges=(), baths=()):
        self.operators, self.potassium = operators, potassium
        self.ledger = Ledger(operators, loads, exchanges, baths)
        self.increment = np.zeros_like(potassium)
        rows = Neighbours(operators)
        self.range = Range(rows, self.ledger, potassium, self.increment, 1.0, "K+")
        self.iterations = self.total_iterations = 0
        self.last_step, self.fields = 0.0, {}
        self._fastest = MARGIN * (operators.fastest_rate() + self.ledger.fastest)
        self._x, self._stage = operators.vector()
        self._y, self._rate = operators.vector()
        self._levels = [np.zeros_like(potassium) for _ in range(4)]

    def advance(self, t, dt, damped=False):
        """Advance K+ by a step, as that of `Diffusion`; every step damps."""
        self.ledger.hold_baths(self.potassium, t, t + dt)
        self.last_step, self.iterations = dt, stages(dt, self._fastest)
        self.total_iterations += self.iterations
        new, amounts = self._stages(t, dt, lambda values, amounts: amounts)
        if self.operators.mesh.comm.allreduce(float(not np.isfinite(new).all()), MPI.MAX):
            raise SolutionError("K+ is not finite after an explicit step; try a shorter time.step")
        np.subtract(new, self.potassium, out=self.increment)
        if self.range.is_left(t, dt):
            _, mean = self._stages(t, dt, lambda values, amounts: values.copy())
            self.range.limit(t, dt, mean - self.potassium)
        else:
            self._book(amounts)
        self.range.take()

    def _stages(self, t, dt, noted):
        """K+ at the end of the step [mM], and the mean over it of what is noted of every stage.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            noted: function of a stage's values [mM] and of what they would bring in `dt` [mol].
        """
        old, new, first, spare = self._levels
        start = self.potassium
        first_noted = noted(start, self._change(start, t, dt, first))
        weights = coefficients(self.iterations)
        np.multiply(first, weights[0], out=new)
        new += start
        old[:] = start
        before, last = 0.0 * first_noted, weights[0] * first_noted
        for mu, nu, mu_new, gamma in weights[1:]:
            change = noted(new, self._change(new, t, dt, spare))
            spare *= mu_new
            for factor, values in ((mu, new), (nu, old), (1 - mu - nu, start), (gamma, first)):
                spare += factor * values
            before, last = last, mu * last + nu * before + mu_new * change + gamma * first_noted
            old, new, spare = new, spare, old
        return new, last

    def _book(self, amounts):
        names = [x.name for x in (*self.ledger.loads, *self.ledger.exchanges, *self.ledger.baths)]
        for name, amount in zip(names, amounts, strict=True):
            self.ledger.given[name] += float(amount)

    def hold(self, t):
        """Set nodes at baths to the concentration of the bath at time `t` [s]."""
        self.ledger.hold_baths(self.potassium, t, t)

    def _change(self, values, t, dt, out):
        """Dt times the rate of change at `values`, into `out`; what each term brings [mol]."""
        self._stage[:] = values
        self._x.stateIncrease()
        self.operators.stiffness.mult(self._x, self._y)
        np.multiply(self.ledger.exchange, values, out=out)
        out += self._rate
        out *= -dt
        self.ledger.add_loads(out, t, dt)
        out /= self.operators.lumped
        out[self.ledger.held] = 0.0
        return np.array([amount for _, amount in self.ledger.terms(values, None, None, t, dt)])

    @property
    def corrections(self):
        """As those of `Diffusion`."""
        return {"K": self.range.corrections}

    @property
    def memory(self):
        """As that of `Diffusion`."""
        return {"increment": self.increment}

    def restore(self, memory, last_step):
        """Continue from a checkpoint."""
        self.increment[:], self.last_step = memory["increment"], last_step


def stages(dt, fastest):
    """Number of stages that a step `dt` [s] needs where rates go up to `fastest` [1/s]."""
    return max(2, int(np.ceil((np.sqrt(9 + 8 * dt * fastest) - 1) / 2)))


def coefficients(s):
    """RKL2 coefficients: that of the first stage, then (mu, nu, mu~, gamma~) of each other."""
    j = np.arange(s + 1)
    b = np.full(s + 1, 1 / 3)
    b[2:] = (j[2:] ** 2 + j[2:] - 2) / (2 * j[2:] * (j[2:] + 1))
    w = 4 / (s * s + s - 2)
    rows = [b[1] * w]
    for k in range(2, s + 1):
        mu, nu = (2 * k - 1) / k * b[k] / b[k - 1], -(k - 1) / k * b[k] / b[k - 2]
        rows.append((mu, nu, mu * w, -(1 - b[k - 1]) * mu * w))
    return rows

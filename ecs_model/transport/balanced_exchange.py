"""Exchange that is faster than steps, in balance with what membranes bring meanwhile.

Split in time, an exchange at the rate k forgets in each step of transport what membranes bring in
the halves of a step of theirs around it, J dt/2 each. If it is damped completely, x = C - C_outside
is 0 after the step, and J dt/2 when membranes have had their half: an error that does not become
smaller with J/k, which is what is right. Here the concentration outside is shifted by

    s = J (1/k - dt/2 (1 + R)/(1 - R)),

with R the factor by which the step damps x. Then x = J/k is what a step with its two halves begins
and ends with, whatever k dt is: balance is kept (Speth et al. 2013). Where k dt is small, s is of
the order of J k dt^2, so that splitting stays of second order; Crank-Nicolson even keeps balance by
itself, s = 0, up to k dt = 2, and nothing is shifted there. Beyond, where a method would overshoot,
R < 0, the limiter makes its step one of backward Euler, R = 1/(1 + k dt).

References:
    Speth, Green, MacNamara & Strang (2013), SIAM J Numer Anal 51, 3084: balanced splitting.
"""

from dataclasses import replace

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import Matrices

FAST = 2.0  # rate times step, from which on Crank-Nicolson overshoots
MOST = 0.5  # of a concentration outside, by which it is lowered at most


class BalancedExchange:
    """The shifts of the concentrations outside, of all Robin boundaries and vessels of an ion.

    Args:
        operators: matrices of the tissue.
        ledger: of the ion; its Robin boundaries become ones whose offset may change.

    Attributes:
        after: concentrations at owned nodes as the last step left them [mM]; 0 if that is unknown.
        shift: s at owned nodes, as the last step asked for it [mM].
    """

    def __init__(self, operators: Matrices, ledger: Ledger) -> None:
        self._operators, self._ledger = operators, ledger
        self.after = np.zeros(operators.mesh.owned)
        self.shift, self._gain = np.zeros((2, operators.mesh.owned))
        ledger.robin = [replace(x, offset=x.offset + np.zeros(len(x.nodes))) for x in ledger.robin]
        self._offsets = [x.offset.copy() for x in ledger.robin]
        self._gain_of: tuple[float, float, int, int] | None = None
        self._is_shifted = False

    def begin(
        self, values: Array, t: float, dt: float, since: float, share: float, stages: int
    ) -> None:
        """Shift what a step sees outside.

        Args:
            values: concentrations at owned nodes [mM].
            t: when the step begins [s].
            dt: its length [s].
            since: for how long membranes acted since the last step [s].
            share: c of its method, see `diffusion`.
            stages: of its method.
        """
        if since and dt * self._ledger.fastest > FAST:
            np.subtract(values, self.after, out=self.shift)
            self.shift *= self._gains(dt, share, stages)
            self.shift *= self.after > 0.0
            self.shift /= since
            self._move(t, dt)
        elif self._is_shifted:
            self._rest()
        self.after[:] = 0.0

    def end(self, values: Array, increment: Array) -> None:
        """Note what a step from `values` by an `increment` leaves at owned nodes [mM]."""
        np.add(values, increment, out=self.after)

    def _gains(self, dt, share, stages):
        """Shifts over J at owned nodes [s]; 0 where exchange is no faster than the step."""
        key = dt, share, stages, self._operators.version
        if key != self._gain_of:
            self._gain_of = key
            rates = self._ledger.exchange / self._operators.lumped
            acts = dt * rates > FAST
            k = rates[acts]
            self._gain[:] = 0.0
            factor = damping(k * dt, share, stages)
            factor = np.where(factor < 0.0, 1 / (1 + k * dt), factor)
            self._gain[acts] = 1 / k - 0.5 * dt * (1 + factor) / (1 - factor)
        return self._gain

    def _move(self, t, dt):
        for boundary, offset in zip(self._ledger.robin, self._offsets, strict=True):
            boundary.offset[:] = offset
            lowest = -MOST * boundary.level(t, t + dt)
            here = np.maximum(self.shift[boundary.nodes], lowest)
            np.add(boundary.offset, here, out=boundary.offset)
        self._is_shifted = True

    def _rest(self):
        self.shift[:] = 0.0
        for boundary, offset in zip(self._ledger.robin, self._offsets, strict=True):
            boundary.offset[:] = offset
        self._is_shifted = False


def damping(z: Array, share: float, stages: int) -> Array:
    """R(z): by which factor a step damps what decays at the rate k, where k dt is `z`.

    Args:
        z: rate times step.
        share: c of the method, see `diffusion`.
        stages: of the method.
    """
    first = -share * z / (1 + share * z)
    if stages == 1:
        return 1 + first / share
    second = -(share * z + (1 - share) * z * first) / (1 + share * z)
    return 1 + (1 / share - 1) * first + second

"""Conjugate gradients with Jacobi, in step for all ions of a tissue.

Each ion has its own matrix, which is never stored, and its own residual; those that are good enough
wait for the others. An iteration of all ions takes one message to every neighbour and two sums.
"""

from typing import Any

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.c_function import c_function
from ecs_model.physics.values import Array
from ecs_model.transport.increment_kernel import PASSES, lanes, text
from ecs_model.transport.linear_solver import MOST, ROUND_OFF
from ecs_model.transport.neighbours import Neighbours


class Lockstep:
    """Solves (M_theta + part (ratio K + exchange)) x = r for every ion, nodes that are free.

    Arrays of all ions have the shape (owned nodes, places), see `increment_kernel`.

    Args:
        rows: of the tissue.
        ratio: diffusivity of each ion relative to that of the matrices.
        exchange: conductance to the outside [m^3/s]; None where there is none.
        free: 1, but 0 where a concentration is given; None where none is.
        room: for as much as the ions at local nodes twice; a solve overwrites it.

    Attributes:
        inverse: of the diagonals, for the `part` that was counted last.
        found: the last solution.
    """

    def __init__(
        self,
        rows: Neighbours,
        ratio: Array,
        exchange: Array | None,
        free: Array | None,
        room: Array,
    ) -> None:
        count, owned = len(ratio), rows.operators.mesh.owned
        self._owned, self._comm = owned, rows.operators.mesh.comm
        self._rows, self._operators, self._ratio = rows, rows.operators, ratio
        self._exchange, self._free, self._part = exchange, free, 0.0
        self._passes = {name: c_function(text(count), f"ecs_{name}") for name in PASSES}
        self.inverse, self.found = np.zeros((2, owned, lanes(count)))
        places = room.ravel()[: (rows.local + owned) * lanes(count)].reshape(-1, lanes(count))
        self._direction, self._image = places[: rows.local], places[rows.local :]
        self._steps, self._sums, self._enough = np.zeros((3, lanes(count)))
        self._counts = np.zeros(lanes(count), np.int64)
        self._inverse_of: tuple[float, int] | None = None
        lumped = self._operators.mesh.sum(self._operators.at_rest.lumped)
        self._floor = ROUND_OFF**2 * lumped  # of the squared natural norm

    def count(self, part: float) -> None:
        """Let the matrices be those of the part of a step [s] that an increment counts."""
        key = part, self._operators.version
        if self._inverse_of != key:
            self.over_rows("inverse", self._ratio, self._exchange, part, self.inverse)
            self._part, self._inverse_of = part, key

    def solve(self, residual: Array, right: Array, left: Array, rtol: float) -> np.ndarray:
        """Find the solution `found`, from zero; iterations of each ion.

        Args:
            residual: becomes that of what was found.
            right: squares to which those of the residual are compared, in the natural norm.
            left: squares of the residual as it is; changed.
            rtol: how small the residual has to become, relative to the root of the first.

        Raises:
            SolutionError: on all processes, if that does not happen.
        """
        for array in (self.found, self._direction, self._steps, self._counts):
            array.fill(0)
        np.maximum(rtol**2 * right, self._floor, out=self._enough)
        if not self._iterated(residual, left):
            raise SolutionError(
                f"the linear solver does not converge ({MOST} iterations); try a shorter time.step"
            )
        return self._counts

    def _iterated(self, residual, left):
        """Iterate until all ions are good enough; whether they are."""
        if self._comm.size == 1:  # all in one call: small tissues would notice
            matrices = self._ratio, self._exchange, self._free, self._part
            arrays = self._direction, self._image, self.found, residual, self._steps, self._sums
            bounds = self.inverse, self._enough, MOST, left
            return bool(self.over_rows("alone", *matrices, *bounds, *arrays, self._counts))
        while (active := left > self._enough).any():
            if self._counts.max() == MOST:
                return False
            self._iterate(residual, active, left)
            self._counts += active
        return True

    def _iterate(self, residual, active, left):
        """An iteration for the ions that need one; `left` becomes the squares of their residuals.

        The array of steps holds the share of the last direction, and then the way along the new.
        """
        steps, direction, image, sums = self._steps, self._direction, self._image, self._sums
        self.over_nodes("turn", steps, residual, self.inverse, direction)
        self._rows.exchange(direction)
        matrices = self._ratio, self._exchange, self._free, self._part
        self.over_rows("product", *matrices, direction, image, sums)
        self._divide(left, self.added(sums), active)
        both = direction, image, self.inverse
        self.over_nodes("descend", steps, *both, self.found, residual, sums)
        self._divide(self.added(sums), left, active)
        np.copyto(left, sums, where=active)

    def _divide(self, one, other, active):
        """Let the steps be the quotients of ions that are active, and zero for others."""
        self._steps[:] = 0.0
        np.divide(one, other, out=self._steps, where=active)

    def added(self, sums: Array) -> Array:
        """Sums over all processes, in place."""
        if self._comm.size > 1:
            self._comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        return sums

    def over_nodes(self, name: str, *arguments: Any) -> Any:
        """Call a function of the compiled text that looks at owned nodes."""
        return self._passes[name](self._owned, *arguments)

    def over_rows(self, name: str, *arguments: Any) -> Any:
        """Call a function of the compiled text that looks at neighbours, too."""
        return self._rows.over_rows(self._passes[name], *self._operators.entries, *arguments)

"""What solving left over is given back in proportion to increments, so that ions are conserved.

An increment d brings w . d beyond what sources, boundaries and a field account for, see
`Ledger.closing_weights`; what that lacks is spread as |d|. Where it is much, solving better comes
first.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.c_function import addresses, c_function
from ecs_model.physics.values import Array
from ecs_model.transport.linear_solver import LinearSystem, LinearSystems

MUCH, SHARPER = 1e-2, 4  # left over, of what moves; tries with a hundredth of the tolerance each

# Weights may be 1e5 times the volumes, in long steps, and nearly cancel: products and sums are
# compensated (Ogita, Rump & Oishi 2005, SIAM J Sci Comput 26, 1955).
TEXT = r"""
#include <math.h>

typedef struct {
    double *change;
    const double *weight, *size, *sign;
} Counted;

static void weighed(long n, const Counted *of, double *sums)
{
    double count = 0.0, lost = 0.0, size = 0.0;
    for (long i = 0; i < n; i++) {
        const double brought = of->weight[i] * of->change[i], sum = count + brought;
        const double added = sum - count;
        lost += (count - (sum - added)) + (brought - added);
        lost += fma(of->weight[i], of->change[i], -brought);
        size += of->size[i] * fabs(of->change[i]);
        count = sum;
    }
    sums[0] = count + lost;
    sums[1] = size;
}

/* For every ion what its increment weighs in the balance, and its size. */
void ecs_weigh(long n, long ions, const Counted *of, double *sums)
{
    for (long k = 0; k < ions; k++) weighed(n, of + k, sums + 2 * k);
}

/* Change every increment by a share of its size; sign: how that counts, none for 1. */
void ecs_give_back(long n, long ions, const Counted *of, const double *share)
{
    for (long k = 0; k < ions; k++) {
        double *const change = of[k].change;
        const double *const sign = of[k].sign;
        for (long i = 0; i < n; i++)
            change[i] += (sign ? sign[i] : 1.0) * share[k] * fabs(change[i]);
    }
}
"""


class Closing(Protocol):
    """An ion whose balance is closed.

    Attributes:
        name: of the ion.
        increment: at owned nodes [mM].
        systems: its linear systems.
    """

    name: str
    increment: Array
    systems: LinearSystems

    def system(self, dt: float) -> LinearSystem:
        """That of its step of `dt` [s], which knows the weights."""

    def lacking(self, t: float, dt: float, migration: Array | None, weighed: float) -> float:
        """What the increment lacks [mol] where it weighs so much, of this process's nodes."""


class Balance:
    """Closes the balances of ions that take steps together.

    Args:
        comm: MPI communicator.
        parts: the ions.
    """

    def __init__(self, comm: MPI.Comm, parts: Sequence[Closing]) -> None:
        self._comm, self._parts = comm, list(parts)
        self._weigh = c_function(TEXT, "ecs_weigh")
        self._give_back = c_function(TEXT, "ecs_give_back")
        self._nodes = len(self._parts[0].increment)
        self._table = np.zeros((len(self._parts), 4), np.uintp)
        self._noted: list[Any] = []  # the arrays of its rows
        self._sums = np.zeros((len(self._parts), 2))
        self._shares = np.zeros(len(self._parts))

    def close(
        self, t: float, dt: float, migrations: Sequence[Array | None], sharper: Callable
    ) -> None:
        """Give back what solving left over; where that is much, solve better first.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            migrations: what an electric field brings of each ion to each owned node [mol].
            sharper: solves again, to a relative residual.

        Raises:
            SolutionError: on all processes, where an ion is not finite.
        """
        for again in range(SHARPER + 1):
            found = self._left_over(t, dt, migrations)
            if all(abs(left) <= MUCH * size for left, size in found) or again == SHARPER:
                break
            sharper(self._parts[0].systems.rtol * 1e-2 ** (again + 1))
        self._shares[:] = [left / size if size > 0.0 else 0.0 for left, size in found]
        self._give_back(self._nodes, len(self._parts), self._table, self._shares)

    def _note_places(self, systems):
        """Note where increments and the weights of their systems lie, if not where they lay."""
        arrays = [x for s in systems for x in (s.weights, s.sizes, s.signs)]
        if len(arrays) != len(self._noted) or not all(map(operator.is_, arrays, self._noted)):
            own = zip(self._parts, systems, strict=True)
            rows = [_places(part.increment, s.weights, s.sizes, s.signs) for part, s in own]
            self._table[:], self._noted = rows, arrays

    def _left_over(self, t, dt, migrations):
        """Of each ion what its increment lacks [mol], and its size, on all processes."""
        self._note_places([part.system(dt) for part in self._parts])
        self._weigh(self._nodes, len(self._parts), self._table, self._sums)
        own = zip(self._parts, migrations, self._sums[:, 0].tolist(), strict=True)
        self._sums[:, 0] = [part.lacking(t, dt, field, weighed) for part, field, weighed in own]
        if self._comm.size > 1:
            self._comm.Allreduce(MPI.IN_PLACE, self._sums, MPI.SUM)
        found = self._sums.tolist()
        for part, (_, size) in zip(self._parts, found, strict=True):
            if not math.isfinite(size):
                raise SolutionError(
                    f"{part.name} is not finite after a diffusion step; try a shorter time.step"
                )
        return found


def _places(increment, weights, sizes, signs):
    """Where the increment, weights, sizes and signs lie, 0 for none."""
    of_signs = [0] if isinstance(signs, float) else addresses([signs])
    return [*addresses([increment, weights, sizes]), *of_signs]

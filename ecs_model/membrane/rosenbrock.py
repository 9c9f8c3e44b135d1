"""One-step schemes for the state of a node, written on records and compiled with the model.

ROS2: Verwer, Spee, Blom & Hundsdorfer (1999), SIAM J Sci Comput 20, 1456. Two stages, L-stable,
second order with the exact Jacobian; the first-order solution inside it measures the error.
"""

import numpy as np

from ecs_model.membrane.autodiff import MIDDLE, TIME, jacobian, value_of
from ecs_model.membrane.precision import of_stage

GAMMA = 1 - 0.5**0.5
_LARGEST = 1e300


def ros2(f, y, h, stoichiometry=None, later=None):
    """One ROS2 step of y' = stoichiometry(f(y)): the new record and a record of error estimates.

    (I - gamma h J) k1 = y'(y);  (I - gamma h J) k2 = y'(y + h k1) - 2 k1;
    y + h (3 k1 + k2)/2;  error h |k1 + k2|/2.

    What depends on time is taken as a state of rate 1: gamma h dy'/dt is added to the first right
    side and subtracted from the second. Both systems are divided by -gamma h, which leaves J as it
    is but for its diagonal.

    Where few fluxes drive many states, k1 and k2 are sums of what the fluxes do, so that the linear
    systems have the size of the fluxes and everything that they conserve is conserved.

    Args:
        f: rates of the state, or the fluxes that `stoichiometry` turns into rates.
        y: record of the state.
        h: step [s].
        stoichiometry: linear function from fluxes to a record of rates; None if `f` gives rates.
        later: what `f` is at the end of the step; None if it does not depend on time.
    """
    stoichiometry = stoichiometry or type(y)._make
    fluxes, rows = jacobian(f, y, _directions(f, y, stoichiometry))
    for row in rows:
        row.pop(MIDDLE, None)
    aging = [_finite(row.pop(TIME, 0.0)) for row in rows]
    factor = -1.0 / (GAMMA * h)
    solve = factorise(with_diagonal(factor, rows))
    x1 = solve([factor * a - b for a, b in zip(fluxes, aging, strict=True)])
    ahead = map(value_of, (later or f)(_along(y, h, stoichiometry([*map(of_stage, x1)]))))
    x2 = solve([factor * (b - 2 * a) + c for a, b, c in zip(x1, ahead, aging, strict=True)])
    both = [of_stage(1.5 * a + 0.5 * b) for a, b in zip(x1, x2, strict=True)]
    new = _along(y, h, stoichiometry(both))
    error = stoichiometry([0.5 * h * (a + b) for a, b in zip(x1, x2, strict=True)])
    return new, error


def _finite(slope):
    """A slope in time; 0 where an exponential overflows, which is constant to the last digit."""
    return slope if isinstance(slope, float) else np.where(np.abs(slope) < _LARGEST, slope, 0.0)


def _directions(f, y, stoichiometry):
    """What one unit of each flux does to the state: a record of rates per flux."""
    count = len(f(y))
    return [stoichiometry([1.0 if i == j else 0.0 for j in range(count)]) for i in range(count)]


def _along(y, h, k):
    return type(y)(*(a + h * b for a, b in zip(y, k, strict=True)))


def with_diagonal(number, rows):
    """J + number I as sparse rows `{column: value}`."""
    return [{**row, i: row.get(i, 0.0) + number} for i, row in enumerate(rows)]


def factorise(rows):
    """The solver of a sparse linear system, by elimination in a fixed order without pivoting.

    The order is chosen once, from the pattern (least fill first). Small steps make the matrix
    diagonally dominant; where they are too long, the step control sees the error.
    """
    order, upper, lower = _eliminate([dict(row) for row in rows])
    known = {pivot: k for k, pivot in enumerate(reversed(order))}

    def solve(right):
        b = list(right)
        for pivot in order:
            for i, multiplier in lower[pivot].items():
                b[i] = b[i] - multiplier * b[pivot]
        for pivot in reversed(order):
            inverse, row = upper[pivot]
            for j in sorted(row, key=known.__getitem__):  # known longest first: nothing waits
                b[pivot] = b[pivot] - row[j] * b[j]
            b[pivot] = b[pivot] * inverse
        return b

    return solve


def _eliminate(rows):
    order, upper, lower, left = [], {}, {}, set(range(len(rows)))
    while left:
        pivot = min(left, key=lambda k: (_fill(rows, left, k), k))
        left.remove(pivot)
        order.append(pivot)
        inverse = 1 / rows[pivot].pop(pivot)
        upper[pivot] = inverse, rows[pivot]
        lower[pivot] = {
            i: _reduce(rows[i], rows[pivot], rows[i].pop(pivot) * inverse)
            for i in sorted(left)
            if pivot in rows[i]
        }
    return order, upper, lower


def _fill(rows, left, pivot):
    below = [i for i in left if i != pivot and pivot in rows[i]]
    right = [j for j in rows[pivot] if j != pivot]
    return sum(j not in rows[i] for i in below for j in right), len(below) * len(right)


def _reduce(row, pivot_row, multiplier):
    """Subtract a multiple of the pivot row from `row` in place; the multiplier."""
    for j, value in pivot_row.items():
        row[j] = row.get(j, 0.0) - multiplier * value
    return multiplier

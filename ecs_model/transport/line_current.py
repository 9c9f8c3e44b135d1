"""The potential along a line: found by elimination from one end to the other, exactly.

Neighbours on a line are joined by conductors in a row. Of each node is kept how much better it is
joined to what lies behind it than to its next neighbour, so that nothing cancels: a line that is
grounded nowhere and leaks nothing ends in an exact zero, and the last node gets potential zero.
"""

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.neighbours import Neighbours

TEXT = r"""
/* x becomes the solution; `order` goes along the line, `link` is where the entry of stiffness
   between a node and the next one stands, -1 where there is none. `kept` is (n, 2). */
void ecs_along(long n, const int *order, const int *link, const double *stiffness,
               const double *conductivity, const double *leak, const char *grounded,
               const double *right, double *kept, double *x)
{
    double behind = 0.0, carried = 0.0;
    for (long k = 0; k < n; k++) {
        const int i = order[k], j = link[k] < 0 ? i : order[k + 1];
        double ahead = link[k] < 0 ? 0.0
            : -0.5 * stiffness[link[k]] * (conductivity[i] + conductivity[j]);
        double *const here = kept + 2 * k;
        here[0] = here[1] = 0.0;
        if (grounded && grounded[i]) {
            behind = ahead;
            carried = 0.0;
            continue;
        }
        if (leak) behind += leak[i];
        if (grounded && j != i && grounded[j]) {
            behind += ahead;
            ahead = 0.0;
        }
        const double all = behind + ahead, charge = right[i] + carried;
        if (all > 0.0) {
            here[0] = charge / all;
            here[1] = ahead / all;
        }
        behind *= here[1];
        carried = charge * here[1];
    }
    double next = 0.0;
    for (long k = n - 1; k >= 0; k--)
        next = x[order[k]] = kept[2 * k] + kept[2 * k + 1] * next;
}
"""


class AlongLine:
    """Solves for the potential along a line of which one process has all.

    Args:
        rows: of the tissue.
        order: its nodes along the line.
        link: place of the entry between each of them and the next one in the rows; -1 for none.
        grounded: nodes at potential zero; None if there are none.
    """

    def __init__(self, rows: Neighbours, order: Nodes, link: Nodes, grounded: Nodes | None) -> None:
        self._rows, self._order, self._link = rows, order, link
        self._kept, self._along = np.zeros((len(order), 2)), c_function(TEXT, "ecs_along")
        self._grounded: Nodes | None = None
        if grounded is not None:
            self._grounded = np.zeros(len(order), np.int8)
            self._grounded[grounded] = 1

    def solve(self, conductivity: Array, leak: Array | None, right: Array, out: Array) -> None:
        """Find the potential that drives charge away.

        Args:
            conductivity: at the nodes [mM].
            leak: conductance to a space at potential zero at the nodes [mol/s]; None for none.
            right: the charge [mol/s].
            out: becomes the potential.
        """
        places = len(self._order), self._order, self._link
        current = self._rows.entries[0], conductivity, leak, self._grounded
        self._along(*places, *current, right, self._kept, out)


def along_line(rows: Neighbours, grounded: Nodes | None) -> AlongLine | None:
    """The AlongLine of a tissue; None where it is no line, or where several processes have it.

    Args:
        rows: of the tissue.
        grounded: owned nodes at potential zero; None if there are none anywhere.
    """
    mesh = rows.operators.mesh
    if mesh.comm.size > 1 or mesh.dimension > 1:
        return None
    order = np.argsort(mesh.coordinates[:, 0]).astype(np.int32)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    first, column = rows.pattern
    ahead = place[column] - np.repeat(place, np.diff(first))
    if np.abs(ahead).max(initial=0) > 1:
        return None
    link = np.full(len(order), -1, np.int32)
    forward = np.flatnonzero(ahead == 1)
    link[place[column[forward]] - 1] = forward
    return AlongLine(rows, order, link, grounded)

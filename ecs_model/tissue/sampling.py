"""Values at given points, from whichever processes hold them."""

from ecs_model.native import MPI

import numpy as np

from ecs_model.tissue.points import Points


class Sampler:
    """Interpolates nodal fields at fixed points.

    Args:
        mesh: the mesh.
        names: what messages call the points, one name each or one for all.
        points: positions [m], one row per point.

    Attributes:
        nodes: owned nodes that matter; fields are needed there only.
        corners: nodes that matter on all processes, as the input counts them, in that order.
        comm: communicator of the mesh.
    """

    def __init__(self, mesh, names, points):
        located = Points(mesh, names, points)
        shares = [located.owned_shares(k) for k in range(len(points))]
        columns = np.concatenate([np.empty(0, np.int64), *(nodes for nodes, _ in shares)])
        weights = np.concatenate([np.empty(0), *(weights for _, weights in shares)])
        self._rows = np.repeat(np.arange(len(points)), [len(nodes) for nodes, _ in shares])
        self.nodes, self._places = np.unique(columns, return_inverse=True)
        self._weights, self._count = weights, len(points)
        self.comm = mesh.comm
        own = mesh.input_nodes[self.nodes]
        self.corners = np.unique(np.concatenate(mesh.comm.allgather(own)))
        self._here = np.searchsorted(self.corners, own)

    def __call__(self, values):
        """Values at the points, on all processes; nan where a needed one is nan.

        Args:
            values: one per node of `nodes`.
        """
        shares = self._weights * values[self._places]
        result = np.bincount(self._rows, shares, self._count).astype(float)  # integers if empty
        self.comm.Allreduce(MPI.IN_PLACE, result, MPI.SUM)
        return result

    def at_corners(self, values):
        """Values at all of `corners`, on all processes.

        Args:
            values: one per node of `nodes`.
        """
        result = np.zeros(len(self.corners))
        result[self._here] = values
        self.comm.Allreduce(MPI.IN_PLACE, result, MPI.SUM)
        return result

    def here(self, some):
        """Where some of `nodes`, by their places there, are among `corners`."""
        return self._here[some]

    def from_corners(self, values):
        """Values at the points, as from the call, from one per node of `corners`."""
        return self(values[self._here])

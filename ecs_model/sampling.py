"""Values at given points, from whichever processes hold them."""

from ecs_model.native import MPI

import numpy as np
import scipy.sparse

from ecs_model.stimulus import Points


class Sampler:
    """Interpolates nodal fields at fixed points.

    Args:
        mesh: the mesh.
        name: what messages call the points.
        points: positions [m], one row per point.
    """

    def __init__(self, mesh, name, points):
        located = Points(mesh, name, points)
        rows, columns, weights = [], [], []
        for k in range(len(points)):
            nodes, shares = located.owned_shares(k)
            rows.append(np.full(len(nodes), k))
            columns.append(nodes)
            weights.append(shares)
        entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
        self._matrix = scipy.sparse.csr_matrix(entries, (len(points), mesh.owned))
        self._comm = mesh.comm

    def __call__(self, values):
        """Values [as given] at the points, on all processes; nan where a needed node is nan."""
        result = np.ascontiguousarray(self._matrix @ values)
        self._comm.Allreduce(MPI.IN_PLACE, result, MPI.SUM)
        return result

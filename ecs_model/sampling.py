"""Values at given points, from whichever processes hold them."""

from ecs_model.native import MPI

import numpy as np
import scipy.sparse

from ecs_model.stimulus import Points


class Sampler:
    """Interpolates nodal fields at fixed points.

    Args:
        mesh: the mesh.
        names: what messages call the points, one name each or one for all.
        points: positions [m], one row per point.

    Attributes:
        nodes: owned nodes that matter; fields are needed there only.
        comm: communicator of the mesh.
    """

    def __init__(self, mesh, names, points):
        located = Points(mesh, names, points)
        shares = [located.owned_shares(k) for k in range(len(points))]
        columns = np.concatenate([np.empty(0, np.int64), *(nodes for nodes, _ in shares)])
        weights = np.concatenate([np.empty(0), *(weights for _, weights in shares)])
        rows = np.repeat(np.arange(len(points)), [len(nodes) for nodes, _ in shares])
        self.nodes, places = np.unique(columns, return_inverse=True)
        shape = len(points), len(self.nodes)
        self._matrix = scipy.sparse.csr_matrix((weights, (rows, places)), shape)
        self.comm = mesh.comm

    def __call__(self, values):
        """Values at the points, on all processes; nan where a needed one is nan.

        Args:
            values: one per node of `nodes`.
        """
        result = np.ascontiguousarray(self._matrix @ values)
        self.comm.Allreduce(MPI.IN_PLACE, result, MPI.SUM)
        return result

"""Facets of a tag: their areas at nodes, and whether they bound the tissue, from slices of them.

DOLFINx would make all facets of the mesh, its largest table, for the few on a surface.
"""

import numpy as np

from ecs_model.tissue.mesh import Mesh


class Surface:
    """The facets of a tag, each once; made by all processes.

    Args:
        mesh: the mesh.
        tag: of the facets.

    Attributes:
        count: of them in all.
    """

    def __init__(self, mesh: Mesh, tag: int):
        self._mesh = mesh
        rows = np.sort(mesh.facets[mesh.facet_tags == tag], axis=1)
        self._facets = np.unique(mesh.node_slices.of_slice(rows), axis=0)
        self.count = mesh.comm.allreduce(len(self._facets))

    def shares(self) -> np.ndarray:
        """Integral over them of each owned node's hat [m^(d-1)]; collective.

        On a surface in space facets are the rims of a sheet, [m^2].
        """
        mesh, d = self._mesh, self._mesh.dimension
        nodes, corners = np.unique(self._facets, return_inverse=True)
        near = mesh.node_slices.holding(nodes)
        points = near.to_local(mesh.node_slices.to_slice(mesh.coordinates[: mesh.owned]))
        areas = _areas(points[corners.reshape(-1, d)], d)
        if mesh.is_surface:
            thickness = near.to_local(mesh.node_slices.to_slice(mesh.node_average(mesh.thickness)))
            areas *= thickness[corners.reshape(-1, d)].mean(axis=1)
        sums = np.bincount(corners.ravel(), np.repeat(areas / d, d), len(nodes))
        return mesh.node_slices.to_owned(near.add_to_slice(sums))

    def inside(self, shares: np.ndarray) -> int:
        """How many of them lie between two cells; collective.

        Args:
            shares: as `shares` gives them.
        """
        mesh, d = self._mesh, self._mesh.dimension
        touched = mesh.with_ghosts(shares) > 0
        cells = mesh.cell_nodes[: mesh.owned_cells]
        cells = cells[touched[cells].sum(axis=1) >= d]
        sides = np.concatenate([np.delete(cells, k, axis=1) for k in range(d + 1)])
        sides = np.sort(mesh.numbers[sides[touched[sides].all(axis=1)]], axis=1)
        both = np.concatenate([self._facets, mesh.node_slices.of_slice(sides)])
        _, places, counts = np.unique(both, axis=0, return_inverse=True, return_counts=True)
        of_cells = counts[places.ravel()[: len(self._facets)]] - 1
        return mesh.comm.allreduce(int(np.count_nonzero(of_cells > 1)))


def _areas(corners, dimension):
    """Areas [m^(d-1)] of facets from their corners, shape (facets, d, 3); 1 for points."""
    if dimension == 1:
        return np.ones(len(corners))
    edges = corners[:, 1:] - corners[:, :1]
    if dimension == 2:
        return np.linalg.norm(edges[:, 0], axis=1)
    return np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2

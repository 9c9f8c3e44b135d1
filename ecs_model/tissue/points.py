"""Where given points lie in a mesh, whichever process holds them."""

import functools
from operator import itemgetter
from typing import Any

from ecs_model.native import MPI

import numpy as np
from dolfinx import geometry

from ecs_model.errors import ConfigError
from ecs_model.tissue import triangles

ROUND_OFF = 1e-9  # of barycentric weights on the border of a cell
MISS = 1e-6  # m: more than DOLFINx finds a point beside its cell


class Points:
    """Where given points lie: in which cell of which process, with barycentric weights.

    A point on the border of several cells goes to the one that comes first in the input, so that
    nothing depends on the number of processes. A point near a surface in space goes to the nearest
    point of it, which must lie within half the thickness of the sheet.
    """

    def __init__(self, mesh, names, points):
        self.mesh = mesh
        names = [names] * len(points) if isinstance(names, str) else names
        padded = np.zeros((len(points), 3))
        if len(points):
            padded[:, : mesh.axes] = np.asarray(points, float)[:, : mesh.axes]
        near = self._beside(padded) if mesh.is_surface else self._near(padded)
        nearest = [self._nearest(x, cells) for x, cells in zip(padded, near, strict=True)]
        first = self._first(nearest)
        for name, point, best in zip(names, padded, first, strict=True):
            if best == mesh.cells:
                where = "sheet (half its thickness away, or more)" if mesh.is_surface else "mesh"
                raise ConfigError(f"{name}: the point {in_mm(point)} is outside the {where}")
        mine = [
            (cell, weights) if input_cell == best else (-1, None)
            for (_, input_cell, cell, weights), best in zip(nearest, first, strict=True)
        ]
        self.mine = [cell for cell, _ in mine]
        self.weights = [weights for _, weights in mine]

    def _first(self, nearest):
        """The cell that each point goes to, as the input counts them; `mesh.cells` for none.

        Args:
            nearest: what `_nearest` found of each on this process.
        """
        comm, misses = self.mesh.comm, np.array([miss for miss, *_ in nearest])
        least = np.empty_like(misses)
        comm.Allreduce(misses, least, MPI.MIN)
        found = [
            input_cell if miss == best else self.mesh.cells
            for (miss, input_cell, *_), best in zip(nearest, least, strict=True)
        ]
        first = np.array(found, np.int64)
        comm.Allreduce(MPI.IN_PLACE, first, MPI.MIN)
        return first

    def _near(self, points):
        """For each point the owned cells that hold it, or miss it by up to a micrometre."""
        mesh, domain = self.mesh, self.mesh.domain
        if not (mesh.owned_cells and len(points)):
            return [[]] * len(points)
        candidates = geometry.compute_collisions_points(self._boxes(points), points)
        hits = geometry.compute_colliding_cells(domain, candidates, points)
        return [hits.links(k) for k in range(len(points))]

    def _boxes(self, points):
        """DOLFINx's tree of boxes around owned cells, of all or of the few where the points lie."""
        mesh, reached = self.mesh, np.ones(self.mesh.owned_cells, bool)
        corners = mesh.cell_nodes[: mesh.owned_cells].T
        for x, place in zip(mesh.coordinates.T, points.T, strict=True):
            reached &= functools.reduce(np.minimum, (x[c] for c in corners)) <= place.max() + MISS
            reached &= functools.reduce(np.maximum, (x[c] for c in corners)) >= place.min() - MISS
        few = np.flatnonzero(reached).astype(np.int32)
        if 2 * len(few) > mesh.owned_cells:
            return mesh.tree
        return geometry.bb_tree(mesh.domain, mesh.dimension, entities=few)

    def _beside(self, points):
        """For each point the owned triangles that may be nearest, and are if they are in reach.

        None is further than the nearest corner, and no middle of one further from its corners than
        the largest is wide.
        """
        from scipy.spatial import KDTree  # which other meshes need not wait for

        mesh, owned = self.mesh, self.mesh.owned_cells
        if not (owned and len(points)):
            return [[]] * len(points)
        corners = mesh.coordinates[mesh.cell_nodes[:owned]]
        middles = corners.mean(axis=1)
        width = np.linalg.norm(corners - middles[:, None], axis=2).max()
        until = KDTree(corners.reshape(-1, 3)).query(points)[0] + width
        near = KDTree(middles).query_ball_point(points, until * (1 + ROUND_OFF))
        return [self._within(x, np.array(cells)) for x, cells in zip(points, near, strict=True)]

    def _within(self, x, cells):
        """The triangles in whose part of the sheet a point lies."""
        corners = self.mesh.coordinates[self.mesh.cell_nodes[cells]]
        gaps = np.array([triangles.nearest(c, x)[0] for c in corners])
        return cells[gaps <= self.mesh.thickness[cells] / 2]

    def _nearest(self, x, cells):
        """The cell that holds a point best: how far beyond it is, input number, cell, weights.

        How far is a share of the cell; all that hold the point are alike, and of these the first in
        the input counts.
        """
        mesh = self.mesh
        best: tuple[float, int, int, Any] = (np.inf, mesh.cells, -1, None)
        for cell in cells:
            corners = mesh.coordinates[mesh.cell_nodes[cell]]
            miss, weights = (
                triangles.nearest(corners, x)
                if mesh.is_surface
                else _barycentric(corners, x, mesh.dimension)
            )
            best = min(best, (miss, mesh.input_cells[cell], cell, weights), key=itemgetter(0, 1))
        return best

    def owned_shares(self, k):
        """Owned nodes of point `k`'s cell and their weights, wherever the cell lies."""
        mesh, cell = self.mesh, self.mine[k]
        nodes = mesh.cell_nodes[cell] if cell >= 0 else np.empty(0, np.int32)
        weights = self.weights[k] if cell >= 0 else np.empty(0)
        total = mesh.sum_shares(nodes, weights)
        found = np.flatnonzero(total)
        return found, total[found]


def _barycentric(corners, x, dimension):
    """How far a point lies beyond a cell, as a share of it, and the weights of the corners."""
    edges = (corners[1:] - corners[0])[:, :dimension].T
    rest = np.linalg.solve(edges, (x - corners[0])[:dimension])
    weights = np.concatenate([[1 - rest.sum()], rest])
    miss = -weights.min() if weights.min() < -ROUND_OFF else 0.0
    weights = np.clip(weights, 0.0, 1.0)
    weights[np.abs(weights) < 1e-12] = 0.0
    return miss, weights / weights.sum()


def in_mm(point):
    """A point [m] as text, in mm."""
    return "(" + ", ".join(f"{1e3 * x:.4g}" for x in point) + ") mm"

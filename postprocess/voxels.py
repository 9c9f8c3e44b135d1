"""Fields of tetrahedra as voxels of an image of a scanner.

A voxel gets the mean over the tissue in it, by four points in every cell (a quadrature of second
order) or in each of its parts, if tissue fills half of the voxel; otherwise it has no value. Where
voxels are smaller than cells, the value at its centre says more.
"""

import numpy as np

from ecs_model.files.images import Image
from ecs_model.physics.values import Array, Integers

ENOUGH = 0.5  # share of a voxel, or of its tissue, that has to have a value
# Of corners at the four points (Hammer, Marlowe & Stroud 1956, Math Tables Aids Comput 10, 130).
_FAR, _NEAR = 0.1381966011250105, 0.5854101966249685
WEIGHTS = np.full((4, 4), _FAR) + np.eye(4) * (_NEAR - _FAR)
FINE = 0.25  # edge of a part of a cell over the side of a voxel: coverage is right to some percent
HALVINGS = 3  # of edges of a cell, at most
POINTS = 2**20  # that are looked at together
# Corners 0 to 3 and middles of edges 01, 02, 03, 12, 13, 23 of the eight parts of a tetrahedron.
_EDGES = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])
_PARTS = np.array(
    [
        [0, 4, 5, 6],
        [4, 1, 7, 8],
        [5, 7, 2, 9],
        [6, 8, 9, 3],
        [4, 5, 6, 8],
        [4, 5, 7, 8],
        [5, 6, 8, 9],
        [5, 7, 8, 9],
    ]
)


def quadrature(halvings: int) -> Array:
    """Weights of the corners of a tetrahedron at points that stand for equal parts of its volume.

    Args:
        halvings: of its edges, each of which makes eight parts of one.

    Returns:
        Shape (4 * 8**halvings, 4).
    """
    parts = np.eye(4)[None]
    for _ in range(halvings):
        ten = np.concatenate([parts, parts[:, _EDGES].mean(axis=2)], axis=1)
        parts = ten[:, _PARTS].reshape(-1, 4, 4)
    return (WEIGHTS @ parts).reshape(-1, 4)


class Voxels:
    """Where the cells of a mesh lie in the voxels of an image.

    Args:
        image: the Image.
        points: of the mesh in the world [mm], shape (nodes, 3).
        cells: four node numbers a cell, shape (cells, 4).

    Attributes:
        coverage: share of every voxel that is tissue.
    """

    def __init__(self, image: Image, points: Array, cells: Integers) -> None:
        self._shape, self._cells = image.shape, cells
        parts = _in_parts(image, points, cells)
        self._flat, self._of, self._shares, self._near = map(np.concatenate, parts)
        self._tissue = self._sum(self._shares.sum(axis=1))
        self.coverage = (self._tissue / image.voxel_volume).reshape(image.shape)

    def mean(self, values: Array) -> Array:
        """Mean of nodal values over the tissue in every voxel; nan where too little has one.

        Args:
            values: one per node; nan where there is none.
        """
        known = np.isfinite(values)
        return self._mean_of(np.where(known, values, 0.0)[self._cells], known[self._cells])

    def of_cells(self, values: Array) -> Array:
        """Mean of values of cells over the tissue in every voxel, as `mean`."""
        corners = np.repeat(values[:, None], 4, axis=1)
        return self._mean_of(corners, np.ones(corners.shape, bool))

    def _mean_of(self, corners, known):
        weights = self._weighed(known)
        sums = self._weighed(corners * known)
        return self._where_enough(sums / np.where(weights > 0, weights, 1.0), weights)

    def earliest(self, values: Array) -> Array:
        """The least of the nodal values at the nodes whose cells lie in a voxel, as `mean`."""
        known = np.isfinite(values)
        first = np.full(self._tissue.shape, np.inf)
        there = np.where(known, values, np.inf)[self._cells[self._of]]
        np.minimum.at(first, self._flat, np.where(self._near > 0, there, np.inf).min(axis=1))
        return self._where_enough(first, self._weighed(known[self._cells]))

    def most(self, values: Array) -> Array:
        """The whole number that takes most of the tissue in every voxel, as `mean`.

        Args:
            values: one whole number per node.
        """
        there = values[self._cells[self._of]]
        kinds = np.unique(there[(self._near > 0) & np.isfinite(there)])
        if not len(kinds):
            return np.full(self._shape, np.nan)
        shares = [self._sum((self._near * (there == kind)).sum(axis=1)) for kind in kinds]
        return self._where_enough(kinds[np.argmax(shares, axis=0)], self._tissue)

    def _weighed(self, corners):
        """Integral over the tissue of every voxel of values at corners, shape (cells, 4)."""
        return self._sum((corners[self._of] * self._shares).sum(axis=1))

    def _sum(self, values):
        """Sums over every voxel of values of pairs of a voxel and a cell."""
        return np.bincount(self._flat, values, int(np.prod(self._shape)))

    def _where_enough(self, values, weights):
        """Values where tissue fills enough of a voxel and enough of it counts; nan elsewhere."""
        full = self.coverage.ravel() >= ENOUGH
        return np.where(full & (weights >= ENOUGH * self._tissue), values, np.nan).reshape(
            self._shape
        )


def _in_parts(image, points, cells):
    """What `_pairs` finds of all cells, as four tuples; of a million points at a time."""
    corners = points[cells]
    volumes = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6
    halvings, found = _halvings(volumes, image), []
    for k in np.unique(halvings):
        weights, alike = quadrature(k), np.flatnonzero(halvings == k)
        step = max(1, POINTS // len(weights))
        for some in np.split(alike, range(step, len(alike), step)):
            found.append(_pairs(image, corners[some], volumes[some], weights, some))
    return zip(*found, strict=True)


def _pairs(image, corners, volumes, weights, numbers):
    """Pairs of a voxel and a cell that have points in common, and what they have.

    Args:
        image: the Image.
        corners: of some cells [mm], shape (cells, 4, 3).
        volumes: of these [mm^3].
        weights: of corners at points of a cell, as from `quadrature`.
        numbers: of these cells.

    Returns:
        Numbers of the voxels and of the cells; the integrals [mm^3] of the hats of the four corners
        over what is common, and the volumes of it that are next to each of them, both (pairs, 4).
    """
    at = np.rint(image.voxels((weights @ corners).reshape(-1, 3))).astype(int)
    inside = np.flatnonzero(((at >= 0) & (at < image.shape)).all(axis=1))
    cell, point = np.divmod(inside, len(weights))
    size = int(np.prod(image.shape))
    keys = cell * size + np.ravel_multi_index(tuple(at[inside].T), image.shape)
    unique, pair = np.unique(keys, return_inverse=True)
    own, flat = np.divmod(unique, size)
    share = (volumes / len(weights))[cell]
    next_to = np.eye(4)[weights.argmax(axis=1)]
    hats, near = (
        np.stack([np.bincount(pair, share * w[point, j], len(unique)) for j in range(4)], axis=1)
        for w in (weights, next_to)
    )
    return flat, numbers[own], hats, near


def _halvings(volumes, image):
    """How often edges of each cell have to be halved, so that parts are small beside voxels."""
    edges = np.cbrt(6 * np.sqrt(2) * volumes)
    wanted = np.ceil(np.log2(np.maximum(edges, 1e-300) / (FINE * image.zooms.min())))
    return np.clip(wanted, 0, HALVINGS).astype(int)


class Centres:
    """Values of a mesh at the centres of the voxels of an image; arguments are those of Voxels."""

    def __init__(self, image: Image, points: Array, cells: Integers) -> None:
        import pyvista  # which takes a second to be imported

        kinds = np.full(len(cells), pyvista.CellType.TETRA)
        columns = np.column_stack([np.full(len(cells), 4), cells]).ravel()
        self._grid = pyvista.UnstructuredGrid(columns, kinds, points)
        self._shape = image.shape
        numbers = np.stack(np.indices(image.shape), axis=-1).reshape(-1, 3)
        self._centres = pyvista.PolyData(image.world(numbers))

    def mean(self, values: Array) -> Array:
        """Nodal values at centres; nan beside the tissue, or where a corner has none."""
        self._grid.point_data.clear()
        self._grid.point_data["values"] = values
        found = self._centres.sample(self._grid)
        is_inside = found["vtkValidPointMask"].astype(bool)
        return np.where(is_inside, found["values"], np.nan).reshape(self._shape)

    earliest = mean

    def of_cells(self, values: Array) -> Array:
        """Values of the cells that the centres lie in; nan beside the tissue."""
        inside = self._grid.find_containing_cell(self._centres.points)
        return np.where(inside >= 0, values[inside], np.nan).reshape(self._shape)

    def most(self, values: Array) -> Array:
        """Whole numbers at the nearest node; nan beside the tissue."""
        inside = self._grid.find_containing_cell(self._centres.points) >= 0
        nearest = [self._grid.find_closest_point(x) for x in self._centres.points[inside]]
        found = np.full(len(inside), np.nan)
        found[inside] = values[nearest]
        return found.reshape(self._shape)

"""A mesh as it is looked at: its skin, whole or behind a cut, in the colours of a nodal field."""

from functools import cached_property

import numpy as np
import pyvista
from vtkmodules.vtkFiltersGeometry import vtkGeometryFilter

_VTK_TYPES = {2: 3, 3: 5, 4: 10}  # nodes per cell: line, triangle, tetrahedron
_OPEN = 0.2  # mean of the normals of a surface, from which on it is seen from where they point


class Body:
    """A mesh [mm] and the direction from which it is seen.

    Args:
        points: coordinates [mm], three columns.
        cells: triangles or tetrahedra.

    Attributes:
        extent: its length, width and height [mm].
        centre: of the box around it [mm].
        is_surface: whether it is triangles in space, which have no inside.
        is_facing: whether that surface is open and seen from where it points.
        right: unit vector to the right of who looks at it; `up` and `towards` the eye likewise.
        across: unit vector across the cut, towards the eye.
    """

    def __init__(self, points, cells):
        self.grid = unstructured(points, cells)
        self.grid.point_data["node"] = np.arange(len(points))
        self.extent = np.ptp(points, axis=0)
        self.centre = (points.min(axis=0) + points.max(axis=0)) / 2
        self.is_surface = cells.shape[1] == 3 and bool(self.extent[2])
        self.right, self.up, self.towards, self.across = _view(self.extent)
        facing = _facing(points, cells) if self.is_surface else None
        self.is_facing = facing is not None
        if facing is not None:
            self.right, self.up, self.towards = facing

    @property
    def seen(self):
        """Width and height [mm] of what is seen of the box around it."""
        corners = (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * self.extent
        return np.ptp(corners @ self.right), np.ptp(corners @ self.up)

    @property
    def edges(self):
        """The edges of the box around it."""
        box = np.column_stack([self.centre - self.extent / 2, self.centre + self.extent / 2])
        return pyvista.Box(box.ravel()).extract_all_edges()

    def coloured(self, values, cut=False):
        """The skin with a nodal field as its "values": of the whole, or of the half behind a cut.

        The mesh of a skin is the same at every call.
        """
        skin, low, high, share = self._cut if cut else self._whole
        skin.point_data["values"] = _between(values[low], values[high], share)
        return skin

    @cached_property
    def _whole(self):
        skin = _skin(self.grid)
        nodes = skin.point_data["node"]
        return skin, nodes, nodes, 0.0

    @cached_property
    def _cut(self):
        """The skin behind the cut, and between which nodes its points lie, at which share.

        Cutting interpolates fields that are zero on one side, and a node's number, or one, on the
        other: of these a point has its share of either side, and of the numbers, too.
        """
        near = self._near_plane()
        nodes, before = near.point_data["node"], self._distance[near.point_data["node"]] > 0
        for name, side in (("low", ~before), ("high", before)):
            near.point_data[name] = np.column_stack([side, side * nodes]).astype(float)
        skin = _skin(near.clip(normal=self.across, origin=self.centre))
        low, high = (_node(skin.point_data[name]) for name in ("low", "high"))
        share = skin.point_data["high"][:, 0]
        return skin, np.where(share < 1, low, high), np.where(share > 0, high, low), share

    @cached_property
    def _distance(self):
        """How far each node is in front of the cut [mm]."""
        return (self.grid.points - self.centre) @ self.across

    def _near_plane(self):
        """The cells of which something is seen where the half before a plane is taken away."""
        shown = self._distance > -1e-6 * np.abs(self._distance).max()  # on the plane, too
        shown[self._whole[1]] = True
        cells = self.grid.cell_connectivity.reshape(self.grid.n_cells, -1)
        behind = (self._distance[cells] <= 0).any(axis=1)
        return self.grid.extract_cells(np.flatnonzero(behind & shown[cells].any(axis=1)))


def _between(start, end, share):
    """Values at shares of the way from one to the other; what is infinite stays so at the start."""
    with np.errstate(invalid="ignore"):
        return np.where(share > 0, start + share * (end - start), start)


def _node(weighed):
    """The node of pairs of a share and a number times the share."""
    share, number = weighed.T
    return np.rint(number / np.where(share > 0, share, 1.0)).astype(int)


def unstructured(points, cells):
    """The PyVista grid of a mesh."""
    width = cells.shape[1]
    kinds = np.full(len(cells), _VTK_TYPES[width], np.uint8)
    counted = np.column_stack([np.full(len(cells), width), cells])
    return pyvista.UnstructuredGrid(counted.ravel(), kinds, np.asarray(points, float))


def _skin(grid):
    faces = vtkGeometryFilter()
    faces.SetInputData(grid)
    faces.Update()
    return pyvista.wrap(faces.GetOutput())


def _view(extent):
    """Unit vectors: to the right, up, towards the eye; and across the cut, towards the eye."""
    if extent[2] == 0:
        return np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0]), np.zeros(3)
    across = -np.eye(3)[1] if extent[1] <= 1.5 * extent[0] else np.eye(3)[0]
    towards = 1.6 * across + np.array([0.0, 0.0, 0.9])
    towards += 0.75 * np.abs(np.cross(across, [0, 0, 1.0])) * (1 if across[1] else -1)
    towards /= np.linalg.norm(towards)
    right = np.cross([0, 0, 1.0], towards)
    right /= np.linalg.norm(right)
    return right, np.cross(towards, right), towards, across


def _facing(points, cells):
    """Unit vectors to the right, up and towards the eye that faces a surface; None if it is closed.

    The eye is above it, if there is an above.
    """
    made = pyvista.PolyData.from_regular_faces(points, cells).compute_normals(
        point_normals=False, split_vertices=False, consistent_normals=True
    )
    sizes = made.compute_cell_sizes(length=False, volume=False)["Area"]
    towards = np.average(made["Normals"], axis=0, weights=sizes)
    length = np.linalg.norm(towards)
    if length < _OPEN:
        return None
    towards = towards / length * (1 if towards[2] >= 0 else -1)
    side = np.array([0.0, 0, 1.0]) if abs(towards[2]) < 0.9 else np.array([0.0, 1.0, 0])
    right = np.cross(side, towards)
    right /= np.linalg.norm(right)
    return right, np.cross(towards, right), towards

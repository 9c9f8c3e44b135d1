"""A mesh over all processes: cells, tags, nodes, and the way back to the order of the input.

Everything that leaves the program or enters it later (output, checkpoints, fields from files) is in
input order, so that it does not depend on the number of processes.
"""

import functools

from ecs_model.native import MPI

import basix.ufl
import numpy as np
import ufl
from dolfinx import cpp, fem, la
from dolfinx import geometry as dolfinx_geometry
from dolfinx import mesh as dolfinx_mesh

from ecs_model.parallel import CHUNK, in_chunks
from ecs_model.tissue.mesh_slices import MeshSlice, of_root
from ecs_model.tissue.slices import Slices

_SHAPES = {1: "interval", 2: "triangle", 3: "tetrahedron"}
_NO_GHOSTS = dolfinx_mesh.GhostMode.none


class Mesh:
    """A distributed mesh with P1 nodes.

    Attributes:
        domain, space: the DOLFINx mesh and its P1 space, until they are released.
        dimension: of the cells: 1, 2 or 3.
        axes: coordinates that a point has: as many, or 3 where the cells are triangles in space.
        regions, boundaries: names -> tags.
        cell_tags: one tag per local cell, ghosts included; until they are released.
        coordinates: (local nodes, 3) [m], ghosts included.
        numbers: of local nodes in input order, ghosts included; `input_nodes`: of owned ones.
        facets, facet_tags: this process's slice of the tagged facets, by numbers of their nodes.
        owned: number of nodes that this process owns; they come first.
        nodes, cells: number in total.
        thickness: of a surface in space [m], over local cells; 1 where there is none.
        volumes: share of each owned node in the volume, integral of its hat, likewise.
        fingerprint: of coordinates and cells, the same for any number of processes.
        node_slices, cell_slices: the way between owned nodes, or cells, and slices of arrays in
            input order; local ones are those with ghosts.
    """

    def __init__(self, comm, data):
        """Distribute a mesh.

        Args:
            comm: MPI communicator.
            data: the MeshSlice of this process; or a MeshData on rank 0, None elsewhere.
        """
        here = data if isinstance(data, MeshSlice) else of_root(comm, data)
        self.comm, self.dimension, self.fingerprint = comm, here.dim, here.fingerprint
        self.axes = here.points.shape[1]
        self.regions, self.boundaries = here.regions, here.boundaries
        self.domain = _create(comm, here)
        self.space = fem.functionspace(self.domain, ("Lagrange", 1))
        self._number_nodes()
        self._number_cells()
        self.cell_tags = self.cell_slices.to_local(here.cell_tags)
        self.facets, self.facet_tags = here.facets, here.facet_tags
        self.have_thickness(1.0)

    @property
    def is_surface(self):
        """Whether the cells are triangles in space."""
        return self.dimension < self.axes

    def have_thickness(self, thickness):
        """Make all volumes those of a sheet around the surface.

        Args:
            thickness: [m], one number or one per local cell.
        """
        self.thickness = np.broadcast_to(np.asarray(thickness, float), len(self.cell_tags))
        self.__dict__.pop("cell_volumes", None)
        self.volumes = self.spread_cells(np.ones(len(self.cell_tags)))

    def _number_nodes(self):
        index_map, geometry = self.space.dofmap.index_map, self.domain.geometry
        self._index_map = index_map
        self.owned, self.nodes = index_map.size_local, index_map.size_global
        to_geometry = np.empty(self.owned + index_map.num_ghosts, np.int32)
        to_geometry[self.space.dofmap.list.ravel()] = geometry.dofmaps[0].ravel()
        self.coordinates = geometry.x[to_geometry]
        self.numbers = geometry.input_global_indices[to_geometry]
        self.input_nodes = self.numbers[: self.owned]
        self.node_slices = Slices(self.comm, self.nodes, self.numbers, self.owned, CHUNK)

    def _number_cells(self):
        topology = self.domain.topology
        cells = topology.index_map(self.dimension)
        self.owned_cells, self.cells = cells.size_local, cells.size_global
        self.input_cells = topology.original_cell_index
        self.cell_nodes = self.space.dofmap.list
        self.cell_slices = Slices(
            self.comm, self.cells, self.input_cells, self.owned_cells, CHUNK, rare=True
        )

    @functools.cached_property
    def cell_volumes(self):
        """Volumes of local cells [m^d], or [m^3] of a surface that has its thickness."""
        sizes = _volumes(self.coordinates, self.cell_nodes, self.axes)
        return sizes * self.thickness if self.is_surface else sizes

    def release(self):
        """Free what only set-up needs: DOLFINx's mesh and space, tags, bounding boxes of cells.

        They are most of what a mesh takes. Nothing can be assembled or found in it afterwards;
        volumes of cells are found again when they are asked for.
        """
        self.cell_nodes = np.array(self.cell_nodes)
        for name in ("domain", "space", "tree", "cell_tags", "input_cells", "cell_volumes"):
            self.__dict__.pop(name, None)

    @functools.cached_property
    def tree(self):
        """Bounding boxes of owned cells, to find points; made when first used."""
        owned = np.arange(self.owned_cells, dtype=np.int32)
        return dolfinx_geometry.bb_tree(self.domain, self.dimension, entities=owned)

    def spread_cells(self, values):
        """Integral of (piecewise constant) `values` times each owned node's hat.

        Args:
            values: one value per local cell.
        """
        owned = slice(self.owned_cells)
        return self._spread(owned, (values * self.cell_volumes)[owned])

    def spread_some(self, cells, values):
        """As `spread_cells`, of values of some of the owned cells; other cells have none."""
        sizes = _volumes(self.coordinates, self.cell_nodes[cells], self.axes)
        return self._spread(cells, values * (sizes * self.thickness[cells]))

    def _spread(self, cells, shares):
        """Sums at each owned node of what comes from cells, a share for each corner."""
        corners = self.dimension + 1
        return self.sum_shares(self.cell_nodes[cells].ravel(), np.repeat(shares / corners, corners))

    def node_average(self, values):
        """Average of cell values at each owned node, weighted by volume."""
        return self.spread_cells(values) / self.volumes

    def sum_shares(self, nodes, shares):
        """Sum over all processes of `shares` at local `nodes`: one value per owned node."""
        total = la.vector(self._index_map)
        total.array[:] = np.bincount(nodes, shares, len(total.array))
        total.scatter_reverse(la.InsertMode.add)
        return total.array[: self.owned].copy()

    def with_ghosts(self, values):
        """Values of owned nodes, and of the ghosts that other processes own."""
        vector = la.vector(self._index_map)
        vector.array[: self.owned] = values
        vector.scatter_forward()
        return vector.array

    def sum(self, values):
        """Sum of owned values over all processes."""
        total = np.array([values.sum()], float)
        if self.comm.size > 1:
            self.comm.Allreduce(MPI.IN_PLACE, total, MPI.SUM)
        return float(total[0])

    def extent(self):
        """Lower and upper corner of the mesh [m], each of shape (3,)."""
        low = self.coordinates.min(0, initial=np.inf)  # a process may have no node
        high = self.coordinates.max(0, initial=-np.inf)
        self.comm.Allreduce(MPI.IN_PLACE, low, MPI.MIN)
        self.comm.Allreduce(MPI.IN_PLACE, high, MPI.MAX)
        return low, high


def _create(comm, here):
    """The DOLFINx mesh, as `dolfinx.mesh.create_mesh` makes it.

    That one hands a two-dimensional array of cells to an overloaded function, which takes it four
    times for a list of vectors and makes an object of every cell, before it finds the right
    overload: 2000 bytes a node and most of the time. A list of one vector is unmistakable.
    """
    shape = (here.points.shape[1],)
    element = basix.ufl.element("Lagrange", _SHAPES[here.dim], 1, shape=shape)
    coordinates = fem.coordinate_element(element.basix_element)._cpp_object  # type: ignore[call-arg]
    parts = None if comm.size == 1 else _partitioner(here.owners)
    points = np.ascontiguousarray(here.points)
    made = cpp.mesh.create_mesh(comm, [here.cells.ravel()], [coordinates], points, parts, 2)
    return dolfinx_mesh.Mesh(made, ufl.Mesh(element))


def _partitioner(owners):
    """What tells DOLFINx where cells go: the given owners, or else a partitioner of graphs."""
    if owners is None:
        return dolfinx_mesh.create_cell_partitioner(_NO_GHOSTS, 2)  # type: ignore[call-arg]
    return lambda *_: cpp.graph.AdjacencyList_int32(owners.reshape(-1, 1))


def _volumes(points, cells, axes):
    """Volumes [m^d] of simplices with corners among the points, shape (cells,)."""
    result = np.empty(len(cells))
    for some, volumes in zip(in_chunks(cells), in_chunks(result), strict=True):
        corners = points[some]
        edges = corners[:, 1:, :axes] - corners[:, :1, :axes]
        if edges.shape[1] < axes:
            volumes[:] = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2
        else:
            volumes[:] = np.abs(np.linalg.det(edges)) / (1, 1, 2, 6)[axes]
    return result

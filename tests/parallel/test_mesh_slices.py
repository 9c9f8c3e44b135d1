"""A mesh that is given in slices: what it is, on any number of processes."""

import sys

import pytest

from tests.helpers import launch_program

PROGRAM = """
from ecs_model.native import MPI
from dataclasses import replace
import hashlib
import basix.ufl
import dolfinx
import numpy as np
import ufl
from ecs_model.meshes import GRIDS
from ecs_model.meshes.meshdata import ARRAYS
from ecs_model.tissue import mesh_slices
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.surface import Surface
from tests.helpers import brick

comm = MPI.COMM_WORLD
mesh_slices.CHUNK = Mesh.__init__.__globals__["CHUNK"] = 16  # all have something


def judge(mesh, data):
    digest = hashlib.sha256(b"".join(getattr(data, name).tobytes() for name in ARRAYS))
    assert mesh.fingerprint == digest.hexdigest()[:32]
    assert (mesh.nodes, mesh.cells) == (len(data.points), len(data.cells))
    low, high = mesh.node_slices.low, mesh.node_slices.high
    points = mesh.node_slices.to_slice(mesh.coordinates[: mesh.owned, : data.dim])
    np.testing.assert_array_equal(points, data.points[low:high])
    low, high = mesh.cell_slices.low, mesh.cell_slices.high
    tags = mesh.cell_slices.to_slice(mesh.cell_tags[: mesh.owned_cells])
    np.testing.assert_array_equal(tags, data.cell_tags[low:high])
    numbers = mesh.domain.geometry.input_global_indices[mesh.domain.geometry.dofmaps[0]]
    cells = mesh.cell_slices.to_slice(numbers[: mesh.owned_cells])
    np.testing.assert_array_equal(np.sort(cells), np.sort(data.cells[low:high]))
    for name, tag in data.boundaries.items():
        surface = Surface(mesh, tag)
        shares = surface.shares()
        assert surface.inside(shares) == 0
        assert surface.count == np.count_nonzero(data.facet_tags == tag)
        corners = data.points[data.facets[data.facet_tags == tag]]
        np.testing.assert_allclose(mesh.sum(shares), area(corners), rtol=1e-12)
        on_it = np.isin(mesh.input_nodes, data.facets[data.facet_tags == tag])
        np.testing.assert_array_equal(shares > 0, on_it)


def judge_order(here):
    # where no cell has an owner, cells and nodes lie where DOLFINx itself would have put them
    shape = {1: "interval", 2: "triangle", 3: "tetrahedron"}[here.dim]
    element = basix.ufl.element("Lagrange", shape, 1, shape=(here.dim,))
    theirs = dolfinx.mesh.create_mesh(comm, here.cells, ufl.Mesh(element), here.points)
    ours = Mesh(comm, replace(here, owners=None)).domain
    for one, other in (
        (ours.topology.original_cell_index, theirs.topology.original_cell_index),
        (ours.geometry.input_global_indices, theirs.geometry.input_global_indices),
        (ours.geometry.x, theirs.geometry.x),
        (ours.geometry.dofmaps[0], theirs.geometry.dofmaps[0]),
    ):
        np.testing.assert_array_equal(one, other)


def area(corners):
    edges = corners[:, 1:] - corners[:, :1]
    if corners.shape[1] == 1:
        return len(corners)
    if corners.shape[1] == 2:
        return np.linalg.norm(edges, axis=-1).sum()
    return np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1).sum() / 2


for name, arguments in {
    "interval": (1e-3, 1e-5),
    "rectangle": ((1e-3, 7e-4), 5e-5),
    "box": ((3e-4, 4e-4, 2e-4), 4e-5),
    "slice": ((3e-4, 4e-4), 1e-4, 5e-5),
}.items():
    grid = GRIDS[name](*arguments)
    mesh = Mesh(comm, mesh_slices.of_grid(comm, grid))
    judge(mesh, grid.whole())
    owners = grid.owners(comm.size, 0, grid.counts["cells"])
    if owners is not None and comm.size > 1:
        assert set(owners[mesh.input_cells[: mesh.owned_cells]]) == {comm.rank}
    judge_order(mesh_slices.of_grid(comm, grid))
for counts in ([1], [9, 4], [5, 4, 3]):  # the first has less cells than there are processes
    data = brick(counts, [1e-3] * len(counts), jitter=0.3)
    fields = {"a": np.arange(3.0 * len(data.points)).reshape(-1, 3)}
    data = replace(data, node_fields=fields, cell_fields={"b": np.arange(len(data.cells))})
    here = mesh_slices.of_root(comm, data if comm.rank == 0 else None)
    mesh = Mesh(comm, here)
    judge(mesh, data)
    found = mesh.node_slices.to_owned(here.node_fields["a"])
    np.testing.assert_array_equal(found, fields["a"][mesh.input_nodes])
    found = mesh.cell_slices.to_local(here.cell_fields["b"])
    np.testing.assert_array_equal(found, mesh.input_cells)
    between = (data.cell_tags == 1).nonzero()[0]
    sides = np.concatenate([np.delete(data.cells[between], k, 1) for k in range(data.dim + 1)])
    again = np.concatenate([data.facets, sides, sides[::2, ::-1]])  # some twice, in another order
    tags = np.concatenate([data.facet_tags, np.full(len(again) - len(data.facets), 9)])
    data = replace(data, facets=again, facet_tags=tags, boundaries={**data.boundaries, "all": 9})
    surface = Surface(Mesh(comm, data if comm.rank == 0 else None), 9)
    rows = np.unique(np.sort(sides, axis=1), axis=0)
    whole = np.sort(np.concatenate([np.delete(data.cells, k, 1) for k in range(data.dim + 1)]))
    cells = [(whole == row).all(axis=1).sum() for row in rows]
    assert surface.count == len(rows)
    assert surface.inside(surface.shares()) == sum(n > 1 for n in cells), counts
if comm.rank == 0:
    print("all equal")
"""


@pytest.mark.parametrize("n", [1, 2, 3, pytest.param(8, marks=pytest.mark.slow)])
def test_it_is_the_one_that_was_given(n):
    done = launch_program(n, [sys.executable, "-c", PROGRAM])
    assert "all equal" in done.stdout, done.stderr


AGAIN = """
from ecs_model.native import MPI
import hashlib
from ecs_model.meshes import box_grid
from ecs_model.tissue import mesh_slices
from ecs_model.tissue.mesh import Mesh

comm = MPI.COMM_WORLD
grid = box_grid((1e-3,) * 3, 2.5e-5)  # large enough that several processes give cells
assert sum(comm.allgather(len(mesh_slices.of_grid(comm, grid).cells) > 0)) == comm.size > 5
parts = [Mesh(comm, mesh_slices.of_grid(comm, grid)).input_nodes.tobytes() for _ in range(2)]
assert parts[0] == parts[1]
sums = comm.gather(hashlib.sha256(parts[0]).hexdigest())
if comm.rank == 0:
    print(sums)
"""


@pytest.mark.slow
def test_the_parts_are_the_same_each_time():
    """Without the setting of `native` they are not: PT-SCOTCH takes what comes first."""
    first, second = (launch_program(6, [sys.executable, "-c", AGAIN]) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout != ""

"""The potential along a line: the same as that of a dense matrix, to round-off."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.meshes.meshdata import MeshData
from ecs_model.tissue.mesh import Mesh
from ecs_model.transport.line_current import along_line
from ecs_model.transport.matrices import Operators
from ecs_model.transport.neighbours import Neighbours

COUNT = 40


def line(pieces=1):
    """Rows of a line of cells of unlike lengths in mixed order, in so many pieces."""
    rng = np.random.default_rng(3)
    ends = np.cumsum(rng.uniform(0.5e-5, 2e-5, COUNT))
    cells = np.column_stack([np.arange(COUNT - 1), np.arange(1, COUNT)])
    cells = cells[(cells[:, 1] % (COUNT // pieces)) != 0]
    number = rng.permutation(COUNT)
    points = np.empty((COUNT, 1))
    points[number, 0] = ends
    tags, none = np.ones(len(cells), int), np.empty((0, 1), int)
    mesh = Mesh(
        MPI.COMM_SELF,
        MeshData(points, number[cells], tags, none, none.ravel(), {"all": 1}, {}),
    )
    operators = Operators(mesh, rng.uniform(0.1, 0.3, mesh.cells), np.full(mesh.cells, 7e-10), 0.5)
    return Neighbours(operators)


def dense(rows, conductivity, leak, grounded):
    """The same equations as a dense matrix."""
    first, column = rows.pattern
    matrix = np.diag(np.zeros(COUNT) if leak is None else leak)
    for i in range(COUNT):
        for k in range(first[i], first[i + 1]):
            j = column[k]
            if j != i:
                joined = -0.5 * rows.entries[0][k] * (conductivity[i] + conductivity[j])
                matrix[i] += joined * (np.eye(COUNT)[i] - np.eye(COUNT)[j])
    for i in grounded:
        matrix[i], matrix[:, i] = 0.0, 0.0
        matrix[i, i] = 1.0
    return matrix


@pytest.mark.parametrize("leaks", [False, True])
@pytest.mark.parametrize("grounded", [(), (0,), (7, 22, 23)])
def test_elimination_finds_what_a_dense_solver_finds(leaks, grounded):
    rows, rng = line(), np.random.default_rng(5)
    conductivity = rng.uniform(100, 200, COUNT)
    leak = rng.uniform(0, 1e-3, COUNT) if leaks else None
    charge = rng.normal(size=COUNT)
    charge -= charge.mean()
    nodes = np.array(grounded, np.int32) if grounded else None
    found = np.empty(COUNT)
    along_line(rows, nodes).solve(conductivity, leak, charge, found)
    charge[list(grounded)] = 0.0
    matrix = dense(rows, conductivity, leak, grounded)
    expected = np.linalg.lstsq(matrix, charge, rcond=1e-13)[0]
    if not grounded and not leaks:  # anything that is the same everywhere may be added
        found -= found.mean()
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())


def test_every_piece_of_a_line_has_a_potential_of_its_own():
    rows, charge = line(pieces=4), np.random.default_rng(5).normal(size=COUNT)
    matrix = dense(rows, np.ones(COUNT), None, ())
    charge = matrix @ charge  # charge that no piece has too much of
    found = np.empty(COUNT)
    along_line(rows, None).solve(np.ones(COUNT), None, charge, found)
    np.testing.assert_allclose(matrix @ found, charge, atol=1e-10 * np.abs(charge).max())

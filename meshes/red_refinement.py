"""Uniform (red) refinement: every edge is halved, every cell has 2^d children.

New nodes come after the old ones, in the order of their edges (lower node, upper node). Children
of cell c have the numbers 2^d c to 2^d c + 2^d - 1, and those of facets likewise; they inherit
tags. So the numbers follow from the mesh alone, whoever computes them.

Tetrahedra are cut as Bey (1995, Computing 55, 355) has it: however often they are refined, they
have at most three shapes. Before, the vertices of each are put into an order in which the cut
through its middle is short; a grid of cubes then becomes the same grid with smaller cubes.
"""

import dataclasses
from itertools import combinations, permutations
from typing import Any

import numpy as np

from ecs_model.meshes.meshdata import MeshData

EDGES = [np.array([*combinations(range(d + 1), 2)], int).reshape(-1, 2) for d in range(4)]
CHILDREN = [  # of a simplex of each dimension: its corners, then the middles of its EDGES
    np.array(rows)
    for rows in (
        [(0,)],
        [(0, 2), (2, 1)],
        [(0, 3, 4), (3, 1, 5), (4, 5, 2), (3, 5, 4)],
        [
            *((0, 4, 5, 6), (4, 1, 7, 8), (5, 7, 2, 9), (6, 8, 9, 3)),
            *((4, 5, 6, 8), (4, 5, 7, 8), (5, 6, 8, 9), (5, 7, 8, 9)),
        ],
    )
]
ORDERS = np.array([p for p in permutations(range(4)) if p[0] < p[3]])  # one of p and p backwards
_STEPS = 10**5  # to which shares of a length are rounded before they are compared


def refined(mesh: MeshData, levels: int) -> MeshData:
    """The mesh, refined some times.

    Args:
        mesh: whose cells have no negative volume.
        levels: how often.
    """
    if not levels:
        return mesh
    mesh, mirrored = in_order(mesh, mesh.points[mesh.cells])
    for _ in range(levels):
        ends, numbers = unique_pairs(pairs_of(mesh), len(mesh.points))
        mesh, mirrored = divided(mesh, mirrored, len(mesh.points) + numbers)
        mesh = dataclasses.replace(
            mesh,
            points=np.concatenate([mesh.points, mesh.points[ends].mean(axis=1)]),
            node_fields={
                name: np.concatenate([values, halfway(values[ends])])
                for name, values in mesh.node_fields.items()
            },
        )
    return oriented(mesh, mirrored)


def halfway(ends: np.ndarray) -> np.ndarray:
    """Values of a field in the middle of edges: the mean of those at both ends.

    Vectors are directions, whose sign means nothing: the second is turned where it points the other
    way.

    Args:
        ends: shape (edges, 2, ...).
    """
    first, second = ends[:, 0], ends[:, 1]
    if ends.ndim == 3:
        against = np.sum(first * second, axis=1, keepdims=True) < 0
        second = np.where(against, -second, second)
    return (first + second) / 2


def in_order[Arrays: Any](mesh: Arrays, corners: np.ndarray) -> tuple[Arrays, np.ndarray]:
    """The mesh with vertices of tetrahedra ordered for refinement, and which cells that mirrors.

    Args:
        mesh: the MeshData, or a part of one.
        corners: of its cells [m], shape (cells, d + 1, d).
    """
    if corners.shape[1] < 4:
        return mesh, np.zeros(len(mesh.cells), bool)
    best = _best_order(corners)
    cells = np.take_along_axis(mesh.cells, ORDERS[best], axis=1)
    return dataclasses.replace(mesh, cells=cells), _are_odd(ORDERS)[best]


def _are_odd(orders):
    """Which permutations are odd."""
    return np.linalg.det(np.eye(orders.shape[1])[orders]) < 0


def _best_order(corners):
    """Which of ORDERS gives the shortest cut through each tetrahedron, shape (cells,).

    Of equal cuts it is the one between shorter edges, and of the orders that lead to it the one
    from end to end of the longest other edge. Rounding may not decide: grids have many equals.
    """
    lengths = np.linalg.norm(corners[:, EDGES[3][:, 0]] - corners[:, EDGES[3][:, 1]], axis=2)
    between = np.zeros((len(corners), 4, 4))
    for (a, b), length in zip(EDGES[3], lengths.T, strict=True):
        between[:, a, b] = between[:, b, a] = length
    longest = lengths.max(axis=1, initial=0)
    best = np.zeros(len(corners), np.int64)
    lowest = np.full(len(corners), np.inf)
    for k, (a, b, c, d) in enumerate(ORDERS):
        cut = np.linalg.norm(corners[:, a] + corners[:, c] - corners[:, b] - corners[:, d], axis=1)
        edges = np.maximum(between[:, a, c], between[:, b, d])
        score = np.zeros(len(corners))
        for share in (cut / 2, edges, longest - between[:, a, d]):
            score = score * _STEPS + np.round(share / longest * _STEPS)
        better = score < lowest
        best[better], lowest[better] = k, score[better]
    return best


def pairs_of(mesh: Any) -> np.ndarray:
    """The ends of the edges of all cells, one after the other, then of all facets, shape (k, 2)."""
    rows = (mesh.cells, mesh.facets)
    return np.concatenate([r[:, EDGES[r.shape[1] - 1]].reshape(-1, 2) for r in rows])


def unique_pairs(pairs: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Each edge once, lower node first and in ascending order, and which of them each pair is.

    Args:
        pairs: numbers of nodes, shape (pairs, 2).
        nodes: number of nodes, at most 3e9.
    """
    keys, places = np.unique(pairs.min(axis=1) * nodes + pairs.max(axis=1), return_inverse=True)
    return np.stack(np.divmod(keys, max(nodes, 1)), axis=1), places


def divided[Arrays: Any](
    mesh: Arrays, mirrored: np.ndarray, middles: np.ndarray
) -> tuple[Arrays, np.ndarray]:
    """The mesh with the children of cells and facets, and which of those cells are mirrored.

    Args:
        mesh: the MeshData, or a part of one.
        mirrored: of its cells, which have a negative volume.
        middles: number of the node in the middle of each of `pairs_of(mesh)`.
    """
    d, count = mesh.cells.shape[1] - 1, len(mesh.cells)
    split = count * len(EDGES[d])
    many, sides = len(CHILDREN[d]), len(CHILDREN[d - 1])
    fine = dataclasses.replace(
        mesh,
        cells=_children(mesh.cells, middles[:split]),
        cell_tags=np.repeat(mesh.cell_tags, many),
        facets=_children(mesh.facets, middles[split:]),
        facet_tags=np.repeat(mesh.facet_tags, sides),
        cell_fields={k: np.repeat(v, many, axis=0) for k, v in mesh.cell_fields.items()},
    )
    return fine, (mirrored[:, None] ^ _mirrored_children(d)).ravel()


def _children(rows, middles):
    d = rows.shape[1] - 1
    nodes = np.concatenate([rows, middles.reshape(len(rows), len(EDGES[d]))], axis=1)
    return nodes[:, CHILDREN[d]].reshape(-1, d + 1)


def _mirrored_children(d):
    """Which children of a simplex with a positive volume have a negative one."""
    corners = np.vstack([np.zeros(d), np.eye(d)])
    points = np.vstack([corners, corners[EDGES[d]].mean(axis=1)])[CHILDREN[d]]
    return np.linalg.det(points[:, 1:] - points[:, :1]) < 0


def oriented[Arrays: Any](mesh: Arrays, mirrored: np.ndarray) -> Arrays:
    """The mesh with two vertices swapped in the cells that are mirrored."""
    cells = mesh.cells.copy()
    cells[mirrored, :2] = cells[mirrored, 1::-1]
    return dataclasses.replace(mesh, cells=cells)

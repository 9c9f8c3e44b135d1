"""Meshes of files as a computation needs them: cells counted one way round, nodes that are used."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes.meshdata import orient, orphans, volumes
from ecs_model.meshes.simplices import facets_in_parts, sort_rows


def _is_sound(data):
    """Whether every cell has nodes that exist."""
    return bool(len(data.cells)) and ((data.cells >= 0) & (data.cells < len(data.points))).all()


def without_orphans(data):
    """The mesh without nodes of nothing, such as the centres of circles that gmsh saves.

    A node that only a tagged facet uses stays, and is found by `check`.
    """
    if not _is_sound(data):
        return data
    used, there = ~orphans(data), (data.facets >= 0) & (data.facets < len(data.points))
    used[data.facets[there]] = True
    if used.all() or not there.all():
        return data
    number = np.cumsum(used) - 1
    return replace(
        data,
        points=data.points[used],
        cells=number[data.cells],
        facets=number[data.facets],
        node_fields={name: values[used] for name, values in data.node_fields.items()},
    )


def turned(data, path):
    """The mesh with all cells counted one way round, which files do either way."""
    if not _is_sound(data) or not (volumes(data) < 0).any():
        return data
    right = replace(data, cells=orient(data))
    wrong = folded(right)
    if wrong.any():
        middle = 1e3 * right.points[right.cells[wrong.argmax()]].mean(axis=0)
        where = ", ".join(f"{x:.6g}" for x in middle)
        raise ConfigError(
            f"mesh {path}: {wrong.sum()} cells lie over a neighbour, the first at ({where}) mm: a "
            "node is on the wrong side of them; mesh it anew"
        )
    return right


def folded(mesh):
    """Which cells (m,) of positive volume lie on the same side of a facet as their neighbour.

    Two cells that share a facet count its vertices in opposite turns, unless one is folded over;
    of three or more cells at a facet, two lie on the same side.
    """
    m, d = len(mesh.cells), mesh.dim
    if mesh.is_surface:
        return np.zeros(m, bool)
    missing = [next(iter({*range(d + 1)} - {*k})) for k in combinations(range(d + 1), d)]
    sides, wrong = (-1.0) ** np.array(missing), np.zeros(m, bool)
    for facets, rows in facets_in_parts(mesh.cells):
        wrong[rows[_one_sided(facets, sides[rows // m])] % m] = True
    return wrong


def _one_sided(facets, side):
    """Numbers of facets that lie on the same side as another equal one.

    Args:
        facets: shape (k, d).
        side: 1 or -1 by which vertex of its cell each lacks.
    """
    turn = side * _parity(facets)
    order, repeated = sort_rows(facets)
    second = np.flatnonzero(repeated)
    same = (turn[order[second]] == turn[order[second - 1]]) | repeated[second - 1]
    return np.concatenate([order[second[same]], order[second[same] - 1]])


def _parity(rows):
    """1 for rows that an even number of swaps sorts, else -1."""
    sign = np.ones(len(rows))
    for a, b in combinations(range(rows.shape[1]), 2):
        sign *= np.where(rows[:, a] < rows[:, b], 1.0, -1.0)
    return sign

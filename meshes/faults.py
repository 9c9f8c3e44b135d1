"""What is wrong with a mesh: all of it at once, with where the first of each kind is."""

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.limits import LENGTH, MESH
from ecs_model.meshes.meshdata import (
    components,
    flat_and_inverted,
    longest_edges,
    orphans,
    untagged,
)
from ecs_model.meshes.orientation import folded
from ecs_model.meshes.simplices import facets_in_parts, sort_rows
from ecs_model.quantities import length_text


def check(mesh, name):
    """Nothing, if a computation can use the mesh.

    Raises:
        ConfigError: with all that is wrong, one line each: how many, and where the first one is.
    """
    wrong = _unreadable(mesh) or _unusable(mesh)
    if wrong:
        raise ConfigError(f"mesh {name} cannot be used:\n  " + "\n  ".join(wrong))


def _unreadable(mesh):
    """What makes it impossible to look at the geometry at all."""
    wrong = []
    lost = ~np.isfinite(mesh.points).all(axis=1)
    if len(mesh.cells) == 0:
        wrong.append("no cells; a mesh needs intervals, triangles or tetrahedra")
    if lost.any():
        wrong.append(f"nodes that are not finite: {lost.sum()}, the first is {lost.argmax()}")
    outside = (mesh.cells < 0) | (mesh.cells >= len(mesh.points))
    if outside.any():
        cells = outside.any(axis=1)
        wrong.append(
            f"cells with a node that does not exist: {cells.sum()}, the first is {cells.argmax()}"
        )
    return wrong


def _unusable(mesh):
    """What makes it impossible to compute on it."""
    nodes = np.arange(len(mesh.points))[:, None]
    loose = "tagged facets that are no facet of any cell"
    if wrong := odd_size(np.ptp(mesh.points, axis=0)):
        return [wrong]
    lines = [_line(mesh, which, mesh.cells, what) for which, what in _bad_cells(mesh)]
    lines += [
        _line(mesh, orphans(mesh), nodes, "nodes in no cell"),
        _line(mesh, _loose(mesh), mesh.facets, loose),
        _pieces(mesh),
    ]
    return [line for line in lines if line]


def odd_size(sides):
    """What is said of a mesh as large or small as no tissue is; empty for others.

    Args:
        sides: of the smallest box around it [m].
    """
    (low, high), longest = MESH, np.max(sides)
    if low <= longest <= high:
        return ""
    return (
        f"its longest side is {length_text(longest)}, and tissue has {length_text(low)} to "
        f"{length_text(high)}; see the units of lengths and coordinates"
    )


def _bad_cells(mesh):
    """Pairs of a mask over cells and what is wrong with those in it."""
    flat, inverted = flat_and_inverted(mesh)
    repeated = _duplicates(mesh.cells)
    yield inverted, "inverted cells (negative volume)"
    yield flat, "degenerate cells (no volume)"
    yield repeated, "cells that repeat another cell"
    yield longest_edges(mesh) < LENGTH[0], "cells smaller than an atom"
    if mesh.is_surface:
        yield _crowded(mesh), "triangles at an edge of three or more, where a surface branches"
    yield _folded(mesh, flat | inverted | repeated), "cells that lie over a neighbour"
    yield untagged(mesh), "untagged cells (tag 0, or a tag without a name)"


def _folded(mesh, broken):
    """Which cells lie over a neighbour; none if there are broken ones, which seem to do so."""
    return np.zeros(len(broken), bool) if broken.any() else folded(mesh)


def _crowded(mesh):
    """Which triangles have an edge that belongs to more than two."""
    wrong = np.zeros(len(mesh.cells), bool)
    for edges, rows in facets_in_parts(mesh.cells):
        order, repeated = sort_rows(edges)
        group = np.cumsum(~repeated) - 1
        wrong[rows[order[np.bincount(group)[group] > 2]] % len(mesh.cells)] = True
    return wrong


def _line(mesh, which, rows, what):
    """One line of complaint about the items in the mask `which`, or nothing.

    Args:
        mesh: the MeshData.
        which: of the items.
        rows: nodes of every item, shape (items, nodes).
        what: is wrong with them.
    """
    if not which.any():
        return ""
    place = mesh.points[rows[which.argmax()]].mean(axis=0)
    return f"{what}: {which.sum()}, the first at {_position(mesh, place)}"


def _position(mesh, point):
    """A point as text, in mm or, in a body smaller than 1 mm, in um."""
    small = np.ptp(mesh.points, axis=0).max() < 1e-3
    scale, unit = (1e6, "um") if small else (1e3, "mm")
    return "(" + ", ".join(f"{x * scale:.6g}" for x in point) + f") {unit}"


def _duplicates(rows):
    order, repeated = sort_rows(rows)
    duplicate = np.zeros(len(rows), bool)
    duplicate[order[repeated]] = True
    return duplicate


def _loose(mesh):
    """Which tagged facets are no facet of any cell."""
    used = np.zeros(len(mesh.points), bool)
    used[mesh.facets.ravel()] = True
    parts = (facets[used[facets].all(axis=1)] for facets, _ in facets_in_parts(mesh.cells))
    order, repeated = sort_rows(np.concatenate([mesh.facets, *parts]))
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(~repeated)
    return ~np.isin(group[: len(mesh.facets)], group[len(mesh.facets) :])


def _pieces(mesh):
    piece, cells = components(mesh)
    if np.count_nonzero(cells) <= 1:
        return ""
    small = mesh.cells[piece[mesh.cells[:, 0]] != cells.argmax()]
    where = _position(mesh, mesh.points[small[0]].mean(axis=0))
    return (
        f"pieces that share no node: {np.count_nonzero(cells)}; cells outside the largest: "
        f"{len(small)}, the first at {where}"
    )

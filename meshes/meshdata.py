"""Simplicial meshes as plain arrays: what every mesh generator returns and every mesh file becomes.

Lengths are in metres. Tags are integers that names map to; 0 means "no tag". NumPy and SciPy only,
so that a mesh can be made, checked and looked at on a machine without DOLFINx.
"""

import io
import json
import math
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from ecs_model.errors import ConfigError, plainly
from ecs_model.files import atomic

_FLAT = 1e-12  # volume over (longest edge)^d below which a cell counts as degenerate
_ARRAYS = {
    "points": np.float64,
    "cells": np.int64,
    "cell_tags": np.int32,
    "facets": np.int64,
    "facet_tags": np.int32,
}
_FIELDS = ("node_fields", "cell_fields")


@dataclass(frozen=True)
class MeshData:
    """A simplicial mesh as plain arrays, lengths in metres, in input order."""

    points: np.ndarray  # (n, d) [m], d = 1, 2 or 3
    cells: np.ndarray  # (m, d + 1)
    cell_tags: np.ndarray  # (m,)
    facets: np.ndarray  # (k, d): tagged facets, on the boundary or between regions
    facet_tags: np.ndarray  # (k,)
    regions: dict[str, int]  # name -> cell tag
    boundaries: dict[str, int]  # name -> facet tag
    node_fields: dict[str, np.ndarray] = field(default_factory=dict)  # (n, ...) each
    cell_fields: dict[str, np.ndarray] = field(default_factory=dict)  # (m, ...) each
    notes: dict[str, float | int | str] = field(default_factory=dict)  # how it was made, SI

    def __post_init__(self):
        for name in ("cell_tags", "facet_tags"):
            refuse_tags(getattr(self, name), name)
        for name, kind in _ARRAYS.items():
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), kind))

    @property
    def dim(self):
        """Number of space dimensions, which is that of the cells: 1, 2 or 3."""
        return self.points.shape[1]


def refuse_tags(tags, what):
    """Raise ConfigError for tags that are not whole numbers, or too large for the mesh to hold.

    Args:
        tags: of cells or facets.
        what: they are called in messages.
    """
    values, limits = np.asarray(tags), np.iinfo(_ARRAYS["cell_tags"])
    if values.ndim != 1 or values.dtype.kind not in "biuf" or np.any(values != np.round(values)):
        raise ConfigError(f"{what} are not whole numbers; name the array that holds the tags")
    wrong = values[(values < limits.min) | (values > limits.max)]
    if len(wrong):
        raise ConfigError(
            f"{what} must lie between {limits.min} and {limits.max} (found {wrong[0]}); "
            "number them anew"
        )


def field_of(mesh, name, at=None):
    """The values of a field, and what they lie at: "nodes" or "cells".

    Args:
        mesh: the MeshData.
        name: of the field.
        at: which of two fields of one name is meant, "nodes" or "cells".

    Raises:
        ConfigError: if there is no such field, or one at nodes and one at cells.
    """
    both = {"nodes": mesh.node_fields, "cells": mesh.cell_fields}
    found = [where for where in both if name in both[where] and at in (None, where)]
    if not found:
        known = ", ".join(f"{k} (at {where})" for where in both for k in both[where])
        wanted = f"'{name}'" if at is None else f"'{name}' at {at}"
        raise ConfigError(f"has no field {wanted}; it has {known or 'none'}")
    if len(found) > 1:
        raise ConfigError(
            f"has a field '{name}' at nodes and one at cells; say which is meant: "
            'at = "nodes" or at = "cells"'
        )
    return both[found[0]][name], found[0]


def volumes(mesh):
    """Signed length, area or volume [m^d] of every cell."""
    origin = mesh.points[mesh.cells[:, 0]]
    edges = [mesh.points[mesh.cells[:, k + 1]] - origin for k in range(mesh.dim)]
    return _determinant(edges) / math.factorial(mesh.dim)


def _determinant(rows):
    """Determinant of the d row vectors (m, d) of every cell."""
    if len(rows) == 1:
        return rows[0][:, 0]
    if len(rows) == 2:
        return rows[0][:, 0] * rows[1][:, 1] - rows[0][:, 1] * rows[1][:, 0]
    return np.einsum("ij,ij->i", np.cross(rows[0], rows[1]), rows[2])


def orient(mesh):
    """The cells (m, d + 1) with two vertices swapped wherever the volume is negative."""
    cells = mesh.cells.copy()
    negative = volumes(mesh) < 0
    cells[negative, :2] = cells[negative, 1::-1]
    return cells


def all_facets(cells):
    """The facets ((d + 1) m, d) of all cells, inner ones twice; facet j of cell i is row jm + i."""
    return np.concatenate([cells[:, kept] for kept in _subsets(cells.shape[1], cells.shape[1] - 1)])


def boundary_facets(cells):
    """The facets (k, d) that belong to one cell only, vertices ascending."""
    facets = all_facets(cells)
    order, repeated = sort_rows(facets)
    single = ~repeated & ~np.append(repeated[1:], False)
    return np.sort(facets[order[single]], axis=1)


def unique_edges(cells):
    """Every edge (k, 2) of the cells once, vertices ascending."""
    edges = np.concatenate([cells[:, pair] for pair in _subsets(cells.shape[1], 2)])
    order, repeated = sort_rows(edges)
    return np.sort(edges[order[~repeated]], axis=1)


def _subsets(n, k):
    return [list(c) for c in combinations(range(n), k)]


def sort_rows(rows):
    """Order that sorts rows of vertices as sets, and where in that order a row repeats the last."""
    keys = _keys(np.sort(rows, axis=1))
    order = np.argsort(keys[0]) if len(keys) == 1 else np.lexsort(keys)
    repeated = np.ones(len(rows), bool)
    repeated[:1] = False
    for key in keys:
        repeated[1:] &= key[order[1:]] == key[order[:-1]]
    return order, repeated


def _keys(rows):
    """The columns of non-negative integer `rows`, packed into as few int64 as hold them exactly."""
    bits = int(rows.max(initial=0)).bit_length() or 1
    keys, room = [], 0
    for column in rows.T:
        if room < bits:
            keys.append(column.astype(np.int64))
            room = 63 - bits
        else:
            keys[-1] = (keys[-1] << bits) | column
            room -= bits
    return keys


def components(mesh):
    """Number of the connected piece of every node (n,), and the number of cells of every piece."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(mesh.points)
    first = np.repeat(mesh.cells[:, 0], mesh.dim)
    links = (np.ones(len(first), bool), (first, mesh.cells[:, 1:].ravel()))
    _, piece = connected_components(coo_matrix(links, shape=(n, n)), directed=False)
    return piece, np.bincount(piece[mesh.cells[:, 0]], minlength=piece.max(initial=-1) + 1)


def untagged(mesh):
    """Which cells (m,) have tag 0 or a tag without a name."""
    return ~np.isin(mesh.cell_tags, [tag for tag in mesh.regions.values() if tag])


def orphans(mesh):
    """Which nodes (n,) belong to no cell."""
    return np.bincount(mesh.cells.ravel(), minlength=len(mesh.points)) == 0


def flat_and_inverted(mesh):
    """Which cells (m,) have no volume, and which of the others a negative one."""
    volume = volumes(mesh)
    corners = mesh.points[mesh.cells]
    square = np.zeros(len(volume))
    for a, b in combinations(range(mesh.dim + 1), 2):
        np.maximum(square, np.sum((corners[:, a] - corners[:, b]) ** 2, axis=1), out=square)
    flat = np.abs(volume) <= _FLAT * square ** (mesh.dim / 2)
    return flat, (volume < 0) & ~flat


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
    flat, inverted = flat_and_inverted(mesh)
    repeated = _duplicates(mesh.cells)
    centres = mesh.points[mesh.cells].mean(axis=1)
    lines = [
        _line(mesh, inverted, centres, "inverted cells (negative volume)"),
        _line(mesh, flat, centres, "degenerate cells (no volume)"),
        _line(mesh, repeated, centres, "cells that repeat another cell"),
        _line(
            mesh,
            _folded(mesh, flat | inverted | repeated),
            centres,
            "cells that lie over a neighbour",
        ),
        _line(mesh, untagged(mesh), centres, "untagged cells (tag 0, or a tag without a name)"),
        _line(mesh, orphans(mesh), mesh.points, "nodes in no cell"),
        _line(
            mesh,
            _loose(mesh),
            mesh.points[mesh.facets].mean(axis=1),
            "tagged facets that are no facet of any cell",
        ),
        _pieces(mesh),
    ]
    return [line for line in lines if line]


def _folded(mesh, broken):
    """Which cells lie over a neighbour; none if there are broken ones, which seem to do so."""
    from ecs_model.meshes.orientation import folded

    return np.zeros(len(broken), bool) if broken.any() else folded(mesh)


def _line(mesh, which, positions, what):
    """One line of complaint about the items in the mask `which`, or nothing."""
    if not which.any():
        return ""
    return f"{what}: {which.sum()}, the first at {_position(mesh, positions[which.argmax()])}"


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
    candidates = all_facets(mesh.cells)
    candidates = candidates[used[candidates].all(axis=1)]
    order, repeated = sort_rows(np.concatenate([mesh.facets, candidates]))
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


def quality(mesh):
    """Size, shape and faults of the mesh, an `ecs_model.meshes.quality.MeshQuality`."""
    from ecs_model.meshes.quality import measure

    return measure(mesh)


def read(path, unit, **options):
    """The mesh in a file whose lengths are in `unit`; see `ecs_model.meshes.files.read`."""
    from ecs_model.meshes import files

    return files.read(path, unit, **options)


def write(mesh, path):
    """Put the mesh into a .vtu, .xdmf or .msh file; see `ecs_model.meshes.files.write`."""
    from ecs_model.meshes import files

    files.write(mesh, path)


def save_npz(mesh, path):
    """Make `path` hold the mesh, exactly, as a NumPy archive; never half a file."""
    names = {"regions": mesh.regions, "boundaries": mesh.boundaries, "notes": mesh.notes}
    arrays = {name: getattr(mesh, name) for name in _ARRAYS}
    for kind in _FIELDS:
        arrays |= {f"{kind}:{name}": values for name, values in getattr(mesh, kind).items()}
    buffer = io.BytesIO()
    np.savez(buffer, names=np.array(json.dumps(names)), **arrays)
    atomic.write_bytes(path, buffer.getbuffer())


def load_npz(path):
    """The mesh that `save_npz` put into `path`; raises ConfigError if it is not such a file."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            stored = dict(archive)
        names = json.loads(str(stored["names"]))
        fields = {kind: _with_prefix(stored, f"{kind}:") for kind in _FIELDS}
        return MeshData(**{name: stored[name] for name in _ARRAYS}, **fields, **names)
    except Exception as error:
        raise ConfigError(
            f"{path} holds no mesh written by save_npz ({plainly(error)}); make it anew"
        ) from error


def _with_prefix(stored, prefix):
    return {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}

"""Simplicial meshes as plain arrays: what every mesh generator returns and every mesh file becomes.

Lengths are in metres. Tags are integers that names map to; 0 means "no tag". NumPy and SciPy only,
so that a mesh can be made, checked and looked at on a machine without DOLFINx.
"""

import math
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from ecs_model.errors import ConfigError

PART = 2**17  # rows that are looked at together
_FLAT = 1e-12  # volume over (longest edge)^d below which a cell counts as degenerate
ARRAYS = {
    "points": np.float64,
    "cells": np.int64,
    "cell_tags": np.int32,
    "facets": np.int64,
    "facet_tags": np.int32,
}


@dataclass(frozen=True)
class MeshData:
    """A simplicial mesh as plain arrays, lengths in metres, in input order."""

    points: np.ndarray  # (n, d) [m], d = 1, 2 or 3; (n, 3) of a surface in space, with d = 2
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
        for name, kind in ARRAYS.items():
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), kind))

    @property
    def dim(self):
        """Dimension of the cells: 1, 2 or 3."""
        return self.cells.shape[1] - 1

    @property
    def is_surface(self):
        """Whether the cells are triangles in space, which have no sign and no inside."""
        return self.dim < self.points.shape[1]


def refuse_tags(tags, what):
    """Raise ConfigError for tags that are not whole numbers, or too large for the mesh to hold.

    Args:
        tags: of cells or facets.
        what: they are called in messages.
    """
    values, limits = np.asarray(tags), np.iinfo(ARRAYS["cell_tags"])
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
    """Length, area or volume [m^d] of every cell, with a sign but on a surface in space."""
    result = np.empty(len(mesh.cells))
    for part in in_parts(len(result)):
        result[part] = _volumes(mesh.points, mesh.cells[part])
    return result


def _volumes(points, cells):
    origin, dim = points[cells[:, 0]], cells.shape[1] - 1
    edges = [points[cells[:, k + 1]] - origin for k in range(dim)]
    if dim < points.shape[1]:
        return np.linalg.norm(np.cross(*edges), axis=1) / 2
    return _determinant(edges) / math.factorial(dim)


def _determinant(rows):
    """Determinant of the d row vectors (m, d) of every cell."""
    if len(rows) == 1:
        return rows[0][:, 0]
    if len(rows) == 2:
        return rows[0][:, 0] * rows[1][:, 1] - rows[0][:, 1] * rows[1][:, 0]
    return np.einsum("ij,ij->i", np.cross(rows[0], rows[1]), rows[2])


def in_parts(count):
    """Slices of so many rows, so that what is found of all is not held of all at once."""
    return [slice(k, k + PART) for k in range(0, count, PART)]


def orient(mesh):
    """The cells (m, d + 1) with two vertices swapped wherever the volume is negative."""
    cells = mesh.cells.copy()
    negative = volumes(mesh) < 0
    cells[negative, :2] = cells[negative, 1::-1]
    return cells


def components(mesh):
    """Number of the connected piece of every node (n,), and the number of cells of every piece."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(mesh.points)
    cells = mesh.cells.astype(np.int32 if n < 2**31 else np.int64)
    first = np.repeat(cells[:, 0], mesh.dim)
    links = (np.ones(len(first), bool), (first, cells[:, 1:].ravel()))
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
    flat, inverted = np.zeros((2, len(mesh.cells)), bool)
    for part in in_parts(len(flat)):
        volume = _volumes(mesh.points, mesh.cells[part])
        square = _longest_edges(mesh.points[mesh.cells[part]]) ** 2
        flat[part] = np.abs(volume) <= _FLAT * square ** (mesh.dim / 2)
        inverted[part] = (volume < 0) & ~flat[part]
    return flat, inverted


def longest_edges(mesh):
    """The longest edge [m] of every cell (m,)."""
    result = np.empty(len(mesh.cells))
    for part in in_parts(len(result)):
        result[part] = _longest_edges(mesh.points[mesh.cells[part]])
    return result


def _longest_edges(corners):
    pairs = combinations(range(corners.shape[1]), 2)
    return np.max([np.linalg.norm(corners[:, a] - corners[:, b], axis=1) for a, b in pairs], axis=0)


def check(mesh, name):
    """Nothing, if a computation can use the mesh; see `ecs_model.meshes.faults.check`."""
    from ecs_model.meshes import faults

    faults.check(mesh, name)


def quality(mesh):
    """Size, shape and faults of the mesh, an `ecs_model.meshes.quality.MeshQuality`."""
    from ecs_model.meshes.quality import measure

    return measure(mesh)


def read(path, unit, **options):
    """The mesh in a file whose lengths are in `unit`; see `ecs_model.meshes.files.read`."""
    from ecs_model.meshes import files

    return files.read(path, unit, **options)


def write(mesh, path):
    """Put the mesh into a .vtu, .xdmf or .msh file; see `ecs_model.meshes.writing.write`."""
    from ecs_model.meshes import writing

    writing.write(mesh, path)

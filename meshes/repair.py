"""Columns of prisms between white and pial, and how the inverted ones are mended.

A column stands on a triangle of the surfaces; every prism in it is cut into three tetrahedra. The
vertices of a triangle are taken in ascending order, so neighbours cut their common side alike.
"""

from dataclasses import dataclass

import numpy as np

from ecs_model.meshes.simplices import unique_edges
from ecs_model.meshes.surfaces import Surfaces

PRISM = (  # (vertex of the ascending triangle, 0 lower or 1 upper) of three tetrahedra
    ((0, 0), (1, 0), (2, 0), (2, 1)),
    ((0, 0), (1, 1), (1, 0), (2, 1)),
    ((0, 0), (0, 1), (1, 1), (2, 1)),
)
THINNEST = 0.3e-3  # m; cortex is nowhere left thinner than this
_SMALL = 1e-4  # tetrahedra smaller than this part of the median are mended too
_ROUNDS = 30
_WIDEN = 15  # rounds after which the neighbours move as well
_SHRINK = 5  # rounds after which the moved vertices are thinned as well


@dataclass(frozen=True)
class Repair:
    """Mended surfaces, the triangles whose columns are sound, and what it took."""

    surfaces: Surfaces
    sound: np.ndarray  # (t,) bool
    notes: dict[str, float | int]


def repair(surfaces, layers):
    """Surfaces between which `layers` layers of prisms have as few inverted tetrahedra as possible.

    First the cortex gets a least thickness; then, in rounds, the vertices of inverted columns are
    drawn towards the mean position and thickness of their neighbours.
    """
    triangles, side = surfaces.triangles, np.sign(_total(surfaces))
    middle, across = surfaces.middle, surfaces.pial - surfaces.white
    volumes = side * column_volumes(middle, across, triangles, layers)
    inverted = int((volumes <= 0).sum())
    moved = _thicken(middle, across, triangles, side)
    average = _neighbour_average(triangles, len(middle))
    changed = moved[triangles].any(axis=1)
    for k in range(_ROUNDS):
        volumes[changed] = side * column_volumes(middle, across, triangles[changed], layers)
        bad = (volumes <= _SMALL * np.median(volumes)).any(axis=1)
        if not bad.any():
            break
        ring = _ring(bad, triangles, average, widen=k > _WIDEN)
        _relax(middle, across, ring, average, triangles, side, shrink=k > _SHRINK)
        moved |= ring
        changed = ring[triangles].any(axis=1)
    volumes[changed] = side * column_volumes(middle, across, triangles[changed], layers)
    mended = Surfaces(middle - across / 2, middle + across / 2, triangles)
    notes = {"inverted_before_repair": inverted} | _moves(surfaces, mended, moved)
    return Repair(mended, (volumes > 0).all(axis=1), notes)


def column_volumes(middle, across, triangles, layers):
    """Volumes (t, 3 layers) [m^3] of the tetrahedra of every column, negative where inverted."""
    ascending = np.sort(triangles, axis=1)
    centre, height = middle[ascending], across[ascending]
    found = []
    for layer in range(layers):
        levels = [centre + height * ((layer + up) / layers - 0.5) for up in (0, 1)]
        found += [_volume(*(levels[up][:, k] for k, up in corners)) for corners in PRISM]
    return np.stack(found, axis=1) * _parity(triangles)[:, None]


def _volume(a, b, c, d):
    return np.einsum("ij,ij->i", np.cross(b - a, c - a), d - a) / 6


def _parity(triangles):
    """1 for triangles whose vertices are an even permutation of the ascending order, else -1."""
    a, b, c = triangles.T
    return np.where((a < b) ^ (b < c) ^ (a < c), 1.0, -1.0)


def _total(surfaces):
    across = surfaces.pial - surfaces.white
    return column_volumes(surfaces.middle, across, surfaces.triangles, 1).sum()


def _thicken(middle, across, triangles, side):
    """Bring `across` to the least thickness, in place; which vertices this changed."""
    thin = np.linalg.norm(across, axis=1) < THINNEST
    across[thin] = side * THINNEST * _normals(middle, triangles)[thin]
    return thin


def _normals(points, triangles):
    """Unit normals (n, 3) of a surface at its vertices."""
    a, b, c = points[triangles.T]
    normals = np.zeros_like(points)
    face = np.cross(b - a, c - a)
    for corner in triangles.T:
        for axis in range(3):
            normals[:, axis] += np.bincount(corner, face[:, axis], len(points))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)


def _neighbour_average(triangles, n):
    """Sparse matrix (n, n) that averages over the neighbours of every vertex."""
    from scipy.sparse import coo_array, diags_array

    a, b = unique_edges(triangles).T
    both = (np.ones(2 * len(a)), (np.append(a, b), np.append(b, a)))
    links = coo_array(both, shape=(n, n)).tocsr()
    return diags_array(1 / np.maximum(links.sum(axis=1), 1)) @ links


def _ring(bad, triangles, average, widen):
    """Which vertices to move: those of the bad columns and, if `widen`, their neighbours."""
    ring = np.zeros(average.shape[0], bool)
    ring[triangles[bad].ravel()] = True
    return ring | (average @ ring.astype(float) > 0) if widen else ring


def _relax(middle, across, ring, average, triangles, side, shrink):
    """Move the vertices in `ring` towards their neighbours and the normal, in place."""
    rows = average[np.flatnonzero(ring)]
    middle_mean, across_mean = rows @ middle, rows @ across
    middle[ring] = 0.7 * middle[ring] + 0.3 * middle_mean
    new = 0.6 * across[ring] + 0.4 * across_mean
    length = np.linalg.norm(new, axis=1, keepdims=True)
    new = 0.7 * new + 0.3 * length * side * _normals(middle, triangles)[ring]
    new *= 0.97 if shrink else 1.0
    length = np.linalg.norm(new, axis=1, keepdims=True)
    across[ring] = new * np.maximum(1.0, THINNEST / np.maximum(length, 1e-300))


def _moves(before, after, moved):
    distance = np.maximum(
        np.linalg.norm(after.white - before.white, axis=1),
        np.linalg.norm(after.pial - before.pial, axis=1),
    )
    largest = float(distance.max(where=moved, initial=0))
    return {"vertices_moved": int(moved.sum()), "largest_move": largest}

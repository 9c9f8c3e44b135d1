"""Triangles in space, and where points lie beside them."""

import numpy as np

from ecs_model.physics.values import Array

_NANOMETRE = 1e-9  # m: distances closer than this are one
_NOTHING = 1e-9  # of the weight of a corner: round-off


def nearest(corners: Array, x: Array) -> tuple[float, Array]:
    """How far the nearest point of a triangle is, rounded to a nanometre [m], and its weights.

    Args:
        corners: of the triangle [m], shape (3, 3).
        x: the point [m].

    Returns:
        The distance, and the barycentric weights of the nearest point, shape (3,).
    """
    edges = (corners[1:] - corners[0]).T
    rest = np.linalg.solve(edges.T @ edges, edges.T @ (x - corners[0]))
    inside = np.array([1 - rest.sum(), *rest])
    found = [inside] if inside.min() >= -_NOTHING else [_on_edge(corners, x, k) for k in range(3)]
    gaps = [np.linalg.norm(x - weights @ corners) for weights in found]
    best = int(np.argmin(gaps))
    weights = np.where(found[best] < _NOTHING, 0.0, found[best])
    return _NANOMETRE * round(gaps[best] / _NANOMETRE), weights / weights.sum()


def _on_edge(corners, x, k):
    """Weights of the point of the edge opposite a corner that is nearest."""
    a, b = (k + 1) % 3, (k + 2) % 3
    way = corners[b] - corners[a]
    share = np.clip((x - corners[a]) @ way / (way @ way), 0.0, 1.0)
    weights = np.zeros(3)
    weights[[a, b]] = 1 - share, share
    return weights

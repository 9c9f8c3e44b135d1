"""Structured meshes: a grid of boxes, each cut into simplices along its main diagonal (Kuhn).

Neighbouring boxes cut their common face along the same diagonal, so the mesh is conforming. Nodes
are numbered x fastest, cells box by box in the same order.
"""

from itertools import permutations

import numpy as np

from ecs_model.meshes.meshdata import MeshData
from ecs_model.meshes.tags import SIDES, TISSUE, boundaries


def grid(axes):
    """The mesh of all boxes between the ascending coordinates [m] on 1, 2 or 3 axes."""
    counts = [len(axis) - 1 for axis in axes]
    strides = np.cumprod([1, *(len(axis) for axis in axes[:-1])])
    cells = _simplices(counts, strides, 0)
    facets, tags, names = _sides(counts, strides)
    return MeshData(
        points=_points(axes),
        cells=cells,
        cell_tags=np.ones(len(cells), np.int32),
        facets=facets,
        facet_tags=tags,
        regions=dict(TISSUE),
        boundaries=names,
    )


def even_axis(length, cell):
    """Equidistant coordinates [m] from 0 to `length`, about `cell` [m] apart."""
    return np.linspace(0.0, length, max(1, round(length / cell)) + 1)


def _points(axes):
    points = np.empty([*(len(axis) for axis in reversed(axes)), len(axes)])
    for k, axis in enumerate(axes):
        points[..., k] = axis.reshape([-1] + [1] * k)
    return points.reshape(-1, len(axes))


def _simplices(counts, strides, start):
    """Vertices of all simplices of a grid whose first node is `start`, positively oriented."""
    corners = np.array([start])
    for count, stride in zip(counts, strides, strict=True):
        corners = (np.arange(count)[:, None] * stride + corners).ravel()
    paths = np.array([_path(order, strides) for order in permutations(range(len(counts)))])
    return (corners[:, None, None] + paths).reshape(-1, len(counts) + 1)


def _path(order, strides):
    """Offsets of the corners met on the way through a box that steps along the axes in `order`."""
    path = np.cumsum([0, *(strides[k] for k in order)])
    inversions = sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])
    return np.append(path[:-2], path[:-3:-1]) if inversions % 2 else path


def _sides(counts, strides):
    """Facets of all sides, their tags, and the names of the tags."""
    names = boundaries(*(name for pair in SIDES[len(counts)] for name in pair))
    facets, tags = [], []
    for axis, pair in enumerate(SIDES[len(counts)]):
        others = [k for k in range(len(counts)) if k != axis]
        for name, start in zip(pair, (0, counts[axis] * strides[axis]), strict=True):
            side = _simplices([counts[k] for k in others], [strides[k] for k in others], start)
            facets.append(side)
            tags.append(np.full(len(side), names[name], np.int32))
    return np.concatenate(facets), np.concatenate(tags), names

"""Borders of labelled voxels as closed surfaces of triangles: surface nets.

Every block of eight voxels that are not all alike has one vertex, and every face between two voxels
of different labels becomes a quadrilateral, so that borders are closed by construction and regions
share them. Smoothing keeps vertices within their blocks, and volumes nearly as they were: a step
that smooths is followed by one that grows back (Taubin).

References:
    Gibson (1998), Lect Notes Comput Sci 1496, 888: constrained surface nets.
    Taubin (1995), Proc SIGGRAPH 95, 351: smoothing without shrinkage.
"""

from dataclasses import dataclass

import numpy as np

from ecs_model.physics.values import Array, Integers

SHRINK, GROW = 0.5, -0.53
WITHIN = 0.45  # of a voxel, along each axis, from the middle of its block


@dataclass(frozen=True)
class Net:
    """Borders between labels.

    Attributes:
        points: vertices in voxel numbers, shape (n, 3).
        triangles: shape (t, 3); from the side of the first label they turn left.
        labels: the two labels that every triangle divides, shape (t, 2).
    """

    points: Array
    triangles: Integers
    labels: Integers


def net(labels: Integers, smoothing: int) -> Net:
    """The Net of an image of labels, 0 around it.

    Args:
        labels: whole numbers, shape (i, j, k).
        smoothing: steps of smoothing.
    """
    padded = np.pad(labels, 1)
    quads, sides = _faces(padded)
    used, quads = np.unique(quads, return_inverse=True)
    quads = quads.reshape(-1, 4)
    middles = np.stack(np.unravel_index(used, padded.shape), axis=1) + 0.5
    points = _smoothed(middles, quads, smoothing)
    return Net(points - 1.0, _triangles(points, quads), np.repeat(sides, 2, axis=0))


def _faces(padded):
    """Blocks at the corners of faces between labels, by the number of their first voxel; labels."""
    quads, sides = [], []
    numbers = np.arange(padded.size).reshape(padded.shape)
    for axis in range(3):
        first, second = (np.moveaxis(x, axis, 0) for x in (numbers, padded))
        here, there = second[:-1], second[1:]
        faces = np.argwhere(here != there)
        across, up = (np.array(step) for step in ((0, 1, 0), (0, 0, 1)))
        corners = [faces - across - up, faces - up, faces, faces - across]
        quads.append(np.stack([first[tuple(c.T)] for c in corners], axis=1))
        sides.append(np.stack([here[tuple(faces.T)], there[tuple(faces.T)]], axis=1))
    quads[1] = quads[1][:, ::-1]  # the other two axes stand left-handed to the second
    return np.concatenate(quads), np.concatenate(sides)


def _smoothed(middles, quads, steps):
    import scipy.sparse

    ends = np.concatenate([quads[:, [k, (k + 1) % 4]] for k in range(4)])
    ends = np.concatenate([ends, ends[:, ::-1]])
    ones = np.ones(len(ends))
    beside = scipy.sparse.coo_array((ones, ends.T), (len(middles),) * 2).tocsr()
    beside.data[:] = 1.0
    counts = np.asarray(beside.sum(axis=1))[:, None]
    points = middles.copy()
    for share in (SHRINK, GROW) * steps:
        points += share * (beside @ points / counts - points)
        np.clip(points, middles - WITHIN, middles + WITHIN, out=points)
    return points


def _triangles(points, quads):
    """Two triangles of every quadrilateral, cut along its shorter diagonal."""
    a, b, c, d = (points[quads[:, k]] for k in range(4))
    is_first = np.linalg.norm(a - c, axis=1) <= np.linalg.norm(b - d, axis=1)
    one = np.where(is_first[:, None], quads[:, [0, 1, 2]], quads[:, [0, 1, 3]])
    two = np.where(is_first[:, None], quads[:, [0, 2, 3]], quads[:, [1, 2, 3]])
    return np.stack([one, two], axis=1).reshape(-1, 3)

"""Values of an image at points of the tissue: trilinear, but never across its borders.

Of the eight voxels around a point only those of its own tissue count, and their weights are scaled
to one; where they weigh less than an eighth, the nearest voxel counts alone. The tissue of a point
is that of its own voxel, or of the nearest that has one, in mm, but none farther than two voxels.
"""

import functools
import itertools
from dataclasses import dataclass

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files.images import Image, as_labels
from ecs_model.physics.values import Array, Integers, Truths

AT_ONCE = 4096  # points whose neighbours are looked for
REACH = 2  # voxels along each axis, in which a neighbour is looked for
LEAST = 0.125  # weight of voxels that are averaged
_AROUND = np.array([*itertools.product(range(-REACH, REACH + 1), repeat=3)])
_CORNERS = np.array([*itertools.product((0, 1), repeat=3)])


@dataclass(frozen=True)
class Block:
    """The voxels around some points.

    Attributes:
        image: the Image.
        values: shape (i, j, k, columns).
        tissues: number of the tissue of every voxel, 0 for none, shape (i, j, k).
        low: numbers of the first voxel.
    """

    image: Image
    values: Array
    tissues: Integers
    low: Integers

    def at(self, voxels: Integers) -> tuple[Truths, tuple[Integers, ...]]:
        """Which voxels lie in the block, and how an array of it is indexed for them.

        Args:
            voxels: whole numbers, shape (..., 3).
        """
        here = voxels - self.low
        size = np.array(self.tissues.shape)
        inside = ((here >= 0) & (here < size)).all(axis=-1)
        index = np.where(inside[..., None], here, 0)
        return inside, tuple(np.moveaxis(index, -1, 0))

    def tissue_of(self, voxels: Integers) -> Integers:
        """Numbers of the tissues of voxels, 0 beside the block."""
        if not self.tissues.size:
            return np.zeros(voxels.shape[:-1], int)
        inside, index = self.at(voxels)
        return np.where(inside, self.tissues[index], 0)


def block(image: Image, points: Array, labels: Image | None = None) -> Block:
    """The Block of an image around points in the world.

    Args:
        image: the Image.
        points: in the world [mm], shape (points, 3).
        labels: an image of the same voxels whose numbers, but 0, are tissues; None: every voxel
            whose values are finite and not all 0 is of one tissue.

    Raises:
        ConfigError: if an image cannot be read, or if the two differ in their voxels.
    """
    low, high = _ends(image, points)
    values = image.part(low, high)
    good = np.isfinite(values).all(axis=-1)
    if labels is None:
        tissues = (good & (values != 0).any(axis=-1)).astype(int)
    else:
        tissues = whole(labels, low, high, image) * good
    return Block(image, values, tissues, low)


def whole(labels: Image, low: Array, high: Array, like: Image | None = None) -> Integers:
    """Labels of the voxels from `low` to below `high`.

    Args:
        labels: the Image.
        low: numbers of the first voxel.
        high: numbers beyond the last one.
        like: an image that must have the same voxels.

    Raises:
        ConfigError: if they are no whole numbers, one a voxel, or lie elsewhere.
    """
    if like is not None and not labels.is_like(like):
        raise ConfigError(
            f"{labels.path}: has other voxels ({labels.shape}) than {like.path} ({like.shape}); "
            "resample one to the other with the tool that made them"
        )
    return as_labels(labels, labels.part(low, high))


def _ends(image, points):
    """First voxel, and that beyond the last, of those that points may need."""
    if not len(points):
        return np.zeros(3, int), np.zeros(3, int)
    numbers, size = np.rint(image.voxels(points)), np.array(image.shape)
    reach = [np.clip(end, -REACH - 2, size + REACH + 2) for end in (numbers.min(0), numbers.max(0))]
    low = np.clip(reach[0] - REACH - 1, 0, size).astype(int)
    return low, np.clip(reach[1] + REACH + 2, low, size).astype(int)


@dataclass(frozen=True)
class Places:
    """Where points lie among the voxels of a Block.

    Attributes:
        fractions: their fractional voxel numbers, shape (points, 3).
        nearest: the voxel whose tissue they have, shape (points, 3).
        tissues: that tissue, 0 for points that are too far from any.
        beside: which of them lie in a voxel of no tissue, or without a value.
    """

    fractions: Array
    nearest: Integers
    tissues: Integers
    beside: Truths

    @functools.cached_property
    def lost(self) -> Truths:
        """Points that are too far from any tissue."""
        return self.tissues == 0


def places(around: Block, points: Array) -> Places:
    """The Places of points in the world [mm]."""
    fractions = around.image.voxels(points)
    nearest = np.rint(fractions).astype(int)
    tissues = around.tissue_of(nearest)
    beside = tissues == 0
    for some in np.array_split(np.flatnonzero(beside), 1 + np.count_nonzero(beside) // AT_ONCE):
        nearest[some] = _neighbours(around, points[some], nearest[some])
    tissues[beside] = around.tissue_of(nearest[beside])
    return Places(fractions, nearest, tissues, beside)


def _neighbours(around, points, voxels):
    """The nearest voxel of any tissue to every point; any voxel of none where there is no such."""
    candidates = voxels[:, None] + _AROUND
    far = np.linalg.norm(around.image.world(candidates) - points[:, None], axis=2)
    far[around.tissue_of(candidates) == 0] = np.inf
    return candidates[np.arange(len(points)), far.argmin(axis=1)]


def interpolated(around: Block, where: Places) -> Array:
    """Values at points, shape (points, columns); those of the points that are lost mean nothing."""
    if not around.tissues.size:
        return np.zeros((len(where.tissues), around.image.columns))
    total = np.zeros((len(where.tissues), around.values.shape[-1]))
    weights = np.zeros(len(where.tissues))
    base = np.floor(where.fractions).astype(int)
    for corner in _CORNERS:
        weight = np.prod(np.abs(1 - corner - (where.fractions - base)), axis=1)
        inside, index = around.at(base + corner)
        weight *= inside & (around.tissues[index] == where.tissues)
        total += weight[:, None] * np.where(weight > 0, around.values[index].T, 0.0).T
        weights += weight
    alone = weights < LEAST * (1 - 1e-9)
    result = total / np.where(alone, 1.0, weights)[:, None]
    _, index = around.at(where.nearest[alone])
    result[alone] = around.values[index]
    return result

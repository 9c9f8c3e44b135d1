"""Labels of an image in larger voxels: blocks of as many as a wished size of cells holds."""

from dataclasses import replace

import numpy as np

from ecs_model.files.images import Image
from ecs_model.physics.values import Integers


def counts(volume: Image, cell: float) -> Integers:
    """How many voxels along each axis a block of size `cell` [mm] holds, 1 or more."""
    return np.maximum(np.floor(cell / volume.zooms * (1 + 1e-6)), 1).astype(int)


def joined(labels: Integers, counts: Integers) -> Integers:
    """Labels of blocks of voxels, that at the end filled up with 0.

    A block that tissue fills by more than half has the most frequent label in it that is not 0; of
    halves, or of labels that are as frequent, the one counts that the first of its voxels has.

    Args:
        labels: whole numbers, shape (i, j, k).
        counts: voxels of a block along each axis.
    """
    more = -np.array(labels.shape) % counts
    padded = np.pad(labels, [(0, n) for n in more])
    blocks = padded.reshape(*np.stack([padded.shape // counts, counts], axis=1).ravel())
    result = np.zeros(blocks.shape[::2], labels.dtype)
    first, most = blocks[:, 0, :, 0, :, 0], np.zeros(result.shape, int)
    for label in np.unique(labels[labels != 0]):
        times = 2 * (blocks == label).sum(axis=(1, 3, 5)) + (first == label)
        result[times > most] = label
        np.maximum(most, times, out=most)
    filled = 2 * (blocks != 0).sum(axis=(1, 3, 5)) + (first != 0)
    return np.where(filled > np.prod(counts), result, 0)


def image(volume: Image, counts: Integers) -> Image:
    """An image as it lies where its voxels are blocks.

    Args:
        volume: the image.
        counts: voxels of a block along each axis.
    """
    affine = volume.affine.copy()
    affine[:3, :3] *= counts
    affine[:3, 3] = volume.world((counts - 1) / 2)
    return replace(volume, affine=affine)

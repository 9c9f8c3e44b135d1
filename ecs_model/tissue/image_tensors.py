"""Directions and tensors in images, turned into axes of the world.

Six numbers of a symmetric tensor come in different orders, and belong to axes that no file tells:
both have to be said. Signs of directions mean nothing, so that products v v^T are averaged instead.

References:
    Basser, Mattiello & LeBihan (1994), Biophys J 66, 259: diffusion tensors.
    Tuch et al. (2001), PNAS 98, 11697: transport in tissue has the axes of water's diffusion.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files.images import Image
from ecs_model.physics.values import Array, Truths
from ecs_model.tissue.image_sampling import Block

ORDERS: Mapping[str, str] = {
    "fsl": "xx xy xz yy yz zz",
    "mrtrix": "xx yy zz xy xz yz",
    "nifti": "xx xy yy xz yz zz",
}
AXES = ("world", "voxel", "fsl")
STRANGE = 0.2  # share of tensors that are not positive, above which the order must be wrong
FLAT = 0.15  # fractional anisotropy, below which a tensor has no direction


def frame(image: Image, axes: str) -> Array:
    """The matrix from the axes of vectors in an image to those of the world, shape (3, 3).

    Args:
        image: the Image.
        axes: "world"; "voxel", along the voxels; or "fsl": these, but the first reversed if the
            affine has a positive determinant.
    """
    if axes == "world":
        return np.eye(3)
    is_turned = axes == "fsl" and np.linalg.det(image.axes) > 0
    return image.axes @ np.diag([-1.0 if is_turned else 1.0, 1.0, 1.0])


def directions(around: Block, axes: str) -> Block:
    """A Block of products v v^T of unit vectors in world axes, shape (..., 9).

    Raises:
        ConfigError: if there are not three numbers a voxel.
    """
    image = around.image
    if image.columns != 3:
        raise ConfigError(f"{image.path}: directions are 3 numbers a voxel (has {image.columns})")
    length = np.linalg.norm(around.values, axis=-1, keepdims=True)
    unit = around.values / np.where(length > 0, length, 1.0) @ frame(image, axes).T
    dyads = unit[..., :, None] * unit[..., None, :]
    is_good = np.isfinite(length[..., 0]) & (length[..., 0] > 0)
    return _of(around, dyads, is_good)


def tensors(around: Block, order: str, axes: str) -> Block:
    """A Block of tensors in world axes, shape (..., 9); those that are not positive are left out.

    Raises:
        ConfigError: if there are not six numbers a voxel.
    """
    turn = frame(around.image, axes)
    full = turn @ matrices(around.image, around.values, order) @ turn.T
    return _of(around, full, are_positive(full))


def _of(around, matrices, is_good):
    values = np.where(is_good[..., None, None], matrices, 0.0).reshape(*is_good.shape, 9)
    return replace(around, values=values, tissues=around.tissues * is_good)


def matrices(image: Image, six: Array, order: str) -> Array:
    """Symmetric matrices (..., 3, 3) from six numbers (..., 6).

    Raises:
        ConfigError: if there are not six.
    """
    if image.columns != 6:
        raise ConfigError(f"{image.path}: tensors are 6 numbers a voxel (has {image.columns})")
    full = np.empty((*six.shape[:-1], 3, 3))
    for k, pair in enumerate(ORDERS[order].split()):
        i, j = "xyz".index(pair[0]), "xyz".index(pair[1])
        full[..., i, j] = full[..., j, i] = six[..., k]
    return full


def are_positive(full: Array) -> Truths:
    """Which matrices (..., 3, 3) are finite and positive definite."""
    is_finite = np.isfinite(full).all(axis=(-1, -2))
    safe = np.where(is_finite[..., None, None], full, 0.0)
    return is_finite & (np.linalg.eigvalsh(safe)[..., 0] > 0)


def refuse_order(image: Image, order: str) -> str:
    """A sentence on how many tensors are not positive; ConfigError if that tells a wrong order.

    Reads all of the image, in parts.
    """
    counts = _positive_by_order(image)
    read, good = counts.pop(""), counts[order]
    if read - good > STRANGE * read:
        best = max(counts, key=counts.__getitem__)
        hint = f'order = "{best}" would do' if counts[best] > good else "no known order is better"
        raise ConfigError(
            f'{image.path}: with order = "{order}" {read - good} of {read} tensors are not '
            f"positive; {hint} ({read - counts[best]})"
        )
    return f"{image.path.name}: {read - good} of {read} tensors are not positive and left out"


def _positive_by_order(image):
    """Order -> number of positive tensors in the image; "": how many are not 0."""
    counts = dict.fromkeys(("", *ORDERS), 0)
    for values in image.parts():
        six = values[(np.isnan(values) | (values != 0)).any(axis=-1)]
        counts[""] += len(six)
        for order in ORDERS:
            counts[order] += int(are_positive(matrices(image, six, order)).sum())
    return counts


def first_axes(mean: Array) -> Array:
    """Products v v^T of the first eigenvectors of symmetric matrices, shape (..., 3, 3)."""
    v = np.linalg.eigh(mean)[1][..., -1]
    return v[..., :, None] * v[..., None, :]


def anisotropy(mean: Array) -> Array:
    """Fractional anisotropy, 0 to 1, of positive tensors (..., 3, 3)."""
    values = np.linalg.eigvalsh(mean)
    off = values - values.mean(axis=-1, keepdims=True)
    return np.sqrt(1.5 * (off**2).sum(axis=-1) / np.maximum((values**2).sum(axis=-1), 1e-300))


def ratios(mean: Array, most: float) -> tuple[Array, Truths]:
    """Tensors over the mean of their eigenvalues, none above `most`, and which had to be cut.

    Args:
        mean: positive tensors, shape (points, 3, 3).
        most: what an eigenvalue over the mean can be.
    """
    values, vectors = np.linalg.eigh(mean)
    shares = values / values.mean(axis=-1, keepdims=True)
    is_cut = (shares > most).any(axis=-1)
    return np.einsum("nik,nk,njk->nij", vectors, np.minimum(shares, most), vectors), is_cut

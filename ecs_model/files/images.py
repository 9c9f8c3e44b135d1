"""Images of a scanner, NIfTI or MGZ: what is in their voxels, and where these lie.

The world is the scanner's: right, anterior, superior (RAS), in mm. Whole voxel numbers are centres.
A NIfTI image lies where its sform says, or its qform where it has no sform.

Reference:
    Cox et al. (2004), NIfTI-1 data format; https://nifti.nimh.nih.gov/nifti-1.
"""

import functools
import gzip
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecs_model.errors import ConfigError, plainly
from ecs_model.files.foreign import refuse_special

type Array = npt.NDArray[np.float64]

SUFFIXES = (".nii", ".nii.gz", ".mgz", ".mgh")
SPACES = ("ras", "lps", "tkr")
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])  # between RAS and LPS
CONTRADICTION = 0.1  # [mm]: by which sform and qform may differ
MOST = 2**31  # values of a part that is read
LARGEST = 2**31  # label
AT_ONCE = 2**24  # values, where a part is as good as another


def is_image(path: str | Path) -> bool:
    """Whether a file's name is that of an image."""
    return str(path).lower().endswith(SUFFIXES)


@dataclass(frozen=True)
class Image:
    """An image whose values are read in parts.

    Attributes:
        path: of the file.
        affine: from voxel numbers to the world [mm], shape (4, 4).
        shape: voxels along its three axes.
        columns: values in a voxel.
        tkr: the affine to the "surface RAS" of FreeSurfer; None if the file has none.
        note: what a reader should know of where it lies; may be empty.
    """

    path: Path
    affine: Array
    shape: tuple[int, int, int]
    columns: int
    tkr: Array | None
    note: str
    _values: Any

    @functools.cached_property
    def zooms(self) -> Array:
        """Sizes of voxels [mm]."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @functools.cached_property
    def axes(self) -> Array:
        """Directions of the voxel axes in the world, as columns: the nearest orthogonal matrix."""
        left, _, right = np.linalg.svd(self.affine[:3, :3] / self.zooms)
        return left @ right

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel [mm^3]."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def voxels(self, points: Array) -> Array:
        """Fractional voxel numbers of points in the world [mm], shape (points, 3)."""
        return (points - self.affine[:3, 3]) @ np.linalg.inv(self.affine[:3, :3]).T

    def world(self, voxels: Array) -> Array:
        """Points in the world [mm] of voxel numbers, shape (voxels, 3)."""
        return voxels @ self.affine[:3, :3].T + self.affine[:3, 3]

    def part(self, low: Array, high: Array) -> Array:
        """Values of the voxels from `low` to below `high`, shape (i, j, k, columns), as floats.

        Raises:
            ConfigError: if they cannot be read.
        """
        counts = np.maximum(np.subtract(high, low), 0)
        if np.prod(counts, dtype=float) * self.columns > MOST:
            raise ConfigError(f"{self.path}: a part of {counts} voxels is too large to be read")
        slices = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        with _readable(self.path):
            values = np.asarray(self._values[slices], float)
        return values.reshape(*counts, self.columns)

    def parts(self) -> Iterator[Array]:
        """All values, in turn, in parts that are whole along the first two axes."""
        width, height, depth = self.shape
        layers = max(1, AT_ONCE // (width * height * self.columns))
        for k in range(0, depth, layers):
            yield self.part(np.array([0, 0, k]), np.array([width, height, min(k + layers, depth)]))

    def to_world(self, space: str) -> Array:
        """The matrix (4, 4) from coordinates [mm] of a space to the world.

        Args:
            space: "ras", "lps", or "tkr", in which FreeSurfer writes surfaces.

        Raises:
            ConfigError: for "tkr" with an image that is no MGZ.
        """
        if space == "tkr":
            if self.tkr is None:
                raise ConfigError(
                    f"{self.path}: tkr coordinates belong to an .mgz of FreeSurfer, such as "
                    "orig.mgz"
                )
            return self.affine @ np.linalg.inv(self.tkr)
        return FLIP if space == "lps" else np.eye(4)

    def is_like(self, other: "Image") -> bool:
        """Whether both have the same voxels."""
        return self.shape == other.shape and np.allclose(self.affine, other.affine, atol=1e-3)


def read(path: str | Path) -> Image:
    """The Image in a file, whose values are not read yet.

    Raises:
        ConfigError: if there is none that can be used, or if it does not say where it lies.
    """
    path = Path(path)
    refuse_special(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    with _readable(path):
        import nibabel  # whose import most runs need not wait for

        nibabel.imageglobals.logger.setLevel(logging.CRITICAL)  # what matters is refused below
        image: Any = nibabel.load(path)
        shape, kind = image.shape, np.dtype(image.dataobj.dtype)
        affine, tkr, note = _placed(path, image)
    if kind.kind not in "iuf" or len(shape) < 3 or min(shape) < 1:
        raise ConfigError(f"{path}: needs numbers in three dimensions (found {kind}, {shape})")
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise ConfigError(f"{path}: its affine is singular, so nobody knows where voxels lie")
    columns = int(np.prod(shape[3:]))
    return Image(path, affine, shape[:3], columns, tkr, note, image.dataobj)


def as_labels(image: Image, values: Array) -> npt.NDArray[np.int64]:
    """Values (..., columns) of an image as labels, shape (...).

    Raises:
        ConfigError: if they are no whole numbers, one a voxel, or too large for labels.
    """
    if image.columns != 1:
        raise ConfigError(f"{image.path}: labels are one number a voxel (has {image.columns})")
    values = values[..., 0]
    is_wrong = ~((values == np.rint(values)) & (np.abs(values) < LARGEST))
    if is_wrong.any():
        wrong = values[is_wrong].flat[0]
        raise ConfigError(
            f"{image.path}: labels are whole numbers below {LARGEST:.0e} (found {wrong:g})"
        )
    return values.astype(np.int64)


def digest(path: str | Path) -> str:
    """SHA-256 of a file.

    Raises:
        ConfigError: if the file is compressed and its own sum tells that it was damaged.
    """
    if str(path).lower().endswith((".gz", ".mgz")):
        with _readable(path), gzip.open(path) as content:
            while content.read(AT_ONCE):
                pass
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _placed(path, image):
    """Affine, affine to surface RAS or None, and a note."""
    affine = np.asarray(image.affine, float)
    _refuse_other_units(path, image.header)
    if hasattr(image.header, "get_vox2ras_tkr"):
        return affine, np.asarray(image.header.get_vox2ras_tkr(), float), ""
    if not hasattr(image, "get_qform"):
        raise ConfigError(f"{path}: not a NIfTI or MGZ image")
    forms = [form(coded=True) for form in (image.get_sform, image.get_qform)]
    (sform, has_sform), (qform, has_qform) = forms
    if not has_sform and not has_qform:
        raise ConfigError(
            f"{path}: neither its sform nor its qform says where the voxels lie (codes 0); "
            "write one, with the tool that made the image"
        )
    differ = has_sform and has_qform and np.abs(sform - qform).max() > CONTRADICTION
    return affine, None, f"{path.name}: sform and qform differ; sform is used" if differ else ""


def _refuse_other_units(path, header):
    """Raise ConfigError for an image whose lengths are said to be no millimetres."""
    unit = header.get_xyzt_units()[0] if hasattr(header, "get_xyzt_units") else "mm"
    if unit not in ("mm", "unknown"):
        raise ConfigError(f"{path}: its lengths are in {unit}; millimetres would be right")


class _readable:
    """A block that reads an image; whatever is wrong with the file becomes a ConfigError."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Exception) and not isinstance(error, ConfigError):
            raise ConfigError(
                f"{self._path}: not a readable NIfTI or MGZ image ({plainly(error)[:120]})"
            ) from error

"""Images of a scanner as fields over this process's mesh, whose coordinates are a scanner's.

Every process reads the voxels around its own points. What was read, and where it could not be taken
as it is, ends in `notes` and `digests`.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import images
from ecs_model.parallel import on_root, together
from ecs_model.physics.values import Array, Integers
from ecs_model.tissue import image_sampling, image_tensors
from ecs_model.tissue.image_use import ImageUse, Line, TensorUse
from ecs_model.tissue.mesh import Mesh

M_TO_MM = 1e3


class ImageFields:
    """Reads images at points of a mesh.

    Args:
        mesh: the Mesh.
        base: folder to which paths are relative.

    Attributes:
        notes: sentences about what was read and how.
        digests: SHA-256 of every image that was read, by its path as it was given.
    """

    def __init__(self, mesh: Mesh, base: Path | str) -> None:
        self._mesh, self._base = mesh, base
        self.notes: list[str] = []
        self.digests: dict[str, str] = {}

    @functools.cached_property
    def middles(self) -> Array:
        """Middles of local cells [mm], in the coordinates of the mesh, shape (cells, 3)."""
        return M_TO_MM * self._mesh.coordinates[self._mesh.cell_nodes].mean(axis=1)

    @functools.cached_property
    def nodes(self) -> Array:
        """Owned nodes [mm], in the coordinates of the mesh, shape (nodes, 3)."""
        return M_TO_MM * self._mesh.coordinates[: self._mesh.owned]

    def scalars(self, use: ImageUse, place: str, points: Array) -> Array:
        """One number of an image at every point.

        Args:
            use: the ImageUse.
            place: what messages call the field.
            points: `middles` or `nodes`.

        Raises:
            ConfigError: on all processes, for an image that cannot be used, or points beside it.
        """
        image = self._opened(use, place, points)
        around, where = together(self._mesh.comm, self._block, image, use, place, points)
        self._check(where, image, use, place, points)
        return image_sampling.interpolated(around, where)[:, 0]

    def labels(self, use: ImageUse, place: str) -> Integers:
        """The label of every local cell: that of the voxel around its middle, or of the next.

        Raises:
            ConfigError: on all processes, as `scalars`; cells far from any label have 0.
        """
        image = self._opened(use, place, self.middles)
        return together(self._mesh.comm, self._labels, image, use, place)

    def _labels(self, image, use, place):
        with _told(place):
            points = _in_world(image, use, self.middles)
            around = image_sampling.block(image, points)
            labels = images.as_labels(image, around.values)
            where = image_sampling.places(around, points)
            found = np.zeros(len(points), int)
            _, index = around.at(where.nearest[~where.lost])
            found[~where.lost] = labels[index]
            return found

    def say_line(self, use: ImageUse, line: Line, place: str) -> None:
        """Note what the numbers of an image were taken for."""
        (a, b), (x, y) = line.values, line.become
        self.notes.append(
            f"{place}: {x:g} where {use.file} has {a:g}, {y:g} where it has {b:g}, along a line: "
            f"an assumption ({line.source})"
        )

    def say_ends(self, ends: tuple[float, float], values: Array, place: str) -> None:
        """Note how many values are beyond two ends, to which they will be cut; collective."""
        low, high = ends
        self._count((values < low) | (values > high), place, f"were cut to {low:g} to {high:g}")

    def volume(self, use: ImageUse, wanted: Sequence[int]) -> float:
        """Volume [mm^3] of the voxels with one of some labels; read by rank 0 alone."""
        return on_root(self._mesh.comm, _volume, Path(self._base, use.file), wanted)

    def axes(self, use: TensorUse, place: str) -> Array:
        """Products v v^T of fibre directions in local cells, shape (cells, 3, 3).

        Where tensors have no direction, a third of the identity: as if fibres ran every way.

        Raises:
            ConfigError: on all processes, as `scalars`, or for tensors in another order.
        """
        means = self._means(use, place)
        axes = image_tensors.first_axes(means)
        if use.order is not None:
            is_flat = image_tensors.anisotropy(means) < image_tensors.FLAT
            axes[is_flat] = np.eye(3) / 3
            self._count(is_flat, place, f"have an anisotropy below {image_tensors.FLAT}: no fibres")
        return axes

    def ratios(self, use: TensorUse, place: str, most: float) -> Array:
        """Tensors over the mean of their eigenvalues in local cells, shape (cells, 3, 3).

        Args:
            use: the TensorUse.
            place: what messages call the field.
            most: what an eigenvalue over the mean can be.

        Raises:
            ConfigError: on all processes, as `axes`.
        """
        shares, is_cut = image_tensors.ratios(self._means(use, place), most)
        self._count(is_cut, place, "would be faster than free diffusion along an axis and were cut")
        return shares

    def _means(self, use, place):
        """Mean products or tensors in local cells, shape (cells, 3, 3)."""
        comm, image = self._mesh.comm, self._opened(use.image, place, self.middles)
        if use.order is not None:
            with _told(place):
                note = on_root(comm, image_tensors.refuse_order, image, use.order)
            self.notes.append(f"{place}: {note}")
        around, where = together(comm, self._block, image, use.image, place, self.middles, use)
        self._check(where, image, use.image, place, self.middles)
        means = image_sampling.interpolated(around, where).reshape(-1, 3, 3)
        means[where.lost] = np.eye(3)
        return means

    def _opened(self, use, place, points):
        """The Image, once its place was checked against the mesh."""
        image = self._read(use.file, place)
        if use.within is not None:
            self._read(use.within, place)
        self._refuse_elsewhere(image, use, place, points)
        return image

    def _read(self, file, place):
        """The Image in a file, whose digest is noted."""
        image = together(self._mesh.comm, _read, self._base, file, place)
        if file not in self.digests:
            with _told(place):
                self.digests[file] = on_root(self._mesh.comm, images.digest, image.path)
            self.notes += [f"{place}: {image.note}"] * bool(image.note)
        return image

    def _block(self, image, use, place, points, tensors=None):
        with _told(place):
            if tensors is None and image.columns != 1:
                raise ConfigError(f"{image.path}: has {image.columns} numbers a voxel, not one")
            points = _in_world(image, use, points)
            labels = None if use.within is None else images.read(Path(self._base, use.within))
            around = image_sampling.block(image, points, labels)
            if tensors is not None:
                around = _turned(around, tensors)
            return around, image_sampling.places(around, points)

    def _refuse_elsewhere(self, image, use, place, points):
        """Raise ConfigError if no point at all lies in the image, and name the space that fits."""
        sums = np.array([_inside(image, space, points) for space in images.SPACES])
        total = self._mesh.comm.allreduce(sums)
        count = self._mesh.comm.allreduce(len(points))
        shares = dict(zip(images.SPACES, total / max(1, count), strict=True))
        if shares[use.space] > 0:
            return
        best = max(shares, key=shares.__getitem__)
        hint = f'; with space = "{best}" {shares[best]:.0%} of it would' if shares[best] else ""
        corners = "mesh and image must have the same coordinates, those of the scanner in mm"
        raise ConfigError(
            f'{place}: nothing of the mesh lies in {use.file} with space = "{use.space}"'
            f"{hint or f' nor any other; {corners}'}"
        )

    def _check(self, where, image, use, place, points):
        """Refuse points that are far from any voxel with a value; note those beside them."""
        comm = self._mesh.comm
        count, first = first_of(comm, where.lost, points)
        total = comm.allreduce(len(points))
        if count:
            raise ConfigError(
                f"{place}: {count} of {total} places are more than {image_sampling.REACH} voxels "
                f"from any voxel of {use.file} with a value, the first at {first} mm"
            )
        what = f"lie in voxels of {use.file} without a value; the nearest count"
        self._count(where.beside, place, what)

    def _count(self, chosen, place, what):
        count = self._mesh.comm.allreduce(int(np.count_nonzero(chosen)))
        total = self._mesh.comm.allreduce(len(chosen))
        if count:
            self.notes.append(f"{place}: {count} of {total} places {what}")


def first_of(comm: MPI.Comm, chosen: Array, points: Array) -> tuple[int, str]:
    """How many points are chosen on all processes, and where the first is [mm]; collective."""
    mine = points[chosen][:1]
    where = "(" + ", ".join(f"{x:.4g}" for x in mine[0]) + ")" if len(mine) else ""
    texts = [text for text in comm.allgather(where) if text]
    return comm.allreduce(int(np.count_nonzero(chosen))), texts[0] if texts else ""


class _told:
    """A block whose ConfigErrors begin with the place that they are about."""

    def __init__(self, place):
        self._place = place

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, ConfigError) and not str(error).startswith(self._place):
            raise ConfigError(f"{self._place}: {error}") from None


def _read(base, file, place):
    with _told(place):
        return images.read(Path(base, file))


def _turned(around, tensors):
    if tensors.order is None:
        return image_tensors.directions(around, tensors.axes)
    return image_tensors.tensors(around, tensors.order, tensors.axes)


def _in_world(image, use, points):
    matrix = image.to_world(use.space)
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _inside(image, space, points):
    """How many points lie in the image, if their coordinates are those of a space."""
    if space == "tkr" and image.tkr is None:
        return 0
    voxels = np.rint(image.voxels(_in_world(image, ImageUse("", space), points)))
    return int(((voxels >= 0) & (voxels < image.shape)).all(axis=1).sum())


def _volume(path, wanted):
    image = images.read(path)
    return image.voxel_volume * sum(int(np.isin(x, wanted).sum()) for x in image.parts())

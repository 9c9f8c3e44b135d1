"""Arrays in input order, from the mesh or from files, as fields over this process's mesh."""

from dataclasses import dataclass
from pathlib import Path

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files.arrays import read_npy
from ecs_model.meshes import meshdata
from ecs_model.parallel import CHUNK, kept_on_root, scattered, together
from ecs_model.quantities import parse
from ecs_model.tissue.image_fields import ImageFields
from ecs_model.tissue.image_use import ImageUse, Line
from ecs_model.units import to_si

TOLD = ("1", "mM")  # units that numbers of a file have unless they say otherwise


@dataclass(frozen=True)
class InputField:
    """Where the values of a field come from.

    Attributes:
        field: its name in the mesh, or in a mesh file; None for a .npy file.
        file: path of the file; None for the mesh itself.
        unit: of its numbers; None if it was not told.
        at: what the values lie at, "nodes" or "cells"; None if it was not told.
        image: the ImageUse of an image of a scanner, instead of all others but the unit.
        line: what the numbers of an image mean; None for themselves.
        ends: the least and the most that an image gives; None for whatever it holds.
    """

    field: str | None = None
    file: str | None = None
    unit: str | None = None
    at: str | None = None
    image: ImageUse | None = None
    line: Line | None = None
    ends: tuple[float, float] | None = None


def read_array(path, field, at=None):
    """An array in input order, out of a .npy or mesh file, and what its values lie at.

    That is "nodes" or "cells", or for a .npy file, which does not tell, `at` itself.

    Args:
        path: of the file.
        field: name of the field in a mesh file; None for .npy.
        at: which of two fields of one name is meant, "nodes" or "cells".

    Raises:
        ConfigError: if there is no such file or field.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    if path.suffix.lower() == ".npy":
        return read_npy(path), at
    mesh = meshdata.read(path, "m")
    try:
        return meshdata.field_of(mesh, field, at)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


@dataclass(frozen=True)
class GivenFields:
    """The fields that a mesh came with: name -> this process's slice of their values."""

    node_fields: dict[str, np.ndarray]
    cell_fields: dict[str, np.ndarray]


class Seen:
    """An array of which every process has a slice, as one that checks it sees it.

    Args:
        comm: MPI communicator.
        here: this process's slice.
        low: number of its first value in the array.
    """

    def __init__(self, comm, here, low):
        self._comm, self.here, self._low = comm, here, low

    def extremes(self):
        """The lowest and the highest value of all, both nan if any is not finite; collective."""
        if not self._comm.allreduce(bool(np.isfinite(self.here).all()), MPI.LAND):
            return np.full(2, np.nan)
        low = self._comm.allreduce(self.here.min(initial=np.inf), MPI.MIN)
        return np.array([low, self._comm.allreduce(self.here.max(initial=-np.inf), MPI.MAX)])

    def first(self, wrong):
        """How many are wrong, where the first is, in words, and its value; collective.

        Args:
            wrong: which of the values here are.
        """
        count = self._comm.allreduce(int(np.count_nonzero(wrong)))
        mine = np.flatnonzero(wrong)[:1]
        found = (self._rank_of(mine), float(self.here[mine[0]])) if len(mine) else (np.inf, 0.0)
        rank, value = self._comm.allreduce(found, MPI.MIN)
        return count, self._where(rank, mine), value

    def _rank_of(self, mine):
        """What decides which process has the first."""
        return int(self._low + mine[0])

    def _where(self, rank, mine):
        return f"is number {rank}"


class SeenAt(Seen):
    """Values at points that every process has its own of, as one that checks them sees them.

    Args:
        comm: MPI communicator.
        here: this process's values.
        points: where they are [mm].
    """

    def __init__(self, comm, here, points):
        super().__init__(comm, here, 0)
        self._points = points

    def _rank_of(self, mine):
        return self._comm.rank

    def _where(self, rank, mine):
        if rank == np.inf:
            return ""
        point = self._points[mine[0]] if rank == self._comm.rank else None
        x, y, z = self._comm.bcast(point, root=rank)
        return f"is at ({x:.4g}, {y:.4g}, {z:.4g}) mm"


class InputFields:
    """Reads fields in slices, and hands every process its own part.

    Args:
        mesh: the mesh.
        given: the GivenFields of it.
        base: folder to which paths are relative.
    """

    def __init__(self, mesh, given, base):
        self.mesh, self._of_mesh, self.base = mesh, given, base
        self.images = ImageFields(mesh, base)

    def over_cells(self, source, place, check=None, prepare=None, unit="1"):
        """The field over local cells; what is given at nodes is averaged over corners.

        Args:
            source: the InputField.
            place: what messages call it.
            check: raises ConfigError for a Seen with numbers that cannot be; None for a field of
                vectors.
            prepare: what is made of a slice and the number of its first row, place by place, before
                it is averaged.
            unit: of the values, in SI.
        """
        if source.image is not None:
            return self._imaged(source, place, check, self.images.middles, unit)
        array, at = self._read(source, place, check, prepare, unit)
        if at == "cells":
            return self.mesh.cell_slices.to_local(array)
        nodes = self.mesh.node_slices.to_owned(array)
        if nodes.ndim == 1:
            return self.mesh.with_ghosts(nodes)[self.mesh.cell_nodes].mean(axis=1)
        columns = [self.mesh.with_ghosts(np.ascontiguousarray(c)) for c in nodes.T]
        return np.stack([c[self.mesh.cell_nodes].mean(axis=1) for c in columns], axis=1)

    def over_nodes(self, source, place, check, unit, weights=None):
        """The field [SI] over owned nodes; what is given in cells is averaged by volume.

        Args:
            source: the InputField.
            place: what messages call it.
            check: as in `over_cells`.
            unit: that the model declares.
            weights: over local cells, by which volumes count; None for all alike.
        """
        if source.image is not None:
            return self._imaged(source, place, check, self.images.nodes, unit)
        array, at = self._read(source, place, check, unit=unit)
        if at == "nodes":
            return self.mesh.node_slices.to_owned(array)
        values = self.mesh.cell_slices.to_local(array)
        if weights is None:
            return self.mesh.node_average(values)
        return self.mesh.spread_cells(weights * values) / self.mesh.spread_cells(weights)

    def _imaged(self, source, place, check, points, unit="1"):
        """Values [SI] of an image at points of this process, which `check` may refuse."""
        values = self.images.scalars(source.image, place, points)
        if source.line is not None:
            values = source.line(values)
            self.images.say_line(source.image, source.line, place)
        if source.ends is not None:
            self.images.say_ends(source.ends, values, place)
            values = np.clip(values, *source.ends)
        values = _in_si(values, source.unit, unit, place)
        check(SeenAt(self.mesh.comm, values, points))
        return values

    def _read(self, source, place, check, prepare=None, unit="1"):
        """This process's slice of the array [SI], which `check` may refuse, and what it lies at."""
        comm, (array, at, length) = self.mesh.comm, self._given(source, place)
        at = self._places(length, at, place)
        low = {"nodes": self.mesh.node_slices, "cells": self.mesh.cell_slices}[at].low
        if check is not None and array.ndim > 1:
            raise ConfigError(f"{place}: the field has {array.shape[1:]} values a place, not one")
        array = _in_si(array, source.unit, unit, place)
        if check is not None:
            check(Seen(comm, array, low))
        return (array if prepare is None else together(comm, prepare, array, low)), at

    def _given(self, source, place):
        """The slice as it was written, what it lies at, if known, and the length of the whole."""
        if source.file is not None:
            return self._in_file(source, place)
        try:
            array, at = meshdata.field_of(self._of_mesh, source.field, source.at)
        except ConfigError as error:
            raise ConfigError(f"{place}: the mesh {error}") from None
        return np.asarray(array, float), at, getattr(self.mesh, at)

    def _in_file(self, source, place):
        comm = self.mesh.comm

        def found():
            try:
                return read_array(Path(self.base, source.file), source.field, source.at)
            except ConfigError as error:
                raise ConfigError(f"{place}: {error}") from None

        array, at = kept_on_root(comm, found) or (None, None)
        at, length = comm.bcast((at, None if array is None else len(array)))
        return np.asarray(scattered(comm, array, CHUNK), float), at, length

    def _places(self, length, at, place):
        """What so many values lie at, "nodes" or "cells"; ConfigError if that is not known."""
        counts = {"nodes": self.mesh.nodes, "cells": self.mesh.cells}
        found = [where for where in counts if counts[where] == length and at in (None, where)]
        if not found:
            raise ConfigError(
                f"{place}: the field has {length} values{f' at {at}' if at else ''}; the mesh has "
                f"{self.mesh.nodes} nodes and {self.mesh.cells} cells"
            )
        if len(found) > 1:
            raise ConfigError(
                f"{place}: the mesh has as many cells as nodes, {length}; say at which of them the "
                'values lie: at = "nodes" or at = "cells"'
            )
        return found[0]


def _in_si(array, written, declared, place):
    """An array in SI; ConfigError where its unit cannot be, or is not told and not obvious."""
    if written is None:
        if declared in TOLD and to_si(1.0, declared) == 1.0:
            return array
        raise ConfigError(
            f'{place}: say which unit the numbers of the array have: unit = "{declared}"'
        )
    try:
        return array * parse(f"1 {written}", declared)
    except ValueError as error:
        raise ConfigError(f"{place}: unit: {error}") from None

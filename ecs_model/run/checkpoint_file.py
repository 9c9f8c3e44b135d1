"""The file of a checkpoint: HDF5, into which every process writes its slices, with their sums.

HDF5 lays the file out: every array is contiguous, and beside it, under `crc32/`, stands a sum of
each CHUNK of its rows. The numbers themselves go to their places by MPI-IO. So no process holds
more than its slice of one array, and the bytes do not depend on the number of processes.
"""

import errno
import json
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any

from ecs_model.native import MPI

import h5py
import numpy as np
from isal import isal_zlib

from ecs_model.files import atomic, hdf5
from ecs_model.parallel import CHUNK, bounds, flat, in_chunks, kept_on_root, root_does
from ecs_model.tissue.slices import Slices

SUMS = "crc32"
_NUMBERS = {
    MPI.ERR_NO_SPACE: errno.ENOSPC,
    MPI.ERR_QUOTA: errno.EDQUOT,
    MPI.ERR_READ_ONLY: errno.EROFS,
    MPI.ERR_ACCESS: errno.EACCES,
    MPI.ERR_NO_SUCH_FILE: errno.ENOENT,
}


@dataclass(frozen=True)
class Stored:
    """An array that a checkpoint is to hold.

    Attributes:
        slices: of its rows.
        values: gives those that this process owns.
        kind: of its numbers.
        columns: shape of a row.
        is_sparse: whether most of it may be nan.
    """

    slices: Slices
    values: Callable[[], np.ndarray]
    kind: np.dtype
    columns: tuple[int, ...] = ()
    is_sparse: bool = False

    def here(self) -> np.ndarray:
        """This process's slice; collective."""
        values = self.values().astype(self.kind, copy=False)
        return self.slices.few_to_slice(values) if self.is_sparse else self.slices.to_slice(values)


def write(comm, path: Path, manifest: dict[str, Any] | None, arrays: dict[str, Stored]) -> None:
    """Make `path` hold a manifest and arrays, whole or not at all; collective.

    Args:
        comm: MPI communicator.
        path: of the file.
        manifest: of plain values, on rank 0.
        arrays: by name.

    Raises:
        ConfigError: on all processes, what the disk said.
    """
    begun = kept_on_root(comm, _Begun, path, manifest, arrays)
    temporary, places = comm.bcast(begun and (begun.temporary, begun.places))
    found = comm.allgather(_store(comm, temporary, places, arrays))
    error = next((e for e in found if e is not None), None)
    root_does(comm, methodcaller("finish", error), begun)


class _Begun:
    """A file that is laid out, on rank 0, under another name; see `write`.

    Attributes:
        temporary: that name.
        places: name -> where the array begins, and where its sums do; None for those without rows.
    """

    def __init__(self, path, manifest, arrays):
        with ExitStack() as opening:
            self.temporary = opening.enter_context(atomic.replacing(path))
            with hdf5.created(self.temporary) as file:
                file.attrs["manifest"] = json.dumps(manifest)
                self.places = {name: self._lay_out(file, name, a) for name, a in arrays.items()}
            self._open = opening.pop_all()

    def _lay_out(self, file, name, array):
        count = array.slices.count
        data = _contiguous(file, name, (count, *array.columns), array.kind)
        sums = _contiguous(file, f"{SUMS}/{name}", (-(-count // CHUNK),), np.dtype(np.uint32))
        return data, sums

    def finish(self, error):
        """Give the file its name, or take it away after an error."""
        with self._open:
            if error is not None:
                raise error


def _contiguous(file, name, shape, kind):
    """Where the numbers of a new array lie in a file."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return file.create_dataset(name, shape, kind, dcpl=properties).id.get_offset()


def _store(comm, path, places, arrays):
    """Put this process's slices of arrays to their places; the first error, or None."""
    try:
        file = MPI.File.Open(comm, os.fspath(path), MPI.MODE_WRONLY)
    except MPI.Exception as error:
        return _as_of_system(error)
    failure = None
    for name, array in arrays.items():
        here = array.here()
        if failure is None:
            failure = _tried(_put, file, places[name], array.slices.low, here)
    failures = [failure, _tried(file.Sync), _tried(file.Close)]
    return next((e for e in failures if e is not None), None)


def _tried(work, *arguments):
    """The error of some work with MPI's files; None if there was none."""
    try:
        work(*arguments)
    except MPI.Exception as error:
        return _as_of_system(error)
    return None


def _as_of_system(error):
    """The OSError behind an error of MPI, whose class may not tell what its text does."""
    said = error.Get_error_string()
    told = next((n for n in errno.errorcode if said.endswith(os.strerror(n))), errno.EIO)
    number = _NUMBERS.get(error.Get_error_class(), told)
    return OSError(number, os.strerror(number))


def _put(file, places, low, here):
    if len(here):
        data, sums = places
        file.Write_at(data + low * (here.nbytes // len(here)), flat(here))
        file.Write_at(sums + low // CHUNK * 4, flat(_sums(here)))


def _sums(rows):
    return np.array([isal_zlib.crc32(flat(part)) for part in in_chunks(rows)], np.uint32)


def rows(file: h5py.File, name: str, low: int, high: int, summed: bool) -> np.ndarray:
    """Rows of an array in an open checkpoint.

    Args:
        file: HDF5.
        name: of the array.
        low: first row, a multiple of CHUNK.
        high: row behind the last one.
        summed: whether there are sums; checkpoints of format 3 have those of HDF5.

    Raises:
        ValueError: if a sum is wrong; one of foreign.UNREADABLE if they cannot be read.
    """
    found = np.ascontiguousarray(file[name][low:high])
    if summed:
        sums = file[f"{SUMS}/{name}"][low // CHUNK : -(-high // CHUNK)]
        if not np.array_equal(sums, _sums(found)):
            raise ValueError(f"a sum of {name} is wrong")
    return found


def arrays_of(file: h5py.File) -> Iterable[str]:
    """Names of the arrays in an open checkpoint, without their sums."""
    names: list[str] = []

    def note(name, item):
        if hasattr(item, "shape") and not name.startswith(f"{SUMS}/"):
            names.append(name)

    file.visititems(note)
    return names


def read_all(comm, path: Path, summed: bool) -> None:
    """Read this process's share of all arrays, for whatever error that brings.

    Args:
        comm: MPI communicator.
        path: of the checkpoint.
        summed: as for `rows`.
    """
    with h5py.File(path) as file:
        for name in arrays_of(file):
            ends = bounds(len(file[name]), comm.size, CHUNK)
            rows(file, name, int(ends[comm.rank]), int(ends[comm.rank + 1]), summed)

"""HDF5 files on a disk that may be full, which HDF5 itself does not survive.

Small files that are written often are made by what lies below h5py's dictionaries: by `begun`,
`put_text` and `chunked`, in half the time.
"""

import functools
import os
from contextlib import contextmanager

import numpy as np
from h5py import File, h5a, h5d, h5f, h5fd, h5p, h5s, h5t, string_dtype

_TEXT = string_dtype()
_ONE_TEXT = h5t.py_create(_TEXT, logical=True), h5s.create(h5s.SCALAR)


class _Disk:
    """A binary file that HDF5 writes through, and that keeps the first failure to itself."""

    def __init__(self, file):
        self._file, self.failure = file, None
        self.seek, self.tell, self.readinto = file.seek, file.tell, file.readinto

    def write(self, data):
        """The length of `data`, written or not."""
        rest = memoryview(data)
        try:
            while self.failure is None and len(rest):
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.failure = error
        return len(data)

    def __getattr__(self, name):
        return getattr(self._file, name)


@contextmanager
def created(path, **options):
    """A block with a new HDF5 file.

    Args:
        path: of the file, which is replaced.
        options: of h5py.File.

    Raises:
        OSError: what the disk said, at the end of the block.
    """
    with _disk(path) as disk, File(disk, "w", **options) as file:
        yield file


@contextmanager
def _disk(path):
    """A block with the new file of a path; raises at its end what the disk said."""
    with open(path, "w+b", buffering=0) as raw:
        disk = _Disk(raw)
        try:
            yield disk
        finally:
            if disk.failure is not None:
                raise disk.failure


@contextmanager
def begun(path):
    """A block with a new HDF5 file that HDF5 1.10 reads, as h5py.h5f.FileID; else as `created`."""
    access, creation = h5p.create(h5p.FILE_ACCESS), h5p.create(h5p.FILE_CREATE)
    access.set_libver_bounds(h5f.LIBVER_EARLIEST, h5f.LIBVER_V110)
    access.set_fclose_degree(h5f.CLOSE_STRONG)  # with datasets that an error keeps open
    creation.set_obj_track_times(False)
    with _disk(path) as disk:
        access.set_fileobj_driver(h5fd.fileobj_driver, disk)
        file = h5f.create(os.fsencode(path), h5f.ACC_TRUNC, creation, access)
        del access  # or an error would keep it until Python has ended, which HDF5 does not survive
        try:
            yield file
        finally:
            file.close()


def put_text(place, name, text):
    """Give a file, group or dataset below h5py's dictionaries an attribute, a text."""
    h5a.create(place, name.encode(), *_ONE_TEXT).write(np.array(text, _TEXT))


def chunked(file, name, array, chunk):
    """A new dataset below h5py's dictionaries, whose shuffled and compressed chunks are to come.

    Args:
        file: h5py.h5f.FileID.
        name: of the dataset; a group in it is made where there is none.
        array: has its shape and kind.
        chunk: shape of a chunk.

    Returns:
        A h5py.h5d.DatasetID.
    """
    return h5d.create(file, name.encode(), *_layout(array.dtype, array.shape, chunk))


@functools.lru_cache(64)
def _layout(kind, shape, chunk):
    """Kind, shape and property lists of a dataset, as HDF5 has them."""
    properties, links = h5p.create(h5p.DATASET_CREATE), h5p.create(h5p.LINK_CREATE)
    properties.set_obj_track_times(False)
    if all(shape):
        properties.set_chunk(chunk)
        properties.set_shuffle()
        properties.set_deflate(1)
    links.set_create_intermediate_group(True)
    return h5t.py_create(kind, logical=True), h5s.create_simple(shape), properties, links

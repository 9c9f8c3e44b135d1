"""The HDF5 files of fields: compressed by all processes, written by one, read with suspicion.

Lengths enter in m and are stored in mm, the other values in the unit given for them. Every process
gives its slice of an array, which begins at a multiple of CHUNK; the bytes of a file do not depend
on the number of processes.
"""

import zlib
from contextlib import ExitStack, contextmanager
from operator import methodcaller

import h5py
import numpy as np
from isal import isal_zlib

from ecs_model.errors import ConfigError, plainly
from ecs_model.files import atomic, foreign, hdf5
from ecs_model.parallel import CHUNK, in_chunks, kept_on_root, root_does, taken_by_root, together
from ecs_model.units import from_si

LENGTH_UNIT = "mm"
SMALL = 2**15  # bytes that zlib compresses, in 0.3 ms; more takes it too long


def mesh_content(points, cells, cell_data, node_data, precision):
    """This process's slices of the arrays of the file of a mesh, by name.

    Args:
        points: coordinates [m], one row of 1 to 3 numbers per node.
        cells: node numbers, 2, 3 or 4 per cell.
        cell_data: fields over cells that never change, by name; None for none.
        node_data: fields over nodes that never change, by name; None for none.
        precision: "f4" or "f8", of floating-point fields.
    """
    points = padded(from_si(np.asarray(points, float), LENGTH_UNIT))
    content = {"geometry": points, "topology": np.asarray(cells, np.int32)}
    for kind, data in (("cell", cell_data), ("node", node_data)):
        content |= {f"{kind}/{name}": compact(v, precision) for name, v in (data or {}).items()}
    return content


def compact(values, precision):
    """`values` as 32-bit integers, or as floating-point numbers of `precision`."""
    values = np.asarray(values)
    integer = np.issubdtype(values.dtype, np.integer) or values.dtype == bool
    return np.ascontiguousarray(values, np.int32 if integer else precision)


def padded(rows):
    """`rows` with zeros appended up to three columns."""
    return np.pad(rows, ((0, 0), (0, 3 - rows.shape[1])))


def write(comm, path, arrays, units, wholes=None, lists_units=True):
    """Store arrays by name in a file; collective.

    Args:
        comm: MPI communicator.
        path: of the file.
        arrays: name -> this process's slice of an array; a name may begin with that of a group.
        units: unit of every field, by name.
        wholes: what `whole` gives of each, if that is known.
        lists_units: whether the file lists all `units`, beside that of each of its arrays.

    Raises:
        ConfigError: on all processes, what the disk said; an older file is then still there.
    """
    made = kept_on_root(comm, _Made, path, units, lists_units)
    wholes = wholes or {name: whole(comm, values) for name, values in arrays.items()}
    for name, values in arrays.items():
        chunks = taken_by_root(comm, [_packed(part, wholes[name]) for part in in_chunks(values)])
        if made is None:
            list(chunks)
        else:
            made.store(name, wholes[name], chunks)
    root_does(comm, methodcaller("finish"), made)


def whole(comm, values):
    """Shape and kind of an array of which every process has a slice, as one without memory."""
    count = len(values) if comm.size == 1 else sum(comm.allgather(len(values)))
    return np.broadcast_to(np.zeros((), values.dtype), (count, *values.shape[1:]))


def _packed(values, array):
    """A chunk as HDF5's shuffle and gzip filters leave it, filled up with zeros."""
    full = np.zeros((min(CHUNK, len(array)), *values.shape[1:]), values.dtype)
    full[: len(values)] = values
    shuffled = full.view(np.uint8).reshape(-1, full.itemsize).T.tobytes()
    deflate = zlib if len(shuffled) < SMALL else isal_zlib  # one byte more, once, of the same
    return np.frombuffer(deflate.compress(shuffled, 1), np.uint8)


def _cut(lengths, body):
    return (
        [part.tobytes() for part in np.split(body, np.cumsum(lengths)[:-1])] if len(lengths) else []
    )


class _Made:
    """A file that is being made on rank 0.

    Args:
        path: of the file.
        units, lists_units: as for `write`.
    """

    def __init__(self, path, units, lists_units):
        self._units = units
        with ExitStack() as opening:
            temporary = opening.enter_context(atomic.replacing(path))
            self._file = opening.enter_context(hdf5.begun(temporary))
            self._open = opening.pop_all()
        hdf5.put_text(self._file, "length_unit", LENGTH_UNIT)
        if lists_units:
            group = h5py.h5g.create(self._file, b"units")
            for name, unit in units.items():
                hdf5.put_text(group, name, unit)

    def store(self, name, array, chunks):
        """Store an array of this shape and kind, chunk by chunk."""
        shape = (min(CHUNK, len(array)), *array.shape[1:])
        kept = hdf5.chunked(self._file, name, array, shape)
        hdf5.put_text(kept, "unit", self._units.get(name.rpartition("/")[2], ""))
        for k, chunk in enumerate(chunks):
            kept.write_direct_chunk((k * CHUNK, *[0] * (array.ndim - 1)), chunk)

    def finish(self):
        """Give the file its name."""
        self._open.close()


def refuse_another_mesh(comm, path, content, units):
    """Raise ConfigError unless a file belongs to a mesh and tissue; collective.

    Args:
        comm: MPI communicator.
        path: of the file.
        content: from `mesh_content`, of the mesh and tissue.
        units: of the fields, by name.
    """
    for name, here in content.items():
        counts = comm.allgather(len(here))
        low = sum(counts[: comm.rank])
        extremes = comm.allgather((float(here.min()), float(here.max())) if here.size else None)
        seen = [pair for pair in extremes if pair is not None]
        scale = max(b for _, b in seen) - min(a for a, _ in seen) if seen else 0.0
        close = together(comm, _holds, path, name, (sum(counts), low), here, 1e-9 * scale)
        if not all(comm.allgather(close)):
            raise ConfigError(
                f"{path} holds another {name} than this configuration; "
                "continue with the mesh and tissue of the first part, or start a new run"
            )
    found = together(comm, read_units, path)
    if found != units:
        raise ConfigError(f"{path} holds the units {found}, not {units}; start a new run")


def _holds(path, name, place, here, atol):
    """Whether an array in a file has so many rows, and from a row on those of this process."""
    count, low = place
    with _reading(path) as file:
        array = file[name]
        if array.shape != (count, *here.shape[1:]):
            return False
        return all(
            np.allclose(array[low + k : low + k + CHUNK], here[k : k + CHUNK], 1e-6, atol, True)
            for k in range(0, len(here), CHUNK)
        )


def read_wholes(path):
    """Shape and kind of every array in a file, by name, as arrays without memory."""
    found = {}

    def note(name, item):
        if hasattr(item, "shape"):
            found[name] = np.broadcast_to(np.zeros((), item.dtype), item.shape)

    with _reading(path) as file:
        file.visititems(note)
    return found


def read_dataset(path, name):
    """The array of a name in a file; ConfigError if there is none that can be read."""
    with _reading(path) as file:
        return file[name][()]


def read_shape(path, name):
    """The shape of the array of a name in a file; ConfigError if there is none."""
    with _reading(path) as file:
        return file[name].shape


def read_range(path, name):
    """Lowest and highest finite value in each column of an array, read in chunks; nan for none."""
    with _reading(path) as file:
        array = file[name]
        low, high = np.full((2, *array.shape[1:]), np.nan)
        for k in range(0, len(array), CHUNK):
            part = np.asarray(array[k : k + CHUNK], float)
            part[~np.isfinite(part)] = np.nan
            low, high = np.fmin(low, np.fmin.reduce(part)), np.fmax(high, np.fmax.reduce(part))
    return low, high


def read_units(path):
    """Unit of every field in a file, by name; ConfigError if they cannot be read."""
    with _reading(path) as file:
        return dict(file["units"].attrs)


def read_group(path, kind, count):
    """Arrays of a group by name, one value per cell or node; none if there is no such group."""
    with _reading(path) as file:
        found = {k: v[()] for k, v in file[kind].items()} if kind in file else {}
    for name, values in found.items():
        if np.shape(values)[:1] != (count,) or values.dtype.kind not in "fiu":
            raise ConfigError(f"cannot read {path}: {kind}/{name} has not {count} numbers")
    return found


@contextmanager
def _reading(path):
    """The HDF5 file, open within; whatever is wrong with its content becomes a ConfigError."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except foreign.UNREADABLE as error:
        raise ConfigError(
            f"cannot read {path}: {plainly(error)}; the run is not complete"
        ) from error

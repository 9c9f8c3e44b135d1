"""The HDF5 files of fields: made whole in memory, and read with suspicion.

Lengths enter in m and are stored in mm, the other values in the unit given for them.
"""

from contextlib import contextmanager

import h5py
import numpy as np

from ecs_model.errors import ConfigError, plainly
from ecs_model.files import atomic, foreign
from ecs_model.units import from_si

LENGTH_UNIT = "mm"

_LARGEST_CHUNK = 2**31


def mesh_content(points, cells, cell_data, node_data, precision):
    """Arrays of the file of a mesh, by name.

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


def write(path, arrays, units):
    """Store arrays by name in a file; built in memory, as HDF5 does not survive a full disk.

    Args:
        path: of the file.
        arrays: name -> array; a name may begin with that of a group.
        units: unit of every field, by name.
    """
    in_memory = {"driver": "core", "backing_store": False, "libver": ("earliest", "v110")}
    with h5py.File(path, "w", **in_memory) as file:
        file.attrs["length_unit"] = LENGTH_UNIT
        file.create_group("units").attrs.update(units)
        for name, array in arrays.items():
            file.create_dataset(name, data=array, **_filters(array))
            file[name].attrs["unit"] = units.get(name.rpartition("/")[2], "")
        file.flush()
        image = file.id.get_file_image()
    atomic.write_bytes(path, image)


def _filters(array):
    if not 0 < array.nbytes < _LARGEST_CHUNK:
        return {}
    return {"chunks": array.shape, "compression": "gzip", "compression_opts": 1, "shuffle": True}


def refuse_another_mesh(path, content, units):
    """Raise ConfigError unless a file belongs to a mesh and tissue.

    Args:
        path: of the file.
        content: from `mesh_content`, of the mesh and tissue.
        units: of the fields, by name.
    """
    for name, expected in content.items():
        found = read_dataset(path, name)
        scale = np.ptp(expected) if expected.size else 0.0
        close = found.shape == expected.shape and np.allclose(
            found, expected, rtol=1e-6, atol=1e-9 * scale, equal_nan=True
        )
        if not close:
            raise ConfigError(
                f"{path} holds another {name} than this configuration; "
                "continue with the mesh and tissue of the first part, or start a new run"
            )
    found = read_units(path)
    if found != units:
        raise ConfigError(f"{path} holds the units {found}, not {units}; start a new run")


def read_dataset(path, name):
    """The array of a name in a file; ConfigError if there is none that can be read."""
    with _reading(path) as file:
        return file[name][()]


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

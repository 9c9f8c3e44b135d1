"""Fields over time: one XDMF index and one small HDF5 file per output time, in input order.

    fields.xdmf          what ParaView opens; lists every complete output time
    fields/mesh.h5       points [mm], cells, the fields that never change, the units
    fields/t000000.h5    the fields of the first output time, and so on
    fields/maxima.h5     maps of the whole run: arrival times, maxima

Nodes and cells have the order of the mesh file, so that a run may be continued on any number of
processes. A step file is renamed into place before the index mentions it, and the index grows by a
write inside one memory page or by a renamed copy: a killed run keeps every listed output time.

Every process gives its slices of the arrays, and calls what it calls together with the others.
Lengths enter in m and are stored and read back in mm, the other values in the unit given for them.
"""

import re
from operator import methodcaller
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import atomic, xdmf
from ecs_model.parallel import Alone, kept_on_root, on_root, root_does
from ecs_model.run import field_files

INDEX = "fields.xdmf"
FOLDER = "fields"
MESH = "mesh.h5"
MAPS = "maxima.h5"
ALONE = Alone()


class FieldSeries:
    """fields.xdmf and its HDF5 files, one per output time, in input order.

    Make one with `create` or `resume`.
    """

    @classmethod
    def create(
        cls,
        folder,
        points,
        cells,
        cell_data=None,
        *,
        node_data=None,
        units=None,
        precision="f4",
        cell_fields=(),
        comm=ALONE,
    ):
        """A new, empty series in the run directory `folder`.

        Args:
            folder: the run directory, which exists.
            points: coordinates [m], one row of 1 to 3 numbers per node.
            cells: node numbers, 2, 3 or 4 per cell.
            cell_data: fields that never change, by name, one value per cell.
            node_data: fields that never change, by name, one value per node.
            units: unit of every field, by name.
            precision: "f4" or "f8", how the floating-point fields are stored.
            cell_fields: names of those written fields that have one value per cell.
            comm: MPI communicator of the processes that call this, each with its slices.

        Raises:
            ConfigError: on all processes, if the folder holds a series, or cannot be written to.
        """
        root_does(comm, _begin, folder)
        content = field_files.mesh_content(points, cells, cell_data, node_data, precision)
        field_files.write(comm, Path(folder, FOLDER, MESH), content, units or {})
        return cls(comm, folder, [], precision, cell_fields)

    @classmethod
    def resume(
        cls,
        folder,
        points,
        cells,
        cell_data=None,
        *,
        until,
        count=0,
        node_data=None,
        units=None,
        precision="f4",
        cell_fields=(),
        comm=ALONE,
    ):
        """The series in `folder` without its output times after `until` [s]; arguments as `create`.

        Raises:
            ConfigError: if there is no series, it belongs to another mesh, or less than so many
                times are left of it.
        """
        content = field_files.mesh_content(points, cells, cell_data, node_data, precision)
        field_files.refuse_another_mesh(comm, Path(folder, FOLDER, MESH), content, units or {})
        grids = kept_on_root(comm, _kept, folder, until, count)
        return cls(comm, folder, grids, precision, cell_fields)

    def __init__(self, comm, folder, grids, precision, cell_fields):
        self._comm, self.folder, self.precision = comm, Path(folder), precision
        self.cell_fields = frozenset(cell_fields)
        self._listed = kept_on_root(comm, _Listed, self.folder, grids, self.cell_fields)
        self.units, self.steps = on_root(comm, self._about)

    def _about(self):
        return read_units(self.folder), self._listed.steps

    def write(self, t, fields):
        """Store `fields` of time `t` [s], and list them in the index.

        Args:
            t: later than the time written last.
            fields: slices of arrays by name, the same names at every time; one value or one vector
                per node, or per cell for the names in `cell_fields`.

        Raises:
            ConfigError: on all processes, if the file cannot be written; the series is then what it
                was before.
        """
        arrays = {key: self._stored(value) for key, value in fields.items()}
        wholes = {key: field_files.whole(self._comm, value) for key, value in arrays.items()}
        root_does(self._comm, methodcaller("check", t, wholes), self._listed)
        name = _name(self.steps)
        path = self.folder / FOLDER / name
        field_files.write(self._comm, path, arrays, self.units, wholes, lists_units=False)
        root_does(self._comm, methodcaller("append", t, name, wholes), self._listed)
        self.steps += 1

    def close(self):
        """Close the index; it is complete already."""
        if self._listed is not None:
            self._listed.index.close()

    def _stored(self, values):
        values = field_files.compact(values, self.precision)
        return field_files.padded(values) if values.ndim == 2 else values


def _begin(folder):
    index = Path(folder, INDEX)
    if index.exists():
        raise ConfigError(f"{index} already exists; continue that run or give another output")
    with atomic.explained(Path(folder, FOLDER)):
        Path(folder, FOLDER).mkdir(exist_ok=True)


def _kept(folder, until, count):
    """Grids up to a time [s]; the files of later ones are deleted, `count` have to be there."""
    grids = [g for g in _grids(folder) if xdmf.time_of(g) <= until * (1 + 1e-12)]
    atomic.refuse_gap(Path(folder, INDEX), len(grids), count, until)
    for path in Path(folder, FOLDER).glob("t[0-9]*.h5"):
        if int(path.stem[1:]) >= len(grids):
            path.unlink()
    return grids


class _Listed:
    """What the index of a series says, on rank 0.

    Args:
        folder: the run directory.
        grids: that are in the index.
        cell_fields: names of fields that have one value per cell.
    """

    def __init__(self, folder, grids, cell_fields):
        self._cell_fields, self.steps = cell_fields, len(grids)
        self._last_time = xdmf.time_of(grids[-1]) if grids else -np.inf
        self._names = _step_names(grids[0]) if grids else None
        self._mesh_part, self._nodes, self._cells = _mesh_part(folder)
        self.index = xdmf.Index(folder / INDEX, grids)

    def check(self, t, wholes):
        """Raise ValueError for fields that do not continue the series."""
        if not t > self._last_time:
            raise ValueError(f"time {t!r} does not come after {self._last_time!r}")
        if self._names is not None and set(wholes) != self._names:
            raise ValueError(f"fields {sorted(wholes)} are not {sorted(self._names)}")
        for name, values in wholes.items():
            expected = self._cells if name in self._cell_fields else self._nodes
            if len(values) != expected or not re.fullmatch(r"\w+", name):
                raise ValueError(f"field {name!r} has {len(values)} values, not {expected}")

    def append(self, t, file, wholes):
        """List a file of fields."""
        text = self._mesh_part + self._attributes(file, wholes)
        self.index.append(xdmf.grid(float(t), text))
        self.steps, self._last_time, self._names = self.steps + 1, float(t), set(wholes)

    def _attributes(self, file, wholes):
        centre = {name: "Cell" if name in self._cell_fields else "Node" for name in wholes}
        return "".join(
            xdmf.attribute(name, centre[name], array, f"{FOLDER}/{file}:/{name}")
            for name, array in wholes.items()
        )


def read_times(folder):
    """Output times [s] of the series in the run directory `folder`, one-dimensional."""
    return np.array([xdmf.time_of(grid) for grid in _grids(folder)])


def field_names(folder):
    """Names of the fields that change in time; empty as long as nothing was written."""
    grids = _grids(folder)
    return sorted(_step_names(grids[0])) if grids else []


def field_shapes(folder):
    """Shapes of the fields that change in time, by name, as at the first output time."""
    wholes = field_files.read_wholes(Path(folder, FOLDER, _name(0)))
    return {name: wholes[name].shape for name in field_names(folder) if name in wholes}


def read_field(folder, name, index):
    """Field `name` at output number `index` (negative: from the end), one value or row per node."""
    if index < 0:
        index += len(_grids(folder))
    return field_files.read_dataset(Path(folder, FOLDER, _name(index)), name)


def read_range(folder, name, index):
    """Lowest and highest finite value of a field at output number `index`; nan if there is none."""
    return field_files.read_range(Path(folder, FOLDER, _name(index)), name)


def read_box(folder):
    """Lowest and highest coordinates [mm] of a mesh of any size, and the corners of a cell."""
    path = Path(folder, FOLDER, MESH)
    low, high = field_files.read_range(path, "geometry")
    return low, high, field_files.read_shape(path, "topology")[-1]


def count_nodes(folder):
    """How many nodes the mesh has."""
    return field_files.read_shape(Path(folder, FOLDER, MESH), "geometry")[0]


def read_mesh(folder):
    """Points [mm] (n, 3), cells (m, 2 to 4) and the unchanging cell fields by name."""
    path = Path(folder, FOLDER, MESH)
    points, cells = (field_files.read_dataset(path, name) for name in ("geometry", "topology"))
    fits = points.ndim == cells.ndim == 2 and points.shape[1] == 3 and cells.shape[1] in (2, 3, 4)
    numbers = fits and points.dtype.kind == "f" and cells.dtype.kind in "iu" and cells.size
    if not numbers or cells.min() < 0 or cells.max() >= len(points):
        raise ConfigError(f"cannot read {path}: it holds no mesh; the run is not complete")
    return points, cells, field_files.read_group(path, "cell", len(cells))


def read_node_data(folder):
    """The unchanging nodal fields by name, one value per node."""
    points, _, _ = read_mesh(folder)
    return field_files.read_group(Path(folder, FOLDER, MESH), "node", len(points))


def read_units(folder):
    """Unit of every field, by name."""
    return field_files.read_units(Path(folder, FOLDER, MESH))


def write_maps(folder, maps, units, comm=ALONE):
    """Store `maps` (slices of arrays by name, one value per node) in fields/maxima.h5."""
    arrays = {name: field_files.compact(values, "f8") for name, values in maps.items()}
    field_files.write(comm, Path(folder, FOLDER, MAPS), arrays, units)


def read_maps(folder):
    """The maps of the whole run and their units, both by name."""
    path = Path(folder, FOLDER, MAPS)
    units = field_files.read_units(path)
    return {name: field_files.read_dataset(path, name) for name in units}, units


def _name(index):
    return f"t{index:06d}.h5"


def _mesh_part(folder):
    """The part of a Grid that is the same at every time, and the numbers of nodes and cells."""
    wholes = field_files.read_wholes(Path(folder, FOLDER, MESH))
    points, cells = wholes.pop("geometry"), wholes.pop("topology")
    inside = f"{FOLDER}/{MESH}:"
    text = xdmf.mesh(cells, f"{inside}/topology", points, f"{inside}/geometry")
    for path, array in wholes.items():
        kind, _, name = path.partition("/")
        text += xdmf.attribute(name, kind.capitalize(), array, f"{inside}/{path}")
    return text, len(points), len(cells)


def _grids(folder):
    return xdmf.read_grids(Path(folder, INDEX))


def _step_names(grid):
    """Names of the fields of a Grid that are not stored with the mesh."""
    return {name for name, file in xdmf.attributes_of(grid).items() if f"/{MESH}:" not in file}

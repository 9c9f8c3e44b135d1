"""The fields of a run as an xarray Dataset whose values are read from disk when they are needed."""

import functools

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from ecs_model.postprocess.fields import load
from ecs_model.run import field_files, field_series
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import read_line


class _Frames(BackendArray):
    """A field over (time, node); one file per time, read only if it is asked for."""

    def __init__(self, fields, name):
        self._at = functools.partial(fields.at, name)
        self.shape, self.dtype = (len(fields.times), len(fields.points)), self._at(0).dtype

    def __getitem__(self, key):
        way = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, way, self._read)

    def _read(self, key):
        """The values at an index, a slice or an array of indices of times, and of nodes."""
        times, nodes = np.arange(self.shape[0])[key[0]], key[1]
        if np.ndim(times) == 0:
            return self._at(int(times))[nodes]
        shape = (0, *np.empty(self.shape[1])[nodes].shape)
        frames = [self._at(int(i))[nodes] for i in times]
        return np.stack(frames) if frames else np.empty(shape, self.dtype)


def fields(folder):
    """The fields of the run directory `folder`; no time of them is read before it is asked for.

    Returns:
        Dataset: fields over (time, node) with their `units`; maps of the whole run, such as
        `arrival_K_o`, over node; what never changes over cell (`cell_alpha`, ...); `cells`, the
        nodes of each cell. Coordinates: time [s], x, y, z [mm] of nodes, region of cells.

    Raises:
        ConfigError: if no output time was written.
    """
    found = load(folder)
    still = field_series.read_mesh(folder)[2]
    data = {
        name: (
            ("time", "node"),
            indexing.LazilyIndexedArray(_Frames(found, name)),
            _in(found, name),
        )
        for name in found.names
    }
    cells = {
        f"cell_{name}": ("cell", values, _in(found, name))
        for name, values in still.items()
        if name != "region"
    }
    data |= _of_nodes(found, data) | cells | {"cells": (("cell", "corner"), found.cells)}
    return xr.Dataset(data, _places(found, still))


def _in(fields, name):
    return _attributes(name, fields.units.get(name, ""), fields.meanings)


def _attributes(name, unit, meanings):
    known = {"long_name": meanings[name]} if name in meanings else {}
    return {"units": unit, **known}


def _of_nodes(fields, taken):
    """Fields over nodes that are the same at all times: those of the tissue, maps of the run."""
    folder = fields.folder
    still = field_series.read_node_data(folder)
    data = {name: ("node", values, _in(fields, name)) for name, values in still.items()}
    if RunDir(folder).maps.exists():
        maps, units = field_series.read_maps(folder)
        data |= {k: ("node", values, {"units": units[k]}) for k, values in maps.items()}
    return {name: variable for name, variable in data.items() if name not in taken}


def _places(fields, still):
    """Coordinates: of output times, of nodes, and the regions of cells."""
    axes = {
        name: ("node", column, {"units": field_files.LENGTH_UNIT})
        for name, column in zip("xyz", fields.points.T, strict=True)
    }
    region = {"region": ("cell", still["region"])} if "region" in still else {}
    return {"time": ("time", fields.times, {"units": "s"}), **axes, **region}


def along(folder, name):
    """Fields along the line `name` of a run: a Dataset over time [s] and position [mm].

    Raises:
        ConfigError: if the run has no such line.
    """
    times, places, values, units = read_line(folder, name)
    meanings = RunDir(folder).meanings
    variables = {
        key: (("time", "position"), rows, _attributes(key, units[key], meanings))
        for key, rows in values.items()
    }
    coordinates = {
        "time": ("time", times, {"units": "s"}),
        "position": ("position", places, {"units": field_files.LENGTH_UNIT}),
    }
    return xr.Dataset(variables, coordinates)

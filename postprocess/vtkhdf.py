"""One file for programs that read VTKHDF 2.0 (VTK >= 9.3): all times of a run, one mesh."""

import os
from pathlib import Path

import numpy as np

from ecs_model.files import atomic, hdf5
from ecs_model.postprocess.fields import load
from ecs_model.run import field_series
from ecs_model.run.rundir import RunDir

_VTK_TYPES = {2: 3, 3: 5, 4: 10}  # nodes per cell: line, triangle, tetrahedron
_SMALL = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def export_vtkhdf(run_dir, path=None):
    """`path` (or fields.vtkhdf in the run directory), which then holds all fields of the run."""
    fields = load(run_dir)
    path = Path(path or RunDir(Path(run_dir)).vtkhdf)
    temporary = path.with_name(f".{path.name}.tmp")
    with atomic.explained(path):
        try:
            with hdf5.created(temporary, libver=("earliest", "v110")) as file:
                _fill(file.create_group("VTKHDF"), fields)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return path


def _fill(root, fields):
    root.attrs["Version"] = np.array([2, 0])
    root.attrs.create("Type", np.bytes_("UnstructuredGrid"))
    _mesh(root, fields.points, fields.cells)
    steps = _steps(root, fields.times)
    _, _, cell_data = field_series.read_mesh(fields.folder)
    for name, array in cell_data.items():
        _static(root, steps, f"CellData/{name}", array)
    for name, array in field_series.read_node_data(fields.folder).items():
        _static(root, steps, f"PointData/{name}", array)
    for name in field_series.field_names(fields.folder):
        _over_time(root, steps, name, fields)


def _mesh(root, points, cells):
    nodes_per_cell = cells.shape[1]
    root["NumberOfPoints"] = [len(points)]
    root["NumberOfCells"] = [len(cells)]
    root["NumberOfConnectivityIds"] = [cells.size]
    root.create_dataset("Points", data=points, **_SMALL)
    root.create_dataset("Connectivity", data=cells.ravel().astype("i8"), **_SMALL)
    root.create_dataset("Offsets", data=np.arange(len(cells) + 1) * nodes_per_cell, **_SMALL)
    kind = np.full(len(cells), _VTK_TYPES[nodes_per_cell], "u1")
    root.create_dataset("Types", data=kind, **_SMALL)


def _steps(root, times):
    """The group that says where each time begins; the mesh is the same at all of them."""
    steps = root.create_group("Steps")
    steps.attrs["NSteps"] = len(times)
    steps["Values"] = times
    steps["NumberOfParts"] = np.ones(len(times), "i8")
    for name in ("PointOffsets", "PartOffsets"):
        steps[name] = np.zeros(len(times), "i8")
    for name in ("CellOffsets", "ConnectivityIdOffsets"):
        steps[name] = np.zeros((len(times), 1), "i8")
    return steps


def _static(root, steps, name, array):
    root.create_dataset(name, data=array, **_SMALL)
    steps[_offsets(name)] = np.zeros(len(steps["Values"]), "i8")


def _over_time(root, steps, name, fields):
    first = field_series.read_field(fields.folder, name, 0)
    centre = "PointData" if len(first) == len(fields.points) else "CellData"
    count = len(fields.times)
    data = root.create_dataset(
        f"{centre}/{name}",
        shape=(count * len(first), *first.shape[1:]),
        dtype=first.dtype,
        chunks=first.shape,
        **_SMALL,
    )
    for i in range(count):
        data[i * len(first) : (i + 1) * len(first)] = fields.at(name, i)
    steps[_offsets(f"{centre}/{name}")] = np.arange(count) * len(first)


def _offsets(name):
    return name.replace("Data/", "DataOffsets/")

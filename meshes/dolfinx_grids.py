"""Meshes that DOLFINx wrote as XDMF with tags, each in a grid of its own, which meshio drops."""

import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes.elements import KINDS

_TOPOLOGIES = {"polyvertex": 0, "polyline": 1, "interval": 1, "triangle": 2, "tetrahedron": 3}


def grids_of(path):
    """The grids of an XDMF file that DOLFINx wrote with tags, or of lines; None for others."""
    try:
        root = xml.parse(path).getroot()
    except (xml.ParseError, UnicodeDecodeError):
        return None
    grids = root.findall("./Domain/Grid")
    kinds = [
        g.find("Topology").get("TopologyType", "") for g in grids if g.find("Topology") is not None
    ]
    if not grids or len(kinds) != len(grids) or grids[0].find("Geometry") is None:
        return None
    lines = kinds[0].lower() == "polyline"
    return grids if lines or len(grids) > 1 else None


def load(path, grids):
    """The mesh of the first grid, tagged by the others."""
    import meshio

    points, cells = _array(path, grids[0].find("Geometry")), _simplices(path, grids[0])
    dim = cells.shape[1] - 1
    blocks, tags, taken = [(KINDS[dim], cells)], [np.zeros(len(cells), int)], {}
    for grid in grids[1:]:
        name, rows = grid.get("Name", "tags"), _simplices(path, grid)
        of = rows.shape[1] - 1
        if of not in (dim, dim - 1):
            continue  # of edges or corners, to which nothing can be bound
        _refuse_second(path, taken, of, name)
        taken[of] = name
        values = _array(path, grid.find("Attribute")).ravel()
        if of == dim:
            tags[0] = _matched(path, name, cells, rows, values)
        else:
            blocks.append((KINDS[of], rows))
            tags.append(values)
    points = np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
    return meshio.Mesh(points, blocks, cell_data={"tags": tags} if taken else {})


def _refuse_second(path, taken, of, name):
    if of in taken:
        raise ConfigError(
            f"mesh {path}: two tags for the same dimension, '{taken[of]}' and '{name}'; write the "
            "one that counts"
        )


def _matched(path, name, cells, rows, values):
    """The tag of every cell, whose order in the tags may be another."""
    numbers = {tuple(row): k for k, row in enumerate(np.sort(cells, axis=1).tolist())}
    tags = np.zeros(len(cells), values.dtype)
    for row, value in zip(np.sort(rows, axis=1).tolist(), values, strict=True):
        if tuple(row) not in numbers:
            raise ConfigError(
                f"mesh {path}: '{name}' tags a cell with the nodes {row}, which the "
                "mesh does not have"
            )
        tags[numbers[tuple(row)]] = value
    return tags


def _simplices(path, grid):
    topology = grid.find("Topology")
    kind = topology.get("TopologyType", "").lower()
    if kind not in _TOPOLOGIES:
        raise ConfigError(
            f"mesh {path}: found cells of type {kind}; straight-sided tetrahedra, "
            "triangles or intervals are needed"
        )
    return _array(path, topology).reshape(-1, _TOPOLOGIES[kind] + 1).astype(np.int64)


def _array(path, element):
    """The numbers of the DataItem in an element, in the text or in an HDF5 file beside it."""
    import h5py

    item = element.find("DataItem")
    shape = [int(n) for n in item.get("Dimensions").split()]
    if item.get("Format", "XML").upper() == "HDF":
        file, _, inside = item.text.strip().partition(":")
        with h5py.File(Path(path).parent / file, "r") as stored:
            return np.asarray(stored[inside])
    return np.array(item.text.split(), float).reshape(shape)

"""Mesh files read through meshio: .msh (gmsh 2.2 and 4.1), .vtu, .xdmf and what else it knows."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecs_model.errors import ConfigError, plainly
from ecs_model.meshes import foreign
from ecs_model.meshes.elements import KINDS as _KINDS
from ecs_model.meshes.meshdata import MeshData, refuse_tags
from ecs_model.meshes.orientation import turned, without_orphans
from ecs_model.meshes.writing import GMSH_TAGS, NAMES
from ecs_model.units import factor

UNITS = ("m", "cm", "mm", "um")
_TAG_NAMES = ("gmsh:physical", "tags", "region", "cell_tags", "medit:ref", "tag", "physical")
_NOT_FIELDS = (*GMSH_TAGS, "gmsh:dim_tags", "cell_tags", "medit:ref")


@dataclass(frozen=True)
class _Blocks:
    """A meshio mesh whose cells are put together by dimension."""

    mesh: Any
    dim: int

    def simplices(self, dim):
        """Vertices (k, dim + 1) of all simplices of a dimension."""
        found = [b.data for b in self.mesh.cells if b.type == _KINDS[dim]]
        return np.concatenate([np.empty((0, dim + 1), np.int64), *found])

    def data(self, name, dim):
        """Values (k, ...) of a cell-data array on the simplices of a dimension."""
        blocks = zip(self.mesh.cells, self.mesh.cell_data[name], strict=True)
        found = [np.asarray(values) for b, values in blocks if b.type == _KINDS[dim]]
        return np.concatenate(found) if found else np.empty(0)


def read(path, unit, *, tags=None):
    """The MeshData in a file, in the file's order; `check` tells whether it can be used.

    Cells are the simplices of the highest dimension, facets those of one dimension less that have
    a tag. Tags without a name are called "region_<tag>" and "boundary_<tag>"; a mesh without any
    tag is the region "tissue".

    Args:
        path: of the file.
        unit: of the coordinates in the file, "m", "cm", "mm" or "um".
        tags: name of the cell-data array that holds the tags, if it is not one of the usual ones.

    Raises:
        ConfigError: if the file cannot be read as a mesh of simplices.
    """
    _refuse_unit(path, unit)
    blocks = _Blocks(mesh := _load(path), _dimension(mesh, path))
    array = _tag_array(mesh, tags, path)
    array = array if array and _any_tag(blocks, array) else None
    cell_tags, facets, facet_tags = _tags(blocks, array, path)
    regions, boundaries = _names(mesh, path, blocks.dim)
    if array and not cell_tags.any():  # only the boundaries have names
        cell_tags, regions = np.ones(len(cell_tags)), {"tissue": 1}
    data = MeshData(
        points=_points(mesh, blocks.dim, path) * factor(unit),
        cells=blocks.simplices(blocks.dim),
        cell_tags=cell_tags,
        facets=facets,
        facet_tags=facet_tags,
        regions=_completed(regions, cell_tags, "region_") if array else {"tissue": 1},
        boundaries=_completed(boundaries, facet_tags, "boundary_"),
        node_fields=_node_fields(blocks, array),
        cell_fields=_cell_fields(blocks, array),
    )
    return turned(without_orphans(data), path)


def _refuse_unit(path, unit):
    if unit not in UNITS:
        raise ConfigError(
            f"mesh {path}: unit {unit!r} is not one of {', '.join(UNITS)}; give the "
            "unit of the coordinates in the file"
        )


def _load(path):
    """The meshio mesh in a file, whatever meshio does on the way: it prints, and it exits."""
    if not Path(path).is_file():
        raise ConfigError(f"mesh {path}: no such file; give the path of a .msh, .vtu or .xdmf file")
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            _require_end(path)
            return foreign.load(path)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        reason = said.getvalue() if isinstance(error, SystemExit) else plainly(error)
        reason = reason.replace("Warning: ", "")  # of meshio, in the midst of a sentence
        raise ConfigError(
            f"mesh {path}: cannot be read ({_first_line(reason)}); it is damaged or of an unknown "
            "format, write it again as .msh, .vtu or .xdmf"
        ) from error


def _require_end(path):
    """Nothing, unless a gmsh file stops early, which meshio does not always notice."""
    last = _tail(path, 100).rstrip().split(b"\n")[-1]
    if Path(path).suffix.lower() == ".msh" and not last.startswith(b"$End"):
        raise ValueError("the file stops before its end")


def _tail(path, length):
    """The last bytes of a file, at most `length`."""
    with open(path, "rb") as file:
        file.seek(-min(Path(path).stat().st_size, length), io.SEEK_END)
        return file.read()


def _first_line(text):
    return (text.strip().splitlines() or ["no reason given"])[0][:200]


def _dimension(mesh, path):
    """Highest dimension of the cells; raises ConfigError if not all cells are simplices."""
    wrong = sorted({block.type for block in mesh.cells if block.type not in _KINDS})
    if wrong:
        raise ConfigError(
            f"mesh {path}: found cells of type {', '.join(wrong)}; straight-sided "
            "tetrahedra, triangles or intervals are needed"
        )
    dim = max((_KINDS.index(block.type) for block in mesh.cells if len(block.data)), default=0)
    if dim == 0:
        raise ConfigError(
            f"mesh {path}: found no cells; tetrahedra, triangles or intervals are needed"
        )
    return dim


def _points(mesh, dim, path):
    """Points (n, dim) in the unit of the file, or (n, 3) of triangles in space."""
    points = np.asarray(mesh.points, np.float64)
    if dim == 2 and points.shape[1] == 3 and np.any(points[:, 2] != 0):
        return points
    if points.shape[1] < dim or np.any(points[:, dim:] != 0):
        axes = {1: "y = z = 0", 2: "z = 0"}.get(dim, "three coordinates")
        raise ConfigError(
            f"mesh {path}: found {_KINDS[dim]} cells with points off the axes of a "
            f"{dim}D mesh; {axes} is needed, or a mesh of the volume"
        )
    return points[:, :dim]


def _tag_array(mesh, wanted, path):
    """Name of the cell-data array with the tags, or None if there is none."""
    if wanted is not None:
        if wanted not in mesh.cell_data:
            raise ConfigError(
                f"mesh {path}: no cell data {wanted!r}; there are "
                f"{', '.join(mesh.cell_data) or 'none'}"
            )
        return wanted
    return next((name for name in _TAG_NAMES if name in mesh.cell_data), None)


def _any_tag(blocks, array):
    """Whether a cell or facet has a tag other than 0, which is how gmsh 2.2 writes "none"."""
    return any(np.any(blocks.data(array, blocks.dim - k) != 0) for k in (0, 1))


def _tags(blocks, array, path):
    """Tags of the cells, and the facets that have a tag, with it."""
    dim, cells = blocks.dim, blocks.simplices(blocks.dim)
    if array is None:
        return np.ones(len(cells)), np.empty((0, dim)), np.empty(0)
    cell_tags, facets = blocks.data(array, dim), blocks.simplices(dim - 1)
    facet_tags = blocks.data(array, dim - 1)
    for values in (cell_tags, facet_tags):
        refuse_tags(values, f"mesh {path}: the cell data {array!r}")
    return cell_tags, facets[facet_tags != 0], facet_tags[facet_tags != 0]


def _names(mesh, path, dim):
    """Names of the regions and of the boundaries that the file holds."""
    stored = _stored_names(path)
    if stored:
        return stored["regions"], stored["boundaries"]
    groups = {k: tuple(map(int, v)) for k, v in mesh.field_data.items() if np.size(v) == 2}
    return tuple({k: t for k, (t, d) in groups.items() if d == of} for of in (dim, dim - 1))


def _stored_names(path):
    """What `write` appended to an XML file, or None."""
    if Path(path).suffix.lower() not in (".vtu", ".xdmf"):
        return None
    _, found, rest = _tail(path, 100_000).decode(errors="replace").rpartition(NAMES)
    return json.loads(rest.partition(" -->")[0]) if found else None


def _completed(names, tags, prefix):
    """The names, and one made of the prefix for every tag but 0 that has none."""
    unnamed = set(np.unique(tags).astype(int).tolist()) - {0, *names.values()}
    return names | {f"{prefix}{tag}": tag for tag in sorted(unnamed)}


def _node_fields(blocks, array):
    """Nodal data that are not tags."""
    skip = {array, *_NOT_FIELDS}
    return {k: np.asarray(v) for k, v in blocks.mesh.point_data.items() if k not in skip}


def _cell_fields(blocks, array):
    """Cell data that are not tags."""
    skip = {array, *_NOT_FIELDS}
    return {k: blocks.data(k, blocks.dim) for k in blocks.mesh.cell_data if k not in skip}

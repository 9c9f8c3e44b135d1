"""Mesh files through meshio: .msh (gmsh 2.2 and 4.1), .vtu, .xdmf and what else meshio reads."""

import contextlib
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshdata import MeshData, orient, volumes
from ecs_model.units import factor

UNITS = ("m", "cm", "mm", "um")
_KINDS = ("vertex", "line", "triangle", "tetra")  # meshio's names of simplices, by dimension
_TAG_NAMES = ("gmsh:physical", "tags", "region", "cell_tags", "medit:ref", "tag", "physical")
_NOT_FIELDS = ("gmsh:physical", "gmsh:geometrical", "gmsh:dim_tags", "cell_tags", "medit:ref")
_NAMES = "<!-- ecs-model names "  # comment at the end of an XML file that holds the names of tags


@dataclass(frozen=True)
class _Blocks:
    """A meshio mesh whose cells are put together by dimension."""

    mesh: object
    dim: int

    def simplices(self, dim):
        """Vertices (k, dim + 1) of all simplices of a dimension."""
        found = [b.data for b in self.mesh.cells if b.type == _KINDS[dim]]
        return np.concatenate([np.empty((0, dim + 1), np.int64), *found])

    def data(self, name, dim):
        """Values (k, ...) of a cell-data array on the simplices of a dimension."""
        blocks = zip(self.mesh.cells, self.mesh.cell_data[name], strict=True)
        return np.concatenate([np.asarray(values) for b, values in blocks if b.type == _KINDS[dim]])


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
    if unit not in UNITS:
        raise ConfigError(f"mesh {path}: unit {unit!r} is not one of {', '.join(UNITS)}; give the "
                          "unit of the coordinates in the file")  # fmt: skip
    blocks = _Blocks(mesh := _load(path), _dimension(mesh, path))
    array = _tag_array(mesh, tags, path)
    cell_tags, facets, facet_tags = _tags(blocks, array, path)
    regions, boundaries = _names(mesh, path, blocks.dim)
    data = MeshData(
        points=_points(mesh, blocks.dim, path) * factor(unit),
        cells=blocks.simplices(blocks.dim),
        cell_tags=cell_tags,
        facets=facets,
        facet_tags=facet_tags,
        regions=_completed(regions, cell_tags, "region_") if array else {"tissue": 1},
        boundaries=_completed(boundaries, facet_tags, "boundary_"),
        fields=_fields(blocks, array),
    )
    return _turned(data)


def _load(path):
    """The meshio mesh in a file, whatever meshio does on the way."""
    import meshio

    if not Path(path).is_file():
        raise ConfigError(f"mesh {path}: no such file; give the path of a .msh, .vtu or .xdmf file")
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return meshio.read(path)
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"mesh {path}: cannot be read ({type(error).__name__}: {_first_line(error)}); it is "
            "damaged or of an unknown format, write it again as .msh, .vtu or .xdmf"
        ) from error


def _first_line(error):
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]


def _dimension(mesh, path):
    """Highest dimension of the cells; raises ConfigError if not all cells are simplices."""
    wrong = sorted({block.type for block in mesh.cells if block.type not in _KINDS})
    if wrong:
        raise ConfigError(f"mesh {path}: found cells of type {', '.join(wrong)}; straight-sided "
                          "tetrahedra, triangles or intervals are needed")  # fmt: skip
    dim = max((_KINDS.index(block.type) for block in mesh.cells if len(block.data)), default=0)
    if dim == 0:
        raise ConfigError(f"mesh {path}: found no cells; tetrahedra, triangles or intervals are "
                          "needed")  # fmt: skip
    return dim


def _points(mesh, dim, path):
    """Points (n, dim) in the unit of the file."""
    points = np.asarray(mesh.points, np.float64)
    if points.shape[1] < dim or np.any(points[:, dim:] != 0):
        axes = {1: "y = z = 0", 2: "z = 0"}.get(dim, "three coordinates")
        raise ConfigError(f"mesh {path}: found {_KINDS[dim]} cells with points off the axes of a "
                          f"{dim}D mesh; {axes} is needed, or a mesh of the volume")  # fmt: skip
    return points[:, :dim]


def _tag_array(mesh, wanted, path):
    """Name of the cell-data array with the tags, or None if there is none."""
    if wanted is not None:
        if wanted not in mesh.cell_data:
            raise ConfigError(f"mesh {path}: no cell data {wanted!r}; there are "
                              f"{', '.join(mesh.cell_data) or 'none'}")  # fmt: skip
        return wanted
    return next((name for name in _TAG_NAMES if name in mesh.cell_data), None)


def _tags(blocks, array, path):
    """Tags of the cells, and the facets that have a tag, with it."""
    dim, cells = blocks.dim, blocks.simplices(blocks.dim)
    if array is None:
        return np.ones(len(cells)), np.empty((0, dim)), np.empty(0)
    cell_tags, facets = blocks.data(array, dim), blocks.simplices(dim - 1)
    facet_tags = blocks.data(array, dim - 1) if len(facets) else np.empty(0)
    for values in (cell_tags, facet_tags):
        if values.ndim != 1 or np.any(values != np.round(values)):
            raise ConfigError(f"mesh {path}: the cell data {array!r} are not whole numbers; name "
                              "the array that holds the tags")  # fmt: skip
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
    if Path(path).suffix not in (".vtu", ".xdmf"):
        return None
    with open(path, "rb") as file:
        file.seek(-min(Path(path).stat().st_size, 100_000), io.SEEK_END)
        _, found, rest = file.read().decode(errors="replace").rpartition(_NAMES)
    return json.loads(rest.partition(" -->")[0]) if found else None


def _completed(names, tags, prefix):
    """The names, and one made of the prefix for every tag but 0 that has none."""
    unnamed = set(np.unique(tags).astype(int).tolist()) - {0, *names.values()}
    return names | {f"{prefix}{tag}": tag for tag in sorted(unnamed)}


def _fields(blocks, array):
    """Nodal and cell data that are not tags."""
    mesh, skip = blocks.mesh, {array, *_NOT_FIELDS}
    nodal = {k: np.asarray(v) for k, v in mesh.point_data.items() if k not in skip}
    cell = {k: blocks.data(k, blocks.dim) for k in mesh.cell_data if k not in skip}
    return cell | nodal


def _turned(data):
    """The mesh, re-oriented if the file counts all its cells the other way round."""
    inside = ((data.cells >= 0) & (data.cells < len(data.points))).all()
    if inside and len(data.cells) and (volumes(data) < 0).all():
        return replace(data, cells=orient(data))
    return data


def write(mesh, path):
    """Put the mesh, in metres, into a .vtu, .xdmf or .msh (gmsh 2.2) file, with tags and names."""
    import meshio

    path = Path(path)
    options = {".vtu": {}, ".xdmf": {"compression": None}, ".msh": {"file_format": "gmsh22"}}
    if path.suffix not in options:
        raise ConfigError(f"mesh {path}: cannot write {path.suffix or 'a file without an ending'}; "
                          "give a name that ends in .vtu, .xdmf or .msh")  # fmt: skip
    gmsh = path.suffix == ".msh"
    cells = [(_KINDS[mesh.dim], mesh.cells)]
    tags = [mesh.cell_tags]
    if len(mesh.facets):
        cells.append((_KINDS[mesh.dim - 1], mesh.facets))
        tags.append(mesh.facet_tags)
    tag_arrays = ("gmsh:physical", "gmsh:geometrical") if gmsh else ("tags",)
    points = np.pad(mesh.points, ((0, 0), (0, 3 - mesh.dim)))
    nodal, cell = _split(mesh)
    out = meshio.Mesh(
        points,
        cells,
        point_data=nodal,
        cell_data={name: tags for name in tag_arrays} | cell,
        field_data=_groups(mesh) if gmsh else {},
    )
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        meshio.write(path, out, **options[path.suffix])
    if not gmsh:
        _append_names(mesh, path)


def _split(mesh):
    """Nodal fields, and cell fields with nan on the facets."""
    n, k = len(mesh.points), len(mesh.facets)
    nodal = {name: values for name, values in mesh.fields.items() if len(values) == n}
    cell = {}
    for name in mesh.fields.keys() - nodal.keys():
        values = np.asarray(mesh.fields[name], float)
        cell[name] = [values] + [np.full((k, *values.shape[1:]), np.nan)] * bool(k)
    return nodal, cell


def _groups(mesh):
    named = ((mesh.regions, mesh.dim), (mesh.boundaries, mesh.dim - 1))
    return {name: np.array([tag, dim]) for names, dim in named for name, tag in names.items()}


def _append_names(mesh, path):
    names = json.dumps({"regions": mesh.regions, "boundaries": mesh.boundaries})
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"\n{_NAMES}{names.replace('-', chr(92) + 'u002d')} -->\n")

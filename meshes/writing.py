"""Mesh files written through meshio: .msh (gmsh 2.2), .vtu and .xdmf, with tags and names."""

import contextlib
import io
import json
import tempfile
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.meshes.elements import KINDS

GMSH_TAGS = ("gmsh:physical", "gmsh:geometrical")
NAMES = "<!-- ecs-model names "  # comment at the end of an XML file that holds the names of tags


def write(mesh, path):
    """Put the mesh, in metres, into a .vtu, .xdmf or .msh (gmsh 2.2) file, with tags and names.

    A .msh file holds nodal fields only, because meshio cannot read cell fields back from it. What
    was there before stays if the new file cannot be written.
    """
    path = Path(path)
    options = _options(path, mesh.dim)
    with atomic.explained(path):
        with tempfile.TemporaryDirectory(
            prefix=".mesh.", dir=path.parent, ignore_cleanup_errors=True
        ) as folder:
            _write(mesh, made := Path(folder, path.name), options)
            atomic.move_all(made.parent, path.parent)


def _write(mesh, path, options):
    import meshio

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _lasting_hdf5():
        meshio.write(path, _as_meshio(mesh, gmsh=path.suffix == ".msh"), **options)
    if path.suffix != ".msh":
        _append_names(mesh, path)


@contextlib.contextmanager
def _lasting_hdf5():
    """A block in which the HDF5 files that meshio makes survive a full disk."""
    import h5py

    from ecs_model.files import hdf5

    own = h5py.File
    with contextlib.ExitStack() as files:
        h5py.File = lambda path, mode: files.enter_context(hdf5.created(path))
        try:
            yield
        finally:
            h5py.File = own


def _options(path, dim):
    """What meshio must be told about the format of `path`."""
    known = {".vtu": {}, ".xdmf": {"compression": None}, ".msh": {"file_format": "gmsh22"}}
    if path.suffix not in known:
        raise ConfigError(
            f"mesh {path}: cannot write {path.suffix or 'a file without an ending'}; "
            "give a name that ends in .vtu, .xdmf or .msh"
        )
    if dim == 1 and path.suffix == ".xdmf":
        raise ConfigError(
            f"mesh {path}: .xdmf cannot hold the ends of an interval; "
            "give a name that ends in .vtu or .msh"
        )
    return known[path.suffix]


def _as_meshio(mesh, gmsh):
    """The mesh as meshio's, cells before facets, with tags under the names the format uses."""
    import meshio

    both = ((mesh.dim, mesh.cells, mesh.cell_tags), (mesh.dim - 1, mesh.facets, mesh.facet_tags))
    blocks = [block for block in both if len(block[1])]
    tags = [t for _, _, t in blocks]
    cell = {} if gmsh else _beside_facets(mesh)
    return meshio.Mesh(
        np.pad(mesh.points, ((0, 0), (0, 3 - mesh.points.shape[1]))),
        [(KINDS[dim], vertices) for dim, vertices, _ in blocks],
        point_data=mesh.node_fields,
        cell_data=dict.fromkeys(GMSH_TAGS, tags) if gmsh else {"tags": tags} | cell,
        field_data=_groups(mesh) if gmsh else {},
    )


def _beside_facets(mesh):
    """Cell fields, with nan on the facets."""
    k, cell = len(mesh.facets), {}
    for name, given in mesh.cell_fields.items():
        values = np.asarray(given, float)
        cell[name] = [values] + [np.full((k, *values.shape[1:]), np.nan)] * bool(k)
    return cell


def _groups(mesh):
    named = ((mesh.regions, mesh.dim), (mesh.boundaries, mesh.dim - 1))
    return {name: np.array([tag, dim]) for names, dim in named for name, tag in names.items()}


def _append_names(mesh, path):
    names = json.dumps({"regions": mesh.regions, "boundaries": mesh.boundaries})
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"\n{NAMES}{names.replace('-', chr(92) + 'u002d')} -->\n")

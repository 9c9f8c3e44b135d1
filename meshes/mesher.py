"""The bridge to gmsh: bodies in, MeshData out.

gmsh works here in micrometres, because its kernel joins points that are closer than 1e-7 units.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes.meshdata import MeshData, orient
from ecs_model.meshes.refinement import GROWTH
from ecs_model.quantities import point_text

UM = 1e-6  # m per gmsh unit
_SIMPLEX = {0: 15, 1: 1, 2: 2, 3: 4}  # gmsh element type by dimension
_OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.Algorithm": 6,  # 2D: frontal Delaunay
    "Mesh.Algorithm3D": 10,  # HXT; Delaunay does not fill a sphere with a node inside
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": 0,
    "Mesh.Optimize": 1,
    "Mesh.OptimizeThreshold": 0.4,
}


@dataclass(frozen=True)
class Group:
    """Entities of one dimension that share a name and a tag."""

    name: str
    tag: int
    entities: tuple[int, ...]


@contextmanager
def session():
    """The gmsh module with an empty model, closed again at the end."""
    gmsh = _gmsh()
    ours = not gmsh.isInitialized()
    if ours:
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    gmsh.model.add("ecs_model")
    before = {name: gmsh.option.getNumber(name) for name in _OPTIONS}
    try:
        _set(gmsh, _OPTIONS)
        yield gmsh
    finally:
        gmsh.model.remove()
        _set(gmsh, before)
        if ours:
            gmsh.finalize()


def _set(gmsh, options):
    for name, value in options.items():
        gmsh.option.setNumber(name, value)


def _gmsh():
    try:
        import gmsh
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"gmsh cannot be loaded ({error}); install its libraries, on Debian and Ubuntu with "
            "'apt-get install -y libgl1 libglu1-mesa libxcursor1 libxft2 libxinerama1', or use a "
            "structured mesh or a ribbon, which need no gmsh"
        ) from error
    return gmsh


def embed(gmsh, body, refined):
    """Make the points of the refinements that wish it nodes of the body (dim, tag)."""
    points = [(0, gmsh.model.occ.addPoint(*_um(r.point))) for r in refined if r.node]
    if points:
        gmsh.model.occ.fragment([body], points)
    gmsh.model.occ.synchronize()


def set_sizes(gmsh, cell, refined):
    """Wish cells of size `cell` [m], smaller around the refinements."""
    field = gmsh.model.mesh.field
    tags = [_ball(field, r, cell) for r in refined]
    if tags:
        smallest = field.add("Min")
        field.setNumbers(smallest, "FieldsList", tags)
        field.setAsBackgroundMesh(smallest)
    gmsh.option.setNumber("Mesh.MeshSizeMax", cell / UM)


def _ball(field, refined, cell):
    """Tag of a size field: constant inside the ball, then linear up to the global cell size."""
    tag = field.add("Ball")
    x, y, z = _um(refined.point)
    reach = (cell - refined.cell) / GROWTH
    numbers = {
        "XCenter": x,
        "YCenter": y,
        "ZCenter": z,
        "Radius": refined.radius / UM,
        "Thickness": reach / UM,
        "VIn": refined.cell / UM,
        "VOut": cell / UM,
    }
    for name, value in numbers.items():
        field.setNumber(tag, name, value)
    return tag


def _um(point):
    return [*(x / UM for x in point), 0.0, 0.0][:3]


def generate(gmsh, dim, regions, boundaries):
    """The MeshData of the current model, meshed.

    Args:
        gmsh: the module, in a session.
        dim: dimension of the cells.
        regions: Groups of dimension `dim`, which together are the body.
        boundaries: Groups of dimension `dim` - 1.
    """
    _mesh(gmsh, dim)
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    cells, cell_tags = _elements(gmsh, dim, regions)
    facets, facet_tags = _elements(gmsh, dim - 1, boundaries)
    used, cells = np.unique(cells, return_inverse=True)
    order = np.argsort(tags)
    rows = order[np.searchsorted(tags, used, sorter=order)]
    mesh = MeshData(
        points=coordinates.reshape(-1, 3)[rows, :dim] * UM,
        cells=cells.reshape(-1, dim + 1),
        cell_tags=cell_tags,
        facets=np.searchsorted(used, facets),
        facet_tags=facet_tags,
        regions={group.name: group.tag for group in regions},
        boundaries={group.name: group.tag for group in boundaries},
    )
    object.__setattr__(mesh, "cells", orient(mesh))
    return mesh


def _mesh(gmsh, dim):
    try:
        gmsh.model.mesh.generate(dim)
        if dim == 3:
            gmsh.model.mesh.optimize("Relocate3D")  # "Netgen" crashes on embedded points
    except Exception as error:
        raise ConfigError(f"gmsh cannot mesh this body ({error}); try another cell size") from error


def _elements(gmsh, dim, groups):
    """Node tags (k, dim + 1) of the simplices of all groups, and the tag of each."""
    nodes, tags = [np.empty((0, dim + 1), np.int64)], [np.empty(0, np.int32)]
    for group in groups:
        for entity in group.entities:
            found = gmsh.model.mesh.getElementsByType(_SIMPLEX[dim], entity)[1]
            nodes.append(found.astype(np.int64).reshape(-1, dim + 1))
            tags.append(np.full(len(nodes[-1]), group.tag, np.int32))
    return np.concatenate(nodes), np.concatenate(tags)


def require_nodes(mesh, refined):
    """Nothing, if every refinement that wishes it has a node at its point."""
    for r in refined:
        if r.node and np.linalg.norm(mesh.points - r.point, axis=1).min() > 1e-3 * r.cell:
            raise ConfigError(
                f"refine: no node could be put at {point_text(r.point)}; move the point away from "
                "the boundary or onto it"
            )

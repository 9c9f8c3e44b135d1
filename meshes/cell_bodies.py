"""A block of the space around one cell of a lattice, meshed by gmsh."""

import math
from itertools import permutations
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes import mesher
from ecs_model.meshes.simplices import all_facets, sort_rows
from ecs_model.meshes.tags import TISSUE
from ecs_model.quantities import length_text

LARGEST = {"cube": 1.0, "octahedron": 1.0, "sphere": math.pi / 6}  # share of tissue, touching
DISTANCE = {"cube": 1.0, "octahedron": math.sqrt(3) / 2, "sphere": 1.0}  # of neighbours, in periods
DELAUNAY = 1  # fills what is bounded by discrete surfaces
NEAREST = 1e-3  # of a period: a body that comes closer to the border of its period touches it


def around(shape, size, cell, alpha):
    """Points (n, 3) [m] and cells (m, 4) of the cube between 0 and `size`, without the cells.

    Args:
        shape: "sphere", around the far corner, or "octahedron", around that and the origin.
        size: half of the period [m].
        cell: wished edge length of elements [m].
        alpha: share that is left.
    """
    with mesher.session() as gmsh:
        occ, edge = gmsh.model.occ, size / mesher.UM
        block = (3, occ.addBox(0, 0, 0, edge, edge, edge))
        left, _ = occ.cut([block], _BODIES[shape](gmsh, edge, alpha))
        occ.synchronize()
        return _meshed(gmsh, left, cell)


def _meshed(gmsh, bodies, cell):
    mesher.set_sizes(gmsh, cell, [])
    tags = tuple(tag for _, tag in bodies)
    made = mesher.generate(gmsh, 3, [mesher.Group("tissue", TISSUE["tissue"], tags)], [])
    return made.points, made.cells


def _sphere(gmsh, edge, alpha):
    radius = 2 * edge * math.cbrt(3 * (1 - alpha) / (4 * math.pi))
    return [(3, gmsh.model.occ.addSphere(edge, edge, edge, radius))]


def _octahedra(gmsh, edge, alpha):
    """The eighth of a shrunk truncated octahedron at the origin, and that at the far corner."""
    corners = [(0.0, 0.0, 0.0), *{*permutations((1.0, 0, 0)), *permutations((1.0, 0.5, 0))}]
    eighth = edge * math.cbrt(1 - alpha) * np.array(sorted(corners))
    return [(3, _hull(gmsh, points)) for points in (eighth, edge - eighth)]


_BODIES = {"sphere": _sphere, "octahedron": _octahedra}


def _hull(gmsh, points):
    """The tag of the convex hull of points (n, 3)."""
    from scipy.spatial import ConvexHull

    occ = gmsh.model.occ
    corners = [occ.addPoint(*map(float, point)) for point in points]
    lines: dict[tuple[int, int], int] = {}
    faces = [
        _triangle(occ, [corners[k] for k in row], lines) for row in ConvexHull(points).simplices
    ]
    return occ.addVolume([occ.addSurfaceLoop(faces)])


def _triangle(kernel, corners, lines):
    """The tag of a plane triangle; its lines, by their ends, are shared with its neighbours."""
    loop = []
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (end, start) in lines:
            loop.append(-lines[end, start])
        else:
            loop.append(lines.setdefault((start, end), 0) or kernel.addLine(start, end))
            lines[start, end] = loop[-1]
    return kernel.addPlaneSurface([kernel.addCurveLoop(loop)])


def around_body(path, period, cell, alpha):
    """Points (n, 3) [m] and cells (m, 4) of the cube of a period around a closed surface.

    Args:
        path: of the surface, in any unit: it is scaled to what alpha leaves, and centred.
        period: of the lattice [m].
        cell: wished edge length of elements [m]; triangles at the surface stay those of the file.
        alpha: share that is left.

    Raises:
        ConfigError: if the file holds no closed surface, or it is too long for the period.
    """
    points, triangles = _closed(path)
    points = _scaled(points, triangles, period, alpha, path)
    with mesher.session() as gmsh:
        geo, edge = gmsh.model.geo, period / mesher.UM
        inner = gmsh.model.addDiscreteEntity(2)
        numbers = np.arange(1, len(points) + 1)
        gmsh.model.mesh.addNodes(2, inner, numbers, (points / mesher.UM).ravel())
        gmsh.model.mesh.addElementsByType(inner, 2, [], (triangles + 1).ravel())
        loops = [geo.addSurfaceLoop(_walls(geo, edge)), geo.addSurfaceLoop([inner])]
        volume = geo.addVolume(loops)
        geo.synchronize()
        gmsh.option.setNumber("Mesh.Algorithm3D", DELAUNAY)
        gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 1)
        return _meshed(gmsh, [(3, volume)], cell)


def _walls(geo, edge):
    """Tags of the six sides of a cube, each of two triangles."""
    places = [(x, y, z) for x in (0.0, edge) for y in (0.0, edge) for z in (0.0, edge)]
    corners = [geo.addPoint(*place) for place in places]
    squares = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    lines: dict[tuple[int, int], int] = {}
    rows = [(a, b, c) for a, b, c, _ in squares] + [(a, c, d) for a, _, c, d in squares]
    return [_triangle(geo, [corners[k] for k in row], lines) for row in rows]


def _closed(path):
    """Points (n, 3) and triangles (t, 3), seen turning left from outside, of a closed surface."""
    import meshio

    if not Path(path).is_file():
        raise ConfigError(f"body {path}: no such file")
    try:
        read = meshio.read(path)
        triangles = read.get_cells_type("triangle").astype(np.int64)
        points = np.asarray(read.points, float).reshape(-1, 3)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"body {path}: not a readable surface ({error})") from None
    points, numbers = np.unique(points[triangles.ravel()], axis=0, return_inverse=True)
    triangles = numbers.reshape(-1, 3)
    _refuse_open(path, triangles)
    return points, triangles


def _refuse_open(path, triangles):
    if not len(triangles):
        raise ConfigError(f"body {path}: holds no triangles; give a closed surface of them")
    _, repeated = sort_rows(all_facets(triangles))
    times = np.diff(np.flatnonzero(np.append(~repeated, True)))
    if wrong := np.count_nonzero(times != 2):
        raise ConfigError(
            f"body {path}: is not closed: {wrong} edges do not lie between two triangles"
        )


def _scaled(points, triangles, period, alpha, path):
    """The points [m] of a body that takes what alpha leaves of a period, in its middle."""
    a, b, c = np.moveaxis(points[triangles] - points.mean(axis=0), 1, 0)
    volume = abs(float(np.einsum("ij,ij->", a, np.cross(b, c)))) / 6
    low, high = points.min(axis=0), points.max(axis=0)
    if volume < 1e-6 * float(np.prod(high - low)) or volume == 0:
        raise ConfigError(f"body {path}: the surface encloses no volume; turn all triangles alike")
    scale = period * math.cbrt((1 - alpha) / volume)
    longest, most = float((high - low).max()), (1 - 2 * NEAREST) * period
    if scale * longest > most:
        least = 1 - volume * (most / longest / period) ** 3
        raise ConfigError(
            f"alpha: found {alpha:g}, with which the body of {path} would be "
            f"{length_text(scale * longest)} long in a period of {length_text(period)}; at least "
            f"{math.ceil(1e3 * least) / 1e3:g} is possible"
        )
    return scale * (points - (low + high) / 2) + period / 2

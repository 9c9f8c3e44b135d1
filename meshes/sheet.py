"""Surfaces in space, of tissue that is a sheet: the middle of the cortex, and a sphere."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from ecs_model.meshes import arguments
from ecs_model.meshes import surfaces as cortex
from ecs_model.meshes.meshdata import MeshData
from ecs_model.meshes.ribbon import part_of, without_medial_wall
from ecs_model.meshes.simplices import boundary_facets
from ecs_model.meshes.tags import CORTEX, TISSUE, boundaries

_ROUND_OFF = 1e-9  # of the radius, between nodes that two faces of an icosahedron have in common


def sheet(
    surface="S1", hemisphere="left", centre=None, radius=None, *, subdivisions=None, cell=None
):
    """The middle of the cortex of a hemisphere, or of a patch of it: region "grey".

    The boundary "cut" is the rim (of the patch, or of the medial wall); the nodal field "thickness"
    [m] is the distance between white and pial surface.

    Args:
        surface: "S1" (one subject) or "fsaverage5" (an average).
        hemisphere: "left" or "right".
        centre: point (3) [m] near the cortex, or None or "crown" for the topmost gyral crown.
        radius: geodesic radius of the patch [m]; None for the whole hemisphere.
        subdivisions: how often the triangles are cut into four.
        cell: wished edge length [m]; chooses subdivisions that are not given.
    """
    surfaces = cortex.built_in(surface, hemisphere)
    return _sheet(surfaces, centre, radius, subdivisions, cell)


def sheet_from_files(
    white,
    pial,
    centre=None,
    radius=None,
    *,
    unit="mm",
    space="file",
    subdivisions=None,
    cell=None,
):
    """The middle between two surface files; see `sheet` for the rest.

    Args:
        white: GIFTI or FreeSurfer file of the surface between grey and white matter.
        pial: file of the outer surface, with the same vertices and triangles.
        centre: point (3) [m] near the cortex, or None or "crown".
        radius: geodesic radius of the patch [m]; None for the whole surface.
        unit: of the coordinates in the files.
        space: "file", or "scanner", where images lie.
        subdivisions: how often the triangles are cut into four.
        cell: wished edge length [m].
    """
    surfaces = cortex.from_files(white, pial, unit, space)
    return _sheet(surfaces, centre, radius, subdivisions, cell)


def _sheet(surfaces, centre, radius, subdivisions, cell):
    surfaces, medial = without_medial_wall(part_of(surfaces, centre, radius))
    surfaces = cortex.keep(surfaces, cortex.largest_piece(surfaces.triangles))
    subdivisions = _subdivisions(surfaces, subdivisions, cell)
    arguments.affordable(len(surfaces.triangles) / 2 * 4.0**subdivisions)
    for _ in range(subdivisions):
        surfaces = cortex.subdivide(surfaces)
    mesh = _of_triangles(surfaces.middle, surfaces.triangles, "grey", CORTEX["grey"])
    return replace(
        mesh,
        node_fields={"thickness": surfaces.thickness},
        notes={"subdivisions": subdivisions, "triangles_of_medial_wall": medial},
    )


def _subdivisions(surfaces, subdivisions, cell):
    """How often triangles are cut into four, chosen from the cell size [m] if it is not given."""
    if subdivisions is None and cell is not None:
        edge = cortex.edge_length(surfaces)
        return max(0, round(np.log2(edge / arguments.cell_size(cell, edge * 2))))
    return arguments.whole("subdivisions", subdivisions or 0, 0)


def sphere_surface(radius, cell):
    """The surface of a sphere around the origin: region "tissue", no boundary.

    The triangles of an icosahedron are cut evenly, and their corners moved to the sphere.

    Args:
        radius: in m.
        cell: wished edge length [m].
    """
    radius = arguments.positive("radius", radius)
    corners, faces = _icosahedron()
    side = radius * np.linalg.norm(corners[faces[0, 1]] - corners[faces[0, 0]])
    cuts = max(1, round(side / arguments.cell_size(cell, 2 * radius)))
    arguments.affordable(10.0 * cuts**2)
    weights, small = _cut(cuts)
    points = np.einsum("nk,fkx->fnx", weights, corners[faces])
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    triangles = small + len(weights) * np.arange(len(faces))[:, None, None]
    points, triangles = _merged(points.reshape(-1, 3), triangles.reshape(-1, 3))
    return _of_triangles(radius * points, triangles, "tissue", TISSUE["tissue"])


def _of_triangles(points, triangles, region, tag):
    rim = boundary_facets(triangles)
    names = boundaries("cut") if len(rim) else {}
    return MeshData(
        points=points,
        cells=triangles,
        cell_tags=np.full(len(triangles), tag),
        facets=rim,
        facet_tags=np.full(len(rim), names.get("cut", 0)),
        regions={region: tag},
        boundaries=names,
    )


def _icosahedron():
    """Corners (12, 3) at distance 1, and faces (20, 3)."""
    golden = (1 + np.sqrt(5)) / 2
    base = np.array([[0, a, b * golden] for a in (-1, 1) for b in (-1, 1)], float)
    corners = np.concatenate([np.roll(base, k, axis=1) for k in range(3)])
    near = np.isclose(np.linalg.norm(corners[:, None] - corners, axis=2), 2.0)
    faces = [
        f for f in combinations(range(12), 3) if all(near[a, b] for a, b in combinations(f, 2))
    ]
    return corners / np.linalg.norm(corners[0]), np.array(faces)


def _cut(cuts):
    """Barycentric weights (n, 3) of the nodes of a triangle that is cut, and its pieces (m, 3)."""
    places = [(i, j) for i in range(cuts + 1) for j in range(cuts + 1 - i)]
    number = {place: k for k, place in enumerate(places)}
    pieces = []
    for i, j in places:
        if i + j < cuts:
            pieces.append([number[i, j], number[i + 1, j], number[i, j + 1]])
        if i + j < cuts - 1:
            pieces.append([number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]])
    i, j = np.array(places).T
    return np.stack([cuts - i - j, i, j], axis=1) / cuts, np.array(pieces)


def _merged(points, triangles):
    """The mesh with each point once, in the order of the first."""
    keys = np.round(points / _ROUND_OFF).astype(np.int64)
    _, first, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return points[np.sort(first)], rank[place.ravel()][triangles]

"""The cortical ribbon: grey matter between the white and the pial surface, in tetrahedra."""

from dataclasses import replace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes import arguments
from ecs_model.meshes import surfaces as cortex
from ecs_model.meshes.meshdata import MeshData, orient
from ecs_model.meshes.repair import PRISM, repair
from ecs_model.meshes.simplices import boundary_facets
from ecs_model.meshes.tags import CORTEX, boundaries

_MEDIAL_WALL = 0.05e-3  # m; thinner than this the two surfaces coincide, and there is no cortex
_LAYERS = 4  # if neither layers nor a cell size are wished


def ribbon(
    surface="S1",
    hemisphere="left",
    centre=None,
    radius=None,
    *,
    subdivisions=None,
    cell=None,
    layers=None,
):
    """Grey matter of a hemisphere, or of a patch of it: region "grey".

    The boundaries are "pial", "white" and "cut" (rim of the patch, medial wall); the nodal field
    "depth" rises from 0 at the white to 1 at the pial surface. The notes say what was repaired.

    Args:
        surface: "S1" (one subject) or "fsaverage5" (an average).
        hemisphere: "left" or "right".
        centre: point (3) [m] near the cortex, or None or "crown" for the topmost gyral crown.
        radius: geodesic radius of the patch [m]; None for the whole hemisphere.
        subdivisions: how often the triangles are cut into four.
        cell: wished edge length [m]; chooses what is not given of subdivisions and layers.
        layers: number of layers of prisms between white and pial.
    """
    surfaces = cortex.built_in(surface, hemisphere)
    return _ribbon(surfaces, centre, radius, subdivisions, cell, layers)


def ribbon_from_files(
    white,
    pial,
    centre=None,
    radius=None,
    *,
    unit="mm",
    space="file",
    subdivisions=None,
    cell=None,
    layers=None,
):
    """Grey matter between two surface files; see `ribbon` for the rest.

    Args:
        white: GIFTI or FreeSurfer file of the surface between grey and white matter.
        pial: file of the outer surface, with the same vertices and triangles.
        centre: point (3) [m] near the cortex, or None or "crown".
        radius: geodesic radius of the patch [m]; None for the whole surface.
        unit: of the coordinates in the files.
        space: "file", or "scanner", where images lie: surfaces of FreeSurfer have an origin of
            their own.
        subdivisions: how often the triangles are cut into four.
        cell: wished edge length [m].
        layers: number of layers of prisms.
    """
    surfaces = cortex.from_files(white, pial, unit, space)
    return _ribbon(surfaces, centre, radius, subdivisions, cell, layers)


def _ribbon(surfaces, centre, radius, subdivisions, cell, layers):
    surfaces, medial = without_medial_wall(part_of(surfaces, centre, radius))
    subdivisions, layers = _resolution(surfaces, subdivisions, cell, layers)
    for _ in range(subdivisions):
        surfaces = cortex.subdivide(surfaces)
    mended = repair(surfaces, layers)
    sound, left_out = _sound_part(mended)
    chosen = {"subdivisions": subdivisions, "layers": layers, "triangles_of_medial_wall": medial}
    return replace(_columns(sound, layers), notes=chosen | mended.notes | left_out)


def part_of(surfaces, centre, radius):
    """The patch that centre and radius describe, or all."""
    if radius is None:
        if centre is not None:
            raise ConfigError("radius: missing; a patch around a centre needs a radius")
        return surfaces
    radius = arguments.positive("radius", radius)
    if centre is None or isinstance(centre, str):
        arguments.one_of("centre", centre, (None, "crown"))
        centre = cortex.crown(surfaces)
    return cortex.patch(surfaces, np.array(arguments.point("centre", centre, 3)), radius)


def without_medial_wall(surfaces):
    """The surfaces where there is cortex between them, and how many triangles fell away."""
    wall = (surfaces.thickness < _MEDIAL_WALL)[surfaces.triangles].all(axis=1)
    if wall.all():
        raise ConfigError(
            "white and pial surface coincide here; choose another centre or "
            "surfaces that enclose grey matter"
        )
    return (cortex.keep(surfaces, ~wall) if wall.any() else surfaces), int(wall.sum())


def _resolution(surfaces, subdivisions, cell, layers):
    """Number of subdivisions and of layers, chosen from the cell size [m] where not given."""
    wished = (0, _LAYERS) if cell is None else _for_cells(surfaces, cell)
    chosen = wished[0] if subdivisions is None else subdivisions
    subdivisions = arguments.whole("subdivisions", chosen, 0)
    layers = arguments.whole("layers", wished[1] if layers is None else layers, 1)
    arguments.affordable(len(surfaces.triangles) / 2 * 4.0**subdivisions * (layers + 1))
    return subdivisions, layers


def _for_cells(surfaces, cell):
    """Subdivisions and layers that give edges of about `cell` [m] along and across the cortex."""
    thickness = float(np.median(surfaces.thickness))
    cell = arguments.cell_size(cell, thickness)
    halvings = np.log2(cortex.edge_length(surfaces) / cell)
    return max(0, round(halvings)), max(1, round(thickness / cell))


def _sound_part(mended):
    """The largest piece of the sound columns, and how many columns are not in it."""
    if not mended.sound.any():
        raise ConfigError(
            "ribbon: every column between these surfaces is inverted; give surfaces "
            "that do not cross"
        )
    sound = cortex.keep(mended.surfaces, mended.sound)
    main = cortex.largest_piece(sound.triangles)
    left_out, islands = int((~mended.sound).sum()), int((~main).sum())
    return cortex.keep(sound, main), {"columns_left_out": left_out, "columns_in_islands": islands}


def _columns(surfaces, layers):
    """The mesh of all columns; nodes are numbered column by column, from white to pial."""
    level = np.linspace(0.0, 1.0, layers + 1)
    rise = (surfaces.pial - surfaces.white)[:, None] * level[:, None]
    points = (surfaces.white[:, None] + rise).reshape(-1, 3)
    cells = _tetrahedra(surfaces.triangles, layers)
    facets = boundary_facets(cells)
    names = boundaries("pial", "white", "cut")
    mesh = MeshData(
        points=points,
        cells=cells,
        cell_tags=np.full(len(cells), CORTEX["grey"]),
        facets=facets,
        facet_tags=_boundary_tags(facets % (layers + 1), layers, names),
        regions={"grey": CORTEX["grey"]},
        boundaries=names,
        node_fields={"depth": np.tile(level, len(surfaces.white))},
    )
    return replace(mesh, cells=orient(mesh))


def _tetrahedra(triangles, layers):
    """Vertices (3 layers t, 4) of all tetrahedra, column by column."""
    foot = np.sort(triangles, axis=1) * (layers + 1)
    prism = np.stack([np.stack([foot[:, k] + up for k, up in corners], 1) for corners in PRISM], 1)
    cells = prism[:, None] + np.arange(layers)[:, None, None]
    return cells.reshape(-1, 4)


def _boundary_tags(level, layers, names):
    """Tag of every boundary facet from the levels of its three nodes."""
    tags = np.full(len(level), names["cut"])
    tags[(level == 0).all(axis=1)] = names["white"]
    tags[(level == layers).all(axis=1)] = names["pial"]
    return tags

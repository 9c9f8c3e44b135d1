"""A plane slice of a hemisphere in triangles: grey matter around white matter."""

from dataclasses import replace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes import arguments, contour, mesher
from ecs_model.meshes import surfaces as cortex
from ecs_model.meshes.tags import BOUNDARY, CORTEX
from ecs_model.quantities import point_text

_AXES = {"x": 0, "y": 1, "z": 2}
_LARGEST_CELL = 10e-3  # m; no gyrus is left in larger ones
_ON_EDGE = 1e-7  # m; lines this close to the edge of the window lie on it


def coronal(surface, position, cell, *, window=None, hemisphere="left", axis="y"):
    """Grey and white matter in a plane: regions "grey" and "white".

    The boundaries are "pial" (outline), "grey_white" (between the regions) and, with a window,
    "cut" (its edges). Coordinates are the two that are left when that of `axis` is taken away.

    Args:
        surface: "S1" or "fsaverage5".
        position: of the plane on the axis [m].
        cell: wished size of the cells [m].
        window: (lowest, lowest, highest, highest) coordinates [m] of the part to mesh, or None.
        hemisphere: "left" or "right".
        axis: normal of the plane: "y" for a coronal, "x" for a sagittal, "z" for an axial slice.
    """
    axis = _AXES[arguments.one_of("axis", axis, tuple(_AXES))]
    (position,) = arguments.point("position", position, 1)
    window = _window(window)
    surfaces = cortex.built_in(surface, hemisphere)
    cell = arguments.cell_size(cell, _LARGEST_CELL)
    outlines = [
        contour.cut(points, surfaces.triangles, axis, position)
        for points in (surfaces.pial, surfaces.white)
    ]
    arguments.affordable(outlines[0].area / cell**2)
    grey, white, left_out = contour.grey_and_white(*outlines, cell, window)
    with mesher.session() as gmsh:
        mesh = _mesh(gmsh, grey, white, cell, window)
    return replace(mesh, notes={"area_left_out": float(left_out)})


def _window(window):
    if window is None:
        return None
    left, bottom, right, top = arguments.point("window", window, 4)
    if not (left < right and bottom < top):
        raise ConfigError(
            f"window: found {point_text(window)}; left, bottom, right and top are needed, with "
            "left < right and bottom < top"
        )
    return left, bottom, right, top


def _mesh(gmsh, grey, white, cell, window):
    outlines = _Outlines(gmsh)
    surfaces = {"grey": outlines.surfaces(grey), "white": outlines.surfaces(white)}
    gmsh.model.geo.synchronize()
    mesher.set_sizes(gmsh, cell, [])
    regions = [mesher.Group(k, CORTEX[k], tuple(tags)) for k, tags in surfaces.items() if tags]
    lines = _boundaries(gmsh, surfaces, window)
    boundaries = [mesher.Group(k, BOUNDARY[k], tuple(tags)) for k, tags in lines.items() if tags]
    return mesher.generate(gmsh, 2, regions, boundaries)


class _Outlines:
    """Polygons in the open gmsh model; points and lines that they share exist once."""

    def __init__(self, gmsh):
        self.geo, self.points, self.lines = gmsh.model.geo, {}, {}

    def surfaces(self, area):
        """Tags of the plane surfaces that make up a Shapely area [m]."""
        parts = [p for p in getattr(area, "geoms", [area]) if not p.is_empty]
        return [self._surface(p) for p in parts if p.geom_type == "Polygon"]

    def _surface(self, polygon):
        rings = [polygon.exterior, *polygon.interiors]
        return self.geo.addPlaneSurface([self._loop(ring) for ring in rings])

    def _loop(self, ring):
        points = [self._point(*xy) for xy in ring.coords[:-1]]
        pairs = zip(points, points[1:] + points[:1], strict=True)
        return self.geo.addCurveLoop([self._line(a, b) for a, b in pairs if a != b])

    def _point(self, x, y):
        place = (round(x / mesher.UM, 3), round(y / mesher.UM, 3))
        if place not in self.points:
            self.points[place] = self.geo.addPoint(*place, 0)
        return self.points[place]

    def _line(self, a, b):
        if (b, a) in self.lines:
            return -self.lines[b, a]
        if (a, b) not in self.lines:
            self.lines[a, b] = self.geo.addLine(a, b)
        return self.lines[a, b]


def _boundaries(gmsh, surfaces, window):
    """Tags of the lines of every boundary, by name."""
    around = {
        k: {abs(line) for tag in tags for _, line in _around(gmsh, tag)}
        for k, tags in surfaces.items()
    }
    shared = around["grey"] & around["white"]
    cut = {line for line in around["grey"] ^ around["white"] if _on_window(gmsh, line, window)}
    return {
        "pial": sorted((around["grey"] ^ around["white"]) - cut),
        "grey_white": sorted(shared),
        "cut": sorted(cut),
    }


def _around(gmsh, surface):
    return gmsh.model.getBoundary([(2, surface)], oriented=False)


def _on_window(gmsh, line, window):
    """Whether a straight line lies on an edge of the window."""
    if window is None:
        return False
    low, high = np.array(gmsh.model.getBoundingBox(1, line)).reshape(2, 3)[:, :2] * mesher.UM
    edges = ((low[k], high[k], window[k + side]) for k in (0, 1) for side in (0, 2))
    return any(max(abs(a - edge), abs(b - edge)) < _ON_EDGE for a, b, edge in edges)

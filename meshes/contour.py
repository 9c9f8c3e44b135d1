"""Plane cuts through cortical surfaces: the outlines of grey and white matter as polygons."""

from operator import attrgetter

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.quantities import length_text

_OFF_PLANE = 1e-8  # m; no vertex may lie in the plane itself
_GAP = 20e-6  # m; sulci are kept about this wide at least
_THINNEST = 0.4e-3  # m; grey matter is nowhere cut thinner than this
_SIMPLIFY = 0.15  # part of the cell size by which outlines may be simplified


def cut(points, triangles, axis, position):
    """The Shapely area [m] inside the closed surface in the plane x[axis] = `position` [m]."""
    from shapely import linestrings, make_valid
    from shapely.geometry import Polygon
    from shapely.ops import linemerge

    segments = _segments(points, triangles, axis, position)
    if len(segments) == 0:
        low, high = points[:, axis].min(), points[:, axis].max()
        raise ConfigError(
            f"position: {length_text(position)} does not cut the cortex; it lies between "
            f"{length_text(low)} and {length_text(high)} on axis {axis}"
        )
    lines = linemerge(linestrings(segments).tolist())
    loops = [line for line in getattr(lines, "geoms", [lines]) if line.is_ring or line.is_closed]
    area = Polygon()
    for loop in loops:
        area = area.symmetric_difference(make_valid(Polygon(loop)))
    return area


def _segments(points, triangles, axis, position):
    """Where the plane cuts the triangles: pieces of line (k, 2, 2) [m]."""
    height = points[:, axis] - position
    height[np.abs(height) < _OFF_PLANE] = _OFF_PLANE
    above = height[triangles] > 0
    crossed = triangles[above.any(axis=1) & ~above.all(axis=1)]
    edges = np.sort(crossed[:, [[0, 1], [1, 2], [2, 0]]], axis=2)
    a, b = edges[(height[edges] > 0).sum(axis=2) == 1].T
    part = (height[a] / (height[a] - height[b]))[:, None]
    crossing = points[a] + part * (points[b] - points[a])
    return np.delete(crossing, axis, axis=1).reshape(-1, 2, 2)


def grey_and_white(pial, white, cell, window=None):
    """Areas of grey and of white matter that can be meshed with `cell` [m], and what was left out.

    Outlines are smoothed on the scale of a quarter of a cell, sulci stay open, grey matter gets a
    least thickness, and pieces of few cells vanish. Of what is left, the largest piece remains.
    """
    tissue = _smooth(pial, cell, _GAP / 2)
    inner = tissue.buffer(-max(_THINNEST, cell / 2))
    white = _smooth(white.intersection(inner), cell, 0)
    pieces = _polygons(_clipped(tissue, window), 4 * cell**2)
    if not pieces:
        raise ConfigError(
            f"cell: {length_text(cell)} is too large for what lies in this cut or window; "
            "choose a smaller cell or another place"
        )
    largest = max(pieces, key=attrgetter("area"))
    white = _union(_polygons(white.intersection(largest), 4 * cell**2))
    return largest.difference(white), white, sum(p.area for p in pieces) - largest.area


def _clipped(area, window):
    from shapely import box

    return area if window is None else area.intersection(box(*window))


def _smooth(area, cell, shrink):
    """The area without what is thinner than half a cell, smaller by `shrink` [m] all around."""
    width = max(cell / 4, 2 * shrink)
    return area.buffer(-width).buffer(width - shrink).simplify(_SIMPLIFY * cell)


def _polygons(area, smallest):
    """The polygons of an area that are larger than `smallest` [m^2], without smaller holes."""
    from shapely.geometry import Polygon

    parts = getattr(area, "geoms", [area])
    large = [p for p in parts if p.geom_type == "Polygon" and p.area > smallest]
    return [
        Polygon(p.exterior, [hole for hole in p.interiors if Polygon(hole).area > smallest])
        for p in large
    ]


def _union(polygons):
    from shapely import unary_union

    return unary_union(polygons)

"""Local refinement: a wished cell size around points that grows smoothly to the global one."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes import arguments
from ecs_model.quantities import length_text, point_text

GROWTH = 0.25  # rise of the cell size per distance from a refined ball


@dataclass(frozen=True)
class Refinement:
    """Cells of size `cell` [m] within `radius` [m] of `point` [m]; with `node`, a node there."""

    point: tuple[float, ...]
    radius: float
    cell: float
    node: bool

    def size(self, distance):
        """Wished cell size [m] at a distance [m] from the point."""
        return self.cell + GROWTH * np.maximum(0.0, distance - self.radius)


def refinements(refine, dim, cell, inside):
    """The Refinements that (point, radius, cell[, node]) tuples describe, checked.

    Args:
        refine: the tuples.
        dim: number of coordinates of a point.
        cell: global cell size [m], which no refinement may exceed.
        inside: tells whether the body contains a point.
    """
    return [_refinement(f"refine[{i}]", spec, dim, cell, inside) for i, spec in enumerate(refine)]


def _refinement(where, spec, dim, cell, inside):
    if not hasattr(spec, "__len__") or len(spec) not in (3, 4):
        raise ConfigError(
            f"{where}: found {spec!r}; (point, radius, cell) or "
            "(point, radius, cell, node) is needed"
        )
    point = arguments.point(f"{where}.point", spec[0], dim)
    if not inside(point):
        raise ConfigError(
            f"{where}.point: {point_text(point)} lies outside the body; choose a point inside"
        )
    radius = arguments.positive(f"{where}.radius", spec[1])
    fine = arguments.positive(f"{where}.cell", spec[2])
    if fine > cell:
        raise ConfigError(
            f"{where}.cell: {length_text(fine)} is larger than the global cell of "
            f"{length_text(cell)}; choose a smaller one"
        )
    return Refinement(point, radius, fine, bool(spec[3]) if len(spec) == 4 else False)


def graded_axis(length, cell, refined):
    """Ascending coordinates [m] from 0 to `length`, spaced as the refinements wish."""
    fixed = sorted({0.0, length, *(r.point[0] for r in refined if r.node)})
    stretches = [_stretch(a, b, cell, refined) for a, b in pairwise(fixed)]
    return np.concatenate([*(s[:-1] for s in stretches), [length]])


def _stretch(start, end, cell, refined):
    """Coordinates from start to end with equal integrals of 1/size between neighbours."""
    finest = min(r.cell for r in refined)
    x = np.linspace(start, end, int(np.clip(20 * (end - start) / finest, 100, 2_000_000)))
    size = np.full_like(x, cell)
    for r in refined:
        np.minimum(size, r.size(np.abs(x - r.point[0])), out=size)
    count = np.append(0.0, np.cumsum(np.diff(x) * (1 / size[1:] + 1 / size[:-1]) / 2))
    intervals = max(1, int(np.ceil(count[-1] - 1e-9)))
    return np.interp(np.linspace(0, count[-1], intervals + 1), count, x)

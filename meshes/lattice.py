"""The space between the cells of a periodic lattice, with every cell cut out.

One block is meshed, an eighth of a period or a period, and mirrored as often as there are blocks.
Block by block the mesh is the same, mirrored at each border, so that blocks fit.
"""

import math
from dataclasses import replace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes import arguments, cell_bodies
from ecs_model.meshes.meshdata import MeshData, volumes
from ecs_model.meshes.simplices import boundary_facets
from ecs_model.meshes.structured import grid
from ecs_model.meshes.tags import SIDES, TISSUE, boundaries
from ecs_model.quantities import length_text

SHAPES = ("cube", "octahedron", "sphere")
NAMES = (*(name for pair in SIDES[3] for name in pair), "membrane")
GAP_PARTS = 2  # least number of elements between the middle of a gap and a cube
_SAME = 1e-9  # of the size of a block: points so close to a border lie on it


def lattice(period, cell, *, alpha=None, gap=None, shape=None, body=None, blocks=(1, 1, 1)):
    """The space between the cells of a periodic lattice; boundary "membrane" and the six sides.

    The sides are those of a box. Of a shape that has a name, a block is an eighth of a period, half
    of it along each axis; of a body of one's own it is a period, and neighbours mirror each other.
    Notes: `alpha`, and `membrane_per_volume` of tissue [1/m], as the mesh has them.

    Args:
        period: of the lattice [m].
        cell: wished edge length of elements [m]; at the edges of cubes they are shorter.
        alpha: volume fraction of the space between the cells.
        gap: instead, the distance between cells that face each other [m]; not for a body.
        shape: "cube" (the default), "sphere", or "octahedron": truncated octahedra that fill space,
            two in a period.
        body: instead, path of a closed surface of triangles, which is scaled and centred.
        blocks: how many there are along x, y and z.

    Raises:
        ConfigError: if there is no such lattice.
    """
    period = arguments.positive("period", period)
    shape = _shape(shape, body)
    cell = arguments.cell_size(cell, period)
    alpha = _alpha(period, alpha, gap, shape)
    counts = _counts(blocks)
    size = period if body else period / 2
    arguments.affordable(alpha * math.prod(counts) * (size / cell) ** 3)
    points, cells = _block(period, cell, alpha, shape, body)
    for axis, count in enumerate(counts):
        points, cells = _mirrored(points, cells, axis, size, count)
    return _finished(points, cells, size * np.array(counts))


def _shape(shape, body):
    """The name of the shape of the cells; None with a body."""
    if body is None:
        return arguments.one_of("shape", shape or "cube", SHAPES)
    if shape is not None:
        raise ConfigError("shape: has no effect where a body is given; leave one of them out")
    return None


def _alpha(period, alpha, gap, shape):
    """The volume fraction of the space between cells, from that or from the gap."""
    if (alpha is None) == (gap is None):
        raise ConfigError("alpha: give either alpha or the gap (found both or none)")
    if gap is not None:
        return _alpha_of_gap(period, arguments.positive("gap", gap), shape)
    lowest = 1 - cell_bodies.LARGEST.get(shape, 1.0)
    if not lowest < alpha < 1:
        raise ConfigError(f"alpha: found {alpha:g}; of this shape, {lowest:.4g} to 1 is possible")
    return float(alpha)


def _alpha_of_gap(period, gap, shape):
    if shape is None:
        raise ConfigError("gap: a body is scaled to alpha; give that instead")
    apart = cell_bodies.DISTANCE[shape] * period
    if gap >= apart:
        raise ConfigError(
            f"gap: {length_text(gap)}; cells whose middles are {length_text(apart)} apart need a "
            "smaller one"
        )
    return 1 - cell_bodies.LARGEST[shape] * (1 - gap / apart) ** 3


def _counts(blocks):
    blocks = tuple(blocks) if hasattr(blocks, "__len__") else (blocks,)
    if len(blocks) != 3:
        raise ConfigError(f"blocks: found {len(blocks)} numbers; 3 are needed")
    return [arguments.whole(f"blocks[{k}]", count, 1) for k, count in enumerate(blocks)]


def _block(period, cell, alpha, shape, body):
    """Points (n, 3) [m] and cells (m, 4) of the first block."""
    if body is not None:
        return cell_bodies.around_body(body, period, cell, alpha)
    if shape == "cube":
        return _around_cube(period, cell, alpha)
    return cell_bodies.around(shape, period / 2, cell, alpha)


def _around_cube(period, cell, alpha):
    """An eighth of a period; the gap's middle is at 0, and the cell at the far corner."""
    face = period * (1 - math.cbrt(1 - alpha)) / 2
    axis = _graded(face, period / 2, cell)
    made = grid([axis] * 3).whole()
    outside = (made.points[made.cells].mean(axis=1) < face).any(axis=1)
    used, cells = np.unique(made.cells[outside], return_inverse=True)
    return made.points[used], cells.reshape(-1, 4)


def _graded(face, end, cell):
    """Coordinates [m] from 0 to `end`, denser towards the face of the cube.

    Their distance to the face grows as a square: what is singular at an edge of a cell, where the
    solution goes as r^(2/3), then costs no order of convergence.
    """
    inner = max(GAP_PARTS, math.ceil(face / cell))
    outer = math.ceil((end - face) / cell)
    near = face * (1 - (1 - np.arange(inner) / inner) ** 2)
    return np.append(near, face + (end - face) * (np.arange(outer + 1) / outer) ** 2)


def _mirrored(points, cells, axis, size, count):
    """So many copies of a block along an axis, each the mirror image of the one before."""
    places = points[:, axis]
    borders = [np.abs(places - end) <= _SAME * size for end in (0.0, size)]
    points = points.copy()
    points[borders[0], axis], points[borders[1], axis] = 0.0, size
    all_points, all_cells, numbers = [points], [cells], np.arange(len(points))
    for copy in range(1, count):
        is_new = ~borders[copy % 2]
        first = sum(map(len, all_points))
        numbers = np.where(is_new, first + np.cumsum(is_new) - 1, numbers)
        moved = points[is_new].copy()
        moved[:, axis] = copy * size + (size - moved[:, axis] if copy % 2 else moved[:, axis])
        all_points.append(moved)
        own = numbers[cells]
        all_cells.append(own[:, [1, 0, 2, 3]] if copy % 2 else own)
    return np.concatenate(all_points), np.concatenate(all_cells)


def _finished(points, cells, size):
    """The MeshData with its boundaries and notes."""
    facets = boundary_facets(cells)
    names = boundaries(*NAMES)
    tags = np.full(len(facets), names["membrane"], np.int32)
    for axis, pair in enumerate(SIDES[3]):
        for name, end in zip(pair, (0.0, size[axis]), strict=True):
            beside = np.abs(points[facets][:, :, axis] - end) <= _SAME * size[axis]
            tags[beside.all(axis=1)] = names[name]
    mesh = MeshData(points, cells, np.ones(len(cells), np.int32), facets, tags, dict(TISSUE), names)
    return replace(mesh, notes=_notes(mesh, float(np.prod(size))))


def _notes(mesh, whole):
    membrane = mesh.facets[mesh.facet_tags == mesh.boundaries["membrane"]]
    a, b, c = np.moveaxis(mesh.points[membrane], 1, 0)
    area = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
    return {
        "alpha": float(volumes(mesh).sum()) / whole,
        "membrane_per_volume": area / whole,
    }

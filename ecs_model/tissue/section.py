"""Lines on surfaces in space: where the plane through three points cuts the surface."""

from collections import defaultdict

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.parallel import on_root
from ecs_model.physics.values import Array
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.points import Points, in_mm

_LEVEL = 1e-9  # of the size of the line: nodes closer to the plane count as above it


def section(mesh: Mesh, name: str, ends: Array, count: int) -> tuple[Array, Array]:
    """Points at even distances along the cut from one point through another to a third; collective.

    Args:
        mesh: of a surface in space.
        name: what messages call the line.
        ends: the three points [m] in this order, within half the thickness of the surface.
        count: of points.

    Returns:
        The points [m], shape (count, 3), and their distances along the cut [m].

    Raises:
        ConfigError: on all processes, for points that are not beside the surface, or that no cut
            joins.
    """
    on = _on_surface(mesh, name, np.asarray(ends, float))
    across = np.cross(on[1] - on[0], on[2] - on[0])
    size = np.linalg.norm(on[2] - on[0])
    if np.linalg.norm(across) < _LEVEL * size**2:
        raise ConfigError(
            f"{name}: {', '.join(in_mm(x) for x in on)} lie on one straight line; choose a point "
            "to go through that makes a plane with the ends"
        )
    level = (mesh.coordinates - on[0]) @ (across / np.linalg.norm(across))
    level[np.abs(level) < _LEVEL * size] = 0.0
    way = on_root(mesh.comm, _joined, name, mesh.comm.gather(_pieces(mesh, level)), on)
    steps = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1)))
    places = np.linspace(0.0, steps[-1], count)
    return np.stack([np.interp(places, steps, x) for x in way.T], axis=1), places


def _on_surface(mesh, name, points):
    """The nearest points of the surface, of the same shape."""
    located, found = Points(mesh, name, points), np.zeros_like(points)
    for k, (cell, weights) in enumerate(zip(located.mine, located.weights, strict=True)):
        if cell >= 0:
            found[k] = weights @ mesh.coordinates[mesh.cell_nodes[cell]]
    return mesh.comm.allreduce(found)


def _pieces(mesh, level):
    """Where a plane cuts owned triangles: numbers of the nodes of cut edges, and the points.

    Args:
        mesh: the mesh.
        level: distances [m] of local nodes from the plane, of either sign.

    Returns:
        Arrays of the shapes (pieces, 2, 2) and (pieces, 2, 3).
    """
    above = level >= 0
    cells = mesh.cell_nodes[: mesh.owned_cells]
    count = above[cells].sum(axis=1)
    cut = cells[(count > 0) & (count < 3)]
    sides = np.stack([cut[:, [0, 1]], cut[:, [1, 2]], cut[:, [2, 0]]], axis=1)
    crossed = sides[above[sides[..., 0]] != above[sides[..., 1]]].reshape(-1, 2, 2)
    a, b = crossed[..., 0], crossed[..., 1]
    share = (level[a] / (level[a] - level[b]))[..., None]
    points = mesh.coordinates[a] + share * (mesh.coordinates[b] - mesh.coordinates[a])
    return np.sort(mesh.numbers[crossed], axis=2), points


def _joined(name, pieces, on):
    """The points along the pieces from the first to the last of three, past the second."""
    edges = np.concatenate([e for e, _ in pieces])
    points = np.concatenate([p for _, p in pieces])
    keys = (edges[..., 0] << 32) | edges[..., 1]
    beside = defaultdict(list)
    for piece, pair in enumerate(keys.tolist()):
        for key in pair:
            beside[key].append(piece)
    first, middle, last = (_nearest(points, x) if len(points) else -1 for x in on)
    place = dict(zip(keys.ravel().tolist(), points.reshape(-1, 3), strict=True))
    ways = [_walk(keys.tolist(), beside, first, last, out) for out in (0, 1)] if len(keys) else []
    for crossed, passed in ways:
        if middle in passed:
            return np.array([on[0], *(place[key] for key in crossed), on[2]])
    if ways and not any(passed for _, passed in ways):
        raise ConfigError(
            f"{name}: the plane through its points cuts the surface in several pieces, and "
            f"{in_mm(on[0])} and {in_mm(on[2])} lie on different ones; choose nearer points"
        )
    raise ConfigError(
        f"{name}: the cut from {in_mm(on[0])} to {in_mm(on[2])} does not pass {in_mm(on[1])}; "
        "choose a point to go through that lies between them"
    )


def _nearest(points, x):
    """The piece that is nearest to a point."""
    way = points[:, 1] - points[:, 0]
    square = np.maximum((way**2).sum(axis=1), 1e-300)
    share = np.clip(((x - points[:, 0]) * way).sum(axis=1) / square, 0.0, 1.0)
    return int(np.linalg.norm(points[:, 0] + share[:, None] * way - x, axis=1).argmin())


def _walk(keys, beside, first, last, out):
    """From one piece to another, leaving it by one end: the edges that are crossed, and the pieces.

    Without pieces if it does not come there.
    """
    piece, crossed, passed = first, [], {first}
    while piece != last:
        key = keys[piece][out]
        crossed.append(key)
        beyond = [other for other in beside[key] if other != piece]
        if not beyond or (piece := beyond[0]) == first:
            return [], set()
        passed.add(piece)
        out = 1 - keys[piece].index(key)
    return crossed, passed

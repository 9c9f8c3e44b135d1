"""Local refinement of any mesh: cells are cut in two at their longest edge, neighbours with them.

The scheme is Rivara's (1984, Int J Numer Meth Eng 20, 745): a cell with an edge that is cut is cut
at its own longest edge, until no cell has a node on an edge. Angles stay away from zero, tags are
inherited, nodes stay where they are, and what is new comes after them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes import arguments
from ecs_model.meshes.meshdata import MeshData, in_parts
from ecs_model.meshes.red_refinement import EDGES, halfway
from ecs_model.meshes.refinement import GROWTH
from ecs_model.quantities import point_text

_ROUND_OFF = 1e-9
_ROUNDS = 60  # of cutting what is still too large; each halves volumes


@dataclass(frozen=True)
class Place:
    """Where cells become small, and what they grow from.

    Attributes:
        name: what messages call it.
        path: points [m] joined by straight lines; None for a region.
        region: name of a region of the mesh; None for a path.
        radius: cells are small within this distance [m].
        cell: their mean edge is at most that [m].
    """

    name: str
    path: tuple[tuple[float, ...], ...] | None
    region: str | None
    radius: float
    cell: float


def refined(mesh: MeshData, places: Sequence[Place]) -> MeshData:
    """The mesh whose cells are as small as places wish, growing by a quarter of the distance.

    Args:
        mesh: that may be used, of any dimension.
        places: where.

    Raises:
        ConfigError: for a place that is not in the mesh, or more nodes than this machine holds.
    """
    for place in places:
        _refuse_elsewhere(mesh, place)
    for _ in range(_ROUNDS):
        excess = np.ones((2, len(mesh.cells)))
        for place in places:
            np.maximum(excess, _excess(mesh, place), out=excess)
        if not (large := excess[0] > 1 + _ROUND_OFF).any():
            break
        _refuse_too_many(len(mesh.points) * np.mean(excess[1] ** mesh.dim), places)
        mesh = _cut(mesh, large)
    return mesh


def _refuse_too_many(nodes, places):
    """Raise ConfigError, by the name of the only place, for nodes that this machine cannot hold."""
    try:
        arguments.affordable(nodes)
    except ConfigError as error:
        name = places[0].name if len(places) == 1 else "refine"
        raise ConfigError(f"{name}.{error}") from None


def _refuse_elsewhere(mesh, place):
    """Raise ConfigError for a place with another number of coordinates, or beside the mesh."""
    if place.region is not None:
        if place.region not in mesh.regions:
            known = ", ".join(mesh.regions) or "none"
            raise ConfigError(
                f"{place.name}.region: the mesh has no region '{place.region}'; it has {known}"
            )
        return
    axes = mesh.points.shape[1]
    if wrong := [len(point) for point in place.path if len(point) != axes]:
        raise ConfigError(f"{place.name}: found {wrong[0]} coordinates; the mesh has {axes}")
    path = np.array(place.path)
    from scipy.spatial import KDTree

    middles = mesh.points[mesh.cells].mean(axis=1)
    size = np.linalg.norm(mesh.points[mesh.cells[:, 0]] - middles, axis=1).max()
    outside = KDTree(middles).query(path)[0] > place.radius + size
    if outside.any():
        point = point_text(path[outside.argmax()])
        raise ConfigError(f"{place.name}: the point {point} lies outside the mesh")


def _excess(mesh, place):
    """How many times longer the mean edge of each cell is than what a place wishes there.

    Shape (2, cells): in its middle, and on its far side, which is true of all of it.
    """
    found = np.empty((2, len(mesh.cells)))
    distance = _distance(mesh, place)
    for part in in_parts(len(mesh.cells)):
        corners = mesh.points[mesh.cells[part]]
        a, b = EDGES[mesh.dim].T
        mean = np.linalg.norm(corners[:, a] - corners[:, b], axis=2).mean(axis=1)
        middle = distance(mesh, part) - place.radius
        inside = place.region is not None and middle + place.radius == 0
        for row, away in enumerate((middle, np.where(inside, 0.0, middle + mean))):
            found[row, part] = mean / (place.cell + GROWTH * np.maximum(0.0, away))
    return found


def _distance(mesh, place):
    """A function of the mesh and some of its cells: how far they are from a place [m]."""
    if place.path is not None:
        path = np.array(place.path)
        return lambda mesh, part: _from_path(mesh.points[mesh.cells[part]].mean(axis=1), path)
    from scipy.spatial import KDTree

    tag = mesh.regions[place.region]
    tree = KDTree(mesh.points[np.unique(mesh.cells[mesh.cell_tags == tag])])

    def of_region(mesh, part):
        away = tree.query(mesh.points[mesh.cells[part]].mean(axis=1))[0]
        return np.where(mesh.cell_tags[part] == tag, 0.0, away)

    return of_region


def _from_path(points, path):
    """Distances [m] of points from straight lines between the points of a path."""
    ends = path[1:] if len(path) > 1 else path
    least = np.full(len(points), np.inf)
    for start, end in zip(path[: len(ends)], ends, strict=True):
        way = end - start
        share = (points - start) @ way / max(way @ way, 1e-300)
        nearest = start + np.clip(share, 0.0, 1.0)[:, None] * way
        np.minimum(least, np.linalg.norm(points - nearest, axis=1), out=least)
    return least


def _cut(mesh, large):
    """The mesh with some cells cut in two, and what has to be cut with them."""
    cutting = _Cutting(mesh)
    cells, parents = cutting.divided(mesh.cells, large)
    facets, owners = cutting.divided(mesh.facets, np.zeros(len(mesh.facets), bool))
    return replace(
        mesh,
        points=cutting.values["points"],
        cells=cells,
        cell_tags=mesh.cell_tags[parents],
        facets=facets,
        facet_tags=mesh.facet_tags[owners],
        node_fields={k: v for k, v in cutting.values.items() if k != "points"},
        cell_fields={k: np.asarray(v)[parents] for k, v in mesh.cell_fields.items()},
    )


class _Cutting:
    """The edges of a mesh that are cut, and what lies at the nodes in their middles.

    Attributes:
        values: of nodes, name -> array, `points` among them.
    """

    def __init__(self, mesh):
        self.values = {**mesh.node_fields, "points": mesh.points}
        self._keys, self._middles = np.empty(0, np.int64), np.empty(0, np.int64)

    def divided(self, rows, wanted):
        """Simplices, cut until none has a node on an edge, and from which row each comes.

        Args:
            rows: nodes of each.
            wanted: which are cut in any case.
        """
        parents = np.arange(len(rows))
        pairs = EDGES[rows.shape[1] - 1]
        while len(pairs) and len(rows):
            keys, longest = self._edges(rows, pairs)
            cut = wanted | (self._places(keys) >= 0).any(axis=1)
            if not cut.any():
                break
            chosen = keys[cut, longest[cut]]
            self._add(np.unique(chosen))
            rows = _halved(rows, cut, pairs[longest], self._middles[self._places(chosen)])
            parents = np.repeat(parents, 1 + cut)
            wanted = np.zeros(len(rows), bool)
        return rows, parents

    def _edges(self, rows, pairs):
        """Keys of all edges, shape (rows, edges), and which is the longest of each row.

        Of those that are equally long the one with the highest key counts, in all rows alike.
        """
        ends = np.sort(rows[:, pairs], axis=2)
        keys = (ends[..., 0] << 32) | ends[..., 1]
        points = self.values["points"]
        lengths = np.linalg.norm(points[ends[..., 1]] - points[ends[..., 0]], axis=2)
        most = lengths == lengths.max(axis=1, keepdims=True)
        return keys, np.argmax(np.where(most, keys, -1), axis=1)

    def _places(self, keys):
        """Where edges are among those that are cut; -1 for those that are not."""
        if not len(self._keys):
            return np.full(keys.shape, -1)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[places] == keys, places, -1)

    def _add(self, keys):
        """Cut edges that are not cut yet, in the order of their keys."""
        keys = keys[self._places(keys) < 0]
        ends = np.stack([keys >> 32, keys & (2**32 - 1)], axis=1)
        count = len(self.values["points"])
        for name, values in self.values.items():
            between = values[ends]
            middle = between.mean(axis=1) if name == "points" else halfway(between)
            self.values[name] = np.concatenate([values, middle])
        every = np.concatenate([self._keys, keys])
        order = np.argsort(every)
        middles = np.concatenate([self._middles, count + np.arange(len(keys))])
        self._keys, self._middles = every[order], middles[order]


def _halved(rows, cut, ends, middles):
    """Rows, those that are cut replaced by two: with the middle instead of either end of an edge.

    Args:
        rows: nodes of simplices.
        cut: which are cut.
        ends: columns of the edge of every row, shape (rows, 2).
        middles: node in the middle of the edge of each that is cut.
    """
    result = np.repeat(rows, 1 + cut, axis=0)
    first = (np.cumsum(1 + cut) - (1 + cut))[cut]
    for child in (0, 1):
        result[first + child, ends[cut, child]] = middles
    return result

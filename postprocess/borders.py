"""The border between yes and no on a map of runs, as smooth as they allow.

On every edge of the triangles between runs that has yes at one end and no at the other, the
border crosses somewhere. Where the margin varies steadily, linear interpolation tells where. Where
it jumps, as it does if a front either dies or crosses the whole tissue, every place between the two
runs is as good: there the border is the curve that turns least. It stays between yes and no.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.tri import Triangulation

from ecs_model.physics.values import Array

ROOM = 0.04  # of an edge: how close to a run the border may be moved
LEAST = 1e-4  # of an edge: a border through a run would leave triangles without area
PULL = 2.0  # of a steady margin, against turning
ROUNDS = 4
SHORT = 0.3  # of the usual distance of crossings: turns between closer ones count less
TINY = 1e-9


@dataclass(frozen=True)
class Divided:
    """Triangles that the border of a margin divides.

    Attributes:
        mesh: of the runs and the places where the border crosses.
        margin: one value per node of the mesh, 0 on the border.
        parents: of each triangle, the number of the triangle of runs that it lies in.
        lines: the border as curves, each of shape (places, 2), in data coordinates.
    """

    mesh: Triangulation
    margin: Array
    parents: Array
    lines: list[Array]


def divided(mesh: Triangulation, margin: Array, scales: tuple[str, str]) -> Divided:
    """The triangles of a map, divided by the border of a margin.

    Args:
        mesh: of the runs.
        margin: of the runs, positive for yes.
        scales: of both axes, "linear" or "log".
    """
    yes = margin >= 0
    pairs = mesh.edges[yes[mesh.edges[:, 0]] != yes[mesh.edges[:, 1]]]
    straight = _Scaled(mesh, scales)
    links = _links(mesh.triangles, yes, pairs)
    shares = _settled(straight.places, pairs, margin, links, mesh.edges, yes)
    places = straight.back(_at(straight.places, pairs, shares))
    nodes = np.concatenate([np.column_stack([mesh.x, mesh.y]), places])
    triangles, parents = _cut(mesh.triangles, yes, pairs)
    values = np.concatenate([margin, np.zeros(len(pairs))])
    lines = [places[chain] for chain in _chains(links, len(pairs))]
    return Divided(Triangulation(*nodes.T, triangles), values, parents, lines)


class _Scaled:
    """Coordinates in which both axes are alike and even."""

    def __init__(self, mesh, scales):
        self._log = [scale == "log" for scale in scales]
        raw = [np.log(v) if log else v for v, log in zip((mesh.x, mesh.y), self._log, strict=True)]
        self._low, self._width = np.min(raw, axis=1), np.ptp(raw, axis=1)
        self.places = (np.transpose(raw) - self._low) / self._width

    def back(self, places):
        raw = places * self._width + self._low
        return np.where(self._log, np.exp(np.where(self._log, raw, 0.0)), raw)


def _at(places, pairs, shares):
    return places[pairs[:, 0]] + shares[:, None] * (places[pairs[:, 1]] - places[pairs[:, 0]])


def _numbered(pairs):
    """Pair of nodes, either way round -> number of the crossing between them."""
    found = {(int(a), int(b)): k for k, (a, b) in enumerate(pairs)}
    return found | {(b, a): k for (a, b), k in found.items()}


def _mixed(triangles, yes):
    """Number of each triangle that the border crosses, its lone corner, and the other two."""
    for number in np.flatnonzero(np.ptp(yes[triangles].astype(int), axis=1)):
        corners = triangles[number]
        lone = int(np.flatnonzero(yes[corners] == (yes[corners].sum() == 1))[0])
        yield int(number), *(int(corners[(lone + k) % 3]) for k in range(3))


def _links(triangles, yes, pairs):
    """Pairs of crossings that follow each other on the border, one for each triangle crossed."""
    number = _numbered(pairs)
    found = [(number[a, b], number[a, c]) for _, a, b, c in _mixed(triangles, yes)]
    return np.array(found, int).reshape(-1, 2)


def _cut(triangles, yes, pairs):
    """Triangles on either side of the border, and those that they lie in."""
    number, first = _numbered(pairs), int(triangles.max()) + 1
    whole = np.flatnonzero(np.ptp(yes[triangles].astype(int), axis=1) == 0)
    made, parents = [*triangles[whole]], [*whole]
    for parent, a, b, c in _mixed(triangles, yes):
        left, right = first + number[a, b], first + number[a, c]
        made += [(a, left, right), (left, b, c), (left, c, right)]
        parents += 3 * [parent]
    return np.array(made), np.array(parents)


def _neighbours(links, count):
    """Crossings beside each crossing: two, or one at the edge of the map."""
    beside: list[list[int]] = [[] for _ in range(count)]
    for a, b in links:
        beside[a].append(int(b))
        beside[b].append(int(a))
    return beside


def _chains(links, count):
    """Numbers of crossings along each curve, from end to end, or round and round."""
    beside, left = _neighbours(links, count), set(range(count))
    for start in [k for k in range(count) if len(beside[k]) < 2] + list(range(count)):
        if start not in left:
            continue
        chain = [start]
        left.discard(start)
        while after := [k for k in beside[chain[-1]] if k in left]:
            chain.append(after[0])
            left.discard(after[0])
        closed = len(chain) > 2 and start in beside[chain[-1]]
        yield [*chain, start] if closed else chain


def _settled(places, pairs, margin, links, edges, yes):
    """Where on its edge each crossing is, as a share of it."""
    from scipy.optimize import lsq_linear

    ends = margin[pairs]
    linear = np.clip(ends[:, 0] / (ends[:, 0] - ends[:, 1]), LEAST, 1 - LEAST)
    found, room = linear, (np.minimum(linear, ROOM), np.maximum(linear, 1 - ROOM))
    turns = [(k, *both) for k, both in enumerate(_neighbours(links, len(pairs))) if len(both) == 2]
    if not turns:
        return linear
    pull = PULL * _steady(margin, pairs, edges, yes) ** 2
    for _ in range(ROUNDS):
        rows, right = _turning(places, pairs, found, np.array(turns))
        system = np.concatenate([rows, np.diag(pull)])
        found = lsq_linear(system, np.concatenate([right, pull * linear]), room, "bvls").x
    return found


def _steady(margin, pairs, edges, yes):
    """How steadily the margin goes through zero on each edge: 1 as it does around, 0 for a jump."""
    same = edges[yes[edges[:, 0]] == yes[edges[:, 1]]]
    step = np.abs(margin[same[:, 0]] - margin[same[:, 1]])
    total, count = (np.bincount(same.ravel(), w, len(margin)) for w in (np.repeat(step, 2), None))
    around = total / np.maximum(count, 1)
    jump = np.abs(margin[pairs[:, 0]] - margin[pairs[:, 1]])
    return np.minimum(around[pairs].mean(axis=1) / jump, 1.0)


def _turning(places, pairs, shares, turns):
    """Rows and right side of equations: the directions to both neighbours are opposite."""
    here = _at(places, pairs, shares)
    along = places[pairs[:, 1]] - places[pairs[:, 0]]
    middle, *others = turns.T
    lengths = [np.linalg.norm(here[side] - here[middle], axis=1) for side in others]
    closer = np.min(lengths, axis=0)
    calm = closer / np.maximum(closer, SHORT * np.median(lengths))
    rows, right = np.zeros((2, len(turns), len(pairs))), np.zeros((2, len(turns)))
    number = np.arange(len(turns))
    for side, length in zip(others, lengths, strict=True):
        weight = calm / np.maximum(length, TINY)
        for k in range(2):
            rows[k, number, side] += weight * along[side, k]
            rows[k, number, middle] -= weight * along[middle, k]
            right[k] -= weight * (places[pairs[side, 0], k] - places[pairs[middle, 0], k])
    return np.concatenate(rows), np.concatenate(right)

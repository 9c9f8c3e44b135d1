"""Structured meshes: a grid of boxes, each cut into simplices along its main diagonal (Kuhn).

Neighbouring boxes cut their common face along the same diagonal, so the mesh is conforming. Nodes
are numbered x fastest, cells box by box in the same order.
"""

import math
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from ecs_model.meshes import arguments
from ecs_model.meshes.meshdata import MeshData
from ecs_model.meshes.tags import SIDES, TISSUE, boundaries

EVEN = 1.05  # the most boxes of a process, over the average


@dataclass(frozen=True)
class Grid:
    """A structured mesh of which any rows can be made without the others.

    Attributes:
        axes: ascending coordinates [m] on 1, 2 or 3 axes, between which the boxes lie.
        boundaries: name -> tag.
        sides: name of the boundary on each side, low and high side axis by axis.
    """

    axes: tuple[np.ndarray, ...]
    boundaries: dict[str, int]
    sides: tuple[str, ...]

    @property
    def dim(self) -> int:
        """Number of space dimensions."""
        return len(self.axes)

    @property
    def regions(self) -> dict[str, int]:
        """Name -> tag."""
        return dict(TISSUE)

    @property
    def counts(self) -> dict[str, int]:
        """How many points, cells and facets there are, by name."""
        points, boxes = (math.prod(len(a) - k for a in self.axes) for k in (0, 1))
        facets = sum(int(np.prod(n, dtype=int)) for _, n, _, _ in self._sides())
        simplices = math.factorial(self.dim)
        return {
            "points": points,
            "cells": boxes * simplices,
            "facets": facets * simplices // self.dim,
        }

    def points(self, low: int, high: int) -> np.ndarray:
        """Coordinates [m] of the points from `low` to before `high`, shape (high - low, d)."""
        index = _unravelled(np.arange(low, high), [len(axis) for axis in self.axes])
        return np.stack([axis[k] for axis, k in zip(self.axes, index, strict=True)], axis=1)

    def cells(self, low: int, high: int) -> np.ndarray:
        """Points of the cells from `low` to before `high`, shape (high - low, d + 1)."""
        return _simplices([len(axis) - 1 for axis in self.axes], self._strides(), 0, low, high)

    def facets(self, low: int, high: int) -> np.ndarray:
        """Points of the facets on the sides from `low` to before `high`, shape (high - low, d)."""
        found = [
            _simplices(counts, strides, start, *ends)
            for (_, counts, strides, start), ends in self._within(low, high)
        ]
        return np.concatenate([np.empty((0, self.dim), np.int64), *found])

    def facet_tags(self, low: int, high: int) -> np.ndarray:
        """Tags of the facets from `low` to before `high`, shape (high - low,)."""
        found = [
            np.full(ends[1] - ends[0], self.boundaries[name], np.int32)
            for (name, *_), ends in self._within(low, high)
        ]
        return np.concatenate([np.empty(0, np.int32), *found])

    def owners(self, processes: int, low: int, high: int) -> np.ndarray | None:
        """Which of some processes should have each cell from `low` to before `high`.

        The boxes are halved across their longest axis, and so are the processes, again and again
        (Berger & Bokhari 1987, IEEE Trans Comput 36, 570). None where that would be uneven.
        """
        whole = [(0, len(axis) - 1) for axis in self.axes]
        sizes = [*map(_boxes_in, _blocks(whole, processes))]
        if max(sizes) * processes > EVEN * sum(sizes):
            return None
        simplices = math.factorial(self.dim)
        first, last = low // simplices, -(-high // simplices)
        places = _unravelled(np.arange(first, last), [n for _, n in whole])
        result = np.empty(last - first, np.int32)
        _share_out(result, np.arange(last - first), places, whole, range(processes))
        return np.repeat(result, simplices)[low - first * simplices : high - first * simplices]

    def whole(self) -> MeshData:
        """The mesh; ConfigError if it is too large for the memory of this machine."""
        n = self.counts
        arguments.affordable(n["points"])
        return MeshData(
            points=self.points(0, n["points"]),
            cells=self.cells(0, n["cells"]),
            cell_tags=np.ones(n["cells"], np.int32),
            facets=self.facets(0, n["facets"]),
            facet_tags=self.facet_tags(0, n["facets"]),
            regions=self.regions,
            boundaries=self.boundaries,
        )

    def corner(self, cells: int) -> MeshData:
        """The mesh, or if it has more than so many cells, about as many at its lowest corner."""
        boxes = max(1, round((cells / math.factorial(self.dim)) ** (1 / self.dim)))
        if self.counts["cells"] <= cells:
            return self.whole()
        return grid([axis[: boxes + 1] for axis in self.axes]).whole()

    def _strides(self):
        return np.cumprod([1, *(len(axis) for axis in self.axes[:-1])])

    def _sides(self):
        """Name of each side, numbers of boxes and strides along its axes, and its first point."""
        strides = self._strides()
        for k, name in enumerate(self.sides):
            axis, others = k // 2, [j for j in range(self.dim) if j != k // 2]
            start = k % 2 * (len(self.axes[axis]) - 1) * strides[axis]
            yield name, [len(self.axes[j]) - 1 for j in others], strides[others], start

    def _within(self, low, high):
        """Each side and which of its facets lie from `low` to before `high`."""
        first, simplices = 0, math.factorial(self.dim - 1)
        for side in self._sides():
            count = int(np.prod(side[1], dtype=int)) * simplices
            yield side, tuple(int(np.clip(end - first, 0, count)) for end in (low, high))
            first += count


def grid(axes):
    """The Grid of all boxes between the ascending coordinates [m] on 1, 2 or 3 axes."""
    names = [name for pair in SIDES[len(axes)] for name in pair]
    return Grid(tuple(axes), boundaries(*names), tuple(names))


def even_axis(length, cell):
    """Equidistant coordinates [m] from 0 to `length`, about `cell` [m] apart."""
    return np.linspace(0.0, length, max(1, round(length / cell)) + 1)


def _blocks(block, processes):
    """The blocks of boxes, pairs of ends on each axis, of some processes that share one."""
    if processes == 1:
        return [block]
    _, _, parts = _halved(block, range(processes))
    return [found for part, own in parts for found in _blocks(part, len(own))]


def _halved(block, processes):
    """The axis across which a block is cut, where, and two pairs (block, processes)."""
    sizes = [high - low for low, high in block]
    axis = sizes.index(max(sizes))
    (low, high), few = block[axis], len(processes) // 2
    cut = low + round((high - low) * few / len(processes))
    parts = ([*block[:axis], ends, *block[axis + 1 :]] for ends in ((low, cut), (cut, high)))
    return axis, cut, [*zip(parts, (processes[:few], processes[few:]), strict=True)]


def _boxes_in(block):
    return math.prod(high - low for low, high in block)


def _share_out(result, those, places, block, processes):
    """Note which processes have which boxes.

    Args:
        result: of all boxes.
        those: which of them lie in the block.
        places: of all boxes on each axis.
        block: pairs of where it begins and ends on each axis.
        processes: that share it.
    """
    if len(processes) == 1:
        result[those] = processes[0]
        return
    axis, cut, halves = _halved(block, processes)
    is_low = places[axis][those] < cut
    for some, half in zip((those[is_low], those[~is_low]), halves, strict=True):
        _share_out(result, some, places, *half)


def _unravelled(numbers, lengths):
    """Places of numbers on each of some axes of these lengths, of which the first is fastest."""
    result = []
    for length in lengths:
        result.append(numbers % length)
        numbers = numbers // length
    return result


def _simplices(counts, strides, start, low, high):
    """Vertices of the simplices from `low` to before `high` of a grid with the first node `start`.

    They are positively oriented.
    """
    paths = np.array([_path(order, strides) for order in permutations(range(len(counts)))])
    first, last = low // len(paths), -(-high // len(paths))
    index = _unravelled(np.arange(first, last), counts)
    corners = start + sum(
        (k * s for k, s in zip(index, strides, strict=True)), 0 * np.arange(first, last)
    )
    rows = (corners[:, None, None] + paths).reshape(-1, len(counts) + 1)
    return rows[low - first * len(paths) : high - first * len(paths)]


def _path(order, strides):
    """Offsets of the corners met on the way through a box that steps along the axes in `order`."""
    path = np.cumsum([0, *(strides[k] for k in order)])
    inversions = sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])
    return np.append(path[:-2], path[:-3:-1]) if inversions % 2 else path

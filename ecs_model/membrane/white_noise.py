"""White noise in space and time, as a function of seed, position and time alone.

    xi(x, t) = amplitude sqrt(duration/bin) sum_c w_c(x) g_c(k),   k = floor(t/bin)

g are standard normal numbers, each computed from a hash of the seed, a point c of a cubic lattice
that begins at the origin, and the number k of the bin in time; so they depend neither on steps nor
on mesh, processes or what was computed before. The integral of xi over any number n of bins has the
mean 0 and the variance amplitude^2 duration (n bin): the intensity is amplitude^2 duration.

The spacing of the lattice is the correlation length l. Along an axis, a point at the share s of the
way between two lattice points has the weights cos(pi s/2) and sin(pi s/2); in two and three
dimensions weights are products of these. Their squares sum to one, so that the variance is the same
everywhere. The covariance at two points, in units of the variance, is the product over the axes of

    cos(pi (s - s')/2)           between the same two lattice points
    sin(pi s/2) cos(pi s'/2)     the second point between the next two
    0                            further apart,

on average over all places at the distance r = |x - x'|/l along the axis

    (1 - r/2) cos(pi r/2) + sin(pi r/2)/pi,   0 from r = 2 on.

References:
    Salmon, Moraes, Dror & Shaw (2011), SC '11, 16: random numbers as hashes of counters.
    Steele, Lea & Flood (2014), OOPSLA '14, 453: the hash, SplitMix64.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecs_model.membrane.c_function import c_function
from ecs_model.physics.values import Array

NEAR = 1e-6  # share of a bin within which an edge of one counts as an end of a stretch

TEXT = r"""
#include <stdint.h>

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Keys of n lattice points, three numbers each, for the seed of each. */
void ecs_keys(long n, const uint64_t *seeds, const int64_t *points, uint64_t *keys)
{
    for (long i = 0; i < n; i++) {
        uint64_t key = mix(seeds[i] + UINT64_C(0x9e3779b97f4a7c15));
        for (int d = 0; d < 3; d++)
            key = mix((key ^ (uint64_t)points[3 * i + d]) + UINT64_C(0x9e3779b97f4a7c15));
        keys[i] = key;
    }
}

/* Numbers between 0 and 1, without these, of n keys in a bin. */
void ecs_draw(long n, const uint64_t *keys, long bin, double *drawn)
{
    const uint64_t now = mix((uint64_t)bin * UINT64_C(0x9e3779b97f4a7c15));
    for (long i = 0; i < n; i++)
        drawn[i] = ((double)(mix(keys[i] ^ now) >> 12) + 0.5) * 0x1p-52;
}

/* Add what n nodes have of the lattice: sums over some corners of weight times number. */
void ecs_add(long n, long corners, const int32_t *index, const double *weights,
             const double *drawn, double *values)
{
    for (long i = 0; i < n; i++) {
        double sum = 0.0;
        for (long c = 0; c < corners; c++)
            sum += weights[corners * i + c] * drawn[index[corners * i + c]];
        values[i] += sum;
    }
}
"""


@dataclass(frozen=True)
class Places:
    """Where some nodes lie in a lattice.

    Attributes:
        points: lattice points around them, three whole numbers each, shape (points, 3).
        index: of each node the points around it, numbers of rows, shape (nodes, corners).
        weights: of these, shape (nodes, corners).
    """

    points: NDArray[np.int64]
    index: NDArray[np.int32]
    weights: Array


def everywhere(nodes: int) -> Places:
    """The Places of nodes that all have the noise of the origin."""
    index = np.zeros((nodes, 1), np.int32)
    return Places(np.zeros((1, 3), np.int64), index, np.ones((nodes, 1)))


def places(coordinates: Array, length: float) -> Places:
    """The Places of nodes in a lattice.

    Args:
        coordinates: of the nodes [m], shape (nodes, dimension).
        length: of correlation, the spacing of the lattice [m]; a millionth of the largest
            coordinate or more.
    """
    nodes, dimension = coordinates.shape
    scaled = np.ascontiguousarray(coordinates.T) / length
    low = np.floor(scaled)
    angle = 0.5 * np.pi * (scaled - low)
    sides = np.cos(angle), np.sin(angle)
    corners = [*itertools.product((0, 1), repeat=dimension)]
    around = np.zeros((nodes, len(corners), 3), np.int64)
    weights = np.ones((nodes, len(corners)))
    for c, corner in enumerate(corners):
        for axis, side in enumerate(corner):
            around[:, c, axis] = low[axis] + side
            weights[:, c] *= sides[side][axis]
    points, index = _distinct(around.reshape(-1, 3))
    return Places(points, index.reshape(weights.shape).astype(np.int32), weights)


def _distinct(points):
    """The different ones of some lattice points, and for each of all the number of its row."""
    first = points.min(0, initial=0)
    sizes = points.max(0, initial=0) - first + 1
    flat = np.ravel_multi_index((points - first).T, sizes)  # sorts faster than rows of three
    _, rows, index = np.unique(flat, return_index=True, return_inverse=True)
    return points[rows], index


class White:
    """White noise at some nodes.

    Args:
        places: of the nodes.
        amplitude: of each node [SI].
        duration: amplitude^2 times this is the intensity [s].
        bin: in which noise is constant [s].
        seeds: one for all, or one for each of the points of `places`.
    """

    def __init__(
        self,
        places: Places,
        amplitude: Array,
        duration: float,
        bin: float,
        seeds: int | NDArray[np.uint64],
    ) -> None:
        from scipy.special import ndtri  # whose import takes long, and most runs have no noise

        self.bin, self._quantiles = bin, ndtri
        self._index = np.ascontiguousarray(places.index)
        scale = math.sqrt(duration / bin) * np.asarray(amplitude)
        self._weights = np.ascontiguousarray(places.weights * scale[:, None])
        self._keys = np.empty(len(places.points), np.uint64)
        self._drawn = np.empty(len(places.points))
        each = np.full(len(self._keys), seeds, np.uint64)
        keys = c_function(TEXT, "ecs_keys")
        keys(len(each), each, np.ascontiguousarray(places.points), self._keys)
        self._draw, self._add = c_function(TEXT, "ecs_draw"), c_function(TEXT, "ecs_add")

    def at(self, t: float) -> int:
        """Number of the bin that the time `t` [s] lies in."""
        return math.floor(t / self.bin)

    def add_to(self, values: Array, bin: int) -> None:
        """Add the noise of a bin, by its number, to `values`, one per node [SI]."""
        self._draw(len(self._keys), self._keys, bin, self._drawn)
        self._quantiles(self._drawn, out=self._drawn)
        self._add(
            len(values), self._index.shape[1], self._index, self._weights, self._drawn, values
        )


class Noise:
    """White noise in currents of membranes.

    Nothing of it depends on what was before, so that rejected steps and restarts need no state.

    Args:
        parts: pairs of an array of a current [SI], which is changed in place, and the White in it;
            a current may have several.
    """

    def __init__(self, parts: Sequence[tuple[Array, White]]) -> None:
        self._parts, self._bins = [*parts], [-1 for _ in parts]

    @property
    def is_none(self) -> bool:
        """Whether there is no noise at all."""
        return not self._parts

    def stretches(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Pairs of times [s], from `start` to `end` without a gap, each within one bin of each."""
        while True:
            after = [
                (math.floor(start / white.bin + NEAR) + 1) * white.bin for _, white in self._parts
            ]
            near = [end - NEAR * white.bin for _, white in self._parts]
            if all(edge >= limit for edge, limit in zip(after, near, strict=True)):
                yield start, end
                return
            yield start, min(after)
            start = min(after)

    def act(self, start: float, end: float) -> None:
        """Set the currents to their noise in a stretch, from `start` to `end` [s]."""
        bins = [white.at(0.5 * (start + end)) for _, white in self._parts]
        if bins == self._bins:
            return
        self._bins = bins
        for values, _ in self._parts:
            values[:] = 0.0
        for (values, white), bin in zip(self._parts, bins, strict=True):
            white.add_to(values, bin)

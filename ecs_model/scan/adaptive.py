"""Where the next runs should be: on the border between yes and no, and where there are few.

The next wave follows from the runs that are finished and from nothing else, so that a scan that was
stopped goes on as if it had not been. The axes are scaled to the unit box. The border is where the
linear interpolation of the margin over a triangulation of the runs (Delaunay) changes its sign.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from ecs_model.scan import sensitivity

EDGE = 0.1  # a new run keeps this share of the edge away from the runs at its ends
WRONG = 0.2  # share of a triangle with both verdicts that is on the wrong side of the border
FINE = {1: 200, 2: 200, 3: 40}  # points per axis at which shares of the box are measured
EVEN = 2**15  # points in boxes of more axes


@dataclass(frozen=True)
class Border:
    """How well the border is known.

    Attributes:
        yes: share of the box with the verdict yes.
        misclassified: estimated share of the box on the wrong side: where the margin jumps, a fifth
            of what is uncertain (measured, 0.16 to 0.24); where it is smooth, less.
        uncertain: share of the box in triangles with both verdicts, through which the border runs.
    """

    yes: float
    misclassified: float
    uncertain: float


def start(dimension, count):
    """The first wave: a grid of so many values along each axis, ends included."""
    axes = [np.linspace(0.0, 1.0, count)] * dimension
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, dimension)


def wave(places, margins, size, explore, closest):
    """Where the next runs should be, shape (at most size, axes).

    Args:
        places: of all runs in the unit box, failed ones included; shape (runs, axes).
        margins: of their verdicts; nan where a run failed.
        size: how many runs.
        explore: share of them spent where the fewest runs are.
        closest: smallest distance of two runs.
    """
    good = np.isfinite(margins)
    x, v = places[good], margins[good]
    simplices = _simplices(x)
    crossings, sizes = _crossings(x, v, simplices), _largest(x, simplices)
    chosen = _spaced(crossings, places, size - int(explore * size), closest)
    return _spaced(sizes, places, size, closest, chosen)


def _simplices(x):
    """Corners of the simplices of a triangulation, none if the runs lie in a plane."""
    from scipy.spatial import Delaunay, QhullError  # half a second that other scans need not wait

    if x.shape[1] == 1:
        order = np.argsort(x[:, 0])
        return np.stack([order[:-1], order[1:]], axis=1)
    try:
        return Delaunay(x).simplices
    except (QhullError, ValueError):
        return np.empty((0, x.shape[1] + 1), int)


def _crossings(x, v, simplices):
    """Where the margin vanishes along edges with both verdicts, the longest first."""
    ends = [*itertools.combinations(range(x.shape[1] + 1), 2)]
    edges = np.unique(np.sort(simplices[:, ends].reshape(-1, 2), axis=1), axis=0)
    i, j = edges[(v[edges] >= 0).sum(axis=1) == 1].T
    share = np.clip(v[i] / (v[i] - v[j]), EDGE, 1 - EDGE)
    lengths = np.linalg.norm(x[i] - x[j], axis=1)
    return (x[i] + share[:, None] * (x[j] - x[i]))[np.argsort(-lengths, kind="stable")]


def _largest(x, simplices):
    """Middles of the simplices, the largest first."""
    order = np.argsort(-_volumes(x, simplices), kind="stable")
    return x[simplices[order]].mean(axis=1)


def _volumes(x, simplices):
    """Volumes of simplices, in units of that of a box on the same edges."""
    edges = x[simplices[:, 1:]] - x[simplices[:, :1]]
    return np.abs(np.linalg.det(edges)) if len(simplices) else np.empty(0)


def _spaced(candidates, places, count, closest, chosen=None):
    """The first of the candidates that keep their distance, after those chosen already."""
    chosen = np.empty((0, places.shape[1])) if chosen is None else chosen
    for candidate in candidates:
        if len(chosen) >= count:
            break
        others = np.concatenate([places, chosen])
        if np.linalg.norm(others - candidate, axis=1).min() >= closest:
            chosen = np.concatenate([chosen, candidate[None]])
    return chosen


def border(places, margins):
    """The Border that runs with finite margins tell of; None where they do not span the box."""
    simplices = _simplices(places)
    if not len(simplices):
        return None
    share = _volumes(places, simplices)
    yes = margins[simplices] >= 0
    mixed = yes.any(axis=1) & ~yes.all(axis=1)
    uncertain = float(share[mixed].sum() / (share.sum() or 1.0))
    return Border(_share_of_yes(places, margins), WRONG * uncertain, uncertain)


def _share_of_yes(x, v):
    """Share of the box in which the interpolated margin is positive."""
    axes = x.shape[1]
    fine = start(axes, FINE[axes]) if axes in FINE else sensitivity.even(axes, EVEN, 1)
    found = interpolated(x, v, fine)
    return float((found[np.isfinite(found)] >= 0).mean())


def interpolated(x, v, at):
    """The margin at places, linear between runs; nan outside of them."""
    from scipy.interpolate import LinearNDInterpolator

    if x.shape[1] == 1:
        order = np.argsort(x[:, 0])
        return np.interp(at[:, 0], x[order, 0], v[order])
    return LinearNDInterpolator(x, v)(at)

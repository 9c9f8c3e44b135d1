"""Fronts along a line: where they went, how fast, what became of them. Functions of arrays.

A front's speed is that normal to it: one over the length of the gradient of arrival times, whatever
the angle at which it crosses the line. Where arrivals have no gradient of their own, as where two
fronts meet or tissue ignites everywhere at once, there is no speed, and no number is given.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecs_model.physics.values import Array

LEAST_POINTS = 3  # of a line, that a front has to pass
OBLIQUE = 5.0  # degrees to the line from which the angle is told
GRAZING = 0.1  # cosine of that angle below which a front meets the line at once
SMALL = 0.1  # share of the points that fronts passed, below which one is left out of account
STEADY = 0.4, 0.9  # part of a front's way in which it is measured
SUDDEN = 0.1  # share of the time in which K+ rises, within which it rises everywhere at once
UNSTEADY = 0.3  # relative spread of a speed that is no one speed
WAITED = 5.0  # times as long as the next point should take: a front that stopped


@dataclass(frozen=True)
class Way:
    """The points of a line that one front passed.

    Attributes:
        sign: +1 along the line, -1 towards its start, 0 where the front meets the line at once.
        points: their numbers, in the order of the front.
    """

    sign: int
    points: NDArray[np.intp]


@dataclass(frozen=True)
class Measured:
    """What a front is along its way; nan where there is no such number.

    Attributes:
        speed: normal to the front [m/s], negative for one towards the start of the line.
        speed_spread: standard deviation of the speed at the points, as a share of it.
        width: over which K+ rises from 10 to 90 % of the front's height [m].
        width_spread: likewise, as a share of the width.
        angle: between the ways of the front and of the line, 0 to 90 degrees.
    """

    speed: float
    speed_spread: float
    width: float
    width_spread: float
    angle: float


NOTHING = Measured(*[float("nan")] * 5)


def gradients(corners: Array, values: Array) -> Array:
    """Gradients of linear functions on simplices, shape (elements, axes).

    Args:
        corners: shape (elements, d + 1, axes), of triangles in space with d = 2 and three axes.
        values: of the functions at the corners, shape (elements, d + 1).
    """
    edges, rises = corners[:, 1:] - corners[:, :1], (values[:, 1:] - values[:, :1])[..., None]
    if edges.shape[1] == edges.shape[2]:
        return np.linalg.solve(edges, rises)[..., 0]
    across = edges.transpose(0, 2, 1)  # the gradient lies in the triangle
    return (across @ np.linalg.solve(edges @ across, rises))[..., 0]


def ways(arrival: Array, slowness: Array, direction: Array) -> list[Way]:
    """The Ways of fronts along a line, in the order of the line.

    Args:
        arrival: time at each point of the line [s]; nan where no front came.
        slowness: gradient of arrival times there [s/m], shape (points, 3); nan without one.
        direction: unit vector of the line.
    """
    length = np.linalg.norm(slowness, axis=1)
    along = slowness @ direction
    known = np.flatnonzero(np.isfinite(arrival) & (length > 0))
    signs = np.where(np.abs(along[known]) < GRAZING * length[known], 0, np.sign(along[known]))
    runs = _runs(known, signs.astype(int), np.flatnonzero(~np.isfinite(arrival)))
    passed = sum(len(run.points) for run in runs)
    return _joined([r for r in runs if len(r.points) >= max(LEAST_POINTS, SMALL * passed)])


def _runs(points, signs, gaps):
    """Ways of neighbouring points with the same sign; where no front came, one ends."""
    cuts = np.flatnonzero((np.diff(signs) != 0) | _parted(points, gaps)) + 1
    parts = zip(np.split(points, cuts), np.split(signs, cuts), strict=True)
    return [Way(int(s[0]), p if s[0] >= 0 else p[::-1]) for p, s in parts if len(p)]


def _parted(points, gaps):
    """Which neighbours have a gap between them."""
    return np.diff(np.searchsorted(gaps, points)) > 0


def _joined(runs):
    """Neighbouring Ways in the same direction as one, after what lay between them was left out."""
    whole: list[Way] = []
    for run in runs:
        if whole and whole[-1].sign == run.sign and _follow(whole[-1], run):
            pair = [whole.pop().points, run.points]
            run = Way(run.sign, np.concatenate(pair if run.sign >= 0 else pair[::-1]))
        whole.append(run)
    return whole


def _follow(one, other):
    """Whether two Ways lie beside each other, but for what a kink takes."""
    return min(other.points.min() - one.points.max(), len(one.points)) <= LEAST_POINTS


def measure(way: Way, slowness: Array, direction: Array, rise: Array) -> Measured:
    """What a front is along its way, in the part of it in which it is steady.

    Args:
        way: of the front.
        slowness: as for `ways`.
        direction: likewise.
        rise: time in which K+ rose at each point of the line [s]; nan where it did not.
    """
    count = len(way.points)
    share = np.linspace(0.0, 1.0, count)
    part = way.points[(share >= STEADY[0]) & (share <= STEADY[1])] if count > 5 else way.points
    length = np.linalg.norm(slowness[part], axis=1)
    speed, widths = 1 / length.mean(), (rise[part] / length)[np.isfinite(rise[part])]
    cosine = np.abs(slowness[part] @ direction).mean() / length.mean()
    return Measured(
        way.sign * speed if way.sign else float("nan"),
        float(np.std(1 / length) / speed) if way.sign else float("nan"),
        float(np.median(widths)) if len(widths) else float("nan"),
        float(np.std(widths) / np.median(widths)) if len(widths) else float("nan"),
        float(np.degrees(np.arccos(min(1.0, cosine)))),
    )


def is_sudden(way: Way, arrival: Array, slowness: Array, rise: Array, size: float) -> bool:
    """Whether K+ rose on a way, or in all tissue, so nearly at once that nothing travelled.

    Args:
        way: of the front.
        arrival: as for `ways`.
        slowness: likewise.
        rise: as for `measure`.
        size: of the tissue [m], which a front that meets the line at once has to cross.
    """
    times, known = arrival[way.points], rise[way.points][np.isfinite(rise[way.points])]
    least = SUDDEN * float(np.median(known)) if len(known) else 0.0
    taken = float(np.ptp(times))
    if way.sign == 0:
        taken = size * float(np.median(np.linalg.norm(slowness[way.points], axis=1)))
    return bool(taken <= max(least, 1e-9 * times.max()))


def stop(way: Way, positions: Array, arrival: Array, rise: Array, end: float) -> float:
    """Where a front came to rest before the end of the line [m]; nan if it did not.

    Args:
        way: of the front.
        positions: of the points along the line [m].
        arrival: as for `ways`.
        rise: as for `measure`.
        end: of the run [s].
    """
    beyond = slice(way.points[-1], None, way.sign or None)
    unreached = np.flatnonzero(~np.isfinite(arrival[beyond]))
    if way.sign == 0 or not len(unreached):
        return float("nan")
    last = way.points[-1] + way.sign * (unreached[0] - 1)
    before = way.points[-min(len(way.points), LEAST_POINTS)]
    pace = abs((arrival[last] - arrival[before]) / max(1, abs(last - before)))
    known = rise[way.points][np.isfinite(rise[way.points])]
    patience = WAITED * (pace + (np.median(known) if len(known) else 0.0))
    return float(positions[last]) if end - arrival[last] > patience else float("nan")


def returning(way: Way, latest: Array) -> int:
    """How the last front over the points of a way went: +1 as the first, -1 back, 0 for no other.

    Args:
        way: of the first front.
        latest: time of the last front at each point of the line [s]; nan where there was one only.
    """
    again = way.points[np.isfinite(latest[way.points])]
    if len(again) < max(LEAST_POINTS, SMALL * len(way.points)):
        return 0
    order = np.arange(len(again)) - (len(again) - 1) / 2
    return int(np.sign(order @ latest[again])) or 1

"""What a run means: seizures, K+ load, spreading depolarization, fronts. Pure functions of arrays.

A verdict is yes or no; its margin is the natural logarithm of what was reached over what counts,
positive for yes, so that a scan can find the border between the two by interpolation.

The thresholds: K+ stays below a ceiling of 10-12 mM during normal and epileptiform activity
(Heinemann & Lux 1977, Brain Res 120, 231) and beyond it in spreading depolarization, where it
passes 20 mM on the way to 30-80 mM (Somjen 2001, Physiol Rev 81, 1065).
"""

import functools
from typing import Any

import numpy as np

from ecs_model.limits import MET
from ecs_model.physics.regimes import NAMES
from ecs_model.physics.values import Array

SOONEST = 1e-4  # share of a run before which a front counts as there from the start
STRAIGHT = 0.8  # share of the variance of distances that a travelling front's arrivals explain


def reached_by(fraction: float, highest: Array, volumes: Array) -> float:
    """The K+ [mM] that at least `fraction` of the tissue reached.

    Args:
        fraction: share of the volume, 0 to 1.
        highest: highest K+ [mM] of each node.
        volumes: volume of each node.
    """
    order = np.argsort(highest)[::-1]
    covered = np.cumsum(volumes[order]) / volumes.sum()
    place = min(int(np.searchsorted(covered, fraction - MET)), len(order) - 1)
    return float(highest[order][place])


class Here:
    """What is asked of values that are all here; `parallel.Team` has the same over processes."""

    def add(self, numbers):
        """The numbers themselves, an array."""
        return np.asarray(numbers, float)

    def median(self, values):
        """The median; nan without values."""
        return float(np.median(values)) if len(values) else float("nan")

    def reached_by(self, fraction, values, weights):
        """See `reached_by`."""
        return reached_by(fraction, values, weights)


HERE = Here()


def verdict(reached: float, threshold: float) -> dict[str, Any]:
    """`{"verdict": bool, "margin": float, ...}` for a level that was reached [mM]."""
    margin = float(np.log(max(reached, 1e-30) / threshold))
    return {
        "verdict": margin >= 0,
        "margin": margin,
        "reached_mM": reached,
        "threshold_mM": threshold,
    }


def seizure(
    seen: dict[str, Array], volumes: Array, fraction: float, pace: Array, over: Any = HERE
) -> dict[str, Any]:
    """Whether a share of some tissue had a seizure: `{"verdict": bool, "margin": float, ...}`.

    Beside the two: the share of this tissue that had one; when it began in as much tissue as
    counts, and how long it was where it was longest for a node, on average [s]; how many seizures
    and bursts nodes had that fired, on average; how fast it recruited tissue [mm/min], from where
    it came there in order.

    Args:
        seen: of each node, `score`, `seizure`, `onset`, `longest`, `seizures`, `bursts`.
        volumes: volume of each node.
        fraction: share of the volume that must have one.
        pace: slowness of recruitment at each node [s/m]; nan where there is none.
        over: Here, or the Team of the processes that hold the nodes.
    """
    margin = over.reached_by(fraction, seen["seizure"], volumes)
    had, fired = seen["score"] >= 0, seen["bursts"] > 0
    begun = over.reached_by(fraction, np.where(had, -seen["onset"], -np.inf), volumes)
    return {
        "verdict": margin >= 0,
        "margin": margin,
        "share": _share(had, volumes, over),
        "onset_s": -begun if np.isfinite(begun) else float("nan"),
        "duration_s": _mean(seen["longest"], volumes, had, over),
        "seizures": _mean(seen["seizures"], volumes, fired, over),
        "bursts": _mean(seen["bursts"], volumes, fired, over),
        "recruitment_mm_per_min": 60e3 / over.median(pace[had & np.isfinite(pace)]),
    }


def _share(where, volumes, over):
    """Share of the volume (0 to 1) that a mask covers."""
    part, whole = over.add([volumes[where].sum(), volumes.sum()])
    return float(part / whole)


def _mean(values, volumes, where, over):
    """Mean over the nodes of a mask; nan if there are none."""
    total, whole = over.add([(values[where] * volumes[where]).sum(), volumes[where].sum()])
    return float(total / whole) if whole > 0 else float("nan")


def regimes_of(numbers: np.ndarray, volumes: Array, over: Any = HERE) -> dict[str, float]:
    """Word -> share of the tissue (0 to 1) that it holds for, of those that hold for any.

    Args:
        numbers: of the words of `regimes.NAMES`, one per node.
        volumes: volume of each node.
        over: as for `seizure`.
    """
    *parts, whole = over.add([*np.bincount(numbers, volumes, len(NAMES)), volumes.sum()])
    shares = np.array(parts) / whole
    return {name: float(share) for name, share in zip(NAMES, shares, strict=True) if share > 0}


def gravest(shares: dict[str, float], fraction: float) -> str:
    """The gravest word that holds for a share of the tissue; the commonest if none does."""
    enough = [name for name in NAMES if shares.get(name, 0.0) >= fraction]
    return enough[-1] if enough else max(shares, key=shares.__getitem__)


def recruited(highest: Array, volumes: Array, threshold: float, over: Any = HERE) -> float:
    """Share of the tissue (0 to 1) whose K+ reached `threshold` [mM]; `over` as for `seizure`."""
    return _share(highest >= threshold, volumes, over)


def recruited_level(highest: Array, volumes: Array, threshold: float, over: Any = HERE) -> float:
    """Median over the tissue whose K+ reached `threshold` of the highest K+ there [mM].

    It is what a wave reaches, where the highest node of all is often one that was stimulated; nan
    if nothing reached it. `over` as for `seizure`.
    """
    there = highest >= threshold
    if not over.add([volumes[there].sum()])[0] > 0:
        return float("nan")
    return over.reached_by(0.5, highest[there], volumes[there])


def ignition(
    arrival: Array,
    highest: Array,
    volumes: Array,
    spread: float,
    threshold: float,
    end: float,
    over: Any = HERE,
) -> dict[str, Any]:
    """Whether a front took a share of some tissue: `{"verdict": bool, "margin": float, ...}`.

    The margin is the logarithm of the time that was left, end / arrival, where the front came, and
    of the level that was reached over the threshold where it did not. Both vanish together: what
    comes at the very end has just reached the threshold. So it is continuous, although a front
    is all or none.

    Args:
        arrival: time [s] at which each node reached the threshold; nan where it did not.
        highest: highest K+ [mM] of each node.
        volumes: volume of each node.
        spread: share of the volume, 0 to 1.
        threshold: K+ [mM] of a front.
        end: of the run [s], as it was planned.
        over: as for `seizure`.
    """
    reached = over.reached_by(spread, highest, volumes)
    time = -over.reached_by(spread, np.where(np.isfinite(arrival), -arrival, -np.inf), volumes)
    came = bool(np.isfinite(time))
    margin = np.log(end / max(time, SOONEST * end)) if came else np.log(reached / threshold)
    return {
        "verdict": came,
        "margin": float(margin),
        "time_s": time if came else float("nan"),
        "reached_mM": reached,
        "threshold_mM": threshold,
    }


def duration(above: Array, volumes: Array, over: Any = HERE) -> float:
    """Mean time [s] that K+ spent above a threshold where it was there at all; nan if nowhere.

    Args:
        above: time [s] above the threshold, of each node.
        volumes: volume of each node.
        over: as for `seizure`.
    """
    return _mean(above, volumes, above > 0, over)


def front_speed(times: Array, positions: Array) -> float:
    """Speed [m/s] of a front by least squares over its arrival times [s]; nan if none travelled.

    Where arrival times do not go with the distance, as when tissue ignites everywhere at once, no
    front has travelled.

    Args:
        times: arrival at each position; nan where it never came.
        positions: distances along its way [m].
    """
    there = np.isfinite(times)
    if np.count_nonzero(there) < 3 or np.ptp(times[there]) == 0:
        return float("nan")
    t, x = times[there] - times[there].mean(), positions[there] - positions[there].mean()
    travelled = (t @ x) ** 2 > STRAIGHT * (t @ t) * (x @ x)
    return float((t @ x) / (t @ t)) if travelled else float("nan")


def steady_speed(
    times: Array, positions: Array, start: float = 0.4, end: float = 0.9
) -> tuple[float, float]:
    """Speed [m/s] and its spread (0 to 1) over a part of the way, where a front is steady.

    Args:
        times: arrival times [s]; nan where it never came.
        positions: distances along its way [m], increasing.
        start: where the part of the way begins, as a share of its length.
        end: where it ends.
    """
    share = (positions - positions[0]) / np.ptp(positions)
    part = (share >= start) & (share <= end)
    speed = front_speed(times[part], positions[part])
    middle = share[part] < (start + end) / 2
    halves = [front_speed(times[part][k], positions[part][k]) for k in (middle, ~middle)]
    return speed, abs(halves[1] - halves[0]) / abs(speed) if speed else float("nan")


def front_width(positions: Array, profile: Array, low: float = 0.1, high: float = 0.9) -> float:
    """Distance [m] over which a profile falls from `high` to `low` of its range; nan without one.

    Args:
        positions: increasing [m].
        profile: K+ [mM] there.
        low: share of the range of the profile.
        high: the other share.
    """
    bottom, top = profile.min(), profile.max()
    scaled = (profile - bottom) / (top - bottom) if top > bottom else np.zeros_like(profile)
    crossings = [_last_crossing(positions, scaled, level) for level in (low, high)]
    return abs(crossings[0] - crossings[1])


def _last_crossing(x, y, level):
    """The last position at which `y` crosses `level`, by linear interpolation; nan if never."""
    k = np.flatnonzero((y[:-1] - level) * (y[1:] - level) < 0)
    if not len(k):
        return float("nan")
    k = k[-1]
    return float(x[k] + (level - y[k]) / (y[k + 1] - y[k]) * (x[k + 1] - x[k]))


def front_jumps(corner_values: Array, threshold: float) -> Array:
    """Difference of K+ [mM] across each element in which the front stands; nan in the others.

    Args:
        corner_values: K+ [mM] at the corners of elements, shape (elements, corners).
        threshold: the K+ [mM] that marks the front.
    """
    low, high = (functools.reduce(among, corner_values.T) for among in (np.minimum, np.maximum))
    return np.where((low < threshold) & (high >= threshold), high - low, np.nan)


def cells_per_front(jump: float) -> float:
    """How many elements the steep part (10-90 %) of a front spans; nan without a front.

    Args:
        jump: median difference across elements in the front, as a share of the front's height.
    """
    return 0.8 / jump

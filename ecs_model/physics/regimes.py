"""What neurons do: rest, firing, seizure, tonic firing, spreading depolarization. One text for all.

What is judged is the firing of a node, or of a cell without a mesh. Firing whose gaps stay short
is a burst; a seizure is a burst that lasts, with many spikes or with K+ far above its start. Firing
that never stops and leaves K+ where it is is tonic. A membrane that is silent and depolarized is
blocked, and in a spreading depolarization where K+ is beyond what a seizure reaches.

A margin is positive for yes, and vanishes where the answer changes. Beyond zero it is the logarithm
of what was reached over what counts; below it, the same to first order, but finite where nothing
was reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecs_model.physics.values import Array

NAMES = ("rest", "firing", "depolarized", "tonic", "seizure", "SD")  # the gravest last
ALWAYS = 0.98  # share of the time that counts as all of it
STEADY = 0.1  # relative range of K+ that counts as none
BLOCKED = 1.0  # s: silent and depolarized for so long is a depolarization block
LEAST = 1.0  # s: over which the rate of a single spike is taken
SOONEST = 1e-4  # share of the time that is judged, before which a seizure counts as there at once


@dataclass(frozen=True)
class Firing:
    """What counts as what.

    Attributes:
        spike: potential through which V rises in a spike [V].
        gap: longest silence within a burst [s].
        seizure: shortest burst that is a seizure [s].
        rate: mean firing rate of a seizure [Hz].
        rise: K+ above its start that makes a burst of less a seizure, too [mM].
        onset: rate above which a population begins to fire [Hz].
        offset: rate below which it stops [Hz].
        depolarized: potential above which a silent membrane is blocked [V].
        sd: K+ of a spreading depolarization [mM].
        settle: what happens before is not judged [s].
    """

    spike: float = -20e-3
    gap: float = 2.0
    seizure: float = 3.0
    rate: float = 5.0
    rise: float = 4.0
    onset: float = 20.0
    offset: float = 5.0
    depolarized: float = -45e-3
    sd: float = 20.0
    settle: float = 0.0


def margin(reached: Array, threshold: float) -> Array:
    """The margin of what was reached, at least 0, over what counts; -1 for nothing."""
    share = np.asarray(reached, float) / threshold
    return np.where(share < 1.0, share - 1.0, np.log(np.maximum(share, 1.0)))


def words(seen: Mapping[str, Array], firing: Firing, duration: float, fires: bool) -> np.ndarray:
    """The word for every node: an array of numbers of NAMES.

    Args:
        seen: what `Activity.judged` gives.
        firing: what counts as what.
        duration: time that is judged [s].
        fires: whether the model knows when its neurons fire.
    """
    where: dict[str, Any] = {
        "SD": sd_margins(seen, firing, fires) >= 0,
        "tonic": is_tonic(seen, duration),
        "seizure": seen["score"] >= 0,
        "firing": seen["bursts"] > 0,
        "depolarized": seen["blocked"] >= ALWAYS * duration,
    }
    numbers = [np.array(NAMES.index(name)) for name in where]
    return np.select([*where.values()], numbers, np.array(0))


def is_tonic(seen: Mapping[str, Array], duration: float) -> np.ndarray:
    """Whether each node never stopped firing, with K+ where it is."""
    low, high = seen["lowest"], seen["highest"]
    steady = high - low < STEADY * (high + low) / 2
    return steady & (seen["fired"] >= ALWAYS * duration)


def seizure_margins(
    seen: Mapping[str, Array], firing: Firing, duration: float, is_population: bool
) -> Array:
    """Margin of a seizure at every node.

    That of its best burst, by how long it was and how intense; of what begins late, by the time
    that was left; of tonic firing, by the silence that a seizure has and the range of its K+; of
    nodes that did not fire, by how near they came.

    Args:
        seen: what `Activity.judged` gives.
        firing: what counts as what.
        duration: time that is judged [s].
        is_population: whether the model tells a rate, not spikes.
    """
    begun = np.maximum(seen["onset"] - firing.settle, SOONEST * duration)
    late = np.maximum(np.log(duration / begun), 0.0)
    best = np.where(seen["score"] >= 0, np.fmin(seen["score"], late), seen["score"])
    low, high = seen["lowest"], seen["highest"]
    silence = margin(np.maximum(1.0 - seen["fired"] / duration, 0.0), 1.0 - ALWAYS)
    moves = margin((high - low) / np.maximum((high + low) / 2, 1e-30), STEADY)
    level = firing.onset if is_population else firing.spike
    quiet = margin(_closeness(seen, level), 1.0) - 1.0
    return np.where(seen["bursts"] > 0, np.minimum(best, np.maximum(silence, moves)), quiet)


def _closeness(seen, level):
    """How near each node came to the level at which it fires, from its lowest: 0 to 1."""
    low = np.minimum(seen["bottom"], level - 1e-12)
    return np.clip((seen["top"] - low) / (level - low), 0.0, 1.0)


def sd_margins(seen: Mapping[str, Array], firing: Firing, fires: bool) -> Array:
    """Margin of a spreading depolarization at every node.

    K+ decides where nothing is known of firing. Elsewhere the membrane has to be blocked as well.

    Args:
        seen: what `Activity.judged` gives.
        firing: what counts as what.
        fires: whether the model knows when its neurons fire.
    """
    level = np.log(np.maximum(seen["highest"], 1e-30) / firing.sd)
    return np.minimum(level, margin(seen["blocked"], BLOCKED)) if fires else level


def recurrence(values: Array, interval: float) -> float | None:
    """Period [s] after which values repeat; None if they do not.

    It is the first peak of their autocorrelation beyond its first zero, and then that of as many
    periods as there are.
    """
    x = values - values.mean()
    if len(x) < 4 or not x.any():
        return None
    spectrum = np.fft.rfft(x, 2 * len(x))
    whole = np.fft.irfft(np.abs(spectrum) ** 2)[: len(x)] / np.arange(len(x), 0, -1)
    half = whole[: len(x) * 2 // 3] / whole[0]
    peaks = np.flatnonzero((half[1:-1] > half[:-2]) & (half[1:-1] >= half[2:])) + 1
    peaks = peaks[peaks > np.argmax(half < 0)]  # those before are noise
    peaks = peaks[half[peaks] > 0.5 * half[peaks].max(initial=0.0)]
    peaks = peaks[half[peaks] > 0.3]
    if not len(peaks):
        return None
    period = _peak(half, peaks[0])
    for count in range(2, int(len(half) / period) + 1):
        near = peaks[np.abs(peaks - count * period) < period / 4]
        if not len(near):
            break
        period = _peak(half, near[np.argmax(half[near])]) / count
    return float(interval * period)


def _peak(values, k):
    """The place of the peak at value number `k`, by the parabola through its neighbours."""
    before, at, after = values[k - 1 : k + 2]
    return k + 0.5 * (before - after) / (before - 2 * at + after)

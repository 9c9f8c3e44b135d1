"""What a cell does: rest, seizure, tonic firing, spreading depolarization. Functions of a course.

The course is judged in windows of a second, by whether the potential moves within them (spikes) and
where it lies, so that samples every few milliseconds are enough.
"""

from dataclasses import dataclass

import numpy as np

NAMES = ("rest", "seizure", "tonic", "SD", "depolarized")
WINDOW = 1.0  # s
SPIKING = 2e-3  # V: standard deviation of the potential within a window that has spikes
POLARIZED = -45e-3  # V: above it a silent membrane is depolarized
HIGH = 20.0  # mM: K+ outside that only a spreading depolarization reaches
ALWAYS = 0.98  # share of windows with spikes that counts as all
SLOW = 0.1  # relative change of K+ that counts as an oscillation


@dataclass(frozen=True)
class Regime:
    """What a course shows: its name, the period of K+ [s] if it recurs, the range of K+ [mM]."""

    name: str
    period: float | None
    lowest: float
    highest: float


def regime(interval, potassium, potential=None):
    """The Regime of a course.

    Args:
        interval: between samples [s].
        potassium: extracellular, one value per sample [mM].
        potential: of the membrane [V]; None for models without, which know rest and SD only.
    """
    K = np.asarray(potassium)
    low, high = float(K.min()), float(K.max())
    size = max(int(WINDOW / interval), 1)
    levels = _windows(K, size).mean(axis=1)
    if potential is None:
        name = "SD" if (levels > HIGH).any() else "rest"
    else:
        name = _named(levels, _windows(np.asarray(potential), size))
    period = recurrence(levels, size * interval) if name in ("seizure", "SD") else None
    return Regime(name, period, low, high)


def _windows(values, size):
    count = max(len(values) // size, 1)
    return values[: count * size].reshape(count, -1)


def _named(levels, windows):
    spikes = windows.std(axis=1) > SPIKING
    silent = ~spikes & (windows.min(axis=1) > POLARIZED)
    if (silent & (levels > HIGH)).any():
        return "SD"
    if not spikes.any():
        return "depolarized" if silent.all() else "rest"
    smooth = levels.max() - levels.min() < SLOW * levels.mean()
    return "tonic" if spikes.mean() >= ALWAYS and smooth else "seizure"


def recurrence(values, interval):
    """Period [s] after which values repeat: first peak of their autocorrelation; None if none."""
    x = values - values.mean()
    if len(x) < 4 or not x.any():
        return None
    whole = np.correlate(x, x, "full")[len(x) - 1 :] / np.arange(len(x), 0, -1)
    half = whole[: len(x) * 2 // 3] / whole[0]
    peaks = np.flatnonzero((half[1:-1] > half[:-2]) & (half[1:-1] >= half[2:])) + 1
    peaks = peaks[half[peaks] > 0.5 * half[peaks].max(initial=0.0)]
    peaks = peaks[half[peaks] > 0.3]
    if not len(peaks):
        return None
    k = peaks[0]
    bend = half[k - 1] - 2 * half[k] + half[k + 1]
    return float(interval * (k + 0.5 * (half[k - 1] - half[k + 1]) / bend))

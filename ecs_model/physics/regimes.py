"""What a cell does: rest, seizure, tonic firing, spreading depolarization. Functions of a course.

The course is judged in windows of a second, by whether the potential moves within them (spikes) and
where it lies. Samples in them lie 5 ms apart or closer, however far apart those are that are kept.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ecs_model.physics.values import Array

NAMES = ("rest", "seizure", "tonic", "SD", "depolarized")
WINDOW = 1.0  # s
PARTS = 10  # of a window, whose means tell the period
FINE = 5e-3  # s: samples farther apart can miss spikes
SPIKING = 2e-3  # V: standard deviation of the potential within a window that has spikes
POLARIZED = -45e-3  # V: above it a silent membrane is depolarized
HIGH = 20.0  # mM: extracellular K+ that only a spreading depolarization reaches
ALWAYS = 0.98  # share of windows with spikes that counts as all
SLOW = 0.1  # relative change of K+ that counts as an oscillation


@dataclass(frozen=True)
class Regime:
    """What a course shows: its name, the period of K+ [s] if it recurs, the range of K+ [mM]."""

    name: str
    period: float | None
    lowest: float
    highest: float


@dataclass(frozen=True)
class Windows:
    """What is kept of every window of a course: arrays of shape (windows, cells).

    Attributes:
        mean: of extracellular K+ [mM].
        lowest: likewise.
        highest: likewise.
        moves: standard deviation of the potential [V]; None for models without one.
        bottom: its lowest value [V]; likewise.
        fine: means of K+ over PARTS of every window, or fewer where samples are too few, one after
            another; shape (windows * parts, cells).
    """

    mean: Array
    lowest: Array
    highest: Array
    moves: Array | None
    bottom: Array | None
    fine: Array


def sampling(every: float) -> tuple[float, int]:
    """Interval [s] and number of the samples of a window, at least as fine as is asked for.

    Args:
        every: interval of samples that is wanted [s].
    """
    count = PARTS * int(np.ceil(WINDOW / PARTS / min(every, FINE) - 1e-9))
    return WINDOW / count, count


def windows(size: int, potassium: Array, potential: Array | None = None) -> Windows:
    """The Windows of a course, or of a part of it.

    Args:
        size: samples in a window.
        potassium: extracellular [mM], shape (samples, cells).
        potential: of the membranes [V], likewise; None for models without.
    """
    K = _parted(potassium, size)
    V = None if potential is None else _parted(potential, size)
    parts = max(d for d in range(1, PARTS + 1) if size % d == 0)
    return Windows(
        K.mean(axis=1),
        K.min(axis=1),
        K.max(axis=1),
        None if V is None else V.std(axis=1),
        None if V is None else V.min(axis=1),
        K.reshape(len(K) * parts, size // parts, -1).mean(axis=1),
    )


def joined(parts: list[Windows]) -> Windows:
    """The Windows of a course from those of its parts, in order."""
    columns: dict[str, Any] = {
        name: [vars(part)[name] for part in parts] for name in vars(parts[0])
    }
    return Windows(**{n: _together(c) for n, c in columns.items()})


def _together(pieces: list[Any]) -> Any:
    return None if pieces[0] is None else np.concatenate(pieces)


def regime(interval: float, potassium: Array, potential: Array | None = None) -> Regime:
    """The Regime of one cell.

    Args:
        interval: between samples [s].
        potassium: extracellular, one value per sample [mM].
        potential: of the membrane [V]; None for models without.

    Raises:
        ValueError: if samples are so far apart that they can miss spikes, or fill no window.
    """
    size = round(WINDOW / interval)
    if potential is not None and interval > FINE * (1 + 1e-9):
        raise ValueError(f"samples {interval:g} s apart miss spikes; at most {FINE:g} s will do")
    if not 0 < size <= len(potassium):
        raise ValueError(
            f"a course of {len(potassium) * interval:g} s fills no window of {WINDOW:g} s"
        )
    V = None if potential is None else np.asarray(potential)[:, None]
    return regimes(windows(size, np.asarray(potassium)[:, None], V))[0]


def regimes(course: Windows) -> list[Regime]:
    """The Regime of every cell; those without a potential know rest and SD only."""
    return [_regime(course, k) for k in range(course.mean.shape[1])]


def _regime(course, k):
    levels = course.mean[:, k]
    if course.moves is None:
        name = "SD" if (levels > HIGH).any() else "rest"
    else:
        name = _named(levels, course.moves[:, k] > SPIKING, course.bottom[:, k])
    interval = WINDOW * len(levels) / len(course.fine)
    period = recurrence(course.fine[:, k], interval) if name in ("seizure", "SD") else None
    return Regime(name, period, float(course.lowest[:, k].min()), float(course.highest[:, k].max()))


def _parted(values, size):
    count = len(values) // size
    return np.asarray(values)[: count * size].reshape(count, size, -1)


def _named(levels, spikes, bottom):
    silent = ~spikes & (bottom > POLARIZED)
    if (silent & (levels > HIGH)).any():
        return "SD"
    if not spikes.any():
        return "depolarized" if silent.all() else "rest"
    smooth = levels.max() - levels.min() < SLOW * levels.mean()
    return "tonic" if spikes.mean() >= ALWAYS and smooth else "seizure"


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

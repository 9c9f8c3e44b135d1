"""A point source in the space between cells: what an electrode sees that iontophoresis feeds.

    C(r, t) = Q / (8 pi D* alpha r) [e^s erfc(a + b) + e^-s erfc(a - b)],   D* = D / lambda^2
    a = r / (2 sqrt(D* t)),   b = sqrt(k' t),   s = r sqrt(k' / D*)

with loss k' C. After the current stops, what would have come from then on is taken away.

References:
    Nicholson & Phillips (1981), J Physiol 321, 225; Nicholson (2001), Rep Prog Phys 64, 815.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfc, erfcx

from ecs_model.physics.values import Array


@dataclass(frozen=True)
class Experiment:
    """How a curve was measured.

    Attributes:
        distance: of the electrode from the source [m].
        rate: at which the substance enters [mol/s].
        D: its free diffusivity [m^2/s].
        start: when the source begins [s].
        duration: how long it acts [s].
    """

    distance: float
    rate: float
    D: float
    start: float = 0.0
    duration: float = np.inf


def steady_rate(current: float, transport_number: float, valence: int, faraday: float) -> float:
    """Rate [mol/s] of an ion of `valence` that carries a share of a current [A]: n I / (z F)."""
    return transport_number * current / (abs(valence) * faraday)


def continuous(
    times: Array, experiment: Experiment, alpha: float, tortuosity: float, uptake: float = 0.0
) -> Array:
    """Concentration [mM] at times [s] after a source began that goes on."""
    x = experiment
    d_star = x.D / tortuosity**2
    t = np.where(times > 0, times, 1.0)
    a, b = x.distance / (2 * np.sqrt(d_star * t)), np.sqrt(uptake * t)
    s = x.distance * np.sqrt(uptake / d_star)
    shape = np.exp(-(a**2) - b**2) * erfcx(a + b) + np.exp(-s) * erfc(a - b)
    level = x.rate / (8 * np.pi * d_star * alpha * x.distance)
    return np.where(times > 0, level * shape, 0.0)


def concentration(
    times: ArrayLike, experiment: Experiment, alpha: float, tortuosity: float, uptake: float = 0.0
) -> Array:
    """Concentration [mM] that an electrode sees at `times` [s], beyond what was there before.

    Args:
        times: of the measurement [s].
        experiment: an Experiment.
        alpha: volume fraction of the space between cells; 1 in agar.
        tortuosity: lambda; 1 in agar.
        uptake: k', loss from that space [1/s].
    """
    since = np.asarray(times, float) - experiment.start
    tissue = experiment, alpha, tortuosity, uptake
    if np.isinf(experiment.duration):
        return continuous(since, *tissue)
    return continuous(since, *tissue) - continuous(since - experiment.duration, *tissue)

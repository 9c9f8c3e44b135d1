"""Nagumo (Hodgkin-Grafstein) membrane: bistable release and removal of K+, with an exact wave.

    dK/dt = -A (K - K_rest) (K - K_threshold) (K - K_top)

On the line, with effective diffusivity D*, a front travels at

    c = sqrt(A D* / 2) (K_rest + K_top - 2 K_threshold),  w = sqrt(2 D* / A) / (K_top - K_rest)

and has the shape K_rest + (K_top - K_rest) / (1 + exp((x - c t) / w)). Phenomenological: K+ comes
from nowhere, there is no membrane potential. For verification and for simple pictures of SD.

References:
    Grafstein (1963), in Brain Function, Univ. of California Press: the idea (with Hodgkin).
    Nagumo, Arimoto & Yoshizawa (1962), Proc IRE 50, 2061.
"""

import numpy as np

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import Record, concentration, quantity, record


@record
class State(Record):
    """One node; the default is the lower rest."""

    K_o = concentration(3.0, "extracellular potassium")


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    A = quantity(6e-3, "1/mM^2/s", "rate of release and removal", "3.09 mm/min", low=0.0)
    K_rest = quantity(3.0, "mM", "lower stable concentration", low=0.0)
    K_threshold = quantity(12.0, "mM", "unstable concentration: ignition", low=0.0)
    K_top = quantity(55.0, "mM", "upper stable concentration", low=0.0)


def rhs(y, p, env):
    """Time derivative of the state [mM/s]."""
    K = y.K_o
    return State(K_o=-p.A * (K - p.K_rest) * (K - p.K_threshold) * (K - p.K_top))


def front_speed(p, diffusivity):
    """Exact speed [m/s] of the front for the effective diffusivity D* [m^2/s]."""
    return np.sqrt(p.A * diffusivity / 2) * (p.K_rest + p.K_top - 2 * p.K_threshold)


def front_width(p, diffusivity):
    """Exact width parameter w [m] of the front."""
    return np.sqrt(2 * diffusivity / p.A) / (p.K_top - p.K_rest)


def front(x, p, diffusivity):
    """Exact profile K_o [mM] at the distance `x` [m] ahead of the front's middle."""
    step = (p.K_top - p.K_rest) / (1 + np.exp(x / front_width(p, diffusivity)))
    return p.K_rest + step


model = MembraneModel(
    name="nagumo",
    summary="bistable K+ release with an exactly known front (Hodgkin-Grafstein)",
    State=State,
    Parameters=Parameters,
    rhs=rhs,
    theta=0.5,
    reference="Grafstein 1963; Nagumo et al. 1962",
)

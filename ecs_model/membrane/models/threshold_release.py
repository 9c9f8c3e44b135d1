"""Threshold release (McKean): linear removal of K+, and release at a constant rate above threshold.

    dK/dt = -k (K - K_rest) + r H(K - K_rest - theta)

On the line the front travels at c = sqrt(D* k) (1 - 2 a) / sqrt(a (1 - a)) with a = k theta / r
(for k -> 0: sqrt(D* r / theta)) and leaves K_rest + r / k behind. With r = 0 this is linear uptake,
the k' of Nicholson and Phillips. Phenomenological: K+ comes from nowhere.

References:
    McKean (1970), Adv Math 4, 209.
    Zandt et al. (2013), J Comput Neurosci: SD with release rate, threshold, removal, diffusion.
    Nicholson & Phillips (1981), J Physiol 321, 225: linear uptake.
"""

import numpy as np

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import Record, concentration, quantity, record


@record
class State(Record):
    """One node; the default is rest."""

    K_o = concentration(3.0, "extracellular potassium")


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    k = quantity(0.8, "1/s", "rate of removal", low=0.0)
    r = quantity(40.0, "mM/s", "rate of release above threshold", low=0.0)
    theta = quantity(9.0, "mM", "threshold above rest", low=0.0)
    K_rest = quantity(3.0, "mM", "resting concentration", low=0.0)


def rhs(y, p, env):
    """Time derivative of the state [mM/s]."""
    u = y.K_o - p.K_rest
    return State(K_o=-p.k * u + np.where(u > p.theta, p.r, 0.0))


def front_speed(p, diffusivity):
    """Exact speed [m/s] of the front for the effective diffusivity D* [m^2/s]."""
    a = p.k * p.theta / p.r
    return np.sqrt(diffusivity * p.r / p.theta) * (1 - 2 * a) / np.sqrt(1 - a)


model = MembraneModel(
    name="threshold_release",
    summary="K+ release at a constant rate above a threshold, linear removal (McKean)",
    State=State,
    Parameters=Parameters,
    rhs=rhs,
    theta=1.0,  # 1.3 to 2 times less error of speed than 1/2 at 2.5-20 um: ignition is sharp
    reference="McKean 1970; Zandt et al. 2013; Nicholson & Phillips 1981",
)

"""Channels that the reduced ion-based neurons share: gates of a Hodgkin-Huxley neuron.

Activation of Na+ is instantaneous.

References:
    Gloveli et al. (2005), PNAS 102, 13295; Cressman et al. (2009), J Comput Neurosci 26, 159.
    Huebel, Schoell & Dahlem (2014), PLoS Comput Biol 10, e1003551.
"""

import numpy as np

from ecs_model.membrane.mechanism import Conductance, Gate, Mechanism, mechanism
from ecs_model.membrane.mechanisms.channels import ohmic_leaks
from ecs_model.physics.gating import linoid, steady_gate
from ecs_model.record import quantity, record
from ecs_model.units import FARADAY, GAS_CONSTANT


@record
class Membrane:
    """What charges the membrane, and how warm it is."""

    C = quantity(1.0, "uF/cm^2", "membrane capacitance", low=1e-6)
    V_T = quantity(26.64, "mV", "R T / F of the published model (36 C)", low=1e-3)
    I_stim = quantity(0.0, "uA/cm^2", "depolarising current from an electrode")


@record
class Speed:
    """Of gates."""

    speed = quantity(3.0, "1", "factor of the rates of n and h", low=0.0)


@record
class Sodium:
    """Conductances to Na+."""

    g_Na = quantity(100.0, "mS/cm^2", "fast Na+ conductance", low=0.0)
    g_Na_leak = quantity(0.0175, "mS/cm^2", "Na+ leak", low=0.0)


@record
class Potassium:
    """Conductances to K+."""

    g_K = quantity(40.0, "mS/cm^2", "delayed-rectifier K+ conductance", low=0.0)
    g_K_leak = quantity(0.05, "mS/cm^2", "K+ leak", low=0.0)


def temperature(p, env):
    """Temperature [K] that the published R T / F stands for."""
    return p.V_T * FARADAY / GAS_CONSTANT


def sodium_activation(v):
    """Open fraction of the instantaneous gates m at the potential `v` [V]."""
    u = 1e3 * v
    return steady_gate(0.1 * linoid(u + 30, 10.0), 4 * np.exp(-(u + 55) / 18))


def n(u):
    """Activation of the delayed rectifier."""
    return 0.01 * linoid(u + 34, 10.0), 0.125 * np.exp(-(u + 44) / 80)


def h(u):
    """Inactivation of the fast Na+ current."""
    return 0.07 * np.exp(-(u + 44) / 20), 1 / (1 + np.exp(-(u + 14) / 10))


N, H = Gate(n, 0.07, "speed"), Gate(h, 0.97, "speed")


@mechanism(Potassium, (N,))
def delayed_rectifier(v, c, y, p, T):
    """Delayed-rectifier and leaking K+ current."""
    return {"K": Conductance(p.g_K_leak + p.g_K * y.n * y.n * y.n * y.n)}


def fast_sodium(inactivation=None):
    """The Mechanism of the fast and the leaking Na+ current.

    Args:
        inactivation: function of the state -> open fraction; None for the gate h.
    """

    def sodium(v, c, y, p, T):
        """Fast and leaking Na+ current."""
        m, open_fraction = sodium_activation(v), y.h if inactivation is None else inactivation(y)
        return {"Na": Conductance(p.g_Na_leak + p.g_Na * m * m * m * open_fraction)}

    return Mechanism(sodium, Sodium, (H,) if inactivation is None else ())


chloride_leak = ohmic_leaks(Cl=("g_Cl", quantity(0.05, "mS/cm^2", "Cl- leak", low=0.0)))

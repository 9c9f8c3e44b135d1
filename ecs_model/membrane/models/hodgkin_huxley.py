"""Channels and pump that the reduced ion-based neurons share: gates of a Hodgkin-Huxley neuron.

Activation of Na+ is instantaneous; potentials in published fits are in mV.

References:
    Gloveli et al. (2005), PNAS 102, 13295; Cressman et al. (2009), J Comput Neurosci 26, 159.
    Huebel, Schoell & Dahlem (2014), PLoS Comput Biol 10, e1003941.
"""

import numpy as np

from ecs_model.physics.electrochemistry import nernst
from ecs_model.physics.gating import gate_rate, linoid, steady_gate
from ecs_model.record import quantity, record
from ecs_model.units import FARADAY, GAS_CONSTANT

PER_MILLISECOND = 1e3


def gate(value, meaning):
    """A line of a record for an open fraction."""
    return quantity(value, "1", meaning, low=0.0, high=1.0)


@record
class Channels:
    """Conductances of the membrane."""

    g_Na = quantity(100.0, "mS/cm^2", "fast Na+ conductance", low=0.0)
    g_Na_leak = quantity(0.0175, "mS/cm^2", "Na+ leak", low=0.0)
    g_K = quantity(40.0, "mS/cm^2", "delayed-rectifier K+ conductance", low=0.0)
    g_K_leak = quantity(0.05, "mS/cm^2", "K+ leak", low=0.0)
    g_Cl = quantity(0.05, "mS/cm^2", "Cl- leak", low=0.0)
    C = quantity(1.0, "uF/cm^2", "membrane capacitance", low=1e-6)
    speed = quantity(3.0, "1", "factor of the rates of n and h", low=0.0)
    V_T = quantity(26.64, "mV", "R T / F of the published model (36 C)", low=1e-3)
    I_stim = quantity(0.0, "uA/cm^2", "depolarising current from an electrode")


def temperature(p):
    """Temperature [K] that the published R T / F stands for."""
    return p.V_T * FARADAY / GAS_CONSTANT


def sodium_activation(v):
    """Open fraction of the instantaneous gates m at the potential `v` [V]."""
    u = 1e3 * v
    return steady_gate(0.1 * linoid(u + 30, 10.0), 4 * np.exp(-(u + 55) / 18))


def n_rate(v, n, p):
    """Rate [1/s] of the gate of the delayed rectifier."""
    u = 1e3 * v
    return p.speed * PER_MILLISECOND * gate_rate(*n_rates(u), n)


def n_rates(u):
    """Opening and closing rate [1/ms] of n at `u` [mV]."""
    return 0.01 * linoid(u + 34, 10.0), 0.125 * np.exp(-(u + 44) / 80)


def h_rate(v, h, p):
    """Rate [1/s] of the inactivation of the Na+ current."""
    u = 1e3 * v
    return p.speed * PER_MILLISECOND * gate_rate(*h_rates(u), h)


def h_rates(u):
    """Opening and closing rate [1/ms] of h at `u` [mV]."""
    return 0.07 * np.exp(-(u + 44) / 20), 1 / (1 + np.exp(-(u + 14) / 10))


def sodium_current(v, h, Na_i, Na_o, p):
    """Outward current [A/m^2] of fast and leaking Na+."""
    m = sodium_activation(v)
    E_Na = nernst(Na_i, Na_o, +1, temperature(p))
    return (p.g_Na_leak + p.g_Na * m * m * m * h) * (v - E_Na)


def potassium_current(v, n, K_i, K_o, p):
    """Outward current [A/m^2] of rectifying and leaking K+."""
    E_K = nernst(K_i, K_o, +1, temperature(p))
    return (p.g_K_leak + p.g_K * n * n * n * n) * (v - E_K)


def chloride_current(v, Cl_i, Cl_o, p):
    """Outward current [A/m^2] of leaking Cl-."""
    return p.g_Cl * (v - nernst(Cl_i, Cl_o, -1, temperature(p)))

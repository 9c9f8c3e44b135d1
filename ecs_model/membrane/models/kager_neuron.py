"""Neuron with a persistent Na+ current, K+ channels, leaks and a pump, as GHK and ohmic currents.

    I_NaP = P_NaP m^2 h GHK_Na,   I_KDR = P_KDR m^2 GHK_K,   I_KA = P_KA m^2 h GHK_K

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495; Yao, Huang & Miura (2011), J Theor Biol.
    Mori (2015), Physica D 308, 94; Ellingsrud et al. (2022): parameters, from their code.
"""

import numpy as np

from ecs_model.membrane.autodiff import root
from ecs_model.membrane.models import energy
from ecs_model.membrane.resting_state import resting_cell
from ecs_model.physics.electrochemistry import (
    ghk_flux,
    ghk_slope_at_reversal,
    ghk_sums,
    ghk_voltage,
    nak_pump_turnover,
    nernst,
)
from ecs_model.physics.gating import gate_rate, linoid, steady_gate
from ecs_model.physics.post_albers import post_albers_turnover
from ecs_model.record import concentration, quantity, record
from ecs_model.units import FARADAY

SEARCH_STEPS = 3  # to round-off from rest to the peak of a depolarization


def gate(meaning):
    """A line of a record for an open fraction."""
    return quantity(0.5, "1", meaning, low=0.0, high=1.0)


@record
class State:
    """Contents and gates of neurons."""

    K_i = concentration(130.0, "potassium in neurons")
    Na_i = concentration(9.3, "sodium in neurons")
    Cl_i = concentration(8.7, "chloride in neurons")
    m_NaP = gate("activation of the persistent Na+ current")
    h_NaP = gate("inactivation of the persistent Na+ current")
    m_KDR = gate("activation of the delayed rectifier")
    m_KA = gate("activation of the transient K+ current")
    h_KA = gate("inactivation of the transient K+ current")


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    P_NaP = quantity(2e-7, "m/s", "permeability of the persistent Na+ current", "Mori", low=0.0)
    P_KDR = quantity(1e-5, "m/s", "permeability of the delayed rectifier", "Mori", low=0.0)
    P_KA = quantity(1e-6, "m/s", "permeability of the transient K+ current", "Mori", low=0.0)
    g_Na = quantity(0.02, "mS/cm^2", "Na+ leak", low=0.0)
    g_K = quantity(0.07, "mS/cm^2", "K+ leak", low=0.0)
    g_Cl = quantity(0.2, "mS/cm^2", "Cl- leak", low=0.0)
    g_stim = quantity(0.0, "S/m^2", "further conductance to each of the three ions", low=0.0)
    S = quantity(5.3849e5, "1/m", "membrane area of neurons per tissue volume", low=0.0)
    phi = quantity(0.5, "1", "volume fraction of neurons", low=1e-6, high=1.0)


@record
class Hill:
    """Pump with saturable sites."""

    I_pump = quantity(0.1372, "A/m^2", "maximal current of the pump", low=0.0)
    Na_50 = quantity(7.7, "mM", "Na+ at half-saturation of a site of the pump", low=0.0)
    K_50 = quantity(2.0, "mM", "K+ at half-saturation of a site of the pump", low=0.0)


@record
class Cycle:
    """Pump as an E1/E2 cycle."""

    N_pump = quantity(
        15.0, "nmol/m^2", "pumps per membrane area", "follows from the resting state", low=0.0
    )


@record
class Gates:
    """The five gates of the neuron."""

    m_NaP = gate("")
    h_NaP = gate("")
    m_KDR = gate("")
    m_KA = gate("")
    h_KA = gate("")


def gate_rates(v):
    """Opening and closing rates [1/s] of the gates at the potential `v` [V], as pairs."""
    u = 1e3 * v  # the published fits take mV
    m_NaP = 1e3 / 6 / (1 + np.exp(-(0.143 * u + 5.67)))
    return Gates(
        m_NaP=(m_NaP, 1e3 / 6 - m_NaP),
        h_NaP=(5.12e-3 * np.exp(-(0.056 * u + 2.94)), 0.16 / (1 + np.exp(-(0.2 * u + 8)))),
        m_KDR=(16 * linoid(u + 34.9, 5.0), 250 * np.exp(-(0.025 * u + 1.25))),
        m_KA=(20 * linoid(u + 56.9, 10.0), 17.5 * linoid(-(u + 29.9), 10.0)),
        h_KA=(16 * np.exp(-(0.056 * u + 4.61)), 500 / (1 + np.exp(-(0.2 * u + 11.98)))),
    )


def permeabilities(y, p):
    """Permeabilities [m/s] to Na+ and K+ of the gated channels together."""
    K = p.P_KDR * y.m_KDR * y.m_KDR + p.P_KA * y.m_KA * y.m_KA * y.h_KA
    return p.P_NaP * y.m_NaP * y.m_NaP * y.h_NaP, K


def _reversals(y, T):
    return nernst(y.K_i, y.K_o, +1, T), nernst(y.Na_i, y.Na_o, +1, T), nernst(y.Cl_i, y.Cl_o, -1, T)


def pump(v, y, p, env):
    """Turnover of the neurons' pump [mol/m^2/s] at the potential `v` [V]."""
    if hasattr(p, "N_pump"):
        return p.N_pump * cycles(v, y, p, env)
    return nak_pump_turnover(y.Na_i, y.K_o, p.I_pump / FARADAY, p.Na_50, p.K_50)


def cycles(v, y, p, env):
    """Turns per second of one pump [1/s] at the potential `v` [V]."""
    q = energy.fuelled(y, p)
    return post_albers_turnover(y.Na_i, y.Na_o, y.K_i, y.K_o, v, q, env.temperature)


def outward_fluxes(v, y, p, env):
    """Outward flux of K+, Na+ and Cl- from neurons at the potential `v` [mol/m^2/s]."""
    T, J_p = env.temperature, pump(v, y, p, env)
    E_K, E_Na, E_Cl = _reversals(y, T)
    P_Na, P_K = permeabilities(y, p)
    g_K, g_Na, g_Cl = leaks(p)
    J_K = ghk_flux(y.K_i, y.K_o, +1, P_K, v, T) + g_K / FARADAY * (v - E_K) - 2 * J_p
    J_Na = ghk_flux(y.Na_i, y.Na_o, +1, P_Na, v, T) + g_Na / FARADAY * (v - E_Na) + 3 * J_p
    return J_K, J_Na, -g_Cl / FARADAY * (v - E_Cl)


def leaks(p):
    """Ohmic conductances [S/m^2] to K+, Na+ and Cl-."""
    return p.g_K + p.g_stim, p.g_Na + p.g_stim, p.g_Cl + p.g_stim


def _charge_flux(v, inside, outside, conductance, drive, y, p, env):
    """Outward flux of charge [mol/m^2/s]: channels, leaks and pump; grows with `v`."""
    leaking = ghk_flux(inside, outside, +1, 1.0, v, env.temperature) + conductance * v - drive
    return leaking + pump(v, y, p, env)


def potential(y, p, env):
    """Membrane potential of neurons [V], at which they exchange no charge."""
    T = env.temperature
    E_K, E_Na, E_Cl = _reversals(y, T)
    P_Na, P_K = permeabilities(y, p)
    inside, outside = ghk_sums([(P_K, y.K_i, y.K_o), (P_Na, y.Na_i, y.Na_o)], [])
    g_K, g_Na, g_Cl = leaks(p)
    conductance = (g_K + g_Na + g_Cl) / FARADAY
    drive = (g_K * E_K + g_Na * E_Na + g_Cl * E_Cl) / FARADAY
    slope = ghk_slope_at_reversal(inside, outside, T)
    leak = (slope * ghk_voltage(inside, outside, T) + drive) / (slope + conductance)
    start = leak - pump(leak, y, p, env) / (slope + conductance)
    return root(_charge_flux, start, SEARCH_STEPS, inside, outside, conductance, drive, y, p, env)


def gates_at_rest(v):
    """Open fractions at which the gates rest at the potential `v` [V]."""
    return {name: steady_gate(*rates) for name, rates in gate_rates(v)._asdict().items()}


def gating(v, y):
    """Rates [1/s] of the gates at the potential `v` [V]."""
    rates = gate_rates(v)._asdict()
    return [gate_rate(*pair, getattr(y, name)) for name, pair in rates.items()]


def rest(y, p, env):
    """Contents and gates of neurons that rest beside the extracellular space of `y`."""

    def fluxes(x):
        inside = y._replace(K_i=x.K, Na_i=x.Na, Cl_i=x.Cl, **gates_at_rest(x.v))
        return outward_fluxes(x.v, inside, p, env)

    x = resting_cell(fluxes, y.K_i, y.Na_i, y.Cl_i, -68e-3)
    return {"K_i": x.K, "Na_i": x.Na, "Cl_i": x.Cl, **gates_at_rest(x.v)}

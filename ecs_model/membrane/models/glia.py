"""Glia: an inwardly rectifying K+ channel, leaks of Na+ and Cl-, a pump and NKCC1.

References:
    Halnes et al. (2013), PLoS Comput Biol 9, e1003386: the K+ channel.
    Ellingsrud et al. (2022): parameters, from their code.
"""

import numpy as np

from ecs_model.membrane.autodiff import Dual, root, slope_of, value_of
from ecs_model.membrane.models import energy
from ecs_model.membrane.resting_state import resting_cell
from ecs_model.physics.electrochemistry import nak_pump_turnover, nernst
from ecs_model.physics.post_albers import post_albers_turnover
from ecs_model.physics.transporters import kir_current
from ecs_model.record import concentration, quantity, record
from ecs_model.units import FARADAY

SEARCH_STEPS = 4  # to round-off between 1 and 120 mM outside


@record
class State:
    """Contents of glia."""

    K_g = concentration(130.0, "potassium in glia")
    Na_g = concentration(14.0, "sodium in glia")
    Cl_g = concentration(8.5, "chloride in glia")


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    g_Kir = quantity(1.3, "S/m^2", "inwardly rectifying K+ conductance", "Ellingsrud", low=0.0)
    K_o_rest = quantity(4.0, "mM", "extracellular K+ at which g_Kir holds", low=1e-6)
    K_g_rest = quantity(130.0, "mM", "K+ inside at which g_Kir holds", low=1e-6)
    g_Na_g = quantity(0.072, "S/m^2", "Na+ leak of glia", low=0.0)
    g_Cl_g = quantity(0.5, "S/m^2", "Cl- leak of glia", low=0.0)
    I_NKCC1 = quantity(8.13e-4, "A/m^2", "strength of NKCC1", low=0.0)
    S_g = quantity(6.3849e5, "1/m", "membrane area of glia per tissue volume", low=0.0)
    phi_g = quantity(0.3, "1", "volume fraction of glia", low=1e-6, high=1.0)


@record
class Hill:
    """Pump with saturable sites."""

    I_pump_g = quantity(0.0372, "A/m^2", "maximal current of the glial pump", low=0.0)
    Na_50_g = quantity(7.7, "mM", "Na+ at half-saturation of a site of its pump", low=0.0)
    K_50_g = quantity(2.0, "mM", "K+ at half-saturation of a site of its pump", low=0.0)


@record
class Cycle:
    """Pump as an E1/E2 cycle."""

    N_pump_g = quantity(
        4.0, "nmol/m^2", "pumps per area of glia", "follows from the resting state", low=0.0
    )


def pump(v, y, p, env):
    """Turnover of the glial pump [mol/m^2/s] at the potential `v` [V]."""
    if hasattr(p, "N_pump_g"):
        return p.N_pump_g * cycles(v, y, p, env)
    return nak_pump_turnover(y.Na_g, y.K_o, p.I_pump_g / FARADAY, p.Na_50_g, p.K_50_g)


def cycles(v, y, p, env):
    """Turns per second of one glial pump [1/s] at the potential `v` [V]."""
    q = energy.fuelled(y, p)
    return post_albers_turnover(y.Na_g, y.Na_o, y.K_g, y.K_o, v, q, env.temperature)


def outward_fluxes(v, y, p, env):
    """Outward flux of K+, Na+ and Cl- from glia at the potential `v` [mol/m^2/s]."""
    T, J_p = env.temperature, pump(v, y, p, env)
    E_Na, E_Cl = nernst(y.Na_g, y.Na_o, +1, T), nernst(y.Cl_g, y.Cl_o, -1, T)
    kir = kir_current(v, y.K_g, y.K_o, p.K_g_rest, p.K_o_rest, p.g_Kir, T) / FARADAY
    ratio = (y.Na_g * y.K_g * y.Cl_g * y.Cl_g) / (y.Na_o * y.K_o * y.Cl_o * y.Cl_o)
    J = p.I_NKCC1 / FARADAY * np.log(ratio)
    J_Na = p.g_Na_g / FARADAY * (v - E_Na) + 3 * J_p + J
    return kir - 2 * J_p + J, J_Na, -p.g_Cl_g / FARADAY * (v - E_Cl) + 2 * J


def _charge_flux(v, y, p, env):
    J_K, J_Na, J_Cl = outward_fluxes(v, y, p, env)
    return J_K + J_Na - J_Cl


def potential(y, p, env):
    """Membrane potential of glia [V], at which they exchange no charge."""
    start = nernst(y.K_g, y.K_o, +1, env.temperature)
    return root(_charge_flux, start, SEARCH_STEPS, y, p, env)


def shifted(u, y, p, env):
    """What glia do that currents from their neighbours shift by `u` [V].

    Returns:
        list: the potential without the shift [V]; what the shift adds to the outward fluxes of K+,
        Na+ and Cl- [mol/s per m^3 of tissue]; the charge of these per volt [mol/s/m^3/V].
    """
    v = potential(y, p, env)
    there = outward_fluxes(Dual(v + u, {"v": 1.0}), y, p, env)
    own = outward_fluxes(v, y, p, env)
    added = [p.S_g * (value_of(a) - b) for a, b in zip(there, own, strict=True)]
    K, Na, Cl = (slope_of(J, "v") for J in there)
    return [v, *added, p.S_g * (K + Na - Cl)]


def rest(y, p, env):
    """Contents of glia that rest beside the extracellular space of `y`."""

    def fluxes(x):
        return outward_fluxes(x.v, y._replace(K_g=x.K, Na_g=x.Na, Cl_g=x.Cl), p, env)

    x = resting_cell(fluxes, y.K_g, y.Na_g, y.Cl_g, -82e-3)
    return {"K_g": x.K, "Na_g": x.Na, "Cl_g": x.Cl}

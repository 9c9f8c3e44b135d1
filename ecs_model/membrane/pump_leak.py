"""Pump-leak cell: GHK leaks of K+, Na+ and Cl- against a 3 Na+ : 2 K+ pump.

    phi dc_i/dt = -S J_c,   alpha dc_o/dt = +S J_c,   c = K, Na, Cl
    J_K + J_Na - J_Cl = 0                                         quasi-steady V (`pump_leak`)
    V = phi F / (S C) (K_i + Na_i - Cl_i - Q_A)               V from charge (`pump_leak_charge`)

J_c is the outward flux of ion c, pump included; S the membrane area per tissue volume; phi and
alpha the intra- and extracellular volume fractions; Q_A the charge of impermeant anions. The
smallest model in which a failing pump depolarises the cell and loads the extracellular space with
potassium. It has one attractor: use it for energy failure and K+ clearance, not for waves. The net
current is monotone in V, so that the quasi-steady V is unique. Every exchange is electroneutral.

J_max, Cl_i and Q_A are not chosen but follow: they make the declared state a fixed point.

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495: form of the pump.
    Mullins & Noda (1963), J Gen Physiol 47, 117: the resting potential.
    Dijkstra et al. (2016), J Neurosci 36, 11881: GHK leaks against a pump.
"""

import numpy as np

from ecs_model.derivative import root
from ecs_model.electrochemistry import (
    ghk_charge_flux,
    ghk_flux,
    ghk_slope_at_reversal,
    ghk_sums,
    ghk_voltage,
    mullins_noda,
    nak_pump_turnover,
    nernst,
    thermal_voltage,
)
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.record import concentration, quantity, record
from ecs_model.units import FARADAY, from_si

SEARCH_STEPS = 3  # to round-off for 1-150 mM and pumps up to 20 times the resting one


def _balance(p_k, p_na, k_o, na_o, cl_o, k_i, na_i, na_50, k_50, capacity):
    """V [V], J_max [mol/m^2/s], Cl_i and Q_A [mM] that make the given state a fixed point.

    Both cation leaks balance the pump (Mullins-Noda), chloride is in equilibrium, and impermeant
    anions carry what is missing to the charge of the membrane capacitor.
    """
    T = Surroundings().temperature
    v = mullins_noda(p_k, k_i, k_o, p_na, na_i, na_o, T)
    share = nak_pump_turnover(na_i, k_o, 1.0, na_50, k_50)
    j_max = ghk_flux(k_i, k_o, +1, p_k, v, T) / (2 * share)
    cl_i = cl_o * np.exp(v / thermal_voltage(T))
    return v, j_max, cl_i, k_i + na_i - cl_i - capacity * v


_CAPACITY = 0.54e6 * 0.01 / (FARADAY * 0.5)  # S C / (F phi) [mol/m^3/V] of the defaults below
_, _J_MAX, _CL_I, _Q_A = _balance(
    10e-9, 0.5e-9, 3.5, 140.0, 120.0, 140.0, 10.0, 7.7, 2.0, _CAPACITY
)


@record
class State:
    """One node; the defaults are the exact resting state of the default parameters."""

    K_o = concentration(3.5, "extracellular potassium")
    Na_o = concentration(140.0, "extracellular sodium")
    Cl_o = concentration(120.0, "extracellular chloride")
    K_i = concentration(140.0, "intracellular potassium")
    Na_i = concentration(10.0, "intracellular sodium")
    Cl_i = concentration(float(_CL_I), "intracellular chloride")


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    P_K = quantity(10.0, "nm/s", "K+ leak permeability", "1 : 0.05 : 0.45, textbook", low=0.0)
    P_Na = quantity(0.5, "nm/s", "Na+ leak permeability", low=0.0)
    P_Cl = quantity(4.5, "nm/s", "Cl- leak permeability", low=0.0)
    J_max = quantity(
        from_si(float(_J_MAX), "nmol/m^2/s"), "nmol/m^2/s", "maximal pump turnover",
        "follows from the resting state", low=0.0,
    )  # fmt: skip
    Na_50 = quantity(7.7, "mM", "intracellular Na+ at half-saturation of a site", low=0.0)
    K_50 = quantity(2.0, "mM", "extracellular K+ at half-saturation of a site", low=0.0)
    S = quantity(0.54, "1/um", "membrane area per tissue volume", low=0.0)
    phi = quantity(0.5, "1", "intracellular volume fraction", low=1e-6, high=1.0)
    C = quantity(1.0, "uF/cm^2", "membrane capacitance (charge form)", low=1e-6)
    Q_A = quantity(float(_Q_A), "mM", "impermeant anion charge (charge form)", low=0.0)


def pump(y, p):
    """Turnover of the pump [mol/m^2/s]."""
    return nak_pump_turnover(y.Na_i, y.K_o, p.J_max, p.Na_50, p.K_50)


def outward_fluxes(v, y, p, env):
    """Net outward flux of K+, Na+ and Cl- at the potential `v`, leak plus pump [mol/m^2/s]."""
    T, J_p = env.temperature, pump(y, p)
    J_K = ghk_flux(y.K_i, y.K_o, +1, p.P_K, v, T) - 2 * J_p
    J_Na = ghk_flux(y.Na_i, y.Na_o, +1, p.P_Na, v, T) + 3 * J_p
    J_Cl = ghk_flux(y.Cl_i, y.Cl_o, -1, p.P_Cl, v, T)
    return J_K, J_Na, J_Cl


def quasi_steady_potential(y, p, env):
    """Membrane potential [V] at which leaks and pump together carry no charge."""
    T = env.temperature
    inside, outside = ghk_sums(
        [(p.P_K, y.K_i, y.K_o), (p.P_Na, y.Na_i, y.Na_o)], [(p.P_Cl, y.Cl_i, y.Cl_o)]
    )
    J_p = pump(y, p)
    start = ghk_voltage(inside, outside, T) - J_p / ghk_slope_at_reversal(inside, outside, T)
    return root(charge_flux, start, SEARCH_STEPS, inside, outside, J_p, T)


def charge_flux(v, inside, outside, J_p, T):
    """Outward flux of charge [mol/m^2/s] at the potential `v`, leaks and pump; grows with `v`."""
    return ghk_charge_flux(inside, outside, v, T) + J_p


def charge_potential(y, p, env):
    """Membrane potential [V] of the charge that the cell holds."""
    return p.phi * FARADAY / (p.S * p.C) * (y.K_i + y.Na_i - y.Cl_i - p.Q_A)


def exchange(fluxes, p, env):
    """Rates of all concentrations [mM/s] that outward fluxes [mol/m^2/s] cause."""
    J_K, J_Na, J_Cl = fluxes
    outside, inside = p.S / env.alpha, -p.S / p.phi
    return State(
        K_o=outside * J_K,
        Na_o=outside * J_Na,
        Cl_o=outside * J_Cl,
        K_i=inside * J_K,
        Na_i=inside * J_Na,
        Cl_i=inside * J_Cl,
    )


def potassium_reversal(y, p, env):
    """Nernst potential of K+ [V]."""
    return nernst(y.K_i, y.K_o, +1, env.temperature)


def cell_potassium(y, p, env):
    """K+ inside the cells [mol per m^3 of tissue]."""
    return p.phi * y.K_i


def _model(name, summary, potential):
    def fluxes(y, p, env):
        """Net outward flux of K+, Na+ and Cl- [mol/m^2/s]."""
        return outward_fluxes(potential(y, p, env), y, p, env)

    def rhs(y, p, env):
        """Time derivative of the state [mM/s]."""
        return exchange(fluxes(y, p, env), p, env)

    return MembraneModel(
        name=name,
        summary=summary,
        State=State,
        Parameters=Parameters,
        rhs=rhs,
        fluxes=fluxes,
        spread=exchange,
        observables={"V": ("mV", potential), "E_K": ("mV", potassium_reversal)},
        cell_potassium=cell_potassium,
        reference="Kager et al. 2000; Mullins & Noda 1963; Dijkstra et al. 2016",
    )


model = _model(
    "pump_leak",
    "GHK leaks of K+, Na+, Cl- against a 3:2 pump; potential quasi-steady",
    quasi_steady_potential,
)
charge_model = _model(
    "pump_leak_charge",
    "the same cell with the potential from the charge on its capacitance",
    charge_potential,
)

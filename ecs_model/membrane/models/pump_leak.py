"""Pump-leak cell: GHK leaks of K+, Na+ and Cl- against a 3 Na+ : 2 K+ pump.

    phi dc_i/dt = -S J_c,   alpha dc_o/dt = +S J_c,   c = K, Na, Cl
    J_K + J_Na - J_Cl = 0                                    potential = "quasi_steady"
    V = phi F / (S C) (K_i + Na_i - Cl_i - Q_A)              potential = "charge"

J_c is the outward flux of ion c, pump included; S the membrane area per tissue volume; phi and
alpha the intra- and extracellular volume fractions; Q_A the charge of impermeant anions. The
smallest model in which a failing pump depolarises the cell and loads the extracellular space with
potassium. It has one attractor: use it for energy failure and K+ clearance, not for waves. The net
current is monotone in V, so that the quasi-steady V is unique. Every exchange is electroneutral.

Options: pump = "hill" (saturable sites) or "post_albers" (the E1/E2 cycle, which knows ATP and V
and can run backwards); energy = true lets that cycle follow ATP, see `energy`; kcc2, nkcc1
(cotransport of Cl-); gaba (a conductance that Cl- and HCO3- share). Cells regulate their pH: each
HCO3- that leaves through the channel is replaced at once by exchange of H+ for Na+, so that HCO3-
stays what it is and Na+ enters in its place. The charge that a GABA conductance moves is thereby
booked in full.

The strength of the pump, Cl_i and Q_A are not chosen but follow: they make the declared state a
fixed point.

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495: form of the pump.
    Mullins & Noda (1963), J Gen Physiol 47, 117: the resting potential.
    Dijkstra et al. (2016), J Neurosci 36, 11881: GHK leaks against a pump.
    Pan et al. (2020), J R Soc Interface 17: the cycle of the pump.
    Oestby et al. (2009), Wei et al. (2014): cotransport. Chesler (2003), Physiol Rev 83: pH.
"""

from collections import namedtuple

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.autodiff import root
from ecs_model.membrane.model import MembraneModel, Surroundings, with_options
from ecs_model.membrane.models import energy
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.electrochemistry import (
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
from ecs_model.physics.post_albers import PostAlbersParameters, post_albers_turnover
from ecs_model.physics.transporters import kcc2_flux, nkcc1_flux
from ecs_model.record import concentration, joined, quantity, record, without
from ecs_model.units import FARADAY

SEARCH_STEPS = 3  # to round-off for 1-150 mM and pumps up to 20 times the resting one


@record
class State:
    """One node; the defaults are the exact resting state of the default parameters."""

    K_o = concentration(3.5, "extracellular potassium")
    Na_o = concentration(140.0, "extracellular sodium")
    Cl_o = concentration(120.0, "extracellular chloride")
    K_i = concentration(140.0, "intracellular potassium")
    Na_i = concentration(10.0, "intracellular sodium")
    Cl_i = concentration(7.0, "intracellular chloride", "follows from the resting state")


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    P_K = quantity(10.0, "nm/s", "K+ leak permeability", "1 : 0.05 : 0.45, textbook", low=0.0)
    P_Na = quantity(0.5, "nm/s", "Na+ leak permeability", low=0.0)
    P_Cl = quantity(4.5, "nm/s", "Cl- leak permeability", low=0.0)
    S = quantity(5.4e5, "1/m", "membrane area per tissue volume", low=0.0)
    phi = quantity(0.5, "1", "intracellular volume fraction", low=1e-6, high=1.0)
    C = quantity(1.0, "uF/cm^2", "membrane capacitance (charge form)", low=1e-6)
    Q_A = quantity(
        143.0, "mM", "impermeant anion charge (charge form)", "follows from the resting state",
        low=0.0,
    )  # fmt: skip


@record
class Hill:
    """Pump with saturable sites."""

    J_max = quantity(
        961.0, "nmol/m^2/s", "maximal pump turnover", "follows from the resting state", low=0.0
    )
    Na_50 = quantity(7.7, "mM", "intracellular Na+ at half-saturation of a site", low=0.0)
    K_50 = quantity(2.0, "mM", "extracellular K+ at half-saturation of a site", low=0.0)


@record
class _Density:
    N_pump = quantity(
        11.2, "nmol/m^2", "pumps per membrane area", "follows from the resting state", low=0.0
    )


@record
class KCC2:
    """K-Cl cotransport."""

    U_KCC2 = quantity(0.7, "umol/m^2/s", "strength of KCC2", "0.3 mM/s in a 7 um sphere", low=0.0)


@record
class NKCC1:
    """Na-K-2Cl cotransport."""

    U_NKCC1 = quantity(0.233, "umol/m^2/s", "strength of NKCC1", "0.1 mM/s likewise", low=0.0)


@record
class GABA:
    """Channel that chloride and bicarbonate share."""

    P_GABA = quantity(1.0, "nm/s", "Cl- permeability of open GABA_A channels", "tonic", low=0.0)
    ratio_GABA = quantity(4.0, "1", "P_Cl : P_HCO3 of the channel", low=1e-3)
    HCO3_i = quantity(15.0, "mM", "intracellular bicarbonate", low=1e-6)
    HCO3_o = quantity(26.0, "mM", "extracellular bicarbonate", low=1e-6)


def hill_pump(v, y, p, env):
    """Turnover of the pump with saturable sites [mol/m^2/s]."""
    return nak_pump_turnover(y.Na_i, y.K_o, p.J_max, p.Na_50, p.K_50)


def cycling_pump(v, y, p, env):
    """Turnover of the E1/E2 pump [mol/m^2/s]."""
    q = energy.fuelled(y, p)
    return p.N_pump * post_albers_turnover(y.Na_i, y.Na_o, y.K_i, y.K_o, v, q, env.temperature)


PUMPS = {
    "hill": ([Hill], hill_pump, "J_max"),
    "post_albers": ([_Density, PostAlbersParameters], cycling_pump, "N_pump"),
}
CHLORIDE = {"kcc2": KCC2, "nkcc1": NKCC1, "gaba": GABA}


def _anions(y, p, gaba):
    """Permeability and concentrations of each anion that crosses as a current."""
    if not gaba:
        return [(p.P_Cl, y.Cl_i, y.Cl_o)]
    hco3 = (p.P_GABA / p.ratio_GABA, p.HCO3_i, p.HCO3_o)
    return [(p.P_Cl + p.P_GABA, y.Cl_i, y.Cl_o), hco3]


def _sums(y, p, gaba):
    return ghk_sums([(p.P_K, y.K_i, y.K_o), (p.P_Na, y.Na_i, y.Na_o)], _anions(y, p, gaba))


def charge_flux(v, inside, outside, pump, y, p, env):
    """Outward flux of charge [mol/m^2/s] at the potential `v`, leaks and pump; grows with `v`."""
    return ghk_charge_flux(inside, outside, v, env.temperature) + pump(v, y, p, env)


def _quasi_steady(pump, gaba):
    def potential(y, p, env):
        """Membrane potential [V] at which leaks and pump together carry no charge."""
        T = env.temperature
        inside, outside = _sums(y, p, gaba)
        leak = ghk_voltage(inside, outside, T)
        slope = ghk_slope_at_reversal(inside, outside, T)
        start = leak - pump(leak, y, p, env) / slope
        return root(charge_flux, start, SEARCH_STEPS, inside, outside, pump, y, p, env)

    return potential


def charge_potential(y, p, env):
    """Membrane potential [V] of the charge that the cell holds."""
    return p.phi * FARADAY / (p.S * p.C) * (y.K_i + y.Na_i - y.Cl_i - p.Q_A)


def _outward_fluxes(pump, kcc2, nkcc1, gaba):
    def outward_fluxes(v, y, p, env):
        """Net outward flux of K+, Na+ and Cl- at the potential `v` [mol/m^2/s]."""
        T, J_p = env.temperature, pump(v, y, p, env)
        J_K = ghk_flux(y.K_i, y.K_o, +1, p.P_K, v, T) - 2 * J_p
        J_Na = ghk_flux(y.Na_i, y.Na_o, +1, p.P_Na, v, T) + 3 * J_p
        chloride, *hco3 = _anions(y, p, gaba)
        J_Cl = ghk_flux(y.Cl_i, y.Cl_o, -1, chloride[0], v, T)
        for permeability, inside, outside in hco3:
            J_Na = J_Na - ghk_flux(inside, outside, -1, permeability, v, T)
        if kcc2:
            J = kcc2_flux(y.K_i, y.K_o, y.Cl_i, y.Cl_o, p.U_KCC2)
            J_K, J_Cl = J_K + J, J_Cl + J
        if nkcc1:
            J = nkcc1_flux(y.Na_i, y.Na_o, y.K_i, y.K_o, y.Cl_i, y.Cl_o, p.U_NKCC1)
            J_K, J_Na, J_Cl = J_K + J, J_Na + J, J_Cl + 2 * J
        return J_K, J_Na, J_Cl

    return outward_fluxes


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


def contents(y, p, env):
    """Ions inside the cells [mol per m^3 of tissue]."""
    return {"K": p.phi * y.K_i, "Na": p.phi * y.Na_i, "Cl": p.phi * y.Cl_i}


_Rest = namedtuple("_Rest", "v Cl_i strength")


def _rest(outward_fluxes, table, strength):
    """V [V], Cl_i [mM] and strength of the pump at which no ion moves in the declared state."""
    env, y = Surroundings(), State()
    v = mullins_noda(*_leaks(y), env.temperature)

    def fluxes(unknown):
        p = table(**{strength: unknown.strength})
        return outward_fluxes(unknown.v, y._replace(Cl_i=unknown.Cl_i), p, env)

    cl_i = y.Cl_o * np.exp(v / thermal_voltage(env.temperature))
    return balanced(fluxes, _Rest(v, cl_i, getattr(table(), strength)))


def _leaks(y):
    p = Parameters()
    return p.P_K, y.K_i, y.K_o, p.P_Na, y.Na_i, y.Na_o


def _capacitor(p, v):
    """Charge on the membrane as a concentration inside cells [mM]."""
    return p.S * p.C * v / (FARADAY * p.phi)


def make(potential, pump, kcc2, nkcc1, gaba, fuelled):
    """The model with the given choices."""
    if fuelled and pump == "hill":
        raise ConfigError(energy.NEEDS_CYCLE)
    pumps, turnover, strength = PUMPS[pump]
    switched = {"kcc2": kcc2, "nkcc1": nkcc1, "gaba": gaba}
    parts = [CHLORIDE[name] for name, on in switched.items() if on]
    table = joined(Parameters, *pumps, *parts)
    outward = _outward_fluxes(turnover, kcc2, nkcc1, gaba)
    rest = _rest(outward, table, strength)
    state = joined(State, Cl_i=rest.Cl_i)
    y = state()
    charge = y.K_i + y.Na_i - y.Cl_i - _capacitor(Parameters(), rest.v)
    table = joined(table, **{strength: rest.strength, "Q_A": charge})
    find = _quasi_steady(turnover, gaba) if potential == "quasi_steady" else charge_potential
    use = _atp_use(turnover, find if pump == "post_albers" else None)
    if fuelled:
        supply = energy.balanced_supply(use(y, table(), Surroundings()), table().phi)
        state = joined(state, energy.State)
        table = joined(without(table, *energy.STATES), supply)
    return _model(outward, find, use, state, table)


def _atp_use(pump, potential):
    def atp_use(y, p, env):
        """ATP that the pumps split per volume of tissue [mM/s]."""
        v = None if potential is None else potential(y, p, env)
        return p.S * pump(v, y, p, env)

    return atp_use


def _model(outward, potential, use, state, table):
    follows = energy.has(state)

    def fluxes(y, p, env):
        """Net outward flux of K+, Na+ and Cl- [mol/m^2/s]; rates of energy [mM/s]."""
        ions = list(outward(potential(y, p, env), y, p, env))
        return ions + (energy.rates(use(y, p, env), p.phi, y, p) if follows else [])

    def spread(fluxes, p, env):
        """Rates of the state [mM/s] that fluxes cause."""
        return state(*exchange(fluxes[:3], p, env), *fluxes[3:])

    def rhs(y, p, env):
        """Time derivative of the state [mM/s]."""
        return spread(fluxes(y, p, env), p, env)

    seen = energy.paid_by(use) | (energy.OBSERVABLES if follows else {})
    return MembraneModel(
        name="pump_leak",
        summary="GHK leaks of K+, Na+, Cl- against a 3:2 pump; KCC2, NKCC1, GABA, ATP by choice",
        State=state,
        Parameters=table,
        rhs=rhs,
        fluxes=fluxes,
        spread=spread,
        observables={"V": ("mV", potential), "E_K": ("mV", potassium_reversal), **seen},
        contents=contents,
        reference="Kager et al. 2000; Mullins & Noda 1963; Dijkstra et al. 2016",
        packed=("S", "phi", *(["k_O2"] if follows else [])),
        held=("Q_A",),
        outflow=lambda y, p, env: dict(zip(("K", "Na", "Cl"), fluxes(y, p, env)[:3], strict=True)),
    )


model = with_options(
    lambda energy, **chosen: make(**chosen, fuelled=energy),
    potential=("quasi_steady", "charge"),
    pump=("hill", "post_albers"),
    kcc2=(False, True),
    nkcc1=(False, True),
    gaba=(False, True),
    energy=(False, True),
)

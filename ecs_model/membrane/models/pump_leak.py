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
and can run backwards); energy = true lets that cycle follow ATP, see `metabolism`; kcc2, nkcc1
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
from ecs_model.membrane.compartment import Compartment, Potential, exchange
from ecs_model.membrane.derivation import atp_use, derived
from ecs_model.membrane.mechanism import Permeability, mechanism
from ecs_model.membrane.mechanisms import metabolism
from ecs_model.membrane.mechanisms.channels import ghk_leaks, kcc2, nkcc1
from ecs_model.membrane.mechanisms.pumps import cycling_pump, hill_pump
from ecs_model.membrane.model import Surroundings, with_options
from ecs_model.membrane.parts import Parts, with_pumps
from ecs_model.membrane.potentials import OfContents, QuasiSteady
from ecs_model.membrane.precision import in_double
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.electrochemistry import mullins_noda, nernst, thermal_voltage
from ecs_model.record import concentration, quantity, record
from ecs_model.units import FARADAY


@record
class Outside:
    """One node; the defaults are the exact resting state of the default parameters."""

    K_o = concentration(3.5, "extracellular potassium")
    Na_o = concentration(140.0, "extracellular sodium")
    Cl_o = concentration(120.0, "extracellular chloride")


@record
class Inside:
    """Contents of the cell."""

    K_i = concentration(140.0, "intracellular potassium")
    Na_i = concentration(10.0, "intracellular sodium")
    Cl_i = concentration(7.0, "intracellular chloride", "follows from the resting state")


@record
class Cell:
    """Each is a number or a field over the nodes."""

    S = quantity(5.4e5, "1/m", "membrane area per tissue volume", low=0.0)
    phi = quantity(0.5, "1", "intracellular volume fraction", low=1e-6, high=1.0)
    C = quantity(1.0, "uF/cm^2", "membrane capacitance (charge form)", low=1e-6)
    Q_A = quantity(
        143.0,
        "mM",
        "impermeant anion charge (charge form)",
        "follows from the resting state",
        low=0.0,
    )


leaks = ghk_leaks(
    K=("P_K", quantity(10.0, "nm/s", "K+ leak permeability", "1 : 0.05 : 0.45, textbook", low=0.0)),
    Na=("P_Na", quantity(0.5, "nm/s", "Na+ leak permeability", low=0.0)),
    Cl=("P_Cl", quantity(4.5, "nm/s", "Cl- leak permeability", low=0.0)),
)


@mechanism(
    {
        "P_GABA": quantity(
            1.0, "nm/s", "Cl- permeability of open GABA_A channels", "tonic", low=0.0
        ),
        "ratio_GABA": quantity(4.0, "1", "P_Cl : P_HCO3 of the channel", low=1e-3),
        "HCO3_i": quantity(15.0, "mM", "intracellular bicarbonate", low=1e-6),
        "HCO3_o": quantity(26.0, "mM", "extracellular bicarbonate", low=1e-6),
    }
)
def gaba(v, c, y, p, T):
    """Channel that chloride and bicarbonate share; the latter is replaced through Na+/H+."""
    hco3 = Permeability(p.P_GABA / p.ratio_GABA, (p.HCO3_i, p.HCO3_o, -1))
    return {"Cl": Permeability(p.P_GABA), "Na": hco3}


COTRANSPORT = {
    "kcc2": kcc2(
        "U_KCC2",
        quantity(0.7, "umol/m^2/s", "strength of KCC2", "0.3 mM/s in a 7 um sphere", low=0.0),
    ),
    "nkcc1": nkcc1(
        "U_NKCC1", quantity(0.233, "umol/m^2/s", "strength of NKCC1", "0.1 mM/s likewise", low=0.0)
    ),
    "gaba": gaba,
}
SITES = hill_pump(
    {
        "J_max": quantity(
            961.0, "nmol/m^2/s", "maximal pump turnover", "follows from the resting state", low=0.0
        ),
        "Na_50": quantity(7.7, "mM", "intracellular Na+ at half-saturation of a site", low=0.0),
        "K_50": quantity(2.0, "mM", "extracellular K+ at half-saturation of a site", low=0.0),
    }
)
STRENGTH = {"hill": ("J_max", 961e-9), "post_albers": ("N_pump", 11.2e-9)}  # near rest [SI]


def charge_potential(y, p, env):
    """Membrane potential [V] of the charge that the cell holds."""
    return p.phi * FARADAY / (p.S * p.C) * in_double(y.K_i + y.Na_i - y.Cl_i - p.Q_A)


def potassium_reversal(y, p, env):
    """Nernst potential of K+ [V]."""
    return nernst(y.K_i, y.K_o, +1, env.temperature)


POTENTIALS: dict[str, Potential] = {
    "quasi_steady": QuasiSteady(3),
    "charge": OfContents(charge_potential),
}
_Rest = namedtuple("_Rest", "v Cl_i strength")


def at_rest(cell, strength, start):
    """State and parameters at which no ion moves, by the strength of the pump, Cl_i and Q_A."""
    parts, env = Parts(Outside, (cell,)), Surroundings()
    y, p = parts.State(), parts.Parameters()
    v = mullins_noda(p.P_K, y.K_i, y.K_o, p.P_Na, y.Na_i, y.Na_o, env.temperature)

    def fluxes(x):
        there = y._replace(Cl_i=x.Cl_i, **cell.gates_at_rest(x.v))
        now = exchange(cell, there, p._replace(**{strength: x.strength}), env, x.v)
        return [*now.ions.values()]

    cl_i = y.Cl_o * np.exp(v / thermal_voltage(env.temperature))
    x = balanced(fluxes, _Rest(v, cl_i, start))
    charge = y.K_i + y.Na_i - x.Cl_i - p.S * p.C * x.v / (FARADAY * p.phi)
    y = y._replace(Cl_i=x.Cl_i, **cell.gates_at_rest(x.v))
    return y, p._replace(Q_A=charge, **{strength: x.strength})


def make(potential, pump, energy, added=(), **chosen):
    """The model with the given choices, and with further mechanisms."""
    if energy and pump == "hill":
        raise ConfigError(metabolism.NEEDS_CYCLE)
    more = (part for name, part in COTRANSPORT.items() if chosen[name])
    cell = Compartment("i", "cells", Inside, Cell, (leaks, *more), POTENTIALS[potential])
    strength, start = STRENGTH[pump]

    def build(fuelled):
        own = SITES if pump == "hill" else cycling_pump(strength, fuelled)
        return with_pumps((cell,), {"i": own}, added)

    resting = build(fuelled=False)
    y, p = at_rest(resting[0], strength, start)
    pools = (metabolism.pool(resting, atp_use(resting, y, p), p),) if energy else ()
    return derived(
        Parts(Outside, build(energy), pools=pools),
        y._asdict() | {name: getattr(p, name) for name in ("Q_A", strength)},
        name="pump_leak",
        summary="GHK leaks of K+, Na+, Cl- against a 3:2 pump; KCC2, NKCC1, GABA, ATP by choice",
        observables={"E_K": ("mV", potassium_reversal)},
        reference="Kager et al. 2000; Mullins & Noda 1963; Dijkstra et al. 2016",
        impermeant=("Q_A",),
    )


model = with_options(
    make,
    potential=("quasi_steady", "charge"),
    pump=("hill", "post_albers"),
    kcc2=(False, True),
    nkcc1=(False, True),
    gaba=(False, True),
    energy=(False, True),
)

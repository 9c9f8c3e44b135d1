"""Neuron from rest over seizure to spreading depolarization: ions, cotransport, oxygen, volume.

    C dV/dt = -(I_Na + I_K + I_Cl + v^(1/3) F J_p - I_stim)
    phi d(v c_i)/dt = -S J_c,   alpha d(v_o c_o)/dt/v_o(0) = S J_c - exchange with glia and bath
    dv/dt = (v_hat - v) / tau_v,   dO/dt = -5.3 (I_p + I_gp) + 0.17 (O_bath - O)

v is the volume of cells relative to rest (v_o that of the space between them, in the same unit);
J_c = v^(2/3) I_c/(z F) + v (pump and cotransport), per membrane area at rest, since the area of the
published sphere follows its volume. v_hat is an empirical law, not osmotic equilibrium: the space
never shrinks below 28 % of rest. Strengths of pump and cotransport were published per volume of
cells and are here per membrane area. Glia and bath exchange K+ alone: the model is not
electroneutral. Transport in a tissue keeps its own constant alpha; the swelling acts on the
concentrations of the node.

References:
    Wei, Ullah & Schiff (2014), J Neurosci 34, 11733; parameters as in public re-implementations.
"""

from collections import namedtuple

import numpy as np

from ecs_model.membrane.compartment import Compartment
from ecs_model.membrane.derivation import Law, derived
from ecs_model.membrane.mechanism import Concentrations, Conductance, Gate, mechanism
from ecs_model.membrane.mechanisms.hodgkin_huxley import Membrane, temperature
from ecs_model.membrane.mechanisms.pumps import pump
from ecs_model.membrane.mechanisms.synapses import KINDS
from ecs_model.membrane.model import Surroundings, with_options
from ecs_model.membrane.models.wei_volume import (
    Empirical,
    area,
    extracellular_fraction,
    volume_outside,
)
from ecs_model.membrane.parts import Parts, Pool, Reservoir, with_pumps
from ecs_model.membrane.potentials import Capacitive
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.electrochemistry import nernst
from ecs_model.physics.gating import linoid
from ecs_model.physics.transporters import (
    glial_uptake,
    kcc2_flux,
    nkcc1_flux,
    sigmoid,
    sigmoid_pump,
)
from ecs_model.record import concentration, joined, quantity, record

ALPHA = 0.125
AREA = 3 / 7e-6  # membrane per volume of a sphere with a radius of 7 um [1/m]


@record
class Outside:
    """The published initial state, which is not at rest."""

    K_o = concentration(4.0, "extracellular potassium")
    Na_o = concentration(144.0, "extracellular sodium")
    Cl_o = concentration(130.0, "extracellular chloride")


@record
class Inside:
    """Contents and potential of the cell."""

    K_i = concentration(140.0, "intracellular potassium")
    Na_i = concentration(18.0, "intracellular sodium")
    Cl_i = concentration(6.0, "intracellular chloride")
    V = quantity(-74.3, "mV", "membrane potential")


@record
class Geometry:
    """Each is a number or a field over the nodes."""

    S = quantity(AREA * (1 - ALPHA), "1/m", "membrane area at rest per tissue volume", low=0.0)
    phi = quantity(1 - ALPHA, "1", "intracellular volume fraction at rest", low=1e-6, high=1.0)


@record
class Oxygen:
    """In the tissue."""

    O = quantity(29.3, "mg/L", "oxygen", low=0.0)  # noqa: E741


@record
class Supply:
    """Of oxygen."""

    O_bath = quantity(32.0, "mg/L", "oxygen in the bath", low=0.0)
    O_use = quantity(5.3, "g/mol", "oxygen that a turn of the pump uses", low=0.0)
    k_O = quantity(0.17, "1/s", "rate of exchange of oxygen with the bath", low=0.0)


def oxygen_rate(y, p, env, use):
    """Rate of oxygen [kg/m^3/s], as published without regard to volume."""
    turns = p.S / p.phi * (nak_pump(y.Na_i, y.K_o, y, p) + glia_pump(y, p))
    return [p.k_O * (p.O_bath - y.O) - p.O_use * turns]


# --------------------------------------------------------------------------------------- membrane
@record
class Pump:
    """Strength of the pump."""

    rho = quantity(
        0.8e6 / AREA,
        "umol/m^2/s",
        "turnover of the pump with all oxygen",
        "0.8 mM/s in cells",
        low=0.0,
    )


def oxygen_factor(y, p):
    """Strength of the pump that the oxygen allows [mol/m^2/s]."""
    return p.rho * sigmoid((y.O - 20e-3) / 3e-3)


def nak_pump(Na_i, K_o, y, p):
    """Turns of the neuron's pump [mol/m^2/s], per volume as at rest."""
    return sigmoid_pump(Na_i, K_o, oxygen_factor(y, p), 25.0, 3.0, 3.5)


def turnover(v, c, y, p, T):
    """Turns of the neuron's pump [mol/m^2/s]."""
    return y.v * nak_pump(c.Na[0], c.K[1], y, p)


def m(u):
    """Activation of the fast Na+ current."""
    return 0.32 * linoid(u + 54, 4.0), 0.28 * linoid(-(u + 27), 5.0)


def h(u):
    """Inactivation of the fast Na+ current."""
    return 0.128 * np.exp(-(u + 50) / 18), 4 / (1 + np.exp(-(u + 27) / 5))


def n(u):
    """Activation of the delayed rectifier."""
    return 0.032 * linoid(u + 52, 5.0), 0.5 * np.exp(-(u + 57) / 40)


@mechanism(
    {
        "g_Na": quantity(30.0, "mS/cm^2", "fast Na+ conductance", low=0.0),
        "g_Na_leak": quantity(0.0247, "mS/cm^2", "Na+ leak", low=0.0),
    },
    (Gate(m, 0.0031), Gate(h, 0.9994)),
)
def sodium(v, c, y, p, T):
    """Fast and leaking Na+ current."""
    return {"Na": Conductance(area(y) * (p.g_Na_leak + p.g_Na * y.m * y.m * y.m * y.h))}


@mechanism(
    {
        "g_K": quantity(25.0, "mS/cm^2", "delayed-rectifier K+ conductance", low=0.0),
        "g_K_leak": quantity(0.05, "mS/cm^2", "K+ leak", low=0.0),
    },
    (Gate(n, 0.0107),),
)
def potassium(v, c, y, p, T):
    """Delayed-rectifier and leaking K+ current."""
    return {"K": Conductance(area(y) * (p.g_K_leak + p.g_K * y.n * y.n * y.n * y.n))}


@mechanism({"g_Cl": quantity(0.1, "mS/cm^2", "Cl- leak", low=0.0)})
def chloride(v, c, y, p, T):
    """Leaking Cl- current."""
    return {"Cl": Conductance(area(y) * p.g_Cl)}


@mechanism(
    {
        "U_KCC2": quantity(0.3e6 / AREA, "umol/m^2/s", "strength of KCC2", "0.3 mM/s", low=0.0),
        "U_NKCC1": quantity(0.1e6 / AREA, "umol/m^2/s", "strength of NKCC1", "0.1 mM/s", low=0.0),
    },
    electrogenic=False,
)
def cotransport(v, c: Concentrations, y, p, T):
    """KCC2, and NKCC1, which opens as K+ rises."""
    kcc2 = y.v * kcc2_flux(*c.K, *c.Cl, p.U_KCC2)
    nkcc1 = y.v * nkcc1_flux(*c.Na, *c.K, *c.Cl, p.U_NKCC1 * sigmoid(c.K[1] - 16.0))
    return {"K": kcc2 + nkcc1, "Na": nkcc1, "Cl": kcc2 + 2 * nkcc1}


# ----------------------------------------------------------------------------------- glia and bath
@record
class GliaAndBath:
    """What takes K+ from the space outside."""

    G_glia = quantity(5.0, "mM/s", "maximal uptake by glia, per space outside", low=0.0)
    eps = quantity(0.25, "1/s", "rate of exchange with the bath", low=0.0)
    K_bath = quantity(3.5, "mM", "K+ in the bath", low=0.0)


def glia_pump(y, p):
    """Turns of the glial pump [mol/m^2/s of neuronal membrane]."""
    return sigmoid_pump(18.0, y.K_o, oxygen_factor(y, p) / 3, 25.0, 3.0, 3.5)


def glial_atp(y, p, env):
    """ATP that the glial pump splits per volume of tissue [mM/s]."""
    return p.S * volume_outside(y, p, env) * glia_pump(y, p)


def uptake(y, p, env):
    """K+ that glia and bath take from the space outside [mM/s]."""
    supplied = sigmoid((p.O_bath - 2.5e-3) / 0.2e-3)
    open_space = sigmoid((20 - y.v / volume_outside(y, p, env)) / 2)
    glia = supplied * glial_uptake(y.K_o, p.G_glia) + 2 * p.S / p.phi * glia_pump(y, p)
    return glia + p.eps * supplied * open_space * (y.K_o - p.K_bath)


_Rest = namedtuple("_Rest", "K_o V K_i Na_i Cl_i v O")


def at_rest(parts):
    """Name -> value of the states at rest with the published totals of Na+, Cl- and charge."""
    p, env, y = parts.Parameters(), Surroundings(alpha=ALPHA), parts.State()
    law, (cell,), ratio = Law(parts), parts.cells, env.alpha / p.phi

    def full(x):
        space = volume_outside(x, p, env)
        Na_o = (y.Na_i + ratio * y.Na_o - x.v * x.Na_i) / space
        Cl_o = (y.Cl_i + ratio * y.Cl_o - x.v * x.Cl_i) / space
        return y._replace(**x._asdict(), Na_o=Na_o, Cl_o=Cl_o, **cell.gates_at_rest(x.V))

    def equations(x):
        r = law.rates(full(x), p, env)
        charge = x.v * (x.K_i + x.Na_i - x.Cl_i) - (y.K_i + y.Na_i - y.Cl_i)
        return [r.K_o, charge, r.K_i, r.Na_i, r.Cl_i, r.v, r.O]

    start = _Rest(3.358, -80.959e-3, 137.138, 19.413, 4.158, 0.997, 29.9e-3)
    return full(balanced(equations, start))._asdict()


def potassium_reversal(y, p, env):
    """Nernst potential of K+ [V]."""
    return nernst(y.K_i, y.K_o, +1, temperature(p, env))


def published(added=(), synapses="none"):
    """The parts of the model; their states begin as published, which is not at rest."""
    joins = KINDS[synapses]
    bare = Compartment(
        "i",
        "cells",
        Inside,
        joined(Geometry, Membrane),
        (sodium, potassium, chloride, cotransport, *joins.mechanisms(area)),
        Capacitive(area),
        temperature=temperature,
    )
    cells = with_pumps((bare,), {"i": pump(turnover, Pump)}, added)
    glia = Reservoir(uptake, GliaAndBath, atp=glial_atp)
    pools = (Pool(Oxygen, Supply, oxygen_rate), *joins.pools(cells[0]))
    return Parts(Outside, cells, (glia,), Empirical(), pools)


def make(synapses, added=()):
    """The model with synapses, of KINDS, and with further mechanisms."""
    parts = published(added, synapses)
    return derived(
        parts,
        at_rest(parts),
        name="wei_ullah_schiff",
        summary="rest, seizure and SD in one neuron with cotransport, oxygen and swelling",
        observables={
            "alpha": ("1", extracellular_fraction),
            "E_K": ("mV", potassium_reversal),
        },
        reference="Wei, Ullah & Schiff 2014",
        parameter_set="Wei2014",
        alpha=ALPHA,
        **KINDS[synapses].traits,
    )


model = with_options(make, synapses=(*KINDS,))

"""Neuron and glia whose K+ release ignites: GHK currents of persistent Na+ and K+ channels.

    phi dc_n/dt = -S J_c,n,   phi_g dc_g/dt = -S_g J_c,g,   alpha dc_o/dt = S J_c,n + S_g J_c,g
    J_K + J_Na - J_Cl = 0 in the neuron and in the glia                quasi-steady V and V_g

Neuron: I_NaP = P_NaP m^2 h GHK_Na, I_KDR = P_KDR m^2 GHK_K, I_KA = P_KA m^2 h GHK_K, ohmic leaks
g (V - E_c), pump. Glia: inwardly rectifying K+ channel (Halnes et al. 2013), ohmic leaks of Na+ and
Cl-, pump, NKCC1. There is no transient Na+ current: the node is regenerative but does not spike, so
that V may be quasi-steady; the gate m_NaP must stay a state, since with it instantaneous V would
not be unique. Close to threshold: with half the pump the whole tissue ignites by itself. Every
exchange is electroneutral.

Options: glia = true or false; swelling = true lets water follow osmolarity through the membranes,
so that alpha becomes a state and contents alpha c_o and phi c_i are what is conserved, see
`volumes`; pump = "post_albers" makes all pumps E1/E2 cycles, as many as turn at rest like the
published ones; energy = true lets these follow ATP, see `metabolism`, and supply = "flow" the flow
of blood; glutamate = true adds what neurons release and NMDA receptors, see `glutamate`.

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495; Yao, Huang & Miura (2011), J Theor Biol.
    Mori (2015), Physica D 308, 94; Ellingsrud et al. (2022): parameters, from their code.
    Halnes et al. (2013), PLoS Comput Biol 9, e1003386: glial K+ channel.
    Mori (2015): swelling by osmosis at fixed contents of impermeant ions.
"""

from functools import partial

import numpy as np

from ecs_model.membrane.compartment import Compartment
from ecs_model.membrane.derivation import atp_use, derived
from ecs_model.membrane.mechanism import Concentrations, Conductance, Permeability, mechanism
from ecs_model.membrane.mechanisms import glutamate, metabolism
from ecs_model.membrane.mechanisms.channels import nkcc1, ohmic_leaks
from ecs_model.membrane.mechanisms.pumps import cycling_pump, densities_at_rest, hill_pump
from ecs_model.membrane.model import with_options
from ecs_model.membrane.parts import Parts, with_pumps
from ecs_model.membrane.potentials import QuasiSteady
from ecs_model.membrane.resting_state import at_rest
from ecs_model.membrane.volumes import Fixed, swelling
from ecs_model.physics.electrochemistry import nernst
from ecs_model.physics.gating import linoid
from ecs_model.physics.transporters import kir_current
from ecs_model.record import concentration, quantity, record
from ecs_model.units import FARADAY


@record
class Outside:
    """One node; the defaults are the exact resting state beside this extracellular space."""

    K_o = concentration(4.0, "extracellular potassium")
    Na_o = concentration(140.5, "extracellular sodium")
    Cl_o = concentration(113.0, "extracellular chloride")


# ---------------------------------------------------------------------------------------- neurons
@record
class InNeurons:
    """Contents of neurons."""

    K_i = concentration(130.0, "potassium in neurons")
    Na_i = concentration(9.3, "sodium in neurons")
    Cl_i = concentration(8.7, "chloride in neurons")


@record
class Neurons:
    """Each is a number or a field over the nodes."""

    S = quantity(5.3849e5, "1/m", "membrane area of neurons per tissue volume", low=0.0)
    phi = quantity(0.5, "1", "volume fraction of neurons", low=1e-6, high=1.0)


def m_NaP(u):
    """Activation of the persistent Na+ current."""
    opening = 1 / 6 / (1 + np.exp(-(0.143 * u + 5.67)))
    return opening, 1 / 6 - opening


def h_NaP(u):
    """Inactivation of the persistent Na+ current."""
    return 5.12e-6 * np.exp(-(0.056 * u + 2.94)), 1.6e-4 / (1 + np.exp(-(0.2 * u + 8)))


def m_KDR(u):
    """Activation of the delayed rectifier."""
    return 0.016 * linoid(u + 34.9, 5.0), 0.25 * np.exp(-(0.025 * u + 1.25))


def m_KA(u):
    """Activation of the transient K+ current."""
    return 0.02 * linoid(u + 56.9, 10.0), 0.0175 * linoid(-(u + 29.9), 10.0)


def h_KA(u):
    """Inactivation of the transient K+ current."""
    return 0.016 * np.exp(-(0.056 * u + 4.61)), 0.5 / (1 + np.exp(-(0.2 * u + 11.98)))


P = partial(quantity, unit="m/s", source="Mori", low=0.0)


@mechanism({"P_NaP": P(2e-7, meaning="permeability of the persistent Na+ current")}, (m_NaP, h_NaP))
def persistent_sodium(v, c, y, p, T):
    """Persistent Na+ current."""
    return {"Na": Permeability(p.P_NaP * y.m_NaP * y.m_NaP * y.h_NaP)}


@mechanism({"P_KDR": P(1e-5, meaning="permeability of the delayed rectifier")}, (m_KDR,))
def delayed_rectifier(v, c, y, p, T):
    """Delayed-rectifier K+ current."""
    return {"K": Permeability(p.P_KDR * y.m_KDR * y.m_KDR)}


@mechanism({"P_KA": P(1e-6, meaning="permeability of the transient K+ current")}, (m_KA, h_KA))
def transient_potassium(v, c, y, p, T):
    """Transient (A-type) K+ current."""
    return {"K": Permeability(p.P_KA * y.m_KA * y.m_KA * y.h_KA)}


leaks = ohmic_leaks(
    Na=("g_Na", quantity(0.02, "mS/cm^2", "Na+ leak", low=0.0)),
    K=("g_K", quantity(0.07, "mS/cm^2", "K+ leak", low=0.0)),
    Cl=("g_Cl", quantity(0.2, "mS/cm^2", "Cl- leak", low=0.0)),
)


@mechanism({"g_stim": quantity(0.0, "S/m^2", "further conductance to each of the ions", low=0.0)})
def stimulus(v, c, y, p, T):
    """A conductance to all ions alike."""
    return dict.fromkeys(("K", "Na", "Cl"), Conductance(p.g_stim))


neurons = Compartment(
    "i",
    "neurons",
    InNeurons,
    Neurons,
    (persistent_sodium, delayed_rectifier, transient_potassium, leaks, stimulus),
    QuasiSteady(3),
)


# ------------------------------------------------------------------------------------------- glia
@record
class InGlia:
    """Contents of glia."""

    K_g = concentration(130.0, "potassium in glia")
    Na_g = concentration(14.0, "sodium in glia")
    Cl_g = concentration(8.5, "chloride in glia")


@record
class Glia:
    """Each is a number or a field over the nodes."""

    S_g = quantity(6.3849e5, "1/m", "membrane area of glia per tissue volume", low=0.0)
    phi_g = quantity(0.3, "1", "volume fraction of glia", low=1e-6, high=1.0)


@mechanism(
    {
        "g_Kir": quantity(1.3, "S/m^2", "inward-rectifier K+ conductance", "Ellingsrud", low=0.0),
        "K_o_rest": quantity(4.0, "mM", "extracellular K+ at which g_Kir holds", low=1e-6),
        "K_g_rest": quantity(130.0, "mM", "K+ inside at which g_Kir holds", low=1e-6),
    }
)
def inward_rectifier(v, c, y, p, T):
    """Inwardly rectifying K+ channel, Kir4.1 (Halnes et al. 2013)."""
    inside, outside = c.K
    current = kir_current(v, inside, outside, p.K_g_rest, p.K_o_rest, p.g_Kir, T)
    return {"K": current / FARADAY}


glial_leaks = ohmic_leaks(
    Na=("g_Na_g", quantity(0.072, "S/m^2", "Na+ leak of glia", low=0.0)),
    Cl=("g_Cl_g", quantity(0.5, "S/m^2", "Cl- leak of glia", low=0.0)),
)
cotransport = nkcc1("I_NKCC1", quantity(8.13e-4, "A/m^2", "strength of NKCC1", low=0.0))


def potassium_reversal(c: Concentrations, T):
    """E_K [V], close to which glia rest."""
    return nernst(*c.K, +1, T)


glia = Compartment(
    "g",
    "glia",
    InGlia,
    Glia,
    (inward_rectifier, glial_leaks, cotransport),
    QuasiSteady(4, potassium_reversal),
    "S_g",
    "phi_g",
    coupled=True,
)


# ------------------------------------------------------------------------------------------ model
def _sites(suffix, current, cells):
    """The pump of some cells, with saturable sites."""
    most = quantity(current, "A/m^2", f"maximal current of the pump of {cells}", low=0.0)
    half = "at half-saturation of a site of the pump"
    Na, K = (quantity(c, "mM", f"{ion} {half}", low=0.0) for c, ion in ((7.7, "Na+"), (2.0, "K+")))
    return hill_pump({f"I_pump{suffix}": most, f"Na_50{suffix}": Na, f"K_50{suffix}": K})


SITES = {"i": _sites("", 0.1372, "neurons"), "g": _sites("_g", 0.0372, "glia")}
DENSITIES = {"i": "N_pump", "g": "N_pump_g"}
NEAR_REST = {"i": -68e-3, "g": -82e-3}  # potentials [V] where the search for rest begins


def make(with_glia, swells, fuelled, speaks, pump, supply, added=()):
    """The model with the given choices, and with further mechanisms."""
    metabolism.refuse_idle(fuelled, pump, supply)
    kinds = (neurons, glia) if with_glia else (neurons,)
    told = (glutamate.signals if speaks else glutamate.silence)(kinds, Outside)
    build = partial(with_pumps, told.kinds, added=added)
    cells = resting = build(SITES)
    y, p = at_rest(told.outside, resting, NEAR_REST)
    defaults = y._asdict() | told.at_rest(resting, y, p)
    if pump == "post_albers":
        cells = build({key: cycling_pump(name, fuelled) for key, name in DENSITIES.items()})
        defaults |= densities_at_rest(DENSITIES, build, resting, y, p)
    pools = [metabolism.pool(resting, atp_use(resting, y, p), p, supply)] if fuelled else []
    water = swelling(cells) if swells else Fixed()
    parts = told.heard(Parts(Outside, cells, volumes=water, pools=tuple(pools)))
    return derived(
        parts,
        defaults | water.impermeant_at_rest(parts, y),
        name="kager_mori",
        summary="neuron with persistent Na+ current, glia, swelling, energy: SD waves as measured",
        theta=0.75,
        parameter_set="Ellingsrud2022",
        reference="Kager et al. 2000; Yao et al. 2011; Mori 2015; Ellingsrud et al. 2022",
    )


model = with_options(
    lambda glia, swelling, energy, glutamate, **x: make(glia, swelling, energy, glutamate, **x),
    glia=(True, False),
    swelling=(False, True),
    pump=("hill", "post_albers"),
    energy=(False, True),
    supply=("exchange", "flow"),
    glutamate=(False, True),
)

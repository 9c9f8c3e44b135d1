"""Neuron with seizure-like oscillations of its ions: intracellular sodium, extracellular potassium.

    C dV/dt = -(I_Na + I_K + I_Cl - I_stim)                   without the current of the pump
    alpha dK_o/dt = S (I_K/F - 2 J_p) - alpha (J_glia + eps (K_o - K_bath))
    phi dNa_i/dt = -S (I_Na/F + 3 J_p)
    K_i = 140 + 18 - Na_i,   Na_o = 144 - phi/alpha (Na_i - 18)   [mM]

Published with beta = phi/alpha = 7; the strength of the pump was published per volume of cells and
is here per membrane area. K+ alone is exchanged with glia and bath, and K_i follows Na_i: the model
is not electroneutral and does not conserve K+. It has no spreading depolarization (pump and glia
are too strong). The membrane spikes; sub-steps follow the spikes.

References:
    Cressman, Ullah, Ziburkus, Schiff & Barreto (2009), J Comput Neurosci 26, 159; erratum 2011.
    Barreto & Cressman (2011), J Biol Phys 37, 361: the form with five states.
"""

from collections import namedtuple

from ecs_model.membrane.compartment import Compartment
from ecs_model.membrane.derivation import Law, derived
from ecs_model.membrane.mechanisms import hodgkin_huxley
from ecs_model.membrane.mechanisms.pumps import pump
from ecs_model.membrane.mechanisms.synapses import KINDS
from ecs_model.membrane.model import Surroundings, with_options
from ecs_model.membrane.parts import Parts, Reservoir, with_pumps
from ecs_model.membrane.potentials import Capacitive
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.transporters import glial_uptake, sigmoid_pump
from ecs_model.record import concentration, joined, quantity, record
from ecs_model.units import FARADAY

ALPHA = 0.125
AREA = 0.044494542 * FARADAY / 0.01  # membrane per volume of cells [1/m], the published gamma


@record
class Outside:
    """One node; the defaults are the state that does not change."""

    K_o = concentration(3.82844, "extracellular potassium")


@record
class Inside:
    """Contents and potential of the cell."""

    Na_i = concentration(19.9354, "intracellular sodium")
    V = quantity(-68.1107, "mV", "membrane potential")


@record
class Geometry:
    """Each is a number or a field over the nodes."""

    Cl_i = concentration(6.0, "intracellular chloride")
    Cl_o = concentration(130.0, "extracellular chloride")
    S = quantity(AREA * (1 - ALPHA), "1/m", "membrane area per tissue volume", low=0.0)
    phi = quantity(1 - ALPHA, "1", "intracellular volume fraction", low=1e-6, high=1.0)


@record
class Pump:
    """Strength of the pump."""

    rho = quantity(
        1.25e6 / AREA, "umol/m^2/s", "maximal turnover of the pump", "1.25 mM/s in cells", low=0.0
    )


@record
class GliaAndBath:
    """What takes K+ from the space outside."""

    G_glia = quantity(200 / 3, "mM/s", "maximal uptake by glia, per space outside", low=0.0)
    eps = quantity(4 / 3, "1/s", "rate of exchange with the bath", low=0.0)
    K_bath = quantity(4.0, "mM", "K+ in the bath", low=0.0)


def ions(y, p, env):
    """Pairs inside, outside [mM]; what is not followed makes up for intracellular sodium."""
    gained = y.Na_i - 18.0
    return {
        "K": (140.0 - gained, y.K_o),
        "Na": (y.Na_i, 144.0 - p.phi / env.alpha * gained),
        "Cl": (p.Cl_i, p.Cl_o),
    }


def turnover(v, c, y, p, T):
    """Turns of the pump [mol/m^2/s]."""
    return sigmoid_pump(c.Na[0], c.K[1], p.rho, 25.0, 3.0, 5.5)


def uptake(y, p, env):
    """K+ that glia and bath take from the space outside [mM/s]."""
    return glial_uptake(y.K_o, p.G_glia) + p.eps * (y.K_o - p.K_bath)


_Rest = namedtuple("_Rest", "K_o V Na_i")


def at_rest(parts):
    """Name -> value of the states that do not change."""
    p, env, y = parts.Parameters(), Surroundings(alpha=ALPHA), parts.State()
    law, (cell,) = Law(parts), parts.cells

    def full(x):
        return y._replace(**x._asdict(), **cell.gates_at_rest(x.V))

    def equations(x):
        rates = law.rates(full(x), p, env)
        return [rates.K_o, rates.V, rates.Na_i]

    return full(balanced(equations, _Rest(y.K_o, y.V, y.Na_i)))._asdict()


def make(synapses, added=()):
    """The model with synapses, of KINDS, and with further mechanisms."""
    joins = KINDS[synapses]
    channels = (
        hodgkin_huxley.delayed_rectifier,
        hodgkin_huxley.fast_sodium(),
        hodgkin_huxley.chloride_leak,
        *joins.mechanisms(),
    )
    bare = Compartment(
        "i",
        "cells",
        Inside,
        joined(Geometry, hodgkin_huxley.Membrane, hodgkin_huxley.Speed),
        channels,
        Capacitive(),
        pairs=ions,
        temperature=hodgkin_huxley.temperature,
    )
    cells = with_pumps((bare,), {"i": pump(turnover, Pump, electrogenic=False)}, added)
    reservoirs = (Reservoir(uptake, GliaAndBath),)
    parts = Parts(Outside, cells, reservoirs, pools=joins.pools(cells[0]))
    return derived(
        parts,
        at_rest(parts),
        name="barreto_cressman",
        summary="seizure-like oscillations of K+ and Na+ in a neuron beside glia and a bath",
        reference="Cressman et al. 2009, erratum 2011; Barreto & Cressman 2011",
        parameter_set="BarretoCressman2011",
        alpha=ALPHA,
        **joins.traits,
    )


model = with_options(make, synapses=(*KINDS,))

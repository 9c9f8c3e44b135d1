"""Reduced ion-based neuron with two stable states of its ions: rest and depolarised (FES).

    C dV/dt = -(I_Na + I_K + I_Cl + I_p - I_stim)
    phi dK_i/dt = -S J_K,   phi dCl_i/dt = -S J_Cl,   phi dNa_i/dt = -S (J_Cl - J_K)
    alpha dc_o/dt = +S J_c, and K_o exchanges with a reservoir

J_K = (I_K - 2 I_p)/F, J_Cl = -I_Cl/F; Na+ follows from electroneutrality, as published: what the
capacitor holds (0.01 mM) is neglected. Without any reservoir a closed cell is bistable. The
membrane spikes, so that V is a state and sub-steps follow the spikes.

Options: gates = "hn" (h slaved to n, g_Cl 0.02 mS/cm^2) or "h" (h a state, g_Cl 0.05); reservoir =
"closed", "bath" (K_o relaxes to K_bath) or "glia" (K+ binds to a buffer, state B). A reservoir
takes K+ alone: with it the model is not electroneutral. synapses = "none", "excitation" or
"excitation+inhibition" (not published): the model is electroneutral with them, as Na+ follows from
the currents of receptors, too.

References:
    Huebel, Schoell & Dahlem (2014), PLoS Comput Biol 10, e1003551.
    Huebel & Dahlem (2014), PLoS Comput Biol 10, e1003941 (ModelDB 167714: hn).
    ModelDB 187213: h.
    Kager, Wadman & Somjen (2000): the glial buffer.
"""

from collections import namedtuple

import numpy as np

from ecs_model.membrane.compartment import Compartment, exchange
from ecs_model.membrane.derivation import derived
from ecs_model.membrane.mechanisms import hodgkin_huxley
from ecs_model.membrane.mechanisms.pumps import pump
from ecs_model.membrane.mechanisms.synapses import KINDS
from ecs_model.membrane.model import Surroundings, with_options
from ecs_model.membrane.parts import Parts, Reservoir, with_pumps
from ecs_model.membrane.potentials import Capacitive
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.transporters import buffer_equilibrium, buffer_rate, sigmoid_pump
from ecs_model.record import concentration, joined, quantity, record
from ecs_model.units import FARADAY


@record
class Outside:
    """One node; the defaults are the exact resting state of the closed cell."""

    K_o = concentration(4.0, "extracellular potassium")
    Na_o = concentration(125.30555, "extracellular sodium")
    Cl_o = concentration(123.2716, "extracellular chloride")


@record
class Inside:
    """Contents and potential of the cell."""

    K_i = concentration(129.25764, "intracellular potassium")
    Na_i = concentration(25.231485, "intracellular sodium")
    Cl_i = concentration(9.900239, "intracellular chloride")
    V = quantity(-67.2, "mV", "membrane potential")


@record
class Geometry:
    """Each is a number or a field over the nodes."""

    S = quantity(0.75 * 4.26849e5, "1/m", "membrane area per tissue volume", low=0.0)
    phi = quantity(0.75, "1", "intracellular volume fraction", low=1e-6, high=1.0)


Cell = joined(Geometry, hodgkin_huxley.Membrane, hodgkin_huxley.Speed)


@record
class Pump:
    """Strength of the pump."""

    rho = quantity(6.8, "uA/cm^2", "maximal current of the pump", low=0.0)


@record
class Bath:
    """Exchange of K+ with a bath."""

    K_bath = quantity(4.0, "mM", "K+ in the bath", low=0.0)
    k_bath = quantity(0.03, "1/s", "rate of exchange with the bath", low=0.0)


@record
class Buffer:
    """K+ bound by glia."""

    B = concentration(0.0, "K+ bound by glia per extracellular volume")


@record
class GlialBuffer:
    """Binding of K+ by glia."""

    B_total = quantity(500.0, "mM", "capacity of the buffer", low=0.0)
    k_B = quantity(5e-5, "1/s", "rate of release", low=0.0)
    K_B = quantity(15.0, "mM", "K+ at which binding is half as fast as it can be", low=0.0)
    width_B = quantity(1.09, "mM", "how steeply binding rises with K+", low=1e-3)


TOTALS = {  # initial concentrations of the two published variants [mM]
    "hn": (4.0, 125.30555, 123.2716, 129.25764, 25.231485, 9.900239),
    "h": (3.9962559, 126.84917, 124.71021, 128.56935, 25.279156, 10.055541),
}
CHLORIDE = {"hn": 0.2, "h": 0.5}  # leak [S/m^2]
RATIO = 3.0  # cells to space between them


def slaved_inactivation(y):
    """Inactivation of the Na+ current that follows n."""
    return 1 - 1 / (1 + np.exp(-6.5 * (y.n - 0.35)))


def turnover(v, c, y, p, T):
    """Turns of the pump [mol/m^2/s]; each moves one net charge."""
    return sigmoid_pump(c.Na[0], c.K[1], p.rho, 25.0, 3.0, 5.5) / FARADAY


def to_bath(y, p, env):
    """K+ that the bath takes [mM/s]."""
    return p.k_bath * (y.K_o - p.K_bath)


def binding(y, p, env):
    """K+ that glia bind [mM/s]."""
    return buffer_rate(y.B, y.K_o, p.B_total, p.k_B, p.K_B, p.width_B)


RESERVOIRS = {
    "closed": (),
    "bath": (Reservoir(to_bath, Bath),),
    "glia": (Reservoir(binding, GlialBuffer, Buffer, store="B"),),
}
INACTIVATION = {"hn": slaved_inactivation, "h": None}
_Rest = namedtuple("_Rest", "V K_i Cl_i n")


def closed_ions(K_i, Cl_i, totals, ratio=RATIO):
    """All concentrations [mM] of a closed cell with the given contents, by name.

    Args:
        K_i: intracellular potassium [mM].
        Cl_i: intracellular chloride [mM].
        totals: initial K_o, Na_o, Cl_o, K_i, Na_i, Cl_i [mM] of the same cell.
        ratio: volume of cells to volume of the space between them.
    """
    K_o, Na_o, Cl_o, K_0, Na_0, Cl_0 = totals
    Na_i = Na_0 + K_0 - K_i - Cl_0 + Cl_i
    return {
        "K_i": K_i,
        "Na_i": Na_i,
        "Cl_i": Cl_i,
        "K_o": K_o + ratio * (K_0 - K_i),
        "Na_o": Na_o + ratio * (Na_0 - Na_i),
        "Cl_o": Cl_o + ratio * (Cl_0 - Cl_i),
    }


def at_rest(parts, p, totals):
    """Name -> value of the states at which the closed cell with the published totals rests."""
    (cell,), y, env = parts.cells, parts.State(), Surroundings()

    def full(x):
        gates = cell.gates_at_rest(x.V) | {"n": x.n}
        return y._replace(V=x.V, **closed_ions(x.K_i, x.Cl_i, totals), **gates)

    def equations(x):
        now = exchange(cell, full(x), p, env)
        dV, dn, *_ = cell.rates(now, full(x), p)
        return [now.ions["K"], now.ions["Cl"], dV, dn]

    start = _Rest(-67e-3, totals[3], totals[5], cell.gates["n"].at_rest(-67e-3))
    return full(balanced(equations, start))._asdict()


def make(gates, reservoir, synapses, added=()):
    """The model with the given choices, and with further mechanisms."""
    joins = KINDS[synapses]
    channels = (
        hodgkin_huxley.delayed_rectifier,
        hodgkin_huxley.fast_sodium(INACTIVATION[gates]),
        hodgkin_huxley.chloride_leak,
        *joins.mechanisms(),
    )
    bare = Compartment(
        "i",
        "cells",
        Inside,
        Cell,
        channels,
        Capacitive(),
        balance="Na",
        temperature=hodgkin_huxley.temperature,
    )
    cells = with_pumps((bare,), {"i": pump(turnover, Pump)}, added)
    pools = joins.pools(cells[0])
    parts = Parts(Outside, cells, RESERVOIRS[reservoir], pools=pools)
    p = parts.Parameters()._replace(g_Cl=CHLORIDE[gates])
    defaults = at_rest(Parts(Outside, cells, pools=pools), p, TOTALS[gates]) | {"g_Cl": p.g_Cl}
    if reservoir == "bath":
        defaults["K_bath"] = defaults["K_o"]
    if reservoir == "glia":
        defaults["B"] = buffer_equilibrium(defaults["K_o"], p.B_total, p.K_B, p.width_B)
    return derived(
        parts,
        defaults,
        name="huebel_dahlem",
        summary="reduced ion-based neuron: rest and depolarised state of the ions, both stable",
        reference="Huebel, Schoell & Dahlem 2014; Huebel & Dahlem 2014",
        parameter_set={"hn": "Huebel2014", "h": "HuebelDahlem2014"}[gates],
        alpha=0.25,
        **joins.traits,
    )


model = with_options(
    make, gates=("hn", "h"), reservoir=("closed", "bath", "glia"), synapses=(*KINDS,)
)

"""Reduced ion-based neuron with two stable states of its ions: rest and depolarised (FES).

    C dV/dt = -(I_Na + I_K + I_Cl + I_p - I_stim)
    phi dK_i/dt = -S J_K,   phi dCl_i/dt = -S J_Cl,   phi dNa_i/dt = -S (J_Cl - J_K)
    alpha dc_o/dt = +S J_c, and K_o exchanges with a reservoir

J_K = (I_K - 2 I_p)/F, J_Cl = -I_Cl/F; Na+ follows from electroneutrality, as published: what the
capacitor holds (0.01 mM) is neglected. Without any reservoir a closed cell is bistable. The
membrane spikes, so that V is a state and sub-steps follow the spikes.

Options: gates = "hn" (h slaved to n, g_Cl 0.02 mS/cm^2) or "h" (h a state, g_Cl 0.05); reservoir =
"closed", "bath" (K_o relaxes to K_bath) or "glia" (K+ binds to a buffer, state B). A reservoir
takes K+ alone: with it the model is not electroneutral.

References:
    Huebel, Schoell & Dahlem (2014), PLoS Comput Biol 10, e1003941 (ModelDB 167714: hn).
    Huebel & Dahlem (2014), PLoS Comput Biol 10, e1003551 (ModelDB 187213: h).
    Kager, Wadman & Somjen (2000): the glial buffer.
"""

from collections import namedtuple

import numpy as np

from ecs_model.membrane.model import MembraneModel, Surroundings, with_options
from ecs_model.membrane.models import energy, hodgkin_huxley
from ecs_model.membrane.models.hodgkin_huxley import gate
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.gating import steady_gate
from ecs_model.physics.transporters import buffer_equilibrium, buffer_rate, sigmoid_pump
from ecs_model.record import concentration, joined, quantity, record
from ecs_model.units import FARADAY


@record
class State:
    """One node; the defaults are the exact resting state of the closed cell."""

    K_o = concentration(4.0, "extracellular potassium")
    Na_o = concentration(125.30555, "extracellular sodium")
    Cl_o = concentration(123.2716, "extracellular chloride")
    K_i = concentration(129.25764, "intracellular potassium")
    Na_i = concentration(25.231485, "intracellular sodium")
    Cl_i = concentration(9.900239, "intracellular chloride")
    V = quantity(-67.2, "mV", "membrane potential")
    n = gate(0.07, "activation of the delayed rectifier")


@record
class Inactivation:
    """With h as a state."""

    h = gate(0.97, "inactivation of the fast Na+ current")


@record
class Buffer:
    """With glia."""

    B = concentration(0.0, "K+ bound by glia per extracellular volume")


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    rho = quantity(6.8, "uA/cm^2", "maximal current of the pump", low=0.0)
    S = quantity(0.75 * 4.26849e5, "1/m", "membrane area per tissue volume", low=0.0)
    phi = quantity(0.75, "1", "intracellular volume fraction", low=1e-6, high=1.0)


@record
class Bath:
    """Exchange of K+ with a bath."""

    K_bath = quantity(4.0, "mM", "K+ in the bath", low=0.0)
    k_bath = quantity(0.03, "1/s", "rate of exchange with the bath", low=0.0)


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


def slaved_inactivation(n):
    """Inactivation of the Na+ current that follows n."""
    return 1 - 1 / (1 + np.exp(-6.5 * (n - 0.35)))


def pump_current(y, p):
    """Net outward current of the pump [A/m^2]."""
    return sigmoid_pump(y.Na_i, y.K_o, p.rho, 25.0, 3.0, 5.5)


def _currents(y, p, h):
    return (
        hodgkin_huxley.sodium_current(y.V, h, y.Na_i, y.Na_o, p),
        hodgkin_huxley.potassium_current(y.V, y.n, y.K_i, y.K_o, p),
        hodgkin_huxley.chloride_current(y.V, y.Cl_i, y.Cl_o, p),
        pump_current(y, p),
    )


def _inactivation(y):
    return y.h if hasattr(y, "h") else slaved_inactivation(y.n)


def fluxes(y, p, env):
    """Outward flux of K+ and Cl- [mol/m^2/s], rates of V [V/s] and of the gates [1/s]."""
    I_Na, I_K, I_Cl, I_p = _currents(y, p, _inactivation(y))
    dV = -(I_Na + I_K + I_Cl + I_p - p.I_stim) / p.C
    gates = [hodgkin_huxley.n_rate(y.V, y.n, p)]
    if hasattr(y, "h"):
        gates.append(hodgkin_huxley.h_rate(y.V, y.h, p))
    return [(I_K - 2 * I_p) / FARADAY, -I_Cl / FARADAY, dV, *gates]


def bath_rate(y, p):
    """K+ that the bath gives [mM/s]."""
    return p.k_bath * (p.K_bath - y.K_o)


def binding_rate(y, p):
    """K+ that glia bind [mM/s]."""
    return buffer_rate(y.B, y.K_o, p.B_total, p.k_B, p.K_B, p.width_B)


RESERVOIRS = {"closed": None, "bath": bath_rate, "glia": binding_rate}


def contents(y, p, env):
    """Ions inside cells, and K+ bound by glia [mol per m^3 of tissue]."""
    bound = env.alpha * y.B if hasattr(y, "B") else 0.0
    return {"K": p.phi * y.K_i + bound, "Na": p.phi * y.Na_i, "Cl": p.phi * y.Cl_i}


def atp_use(y, p, env):
    """ATP that the pump splits per volume of tissue [mM/s]; a turn moves one net charge."""
    return p.S * pump_current(y, p) / FARADAY


def outflow(y, p, env):
    """Net outward flux of ions [mol/m^2/s]; Na+ from electroneutrality, as published."""
    J_K, J_Cl = fluxes(y, p, env)[:2]
    return {"K": J_K, "Na": J_Cl - J_K, "Cl": J_Cl}


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
        "K_i": K_i, "Na_i": Na_i, "Cl_i": Cl_i, "K_o": K_o + ratio * (K_0 - K_i),
        "Na_o": Na_o + ratio * (Na_0 - Na_i), "Cl_o": Cl_o + ratio * (Cl_0 - Cl_i),
    }  # fmt: skip


def _rest(state, p, totals):
    """Defaults at which the closed cell with the published totals rests."""

    def full(x):
        inactive = (
            {"h": steady_gate(*hodgkin_huxley.h_rates(1e3 * x.V))} if "h" in state._fields else {}
        )
        return state()._replace(V=x.V, n=x.n, **closed_ions(x.K_i, x.Cl_i, totals), **inactive)

    def equations(x):
        J_K, J_Cl, dV, dn, *_ = fluxes(full(x), p, Surroundings())
        return [J_K, J_Cl, dV, dn]

    start = _Rest(-67e-3, totals[3], totals[5], steady_gate(*hodgkin_huxley.n_rates(-67.0)))
    return full(balanced(equations, start))._asdict()


def make(gates, reservoir):
    """The model with the given choices."""
    table = joined(Parameters, hodgkin_huxley.Channels, *TABLES[reservoir], g_Cl=CHLORIDE[gates])
    with_h = [Inactivation] if gates == "h" else []
    with_B = [Buffer] if reservoir == "glia" else []
    state = joined(State, *with_h)
    state = joined(state, *with_B, **_rest(state, table(), TOTALS[gates]))
    if reservoir == "bath":
        table = joined(table, K_bath=state().K_o)
    if reservoir == "glia":
        p = table()
        bound = buffer_equilibrium(state().K_o, p.B_total, p.K_B, p.width_B)
        state = joined(state, B=bound)
    return _model(state, table, reservoir)


def _model(state, table, reservoir):
    supply = RESERVOIRS[reservoir]

    def all_fluxes(y, p, env):
        """Fluxes [mol/m^2/s], rates of V and gates, and K+ from the reservoir [mM/s]."""
        return fluxes(y, p, env) + ([supply(y, p)] if supply else [])

    def spread(x, p, env):
        """Rates of the state that they cause."""
        return _spread(state, x, p, env, supply is binding_rate)

    def rhs(y, p, env):
        """Time derivative of the state."""
        return spread(all_fluxes(y, p, env), p, env)

    return MembraneModel(
        name="huebel_dahlem",
        summary="reduced ion-based neuron: rest and depolarised state of the ions, both stable",
        State=state,
        Parameters=table,
        rhs=rhs,
        fluxes=all_fluxes,
        spread=spread,
        observables=energy.paid_by(atp_use),
        contents=contents,
        reference="Huebel, Schoell & Dahlem 2014; Huebel & Dahlem 2014",
        alpha=0.25,
        packed=("S", "phi"),
        outflow=outflow,
        closed=reservoir != "bath",
        electroneutral=reservoir == "closed",
    )


def _spread(state, x, p, env, binds):
    J_K, J_Cl, dV, *gates = x
    outside, inside = p.S / env.alpha, -p.S / p.phi
    J_Na, rest = J_Cl - J_K, {}
    if binds:
        *gates, rest["B"] = gates
    h = "h" in state._fields
    supplied = gates[1 + h] if len(gates) > 1 + h else 0.0
    if h:
        rest["h"] = gates[1]
    return state(
        K_o=outside * J_K + supplied - rest.get("B", 0.0),
        Na_o=outside * J_Na,
        Cl_o=outside * J_Cl,
        K_i=inside * J_K,
        Na_i=inside * J_Na,
        Cl_i=inside * J_Cl,
        V=dV,
        n=gates[0],
        **rest,
    )


TABLES = {"closed": [], "bath": [Bath], "glia": [GlialBuffer]}
model = with_options(make, gates=("hn", "h"), reservoir=("closed", "bath", "glia"))

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

from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.models import energy
from ecs_model.membrane.models.hodgkin_huxley import PER_MILLISECOND, gate, temperature
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.electrochemistry import nernst
from ecs_model.physics.gating import gate_rate, linoid, steady_gate
from ecs_model.physics.transporters import (
    glial_uptake,
    kcc2_flux,
    nkcc1_flux,
    sigmoid,
    sigmoid_pump,
)
from ecs_model.record import concentration, joined, quantity, record
from ecs_model.units import FARADAY

ALPHA = 0.125
AREA = 3 / 7e-6  # membrane per volume of a sphere with a radius of 7 um [1/m]


@record
class Published:
    """The published initial state, which is not at rest."""

    K_o = concentration(4.0, "extracellular potassium")
    Na_o = concentration(144.0, "extracellular sodium")
    Cl_o = concentration(130.0, "extracellular chloride")
    K_i = concentration(140.0, "intracellular potassium")
    Na_i = concentration(18.0, "intracellular sodium")
    Cl_i = concentration(6.0, "intracellular chloride")
    V = quantity(-74.3, "mV", "membrane potential")
    m = gate(0.0031, "activation of the fast Na+ current")
    h = gate(0.9994, "inactivation of the fast Na+ current")
    n = gate(0.0107, "activation of the delayed rectifier")
    v = quantity(1.0, "1", "volume of cells, relative to rest", low=0.0)
    O = quantity(29.3, "mg/L", "oxygen", low=0.0)  # noqa: E741


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    g_Na = quantity(30.0, "mS/cm^2", "fast Na+ conductance", low=0.0)
    g_Na_leak = quantity(0.0247, "mS/cm^2", "Na+ leak", low=0.0)
    g_K = quantity(25.0, "mS/cm^2", "delayed-rectifier K+ conductance", low=0.0)
    g_K_leak = quantity(0.05, "mS/cm^2", "K+ leak", low=0.0)
    g_Cl = quantity(0.1, "mS/cm^2", "Cl- leak", low=0.0)
    C = quantity(1.0, "uF/cm^2", "membrane capacitance", low=1e-6)
    rho = quantity(
        0.8e6 / AREA, "umol/m^2/s", "turnover of the pump with all oxygen", "0.8 mM/s in cells",
        low=0.0,
    )  # fmt: skip
    U_KCC2 = quantity(0.3e6 / AREA, "umol/m^2/s", "strength of KCC2", "0.3 mM/s", low=0.0)
    U_NKCC1 = quantity(0.1e6 / AREA, "umol/m^2/s", "strength of NKCC1", "0.1 mM/s", low=0.0)
    G_glia = quantity(5.0, "mM/s", "maximal uptake by glia, per space outside", low=0.0)
    eps = quantity(0.25, "1/s", "rate of exchange with the bath", low=0.0)
    K_bath = quantity(3.5, "mM", "K+ in the bath", low=0.0)
    O_bath = quantity(32.0, "mg/L", "oxygen in the bath", low=0.0)
    O_use = quantity(5.3, "g/mol", "oxygen that a turn of the pump uses", low=0.0)
    k_O = quantity(0.17, "1/s", "rate of exchange of oxygen with the bath", low=0.0)
    A_i = quantity(132.0, "mM", "impermeant ions inside at rest", low=0.0)
    A_o = quantity(18.0, "mM", "impermeant ions outside at rest", low=0.0)
    tau_v = quantity(0.25, "s", "time constant of swelling", low=1e-6)
    V_T = quantity(26.64, "mV", "R T / F of the published model (36 C)", low=1e-3)
    I_stim = quantity(0.0, "uA/cm^2", "depolarising current from an electrode")
    S = quantity(AREA * (1 - ALPHA), "1/m", "membrane area at rest per tissue volume", low=0.0)
    phi = quantity(1 - ALPHA, "1", "intracellular volume fraction at rest", low=1e-6, high=1.0)


def m_rates(u):
    """Opening and closing rate [1/ms] of m at `u` [mV]."""
    return 0.32 * linoid(u + 54, 4.0), 0.28 * linoid(-(u + 27), 5.0)


def h_rates(u):
    """Opening and closing rate [1/ms] of h at `u` [mV]."""
    return 0.128 * np.exp(-(u + 50) / 18), 4 / (1 + np.exp(-(u + 27) / 5))


def n_rates(u):
    """Opening and closing rate [1/ms] of n at `u` [mV]."""
    return 0.032 * linoid(u + 52, 5.0), 0.5 * np.exp(-(u + 57) / 40)


def volume_outside(y, p, env):
    """Extracellular volume, in units of the cells' volume at rest."""
    return 1 + env.alpha / p.phi - y.v


def share_outside(y, p, env):
    """Extracellular volume relative to rest."""
    return volume_outside(y, p, env) * p.phi / env.alpha


def extracellular_fraction(y, p, env):
    """Extracellular volume per tissue volume."""
    return env.alpha * share_outside(y, p, env)


def oxygen_factor(y, p):
    """Strength of the pump that the oxygen allows [mol/m^2/s]."""
    return p.rho * sigmoid((y.O - 20e-3) / 3e-3)


def pump(y, p):
    """Turnover of the neuron's pump [mol/m^2/s]."""
    return sigmoid_pump(y.Na_i, y.K_o, oxygen_factor(y, p), 25.0, 3.0, 3.5)


def glia_pump(y, p):
    """Turnover of the glial pump [mol/m^2/s of neuronal membrane]."""
    return sigmoid_pump(18.0, y.K_o, oxygen_factor(y, p) / 3, 25.0, 3.0, 3.5)


def currents(y, p):
    """Outward currents [A/m^2] of Na+, K+ and Cl- through channels."""
    T = temperature(p)
    E_Na, E_K = nernst(y.Na_i, y.Na_o, +1, T), nernst(y.K_i, y.K_o, +1, T)
    I_Na = (p.g_Na_leak + p.g_Na * y.m * y.m * y.m * y.h) * (y.V - E_Na)
    I_K = (p.g_K_leak + p.g_K * y.n * y.n * y.n * y.n) * (y.V - E_K)
    return I_Na, I_K, p.g_Cl * (y.V - nernst(y.Cl_i, y.Cl_o, -1, T))


def outflow(y, p, env):
    """Net outward flux of ions per membrane area at rest [mol/m^2/s]."""
    I_Na, I_K, I_Cl = currents(y, p)
    area = np.exp(2 / 3 * np.log(y.v)) / FARADAY
    J_p = pump(y, p)
    J_KCC2 = kcc2_flux(y.K_i, y.K_o, y.Cl_i, y.Cl_o, p.U_KCC2)
    gate = p.U_NKCC1 * sigmoid(y.K_o - 16.0)
    J_NKCC1 = nkcc1_flux(y.Na_i, y.Na_o, y.K_i, y.K_o, y.Cl_i, y.Cl_o, gate)
    return {
        "K": area * I_K + y.v * (J_KCC2 + J_NKCC1 - 2 * J_p),
        "Na": area * I_Na + y.v * (J_NKCC1 + 3 * J_p),
        "Cl": -area * I_Cl + y.v * (J_KCC2 + 2 * J_NKCC1),
    }


def reservoir(y, p, env):
    """K+ that glia and bath take from the space outside [mM/s]."""
    supplied = sigmoid((p.O_bath - 2.5e-3) / 0.2e-3)
    open_space = sigmoid((20 - y.v / volume_outside(y, p, env)) / 2)
    glia = supplied * glial_uptake(y.K_o, p.G_glia) + 2 * p.S / p.phi * glia_pump(y, p)
    return glia + p.eps * supplied * open_space * (y.K_o - p.K_bath)


def swelling(y, p, env):
    """Rate of the cells' relative volume [1/s]."""
    inside = y.Na_i + y.K_i + y.Cl_i + p.A_i / y.v
    outside = y.Na_o + y.K_o + y.Cl_o + p.A_o / share_outside(y, p, env)
    wanted = 1.1029 - 0.1029 * np.exp((outside - inside) / 20)
    return (wanted - y.v) / p.tau_v


def potential_rate(y, p):
    """Rate of the membrane potential [V/s]."""
    pumped = np.exp(np.log(y.v) / 3) * FARADAY * pump(y, p)
    return -(sum(currents(y, p)) + pumped - p.I_stim) / p.C


def oxygen_rate(y, p):
    """Rate of oxygen [kg/m^3/s]."""
    turns = p.S / p.phi * (pump(y, p) + glia_pump(y, p))
    return p.k_O * (p.O_bath - y.O) - p.O_use * turns


def rhs(y, p, env):
    """Time derivative of the state."""
    J, u, dv = outflow(y, p, env), 1e3 * y.V, swelling(y, p, env)
    area, space = p.S / p.phi, volume_outside(y, p, env)
    inside = lambda J, c: -(area * J + c * dv) / y.v  # noqa: E731
    outside = lambda J, c: (area * J + c * dv) / space  # noqa: E731
    return Published(
        K_o=outside(J["K"], y.K_o) - reservoir(y, p, env),
        Na_o=outside(J["Na"], y.Na_o),
        Cl_o=outside(J["Cl"], y.Cl_o),
        K_i=inside(J["K"], y.K_i),
        Na_i=inside(J["Na"], y.Na_i),
        Cl_i=inside(J["Cl"], y.Cl_i),
        V=potential_rate(y, p),
        m=PER_MILLISECOND * gate_rate(*m_rates(u), y.m),
        h=PER_MILLISECOND * gate_rate(*h_rates(u), y.h),
        n=PER_MILLISECOND * gate_rate(*n_rates(u), y.n),
        v=dv,
        O=oxygen_rate(y, p),
    )


_Rest = namedtuple("_Rest", "K_o V K_i Na_i Cl_i v O")


def _at_rest(x, p, env):
    """The whole state, with the published totals of Na+ and Cl-."""
    first, u = Published(), 1e3 * x.V
    space, ratio = volume_outside(x, p, env), env.alpha / p.phi
    gates = [steady_gate(*rates(u)) for rates in (m_rates, h_rates, n_rates)]
    Na_o = (first.Na_i + ratio * first.Na_o - x.v * x.Na_i) / space
    Cl_o = (first.Cl_i + ratio * first.Cl_o - x.v * x.Cl_i) / space
    return Published(x.K_o, Na_o, Cl_o, x.K_i, x.Na_i, x.Cl_i, x.V, *gates, x.v, x.O)


def _rest():
    """The resting state with the published totals of Na+ and Cl- and charge of the cell."""
    p, env, first = Parameters(), Surroundings(alpha=ALPHA), Published()
    charge = first.K_i + first.Na_i - first.Cl_i

    def equations(x):
        r = rhs(_at_rest(x, p, env), p, env)
        held = x.v * (x.K_i + x.Na_i - x.Cl_i) - charge
        return [r.K_o, held, r.K_i, r.Na_i, r.Cl_i, r.v, r.O]

    start = _Rest(3.358, -80.959e-3, 137.138, 19.413, 4.158, 0.997, 29.9e-3)
    return _at_rest(balanced(equations, start), p, env)


def atp_use(y, p, env):
    """ATP that the pumps of neuron and glia split per volume of tissue [mM/s]."""
    return p.S * (y.v * pump(y, p) + volume_outside(y, p, env) * glia_pump(y, p))


def contents(y, p, env):
    """Ions inside cells [mol per m^3 of tissue]."""
    inside = p.phi * y.v
    return {"K": inside * y.K_i, "Na": inside * y.Na_i, "Cl": inside * y.Cl_i}


State = joined(Published, **_rest()._asdict())
model = MembraneModel(
    name="wei_ullah_schiff",
    summary="rest, seizure and SD in one neuron with cotransport, oxygen and swelling",
    State=State,
    Parameters=Parameters,
    rhs=rhs,
    observables={
        **energy.paid_by(atp_use),
        "alpha": ("1", extracellular_fraction),
        "E_K": ("mV", lambda y, p, env: nernst(y.K_i, y.K_o, +1, temperature(p))),
    },
    contents=contents,
    reference="Wei, Ullah & Schiff 2014",
    alpha=ALPHA,
    packed=("S", "phi"),
    outflow=outflow,
    closed=False,
    electroneutral=False,
)

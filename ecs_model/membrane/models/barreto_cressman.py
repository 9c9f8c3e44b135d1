"""Neuron with seizure-like oscillations of its ions: sodium inside, potassium outside.

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

from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.models import energy, hodgkin_huxley
from ecs_model.membrane.models.hodgkin_huxley import gate
from ecs_model.membrane.resting_state import balanced
from ecs_model.physics.gating import steady_gate
from ecs_model.physics.transporters import glial_uptake, sigmoid_pump
from ecs_model.record import concentration, joined, quantity, record
from ecs_model.units import FARADAY

ALPHA = 0.125
AREA = 0.044494542 * FARADAY / 0.01  # membrane per volume of cells [1/m], the published gamma


@record
class Near:
    """One node, close to rest."""

    K_o = concentration(3.82844, "extracellular potassium")
    V = quantity(-68.1107, "mV", "membrane potential")
    n = gate(0.07, "activation of the delayed rectifier")
    h = gate(0.97, "inactivation of the fast Na+ current")
    Na_i = concentration(19.9354, "intracellular sodium")


@record
class Own:
    """Each is a number or a field over the nodes."""

    rho = quantity(
        1.25e6 / AREA, "umol/m^2/s", "maximal turnover of the pump", "1.25 mM/s in cells", low=0.0
    )
    G_glia = quantity(200 / 3, "mM/s", "maximal uptake by glia, per space outside", low=0.0)
    eps = quantity(4 / 3, "1/s", "rate of exchange with the bath", low=0.0)
    K_bath = quantity(4.0, "mM", "K+ in the bath", low=0.0)
    Cl_i = concentration(6.0, "intracellular chloride")
    Cl_o = concentration(130.0, "extracellular chloride")
    S = quantity(AREA * (1 - ALPHA), "1/m", "membrane area per tissue volume", low=0.0)
    phi = quantity(1 - ALPHA, "1", "intracellular volume fraction", low=1e-6, high=1.0)


Parameters = joined(Own, hodgkin_huxley.Channels)


def potassium_inside(y):
    """Intracellular potassium [mM], which makes up for sodium."""
    return 140.0 + (18.0 - y.Na_i)


def sodium_outside(y, p, env):
    """Extracellular sodium [mM], which left the cells."""
    return 144.0 - p.phi / env.alpha * (y.Na_i - 18.0)


def pump(y, p):
    """Turnover of the pump [mol/m^2/s]."""
    return sigmoid_pump(y.Na_i, y.K_o, p.rho, 25.0, 3.0, 5.5)


def _currents(y, p, env):
    return (
        hodgkin_huxley.sodium_current(y.V, y.h, y.Na_i, sodium_outside(y, p, env), p),
        hodgkin_huxley.potassium_current(y.V, y.n, potassium_inside(y), y.K_o, p),
        hodgkin_huxley.chloride_current(y.V, p.Cl_i, p.Cl_o, p),
    )


def reservoir(y, p):
    """K+ that glia and bath take from the space outside [mM/s]."""
    return glial_uptake(y.K_o, p.G_glia) + p.eps * (y.K_o - p.K_bath)


def outflow(y, p, env):
    """Net outward flux of ions [mol/m^2/s]."""
    I_Na, I_K, I_Cl = _currents(y, p, env)
    J_p = pump(y, p)
    return {"K": I_K / FARADAY - 2 * J_p, "Na": I_Na / FARADAY + 3 * J_p, "Cl": -I_Cl / FARADAY}


def rhs(y, p, env):
    """Time derivative of the state."""
    J = outflow(y, p, env)
    return Near(
        K_o=p.S / env.alpha * J["K"] - reservoir(y, p),
        V=-(sum(_currents(y, p, env)) - p.I_stim) / p.C,
        n=hodgkin_huxley.n_rate(y.V, y.n, p),
        h=hodgkin_huxley.h_rate(y.V, y.h, p),
        Na_i=-p.S / p.phi * J["Na"],
    )


_Rest = namedtuple("_Rest", "K_o V Na_i")


def _rest():
    """The state that does not change."""
    p, env, y = Parameters(), Surroundings(alpha=ALPHA), Near()

    def full(x):
        n, h = hodgkin_huxley.n_rates(1e3 * x.V), hodgkin_huxley.h_rates(1e3 * x.V)
        return Near(x.K_o, x.V, steady_gate(*n), steady_gate(*h), x.Na_i)

    def equations(x):
        rates = rhs(full(x), p, env)
        return [rates.K_o, rates.V, rates.Na_i]

    return full(balanced(equations, _Rest(y.K_o, y.V, y.Na_i)))


State = joined(Near, **_rest()._asdict())
model = MembraneModel(
    name="barreto_cressman",
    summary="seizure-like oscillations of K+ and Na+ in a neuron beside glia and a bath",
    State=State,
    Parameters=Parameters,
    rhs=rhs,
    observables=energy.paid_by(lambda y, p, env: p.S * pump(y, p)),
    reference="Cressman et al. 2009, erratum 2011; Barreto & Cressman 2011",
    alpha=ALPHA,
    packed=("S", "phi"),
    outflow=outflow,
    closed=False,
    electroneutral=False,
)

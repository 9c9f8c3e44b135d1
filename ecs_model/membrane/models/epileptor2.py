"""Epileptor-2: a population of neurons that fires in bursts and seizures as its ions move.

    dK/dt   = s ((K_bath - K)/tau_K - 2 gamma I_p + dK nu),        s = 0.2/alpha
    dNa/dt  = (Na_0 - Na)/tau_Na - 3 I_p + dNa nu
    tau_m dV/dt = -V + u,  u = gain_K E ln(K/K_0) + G phi (x - 1/2) + I
    dx/dt   = (1 - x)/tau_x - dx x nu
    I_p     = J_pump / ((1 + exp(3.5 - K)) (1 + exp((25 - Na)/3)))    K, Na in mM
    nu      = nu_max [tanh((V - V_th)/k)]_+

I may be noisy: its published white noise sigma_n xi has the intensity sigma_n^2 0.5 ms (or 1 ms).

There are no spikes: V is a depolarization of the population from rest, nu its firing rate, x the
resource of its synapses. phi is the rate that reaches the synapses, that of the node itself unless
synapses join nodes. K+ of spikes, pump and vessels are per volume of tissue, so that they change
[K+]o in proportion to 1/alpha; with `bath` diffusion K+ reaches the bath through the
extracellular space instead, tau_K (lambda/1.6)^2 whatever alpha is. Na+ is per cell.

It has no depolarization block and no chloride, and conserves neither K+ nor charge: it tells how
seizures begin, recruit and end, not how near tissue is to spreading depolarization.

References:
    Chizhov, Zefirov, Amakhin, Smirnova & Zaitsev (2018), PLoS Comput Biol 14, e1006186.
    Chizhov & Sanin (2020), PLoS ONE 15, e0230787: in space.
"""

from collections import namedtuple

import numpy as np

from ecs_model.membrane.drives import received
from ecs_model.membrane.model import MembraneModel, Surroundings, with_options
from ecs_model.membrane.resting_state import balanced
from ecs_model.record import Record, concentration, joined, quantity, record

ALPHA, TORTUOSITY = 0.2, 1.6  # of the tissue that the published numbers belong to


@record
class Contents(Record):
    """One node; the defaults are the state that does not change."""

    K_o = concentration(6.07209, "extracellular potassium")
    Na_i = concentration(9.927163, "intracellular sodium")
    V = quantity(18.7, "mV", "depolarization from rest")
    x = quantity(1.0, "1", "synaptic resource", low=0.0, high=1.0)


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    K_bath = quantity(8.5, "mM", "K+ in the bath or in vessels", low=0.0)
    K_0 = quantity(3.0, "mM", "K+ at which K+ does not depolarize", low=1e-3)
    Na_0 = quantity(10.0, "mM", "Na+ in cells without pump and firing", low=0.0)
    tau_K = quantity(100.0, "s", "time of the exchange of K+ with the bath", low=1e-3)
    tau_Na = quantity(20.0, "s", "time of the recovery of Na+", low=1e-3)
    tau_m = quantity(10.0, "ms", "time of the membrane", low=1e-3)
    tau_x = quantity(2.0, "s", "time of the recovery of the resource", low=1e-3)
    dK = quantity(0.04, "mM", "K+ released by a spike; 0.02 for one cell", low=0.0)
    dNa = quantity(0.03, "mM", "Na+ that enters with a spike", low=0.0)
    dx = quantity(0.01, "1", "share of the resource that a spike takes", low=0.0, high=1.0)
    gamma = quantity(10.0, "1", "volume ratio of cells and the space that they share", low=0.0)
    J_pump = quantity(0.2, "mM/s", "maximal rate of the pump", "published rho", low=0.0)
    gain_K = quantity(
        1.0, "1", "share of the K+ potential that depolarizes", "also 0.5; published g_K", low=0.0
    )
    E = quantity(26.6, "mV", "R T / F", low=0.0)
    G = quantity(1.0, "mV*s", "synaptic gain; 5 in a focus", low=0.0)
    V_th = quantity(25.0, "mV", "threshold of firing")
    k_V = quantity(20.0, "mV", "depolarization in which firing saturates", low=1e-3)
    nu_max = quantity(100.0, "Hz", "highest firing rate", low=0.0)
    I = quantity(0.0, "mV", "depolarization by an injected current")  # noqa: E741


def unrectified_rate(y, p, env):
    """What the firing rate would be [Hz] if it could be negative: below 0, distance from firing."""
    return p.nu_max * np.tanh((y.V - p.V_th) / p.k_V)


def rate(y, p, env):
    """Firing rate [Hz]."""
    return np.maximum(0.0, unrectified_rate(y, p, env))


def drive(y, p, env):
    """Firing rate [Hz] that reaches the synapses."""
    return received(env, "drive", rate(y, p, env))


def pump(y, p):
    """Rate of the pump [mM/s]."""
    return p.J_pump / ((1 + np.exp(3.5 - y.K_o)) * (1 + np.exp((25.0 - y.Na_i) / 3.0)))


def vessels(p, env):
    """Rate [1/s] of the exchange with vessels, which give to a volume of tissue."""
    return ALPHA / env.alpha / p.tau_K


def diffusion(p, env):
    """Rate [1/s] of the exchange with a bath that K+ reaches between the cells."""
    return (TORTUOSITY / env.tortuosity) ** 2 / p.tau_K


BATHS = {"vessels": vessels, "diffusion": diffusion}


def depolarization(y, p, env):
    """What the membrane tends to, u [V]."""
    return p.gain_K * p.E * np.log(y.K_o / p.K_0) + p.G * drive(y, p, env) * (y.x - 0.5) + p.I


def rates(exchange, y, p, env):
    """Time derivative of the state.

    Args:
        exchange: function (p, env) -> rate of the exchange with the bath [1/s].
        y: the state.
        p: parameters.
        env: surroundings.
    """
    nu, I_p = rate(y, p, env), pump(y, p)
    return Contents(
        K_o=exchange(p, env) * (p.K_bath - y.K_o)
        + ALPHA / env.alpha * (p.dK * nu - 2 * p.gamma * I_p),
        Na_i=(p.Na_0 - y.Na_i) / p.tau_Na - 3 * I_p + p.dNa * nu,
        V=(depolarization(y, p, env) - y.V) / p.tau_m,
        x=(1 - y.x) / p.tau_x - p.dx * y.x * nu,
    )


_Rest = namedtuple("_Rest", "K_o Na_i")


def at_rest(exchange, p=None, env=None):
    """Name -> value of the states K_o, Na_i and V that do not change, without firing [SI].

    Args:
        exchange: as in `rates`.
        p: parameters, numbers; the defaults if None.
        env: surroundings, numbers; those of the published tissue if None.

    Raises:
        ArithmeticError: if there is no such state near that of the defaults.
    """
    p = Parameters() if p is None else p
    env = Surroundings(alpha=ALPHA) if env is None else env
    y = Contents(V=0.0)

    def equations(z):
        found = rates(exchange, y._replace(K_o=z.K_o, Na_i=z.Na_i), p, env)
        return [found.K_o, found.Na_i]

    rest = balanced(equations, _Rest(y.K_o, y.Na_i))._asdict()
    return {**rest, "V": float(depolarization(y._replace(**rest), p, env))}


def make(bath):
    """The model.

    Args:
        bath: of BATHS, by what K+ is exchanged with the bath.
    """
    exchange = BATHS[bath]
    State = joined(Contents, **at_rest(exchange))

    def rhs(y, p, env):
        return State(*rates(exchange, y, p, env))

    return MembraneModel(
        name="epileptor2",
        summary="a population that fires: bursts and seizures as K+ and Na+ move, no spikes",
        State=State,
        Parameters=Parameters,
        rhs=rhs,
        observables={
            "rate": ("Hz", rate),
            "unrectified_rate": ("Hz", unrectified_rate),
            "drive": ("Hz", drive),
        },
        reference="Chizhov et al. 2018; Chizhov & Sanin 2020",
        parameter_set="ChizhovSanin2020",
        alpha=ALPHA,
        closed=False,
        electroneutral=False,
        rate="rate",
        unrectified="unrectified_rate",
        drives={"drive": "rate"},
        depolarization=True,
        noisy=("I",),
    )


model = with_options(make, bath=(*BATHS,))

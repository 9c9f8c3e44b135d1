"""Neuron and glia whose K+ release ignites: GHK currents of persistent Na+ and K+ channels.

    phi dc_n/dt = -S J_c,n,   phi_g dc_g/dt = -S_g J_c,g,   alpha dc_o/dt = S J_c,n + S_g J_c,g
    J_K + J_Na - J_Cl = 0 in the neuron and in the glia                quasi-steady V and V_g

Neuron: I_NaP = P_NaP m^2 h GHK_Na, I_KDR = P_KDR m^2 GHK_K, I_KA = P_KA m^2 h GHK_K, ohmic leaks
g (V - E_c), pump. Glia: inwardly rectifying K+ channel (Halnes et al. 2013), ohmic leaks of Na+ and
Cl-, pump, NKCC1. There is no transient Na+ current: the node is regenerative but does not spike, so
that V may be quasi-steady; the gate m_NaP must stay a state, since with it instantaneous V would
not be unique. Close to threshold: with half the pump the whole tissue ignites by itself. Glutamate
of the source is left out and volumes are fixed. Every exchange is electroneutral.

Option: glia = true or false.

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495; Yao, Huang & Miura (2011), J Theor Biol.
    Mori (2015), Physica D 308, 94; Ellingsrud et al. (2022): parameters, from their code.
    Halnes et al. (2013), PLoS Comput Biol 9, e1003386: glial K+ channel.
"""

from ecs_model.membrane import glia, kager_neuron
from ecs_model.membrane.model import MembraneModel, Surroundings, with_options
from ecs_model.record import concentration, joined, record


@record
class Outside:
    """One node; the defaults are the exact resting state beside this extracellular space."""

    K_o = concentration(4.0, "extracellular potassium")
    Na_o = concentration(140.5, "extracellular sodium")
    Cl_o = concentration(113.0, "extracellular chloride")


def _with_rest(table, parts):
    """The record of states with the defaults at which all cells rest."""
    y, p, env = table(), _parameters(parts)(), Surroundings()
    resting = {name: value for part in parts for name, value in part.rest(y, p, env).items()}
    return joined(table, **resting)


def _parameters(parts):
    return joined(*(part.Parameters for part in parts))


def neuron_spread(x, p, env):
    """Rates of the space outside, and of contents and gates of neurons [mM/s, 1/s]."""
    outside, inside = p.S / env.alpha, -p.S / p.phi
    return [outside * J for J in x[:3]], [*(inside * J for J in x[:3]), *x[3:8]]


def glia_spread(x, p, env):
    """Rates of the space outside, and of contents of glia [mM/s]."""
    outside, inside = p.S_g / env.alpha, -p.S_g / p.phi_g
    return [outside * J for J in x], [inside * J for J in x]


def neuron_fluxes(y, p, env):
    """Outward flux of K+, Na+ and Cl- [mol/m^2/s], and rates of the gates [1/s]."""
    v = kager_neuron.potential(y, p, env)
    return [*kager_neuron.outward_fluxes(v, y, p, env), *kager_neuron.gating(v, y)]


def glia_fluxes(y, p, env):
    """Outward flux of K+, Na+ and Cl- from glia [mol/m^2/s]."""
    return [*glia.outward_fluxes(glia.potential(y, p, env), y, p, env)]


def fluxes(y, p, env):
    """Fluxes of neurons [mol/m^2/s], rates of their gates [1/s], and fluxes of glia if there."""
    return neuron_fluxes(y, p, env) + (glia_fluxes(y, p, env) if _has_glia(y) else [])


def _has_glia(y):
    return hasattr(y, "K_g")


def _spread(State):
    def spread(x, p, env):
        """Rates of the state [mM/s, 1/s] that fluxes cause."""
        outside, inside = neuron_spread(x, p, env)
        if len(x) == 8:
            return State(*outside, *inside)
        more, in_glia = glia_spread(x[8:], p, env)
        return State(*(a + b for a, b in zip(outside, more, strict=True)), *inside, *in_glia)

    return spread


def cell_potassium(y, p, env):
    """K+ inside neurons and glia [mol per m^3 of tissue]."""
    return p.phi * y.K_i + (p.phi_g * y.K_g if _has_glia(y) else 0.0)


def outflow(y, p, env):
    """Net outward flux of ions from neurons and glia per area of neurons [mol/m^2/s]."""
    x = fluxes(y, p, env)
    if not _has_glia(y):
        return dict(zip(IONS, x[:3], strict=True))
    share = p.S_g / p.S
    return {ion: a + share * b for ion, a, b in zip(IONS, x[:3], x[8:], strict=True)}


def make(with_glia):
    """The model with or without glia."""
    parts = [kager_neuron, glia] if with_glia else [kager_neuron]
    State = _with_rest(joined(Outside, *(part.State for part in parts)), parts)
    spread = _spread(State)
    seen = {"V": ("mV", kager_neuron.potential), "V_g": ("mV", glia.potential)}
    return MembraneModel(
        name="kager_mori",
        summary="neuron with persistent Na+ current, with or without glia: SD waves as measured",
        State=State,
        Parameters=_parameters(parts),
        rhs=lambda y, p, env: spread(fluxes(y, p, env), p, env),
        fluxes=fluxes,
        spread=spread,
        observables=seen if with_glia else {"V": seen["V"]},
        cell_potassium=cell_potassium,
        reference="Kager et al. 2000; Yao et al. 2011; Mori 2015; Ellingsrud et al. 2022",
        packed=("S", "phi", "S_g", "phi_g") if with_glia else ("S", "phi"),
        outflow=outflow,
    )


IONS = ("K", "Na", "Cl")
model = with_options(lambda glia: make(glia), glia=(True, False))

"""Neuron and glia whose K+ release ignites: GHK currents of persistent Na+ and K+ channels.

    phi dc_n/dt = -S J_c,n,   phi_g dc_g/dt = -S_g J_c,g,   alpha dc_o/dt = S J_c,n + S_g J_c,g
    J_K + J_Na - J_Cl = 0 in the neuron and in the glia                quasi-steady V and V_g

Neuron: I_NaP = P_NaP m^2 h GHK_Na, I_KDR = P_KDR m^2 GHK_K, I_KA = P_KA m^2 h GHK_K, ohmic leaks
g (V - E_c), pump. Glia: inwardly rectifying K+ channel (Halnes et al. 2013), ohmic leaks of Na+ and
Cl-, pump, NKCC1. There is no transient Na+ current: the node is regenerative but does not spike, so
that V may be quasi-steady; the gate m_NaP must stay a state, since with it instantaneous V would
not be unique. Close to threshold: with half the pump the whole tissue ignites by itself. Glutamate
of the source is left out. Every exchange is electroneutral.

Options: glia = true or false; swelling = true lets water follow osmolarity through the membranes,

    d phi/dt = S w,   w = P_f V_w (osm_i - osm_o)        (the same for glia;  alpha takes the rest)

with impermeant osmolytes A in each space, so that alpha becomes a state and contents alpha c_o and
phi c_i are what is conserved.

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495; Yao, Huang & Miura (2011), J Theor Biol.
    Mori (2015), Physica D 308, 94; Ellingsrud et al. (2022): parameters, from their code.
    Halnes et al. (2013), PLoS Comput Biol 9, e1003386: glial K+ channel.
    Mori (2015): swelling by osmosis at fixed contents of impermeant ions.
"""

from ecs_model.energetics import osmotic_flux
from ecs_model.membrane import glia, kager_neuron
from ecs_model.membrane.model import MembraneModel, Surroundings, with_options
from ecs_model.record import concentration, joined, quantity, record


@record
class Outside:
    """One node; the defaults are the exact resting state beside this extracellular space."""

    K_o = concentration(4.0, "extracellular potassium")
    Na_o = concentration(140.5, "extracellular sodium")
    Cl_o = concentration(113.0, "extracellular chloride")


@record
class Swelling:
    """Volume outside, as it follows osmolarity."""

    alpha = quantity(0.2, "1", "extracellular volume fraction", low=1e-6, high=1.0)


@record
class GliaSwelling:
    """Volume of glia, as it follows osmolarity."""

    phi_glia = quantity(0.3, "1", "volume fraction of glia", low=1e-6, high=1.0)


@record
class Osmosis:
    """What moves water; concentrations of impermeant osmolytes are those at rest."""

    P_f = quantity(0.15, "mm/s", "permeability of membranes to water", "3e-5 ... 2e-4 m/s", low=0.0)
    A_o = concentration(0.0, "impermeant osmolytes outside")
    A_i = concentration(0.0, "impermeant osmolytes in neurons")


@record
class GliaOsmosis:
    """The same for glia."""

    A_g = concentration(0.0, "impermeant osmolytes in glia")


def neuron_fluxes(y, p, env):
    """Outward flux of K+, Na+ and Cl- [mol/m^2/s], and rates of the gates [1/s]."""
    v = kager_neuron.potential(y, p, env)
    return [*kager_neuron.outward_fluxes(v, y, p, env), *kager_neuron.gating(v, y)]


def glia_fluxes(y, p, env):
    """Outward flux of K+, Na+ and Cl- from glia [mol/m^2/s]."""
    return [*glia.outward_fluxes(glia.potential(y, p, env), y, p, env)]


def _has_glia(y):
    return hasattr(y, "K_g")


def _swells(y):
    return hasattr(y, "alpha")


def volumes(y, p, env, whole=None):
    """Volume fractions by ending of a name: outside, in neurons and, if there, in glia.

    Args:
        y: the state, or rates of it.
        p: parameters.
        env: surroundings.
        whole: of all spaces; that of the tissue at rest, or 0 for rates.
    """
    if not _swells(y):
        return {"_o": env.alpha, "_i": p.phi, **({"_g": p.phi_g} if _has_glia(y) else {})}
    in_glia = {"_g": y.phi_glia} if _has_glia(y) else {}
    if whole is None:
        whole = env.alpha + p.phi + (p.phi_g if in_glia else 0.0)
    return {"_o": y.alpha, "_i": whole - y.alpha - sum(in_glia.values()), **in_glia}


def osmolarities(y, p, env):
    """Osmolarity [mM] outside, in neurons and, if there, in glia."""
    now = volumes(y, p, env)
    rest = {"_o": env.alpha, "_i": p.phi, "_g": getattr(p, "phi_g", None)}
    return [
        sum(getattr(y, ion + end) for ion in IONS) + getattr(p, "A" + end) * rest[end] / volume
        for end, volume in now.items()
    ]


def water(y, p, env):
    """Velocity of water [m/s] into neurons and, if there, into glia."""
    outside, *inside = osmolarities(y, p, env)
    return [osmotic_flux(osmolarity, outside, p.P_f) for osmolarity in inside]


def fluxes(y, p, env):
    """Fluxes of neurons [mol/m^2/s], rates of their gates [1/s]; of glia and water, if there."""
    x = neuron_fluxes(y, p, env)
    x += glia_fluxes(y, p, env) if _has_glia(y) else []
    return x + (water(y, p, env) if _swells(y) else [])


def amounts(x, p, with_glia):
    """Rates of contents [mol/m^3/s of tissue], gates and volumes [1/s], in the order of a state."""
    neurons, gates, rest = [p.S * J for J in x[:3]], x[3:8], x[8:]
    in_glia = [p.S_g * J for J in rest[:3]] if with_glia else []
    outside = [a + b for a, b in zip(neurons, in_glia, strict=True)] if in_glia else neurons
    areas = [p.S, p.S_g] if with_glia else [p.S]
    swelling = [S * w for S, w in zip(areas, rest[len(in_glia) :], strict=False)]
    space = [-sum(swelling), *swelling[1:]] if swelling else []
    return [*outside, *(-a for a in neurons), *gates, *(-a for a in in_glia), *space]


def _spread(State, with_glia):
    """Function from fluxes to rates: of concentrations, or of contents where cells swell."""

    def spread(x, p, env):
        """Rates of the state [mM/s, 1/s] that fluxes cause."""
        rates = State(*amounts(x, p, with_glia))
        if _swells(rates):
            return rates
        shares = {end: 1 / volume for end, volume in volumes(rates, p, env).items()}
        return MembraneModel.scaled(rates, shares)

    return spread


def contents(y, p, env):
    """Ions inside neurons and glia [mol per m^3 of tissue]."""
    _, *inside = volumes(y, p, env).items()
    return {ion: sum(volume * getattr(y, ion + end) for end, volume in inside) for ion in IONS}


def outflow(y, p, env):
    """Net outward flux of ions from neurons and glia per area of neurons [mol/m^2/s]."""
    x = fluxes(y, p, env)
    if not _has_glia(y):
        return dict(zip(IONS, x[:3], strict=True))
    share = p.S_g / p.S
    return {ion: a + share * b for ion, a, b in zip(IONS, x[:3], x[8:11], strict=True)}


def _tables(parts, swelling):
    """The record of states at which all cells rest, and that of parameters."""
    p = joined(*(part.Parameters for part in parts))
    State, env = joined(Outside, *(part.State for part in parts)), Surroundings()
    resting = {name: v for part in parts for name, v in part.rest(State(), p(), env).items()}
    State = joined(State, **resting)
    if not swelling:
        return State, p
    more = [(Swelling, Osmosis), (GliaSwelling, GliaOsmosis)][: len(parts)]
    p = joined(p, *(osmosis for _, osmosis in more))
    return joined(State, *(table for table, _ in more)), joined(p, **_impermeant(State(), p()))


def _impermeant(y, p):
    """Osmolytes that carry the missing charge outside and balance osmolarity inside."""
    A_o = y.K_o + y.Na_o - y.Cl_o
    bare = osmolarities(y, p._replace(A_o=A_o), Surroundings())
    names = [name for name in ("A_i", "A_g") if hasattr(p, name)]
    return {"A_o": A_o, **{n: bare[0] - c for n, c in zip(names, bare[1:], strict=True)}}


def make(with_glia, swelling):
    """The model with or without glia, with fixed or moving volumes."""
    State, Parameters = _tables([kager_neuron, glia] if with_glia else [kager_neuron], swelling)
    seen = {"V": ("mV", kager_neuron.potential), "V_g": ("mV", glia.potential)}
    model = MembraneModel(
        name="kager_mori",
        summary="neuron with persistent Na+ current, glia, swelling: SD waves as measured",
        State=State,
        Parameters=Parameters,
        rhs=lambda y, p, env: model.rates(y, p, env),
        fluxes=fluxes,
        spread=_spread(State, with_glia),
        observables=seen if with_glia else {"V": seen["V"]},
        contents=contents,
        volumes=volumes if swelling else None,
        theta=0.75,
        reference="Kager et al. 2000; Yao et al. 2011; Mori 2015; Ellingsrud et al. 2022",
        packed=("S", "phi", "S_g", "phi_g") if with_glia else ("S", "phi"),
        held=tuple(name for name in ("A_o", "A_i", "A_g") if name in Parameters._fields),
        outflow=outflow,
    )
    return model


IONS = ("K", "Na", "Cl")
model = with_options(
    lambda glia, swelling: make(glia, swelling), glia=(True, False), swelling=(False, True)
)

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
phi c_i are what is conserved; pump = "post_albers" makes all pumps E1/E2 cycles, as many as turn at
rest like the published ones; energy = true lets these follow ATP, see `energy`.

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495; Yao, Huang & Miura (2011), J Theor Biol.
    Mori (2015), Physica D 308, 94; Ellingsrud et al. (2022): parameters, from their code.
    Halnes et al. (2013), PLoS Comput Biol 9, e1003386: glial K+ channel.
    Mori (2015): swelling by osmosis at fixed contents of impermeant ions.
"""

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel, Surroundings, with_options
from ecs_model.membrane.models import energy, glia, kager_neuron
from ecs_model.physics.energetics import osmotic_flux
from ecs_model.physics.post_albers import PostAlbersParameters
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


def atp_use(y, p, env):
    """ATP that the pumps of neurons and glia split per volume of tissue [mM/s]."""
    return p.S * _turnover(kager_neuron, y, p, env) + (
        p.S_g * _turnover(glia, y, p, env) if _has_glia(y) else 0.0
    )


def _turnover(cell, y, p, env):
    v = cell.potential(y, p, env) if hasattr(p, "N_pump") else None  # others do not ask for it
    return cell.pump(v, y, p, env)


def fluxes(y, p, env):
    """Fluxes of neurons [mol/m^2/s], rates of their gates [1/s]; then what else there is.

    That is fluxes of glia, water, and rates of energy [mM/s].
    """
    x = neuron_fluxes(y, p, env)
    x += glia_fluxes(y, p, env) if _has_glia(y) else []
    x += water(y, p, env) if _swells(y) else []
    return x + (energy_rates(y, p, env) if energy.has(y) else [])


def energy_rates(y, p, env):
    """Rates of ADP, PCr and O2 [mM/s]."""
    return energy.rates(atp_use(y, p, env), _cells(y, p), y, p)


def _cells(y, p):
    """Volume fraction of all cells at rest."""
    return p.phi + (p.phi_g if _has_glia(y) else 0.0)


def amounts(x, p, State):
    """Rates of contents [mol/m^3/s of tissue], gates and volumes [1/s], and of energy [mM/s].

    Args:
        x: as `fluxes` has them.
        p: parameters.
        State: the record of states, whose order they take.
    """
    x = list(x)
    take = lambda n: [x.pop(0) for _ in range(n)]  # noqa: E731
    areas = [p.S, p.S_g] if _has_glia(State) else [p.S]
    neurons, gates = [p.S * J for J in take(3)], take(5)
    in_glia = [p.S_g * J for J in take(3 * (len(areas) - 1))]
    outside = [a + b for a, b in zip(neurons, in_glia, strict=True)] if in_glia else neurons
    water = take(len(areas)) if _swells(State) else []
    swelling = [S * w for S, w in zip(areas, water, strict=False)]
    space = [-sum(swelling), *swelling[1:]] if swelling else []
    return [*outside, *(-a for a in neurons), *gates, *(-a for a in in_glia), *space, *x]


def _spread(State):
    """Function from fluxes to rates: of concentrations, or of contents where cells swell."""

    def spread(x, p, env):
        """Rates of the state [mM/s, 1/s] that fluxes cause."""
        rates = State(*amounts(x, p, State))
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


def _resting(parts):
    """The record of states in which all cells rest, with pumps of saturable sites, and these."""
    p = joined(*(part.Parameters for part in parts), *(part.Hill for part in parts))()
    State, env = joined(Outside, *(part.State for part in parts)), Surroundings()
    resting = {name: v for part in parts for name, v in part.rest(State(), p, env).items()}
    return joined(State, **resting), p


def _pumps(parts, y, hill, fuelled):
    """Tables of pumps as cycles, as many as turn at rest like those of saturable sites."""
    env = Surroundings()
    p = joined(*(part.Parameters for part in parts), PostAlbersParameters)()
    for part in parts:
        v = part.potential(y, hill, env)
        (name,) = part.Cycle._fields
        density = part.pump(v, y, hill, env) / part.cycles(v, y, p, env)
        yield joined(part.Cycle, **{name: density})
    yield energy.CYCLE if fuelled else PostAlbersParameters


def _tables(parts, swelling, pump, fuelled):
    """The record of states at which all cells rest, and that of parameters."""
    State, hill = _resting(parts)
    tables, states = [part.Parameters for part in parts], [State]
    if pump == "hill":
        tables += [part.Hill for part in parts]
    else:
        tables += _pumps(parts, State(), hill, fuelled)
    if swelling:
        more = [(Swelling, Osmosis), (GliaSwelling, GliaOsmosis)][: len(parts)]
        states += [state for state, _ in more]
        bare = joined(*tables, *(osmosis for _, osmosis in more))
        tables = [joined(bare, **_impermeant(joined(*states)(), bare()))]
    if fuelled:
        pumps = atp_use(State(), hill, Surroundings())
        supply = energy.balanced_supply(pumps, _cells(State, hill))
        states, tables = [*states, energy.State], [*tables, supply]
    return joined(*states), joined(*tables)


def _impermeant(y, p):
    """Osmolytes that carry the missing charge outside and balance osmolarity inside."""
    A_o = y.K_o + y.Na_o - y.Cl_o
    bare = osmolarities(y, p._replace(A_o=A_o), Surroundings())
    names = [name for name in ("A_i", "A_g") if hasattr(p, name)]
    return {"A_o": A_o, **{n: bare[0] - c for n, c in zip(names, bare[1:], strict=True)}}


def _seen(with_glia, fuelled):
    seen = {"V": ("mV", kager_neuron.potential)} | energy.paid_by(atp_use)
    seen |= {"V_g": ("mV", glia.potential)} if with_glia else {}
    return seen | (energy.OBSERVABLES if fuelled else {})


def make(with_glia, swelling, pump, fuelled):
    """The model with the given choices."""
    if fuelled and pump == "hill":
        raise ConfigError(energy.NEEDS_CYCLE)
    parts = [kager_neuron, glia] if with_glia else [kager_neuron]
    State, Parameters = _tables(parts, swelling, pump, fuelled)
    model = MembraneModel(
        name="kager_mori",
        summary="neuron with persistent Na+ current, glia, swelling, energy: SD waves as measured",
        State=State,
        Parameters=Parameters,
        rhs=lambda y, p, env: model.rates(y, p, env),
        fluxes=fluxes,
        spread=_spread(State),
        observables=_seen(with_glia, fuelled),
        contents=contents,
        volumes=volumes if swelling else None,
        theta=0.75,
        reference="Kager et al. 2000; Yao et al. 2011; Mori 2015; Ellingsrud et al. 2022",
        packed=tuple(n for n in ("S", "phi", "S_g", "phi_g", "k_O2") if n in Parameters._fields),
        held=tuple(name for name in ("A_o", "A_i", "A_g") if name in Parameters._fields),
        outflow=outflow,
        syncytium=glia.shifted if with_glia else None,
    )
    return model


IONS = ("K", "Na", "Cl")
model = with_options(
    lambda glia, energy, **chosen: make(with_glia=glia, fuelled=energy, **chosen),
    glia=(True, False),
    swelling=(False, True),
    pump=("hill", "post_albers"),
    energy=(False, True),
)

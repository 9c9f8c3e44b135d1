"""What cells pay with: ATP, its reserve and the oxygen that renews it; for any pump that needs ATP.

    d ADP/dt = use - respiration - creatine kinase,    d PCr/dt = -creatine kinase
    d O2/dt  = k_O2 (O2_blood - O2) - cells respiration / ATP_per_O2
    ATP = A_total - ADP,   Cr = Cr_total - PCr,   Pi = P_total - ATP - PCr

`use` is what the pumps split, per volume of cells, and a housekeeping that stops as ATP does. One
pool serves all cells of a node, per volume of cells at rest; O2 is dissolved in the whole tissue
and does not diffuse between nodes (with k_O2 it would reach 40 um). Blood has one concentration,
or it flows and gives off what it brings, see `delivered`. AMP and glycolysis are left
out: without oxygen the reserve is all there is. The capacity of respiration, k_O2 and the resting
PCr are not chosen but follow: they make the declared state a fixed point.

References:
    Erecinska & Silver (1989), J Cereb Blood Flow Metab 9, 2: contents and use of ATP.
    Hansen (1985), Physiol Rev 65, 101: K+ and pumps when the supply is cut.
    Wei, Ullah & Schiff (2014), J Neurosci 34, 11733: supply of O2 as exchange with blood.
"""

from ecs_model.errors import ConfigError
from ecs_model.membrane.parts import Pool
from ecs_model.physics.energetics import atp_energy
from ecs_model.physics.metabolism import (
    creatine_kinase,
    in_series,
    phosphocreatine_at_rest,
    respiration,
)
from ecs_model.physics.post_albers import PostAlbersParameters
from ecs_model.record import joined, quantity, record, without

AT_REST = PostAlbersParameters()  # ATP, ADP, phosphate, pH
CREATINE = 10.0  # mM
NEEDS_CYCLE = (
    'membrane.options.energy: needs a pump that knows ATP; set pump = "post_albers" beside it'
)
NEEDS_ENERGY = (
    'membrane.options.supply: "flow" brings oxygen to cells whose energy is followed; set '
    "energy = true beside it"
)
STATES = ("ATP", "ADP", "Pi")  # of the cycle's parameters, which follow from the state here
CYCLE = without(PostAlbersParameters, *STATES)
KINASE = 1.66e6 * AT_REST.H  # K of creatine kinase, 1.66e9 per M of H+
PCR = phosphocreatine_at_rest(AT_REST.ATP, AT_REST.ADP, CREATINE, KINASE)


@record
class State:
    """Of one node; the defaults are at rest."""

    ADP = quantity(
        AT_REST.ADP,
        "mM",
        "ADP in cells; ATP is what is left of A_total",
        low=0.0,
        scale=AT_REST.ADP,
    )
    PCr = quantity(PCR, "mM", "phosphocreatine in cells", "follows from equilibrium", low=0.0)
    O2 = quantity(35.0, "uM", "oxygen dissolved in the tissue", "about 25 mmHg", low=0.0)


@record
class Parameters:
    """Each is a number or a field over the nodes."""

    k_O2 = quantity(1.0, "1/s", "supply of oxygen by blood", "follows from rest", low=0.0)
    O2_blood = quantity(60.0, "uM", "oxygen dissolved in blood", "about 45 mmHg", low=0.0)
    V_O2 = quantity(1.0, "mM/s", "capacity to make ATP, in cells", "follows from rest", low=0.0)
    K_ADP = quantity(0.03, "mM", "ADP at half of it", "control by ADP", low=1e-9)
    K_O2 = quantity(1.0, "uM", "oxygen at half of it", "cytochrome oxidase", low=1e-9)
    ATP_per_O2 = quantity(5.0, "1", "ATP made with one O2", "P/O ratio 2.5", low=1e-9)
    V_other = quantity(0.1, "mM/s", "use of ATP by all but pumps, in cells", low=0.0)
    K_other = quantity(0.5, "mM", "ATP at half of it", low=1e-9)
    k_CK = quantity(10.0, "1/mM/s", "creatine kinase", "0.3 of PCr per s at rest, by NMR", low=0.0)
    K_CK = quantity(KINASE, "1", "its equilibrium ATP Cr/(ADP PCr)", "Lawson & Veech", low=1e-9)
    A_total = quantity(AT_REST.ATP + AT_REST.ADP, "mM", "ATP and ADP together", low=0.0)
    Cr_total = quantity(CREATINE, "mM", "creatine and phosphocreatine together", low=0.0)
    P_total = quantity(
        AT_REST.ATP + AT_REST.Pi + PCR, "mM", "phosphate that ATP, PCr and Pi share", low=0.0
    )


def has(y):
    """Whether a state follows its energy."""
    return hasattr(y, "ADP")


def atp(y, p, env=None):
    """ATP in cells [mM]."""
    return p.A_total - y.ADP


def phosphate(y, p, env=None):
    """Phosphate in cells [mM]."""
    return p.P_total - atp(y, p) - y.PCr


@record
class Blood:
    """What flows through the tissue."""

    flow = quantity(
        50.0, "ml/100 g/min", "flow of blood", "45 to 60 in grey matter", low=0.0, high=1000.0
    )
    O2_artery = quantity(100.0, "uM", "oxygen dissolved in blood that arrives", low=0.0)
    H_O2 = quantity(89.0, "1", "oxygen in blood over what is dissolved", "8.9 mM", low=1e-3)


def refuse_idle(fuelled, pump, supply):
    """Raise ConfigError for options of which one has no effect without another.

    Args:
        fuelled: whether energy is followed.
        pump: "hill" or "post_albers".
        supply: "exchange" or "flow".
    """
    if fuelled and pump == "hill":
        raise ConfigError(NEEDS_CYCLE)
    if supply == "flow" and not fuelled:
        raise ConfigError(NEEDS_ENERGY)


def exchanged(y, p):
    """Oxygen that blood of one concentration brings, per volume of tissue [mM/s]."""
    return p.k_O2 * (p.O2_blood - y.O2)


def delivered(y, p):
    """Oxygen that blood brings which gives it off as it flows, per volume of tissue [mM/s].

    f H (O2_artery - c) = k (c - O2): what flow brings is what leaves capillaries, in which c is
    dissolved.
    """
    return in_series(p.k_O2, p.flow * p.H_O2) * (p.O2_artery - y.O2)


OBSERVABLES = {"ATP": ("mM", atp), "Pi": ("mM", phosphate)}


def fuelled(y, p):
    """Parameters of the pump's cycle, with the node's ATP, ADP and phosphate if it has them."""
    if not has(y):
        return p
    constants = [getattr(p, name) for name in CYCLE._fields]
    now = dict(zip(STATES, (atp(y, p), y.ADP, phosphate(y, p)), strict=True))
    return PostAlbersParameters(**dict(zip(CYCLE._fields, constants, strict=True)), **now)


def free_energy(y, p, env):
    """Free energy [J/mol] of the hydrolysis of ATP in the cells; negative.

    Where neither the state nor the parameters know ATP it is that of a healthy cell.
    """
    q = fuelled(y, p) if has(y) or hasattr(p, "ATP") else AT_REST
    return atp_energy(q.ATP, q.ADP, q.Pi, env.temperature)


def paid_by(atp_use):
    """Observables `ATP_use` and `power` of pumps that split ATP.

    Args:
        atp_use: function (state, parameters, surroundings) -> ATP that pumps split per volume of
            tissue [mol/m^3/s].
    """

    def power(y, p, env):
        """What that costs, per volume of tissue [W/m^3]."""
        return -free_energy(y, p, env) * atp_use(y, p, env)

    return {"ATP_use": ("mM/s", atp_use), "power": ("W/m^3", power)}


def made(y, p):
    """ATP that respiration makes, per volume of cells [mM/s]."""
    return respiration(y.ADP, y.O2, p.V_O2, p.K_ADP, p.K_O2)


def used(pumps, cells, y, p):
    """ATP that pumps and all else use, per volume of cells [mM/s].

    Args:
        pumps: what all pumps split, per volume of tissue [mM/s].
        cells: volume fraction of cells.
        y: the state.
        p: parameters.
    """
    left = atp(y, p)
    return pumps / cells + p.V_other * left / (left + p.K_other)


def rates(pumps, cells, y, p, supply=exchanged):
    """Rates of ADP, PCr and O2 [mM/s]; arguments as those of `used`, and the law of supply."""
    make, left = made(y, p), atp(y, p)
    kinase = creatine_kinase(left, y.ADP, y.PCr, p.Cr_total - y.PCr, p.k_CK, p.K_CK)
    brought = supply(y, p)
    use = used(pumps, cells, y, p)
    return [use - make - kinase, -kinase, brought - cells * make / p.ATP_per_O2]


def balanced_supply(pumps, cells, supply="exchange"):
    """The Parameters with which the declared State rests.

    Args:
        pumps: as that of `used`.
        cells: likewise.
        supply: "exchange" or "flow".
    """
    y, p = State(), joined(Parameters, V_O2=1.0)()
    capacity = used(pumps, cells, y, p) / made(y, p)
    burnt = cells * capacity * made(y, p) / p.ATP_per_O2
    k_O2, kept = CAPILLARIES[supply](burnt, y.O2)
    return joined(kept, V_O2=capacity, k_O2=k_O2)


def _beside_blood(burnt, O2):
    """k_O2 [1/s], which brings what is burnt [mM/s] to O2 [mM], and the record of parameters."""
    return burnt / (Parameters().O2_blood - O2), Parameters


def _beside_flow(burnt, O2):
    """The same where blood flows."""
    blood = Blood()
    whole = (blood.O2_artery - O2) / burnt
    record = joined(without(Parameters, "O2_blood"), Blood)
    return 1 / (whole - 1 / (blood.flow * blood.H_O2)), record


CAPILLARIES = {"exchange": _beside_blood, "flow": _beside_flow}
SUPPLY = {"exchange": exchanged, "flow": delivered}


def pool(cells, pumps, p, supply="exchange"):
    """The Pool of the energy of some cells, at rest with what their pumps use then.

    Args:
        cells: the compartments that live on it.
        pumps: ATP that their pumps split at rest per volume of tissue [mM/s].
        p: their parameters at rest.
        supply: "exchange" with blood of one concentration, or "flow" of blood.
    """

    def rates_of_pool(y, p, env, use):
        """Rates of ADP, PCr and O2 [mM/s]."""
        return rates(use, _fraction(cells, p), y, p, SUPPLY[supply])

    balanced = balanced_supply(pumps, _fraction(cells, p), supply)
    return Pool(State, balanced, rates_of_pool, OBSERVABLES, scaled=("k_O2",))


def _fraction(cells, p):
    """Volume fraction of all cells at rest."""
    return sum(getattr(p, cell.fraction) for cell in cells)

"""Glutamate: neurons that depolarize release it, cells take it up, and it opens NMDA receptors.

    R   = A_r G_i/(G_i + eps) 0.76 exp(-0.0044 (V - 8.66)^2)                    V in mV
    U_i = s B_e (G_o - R_e R_g G_i),  U_g = (1 - s) B_e (G_o - R_e G_g),  Y = B_g (G_g - R_g G_i)
    alpha dG_o/dt = R - U_i - U_g,  phi dG_i/dt = U_i + Y - R,  phi_g dG_g/dt = U_g - Y
    I_NMDA = P g(V) F(G_o) y (2/3 GHK_Na + 1/3 GHK_K),  g = 1/(1 + 0.56 exp(-0.062 V) Mg/3.57)
    dD1/dt = k1 F y + k4 D2 - (k2 + k3) D1,  dD2/dt = k3 D1 - k4 D2,  y = 1 - D1 - D2

Rates are per volume of tissue and take no charge along; glutamate counts neither for osmolarity nor
for the ions that drive its uptake. y is the share of receptors that are not desensitized, F that
which glutamate has bound. The block by Mg2+ makes the current fall as V rises: a cell with these
receptors keeps its potential as a state, as `charged` does, since a potential without current need
not be unique.

References:
    Tuttle, Riera & Mori (2019), J Comput Neurosci 47, 125: release, uptake, desensitization.
    Ellingsrud et al. (2022): numbers from their code, read as its labels say; the code itself
    multiplies the rates by membrane area and reverses their signs.
    Jahr & Stevens (1990), J Neurosci 10, 3178: block by Mg2+.
"""

from dataclasses import dataclass, replace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.compartment import Compartment
from ecs_model.membrane.mechanism import Permeability, mechanism
from ecs_model.membrane.mechanisms import hodgkin_huxley
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.parts import Parts, Pool, Solute
from ecs_model.membrane.potentials import Capacitive
from ecs_model.record import concentration, joined, quantity, record, table, without

TRACE = 1e-12  # mM: less than nothing has no root
NEEDS_GLIA = (
    "membrane.options.glutamate: needs glia, which take up most of it; set glia = true beside it"
)


@record
class Amounts:
    """Where glutamate is; the defaults are at rest, but for 2 parts in a million."""

    glutamate_o = quantity(1e-5, "mM", "extracellular glutamate", low=0.0, scale=2e-3)
    glutamate_i = concentration(10.0, "glutamate in neurons")
    glutamate_g = quantity(0.01, "mM", "glutamate in glia", low=0.0, scale=0.1)


@record
class Traffic:
    """Of glutamate."""

    A_r = quantity(0.1, "mM/s", "release of glutamate per volume of tissue, at most", low=0.0)
    eps_r = quantity(0.02299, "mM", "glutamate in neurons at half of it", low=1e-9)
    B_e = quantity(1 / 42, "1/s", "uptake of glutamate per volume of tissue", low=0.0)
    B_g = quantity(1 / 84, "1/s", "return of glutamate from glia to neurons", low=0.0)
    share_i = quantity(0.1, "1", "share of neurons in its uptake", low=0.0, high=1.0)
    R_e = quantity(1e-3, "1", "extracellular over glial glutamate in equilibrium", low=0.0)
    R_g = quantity(1e-3, "1", "glial over neuronal glutamate in equilibrium", low=0.0)


@record
class Binding:
    """Of glutamate to NMDA receptors, and their desensitization."""

    G_50 = quantity(2.3, "uM", "glutamate that opens half of the NMDA receptors", low=1e-6)
    k_1 = quantity(3.94, "1/s", "desensitization of open NMDA receptors", low=0.0)
    k_2 = quantity(1.94, "1/s", "recovery from it", low=1e-9)
    k_3 = quantity(0.0213, "1/s", "deeper desensitization", low=0.0)
    k_4 = quantity(0.00277, "1/s", "recovery from that", low=1e-9)


def bound(G, half):
    """Share of NMDA receptors that a concentration of glutamate has bound."""
    G = np.maximum(G, TRACE)
    G, half = G * np.sqrt(G), half * np.sqrt(half)
    return G / (G + half)


def unblocked(u, magnesium):
    """Share of NMDA channels that Mg2+ [mM] leaves open at the potential `u` [mV]."""
    return 1 / (1 + 0.56 * np.exp(-0.062 * u) * magnesium / 3.57)


def desensitized_at_rest(G, p):
    """D1 and D2 that do not change beside so much glutamate [mM]."""
    first = p.k_1 / p.k_2 * bound(G, p.G_50)
    ready = 1 / (1 + first * (1 + p.k_3 / p.k_4))
    return first * ready, first * ready * p.k_3 / p.k_4


_D1, _D2 = desensitized_at_rest(Amounts().glutamate_o, Binding())


@record
class Receptors:
    """What NMDA receptors do; the defaults are at rest."""

    D1_NMDA = quantity(_D1, "1", "desensitized NMDA receptors", low=0.0, high=1.0)
    D2_NMDA = quantity(_D2, "1", "deeply desensitized NMDA receptors", low=0.0, high=1.0)


def released(u, G, p):
    """Release of glutamate [mM/s] by neurons at the potential `u` [mV] that hold G [mM]."""
    return p.A_r * G / (G + p.eps_r) * 0.76 * np.exp(-0.0044 * (u - 8.66) * (u - 8.66))


def flows(y, p, env, potentials):
    """Release, uptake by neurons, uptake by glia, return to neurons [mM/s]."""
    G_o, G_i, G_g = y.glutamate_o, y.glutamate_i, y.glutamate_g
    return [
        released(1e3 * potentials["i"], G_i, p),
        p.share_i * p.B_e * (G_o - p.R_e * p.R_g * G_i),
        (1 - p.share_i) * p.B_e * (G_o - p.R_e * G_g),
        p.B_g * (G_g - p.R_g * G_i),
    ]


WAYS = (("_i", "_o"), ("_o", "_i"), ("_o", "_g"), ("_g", "_i"))
GLUTAMATE = Solute("glutamate", Amounts, Traffic, flows, WAYS, scaled=("A_r", "B_e", "B_g"))


def ready(y, p, env):
    """Share of NMDA receptors that are not desensitized."""
    return 1 - y.D1_NMDA - y.D2_NMDA


def _desensitization(y, p, env, use):
    """Rates [1/s] of D1 and D2."""
    deeper = p.k_3 * y.D1_NMDA - p.k_4 * y.D2_NMDA
    first = p.k_1 * bound(y.glutamate_o, p.G_50) * ready(y, p, env) - p.k_2 * y.D1_NMDA
    return [first - deeper, deeper]


RECEPTORS = Pool(Receptors, Binding, _desensitization, {"y_NMDA": ("1", ready)})


@mechanism(
    joined(
        table(
            "NMDA",
            {
                "P_NMDA": quantity(1e-7, "m/s", "permeability of all NMDA receptors", low=0.0),
                "Mg_o": concentration(2.0, "extracellular magnesium"),
            },
        ),
        Binding,
    )
)
def nmda(v, c, y, p, T):
    """Current through NMDA receptors, two thirds as of Na+ and one as of K+."""
    share = unblocked(1e3 * v, p.Mg_o) * bound(y.glutamate_o, p.G_50)
    open_ = p.P_NMDA * share * (1 - y.D1_NMDA - y.D2_NMDA)
    return {"Na": Permeability(2 / 3 * open_), "K": Permeability(1 / 3 * open_)}


@record
class Potential:
    """Of a membrane that stores charge."""

    V = quantity(-68.0, "mV", "membrane potential")


def charged(cell: Compartment) -> Compartment:
    """The compartment, which has no spikes, with its potential as a state.

    Cl- carries the charge that is stored.
    """
    return replace(
        cell,
        states=joined(cell.states, Potential),
        parameters=joined(cell.parameters, without(hodgkin_huxley.Membrane, "V_T")),
        potential=Capacitive(spikes=False),
        balance="Cl",
    )


@dataclass(frozen=True)
class Signals:
    """What glutamate adds to a model; as it stands, nothing.

    Attributes:
        kinds: compartments, those that it speaks to with receptors.
        outside: record type of what is around them as they come to rest.
    """

    kinds: tuple[Compartment, ...]
    outside: type

    def at_rest(self, cells, y, p) -> dict[str, float]:
        """Name -> value at rest of further states.

        Args:
            cells: the compartments, complete.
            y: the state at rest.
            p: parameters.
        """
        return {}

    def heard(self, parts: Parts) -> Parts:
        """The parts with all that it needs."""
        return parts


class _Glutamate(Signals):
    def at_rest(self, cells, y, p):
        first = cells[0]
        return {"V": first.potential.value(first, y, p, Surroundings())}

    def heard(self, parts):
        neurons, *others = parts.cells
        return replace(
            parts,
            cells=(charged(neurons), *others),
            pools=(*parts.pools, RECEPTORS),
            solutes=(*parts.solutes, GLUTAMATE),
        )


def silence(kinds: tuple[Compartment, ...], outside: type) -> Signals:
    """The Signals of a model without glutamate; arguments as those of `signals`."""
    return Signals(kinds, outside)


def signals(kinds: tuple[Compartment, ...], outside: type) -> Signals:
    """The Signals of a model with glutamate.

    Args:
        kinds: neurons and glia, of the keys "i" and "g", as they are without.
        outside: record type of the extracellular concentrations.

    Raises:
        ConfigError: without glia.
    """
    if [cell.key for cell in kinds] != ["i", "g"]:
        raise ConfigError(NEEDS_GLIA)
    neurons, glia = kinds
    receiving = replace(neurons, mechanisms=(*neurons.mechanisms, nmda))
    return _Glutamate((receiving, glia), joined(outside, Amounts, Receptors))

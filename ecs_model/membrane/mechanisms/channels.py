"""Leaks and cotransporters, as ohmic conductances, GHK permeabilities and logarithmic laws.

References:
    Oestby et al. (2009), PLoS Comput Biol 5, e1000272; Wei et al. (2014): cotransport.
"""

from ecs_model.membrane.mechanism import (
    Concentrations,
    Conductance,
    Mechanism,
    Multiple,
    Permeability,
)
from ecs_model.physics.transporters import kcc2_flux, nkcc1_flux
from ecs_model.record import table
from ecs_model.units import FARADAY


def ohmic_leaks(**conductances):
    """The Mechanism of a leak, current proportional to v - E.

    Args:
        conductances: ion -> (name of the parameter, its quantity).
    """
    return _leaks(Conductance, conductances)


def ghk_leaks(**permeabilities):
    """The Mechanism of a leak by the law of Goldman, Hodgkin and Katz.

    Args:
        permeabilities: ion -> (name of the parameter, its quantity).
    """
    return _leaks(Permeability, permeabilities)


def _leaks(kind, lines):
    def leaks(v, c, y, p, T):
        """Leaks of every ion."""
        return {ion: kind(getattr(p, name)) for ion, (name, _) in lines.items()}

    return Mechanism(leaks, table("Leaks", dict(lines.values())))


def kcc2(name, strength):
    """The Mechanism of K-Cl cotransport.

    Args:
        name: of the parameter.
        strength: its quantity.
    """

    def cotransport(v, c: Concentrations, y, p, T):
        """One K+ with one Cl-."""
        J = kcc2_flux(*c.K, *c.Cl, _strength(p, name, strength))
        return {"K": Multiple(1, J), "Cl": Multiple(1, J)}

    return Mechanism(cotransport, table("KCC2", {name: strength}))


def nkcc1(name, strength):
    """The Mechanism of Na-K-2Cl cotransport.

    Args:
        name: of the parameter.
        strength: its quantity, a current [A/m^2] or a flux [mol/m^2/s].
    """

    def cotransport(v, c: Concentrations, y, p, T):
        """One Na+ and one K+ with two Cl-."""
        J = nkcc1_flux(*c.Na, *c.K, *c.Cl, _strength(p, name, strength))
        return {"K": Multiple(1, J), "Na": Multiple(1, J), "Cl": Multiple(2, J)}

    return Mechanism(cotransport, table("NKCC1", {name: strength}))


def _strength(p, name, line):
    """A strength as a flux [mol/m^2/s], also where it is told as a current."""
    return getattr(p, name) / (FARADAY if line.unit == "A/m^2" else 1.0)

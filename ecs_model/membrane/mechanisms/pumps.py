"""The Na/K pump: 3 Na+ out, 2 K+ in, one ATP.

References:
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495: saturable sites.
    Pan et al. (2020), J R Soc Interface 17: the E1/E2 cycle.
"""

from ecs_model.membrane.compartment import exchange
from ecs_model.membrane.mechanism import Concentrations, Mechanism, Multiple
from ecs_model.membrane.mechanisms import metabolism
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.parts import Parts
from ecs_model.physics.electrochemistry import nak_pump_turnover
from ecs_model.physics.post_albers import PostAlbersParameters, post_albers_turnover
from ecs_model.record import joined, quantity, table
from ecs_model.units import FARADAY


def pump(turnover, parameters, electrogenic=True):
    """The Mechanism of a pump.

    Args:
        turnover: function (v, c, y, p, T) -> turns per membrane area [mol/m^2/s].
        parameters: record type of its parameters.
        electrogenic: whether its current counts for the potential.
    """

    def nak_pump(v, c, y, p, T):
        """3 Na+ out and 2 K+ in for one ATP."""
        J = turnover(v, c, y, p, T)
        return {"K": Multiple(-2, J), "Na": Multiple(3, J), "ATP": J}

    return Mechanism(nak_pump, parameters, electrogenic=electrogenic)


def hill_pump(parameters):
    """The Mechanism of a pump with saturable sites.

    Args:
        parameters: name -> quantity of its strength, either a current [A/m^2] or a turnover
            [mol/m^2/s], and of Na+ and K+ [mM] at half-saturation of a site.
    """
    strength, Na_50, K_50 = parameters
    charge = FARADAY if parameters[strength].unit == "A/m^2" else 1.0

    def turnover(v, c: Concentrations, y, p, T):
        most, half = getattr(p, strength) / charge, (getattr(p, Na_50), getattr(p, K_50))
        return nak_pump_turnover(c.Na[0], c.K[1], most, *half)

    return pump(turnover, table("Hill", parameters))


def cycling_pump(density, fuelled):
    """The Mechanism of a pump as an E1/E2 cycle, which knows ATP and the potential.

    Args:
        density: parameter that is the number of pumps per membrane area; its default is to follow
            from the resting state.
        fuelled: whether states say how much ATP, ADP and phosphate there are.
    """
    line = quantity(1.0, "nmol/m^2", "pumps per area", "follows from the resting state", low=0.0)
    constants = metabolism.CYCLE if fuelled else PostAlbersParameters

    def turnover(v, c: Concentrations, y, p, T):
        q = metabolism.fuelled(y, p)
        return getattr(p, density) * post_albers_turnover(*c.Na, *c.K, v, q, T)

    return pump(turnover, joined(table("Cycle", {density: line}), constants))


def densities_at_rest(names, build, resting, y, p):
    """Name of the parameter -> pumps per area [mol/m^2], as many as turn at rest like others.

    Args:
        names: key of a compartment -> name of the parameter.
        build: function {key: pump} -> compartments.
        resting: compartments with the pumps that keep them at rest.
        y: the state at rest.
        p: parameters of `resting`.
    """
    cells = build({key: cycling_pump(name, fuelled=False) for key, name in names.items()})
    env, found = Surroundings(), {}
    for cell, with_others in zip(cells, resting, strict=True):
        now = exchange(with_others, y, p, env)
        own = Parts(type(y), (cell,)).Parameters
        one = joined(own, **{names[cell.key]: 1.0})()
        found[names[cell.key]] = now.atp / exchange(cell, y, one, env, now.v).atp
    return found

"""What a membrane model is: two tables and one function."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ecs_model.record import quantity, record


@record
class Surroundings:
    """What the tissue tells the membrane at a node."""

    alpha = quantity(0.2, "1", "extracellular volume fraction")
    temperature = quantity(310.15, "K", "temperature")


@dataclass(frozen=True)
class MembraneModel:
    """A membrane model as a value.

    Attributes:
        name: what a configuration calls it.
        summary: one line for `ecs-model models`.
        State: record of the state of a node; its first field `K_o` is the K+ that diffuses.
        Parameters: record of parameters, each a number or a field over the nodes.
        rhs: function (state, parameters, surroundings) -> rates of the state [SI].
        fluxes, spread: the same in two parts, where few fluxes drive many states: a function of the
            same arguments -> fluxes, and a linear function (fluxes, parameters, surroundings) ->
            rates; the step then costs less and conserves what every flux conserves.
        observables: name -> (unit, function of the same arguments), for output.
        cell_potassium: K+ inside cells [mol per m^3 of tissue], a function of the same arguments;
            None for models whose K+ does not come from anywhere.
        theta: share of consistent mass that gave the smallest error of front speed.
        reference: where equations and numbers come from.
    """

    name: str
    summary: str
    State: type
    Parameters: type
    rhs: Callable
    fluxes: Callable | None = None
    spread: Callable | None = None
    observables: dict[str, tuple[str, Callable]] = field(default_factory=dict)
    cell_potassium: Callable | None = None
    theta: float = 0.5
    reference: str = ""

    def step(self, scheme, y, p, env, h):
        """One step of a scheme such as `schemes.ros2`: the new state and its error."""
        if self.fluxes is None:
            return scheme(lambda y: self.rhs(y, p, env), y, h)
        spread = lambda fluxes: self.spread(fluxes, p, env)  # noqa: E731
        return scheme(lambda y: self.fluxes(y, p, env), y, h, spread)

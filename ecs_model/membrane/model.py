"""What a membrane model is: two tables and one function."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ecs_model.errors import ConfigError
from ecs_model.membrane.autodiff import MIDDLE, TIME, Dual
from ecs_model.record import Record, concentration, joined, quantity, record, table
from ecs_model.units import dimension


@record
class Surroundings(Record):
    """What the tissue tells the membrane at a node."""

    alpha = quantity(0.2, "1", "extracellular volume fraction")
    temperature = quantity(310.15, "K", "temperature")
    time = quantity(0.0, "s", "time since the beginning")
    tortuosity = quantity(1.6, "1", "tortuosity of the extracellular space")


@dataclass(frozen=True, eq=False)
class MembraneModel:
    """A membrane model as a value; one is equal to itself alone.

    Attributes:
        name: what a configuration calls it.
        summary: one line for `ecs-model models`.
        State: record of the state of a node; its first field `K_o` is the K+ that diffuses.
        Parameters: record of parameters, each a number or a field over the nodes.
        rhs: function (state, parameters, surroundings) -> rates of the state [SI].
        fluxes, stoichiometry: the same in two parts, where few fluxes drive many states: a
            function of the same arguments -> fluxes, and a linear function (fluxes, parameters,
            surroundings) -> rates; the step then costs less and conserves what every flux does.
        observables: name -> (unit, function of the same arguments), for output; from `ATP_use` and
            `power` follows what a run says about energy, see `membrane.energy.paid_by`.
        contents: ion -> amount inside cells [mol per m^3 of tissue], a function of the same
            arguments; None for models whose K+ does not come from anywhere.
        volumes: where cells swell: ending of a name (_o, _i, _g) -> volume fraction, as a function
            of the same arguments; a concentration with that ending is one there, and a step
            conserves its content, not itself. `alpha` is then a state. None for fixed volumes.
        theta: share of consistent mass that gave the smallest error of front speed.
        reference: where equations and numbers come from.
        alpha: extracellular volume fraction that the default parameters belong to.
        scaled: parameters that shrink as the space between cells grows, see `packing`.
        impermeant: parameters that are contents of cells, as concentrations, see `packing`.
        outflow: what cells give to the extracellular space: ion -> net outward flux per membrane
            area [mol/m^2/s], a function of the same arguments. The area per tissue volume is the
            parameter `S`; what else changes K_o is exchange with a reservoir.
        syncytium: for glia that gap junctions may join: a function (u, state, parameters,
            surroundings) -> potential V_g, fluxes of K+, Na+, Cl- that a shift u of it adds, slope
            of their charge; see `glia.shifted`. States K_g, Na_g, Cl_g hold the contents; the
            parameter `phi_g` or, where cells swell, the state `phi_glia` is the volume fraction.
            None without such glia.
        closed: all K+, in and outside cells, is conserved with these default parameters.
        electroneutral: the exchanged ions together carry no charge.
        options: name of a choice -> what can be chosen, the default first.
        chosen: what was chosen in this model.
        make: function (added, options by name) -> model, for those of cells and mechanisms;
            `added` are further mechanisms.
        parts: the cells, mechanisms and reservoirs that it is made of; None for others.
        parameter_set: author and year of the numbers that are its defaults; empty for none.
        rate: name of the observable that is the firing rate [Hz] of a population; empty for models
            of neurons, whose spikes are seen in V.
        unrectified: name of the observable [Hz] whose positive part is `rate`; below 0 it tells how
            far from firing a silent population is.
        sends: name of the observable [Hz] that synapses take, if not `rate`.
        drives: name of what synapses may bring [Hz] -> the observable that takes its place where
            there are none; the formulas read it by `drives.received`.
        depolarization: whether the state V is a depolarization from rest, not the potential of a
            membrane.
        noisy: parameters to which noise may be added, such as an injected current, see `noisy`.
        single: whether its rates may be computed in single precision, see `precision`.
    """

    name: str
    summary: str
    State: type
    Parameters: type
    rhs: Callable
    fluxes: Any = None
    stoichiometry: Any = None
    observables: dict[str, tuple[str, Callable]] = field(default_factory=dict)
    contents: Callable | None = None
    volumes: Any = None
    theta: float = 0.5
    reference: str = ""
    alpha: float = 0.2
    scaled: tuple[str, ...] = ()
    impermeant: tuple[str, ...] = ()
    outflow: Callable | None = None
    syncytium: Callable | None = None
    closed: bool = True
    electroneutral: bool = True
    options: dict[str, tuple] = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)
    make: Any = None
    parts: Any = None
    parameter_set: str = ""
    rate: str = ""
    unrectified: str = ""
    sends: str = ""
    drives: dict[str, str] = field(default_factory=dict)
    depolarization: bool = False
    noisy: tuple[str, ...] = ()
    single: bool = True

    @property
    def spikes(self) -> bool:
        """Whether its spikes are seen in V: that is a state, and nothing else tells its firing."""
        known = getattr(self.State, "quantities", {})
        has_potential = "V" in known and dimension(known["V"].unit) == "a potential"
        cells = () if self.parts is None else self.parts.cells
        silent = any(not getattr(cell.potential, "spikes", True) for cell in cells)
        return not self.rate and has_potential and not silent

    @property
    def fires(self) -> bool:
        """Whether it knows when its neurons fire."""
        return self.spikes or bool(self.rate)

    @property
    def solutes(self) -> tuple[str, ...]:
        """What cells release and take up without its charge, such as glutamate."""
        return () if self.parts is None else tuple(s.name for s in self.parts.solutes)

    @property
    def meanings(self) -> dict[str, str]:
        """State -> what a reader calls it, of those that are not what their names say."""
        known = getattr(self.State, "quantities", {})
        return {"V": known["V"].meaning} if self.depolarization else {}

    def variant(self, added=(), **options):
        """The same model with other choices.

        Args:
            added: further mechanisms in its membranes.
            options: name -> choice.

        Raises:
            ConfigError: for an option or a choice that it does not have, or a mechanism that it
                cannot take up.
        """
        if not (options or added):
            return self
        for name, value in options.items():
            self._check_option(name, value)
        chosen = {**{name: c[0] for name, c in self.options.items()}, **options}
        if added and self.parts is None:
            raise ConfigError(
                f"membrane.add: {self.name} is not made of mechanisms; use another model"
            )
        more = {"added": tuple(added)} if added else {}
        made = self.make(**chosen, **more)
        return replace(made, options=self.options, make=self.make, chosen=dict(options))

    def _check_option(self, name, value):
        if name not in self.options:
            known = ", ".join(self.options) or "none"
            raise ConfigError(f"membrane.options.{name}: {self.name} has no such option; {known}")
        if not any(
            value is c or (isinstance(value, str) and value == c) for c in self.options[name]
        ):
            right = ", ".join(str(c).lower() for c in self.options[name])
            raise ConfigError(f"membrane.options.{name}: must be one of {right} (found {value!r})")

    def step(self, scheme, y, p, env, h):
        """One step of a scheme such as `schemes.ros2`: the new state and its error."""
        first, last = _at_both_ends(env, h)
        if self.fluxes is None:
            rates, later = (lambda y, e=e: self.rhs(y, p, e) for e in (first, last))
            return scheme(rates, y, h, later=later)
        rates_of = lambda fluxes: self.stoichiometry(fluxes, p, env)  # noqa: E731
        if self.volumes is None:
            rates, later = (lambda y, e=e: self.fluxes(y, p, e) for e in (first, last))
            return scheme(rates, y, h, rates_of, later)
        amounts = multiplied(y, self.volumes(y, p, env))
        rates, later = (
            lambda n, e=e: self.fluxes(self._concentrations(n, p, env), p, e) for e in (first, last)
        )
        new, error = scheme(rates, amounts, h, rates_of, later)
        volumes = self.volumes(new, p, env)
        return self._concentrations(new, p, env), multiplied(error, _inverse(volumes))

    def rates(self, y, p, env):
        """Rates of the state from fluxes; where cells swell, with the water that dilutes it."""
        amounts = self.stoichiometry(self.fluxes(y, p, env), p, env)
        if self.volumes is None:
            return amounts
        change = self.volumes(amounts, p, env, whole=0.0)
        return diluted(y, amounts, self.volumes(y, p, env), change)

    def _concentrations(self, amounts, p, env):
        return multiplied(amounts, _inverse(self.volumes(amounts, p, env)))


def multiplied(record, factors):
    """A record whose concentrations are multiplied by the factor of their compartment."""
    places = compartments(record)
    return type(record)(
        *(
            value * factors[places[name]] if places.get(name) in factors else value
            for name, value in zip(record._fields, record, strict=True)
        )
    )


def diluted(y, amounts, volumes, change):
    """Rates of the state where volumes move.

    Args:
        y: the state.
        amounts: record of the rates of amounts [mol/m^3/s]; what is no concentration stays.
        volumes: volume fractions by ending of a name.
        change: their rates [1/s].
    """
    at = compartments(amounts)
    return type(amounts)(
        *(
            (rate - getattr(y, name) * change[at[name]]) / volumes[at[name]]
            if at.get(name) in volumes
            else rate
            for name, rate in amounts._asdict().items()
        )
    )


def compartments(record):
    """Name -> compartment (_o, _i, _g) of what is a concentration in one of them.

    The ending of a name tells the compartment, the unit whether it is a concentration: a gate may
    be called `m_i`.
    """
    return {
        name: name[-2:]
        for name, q in record.quantities.items()
        if dimension(q.unit) == "a concentration"
    }


def _at_both_ends(env, h):
    """Surroundings at the beginning and the end of a step of `h` [s], time as dual numbers."""
    first = Dual(env.time, {TIME: 1.0, MIDDLE: 0.5 * h})
    return env._replace(time=first), env._replace(time=Dual(env.time + h, {MIDDLE: -0.5 * h}))


def _inverse(volumes):
    return {name: 1 / volume for name, volume in volumes.items()}


def with_options(make, **options):
    """The model with the first choice of every option, which knows how to make the others.

    Args:
        make: function (**chosen) -> model, which needs every option.
        options: name -> choices, the default first.
    """
    default = make(**{name: choices[0] for name, choices in options.items()})
    return replace(default, options=options, make=make)


def with_passive(model, ions, species=()):
    """The model with further states, which its membranes neither know nor let pass.

    Args:
        model: the membrane model.
        ions: name -> concentration outside at the start [mM].
        species: name -> concentration in the whole tissue at the start [mM]; of those that only
            diffuse.
    """
    unknown = {f"{n}_o": v for n, v in ions.items() if f"{n}_o" not in model.State._fields}
    lines = {name: concentration(v, f"extracellular {name[:-2]}") for name, v in unknown.items()}
    lines |= {name: concentration(v, f"{name} in the tissue") for name, v in dict(species).items()}
    if not lines:
        return model
    State = joined(model.State, table("Carried", lines))

    def longer(function):
        return lambda *args: State(*function(*args), *[0.0] * len(lines))

    return replace(
        model,
        State=State,
        rhs=longer(model.rhs) if model.volumes is None else _rates_of(State, model, longer),
        stoichiometry=model.stoichiometry and longer(model.stoichiometry),
    )


def _rates_of(State, model, longer):
    """Rates where cells swell: what does not pass membranes is diluted all the same."""
    swelling = replace(model, stoichiometry=longer(model.stoichiometry))
    return lambda y, p, env: swelling.rates(y, p, env)

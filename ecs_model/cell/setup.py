"""From a configuration to cells: what each of them has, and what is done to it."""

import itertools
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ecs_model.cache import Kept
from ecs_model.cell import noise
from ecs_model.cell.population import Bench, Stimulus, step_text
from ecs_model.config.noise import current_of
from ecs_model.config.parameters import refuse_optional, settled
from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.limits import TORTUOSITY
from ecs_model.membrane.kernel import depends_on, depends_on_time
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.noisy import noise_of, noisy, surroundings_with_noise
from ecs_model.membrane.packing import arranged
from ecs_model.membrane.precision import allowed
from ecs_model.membrane.rest import at_rest
from ecs_model.membrane.steady import Flow
from ecs_model.membrane.user_models import membrane_of
from ecs_model.record import Quantity

SPACE = {  # what a tissue is, beside its cells, and what an axis may change
    "alpha": Quantity(0.2, "1", "extracellular volume fraction", low=1e-6, high=1 - 1e-6),
    "tortuosity": Quantity(1.6, "1", "tortuosity", low=TORTUOSITY[0], high=TORTUOSITY[1]),
}
SEED = Quantity(0.0, "1", "seed of noise", low=0.0, high=2.0**53)


@dataclass(frozen=True)
class Cell:
    """One cell: records of numbers [SI], and the seed of each kind of noise."""

    parameters: tuple
    state: tuple
    surroundings: Surroundings
    seeds: tuple[int, ...] = ()


class Laboratory:
    """What a configuration says about cells, in SI and checked.

    Args:
        config: a CellConfig.
        base: folder to which paths in it are relative.
        kept: Kept of other Laboratories of this base, whose compiled steps are used again.

    Raises:
        ConfigError: for names that the model does not have, wrong units and values out of range.
    """

    def __init__(self, config, base=".", kept=None):
        self.config, self._kept = config, kept or Kept()
        model = membrane_of(config.membrane, base)
        self._noisy = tuple(dict.fromkeys(current_of(entry, model)[0] for entry in config.noise))
        self.model: Any = noisy(model, self._noisy)
        self._set = self.settled(config.membrane.parameters, "Parameters", "membrane.parameters")
        self._initial = self.settled(config.membrane.initial, "State", "membrane.initial")
        self.events = {e.name: self._event(e) for e in config.event}
        self._rests: dict[Any, Any] = {}
        self._is_timed = depends_on_time(self.model)
        if config.node.tortuosity != SPACE["tortuosity"].value:
            self._refuse_idle("tortuosity", "node.tortuosity")
        self.axes = self.apart([(f"batch[{k}]", a) for k, a in enumerate(config.batch)])

    def settled(self, settings, table, place):
        """Settings of "State" or "Parameters" in SI: name -> number."""
        for name, value in settings.items():
            if not isinstance(value, str | float):
                raise ConfigError(f"{place}.{name}: one cell needs one value, not a field")
        refuse_optional(settings, self.model, table, place)
        return settled(settings, getattr(self.model, table), place)

    def _event(self, event):
        place = f"event '{event.name}'"
        return {
            "parameters": self.settled(event.parameters, "Parameters", f"{place}: parameters"),
            "add": self._added(event.add, f"{place}: add"),
            "put": self.settled(event.put, "State", f"{place}: put"),
        }

    def _added(self, settings, place):
        """Changes of states, which may be negative."""
        return {name: self.si(f"add.{name}", value, place) for name, value in settings.items()}

    def _refuse_idle(self, name, place):
        """Raise ConfigError for a tortuosity that the model does not look at."""
        if name == "tortuosity" and not depends_on(self.model, name):
            raise ConfigError(
                f"{place}: has no effect in the model '{self.model.name}' as it was chosen, which "
                "does not depend on it; leave it out"
            )

    def quantity(self, name, place):
        """The declaration of a parameter, of SPACE, `initial.STATE`, `add.STATE`, or a seed."""
        kind, _, state = name.rpartition(".")
        tables = {"": self.model.Parameters, "parameters": self.model.Parameters}
        table = tables.get(kind, self.model.State)
        if name in SPACE:
            return SPACE[name]
        seeds = [noise.key_of(entry) for entry in self.config.noise]
        if name in seeds:
            return SEED
        if kind in ("", "parameters", "initial", "add", "put") and state in table.quantities:
            q = table.quantities[state]
            return Quantity(q.value, q.unit, q.meaning) if kind == "add" else q
        known = [
            *self.model.Parameters.quantities,
            *SPACE,
            *(f"initial.{s}" for s in self.model.State.quantities),
            *seeds,
        ]
        if kind in ("add", "put"):
            known = [f"{kind}.{s}" for s in self.model.State.quantities]
        meant = f"initial.{name}"
        hint = did_you_mean(meant if meant in known else name, known) or "."
        raise ConfigError(f"{place}: {name}: no such quantity{hint} There are {', '.join(known)}")

    def si(self, name, value, place):
        """A value of a quantity in SI: a number in its declared unit, or text with a unit."""
        table = type("Table", (), {"quantities": {name: self.quantity(name, place)}})
        return settled({name: value}, table, place)[name]

    def changed(self, name, place):
        """The name under which a cell knows what an axis changes.

        That is the name of a parameter, alpha, tortuosity, initial.STATE, or noise.NAME.seed.

        Raises:
            ConfigError: for what is not known or does nothing, and for what an event adds or puts.
        """
        self.quantity(name, place)
        self._refuse_idle(name, f"{place}: {name}")
        if name.startswith(("add.", "put.")):
            state = name.partition(".")[2]
            raise ConfigError(
                f"{place}: {name}: only events do that; write 'initial.{state}' for "
                "the state at the beginning"
            )
        return name.removeprefix("parameters.")

    def axis(self, axis, place):
        """Rows of an axis: each a dict name -> value [SI]."""
        names = [self.changed(n, place) for n in axis.names or [axis.name]]
        if twice := {n for n in names if names.count(n) > 1}:
            raise ConfigError(f"{place}: {min(twice)} is given twice")
        if axis.values is not None:
            rows = axis.values if axis.names else [[v] for v in axis.values]
        else:
            low, high = (self.si(axis.name, v, place) for v in (axis.low, axis.high))
            return [{names[0]: v} for v in _spaced(axis, low, high, place)]
        return [{n: self.si(n, v, place) for n, v in zip(names, row, strict=True)} for row in rows]

    def apart(self, axes):
        """Rows of axes, from pairs (place, axis); ConfigError if two of them change the same."""
        found: list[Any] = []
        known: dict[str, str] = {}
        for place, axis in axes:
            found.append(self.axis(axis, place))
            for name in found[-1][0]:
                if name in known:
                    raise ConfigError(f"{place}: {name} is changed by {known[name]} already")
                known[name] = place
        return found

    def members(self):
        """What is changed in each member of the batch: dicts name -> value [SI]."""
        return [
            {name: v for row in rows for name, v in row.items()}
            for rows in itertools.product(*self.axes)
        ]

    def cell(self, changes):
        """The Cell with some quantities changed: name -> value [SI]."""
        node, model = self.config.node, self.model
        alpha = changes.get("alpha", model.alpha if node.alpha is None else node.alpha)
        tortuosity = changes.get("tortuosity", node.tortuosity)
        local = {n: v for n, v in changes.items() if "." not in n and n not in SPACE}
        parameters = model.Parameters(**{**self._set, **local})
        initial = "initial."
        states = {n[len(initial) :]: v for n, v in changes.items() if n.startswith(initial)}
        state = model.State(**{**self._initial, **states})
        parameters, state = arranged(model, node.packing, parameters, state, alpha)
        surroundings = Surroundings(alpha, node.temperature, tortuosity=tortuosity)
        begin = self._begin(parameters, state, surroundings)
        return Cell(parameters, begin, surroundings, noise.seeds(self.config.noise, changes))

    def _begin(self, parameters, state, surroundings):
        """The state at the beginning, solved once for each that is asked for."""
        if self.config.membrane.start != "rest":
            return state
        key = parameters, state, surroundings
        if key not in self._rests:
            columns = type(state)(*(np.full(1, v) for v in state))
            found = at_rest(self.model, parameters, columns, surroundings).state
            self._rests[key] = type(state)(*(float(v[0]) for v in found))
        return self._rests[key]

    def value(self, name, changes):
        """The value [SI] of a parameter, of SPACE or of `initial.STATE` in a cell.

        Raises:
            ConfigError: for a seed.
        """
        if name.startswith(noise.PREFIX):
            raise ConfigError(f"continuation: {name}: steady states are without noise")
        cell = self.cell(changes)
        if name in SPACE:
            return getattr(cell.surroundings, name)
        if name.startswith("initial."):
            return getattr(cell.state, name.removeprefix("initial."))
        declared = self.model.Parameters()._asdict()
        return {**declared, **self._set, **changes}[name]  # before packing, as it is set

    def flow(self, changes):
        """The Flow of the cell with some quantities changed.

        Raises:
            ConfigError: for a model that depends on time, which has no steady states.
        """
        if self._is_timed:
            raise ConfigError(
                f"steady, continuation: the rates of the model {self.model.name} depend on time, "
                "so that it has no steady states"
            )
        cell = self.cell(changes)
        return Flow(self.model, cell.parameters, cell.surroundings, cell.state)

    def bench(self, cells, stimuli=(), quiet=False):
        """The Bench with some cells, which get some stimuli, and noise unless it is quiet."""
        membrane, entries = self.config.membrane, () if quiet else self.config.noise
        still = {noise_of(name): np.zeros(len(cells)) for name in self._noisy}
        stack = lambda part: type(getattr(cells[0], part))(  # noqa: E731
            *(np.array(v, float) for v in zip(*(getattr(c, part) for c in cells), strict=True))
        )
        around = surroundings_with_noise(Surroundings, self.model, self._noisy)
        surroundings, parameters = around(*stack("surroundings"), **still), stack("parameters")
        precision = allowed(membrane.precision, membrane.tolerance)
        derive = partial(step_text, self.model, parameters, surroundings, precision)
        return Bench(
            self.model,
            stack("state"),
            parameters,
            surroundings,
            membrane.tolerance,
            membrane.substeps,
            stimuli,
            noise.noise_in(entries, self.model, cells),
            precision,
            self._kept("step", self._structure(precision), derive),
        )

    def _structure(self, precision):
        """What the step of a cell is made of, apart from numbers."""
        numbers = {"parameters", "initial", "start", "tolerance", "substeps", "precision"}
        return repr((self.config.membrane.model_dump(exclude=numbers), self._noisy, precision))

    def stimuli(self, count):
        """The Stimulus of every event, for `count` cells."""
        return [self.stimulus(e, count, self.events[e.name], e.duration) for e in self.config.event]

    def stimulus(self, event, count, done, duration):
        """The Stimulus of an event with given contents and duration [s], numbers or arrays."""
        stop = np.inf if duration is None else event.start + np.asarray(duration)
        fill = lambda values: {n: np.broadcast_to(v, count) for n, v in values.items()}  # noqa: E731
        return Stimulus(
            event.start,
            np.broadcast_to(stop, count).astype(float),
            fill(done["parameters"]),
            fill(done["add"]),
            fill(done["put"]),
        )


def _spaced(axis, low, high, place):
    if not low < high:
        raise ConfigError(f"{place}: low must be below high")
    if axis.scale == "linear":
        return [float(v) for v in np.linspace(low, high, axis.count)]
    if low <= 0:
        raise ConfigError(f"{place}: a logarithmic axis needs a low above 0")
    return [float(v) for v in np.geomspace(low, high, axis.count)]

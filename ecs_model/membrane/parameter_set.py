"""A parameter set: the numbers of a paper for a membrane model, each with unit and source.

The numbers in the file of a model are its first set; others are in `parameter_sets`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import joined, table
from ecs_model.units import to_si


class Value(NamedTuple):
    """A number with its unit and where it comes from."""

    number: float
    unit: str
    source: str = ""

    @property
    def si(self) -> float:
        """The number in SI."""
        return to_si(self.number, self.unit)


@dataclass(frozen=True)
class ParameterSet:
    """The numbers of a paper.

    Attributes:
        name: author and year.
        model: name of the membrane model.
        reference: where the numbers come from.
        options: choices of the model that they belong to.
        parameters: name -> Value, where they differ from those of the model.
        initial: name of a state -> Value, likewise; the state at the start, as published.
    """

    name: str
    model: str
    reference: str
    options: Mapping[str, bool | str] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    initial: Mapping[str, Value] = field(default_factory=dict)


def options_with(chosen: ParameterSet, options: Mapping[str, bool | str]) -> dict[str, bool | str]:
    """Options of a model with those that a set needs; ConfigError where others were asked for."""
    for option, needed in chosen.options.items():
        if (asked := options.get(option, needed)) != needed:
            raise ConfigError(
                f"membrane.options.{option}: the parameter set {chosen.name} belongs to "
                f"{str(needed).lower()} (found {str(asked).lower()})"
            )
    return {**chosen.options, **options}


def with_set(model: MembraneModel, chosen: ParameterSet) -> MembraneModel:
    """The model with the numbers of a set as its defaults, as far as it has these quantities."""
    return replace(
        model,
        State=joined(model.State, **_si(model.State, chosen.initial)),
        Parameters=_told(model.Parameters, chosen.parameters),
        parameter_set=chosen.name,
    )


def _si(record, values):
    return {name: value.si for name, value in values.items() if name in record._fields}


def _told(record, values):
    """A record type with other defaults, and where they come from."""
    lines = joined(record, **_si(record, values)).quantities
    sources = {name: values[name].source for name in _si(record, values)}
    return table(
        record.__name__,
        {name: replace(q, source=sources.get(name, q.source)) for name, q in lines.items()},
    )

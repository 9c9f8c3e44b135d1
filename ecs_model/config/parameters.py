"""Settings of a model's quantities: numbers, text with units, or fields, to SI and in range."""

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.membrane import choices
from ecs_model.quantities import parse
from ecs_model.record import check_range
from ecs_model.units import to_si


def refuse_optional(settings, model, kind, place):
    """Raise ConfigError for a quantity that the model has with other options only.

    Args:
        settings: name -> value.
        model: the membrane model.
        kind: "Parameters" or "State".
        place: as for `settled`.
    """
    for name in settings:
        known = getattr(model, kind).quantities
        if name in known:
            continue
        if options := choices.with_quantity(model, kind, name):
            raise ConfigError(
                f"{place}.{name}: {model.name} has it only with membrane.options = "
                f"{{ {options} }}; set these beside the others, or leave it out"
            )


def settled(settings, table, place):
    """Settings of a record in SI: name -> number; what is a field stays as it is.

    Args:
        settings: name -> number in the declared unit, text with a unit, or a FromFile.
        table: the record type with its quantities.
        place: what messages call the settings, such as "membrane.parameters".

    Raises:
        ConfigError: for an unknown name, a wrong unit or a value out of range.
    """
    return {
        name: _settle(name, value, table, f"{place}.{name}") for name, value in settings.items()
    }


def _settle(name, value, table, place):
    if name not in table.quantities:
        hint = did_you_mean(name, table.quantities) or "."
        known = ", ".join(table.quantities) or "nothing"
        raise ConfigError(f"{place}: the model has no such quantity{hint} It has {known}")
    quantity = table.quantities[name]
    if isinstance(value, float):
        si = to_si(value, quantity.unit)
    elif isinstance(value, str):
        try:
            si = parse(value, quantity.unit)
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None
    else:
        return value
    check_range(si, quantity, place)
    return si

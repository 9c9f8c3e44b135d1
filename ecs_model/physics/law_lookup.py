"""A law looked up and evaluated from the shell: arguments with units, values, tables."""

from collections.abc import Iterable

import numpy as np

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.physics.laws import LAWS, Law
from ecs_model.quantities import parse
from ecs_model.units import from_si, to_si

type Row = tuple[dict[str, float], float]


def find(name: str) -> Law:
    """The Law of a name; ConfigError with a suggestion if there is none."""
    if name not in LAWS:
        hint = did_you_mean(name, LAWS) or "."
        raise ConfigError(f"no law '{name}'{hint} There are {', '.join(LAWS)}")
    return LAWS[name]


def evaluate(name: str, settings: Iterable[str] = ()) -> list[Row]:
    """Rows (arguments [their units], value [the law's unit]) of a law.

    Args:
        name: of the law.
        settings: texts such as "c_in=140 mM"; several values separated by commas make rows.

    Raises:
        ConfigError: for unknown names, wrong units and values that make no sense.
    """
    law = find(name)
    given = dict(_setting(name, law, text) for text in settings)
    count = max([1, *map(len, given.values())])
    if any(len(values) not in (1, count) for values in given.values()):
        raise ConfigError(f"law {name}: give one value, or the same number, of every argument")
    return [_row(name, law, {n: v[k % len(v)] for n, v in given.items()}) for k in range(count)]


def _row(name, law, given):
    arguments = law.arguments(**given)
    with np.errstate(all="ignore"):
        value = float(law.function(*arguments))
    if not np.isfinite(value):
        raise ConfigError(f"law {name}: has no finite value for {_shown(law, arguments)}")
    return _shown(law, arguments), from_si(value, law.unit)


def _shown(law, arguments):
    quantities = law.arguments.quantities
    return {n: from_si(v, quantities[n].unit) for n, v in arguments._asdict().items()}


def _setting(name, law, text):
    argument, equals, value = text.partition("=")
    argument = argument.strip()
    place = f"law {name}: {argument}"
    if not equals:
        raise ConfigError(f"law {name}: --set {text}: write it as name=value, such as k_out=8")
    if argument not in law.arguments.quantities:
        hint = did_you_mean(argument, law.arguments.quantities) or "."
        known = ", ".join(law.arguments.quantities)
        raise ConfigError(f"{place}: the law has no such argument{hint} It has {known}")
    return argument, [_value(law, argument, v, place) for v in value.split(",")]


def _value(law, argument, text, place):
    declared = law.arguments.quantities[argument]
    try:
        si = to_si(float(text), declared.unit)
    except ValueError:
        try:
            si = parse(text.strip().strip("\"'"), declared.unit)
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None
    complaint = declared.complaint(si) or ("" if np.isfinite(si) else "must be a finite number")
    if argument == "z" and si == 0:
        complaint = "an ion has a valence that is not zero"
    if complaint:
        raise ConfigError(f"{place}: {complaint}")
    return si


def overview() -> str:
    """Name and summary of every law."""
    lines = [f"{name:<28}{law.summary}" for name, law in LAWS.items()]
    return "\n".join([*lines, "", "more about one: ecs-model law NAME [--set ARGUMENT=VALUE]"])


def about(name: str, settings: Iterable[str] = ()) -> str:
    """A law with its arguments and value; a table for several values."""
    law, rows = find(name), evaluate(name, settings)
    if len(rows) > 1:
        return _columns(name, law, rows)
    shown, value = rows[0]
    lines = [
        f"  {n:<16}{shown[n]:<14.8g}{q.unit:<12}{q.meaning}"
        for n, q in law.arguments.quantities.items()
    ]
    return "\n".join(
        [law.summary, *lines, f"{name} = {value:.7g} {law.unit}".removesuffix(" 1"), "", law.source]
    )


def _columns(name, law, rows):
    """Comma-separated lines of the arguments that change and the value."""
    changing = [n for n in rows[0][0] if len({shown[n] for shown, _ in rows}) > 1]
    units = law.arguments.quantities
    heads = [*(f"{n} [{units[n].unit}]" for n in changing), f"{name} [{law.unit}]"]
    lines = [[*(f"{shown[n]:.8g}" for n in changing), f"{v:.8g}"] for shown, v in rows]
    return "\n".join(",".join(line) for line in [heads, *lines])

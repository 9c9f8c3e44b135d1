"""Tables for the terminal: membrane models."""

import inspect
from pathlib import Path

from ecs_model import record
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS


def overview():
    """Name and summary of every membrane model."""
    lines = [f"{name:<20}{model.summary}" for name, model in MODELS.items()]
    return "\n".join([*lines, "", "more about one: ecs-model models NAME"])


def about(name, options=()):
    """Everything about one model: its equations, states, parameters, observables, references.

    Args:
        name: of a built-in model, or path of a Python file.
        options: texts such as "gates=h".
    """
    model = _find(name).variant(**dict(map(_choice, options)))
    parts = [f"{model.name}: {model.summary}", _equations(model), *_options(model)]
    parts += [_table("state (default: rest)", model.State), _table("parameters", model.Parameters)]
    if model.observables:
        shown = "\n".join(
            f"  {n:<12}{unit:<12}{_first_line(f)}" for n, (unit, f) in model.observables.items()
        )
        parts.append(f"observables\n{shown}")
    parts.append(_traits(model))
    return "\n\n".join(p for p in parts if p)


def _choice(text):
    """Name and value of an option that was written as name=value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--option {text}: write it as name=choice")
    return name.strip(), {"true": True, "false": False}.get(value.strip(), value.strip())


def _options(model):
    """The table of a model's options, if it has any."""
    if not model.options:
        return []
    rows = [
        f"  {name:<12}{', '.join(str(c).lower() for c in choices)}"
        + f" (here {str(model.chosen.get(name, choices[0])).lower()})"
        for name, choices in model.options.items()
    ]
    return ["\n".join(["options", *rows])]


def _traits(model):
    """Lines about what the model does with ions, space and mass."""
    lines = [f"theta (share of consistent mass): {model.theta:g}"]
    if model.outflow is not None:
        charge = "carries no charge" if model.electroneutral else "carries charge: K+ alone moves"
        kept = "conserved" if model.closed else "not conserved: it has other sources"
        lines += [f"exchange with the space outside {charge}", f"K+ of a closed cell is {kept}"]
        scaled = ", ".join(model.scaled)
        lines.append(f"alpha of these parameters: {model.alpha:g}; {scaled} scale as 1 - alpha")
    return "\n".join(lines)


def _find(name):
    if Path(name).suffix in (".py", ".ode", ".cellml"):
        from ecs_model.membrane.user_models import load_model

        return load_model(Path(name))
    if name not in MODELS:
        raise ConfigError(f"no membrane model '{name}'; there are {', '.join(MODELS)}")
    return MODELS[name]


def _equations(model):
    module = inspect.getmodule(model.State)
    declared = module is not None and module is not inspect.getmodule(record.table)
    return inspect.getdoc(module) if declared else ""


def _table(title, declared):
    rows = [
        f"  {name:<12}{q.value:<14.8g}{q.unit:<14}{_range(q):<18}{q.meaning}"
        + (f" ({q.source})" if q.source else "")
        for name, q in declared.quantities.items()
    ]
    return "\n".join([title, *(rows or ["  none"])])


def _range(quantity):
    """What values make sense, shortly."""
    low, high = quantity.range
    return f"{low:g} to {high:g}" if -low != high else f"within {high:g}"


def _first_line(function):
    return (inspect.getdoc(function) or "").partition("\n")[0]

"""Tables for the terminal: membrane models and mesh generators."""

import inspect
from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS


def overview():
    """Name and summary of every membrane model."""
    lines = [f"{name:<20}{model.summary}" for name, model in MODELS.items()]
    return "\n".join([*lines, "", "more about one: ecs-model models NAME"])


def about(name):
    """Everything about one model: its equations, states, parameters, observables, references."""
    model = _find(name)
    parts = [f"{model.name}: {model.summary}", _equations(model)]
    parts += [_table("state (default: rest)", model.State), _table("parameters", model.Parameters)]
    if model.observables:
        shown = "\n".join(
            f"  {n:<12}{unit:<12}{_first_line(f)}" for n, (unit, f) in model.observables.items()
        )
        parts.append(f"observables\n{shown}")
    parts.append(f"theta (share of consistent mass): {model.theta:g}")
    return "\n\n".join(p for p in parts if p)


def _find(name):
    if name.endswith(".py"):
        from ecs_model.membrane.load import load_model

        return load_model(Path(name))
    if name not in MODELS:
        raise ConfigError(f"no membrane model '{name}'; there are {', '.join(MODELS)}")
    return MODELS[name]


def _equations(model):
    module = inspect.getmodule(model.State)
    return inspect.getdoc(module) if module else ""


def _table(title, record):
    rows = [
        f"  {name:<12}{q.value:<14.8g}{q.unit:<14}{q.meaning}"
        + (f" ({q.source})" if q.source else "")
        for name, q in record.quantities.items()
    ]
    return "\n".join([title, *(rows or ["  none"])])


def _first_line(function):
    return (inspect.getdoc(function) or "").partition("\n")[0]


def generators():
    """Lines about every mesh generator: its settings and what it makes."""
    from ecs_model.meshes import GENERATORS

    lines = []
    for name, make in GENERATORS.items():
        settings = [
            key if p.default is p.empty else f"[{key}]"
            for key, p in inspect.signature(make).parameters.items()
        ]
        lines += [f"{name}: {' '.join(settings)}", f"    {_first_line(make)}"]
    return [*lines, "", 'for example: ecs-model mesh box size=["1 mm","1 mm","1 mm"] cell="50 um"']

"""Tables for the terminal: membrane models."""

import inspect
from pathlib import Path

from ecs_model import record
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.parameter_set import options_with, with_set
from ecs_model.membrane.parameter_sets import find, sets_of


def overview():
    """Name and summary of every membrane model."""
    lines = [f"{name:<20}{model.summary}" for name, model in MODELS.items()]
    sets = [f"{name:<20}{', '.join(known)}" for name, m in MODELS.items() if (known := _sets(m))]
    lines += ["", "parameter sets, the default first", *sets]
    return "\n".join([*lines, "", "more about one: ecs-model models NAME"])


def about(name, options=()):
    """Everything about one model: its equations, states, parameters, observables, references.

    Args:
        name: of a built-in model, or path of a file with a model or with mechanisms.
        options: texts such as "gates=h".

    Raises:
        ConfigError: for a name, a file or an option that is not there.
    """
    found = _find(name)
    if isinstance(found, list):
        if options:
            raise ConfigError(f"--option {options[0]}: has no effect, {name} holds no model")
        return "\n\n".join(map(_mechanism, found))
    chosen = dict(map(_choice, options))
    model = _with_numbers(found, chosen.pop("parameter_set", None), chosen)
    parts = [f"{model.name}: {model.summary}", _equations(model), *_options(model)]
    parts += _compartments(model)
    parts += [_table("state (default: rest)", model.State), _table("parameters", model.Parameters)]
    if model.observables:
        shown = "\n".join(
            f"  {n:<12}{unit:<12}{_first_line(f)}" for n, (unit, f) in model.observables.items()
        )
        parts.append(f"observables\n{shown}")
    parts.append(_traits(model))
    if sets := _sets(found):
        here = f"; here {model.parameter_set}" if model.parameter_set else ""
        parts.append(f"parameter sets: {', '.join(sets)}{here}")
    return "\n\n".join(p for p in parts if p)


def _with_numbers(model, name, options):
    """A model with options and, if it is named, with a parameter set."""
    if name is None:
        return model.variant(**options)
    chosen = find(model, name)
    return with_set(model.variant(**options_with(chosen, options)), chosen)


def _sets(model):
    """Names of the parameter sets of a model, the default first."""
    first = [model.parameter_set] if model.parameter_set else []
    return list(dict.fromkeys([*first, *sets_of(model.name)]))


def _mechanism(part):
    """The text about a mechanism."""
    meaning = _first_line(part.flux) or "it has no docstring"
    lines = [f"{part.name}: {meaning}", _table("parameters", part.parameters)]
    if part.gates:
        gates = {gate.name: gate.quantity for gate in part.gates}
        lines.append(_table("gates", record.table("Gates", gates)))
    return "\n".join(lines)


def _compartments(model):
    """What is in the membranes of each kind of cells, for models that are made so."""
    for cell in model.parts.cells if model.parts else ():
        rows = [f"  {part.name:<22}{_first_line(part.flux)}" for part in cell.mechanisms]
        yield "\n".join([f"mechanisms of {cell.cells} (compartment {cell.key!r})", *rows])


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
    if model.noisy:
        lines.append(f"noise may be added to {', '.join(model.noisy)}")
    return "\n".join(lines)


def _find(name):
    """The model of a name or a file; of a file of mechanisms, these."""
    if Path(name).suffix in (".py", ".ode", ".cellml"):
        from ecs_model.membrane.user_models import contents

        return contents(Path(name))
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

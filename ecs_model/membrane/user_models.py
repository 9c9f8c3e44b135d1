"""Membrane models and mechanisms from files of the user's own."""

from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.expressions import Recording, Symbol
from ecs_model.membrane.importers import SUFFIXES, load_foreign
from ecs_model.membrane.instants import instants
from ecs_model.membrane.mechanism import ATP, Mechanism, charge, moved
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.not_finite import (
    infinite_rates,
    place_of_rates,
    refuse_mechanism,
)
from ecs_model.membrane.parameter_set import options_with, with_set
from ecs_model.membrane.parameter_sets import find
from ecs_model.membrane.potentials import QuasiSteady
from ecs_model.membrane.rosenbrock import ros2
from ecs_model.membrane.user_code import execute, existing
from ecs_model.membrane.user_formulas import (
    complaint,
    refuse_model,
    refuse_observables,
    refuse_rates,
    try_mechanism,
    without_chance,
)
from ecs_model.units import dimension

RANGE = -0.13, 0.07  # V: between the reversal potentials of K+ and Na+, and beyond


def membrane_of(settings, base="."):
    """The MembraneModel that the settings [membrane] of a configuration mean.

    Args:
        settings: with model, file, options and add.
        base: folder to which paths are relative.

    Raises:
        ConfigError: for a file that cannot be used, an option that the model does not have, or a
            mechanism that it cannot take up.
    """
    if settings.file is None:
        model = MODELS[settings.model]
    else:
        model = load_model(Path(base, settings.file), settings.potassium, settings.time_unit)
    if settings.parameter_set is None:
        return _varied(model, settings, settings.options, base)
    chosen = find(model, settings.parameter_set)
    options = options_with(chosen, settings.options)
    return with_set(_varied(model, settings, options, base), chosen)


def _varied(model, settings, options, base):
    """A model with options, and with the mechanisms that are added."""
    if not settings.add:
        return model.variant(**options)
    places = [_parted(entry, base) for entry in settings.add]
    return _extended(model, places, options)


def _parted(entry, base):
    """Path and name of a mechanism that is written as FILE.py:NAME."""
    path, _, name = entry.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise ConfigError(
            f'membrane.add: {entry!r}: write a mechanism as "FILE.py:NAME", the file and the name '
            "of the function in it"
        )
    return Path(base, path), name


def _extended(model, places, options):
    """A model with the mechanisms of some files, checked as a whole."""
    for path, name in places:
        if places.count((path, name)) > 1:
            raise ConfigError(f"membrane.add: {path}: {name} is given twice")
    added, paths = [load_mechanism(path, name) for path, name in places], [p for p, _ in places]
    try:
        with np.errstate(all="ignore"):
            made = model.variant(added, **options)
    except (ConfigError, KeyboardInterrupt):
        raise
    except ArithmeticError:
        raise _restless(model.variant(**options), added, paths) from None
    except BaseException as error:  # whatever a user's formula may raise
        raise complaint(error, *paths) from None
    made = _checked(made, *paths)
    with np.errstate(all="ignore"):
        for part in added:
            _check_current(made, part)
        if not _atp_is_finite(made):
            for part, path in zip(added, paths, strict=True):
                refuse_mechanism(part, path, model.variant(**options))
    return made


def _atp_is_finite(model):
    """Whether what pumps split at rest is a finite number, where they split anything."""
    _, use = model.observables.get("ATP_use", ("", lambda *at_rest: 0.0))
    rest = model.State(), model.Parameters(), Surroundings(alpha=model.alpha)
    return bool(np.isfinite(use(*rest)))


def _restless(model, added, paths):
    """The ConfigError about mechanisms with which a model is not brought to rest."""
    for part, path in zip(added, paths, strict=True):
        try:
            refuse_mechanism(part, path, model)
        except ArithmeticError as error:
            return complaint(error, path)
    return ConfigError(
        f"membrane.add: with {', '.join(part.name for part in added)} the cells of {model.name} "
        "have no resting state; lower what the mechanism carries at rest"
    )


def _check_current(model, part):
    """Raise ConfigError for a current after which a quasi-steady potential would not be unique."""
    y, p, env = model.State(), model.Parameters(), Surroundings(alpha=model.alpha)
    p = p._replace(**{n: getattr(p, n) or 1.0 for n in part.parameters._fields})  # 0: none yet
    v = np.linspace(*RANGE, 181)
    for cell in model.parts.cells:
        if part in cell.mechanisms and isinstance(cell.potential, QuasiSteady):
            c, T = cell.concentrations(y, p, env), cell.temperature(p, env)
            kinds = ((ion, x) for ion, x in moved(part, v, c, y, p, T).items() if ion != ATP)
            current = np.broadcast_to(charge(kinds, c, v, T), v.shape) * part.electrogenic
            falls = np.diff(current) < -1e-9 * np.ptp(current)
            if falls.any():
                raise ConfigError(
                    f"membrane.add: {part.name}: its current falls as the potential rises at once, "
                    f"near {1e3 * v[int(falls.argmax())]:.0f} mV, so that the potential of "
                    f"{model.name}, at which no current flows, would not be unique; make what "
                    "opens it a gate"
                )


def load_mechanism(path, name):
    """The Mechanism of a name in a user's Python file.

    Raises:
        ConfigError: one sentence with file and line where it cannot be used.
    """
    module = execute(existing(path, "membrane.add"))
    found = getattr(module, name, None)
    if not isinstance(found, Mechanism):
        names = [part.name for part in _mechanisms(module)]
        raise ConfigError(
            f"membrane.add: {path}: {name} is no mechanism; write @mechanism(...) above its "
            f"function (found here: {', '.join(names) or 'none'})"
        )
    try_mechanism(found, path)
    return found


def load_model(path, potassium="K_o", time_unit=None):
    """The MembraneModel of a user's file: Python, gotran .ode or CellML.

    Args:
        path: of the file.
        potassium: in .ode and .cellml files, the state that is extracellular K+.
        time_unit: of .ode files: "s" or "ms"; None for what their units tell.

    Raises:
        ConfigError: one sentence with file and line where it cannot be used.
    """
    path = Path(path)
    if path.suffix.lower() in SUFFIXES:
        return _checked(load_foreign(path, potassium, time_unit), path)
    if path.suffix != ".py":
        raise ConfigError(
            f"membrane.file: {path}: a model is read from a .py, .ode or .cellml file, not from "
            f"{path.suffix or 'a file without ending'}"
        )
    existing(path, "membrane.file")
    if time_unit is not None:
        raise ConfigError(
            f"membrane.time_unit: {path}: only .ode files leave the unit of time open; remove it"
        )
    return _model_in(execute(path), path)


def _model_in(module, path):
    model = getattr(module, "model", None)
    if not isinstance(model, MembraneModel):
        raise ConfigError(
            f"{path}: no membrane model found; the file must define "
            "model = MembraneModel(name=..., summary=..., State=..., Parameters=..., rhs=...)"
        )
    return _checked(model, path)


def contents(path):
    """The MembraneModel of a file or, of a Python file without one, its mechanisms as a list.

    Raises:
        ConfigError: for a file that holds neither, or that cannot be used.
    """
    if path.suffix != ".py":
        return load_model(path)
    module = execute(existing(path, "models"))
    found = [] if hasattr(module, "model") else _mechanisms(module)
    for part in found:
        try_mechanism(part, path)
    return found or _model_in(module, path)


def _mechanisms(module):
    return [x for x in vars(module).values() if isinstance(x, Mechanism)]


def _checked(model, *paths):
    """The model itself; ConfigError, which names the first path, for what cannot be used."""
    path = paths[0]
    for table in (model.State, model.Parameters):
        if not hasattr(table, "quantities"):
            raise ConfigError(f"{path}: {table!r} is not a @record of quantities")
    if next(iter(model.State._fields), None) != "K_o":
        raise ConfigError(f"{path}: the first field of State must be K_o, the K+ that diffuses")
    faults = [f"{path}: {fault}" for fault in _faults(model)]
    if faults:
        head = f"{path}: the model cannot be used:\n  "
        raise ConfigError(faults[0] if len(faults) == 1 else head + "\n  ".join(faults))
    refuse_model(model, *paths)
    recording = Recording()
    y, p, env = (_symbols(recording, x()) for x in (model.State, model.Parameters, Surroundings))
    try:
        with without_chance(*paths):
            refuse_rates(model, y, p, env, *paths)
            model.step(ros2, y, p, env, Symbol(recording, "h"))
            instants(model, recording, y, p, env)
            refuse_observables(model, y, p, env, *paths)
        endless = infinite_rates(model)
    except (ConfigError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever a user's formula may raise
        raise complaint(error, *paths) from None
    if endless:
        raise ConfigError(
            f"{place_of_rates(model, *paths)}: at the state and the parameters that are declared, "
            f"{endless} is no finite number"
        )
    return model


def _faults(model):
    """What is wrong with the numbers and units that a model declares."""
    for kind, declared in (("State", model.State), ("Parameters", model.Parameters)):
        for name, quantity in declared.quantities.items():
            if complaint := quantity.complaint(getattr(declared(), name)):
                yield f"{kind}: {name} {complaint}"
    for name, observable in model.observables.items():
        if complaint := _fault_of_observable(name, observable, model.State):
            yield f"observables: {name}: {complaint}"


def _fault_of_observable(name, observable, State):
    """What is wrong with how an observable is declared, in words; empty if nothing is."""
    if not (isinstance(observable, tuple) and len(observable) == 2 and callable(observable[1])):
        return "must be a pair of unit and function, such as ('mM', bound)"
    if name in State._fields:
        return "is a state already, which is shown by itself; give it another name"
    if dimension(observable[0]) is None:
        return (
            f"unknown unit {observable[0]!r}; use one of those in ecs_model.units, such as mV, mM "
            "or 1"
        )
    return ""


def _symbols(recording, record):
    return type(record)(*(Symbol(recording, name) for name in record._fields))

"""A membrane model from a file of the user's own."""

import importlib.util
import os
import sys
import traceback
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.expressions import Recording, Symbol
from ecs_model.membrane.importers import SUFFIXES, load_foreign
from ecs_model.membrane.instants import instants
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.rosenbrock import ros2
from ecs_model.units import dimension


def membrane_of(settings, base="."):
    """The MembraneModel that the settings [membrane] of a configuration mean.

    Args:
        settings: with model, file and options.
        base: folder to which `file` is relative.

    Raises:
        ConfigError: for a file that cannot be used, or an option that the model does not have.
    """
    if settings.file is None:
        return MODELS[settings.model].variant(**settings.options)
    path = Path(base, settings.file)
    return load_model(path, settings.potassium, settings.time_unit).variant(**settings.options)


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
    if not path.is_file():
        raise ConfigError(f"membrane.file: {path}: no such file")
    if time_unit is not None:
        raise ConfigError(
            f"membrane.time_unit: {path}: only .ode files leave the unit of time open; remove it"
        )
    module = _execute(path)
    model = getattr(module, "model", None)
    if not isinstance(model, MembraneModel):
        raise ConfigError(
            f"{path}: no membrane model found; the file must define "
            "model = MembraneModel(name=..., summary=..., State=..., Parameters=..., rhs=...)"
        )
    return _checked(model, path)


def _execute(path):
    spec = importlib.util.spec_from_file_location(f"ecs_model_user_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a user's file may raise
        raise ConfigError(f"{_place(error, path)}: {type(error).__name__}: {error}") from None
    return module


def _checked(model, path):
    for table in (model.State, model.Parameters):
        if not hasattr(table, "quantities"):
            raise ConfigError(f"{path}: {table!r} is not a @record of quantities")
    if next(iter(model.State._fields), None) != "K_o":
        raise ConfigError(f"{path}: the first field of State must be K_o, the K+ that diffuses")
    faults = [f"{path}: {fault}" for fault in _faults(model)]
    if faults:
        head = f"{path}: the model cannot be used:\n  "
        raise ConfigError(faults[0] if len(faults) == 1 else head + "\n  ".join(faults))
    recording = Recording()
    y, p, env = (_symbols(recording, x()) for x in (model.State, model.Parameters, Surroundings))
    try:
        model.step(ros2, y, p, env, Symbol(recording, "h"))
        instants(model, recording, y, p, env)
        for _, observable in model.observables.values():
            observable(y, p, env)
        endless = _without_rate(model)
    except (ConfigError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever a user's formula may raise
        raise ConfigError(f"{_place(error, path)}: {type(error).__name__}: {error}") from None
    if endless:
        raise ConfigError(
            f"{path}: at the state and the parameters that are declared, the rate of "
            f"{', '.join(endless)} is no finite number"
        )
    return model


def _without_rate(model):
    """States whose rate is no finite number where the model begins."""
    begin = model.State(), model.Parameters(), Surroundings(alpha=model.alpha)
    with np.errstate(all="ignore"):
        rates = model.rhs(*(type(record)(*map(np.float64, record)) for record in begin))
    return [n for n, r in zip(rates._fields, rates, strict=True) if not np.all(np.isfinite(r))]


def _faults(model):
    """What is wrong with the numbers and units that a model declares."""
    for kind, declared in (("State", model.State), ("Parameters", model.Parameters)):
        for name, quantity in declared.quantities.items():
            if complaint := quantity.complaint(getattr(declared(), name)):
                yield f"{kind}: {name} {complaint}"
    for name, (unit, _) in model.observables.items():
        if dimension(unit) is None:
            yield (f"observables: {name}: unknown unit {unit!r}; use one of those in "
                   "ecs_model.units, such as mV, mM or 1")  # fmt: skip


def _symbols(recording, record):
    return type(record)(*(Symbol(recording, name) for name in record._fields))


def _place(error, path):
    """File and line of the user's file in which an exception was born."""
    whole = os.path.abspath(path)
    if isinstance(error, SyntaxError) and error.filename == whole:
        return f"{path}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__ or sys.exc_info()[2])
    lines = [frame.lineno for frame in frames if frame.filename == whole]
    return f"{path}:{lines[-1]}" if lines else str(path)

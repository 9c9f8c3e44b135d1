"""A membrane model from a Python file of the user's own."""

import importlib.util
import sys
import traceback
from pathlib import Path

from ecs_model.derivative import jacobian
from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel, Surroundings


def load_model(path):
    """The MembraneModel called `model` in a Python file.

    Raises:
        ConfigError: one sentence with file and line where it cannot be used.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"membrane.file: {path}: no such file")
    module = _execute(path)
    model = getattr(module, "model", None)
    if not isinstance(model, MembraneModel):
        raise ConfigError(
            f"{path}: no membrane model found; the file must define "
            "model = MembraneModel(name=..., summary=..., State=..., Parameters=..., rhs=...)"
        )
    _check(model, path)
    return model


def _execute(path):
    spec = importlib.util.spec_from_file_location(f"ecs_model_user_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file may raise
        raise ConfigError(f"{_place(error, path)}: {type(error).__name__}: {error}") from None
    return module


def _check(model, path):
    for table in (model.State, model.Parameters):
        if not hasattr(table, "quantities"):
            raise ConfigError(f"{path}: {table!r} is not a @record of quantities")
    if next(iter(model.State._fields), None) != "K_o":
        raise ConfigError(f"{path}: the first field of State must be K_o, the K+ that diffuses")
    state, parameters, surroundings = model.State(), model.Parameters(), Surroundings()
    try:
        jacobian(lambda y: model.rhs(y, parameters, surroundings), state)
    except Exception as error:  # whatever a user's formula may raise
        raise ConfigError(f"{_place(error, path)}: {type(error).__name__}: {error}") from None


def _place(error, path):
    """File and line of the user's file in which an exception was born."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__ or sys.exc_info()[2])
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)

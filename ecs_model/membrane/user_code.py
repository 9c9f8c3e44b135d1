"""Python files of the user's own: models and mechanisms."""

import importlib.util
import inspect
import os
import sys
import traceback
from pathlib import Path

from ecs_model.errors import ConfigError


def execute(path):
    """The module that a Python file is; ConfigError with file and line for what it raises."""
    spec = importlib.util.spec_from_file_location(f"ecs_model_user_{path.stem}", path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a user's file may raise
        raise ConfigError(f"{place(error, path)}: {type(error).__name__}: {error}") from None
    return module


def place(error, *paths):
    """File and line of the user's file in which an exception was born; the first path if none."""
    for path in paths:
        whole = os.path.abspath(path)
        if isinstance(error, SyntaxError) and error.filename == whole:
            return f"{path}:{error.lineno}"
        frames = traceback.extract_tb(error.__traceback__ or sys.exc_info()[2])
        if lines := [frame.lineno for frame in frames if frame.filename == whole]:
            return f"{path}:{lines[-1]}"
    return str(paths[0])


def birthplace(function, *paths):
    """File and line where a function of a user's file is written; the first path if elsewhere."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    for path in paths:
        if code is not None and os.path.abspath(path) == code.co_filename:
            return f"{path}:{code.co_firstlineno}"
    return str(paths[0])


def existing(path, key):
    """A path as one of a file that is there; ConfigError names the key of the configuration."""
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{key}: {path}: no such file")
    return path

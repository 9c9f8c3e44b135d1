"""Settings of a model's quantities: numbers, text with units, or fields, to SI and in range."""

import difflib
import math
import tokenize
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.quantities import parse
from ecs_model.units import to_si

_BROKEN = (ValueError, TypeError, OSError, EOFError, SyntaxError, tokenize.TokenError)  # an array


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
        close = difflib.get_close_matches(name, table.quantities, 1)
        hint = f"; did you mean '{close[0]}'?" if close else "."
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


def check_range(values, quantity, place):
    """Raise ConfigError if a value [SI] or any of an array is not finite or out of range."""
    values = np.atleast_1d(values)
    if not np.isfinite(values).all():
        raise ConfigError(f"{place}: not every value is a finite number")
    for extreme in (values.min(), values.max()) if len(values) else ():
        if complaint := quantity.complaint(extreme):
            raise ConfigError(f"{place}: {complaint}")


def load_npy(path):
    """The array in a .npy file.

    Raises:
        ValueError: if its head promises what the file does not hold; nothing is then asked for.
    """
    with open(path, "rb") as file:
        version = np.lib.format.read_magic(file)
        heads = {(1, 0): np.lib.format.read_array_header_1_0}
        read_head = heads.get(version, np.lib.format.read_array_header_2_0)
        shape, _, kind = read_head(file)
        held = path.stat().st_size - file.tell()
        promised = math.prod(shape) * kind.itemsize
    if kind.hasobject or kind.kind not in "biuf":
        raise ValueError(f"it holds {kind}")
    if promised != held:
        raise ValueError(f"its head promises {promised} bytes, but {held} are there")
    return np.load(path, allow_pickle=False)


def read_array(path, field, at=None):
    """An array in input order, out of a .npy or mesh file, and what its values lie at.

    That is "nodes" or "cells", or for a .npy file, which does not tell, `at` itself.

    Args:
        path: of the file.
        field: name of the field in a mesh file; None for .npy.
        at: which of two fields of one name is meant, "nodes" or "cells".
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    if path.suffix.lower() == ".npy":
        try:
            return np.atleast_1d(np.asarray(load_npy(path), float)), at
        except _BROKEN as error:
            reason = " ".join(str(error).split())[:200]
            raise ConfigError(f"{path}: not an array of numbers ({reason})") from None
    from ecs_model.meshes import meshdata

    mesh = meshdata.read(path, "m")
    try:
        return meshdata.field_of(mesh, field, at)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None

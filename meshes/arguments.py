"""Checks of what a generator is asked for; each raises ConfigError with one sentence."""

import math
from numbers import Real

from ecs_model.errors import ConfigError

_MOST_NODES = 5e8


def positive(name, value):
    """`value` as a float, if it is a positive finite length [m]."""
    if not isinstance(value, Real) or not 0 < value < math.inf:
        raise ConfigError(f"{name}: found {value!r}; a positive length in metres is needed")
    return float(value)


def lengths(name, values, dim):
    """`values` as `dim` positive floats [m]."""
    values = tuple(values) if hasattr(values, "__len__") else (values,)
    if len(values) != dim:
        raise ConfigError(f"{name}: found {len(values)} numbers; {dim} lengths in metres are needed")
    return tuple(positive(f"{name}[{i}]", value) for i, value in enumerate(values))


def point(name, values, dim):
    """`values` as `dim` finite coordinates [m]."""
    values = tuple(values) if hasattr(values, "__len__") else (values,)
    good = len(values) == dim and all(isinstance(v, Real) and math.isfinite(v) for v in values)
    if not good:
        raise ConfigError(f"{name}: found {values!r}; {dim} coordinates in metres are needed")
    return tuple(float(v) for v in values)


def cell_size(cell, smallest, measure, dim):
    """`cell` [m], if it fits into the smallest extent [m] and the mesh can be stored."""
    cell = positive("cell", cell)
    if cell > smallest * (1 + 1e-9):
        raise ConfigError(f"cell: {cell:g} m is larger than the body, which measures {smallest:g} m "
                          "across; choose a smaller cell")  # fmt: skip
    if measure / cell**dim > _MOST_NODES:
        raise ConfigError(f"cell: {cell:g} m would give about {measure / cell**dim:.1e} nodes; "
                          f"choose a larger cell (at most {_MOST_NODES:.0e} nodes)")  # fmt: skip
    return cell


def whole(name, value, least):
    """`value` as an int of at least `least`."""
    if isinstance(value, bool) or value != int(value) or value < least:
        raise ConfigError(f"{name}: found {value!r}; a whole number of at least {least} is needed")
    return int(value)


def one_of(name, value, choices):
    """`value`, if it is among the choices."""
    if value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ConfigError(f"{name}: found {value!r}; known are {known}")
    return value

"""Checks of what a generator is asked for; each raises ConfigError with one sentence."""

import math
import os
from numbers import Real

from ecs_model.errors import ConfigError
from ecs_model.quantities import length_text

MOST_NODES = 2**31 - 1  # that PETSc and DOLFINx can count
_BYTES = 400  # of a node and its cells, while a mesh is made


def positive(name, value):
    """`value` as a float, if it is a positive finite length [m]."""
    if not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise ConfigError(f"{name}: found {value!r}; a positive length in metres is needed")
    return float(value)


def lengths(name, values, dim):
    """`values` as `dim` positive floats [m]."""
    values = tuple(values) if hasattr(values, "__len__") else (values,)
    if len(values) != dim:
        raise ConfigError(f"{name}: found {len(values)} numbers; {dim} lengths are needed")
    return tuple(positive(f"{name}[{i}]", value) for i, value in enumerate(values))


def point(name, values, dim):
    """`values` as `dim` finite coordinates [m]."""
    values = tuple(values) if hasattr(values, "__len__") else (values,)
    if len(values) != dim:
        raise ConfigError(f"{name}: found {len(values)} numbers; {dim} coordinates are needed")
    if not all(isinstance(v, Real) and math.isfinite(v) for v in values):
        raise ConfigError(f"{name}: found {values!r}; {dim} coordinates in metres are needed")
    return tuple(float(v) for v in values)


def cell_size(cell, smallest):
    """`cell` [m], if it fits into the smallest extent [m] of the body."""
    cell = positive("cell", cell)
    if cell > smallest * (1 + 1e-9):
        raise ConfigError(
            f"cell: {length_text(cell)} is larger than the body, which is "
            f"{length_text(smallest)} across; choose a smaller cell"
        )
    return cell


def countable(nodes):
    """Nothing, if so many nodes can be counted."""
    if nodes > MOST_NODES:
        raise ConfigError(
            f"cell: the mesh would have about {nodes:.1e} nodes; choose a larger cell (at most "
            f"{MOST_NODES:.0e} nodes can be counted)"
        )


def affordable(nodes):
    """Nothing, if this machine can hold the whole of a mesh of so many nodes."""
    countable(nodes)
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _BYTES
    if nodes > here:
        raise ConfigError(
            f"cell: the mesh would have about {nodes:.1e} nodes; choose a larger cell (at most "
            f"{here:.0e} nodes fit into the memory of this machine)"
        )


def whole(name, value, least):
    """`value` as an int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Real) or value < least or value % 1:
        raise ConfigError(f"{name}: found {value!r}; a whole number of at least {least} is needed")
    return int(value)


def one_of(name, value, choices):
    """`value`, if it is among the choices."""
    if value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ConfigError(f"{name}: found {value!r}; known are {known}")
    return value

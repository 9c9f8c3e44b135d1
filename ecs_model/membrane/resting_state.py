"""Resting states: what a model's equations say, not what is typed in."""

from collections import namedtuple

import numpy as np

from ecs_model.membrane.autodiff import jacobian
from ecs_model.membrane.compartment import exchange
from ecs_model.membrane.mechanism import IONS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.parts import Parts

STEPS = 50

Cell = namedtuple("Cell", "K Na Cl v")  # contents [mM] and potential [V]


def balanced(equations, start):
    """The record at which all equations are zero, by Newton's method from `start`.

    Args:
        equations: function from a record of numbers to as many values as it has fields.
        start: record of numbers, close enough that no step needs to be shortened.

    Raises:
        ArithmeticError: if the steps do not come to rest.
    """
    y = start
    for _ in range(STEPS):
        values, rows = jacobian(equations, y)
        step = _solved(rows, values)
        y = type(y)(*(float(a - b) for a, b in zip(y, step, strict=True)))
        if all(abs(b) <= 1e-15 * abs(a) + 1e-300 for a, b in zip(y, step, strict=True)):
            return y
    if all(abs(b) <= 1e-11 * abs(a) for a, b in zip(y, step, strict=True)):
        return y
    raise ArithmeticError(f"no resting state near {start}")


def _solved(rows, values):
    """The solution of a sparse system; ArithmeticError for one that is singular."""
    matrix = np.array([[row.get(j, 0.0) for j in range(len(values))] for row in rows], float)
    try:
        return np.linalg.solve(matrix, np.array(values, float))
    except np.linalg.LinAlgError as error:
        raise ArithmeticError(str(error)) from None


def at_rest(outside, cells, near):
    """State and parameters of compartments that rest, each beside the same extracellular space.

    Args:
        outside: record type of that space.
        cells: the compartments.
        near: key of a compartment -> potential [V] where the search begins.
    """
    parts = Parts(outside, cells)
    p, y = parts.Parameters(), parts.State()
    found: dict[str, float] = {}
    for cell in cells:
        found |= contents_at_rest(cell, y, p, Surroundings(), near[cell.key])
    return y._replace(**found), p


def contents_at_rest(cell, y, p, env, v):
    """Name -> value of the contents and gates with which a compartment exchanges nothing.

    The contents keep the charge that those of `y` have.

    Args:
        cell: the Compartment.
        y: state whose extracellular space they lie in, and where the search begins.
        p: parameters.
        env: surroundings.
        v: potential at which it begins [V].
    """
    names = {ion: f"{ion}_{cell.key}" for ion in IONS}

    def resting(x):
        return {name: getattr(x, ion) for ion, name in names.items()} | cell.gates_at_rest(x.v)

    def fluxes(x):
        return [*exchange(cell, y._replace(**resting(x)), p, env, x.v).ions.values()]

    contents = (getattr(y, name) for name in names.values())
    K, Na, Cl = contents
    return resting(resting_cell(fluxes, K, Na, Cl, v))


def resting_cell(fluxes, K, Na, Cl, v):
    """The Cell that exchanges nothing, with the charge of the given contents [mM].

    Args:
        fluxes: function from a Cell to its outward fluxes of K+, Na+ and Cl-.
        K: content that sets the charge, and where the search starts [mM].
        Na: likewise.
        Cl: likewise.
        v: potential at which it starts [V].
    """

    def equations(x):
        return [*fluxes(x), x.K + x.Na - x.Cl - (K + Na - Cl)]

    return balanced(equations, Cell(K, Na, Cl, v))

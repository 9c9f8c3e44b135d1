"""Where in a user's file a value stops being finite: the line of the operation that makes it so.

A formula is computed once more where its model rests, with numbers that remember that line. What a
choice leaves out, or what becomes finite again, is nobody's fault.
"""

import os
import sys
from numbers import Real
from types import FrameType, SimpleNamespace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.autodiff import Dual, jacobian, value_of
from ecs_model.membrane.compartment import exchange
from ecs_model.membrane.mechanism import (
    IONS,
    Concentrations,
    Conductance,
    Mechanism,
    Multiple,
    Permeability,
    moved,
)
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.operators import Operators, as_number
from ecs_model.membrane.user_code import birthplace
from ecs_model.physics.gating import steady_gate

FRACTION = "the open fraction to which its rates lead"


class Watch:
    """Makes numbers that remember the line of some files in which they stopped being finite.

    Args:
        paths: of the files.
    """

    def __init__(self, *paths):
        self._paths = {os.path.abspath(path): path for path in paths}

    def number(self, value):
        """A number to compute with."""
        return Watched(self, np.float64(value))

    def variable(self, value):
        """A number to compute and to differentiate with."""
        return Dual(self.number(value), {object(): 1.0})

    def here(self):
        """File and line that is being computed; empty where it is of no file that is watched."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename not in self._paths:
            frame = frame.f_back
        return f"{self._paths[frame.f_code.co_filename]}:{frame.f_lineno}" if frame else ""


class Watched(Operators):
    """A number of a Watch; `source` is file and line in which it stopped being finite, or empty."""

    def __init__(self, watch, value, source=""):
        self._watch, self.value, self.source = watch, value, source

    def apply(self, ufunc, *inputs):
        """What a NumPy function makes of numbers."""
        if not all(isinstance(x, Watched | Real) for x in inputs):
            return NotImplemented
        with np.errstate(all="ignore"):
            value = ufunc(*map(_bare, inputs))
        if np.isfinite(value):
            return Watched(self._watch, value)
        sources = (x.source for x in inputs if isinstance(x, Watched) and x.source)
        return Watched(self._watch, value, next(sources, "") or self._watch.here())

    def __array_function__(self, function, types, args, kwargs):
        """The value that `np.where` chooses."""
        if any(isinstance(x, Dual) for x in args):
            return NotImplemented
        condition, yes, no = args
        chosen = yes if _bare(condition) else no
        source = chosen.source if isinstance(chosen, Watched) else ""
        return Watched(self._watch, np.float64(_bare(chosen)), source)


def _bare(x):
    return x.value if isinstance(x, Watched) else x


def refuse_mechanism(part: Mechanism, path, model: MembraneModel) -> None:
    """Raise ConfigError, with file and line, for a mechanism that is not finite at rest.

    Args:
        part: the Mechanism.
        path: of its file.
        model: to which it is added, without it.
    """
    watch = Watch(path)
    with np.errstate(all="ignore"):
        v, c, y, p, T = _seen(part, model)
        where = f"where {model.name} rests ({1e3 * v:.0f} mV, {c.K[1]:.3g} mM of extracellular K+)"
        for function, name, what, amount in _amounts(part, watch, v, c, y, p, T):
            if fault := _fault(amount):
                value, source, slope = fault
                raise ConfigError(
                    f"{source or birthplace(function, path)}: {name}: {slope}{what} is {value} "
                    f"{where}; a finite number would be right"
                )


def _seen(part, model):
    """Potential [V], concentrations, state, parameters, temperature [K] beside a mechanism."""
    cells = {cell.key: cell for cell in model.parts.cells}
    cell = cells[part.compartment or next(iter(cells))]
    y, p, env = model.State(), model.Parameters(), Surroundings(model.alpha)
    v = exchange(cell, y, p, env).v
    return v, cell.concentrations(y, p, env), y, p, cell.temperature(p, env)


def _amounts(part, watch, v, c, y, p, T):
    """Function, its name, what it gives in words, and that: of the gates and of the mechanism."""
    gates = {gate.name: _of_gate(gate, watch, v) for gate in part.gates}
    for gate in part.gates:
        for what, amount in gates[gate.name].items():
            yield gate.rates, gate.name, what, amount
    fractions = {name: _bare(value_of(found[FRACTION])) for name, found in gates.items()}
    state = _record(watch.variable, {**y._asdict(), **fractions})
    parameters = _record(watch.number, {**part.parameters()._asdict(), **p._asdict()})
    sides = Concentrations(**{i: tuple(map(watch.variable, getattr(c, i))) for i in IONS})
    seen = watch.variable(v), sides, state, parameters, watch.number(T)
    for ion, kind in moved(part, *seen).items():
        for amount in _numbers(kind):
            yield part.flux, part.name, f"what it returns for {ion}", as_number(amount)


def _numbers(kind):
    """The numbers in what a mechanism returned for an ion."""
    if isinstance(kind, Multiple):
        return [kind.turns]
    if isinstance(kind, Permeability):
        return [kind.value, *(kind.of or ())]
    return [kind.value if isinstance(kind, Conductance) else kind]


def _of_gate(gate, watch, v):
    """What a gate gives at a potential [V], by its name in messages."""
    opening, closing = (watch.number(0.0) + rate for rate in gate.rates(watch.variable(1e3 * v)))
    fraction = steady_gate(opening, closing)
    return {"its opening rate": opening, "its closing rate": closing, FRACTION: fraction}


def _record(make, values):
    return SimpleNamespace(**{name: make(x) for name, x in values.items()})


def _fault(amount):
    """What is not finite, its source, and which it is if it is a slope; None if all is finite."""
    slopes = amount.slopes.values() if isinstance(amount, Dual) else ()
    value = amount.value if isinstance(amount, Dual) else amount
    for x, which in ((value, ""), *((slope, "the slope of ") for slope in slopes)):
        if not np.isfinite(_bare(x)):
            return f"{_bare(x):g}", getattr(x, "source", ""), which
    return None


def infinite_rates(model: MembraneModel) -> str:
    """Which rates are no finite numbers where a model begins, in words; empty if none.

    Also slopes of rates count, without which no step can be taken.

    Args:
        model: the membrane model.
    """
    with np.errstate(all="ignore"):
        values, rows = _rates_and_slopes(model, np.float64)
    endless = [name for name, x in _of(model, values) if not np.isfinite(x)]
    if endless:
        return f"the rate of {', '.join(endless)}"
    steep = [name for name, row in _of(model, rows) if not np.isfinite([*row.values(), 0.0]).all()]
    return f"the slope of the rate of {', '.join(steep)}" if steep else ""


def _of(model, values):
    return zip(model.State._fields, values, strict=True)


def _rates_and_slopes(model, make):
    """Rates where a model begins, and their slopes row by row, of numbers of a kind."""
    begin = model.State(), model.Parameters(), Surroundings(alpha=model.alpha)
    y, p, env = (type(record)(*map(make, record)) for record in begin)

    def rates(y):
        return model.rhs(y, p, env)

    return jacobian(rates, y)


def place_of_rates(model: MembraneModel, *paths) -> str:
    """File and line in which the first rate, or its slope, stops being finite as a model begins.

    Args:
        model: the membrane model.
        paths: of the files that it comes from.

    Returns:
        str: the place of its function `rhs` if no line of these files is to blame.
    """
    watch = Watch(*paths)
    values, rows = _rates_and_slopes(model, watch.number)
    numbers = [*values, *(slope for row in rows for slope in row.values())]
    sources = (x.source for x in numbers if isinstance(x, Watched) and x.source)
    return next(sources, "") or birthplace(model.rhs, *paths)

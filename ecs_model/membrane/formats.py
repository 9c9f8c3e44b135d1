"""Membrane models from gotran .ode and CellML files, through the libraries that read them.

Their formulas become ours: each expression is evaluated on numbers, arrays or symbols, so that such
a model is differentiated exactly and compiled like any other. Formulas keep the units of the file;
states and parameters are converted where they enter and leave.
"""

import re
import tempfile
from functools import reduce
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel
from ecs_model.quantities import parse
from ecs_model.record import Quantity, table
from ecs_model.units import DIMENSIONS, dimension, factor, to_si

SUFFIXES = (".ode", ".cellml")
NEEDED = "reading .ode and .cellml files needs two more libraries: pip install 'ecs-model[formats]'"
_FUNCTIONS = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
    "tanh": np.tanh, "Abs": np.abs, "StrictLessThan": np.less, "LessThan": np.less_equal,
    "StrictGreaterThan": np.greater, "GreaterThan": np.greater_equal,
}  # fmt: skip
_FOLDS = {
    "Add": np.add, "Mul": np.multiply, "Min": np.minimum, "Max": np.maximum,
    "And": np.logical_and, "Or": np.logical_or,
}  # fmt: skip


def load_foreign(path, potassium="K_o"):
    """The MembraneModel in a .ode or .cellml file.

    Args:
        path: of the file.
        potassium: name in the file of the state that is K+ outside cells.

    Raises:
        ConfigError: one sentence, with the line where one can be told.
    """
    ode, clock = _read(Path(path))
    unknown = [s for s in ode.states if s.unit_str in (None, "")]
    if unknown:
        name = unknown[0].name
        right = f'{name} = ScalarParam({float(unknown[0].value):g}, unit="mM")'
        raise ConfigError(f"{_line(path, name)}: the state '{name}' has no unit; write {right}")
    states = {s.name: s for s in ode.states}
    if potassium not in states:
        raise ConfigError(
            f"{path}: no state is called '{potassium}'; say which one is K+ outside cells with "
            f"membrane.potassium (there are {', '.join(states)})"
        )
    order = [potassium, *(name for name in states if name != potassium)]
    return _model(Path(path), ode, clock, order)


def _read(path):
    """The system of equations of a file, and its unit of time [s]."""
    if not path.is_file():
        raise ConfigError(f"membrane.file: {path}: no such file")
    try:
        return _read_ode(path) if path.suffix == ".ode" else _read_cellml(path)
    except ImportError:
        raise ConfigError(f"membrane.file: {path}: {NEEDED}") from None
    except ConfigError:
        raise
    except Exception as error:  # these libraries raise many kinds
        words = " ".join(str(error).split()) or type(error).__name__
        named = re.findall(r"'(\w+)'", words)
        raise ConfigError(f"{_line(path, *named)}: cannot be read: {words[:300]}") from None


def _read_ode(path):
    return _loaded(path), 1e-3  # time in .ode files is in ms


def _loaded(path):
    import gotranx
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    return gotranx.load_ode(path).remove_singularities()


def _read_cellml(path):
    from gotranx.myokit import myokit_to_gotran
    from myokit.formats.cellml import CellMLImporter

    source = CellMLImporter().model(str(path))
    unit = source.time().unit()
    if unit is None:
        raise ConfigError(f"{path}: its variable of time has no unit")
    seconds, found = _si(str(unit).strip("[]"))
    if found != "s":
        raise ConfigError(f"{path}: its variable of time is in {unit}, not in a unit of time")
    with tempfile.TemporaryDirectory() as folder:  # an .ode file has its names resolved
        written = Path(folder, "model.ode")
        myokit_to_gotran(source).save(written)
        return _loaded(written), seconds


def _line(path, *names):
    """File and line where the first of some names stands; the file alone if none does."""
    lines = Path(path).read_text(errors="replace").splitlines()
    for name in names:
        for number, line in enumerate(lines, 1):
            if re.search(rf"\b{re.escape(name)}\b", line):
                return f"{path}:{number}"
    return str(path)


def _si(unit):
    """How many SI units a unit of a file is, and the SI unit; "1" for what is not known here."""
    written = unit.replace("**", "^")
    if dimension(written) is not None:
        return factor(written), next(iter(DIMENSIONS[dimension(written)]))
    for units in DIMENSIONS.values():
        si = next(iter(units))
        try:
            return parse(f"1 {written}", si), si
        except ValueError:
            continue
    return 1.0, "1"


def _quantity(atom):
    """Declaration of a state or parameter, and the number of SI units in the file's unit."""
    written = (atom.unit_str or "1").replace("**", "^")
    meaning = atom.description or ""
    if dimension(written) is not None:
        return Quantity(float(atom.value), written, meaning), factor(written)
    scale, si = _si(written)
    meaning = meaning or (f"in {written}" if si == "1" else "")
    return Quantity(float(atom.value) * scale, si, meaning), to_si(scale, si)


def _model(path, ode, clock, order):
    states = {s.name: s for s in ode.states}
    declared = {n: _quantity(states[n]) for n in order}
    if dimension(declared[order[0]][0].unit) != "a concentration":
        where = _line(path, order[0])
        raise ConfigError(f"{where}: '{order[0]}' is in {states[order[0]].unit_str}; K+ outside "
                          "cells needs a unit of concentration, such as mM")  # fmt: skip
    ours = ["K_o", *order[1:]]
    State = table("State", {o: declared[n][0] for o, n in zip(ours, order, strict=True)})
    given = {p.name: _quantity(p) for p in ode.parameters}
    Parameters = table("Parameters", {n: q for n, (q, _) in given.items()})
    rates = {d.state.name: d.name for d in ode.state_derivatives}
    sizes = [declared[n][1] for n in order]

    def values(y, p):
        """Name -> value in the file's unit, of everything in the file."""
        known = {n: v / size for n, v, size in zip(order, y, sizes, strict=True)}
        known |= {n: getattr(p, n) / given[n][1] for n in given}
        known |= {"t": 0.0, "time": 0.0}
        for one in ode.sorted_assignments():
            known[one.name] = _value(one.expr, known, path, one.name)
        return known

    def rhs(y, p, env):
        """Time derivative of the state [SI]."""
        known = values(y, p)
        return State(*(s * known[rates[n]] / clock for n, s in zip(order, sizes, strict=True)))

    return MembraneModel(
        name=path.stem, summary=f"from {path.name}", State=State, Parameters=Parameters, rhs=rhs,
        reference=str(path.name),
    )  # fmt: skip


def _value(expr, known, path, inside):
    """The value of a SymPy expression, with the values of its names."""
    kind = type(expr).__name__
    again = lambda e: _value(e, known, path, inside)  # noqa: E731
    if expr.is_Symbol:
        if expr.name not in known:
            raise ConfigError(f"{_line(path, inside)}: '{inside}' needs '{expr.name}', which "
                              "nothing defines")  # fmt: skip
        return known[expr.name]
    if expr.is_number:
        return float(expr)
    if kind == "Piecewise":
        return _choice(expr.args, again)
    if kind == "Pow":
        return _power(again(expr.base), expr.exp, again)
    if kind in _FOLDS:
        return reduce(_FOLDS[kind], map(again, expr.args))
    if kind in _FUNCTIONS:
        return _FUNCTIONS[kind](*map(again, expr.args))
    raise ConfigError(f"{_line(path, inside)}: '{inside}' uses {kind}, which cannot be compiled")


def _choice(pairs, again):
    (value, condition), *rest = pairs
    if condition == True or not rest:  # noqa: E712 (SymPy's own truth)
        return again(value)
    return np.where(again(condition), again(value), _choice(rest, again))


def _power(base, exponent, again):
    if exponent.is_Integer and abs(int(exponent)) <= 8:
        return base ** int(exponent)
    if exponent.is_number and float(2 * exponent) in (1.0, -1.0):
        root = np.sqrt(base)
        return root if exponent > 0 else 1 / root
    return np.exp(again(exponent) * np.log(base))

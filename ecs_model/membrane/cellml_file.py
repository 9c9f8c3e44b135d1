"""CellML 1.0, 1.1 and 2.0 files, parsed by myokit; see `sources`."""

import math
import re
import warnings
from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.membrane.sources import (
    LARGEST_EXPONENT,
    TIME,
    TOO_LARGE,
    Atom,
    Source,
    in_si,
    places_in,
    quiet,
    text_of,
)

_NO_VALUE = re.compile(r"has no initial value|No value set for")  # what myokit only warns of


def read_cellml(path: Path) -> Source:
    """What a CellML file says.

    Raises:
        ConfigError: if it cannot be parsed, or with all faults that keep it from being read on.
    """
    quiet()
    text = text_of(path)
    model, missing = _imported(path)
    model.create_unique_names()
    variables = [v for v in model.variables(deep=True) if v is not model.time()]
    names = {v: v.uname() for v in variables}
    source = Source(
        path, clock=_clock(path, model), places=places_in(path, text, {v.name() for v in variables})
    )
    source.places = {names[v]: source.place(v.name()) for v in variables}
    for name in missing:
        source.fault(name, f"'{name}' has no value at the start; give it an initial_value")
    _bound_powers(source, variables, names)
    source.check()
    starts = dict(zip(model.states(), model.initial_values(as_floats=True), strict=True))
    for v in variables:
        _note(source, v, names, starts)
    return source


def _clock(path, model):
    """The unit of time [s]."""
    unit = model.time().unit()
    if unit is None:
        raise ConfigError(f"{path}: its variable of time has no unit; give it one, such as second")
    seconds, found = in_si(str(unit).strip("[]"))
    if found != "s":
        raise ConfigError(f"{path}: its variable of time is in {unit}, not in a unit of time")
    return seconds


def _imported(path):
    """The myokit model of a file, with a variable of time, and names to which it gives no value."""
    from myokit.formats.cellml import CellMLImporter

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = CellMLImporter().model(str(path))
    missing = [w for w in map(str, (s.message for s in said)) if _NO_VALUE.search(w)]
    if not model.count_states():
        raise ConfigError(f"{path}: has no differential equation, and so neither states nor time")
    if model.time() is None:
        raise ConfigError(f"{path}: has no variable of time, by which states are differentiated")
    return model, [name for w in missing for name in re.findall(r'@name="(\w+)"', w)]


def _bound_powers(source, variables, names):
    """Find powers of numbers that no computer writes down: SymPy would try."""
    import myokit

    for v in variables:
        powers = v.rhs().walk(myokit.Power) if v.rhs() is not None else ()
        if any(power.is_literal() and _is_too_large(power) for power in powers):
            source.fault(names[v], TOO_LARGE.format(names[v]))


def _is_too_large(power):
    import myokit

    try:
        return abs(power[1].eval()) > LARGEST_EXPONENT or not math.isfinite(power.eval())
    except (OverflowError, myokit.NumericalError):
        return True


def _note(source, v, names, starts):
    """Note a variable as state, parameter or formula."""
    name, rhs = names[v], v.rhs()
    unit = None if v.unit() is None else str(v.unit()).strip("[]")
    atom = lambda value: Atom(name, float(value), unit, v.meta.get("desc", ""), source.place(name))  # noqa: E731
    if v.is_state():
        source.states[name] = atom(starts[v])
        source.rates[name] = f"rate of {name}"
        source.places[f"rate of {name}"] = source.place(name)
        source.formulas[f"rate of {name}"] = _expression(rhs, names)
    elif rhs is None:
        source.fault(name, f"'{name}' has neither a value nor a formula")
    elif v.is_literal():
        source.parameters[name] = atom(rhs.eval())
    else:
        source.formulas[name] = _expression(rhs, names)


def _expression(rhs, names):
    """The SymPy expression of one of myokit's."""
    import sympy
    from gotranx.atoms import make_symbol
    from myokit.formats.sympy import SymPyExpressionWriter

    writer = SymPyExpressionWriter()
    writer.set_lhs_function(lambda lhs: f"{_key(lhs.var(), names)}")
    with sympy.core.parameters.evaluate(False):
        written = sympy.sympify(writer.ex(rhs))
    symbols = {s: make_symbol(s.name) for s in written.free_symbols}
    symbols = {
        s: sympy.Symbol(TIME, real=True) if s.name == TIME else m for s, m in symbols.items()
    }
    whole = {
        f: sympy.Integer(int(f)) for f in written.atoms(sympy.Float) if f == int(f) and abs(f) < 1e9
    }
    with sympy.core.parameters.evaluate(False):
        return written.xreplace({**symbols, **whole})


def _key(variable, names):
    return names.get(variable, TIME)

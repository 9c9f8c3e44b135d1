"""Gotran .ode files, parsed by gotranx; see `sources`."""

import math
import operator
import re
from collections.abc import Callable
from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.membrane.sources import (
    LARGEST_EXPONENT,
    TIME,
    TOO_LARGE,
    Atom,
    Source,
    quiet,
    text_of,
)

SECONDS = {"s": 1.0, "ms": 1e-3}  # units of time that a file may have
_TIMES = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
}
_OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_CALLS: dict[str, Callable] = {
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "abs": abs,
    "Abs": abs,
    "floor": math.floor,
    "Min": min,
    "Max": max,
}


def read_ode(path: Path, time_unit: str | None = None) -> Source:
    """What a .ode file says.

    Args:
        path: of the file.
        time_unit: "s" or "ms"; None for what its units tell, which is ms if they tell nothing.

    Raises:
        ConfigError: if it cannot be parsed, or with all faults that keep it from being read on.
    """
    quiet()
    tree = _parsed(path, text_of(path))
    source, assignments = Source(path), _declared(tree)
    _note_places(source, tree, assignments)
    _atoms(source, tree)
    _formulas(source, _bounded(source, assignments))
    source.clock = SECONDS[time_unit or _time_unit(source)]
    return source


def _parsed(path, text):
    import lark
    from gotranx.parser import Parser

    try:
        return Parser(parser="lalr", propagate_positions=True).parse(text)
    except lark.UnexpectedInput as error:
        line = getattr(error, "line", -1)
        place = f"{path}:{line}" if line and line > 0 else str(path)
        found = text.splitlines()[line - 1].strip()[:60] if line and line > 0 else "the end"
        raise ConfigError(f"{place}: cannot be read as a gotran .ode file at {found!r}") from None


def _declared(tree):
    """The assignments of a file: pairs of a name and the tree of its formula."""
    found = [t for t in tree.iter_subtrees_topdown() if t.data == "assignment"]
    return [(t.children[0], t.children[1], t) for t in found]


def _is_declaration(tree):
    return tree.data in ("param", "scalarparam")


def _note_places(source, tree, assignments):
    """Where names stand; what is defined twice is a fault."""
    atoms = [t.children[0] for t in tree.find_pred(_is_declaration)]
    for token in sorted(
        [*atoms, *(name for name, *_ in assignments)], key=operator.attrgetter("line")
    ):
        place, name = f"{source.path}:{token.line}", str(token)
        if name in source.places:
            source.faults.append(
                f"{place}: '{name}' is defined a second time (first in {source.places[name]})"
            )
        source.places.setdefault(name, place)


def _atoms(source, tree):
    """Note states and parameters."""
    for block in tree.iter_subtrees_topdown():
        if block.data in ("states", "parameters"):
            target = source.states if block.data == "states" else source.parameters
            for child in block.children:
                if getattr(child, "data", None) in ("param", "scalarparam"):
                    target.setdefault(str(child.children[0]), _atom(source, child))


def _atom(source, child):
    name, tree, unit, meaning = [*child.children, None, None][:4]
    value, name = math.nan, str(name)
    try:
        value = _number(tree)
    except (OverflowError, ValueError):
        source.fault(name, f"the value of '{name}' is not a finite number")
    bare = lambda x: str(x).strip("\"'") if x else None  # noqa: E731
    return Atom(name, value, bare(unit), bare(meaning) or "", source.place(name))


def _bounded(source, assignments):
    """The assignments without powers of numbers that no computer writes down: SymPy would try."""
    return [a for a in assignments if not _is_too_large(source, *a[:2])]


def _is_too_large(source, name, tree):
    import sympy

    try:
        _number(tree)
    except OverflowError:
        source.fault(str(name), TOO_LARGE.format(name))
        source.formulas[str(name)] = sympy.Integer(0)
        return True
    except ValueError:  # not of numbers alone
        return False
    return False


def _number(tree):
    """The number that an expression of numbers alone is.

    Raises:
        OverflowError: where a power or an exponential is too large, in any part.
        ValueError: where it is no finite number, or not of numbers alone.
    """
    values, kind = _parts(tree), str(tree.data)
    if kind == "scientific":
        value = float(tree.children[0])
    elif kind == "constant":
        value = math.pi
    elif kind == "power":
        value = _power(*values)
    elif kind in ("expression", "term"):
        value = _chain(values, [str(c) for c in tree.children if not hasattr(c, "data")])
    elif kind in ("factor", "signedatom"):
        value = -values[-1] if str(tree.children[0]) == "-" else values[-1]
    elif kind == "func" and str(tree.children[0]) in _CALLS:
        value = _call(str(tree.children[0]), values)
    else:
        raise ValueError(kind)
    if not math.isfinite(value):
        raise ValueError(value)
    return value


def _parts(tree):
    """The numbers of all parts of an expression; each is looked into before one is missed."""
    values, missing = [], None
    for child in tree.children:
        if hasattr(child, "data"):
            try:
                values.append(_number(child))
            except ValueError as error:
                missing = error
    if missing is not None:
        raise ValueError from missing
    return values


def _power(base, exponent):
    if abs(exponent) > LARGEST_EXPONENT:
        raise OverflowError
    if (base == 0 and exponent < 0) or (base < 0 and exponent != int(exponent)):
        raise ValueError
    return base**exponent


def _chain(values, signs):
    """Sums and products, from the left."""
    result = values[0]
    for sign, value in zip(signs, values[1:], strict=True):
        if sign == "/" and value == 0:
            raise ValueError
        result = _OPERATIONS[sign](result, value)
    return result


def _call(name, arguments):
    if name == "exp" and arguments[0] > LARGEST_EXPONENT:
        raise OverflowError
    return _CALLS[name](*arguments)


def _formulas(source, assignments):
    """Build the expressions, and find the rate of every state."""
    import sympy
    from gotranx.atoms import make_symbol
    from gotranx.exceptions import MissingSymbolError
    from gotranx.expressions import build_expression

    names = [*source.states, *source.parameters, *source.formulas]
    names += [str(n) for n, *_ in assignments]
    symbols = dict.fromkeys(("t", "time"), sympy.Symbol(TIME, real=True))
    symbols |= {name: make_symbol(name) for name in names}
    for name, tree, _ in assignments:
        try:
            source.formulas[str(name)] = sympy.sympify(build_expression(tree, symbols))
        except MissingSymbolError as error:
            source.fault(str(name), f"'{name}' needs '{error.symbol}', which nothing defines")
        except Exception as error:  # SymPy raises many kinds
            words = " ".join(str(error).split()) or type(error).__name__
            source.fault(str(name), f"'{name}' cannot be read: {words[:200]}")
    for state in source.states:
        source.rates[state] = f"d{state}_dt"
        if f"d{state}_dt" not in names:
            source.fault(state, f"the state '{state}' has no rate; write d{state}_dt = ...")
    for name in source.formulas:
        rate_of = re.fullmatch(r"d(\w+)_dt", name)
        if rate_of and rate_of[1] not in source.states:
            source.fault(name, f"'{name}' is the rate of '{rate_of[1]}', which is no state")


def _time_unit(source):
    """The unit of time that the units of a file are written with; ms, the custom, if none is."""
    found: dict = {}
    for atom in (*source.states.values(), *source.parameters.values()):
        for word in re.findall(r"[A-Za-z]+", atom.unit or ""):
            if word in _TIMES:
                found.setdefault(_TIMES[word], atom)
    if "s" in found and "ms" not in found:
        atom = found["s"]
        source.faults.append(
            f"{atom.place}: '{atom.name}' is in {atom.unit}, while time in .ode files is mostly in "
            'ms; say which it is here with membrane.time_unit = "s" or "ms"'
        )
    return "ms"

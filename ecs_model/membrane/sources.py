"""What a .ode or CellML file says: states, parameters and formulas, in the file's own units.

The files are parsed by gotranx and myokit; names stay those of the file, whatever they mean to
Python, C or SymPy.
"""

import re
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from ecs_model.errors import ConfigError
from ecs_model.quantities import parse
from ecs_model.units import DIMENSIONS, dimension, factor, si_unit

TIME = "the time"  # the symbol of time; no name in a file has a blank in it
TOO_LARGE = "'{}' holds a power or an exponential that is too large to be computed"
LARGEST_FILE = 20_000_000  # bytes
LARGEST_EXPONENT = 1000
LONG_POLYNOMIAL = 20  # exponents beyond it are not searched for removable poles


@dataclass(frozen=True)
class Atom:
    """A state or parameter of a file: its number, its unit as written and where it stands."""

    name: str
    value: float
    unit: str | None
    meaning: str
    place: str


@dataclass
class Source:
    """A system of equations.

    Attributes:
        path: of the file.
        states, parameters: Atoms by name, in the order of the file.
        formulas: name -> SymPy expression, in the order in which they can be computed.
        rates: state -> name of the formula of its rate, per unit of time of the file.
        clock: the file's unit of time [s].
        places: name -> file and line.
        faults: what is wrong with the file, one sentence each.
    """

    path: Path
    states: dict[str, Atom] = field(default_factory=dict)
    parameters: dict[str, Atom] = field(default_factory=dict)
    formulas: dict[str, Any] = field(default_factory=dict)
    rates: dict[str, str] = field(default_factory=dict)
    clock: float = 1e-3
    places: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def place(self, name: str) -> str:
        """File and line of a name; the file alone if the line is not known."""
        return self.places.get(name, str(self.path))

    def fault(self, name: str, words: str) -> None:
        """Note a fault of what has a name."""
        self.faults.append(f"{self.place(name)}: {words}")

    def check(self) -> None:
        """Raise ConfigError with every fault noted so far."""
        faults = list(dict.fromkeys(self.faults))
        if len(faults) == 1:
            raise ConfigError(faults[0])
        if faults:
            raise ConfigError(f"{self.path}: the model cannot be used:\n  " + "\n  ".join(faults))

    def in_order(self) -> None:
        """Sort the formulas so that each comes after what it needs, and find what is missing."""
        known = {TIME, *self.states, *self.parameters, *self.formulas}
        needs: dict[str, set[str]] = {}
        for name, expression in self.formulas.items():
            names = sorted(s.name for s in expression.free_symbols)
            needs[name] = {n for n in names if n in self.formulas}
            for n in names:
                if n not in known:
                    self.fault(name, f"'{name}' needs '{n}', which nothing defines")
        try:
            order = list(TopologicalSorter(needs).static_order())
        except CycleError as error:
            loop = " -> ".join(f"'{n}'" for n in error.args[1])
            self.fault(error.args[1][0], f"formulas need each other in a circle: {loop}")
            return
        self.formulas = {name: self.formulas[name] for name in order}

    def without_poles(self) -> None:
        """Replace formulas near the places where they are 0/0 by their Taylor series."""
        from gotranx import singularities
        from gotranx.atoms import make_symbol

        definitions = {make_symbol(n): e for n, e in self.formulas.items()}
        atoms = {**self.states, **self.parameters}
        base = {make_symbol(n): a.value for n, a in atoms.items()}
        defaults = singularities.default_values(definitions, base)
        states = frozenset(make_symbol(n) for n in self.states)
        self.formulas = {
            n: e if _is_long(e) else singularities.rewrite(e, definitions, states, defaults)
            for n, e in self.formulas.items()
        }


def _is_long(expression):
    import sympy

    powers = expression.atoms(sympy.Pow)
    return any(p.exp.is_number and abs(float(p.exp)) > LONG_POLYNOMIAL for p in powers)


def in_si(unit: str) -> tuple[float, str]:
    """How many SI units a unit of a file is, and the SI unit; 1 and "1" for what is not known."""
    written = unit.replace("**", "^")
    if dimension(written) is not None:
        return factor(written), si_unit(written)
    for units in DIMENSIONS.values():
        si = next(iter(units))
        try:
            one, two = parse(f"1 {written}", si), parse(f"2 {written}", si)
        except ValueError:
            continue
        return (one, si) if abs(two - 2 * one) <= 1e-12 * abs(one) else (1.0, "1")
    return 1.0, "1"


def text_of(path: Path) -> str:
    """The text of a model file.

    Raises:
        ConfigError: if it is not there, is no text, or is too large to be a model.
    """
    if not path.is_file():
        raise ConfigError(f"membrane.file: {path}: no such file")
    if path.stat().st_size > LARGEST_FILE:
        raise ConfigError(
            f"membrane.file: {path}: is too large for the equations of a cell "
            f"(at most {LARGEST_FILE // 1_000_000} MB)"
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"membrane.file: {path}: is not text in UTF-8 (byte {error.start})"
        ) from None


def quiet() -> None:
    """Keep what the libraries log out of the output."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))


def places_in(path: Path, text: str, names) -> dict[str, str]:
    """Name -> file and line where it first stands as a word."""
    first: dict[str, str] = {}
    wanted = set(names)
    for number, line in enumerate(text.splitlines(), 1):
        for word in wanted.intersection(re.findall(r"\w+", line)):
            first.setdefault(word, f"{path}:{number}")
    return first

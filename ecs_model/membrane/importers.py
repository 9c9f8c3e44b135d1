"""Membrane models from gotran .ode and CellML files, through the libraries that read them.

Their formulas become ours: each expression is evaluated on numbers, arrays or symbols, so that such
a model is differentiated exactly and compiled like any other. Formulas keep the units of the file;
states and parameters are converted where they enter and leave.
"""

import math
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.cellml_file import read_cellml
from ecs_model.membrane.formulas import NotCompiled, value
from ecs_model.membrane.model import MembraneModel
from ecs_model.membrane.ode_file import read_ode
from ecs_model.membrane.sources import LARGEST_EXPONENT, TIME, TOO_LARGE, Source, in_si
from ecs_model.record import RESERVED, Quantity, table
from ecs_model.units import dimension, factor, to_si

SUFFIXES = (".ode", ".cellml")
NEEDED = "reading .ode and .cellml files needs two more libraries: pip install 'ecs-model[formats]'"


def load_foreign(path: Path, potassium: str = "K_o", time_unit: str | None = None) -> MembraneModel:
    """The MembraneModel in a .ode or .cellml file.

    Args:
        path: of the file.
        potassium: name in the file of the state that is extracellular K+.
        time_unit: "s" or "ms" of a .ode file; None for what its units tell.

    Raises:
        ConfigError: one sentence for every fault, with the line where one can be told.
    """
    path = Path(path)
    try:
        source = _checked(_read(path, time_unit), potassium)
        source.without_poles()
        return _model(source, [potassium, *(n for n in source.states if n != potassium)])
    except ImportError:
        raise ConfigError(f"membrane.file: {path}: {NEEDED}") from None
    except ConfigError:
        raise
    except Exception as error:  # these libraries raise many kinds
        words = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(f"{path}: cannot be read: {words[:300]}") from None


def _read(path, time_unit) -> Source:
    if path.suffix.lower() == ".ode":
        return read_ode(path, time_unit)
    if time_unit is not None:
        raise ConfigError(f"membrane.time_unit: {path} tells its unit of time itself; remove it")
    return read_cellml(path)


def _checked(source, potassium) -> Source:
    """The source, its formulas in order.

    Raises:
        ConfigError: with all that is wrong; what cannot be computed once all names are known.
    """
    source.in_order()
    _check_potassium(source, potassium)
    _check_atoms(source)
    source.check()
    _check_formulas(source)
    source.check()
    return source


def _check_potassium(source, potassium):
    """Note what is wrong with the state that is extracellular K+."""
    if potassium in source.states:
        unit = source.states[potassium].unit
        if not unit:
            source.fault(
                potassium,
                f"the state '{potassium}' has no unit; write {potassium} = "
                f'ScalarParam({source.states[potassium].value:g}, unit="mM")',
            )
        elif in_si(unit)[1] != "mol/m^3":
            source.fault(
                potassium,
                f"'{potassium}' is in {unit}; extracellular K+ needs a unit of "
                "concentration, such as mM",
            )
        if potassium != "K_o" and "K_o" in source.states:
            source.fault(
                "K_o",
                f"the state 'K_o' needs another name: K_o is what extracellular K+ "
                f"is called in ecs-model, and here that is '{potassium}'",
            )
        return
    say = "say which one is extracellular K+ with membrane.potassium"
    if potassium in source.parameters or potassium in source.formulas:
        kind = "a constant" if potassium in source.parameters else "a formula"
        say = (
            f"it is {kind} in the file, but extracellular K+ must be a state with a rate; "
            f"make it one, or {say}"
        )
    known = ", ".join(source.states) or "none"
    source.fault(potassium, f"no state is called '{potassium}'; {say} (there are {known})")


def _check_atoms(source):
    """Note states and parameters whose name or number cannot be."""
    for atom in (*source.states.values(), *source.parameters.values()):
        if atom.name in RESERVED:
            source.fault(atom.name, f"no quantity can be called '{atom.name}'; rename it")
        elif not math.isfinite(atom.value):
            source.fault(atom.name, f"the value of '{atom.name}' is not a finite number")
    for state in source.states.values():
        if state.value < 0 and state.unit and in_si(state.unit)[1] == "mol/m^3":
            source.fault(
                state.name,
                f"'{state.name}' starts at {state.value:g} {state.unit}; a "
                "concentration cannot be negative",
            )


def _check_formulas(source):
    """Note what cannot be computed or compiled, by trying all at the numbers of the file."""
    known = {
        a.name: np.float64(a.value) for a in (*source.states.values(), *source.parameters.values())
    }
    known[TIME] = np.float64(0.0)
    with np.errstate(all="ignore"):
        for name, expression in source.formulas.items():
            try:
                _check_powers(source, name, expression, known)
                known[name] = value(expression, known)
            except NotCompiled as error:
                source.fault(name, f"'{name}' {error}")
                known[name] = np.float64(np.nan)


def _check_powers(source, name, expression, known):
    from sympy import Pow

    for power in expression.atoms(Pow):
        exponent, base = value(power.exp, known), value(power.base, known)
        infinite = np.isinf(value(power, known)) and np.isfinite(base) and base != 0
        if abs(exponent) > LARGEST_EXPONENT or infinite:
            source.fault(name, TOO_LARGE.format(name))


def _quantity(atom, is_state):
    """Declaration of a state or parameter, and the number of SI units in the file's unit."""
    written = (atom.unit or "1").replace("**", "^")
    if dimension(written) is not None:
        number, unit, size = atom.value, written, factor(written)
    else:
        scale, unit = in_si(written)
        number, size = atom.value * scale, to_si(scale, unit)
    unknown = unit == "1" and written not in ("1", "dimensionless")
    meaning = atom.meaning or (f"in {written}" if unknown else "")
    is_concentration = is_state and dimension(unit) == "a concentration"
    return Quantity(
        float(number),
        unit,
        meaning,
        low=0.0 if is_concentration else None,
        scale=abs(number) or 1.0 if unknown or not atom.unit else None,
    ), size


def _model(source, order):
    """The MembraneModel of a sound source, its states in some order, extracellular K+ first."""
    declared = {n: _quantity(source.states[n], True) for n in order}
    given = {n: _quantity(a, False) for n, a in source.parameters.items()}
    ours = ["K_o", *order[1:]]
    State = table("State", {o: declared[n][0] for o, n in zip(ours, order, strict=True)})
    Parameters = table("Parameters", {n: q for n, (q, _) in given.items()})
    sizes = [declared[n][1] for n in order]

    def rhs(y, p, env):
        """Time derivative of the state [SI]."""
        known = {n: v / size for n, v, size in zip(order, y, sizes, strict=True)}
        known |= {n: v / given[n][1] for n, v in zip(given, p, strict=True)}
        known[TIME] = env.time / source.clock
        for name, expression in source.formulas.items():
            known[name] = value(expression, known)
        rates = (known[source.rates[n]] for n in order)
        return State(*(s * r / source.clock for s, r in zip(sizes, rates, strict=True)))

    return MembraneModel(
        name=source.path.stem,
        summary=f"from {source.path.name}",
        State=State,
        Parameters=Parameters,
        rhs=rhs,
        reference=source.path.name,
        closed=False,
        electroneutral=False,
        single=False,
    )

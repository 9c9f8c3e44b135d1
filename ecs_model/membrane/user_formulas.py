"""Formulas of the user's own, tried once on symbols: what no formula can be is told with its line.

A formula is written down once, for every node and step. So it may neither have parts nor depend on
a clock or on chance, which would silently stand still.
"""

import contextlib
import functools
import inspect
import os
import re
import sys
from numbers import Real

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.expressions import Recording, Symbol
from ecs_model.membrane.mechanism import IONS, Concentrations, Mechanism, Multiple, moved
from ecs_model.membrane.model import MembraneModel
from ecs_model.membrane.operators import SINGLE
from ecs_model.membrane.user_code import birthplace, place

OF_FLUX = ("v", "c", "y", "p", "T")
OF_GATE = ("u",)
OF_MODEL = {
    "rhs": ("y", "p", "env"),
    "fluxes": ("y", "p", "env"),
    "stoichiometry": ("fluxes", "p", "env"),
    "contents": ("y", "p", "env"),
    "outflow": ("y", "p", "env"),
}
CHANCE = {"random", "secrets", "uuid", "time"}  # modules whose functions no formula may call
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "urandom"}
TOOLS = (3, 4)  # numbers of `sys.monitoring` that no kind of tool has
_OURS = re.compile(r"(object of type )?'(Symbol|Dual|_Any)'( object)?")


def complaint(error, *paths) -> ConfigError:
    """What a user's formula raised, with its file and line.

    Args:
        error: the exception.
        paths: of the files that the formula may stand in.
    """
    said = " ".join(str(error).split())
    if found := re.search(r"no callable (\w+) method", said):
        said = f"np.{found[1]} of a list or an array; {SINGLE}"
    elif _OURS.search(said):
        said = f"{_OURS.sub('a value in a formula', said)}; {SINGLE}"
    return ConfigError(f"{place(error, *paths)}: {type(error).__name__}: {said}")


@contextlib.contextmanager
def without_chance(*paths):
    """Within, code that asks a clock, draws a random number or calls `async` raises TypeError.

    Args:
        paths: of the user's files; code beside them is meant.
    """
    watch = sys.monitoring
    tool = next((tool for tool in TOOLS if watch.get_tool(tool) is None), None)
    if tool is None:  # taken by debuggers
        yield
        return
    watch.use_tool_id(tool, "ecs_model")
    folders = tuple(os.path.dirname(os.path.abspath(path)) + os.sep for path in paths)
    watch.register_callback(tool, watch.events.CALL, functools.partial(_refuse_call, folders))
    watch.set_events(tool, watch.events.CALL)
    try:
        yield
    finally:
        watch.set_events(tool, watch.events.NO_EVENTS)
        watch.register_callback(tool, watch.events.CALL, None)
        watch.free_tool_id(tool)


def _refuse_call(folders, code, offset, function, first):
    if not code.co_filename.startswith(folders):
        return
    name, home = getattr(function, "__qualname__", ""), _home(function)
    if name in CLOCKS or home in CHANCE or home.startswith("numpy.random"):
        raise TypeError(
            f"{name} would give the same at every node and step, as a formula is written down "
            "once; in a model time is env.time, and noise is what [[noise]] of a run brings"
        )
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{name} is async, and would never be run; a plain function would be right")


def _home(function):
    """The module that a function comes from; empty if it does not say."""
    owner = getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or type(owner).__module__
    return module if isinstance(module, str) else ""


def refuse_kind(function, wanted, what, *paths) -> None:
    """Raise ConfigError, with the line of a function, for one that cannot be called as a formula.

    It may return later or in pieces (`async`, `yield`), or not take its arguments.

    Args:
        function: to be called with as many as `wanted`.
        wanted: names that they have in the docs.
        what: it is, in words, such as "a mechanism".
        paths: of the files that it may be written in.
    """
    if _is_postponed(inspect.unwrap(function)):
        raise ConfigError(
            f"{birthplace(function, *paths)}: {_name(function)}: has async or yield in it; {what} "
            "is a plain function, which returns its result"
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # one of C
        return
    names, is_swapped = [*signature.parameters], False
    with contextlib.suppress(TypeError):
        signature.bind(*wanted)
        is_swapped = names != [*wanted] and sorted(names) == sorted(wanted)
        if not is_swapped:
            return
    raise ConfigError(
        f"{birthplace(function, *paths)}: {_name(function)}: takes ({', '.join(names)}); {what} is "
        f"a function of ({', '.join(wanted)})"
    )


def _is_postponed(function):
    """Whether a call of a function gives something that is still to be run."""
    kinds = inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction
    return any(is_kind(function) for is_kind in kinds)


def _name(function):
    return getattr(function, "__name__", "it")


class _Any:
    """A record with a symbol of any name."""

    def __init__(self, recording):
        self._recording = recording

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(f"no state or parameter is called {name!r}")
        return Symbol(self._recording, name)


def try_mechanism(part: Mechanism, path) -> None:
    """Raise ConfigError, with file and line, for a mechanism that cannot be one.

    Args:
        part: the Mechanism.
        path: of its file.
    """
    refuse_kind(part.flux, OF_FLUX, "a mechanism", path)
    for gate in part.gates:
        refuse_kind(gate.rates, OF_GATE, "a gate", path)
    try:
        with without_chance(path):
            _try_gates(part, path)
            _try_flux(part, path)
    except (ConfigError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever a user's formula may raise
        raise complaint(error, path) from None


def _try_gates(part, path):
    for gate in part.gates:
        rates = gate.rates(Symbol(Recording(), "u"))
        if not isinstance(rates, tuple) or len(rates) != 2 or any(map(is_odd, rates)):
            raise ConfigError(
                f"{birthplace(gate.rates, path)}: {gate.name}: returns {_of_rates(rates)}; opening "
                "and closing rate would be right, two numbers or formulas"
            )


def _of_rates(rates):
    if not isinstance(rates, tuple) or len(rates) != 2:
        return kind(rates)
    return " and ".join(map(kind, rates))


def _try_flux(part, path):
    recording = Recording()
    v, T, *sides = (Symbol(recording, name) for name in ("v", "T", *(f"{i}_io" for i in IONS)))
    c = Concentrations(**{ion: (x, x) for ion, x in zip(IONS, sides, strict=True)})
    found = moved(part, v, c, _Any(recording), _Any(recording), T)
    if not found:
        raise ConfigError(
            f"{birthplace(part.flux, path)}: {part.name}: moves no ion; a dict, ion -> what moves "
            "it, would be right"
        )
    for ion, flux in found.items():
        amount = flux.turns if isinstance(flux, Multiple) else getattr(flux, "value", flux)
        if is_odd(amount):
            raise ConfigError(
                f"{birthplace(part.flux, path)}: {part.name}: returns {kind(amount)} for {ion}; a "
                "number or a formula would be right"
            )


def refuse_model(model: MembraneModel, *paths) -> None:
    """Raise ConfigError, with its line, for a function of a model with other arguments."""
    for name, wanted in OF_MODEL.items():
        if (function := getattr(model, name)) is not None:
            refuse_kind(function, wanted, name, *paths)
    for name, (_, law) in model.observables.items():
        refuse_kind(law, OF_MODEL["rhs"], f"the observable {name}", *paths)


def refuse_rates(model: MembraneModel, y, p, env, *paths) -> None:
    """Raise ConfigError, with the line of its function, for rates that are none.

    Args:
        model: the membrane model.
        y: record of symbols: the state.
        p: likewise, the parameters.
        env: likewise, the surroundings.
        paths: of the files that it comes from.
    """
    given = {model.rhs: lambda: model.rhs(y, p, env)}
    if model.stoichiometry is not None:
        given[model.stoichiometry] = lambda: model.stoichiometry(model.fluxes(y, p, env), p, env)
    for function, rates in given.items():
        if found := _odd_rates(rates(), model.State):
            raise ConfigError(f"{birthplace(function, *paths)}: {function.__name__}: {found}")


def refuse_observables(model: MembraneModel, y, p, env, *paths) -> None:
    """Raise ConfigError, with the line of its function, for an observable that is no value.

    Args: those of `refuse_rates`.
    """
    for name, (_, law) in model.observables.items():
        if is_odd(found := law(y, p, env)):
            raise ConfigError(
                f"{birthplace(law, *paths)}: {_name(law)}: the observable {name} is {kind(found)}; "
                "a number or a formula would be right"
            )


def _odd_rates(rates, State):
    """What is wrong with rates and what would be right, in words; empty if nothing is."""
    if getattr(rates, "_fields", None) != State._fields:
        return f"returns {kind(rates)}; a State would be right"
    rates, still = rates._asdict(), State()._asdict()
    if wrong := [name for name, rate in rates.items() if is_odd(rate)]:
        what = kind(rates[wrong[0]])
        return f"the rate of {wrong[0]} is {what}; a number or a formula would be right"
    if left := [name for name, rate in rates.items() if rate is still[name] and rate != 0]:
        return f"gives no rate of {left[0]}; {left[0]}=0.0 would be right if it does not change"
    return ""


def is_odd(rate) -> bool:
    """Whether it is no single value."""
    is_value = isinstance(rate, Symbol | Real | np.ndarray | np.generic)
    return not is_value or getattr(rate, "ndim", 0) > 0


def kind(value) -> str:
    """What a value is, in words."""
    if value is None:
        return "None"
    return "a formula" if isinstance(value, Symbol) else f"a value of type {type(value).__name__}"

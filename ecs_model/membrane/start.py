"""What a membrane begins with where alpha is not the model's own: what was assumed, can it live?

`packing` says what another alpha means. Here the state that follows is judged as a physiologist
would: by the extracellular osmolarity and the potential that the ions give.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel
from ecs_model.units import dimension, from_si

IONS = {"K": 1, "Na": 1, "Cl": -1}
OUTSIDE = (60.0, 600.0)  # mM: K+, Na+ and Cl- together; 260 is normal
POTENTIAL = 0.3  # V: no membrane bears more
DIFFERENT = 1e-6  # of alpha; what differs less is the same
CHARGED = 0.5  # mM: what is worth a word


@dataclass(frozen=True)
class Start:
    """Lowest and highest of what a membrane begins with over some nodes [SI].

    Attributes:
        alpha: volume fraction outside.
        outside: K+, Na+ and Cl- outside together; None for models that do not follow them.
        charge: of these three, beyond that at rest; likewise.
        V: membrane potential; None for models without one.
    """

    alpha: tuple[float, float]
    outside: tuple[float, float] | None = None
    charge: tuple[float, float] | None = None
    V: tuple[float, float] | None = None

    def numbers(self) -> list[float]:
        """All as numbers of which the highest counts, to be compared with those of others."""
        pairs = (getattr(self, name) for name in self.__dataclass_fields__)
        return [x for pair in pairs if pair is not None for x in (-pair[0], pair[1])]

    def with_numbers(self, numbers) -> "Start":
        """The same with other numbers, from `numbers`."""
        values = iter(numbers)
        known = [name for name in self.__dataclass_fields__ if getattr(self, name) is not None]
        return replace(self, **{name: (-next(values), next(values)) for name in known})


def start(model: MembraneModel, parameters, state, surroundings) -> Start:
    """The Start of some nodes.

    Args:
        model: the membrane model.
        parameters: record of numbers or arrays over the nodes [SI].
        state: likewise, of arrays.
        surroundings: likewise.
    """
    found = {"alpha": _range(surroundings.alpha)}
    names = [f"{ion}_o" for ion in IONS]
    if {*names} <= {*state._fields} and model.scaled:
        rest = model.State()
        found["outside"] = _range(sum(getattr(state, name) for name in names))
        found["charge"] = _range(_charge(state) - _charge(rest))
    with np.errstate(all="ignore"):
        V = _potential(model, parameters, state, surroundings)
    return Start(**found) if V is None else Start(**found, V=_range(V))


def _charge(state):
    return sum(z * getattr(state, f"{ion}_o") for ion, z in IONS.items())


def _potential(model, parameters, state, surroundings):
    if model.depolarization:
        return None
    if "V" in state._fields:
        return state.V if dimension(state.quantities["V"].unit) == "a potential" else None
    unit, law = model.observables.get("V", ("", None))
    return law(state, parameters, surroundings) if unit == "mV" else None


def _range(values):
    """Lowest and highest; infinite where one is not a number, reversed if there is none."""
    values = np.ravel(values)
    if not np.isfinite(values).all():
        return -np.inf, np.inf
    return float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))


def _nobody() -> str:
    return ""


def refuse_dead(
    begin: Start, model: MembraneModel, packing: str, blamed: Callable[[], str] = _nobody
) -> None:
    """Raise ConfigError for a start that no cell can live with.

    Args:
        begin: over all nodes.
        model: the membrane model.
        packing: "scaled", "swollen" or "fixed".
        blamed: gives what `blame` says of the nodes; asked where the potential cannot be.
    """
    swells = packing == "swollen" and _differs(begin, model)
    place = "packing" if swells else "membrane.initial"
    why = (
        f" where alpha goes from the model's {model.alpha:g} to {begin.alpha[0]:g} by water alone; "
        "raise alpha, or choose scaled or fixed"
        if swells
        else "; change the initial ions"
    )
    if begin.outside and not _within(begin.outside, *OUTSIDE):
        raise ConfigError(
            f"{place}: K+, Na+ and Cl- outside add up to {_shown(begin.outside)} mM at the start, "
            f"and no cell lives beyond {OUTSIDE[0]:g} to {OUTSIDE[1]:g} mM{why}"
        )
    if begin.V and not borne(begin.V):
        found, most = f"{_shown(begin.V, 1e-3)} mV", f"{1e3 * POTENTIAL:g} mV"
        if parameters := blamed():
            raise ConfigError(
                f"membrane.{parameters} the potential at the start is {found}, and no membrane "
                f"bears more than {most}"
            )
        raise ConfigError(
            f"{place}: the potential at the start is {found}, as the ions are not electroneutral; "
            f"no membrane bears more than {most}{why}"
        )


def borne(V: tuple[float, float]) -> bool:
    """Whether membranes bear potentials between two [V]."""
    return _within(V, -POTENTIAL, POTENTIAL)


def blame(model: MembraneModel, parameters, state, surroundings) -> str:
    """The parameters without which the potential of some nodes, as for `start`, could be.

    Returns:
        str: the one alone that does it, else all that are not the model's own; a text such as
        "parameters.J_max: with 1 mol/m^2/s", empty if it is not they.
    """
    own, bears = model.Parameters(), partial(_bears, model, parameters, state, surroundings)
    changed = [n for n in own._fields if n not in model.scaled and _other(parameters, own, n)]
    alone = [n for n in changed if bears(own, [n])]
    guilty = alone[:1] or (changed if bears(own, changed) else [])
    if len(guilty) == 1:
        return f"parameters.{guilty[0]}: with {_farthest(parameters, own, guilty[0])}"
    values = (f"{name} = {_farthest(parameters, own, name)}" for name in guilty)
    return f"parameters: with {', '.join(values)}" if guilty else ""


def _other(parameters, own, name):
    """Whether a parameter is not the model's own at some node."""
    usual = getattr(own, name)
    return bool(np.any(np.abs(getattr(parameters, name) - usual) > DIFFERENT * abs(usual)))


def _bears(model, parameters, state, surroundings, own, names):
    """Whether membranes bear their potential once some parameters are the model's own."""
    usual = parameters._replace(**{name: getattr(own, name) for name in names})
    with np.errstate(all="ignore"):
        V = _potential(model, usual, state, surroundings)
    return V is not None and borne(_range(V))


def _farthest(parameters, own, name):
    """The value of a parameter that is farthest from the model's own, with its unit."""
    values = np.ravel(getattr(parameters, name))
    unit = parameters.quantities[name].unit
    value = from_si(float(values[np.abs(values - getattr(own, name)).argmax()]), unit)
    return f"{value:.6g} {unit}".removesuffix(" 1")


def lifeless(model: MembraneModel, parameters, state, surroundings) -> bool:
    """Whether any rate of any of some nodes, as for `start`, is not finite."""
    try:
        with np.errstate(all="ignore"):
            rates = model.rhs(state, parameters, surroundings)
    except ArithmeticError:
        return True
    return not all(np.isfinite(rate).all() for rate in rates)


def refuse_lifeless(
    model: MembraneModel, parameters, state, surroundings, place: str = "membrane.initial"
) -> None:
    """Raise ConfigError for nodes, as for `start`, that have no rates for want of something.

    Args:
        model: the membrane model.
        parameters: record of numbers or arrays over the nodes [SI].
        state: likewise, of arrays.
        surroundings: likewise.
        place: what the message begins with.
    """
    none = [name for name in _concentrations(state) if np.any(getattr(state, name) <= 0.0)]
    if none and lifeless(model, parameters, state, surroundings):
        raise ConfigError(
            f"{place}: {model.name} has no finite rates with "
            f"{', '.join(f'{name} = 0 mM' for name in none)}; more than 0 mM would be right"
        )


def _concentrations(state):
    units = {name: quantity.unit for name, quantity in state.quantities.items()}
    return [name for name, unit in units.items() if dimension(unit) == "a concentration"]


def lines(begin: Start, model: MembraneModel, packing: str) -> list[str]:
    """Sentences that say what was assumed of other alpha, and what the state at the start is.

    Args:
        begin: over all nodes.
        model: the membrane model.
        packing: "scaled", "swollen" or "fixed".
    """
    said = []
    if model.scaled and _differs(begin, model):
        said.append(
            f"packing: alpha is {_shown(begin.alpha)}, the model's own is {model.alpha:g}; "
            + _ASSUMED[packing](model, begin)
        )
    swells = packing == "swollen" and _differs(begin, model)
    charged = begin.charge is not None and max(map(abs, begin.charge)) > CHARGED
    if begin.outside and not swells and charged:
        rest = sum(getattr(model.State(), f"{ion}_o") for ion in IONS)
        said.append(
            f"start: K+, Na+ and Cl- outside add up to {_shown(begin.outside)} mM (at rest "
            f"{rest:.4g}), their charge is {_shown(begin.charge)} mM more than at rest"
        )
    return said


def _scaled(model, begin):
    factors = [(1 - alpha) / (1 - model.alpha) for alpha in begin.alpha]
    return (
        f"taken as other tissue (scaled): {', '.join(model.scaled)} times {_shown(factors)}, "
        "concentrations as they are"
    )


def _swollen(model, begin):
    factors = [model.alpha / alpha for alpha in begin.alpha]
    return (
        "taken as the same cells after water moved (swollen): concentrations outside times "
        f"{_shown(factors)}, K+, Na+ and Cl- there add up to {_shown(begin.outside)} mM; those in "
        "cells fall as these take up the water, areas as they are"
    )


def _fixed(model, begin):
    return f"cells stay as their parameters say (fixed): {', '.join(model.scaled)} as they are"


_ASSUMED = {"scaled": _scaled, "swollen": _swollen, "fixed": _fixed}


def _differs(begin, model):
    return any(abs(alpha - model.alpha) > DIFFERENT for alpha in begin.alpha)


def _within(pair, low, high):
    return low <= pair[0] and pair[1] <= high


def _shown(pair, unit=1.0):
    low, high = (f"{x / unit:.4g}" for x in sorted(pair))
    return low if low == high else f"{low} to {high}"

"""What fields are called in pictures, in which words, limits and colour maps; nothing is drawn."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ecs_model.physics.regimes import NAMES

LENGTH = "mm"
_SYMBOLS = {
    "K_o": "[K$^+$]$_o$",
    "K_i": "[K$^+$]$_i$",
    "Na_o": "[Na$^+$]$_o$",
    "Na_i": "[Na$^+$]$_i$",
    "Cl_o": "[Cl$^-$]$_o$",
    "Cl_i": "[Cl$^-$]$_i$",
    "O2": "[O$_2$]",
    "glutamate_o": "[glutamate]$_o$",
    "V": "membrane potential",
    "Phi_e": "extracellular potential",
    "V_g": "glial membrane potential",
    "V_g_shift": "shift of the glial potential",
    "K_bath": "[K$^+$] of the bath",
    "O_bath": "[O$_2$] of the bath",
    "Na_bath": "[Na$^+$] of the bath",
    "Cl_bath": "[Cl$^-$] of the bath",
    "alpha": "volume fraction $\\alpha$",
    "tortuosity": "tortuosity $\\lambda$",
    "front_position": "front position",
    "recruited": "recruited fraction",
    "arrival_K_o": "arrival of the K$^+$ front",
    "rate": "firing rate",
    "onset": "onset of seizures",
    "duration": "longest seizure",
    "regime": "regime so far",
    "recruited_K_o": "[K$^+$]$_o$ of recruited tissue",
    "V_min": "lowest membrane potential",
    "V_max": "highest membrane potential",
}
NONE: Mapping[str, str] = MappingProxyType({})
_ION = {"K": "K$^+$", "Na": "Na$^+$", "Cl": "Cl$^-$"}
_PLACES = {"ecs": "outside cells", "cell": "in cells"}
_AMOUNT = re.compile(r"(ecs|cell)_(\w+)")  # columns of series.csv
_GIVEN = re.compile(r"(membranes)(?: \((\w+)\))?")
_NAMED = {
    "source",
    "event",
    "probe",
    "line",
    "synapses",
    "noise",
    "boundary",
    "vessels",
}  # tables of settings
_ENDINGS = {  # of names in summary.json
    "_mm_per_min": "mm/min",
    "_J_per_m3": "J/m^3",
    "_W_per_m3": "W/m^3",
    "_mM": "mM",
    "_um": "um",
    "_s": "s",
}
_OUTCOMES = {"duration_s": "time above the threshold"}  # not that of seizures
_UNITS = {"max_K_o": "mM", "end_K_o": "mM", "recruited_K_o": "mM"}
_PREFIXES = {"arrival_": "arrival of ", "max_": "maximum of ", "min_": "minimum of "}
_PREFIXES |= {"total_": "total ", "mean_": "mean ", "end_": "final "}
_COLOUR_MAPS = {"K_o": "inferno", "V": "viridis"}
_DEFAULT_LIMITS = {"K_o": (0.0, 60.0), "V": (-80.0, 40.0)}
_INTERVALS = 8  # at most, of a colour bar


def symbol(name, meanings=NONE):
    """What a reader calls the field or column `name`, without unit.

    Args:
        name: of the field.
        meanings: what the model calls some of its own fields, by their names.
    """
    if name in meanings:
        return plain(meanings[name])
    if match := _AMOUNT.fullmatch(name):
        return f"{_ION.get(match[2], match[2])} {_PLACES[match[1]]}"
    if match := _GIVEN.fullmatch(name):
        return f"{_ION.get(match[2] or 'K', match[2])} from {match[1]}"
    for prefix, words in _PREFIXES.items():
        if name not in _SYMBOLS and name.startswith(prefix):
            return words + symbol(name.removeprefix(prefix))
    return _SYMBOLS.get(name) or plain(name.replace("_", " "))


def term(name):
    """What a reader calls a term of a balance: a place where ions are, or what brought them."""
    others = "all others together" if name == "others" else f"from {plain(name)}"
    return _PLACES.get(name, others)


def change_label(ion, unit):
    """Axis label of how the amount of an ion changes, with the unit on a line of its own."""
    return f"Change of {_ION.get(ion, ion)}\n[{typeset(unit)}]"


def setting(key):
    """What a reader calls a setting such as "source.KCl.amount": amount of the source KCl."""
    parts = [part for part in key.split(".") if not part.isdigit()]
    rest = parts[2:] if parts[:2] == ["tissue", "regions"] else parts
    is_ion = _SYMBOLS.get(rest[-1], "").startswith("[")
    is_field = parts[0] == "tissue" or is_ion or rest[-1] in ("alpha", "tortuosity")
    said = symbol(rest[-1]) if is_field else plain(rest[-1].replace("_", " "))
    if rest is not parts:
        return f"{said} of the region {plain(rest[0])}" if len(rest) > 1 else said
    is_named = parts[0] in _NAMED and len(parts) > 2
    return f"{said} of the {parts[0]} {plain(parts[1])}" if is_named else said


def outcome(name):
    """What a reader calls a number of summary.json such as "fronts.along.speed_mm_per_min"."""
    *where, last = name.split(".")
    ending = next((e for e in _ENDINGS if last.endswith(e)), "")
    said = _OUTCOMES.get(last) or symbol(last.removesuffix(ending))
    if where[:1] == ["fronts"]:
        said = f"{said} on line {plain('.'.join(where[1:]))}"
    elif where:
        said = f"{said} of {plain(' '.join(where).replace('_', ' '))}"
    return with_unit(said, _ENDINGS.get(ending) or _UNITS.get(last, ""))


def plain(name):
    """A name that a user gave, as it is: neither mathematical text nor left out of a legend."""
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


def label(name, unit, meanings=NONE):
    """Axis label of the field or column `name`, with its unit in brackets unless that is 1."""
    return with_unit(symbol(name, meanings), unit)


def with_unit(text, unit):
    """A text that begins an axis label, with its unit in brackets unless that is 1."""
    text = text[:1].upper() + text[1:]
    return text if unit in ("", "1") else f"{text} [{typeset(unit)}]"


def wrapped_label(name, unit, meanings=NONE):
    """As `label`, with the unit on a line of its own, for low panels."""
    return "\n[".join(label(name, unit, meanings).rsplit(" [", 1))


def plain_label(name, unit, meanings=NONE):
    """As `label`, for programs that know no mathematical text."""
    return untypeset(label(name, unit, meanings))


def untypeset(text):
    """A text without its mathematics."""
    text = text.replace("$_", "$")
    for mark in ("$", "^", "\\", "{", "}"):
        text = text.replace(mark, "")
    return text.replace("lambda", "").replace("alpha", "").strip()


def words(name):
    """The words that a field's numbers stand for, in order; none where they are numbers."""
    return tuple(NAMES) if name == "regime" else ()


def limits(name, low, high):
    """Round limits around the values of a field; around the numbers of its words."""
    count = len(words(name))
    return (-0.5, count - 0.5) if count else nice_limits(low, high)


def map_name(name):
    """Name of the perceptually uniform colour map of a field."""
    if name.startswith("arrival_"):
        return "plasma"
    return _COLOUR_MAPS.get(name.removeprefix("max_"), "viridis")


def nice_limits(low, high):
    """Round limits around [low, high]; also for equal or missing numbers."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return 0.0, 1.0
    if high - low <= 1e-6 * max(abs(low), abs(high), 1e-30):
        margin = 0.05 * abs(low) or 0.5
        low, high = low - margin, high + margin
    power = 10.0 ** np.floor(np.log10((high - low) / _INTERVALS))
    for step in power * np.array([1.0, 2.0, 2.5, 5.0, 10.0, 20.0]):
        first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
        if last - first <= _INTERVALS:
            break
    return float(first * step), float(last * step)


def default_limits(name):
    """Limits of a field of which nothing is known yet."""
    return _DEFAULT_LIMITS.get(name, (0.0, 1.0))


def time_text(t):
    """`t` [s] as a title."""
    return f"{t:.4g} s"


def typeset(unit):
    """`unit` with typeset mu and powers."""
    text = plain(unit).replace("um", "µm").replace("umol", "µmol").replace("uA", "µA")
    text = text.replace("uM", "µM")
    for power in "23":
        text = text.replace(f"^{power}", f"$^{power}$")
    return text

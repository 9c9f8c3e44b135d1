"""How everything looks: labels, colours, fonts and limits, the same in all pictures of a run."""

from collections.abc import Mapping
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ecs_model.files import atomic
from ecs_model.physics.regimes import NAMES

WIDTH = 7.2  # inches: both columns of a journal page
DPI = 200
LENGTH = "mm"
NEVER = "#d9d9d9"  # grey of tissue that a front never reached
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")

_RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=CYCLE),
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}
_SYMBOLS = {
    "K_o": "[K$^+$]$_o$",
    "K_i": "[K$^+$]$_i$",
    "Na_o": "[Na$^+$]$_o$",
    "Na_i": "[Na$^+$]$_i$",
    "Cl_o": "[Cl$^-$]$_o$",
    "Cl_i": "[Cl$^-$]$_i$",
    "V": "membrane potential",
    "Phi_e": "extracellular potential",
    "V_g": "membrane potential of glia",
    "V_g_shift": "shift of V_g by currents",
    "alpha": "volume fraction $\\alpha$",
    "tortuosity": "tortuosity $\\lambda$",
    "front_position": "front position",
    "recruited": "recruited fraction",
    "arrival_K_o": "arrival of the K$^+$ front",
    "rate": "firing rate",
    "onset": "onset of seizures",
    "duration": "longest seizure",
    "regime": "regime so far",
    "V_min": "lowest membrane potential",
    "V_max": "highest membrane potential",
}
REGIMES = {  # colours of what neurons do
    "rest": "#CFE5F2",
    "firing": "#EDF0C4",
    "depolarized": "#D9D2E9",
    "tonic": "#F3E9B5",
    "seizure": "#F2B66D",
    "SD": "#C96A6A",
}
NONE: Mapping[str, str] = MappingProxyType({})
_PREFIXES = {"arrival_": "arrival of ", "max_": "maximum of ", "min_": "minimum of "}
_PREFIXES |= {"total_": "total ", "mean_": "mean "}
_COLOUR_MAPS = {"K_o": "inferno", "V": "viridis"}
_DEFAULT_LIMITS = {"K_o": (0.0, 60.0), "V": (-80.0, 40.0)}


def symbol(name, meanings=NONE):
    """What a reader calls the field or column `name`, without unit.

    Args:
        name: of the field.
        meanings: what the model calls some of its own fields, by their names.
    """
    if name in meanings:
        return plain(meanings[name])
    for prefix, words in _PREFIXES.items():
        if name not in _SYMBOLS and name.startswith(prefix):
            return words + symbol(name.removeprefix(prefix))
    return _SYMBOLS.get(name) or plain(name.replace("_", " "))


def plain(name):
    """A name that a user gave, as it is: neither mathematical text nor left out of a legend."""
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


def label(name, unit, meanings=NONE):
    """Axis label of the field or column `name`, with its unit in brackets unless that is 1."""
    text = symbol(name, meanings)
    text = text[:1].upper() + text[1:]
    return text if unit in ("", "1") else f"{text} [{_typeset(unit)}]"


def wrapped_label(name, unit, meanings=NONE):
    """As `label`, with the unit on a line of its own, for low panels."""
    return "\n[".join(label(name, unit, meanings).rsplit(" [", 1))


def plain_label(name, unit, meanings=NONE):
    """As `label`, for programs that know no mathematical text."""
    text = label(name, unit, meanings).replace("$_", "$")
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


def colour_bar(fig, drawn, name, text, **how):
    """The bar beside what was drawn of the field `name`, labelled; `how` goes to Matplotlib."""
    bar = fig.colorbar(drawn, label=text, **how)
    if known := words(name):
        bar.set_ticks(range(len(known)), labels=known)
        bar.ax.minorticks_off()
    return bar


def value_axis(axes, name, text):
    """Label the vertical axis of curves of the field `name`."""
    axes.set_ylabel(text)
    if known := words(name):
        axes.set_yticks(range(len(known)), labels=known)
        axes.set_ylim(-0.5, len(known) - 0.5)


def colour_map(name):
    """The perceptually uniform colour map of a field, or the colours of its words."""
    if words(name):
        return mpl.colors.ListedColormap([REGIMES[word] for word in words(name)], "regimes")
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
    ticks = MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return float(ticks[0]), float(ticks[-1])


def default_limits(name):
    """Limits of a field of which nothing is known yet."""
    return _DEFAULT_LIMITS.get(name, (0.0, 1.0))


def time_text(t):
    """`t` [s] as a title."""
    return f"{t:.4g} s"


def figure(height, width=WIDTH, layout="constrained"):
    """An empty figure [inches] that is drawn without a display."""
    return Figure(figsize=(width, height), dpi=DPI, layout=layout)


def never_patch():
    """The legend entry of tissue that a front never reached."""
    return Patch(color=NEVER, label="never reached")


def styled(function):
    """`function`, drawing with the fonts and colours of this module."""
    return mpl.rc_context(_RC)(function)


@styled
def save(fig, path):
    """`path`, which then holds the figure; the file is replaced as a whole."""
    with atomic.explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        fig.savefig(temporary, format=path.suffix[1:], bbox_inches="tight", pad_inches=0.05)
        temporary.replace(path)
    return path


def _typeset(unit):
    """`unit` with typeset mu and powers."""
    text = plain(unit).replace("um", "µm").replace("umol", "µmol").replace("uA", "µA")
    for power in "23":
        text = text.replace(f"^{power}", f"$^{power}$")
    return text

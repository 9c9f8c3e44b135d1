"""How everything looks: colours and fonts, the same in all pictures of a run."""

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ecs_model.files import atomic
from ecs_model.postprocess.labels import map_name, words

WIDTH = 7.2  # inches: both columns of a journal page
DPI = 200
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
REGIMES = {  # colours of what neurons do
    "rest": "#CFE5F2",
    "firing": "#EDF0C4",
    "depolarized": "#D9D2E9",
    "tonic": "#F3E9B5",
    "seizure": "#F2B66D",
    "SD": "#C96A6A",
}


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
    return map_name(name)


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

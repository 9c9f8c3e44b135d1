"""How everything looks: colours and fonts, the same in all pictures of a run."""

import functools
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox

from ecs_model.files import atomic
from ecs_model.postprocess import theme
from ecs_model.postprocess.labels import map_name, words

WIDTH = 7.2  # inches: both columns of a journal page
MM = 1 / 25.4  # inches
PAD = 0.05  # inches: margin
USUAL = 0.6  # inches: height of a legend that figures have room for
DPI = 200

_RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "pdf.fonttype": 42,  # fonts are embedded as they are, in SVG as outlines
    "svg.hashsalt": "ecs-model",  # the same file each time
    "lines.linewidth": 1.4,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
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


def colour_map(name, least=None):
    """The perceptually uniform colour map of a field, or the colours of its words.

    That of concentrations begins at the share `least`, by default the theme's.
    """
    if words(name):
        return mpl.colors.ListedColormap([theme.now().regimes[w] for w in words(name)], "regimes")
    if (least := theme.now().least if least is None else least) and map_name(name) == "inferno":
        colours = mpl.colormaps["inferno"](np.linspace(least, 1.0, 256))
        return mpl.colors.ListedColormap(colours, "inferno from dark violet")
    return map_name(name)


_chosen: ContextVar[float | None] = ContextVar("chosen", default=None)  # width [inches]


@contextmanager
def as_wide_as(width: float | None) -> Iterator[None]:
    """Figures in the block are exactly so wide [mm], and as high as usual; None: as usual.

    Letters become smaller on narrow figures, by a quarter at most.
    """
    token = _chosen.set(None if width is None else width * MM)
    try:
        yield
    finally:
        _chosen.reset(token)


def figure(height, width=WIDTH, layout="constrained"):
    """An empty figure [inches] that is drawn without a display, see `as_wide_as`."""
    chosen = _chosen.get() or width
    return Figure(figsize=(chosen, height * max(chosen / width, 1.0)), dpi=DPI, layout=layout)


def _box(fig):
    """What to save of a figure: all around, or above and below where its width was chosen."""
    box = tight_box(fig)
    if _chosen.get() is None:
        return box
    return Bbox([[0.0, box.y0], [fig.get_figwidth(), box.y1]])


def never_patch():
    """The legend entry of tissue that a front never reached."""
    return Patch(color=theme.now().never, label="never reached")


def legend_below(figure, handles, columns):
    """A legend below the panels of a figure, in as many columns as it has room for, at most.

    Where even one column is too wide, long entries go on in further lines. For a high legend the
    figure becomes higher.
    """
    close = {"handlelength": 1.6, "columnspacing": 1.4, "handletextpad": 0.6}
    usual = mpl.rcParams["legend.fontsize"]
    for count, size in ((c, usual * share) for c in range(columns, 0, -1) for share in (1, 0.88)):
        look = {"ncols": count, "fontsize": size, **close}
        made = figure.legend(handles=handles, loc="outside lower center", **look)
        if _too_wide(figure, made) <= 1.0 or (count, size) == (1, 0.88 * usual):
            break
        made.remove()
    if (excess := _too_wide(figure, made)) > 1.0:
        for text in made.get_texts():
            most = int(max(len(t.get_text()) for t in made.get_texts()) / (1.15 * excess))
            text.set_text(textwrap.fill(text.get_text(), most))
    figure.set_figheight(figure.get_figheight() + max(0.0, _extent(made).height - USUAL))
    return made


def _extent(legend):
    """Size of a legend [inches]."""
    renderer = FigureCanvasAgg(legend.figure).get_renderer()
    return legend.get_window_extent(renderer).transformed(legend.figure.dpi_scale_trans.inverted())


def _too_wide(figure, legend):
    """How many times wider than its figure a legend is."""
    return _extent(legend).width / (figure.get_figwidth() - 2 * PAD)


def styled(function):
    """`function`, drawing with the fonts and colours of this module."""

    @functools.wraps(function)
    def drawn(*arguments, **options):
        with mpl.rc_context(_settings()):
            return function(*arguments, **options)

    return drawn


def _settings():
    """Settings of Matplotlib for figures as wide as they are."""
    chosen = _chosen.get()
    share = 1.0 if chosen is None else min(1.0, max(0.75, (chosen / WIDTH) ** (1 / 3)))
    sizes = {key: share * value if "size" in key else value for key, value in _RC.items()}
    cycle = {"axes.prop_cycle": mpl.cycler(color=theme.now().cycle)}
    return sizes | cycle | theme.settings()


@styled
def tight_box(fig):
    """What to save of a figure [inches]: all that is drawn, and a margin; it keeps its layout."""
    if (engine := fig.get_layout_engine()) is not None:
        engine.execute(fig)
        fig.set_layout_engine("none")
    return fig.get_tightbbox().padded(PAD)


def lay_out_as(fig, placed):
    """Give a figure the layout of another one that shows the same in other colours."""
    for axes, other in zip(fig.axes, placed.axes, strict=True):
        axes.set_position(other.get_position(original=True))
    fig.set_layout_engine("none")


def save_all(
    drawings: Mapping[str, Callable[[], Figure]], folder: Path, formats: tuple[str, ...]
) -> list[Path]:
    """Paths of figures that are drawn one after the other, each as a file of every format.

    Files of another theme than the light one have its name in theirs.

    Args:
        drawings: name of the file -> function that gives the figure.
        folder: where they go.
        formats: such as png, pdf or svg.
    """
    paths = []
    for name, draw in drawings.items():
        drawn = draw()
        paths += [save(drawn, folder / f"{name}{theme.mark()}.{ending}") for ending in formats]
    return paths


@styled
def save(fig, path):
    """`path`, which then holds the figure; the file is replaced as a whole."""
    with atomic.explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        fig.savefig(temporary, format=path.suffix[1:], bbox_inches=_box(fig))
        temporary.replace(path)
    return path

"""Colours of all pictures: on white paper, and on a dark page."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType

VERDICTS = ("rest", "load", "seizure", "sd", "ignited")
REGIMES = ("rest", "firing", "depolarized", "tonic", "seizure", "SD")


@dataclass(frozen=True)
class Theme:
    """What things of one kind are drawn in.

    Attributes:
        paper: behind everything.
        ink: text, axes, borders.
        dim: what is measured, edges of dots, notes.
        grey: lines that guide the eye.
        faint: areas behind curves.
        never: tissue that a front never reached.
        cycle: curves, in their order.
        shades: part of a colour map that is told from the paper, for curves at several times.
        least: where the colour map of concentrations begins, as a share of it.
        verdicts: areas of maps, by the gravest verdict that is yes.
        regimes: areas and places, by what neurons do.
        cells: dots and areas, by what a single cell does.
        agreement: areas where models say no, disagree, say yes.
    """

    paper: str
    ink: str
    dim: str
    grey: str
    faint: str
    never: str
    cycle: tuple[str, ...]
    shades: tuple[float, float]
    least: float
    verdicts: Mapping[str, str]
    regimes: Mapping[str, str]
    cells: Mapping[str, str]
    agreement: tuple[str, str, str]


def _named(names, *colours):
    return MappingProxyType(dict(zip(names, colours, strict=True)))


_CELLS = ("rest", "firing", "seizure", "tonic", "SD", "depolarized")

LIGHT = Theme(
    paper="#ffffff",
    ink="#000000",
    dim="#4d4d4d",
    grey="#a6a6a6",
    faint="#e6e6e6",
    never="#d9d9d9",
    cycle=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933"),
    shades=(0.0, 0.9),
    least=0.0,
    verdicts=_named(VERDICTS, "#CFE5F2", "#EDF0C4", "#F6DC9B", "#EDA98B", "#C96A6A"),
    regimes=_named(REGIMES, "#CFE5F2", "#EDF0C4", "#D9D2E9", "#F3E9B5", "#F2B66D", "#C96A6A"),
    cells=_named(_CELLS, "#56B4E9", "#F0E442", "#E69F00", "#CC79A7", "#D55E00", "#333333"),
    agreement=("#E6F0F7", "#CFCFCF", "#F6DC9B"),
)
DARK = Theme(
    paper="#17191d",
    ink="#e8e8e8",
    dim="#b9bdc3",
    grey="#7d828a",
    faint="#2d3138",
    never="#43474e",
    cycle=("#56B4E9", "#F08A4B", "#3FBF95", "#E29AC4", "#EFB640", "#8FB4FF", "#f2f2f2", "#C3C35A"),
    shades=(0.25, 1.0),
    least=0.2,
    verdicts=_named(VERDICTS, "#22455c", "#55591f", "#7a5d1d", "#8a4a2b", "#9c3d3d"),
    regimes=_named(REGIMES, "#22455c", "#55591f", "#4d4372", "#6d6326", "#8a5719", "#9c3d3d"),
    cells=_named(_CELLS, "#56B4E9", "#F0E442", "#E69F00", "#CC79A7", "#D55E00", "#c9ccd1"),
    agreement=("#22455c", "#4a4e55", "#7a5d1d"),
)
THEMES = MappingProxyType({"light": LIGHT, "dark": DARK})

_chosen: ContextVar[Theme] = ContextVar("theme", default=LIGHT)


def now() -> Theme:
    """The Theme in which pictures are drawn here."""
    return _chosen.get()


@contextmanager
def using(name: str) -> Iterator[None]:
    """Pictures in the block are drawn in the theme of a name, one of THEMES."""
    token = _chosen.set(THEMES[name])
    try:
        yield
    finally:
        _chosen.reset(token)


def mark() -> str:
    """What files of this Theme have after their name: nothing on white paper."""
    return "_dark" if now() is DARK else ""


def settings() -> dict[str, object]:
    """What Matplotlib has to know of the Theme."""
    theme = now()
    ink = dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), theme.ink
    )
    paper = dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), theme.paper)
    return ink | paper

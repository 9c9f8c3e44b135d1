"""A map of the borders of several models over two axes, and the band that holds 90 % of them."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ecs_model.postprocess import labels, scan_areas, style, theme
from ecs_model.postprocess.scan_data import WORDS
from ecs_model.postprocess.scan_map import triangles

FINE = 150  # places along each axis
EDGE = 0.05  # share of the members on either side of the band


@style.styled
def consensus_map(scan):
    """A figure: where members say no, disagree and say yes; the border of each is a line.

    Args:
        scan: a Scan of a consensus over two axes of numbers.
    """
    figure = style.figure(5.0, 5.8)
    ax, (across, up) = figure.subplots(), scan.varying
    ax.set(xlabel=across.title, ylabel=up.title, xscale=across.scale, yscale=up.scale)
    x, y = (_places(scan, axis) for axis in (across, up))
    margins = {name: _margin(scan, part, (across, up), x, y) for name, part in _members(scan)}
    share = np.mean([margin >= 0 for margin in margins.values()], axis=0)
    known = np.all([np.isfinite(margin) for margin in margins.values()], axis=0)
    where = np.where(share <= EDGE, 0, np.where(share >= 1 - EDGE, 2, 1))
    colours = ListedColormap(theme.now().agreement)
    ax.pcolormesh(
        x, y, np.ma.masked_array(where, ~known), cmap=colours, vmin=-0.5, vmax=2.5, rasterized=True
    )
    handles = _areas(WORDS[scan.settings["consensus"]["margin"]])
    for (name, margin), colour in zip(margins.items(), _colours(len(margins)), strict=True):
        handles += _line(ax, x, y, margin, name, colour)
    style.legend_below(figure, handles, 2)
    return figure


def consensus_text(scan):
    """A paragraph: what was compared, where it agrees, and what the band is; empty for others.

    Args:
        scan: a Scan.
    """
    told = scan.report.get("consensus")
    if not told:
        return ""
    if not told["places"]:
        return f"No place of the map has been computed in all of {_compared(scan)}."
    word = WORDS[told["margin"]]
    each = ", ".join(f"{name} {_percent(share)}" for name, share in told["members"].items())
    yes, no, band = (_percent(told[name]) for name in ("yes", "no", "band"))
    return (
        f"The verdict on {word} was compared between {_compared(scan)} in {told['places']} places "
        f"of the map. At least 95 % of them say yes in {yes} of the places, and no in {no}. The "
        f"band between, {band} of the places, holds 90 % of their borders: there the answer "
        f"depends on the model. Each says yes in: {each}."
    )


def _percent(share):
    return f"{100 * share:.0f} %"


def _compared(scan):
    """How many models, and sets of their numbers."""
    members, usual = scan.settings["consensus"]["member"], scan.setup["base"]["membrane"]["model"]
    models = len({member["set"].get("membrane.model", usual) for member in members})
    sets = f"{len(members)} sets of numbers"
    return f"{sets} of one model" if models == 1 else f"{sets} in {models} models"


def _areas(word):
    texts = f"no {word} in 95 % of the models", "90 % of the borders", f"{word} in 95 %"
    return [
        Patch(color=c, label=text) for c, text in zip(theme.now().agreement, texts, strict=True)
    ]


def _colours(count):
    cycle = theme.now().cycle
    return [cycle[k % len(cycle)] for k in range(count)]


def _line(ax, x, y, margin, name, colour):
    """Draw the border of a member; its legend entry."""
    known = margin[np.isfinite(margin)]
    if len(known) and known.min() < 0 <= known.max():
        ax.contour(x, y, margin, levels=[0.0], colors=colour, linewidths=1.8)
        return [Line2D([], [], color=colour, lw=1.8, label=labels.plain(name))]
    says = "always" if len(known) and known.min() >= 0 else "never"
    return [Line2D([], [], ls="", label=labels.plain(f"{name}: {says}"))]


def _members(scan):
    """Pairs of a member's name and its finished rows, in the order of the configuration."""
    frame = scan.finished
    for member in scan.settings["consensus"]["member"]:
        yield member["name"], frame[frame["member"] == member["name"]]


def _places(scan, axis):
    values = scan.finished[axis.label].to_numpy(float)
    space = np.geomspace if axis.scale == "log" else np.linspace
    return space(values.min(), values.max(), FINE)


def _margin(scan, rows, axes, x, y):
    """The margin of a member over the map, nan outside of its runs; shape (y, x)."""
    rows = rows[np.isfinite(rows[_column(scan)])]
    mesh = triangles(axes, *(rows[axis.label].to_numpy(float) for axis in axes))
    scales = tuple(axis.scale for axis in axes)
    margin = rows[_column(scan)].to_numpy(float)
    return scan_areas.between(mesh, margin, scales, x, y).filled(np.nan)


def _column(scan):
    return f"{scan.settings['consensus']['margin']}.margin"

"""Profiles of one-dimensional runs, maps of two-dimensional ones, and when the front arrived."""

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.tri import Triangulation

from ecs_model.errors import ConfigError
from ecs_model.postprocess import labels, style, theme
from ecs_model.postprocess.fields import finite_range, load, spread
from ecs_model.run import field_series

_LONG = 2.0  # a domain this many times longer than high gets its times below each other


@style.styled
def profiles(run_dir, times=7):
    """Figure of the fields along a one-dimensional run at several times, one panel per field."""
    fields = _of_dimension(run_dir, 1)
    order = np.argsort(fields.points[:, 0])
    indices = spread(len(fields.times), times)
    colours = mpl.colormaps["viridis"](np.linspace(*theme.now().shades, len(indices)))
    fig = style.figure(0.6 + 2.1 * len(fields.main))
    panels = fig.subplots(len(fields.main), sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, fields.main, strict=True):
        for i, colour in zip(indices, colours, strict=True):
            title = labels.time_text(fields.times[i])
            axes.plot(fields.points[order, 0], fields.at(name, i)[order], color=colour, label=title)
        axes.set_ylabel(fields.label(name))
    panels[-1].set_xlabel(f"Position [{labels.LENGTH}]")
    fig.legend(handles=panels[0].lines, loc="outside right upper")
    return fig


@style.styled
def maps(run_dir, times=4):
    """Figure of the fields of a two-dimensional run at several times, with the same colours."""
    fields = _of_dimension(run_dir, 2)
    indices = spread(len(fields.times), times)
    shape = _height_over_width(fields)
    long = shape < 1 / _LONG
    fig, panels = _panels(len(fields.main), len(indices), shape, long)
    for row, name in zip(panels, fields.main, strict=True):
        _one_field(fig, row, fields, name, indices, "bottom" if long else "right")
    return fig


@style.styled
def snapshot(run_dir, name, t):
    """Figure of one field of a two-dimensional run at the output time nearest to `t` [s]."""
    fields = _of_dimension(run_dir, 2)
    index = int(np.abs(fields.times - t).argmin())
    fig, side = _single_panel(_height_over_width(fields))
    axes, (low, high) = fig.subplots(), fields.limits(name)
    colours = {"cmap": style.colour_map(name), "vmin": low, "vmax": high}
    drawn = _coloured(axes, fields, fields.at(name, index), **colours)
    axes.set(xlabel=f"x [{labels.LENGTH}]", ylabel=f"y [{labels.LENGTH}]")
    axes.set_title(labels.time_text(fields.times[index]))
    where = {"ax": axes, "location": side, "aspect": 30}
    style.colour_bar(fig, drawn, name, fields.label(name), **where)
    return fig


@style.styled
def arrival(run_dir, name="arrival_K_o"):
    """Figure of the time [s] at which the front arrived; grey where it never did."""
    fields = load(run_dir)
    found, units = field_series.read_maps(run_dir)
    if name not in found:
        raise ConfigError(f"{run_dir} has no map {name!r}; it has {', '.join(found) or 'none'}")
    draw = {1: _arrival_profile, 2: _arrival_map}.get(fields.space)
    if draw is None:
        raise ConfigError(f"{run_dir} lies in three dimensions; use postprocess.stills.arrival")
    return draw(fields, found[name], labels.label(name, units[name]))


def _of_dimension(run_dir, dimension):
    fields = load(run_dir)
    if fields.space != dimension:
        raise ConfigError(f"{run_dir} has dimension {fields.space}, not {dimension}")
    return fields


def _height_over_width(fields):
    width, height = np.ptp(fields.points[:, :2], axis=0)
    return height / width


def _panels(count, times, shape, long):
    """A figure and its axes, one row per field; in a long domain that row runs downwards."""
    columns, rows = (count, times) if long else (times, count)
    panel = (style.WIDTH - (0.6 if long else 1.4)) / columns
    row = max(panel * shape, 0.35 if long else 1.3)
    height = rows * (row + (0.25 if long else 0.1)) + (1.2 if long else 0.7)
    fig = style.figure(min(height, 9.5), layout="compressed")
    panels = fig.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in panels[-1]:
        axes.set_xlabel(f"x [{labels.LENGTH}]")
    for axes in panels[:, 0]:
        axes.set_ylabel(f"y [{labels.LENGTH}]")
    return fig, panels.T if long else panels


def _one_field(fig, row, fields, name, indices, side):
    low, high = fields.limits(name)
    for axes, i in zip(row, indices, strict=True):
        colours = {"cmap": style.colour_map(name), "vmin": low, "vmax": high}
        drawn = _coloured(axes, fields, fields.at(name, i), **colours)
        if side == "bottom" or axes.get_subplotspec().is_first_row():
            axes.set_title(labels.time_text(fields.times[i]))
    text = fields.wrapped_label(name)
    style.colour_bar(fig, drawn, name, text, ax=list(row), location=side, aspect=25, pad=0.02)


def _coloured(axes, fields, values, **colours):
    """The artist of a nodal field; triangles with a corner that is nan stay empty."""
    triangles = Triangulation(*fields.points[:, :2].T, fields.cells)
    triangles.set_mask(np.isnan(values[fields.cells]).any(axis=1))
    axes.set_aspect("equal")
    axes.margins(0)
    values = np.nan_to_num(values)
    return axes.tripcolor(triangles, values, shading="gouraud", rasterized=True, **colours)


def _arrival_profile(fields, values, label):
    order = np.argsort(fields.points[:, 0])
    fig = style.figure(2.6, width=4.5)
    axes = fig.subplots()
    axes.plot(fields.points[order, 0], values[order])
    axes.set(xlabel=f"Position [{labels.LENGTH}]", ylabel=label)
    axes.set_xlim(fields.points[:, 0].min(), fields.points[:, 0].max())
    _say_if_never(axes, values)
    return fig


def _arrival_map(fields, values, label):
    fig, side = _single_panel(_height_over_width(fields))
    axes = fig.subplots()
    never = np.ones(len(fields.points))
    _coloured(axes, fields, never, cmap=ListedColormap([theme.now().never]))
    axes.set(xlabel=f"x [{labels.LENGTH}]", ylabel=f"y [{labels.LENGTH}]")
    if not _say_if_never(axes, values):
        low, high = labels.nice_limits(*finite_range(values))
        colours = {"cmap": style.colour_map("arrival_K_o"), "vmin": low, "vmax": high}
        drawn = _coloured(axes, fields, values, **colours)
        _isochrones(axes, fields, values, np.linspace(low, high, 11))
        fig.colorbar(drawn, ax=axes, label=label, location=side, aspect=30)
    if np.isnan(values).any():
        fig.legend(handles=[style.never_patch()], loc="outside upper right")
    return fig


def _single_panel(shape):
    """A figure for one panel of height/width `shape`, and the side for its colour bar."""
    long = shape < 1 / _LONG
    width = style.WIDTH - 0.7 if long else max(1.5, min(4.5, 5.5 / shape))
    height = max(0.4, width * shape) + (1.5 if long else 0.8)
    fig = style.figure(height, width + (0.7 if long else 1.5), layout="compressed")
    return fig, "bottom" if long else "right"


def _isochrones(axes, fields, values, levels):
    triangles = Triangulation(*fields.points[:, :2].T, fields.cells)
    triangles.set_mask(np.isnan(values[fields.cells]).any(axis=1))
    axes.tricontour(
        triangles, np.nan_to_num(values), levels, colors="black", linewidths=0.4, alpha=0.6
    )


def _say_if_never(axes, values):
    """Whether no value is finite; the axes then say so."""
    never = not np.isfinite(values).any()
    if never:
        place = {"transform": axes.transAxes, "ha": "center", "va": "center"}
        axes.text(0.5, 0.5, "never reached", **place)
    return never

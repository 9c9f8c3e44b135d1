"""Maps of a scan over two axes: regimes with their borders and speeds, or thresholds."""

from functools import partial

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from matplotlib.tri import Triangulation

from ecs_model.postprocess import (
    contour_labels,
    label_placement,
    labels,
    scan_areas,
    style,
    theme,
)

COLUMNS = 3
LINES = 7  # contours of thresholds
MARKS = {"found": "o", "always": "^", "never": "v"}
MEANING = {
    "found": "threshold found",
    "always": "even the lowest value suffices",
    "never": "not even the highest value suffices",
}


@style.styled
def risk_map(scan):
    """A figure: regimes over two axes of numbers as areas, with the border of the verdict.

    Dots are runs, dashed lines are speeds of fronts [mm/min], stars are measured states of the
    tissue where the axes are alpha and tortuosity. A third axis gives a map for each of its values.

    Args:
        scan: a Scan without thresholds that has `mapped` axes.
    """
    return _figure(scan, scan_areas.regimes if scan.words is None else scan_areas.words)


@style.styled
def threshold_map(scan):
    """A figure: thresholds over two axes of numbers, as colours with contours.

    Args:
        scan: a Scan with thresholds that has `mapped` axes.
    """
    values = scan.finished["threshold.value"].to_numpy(float)
    known = values[np.isfinite(values)]
    if not len(known) or not np.ptp(known):
        return _figure(scan, partial(_thresholds, levels=None))
    levels = MaxNLocator(24).tick_values(known.min(), known.max())
    scale = ScalarMappable(BoundaryNorm(levels, 256), "viridis")
    bar = {"mappable": scale, "label": scan.searched_title, "ticks": MaxNLocator(7)}
    return _figure(scan, partial(_thresholds, levels=levels), bar)


def _figure(scan, draw, bar=None):
    """A figure with a map for each value of a third axis; the legend is below.

    Args:
        scan: the Scan.
        draw: what draws one map.
        bar: of colours, which takes its room before labels are placed; None for none.
    """
    axes = scan.mapped
    others = [axis for axis in scan.varying if axis not in axes]
    parts = scan.slices(others[0]) if others else [("", scan)]
    columns = min(len(parts), COLUMNS)
    rows = -(-len(parts) // columns)
    figure = style.figure(
        0.9 + (4.0 if columns == 1 else 2.6) * rows, min(style.WIDTH, 5.4 * columns)
    )
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for ax in panels[len(parts) :]:
        ax.remove()
    panels = panels[: len(parts)]
    if bar:
        figure.colorbar(ax=[*panels], **bar)
    handles: dict = {}
    for ax, (title, part) in zip(panels, parts, strict=True):
        ax.set_title(title)
        handles |= {handle.get_label(): handle for handle in _panel(ax, part, axes, draw)}
    style.legend_below(figure, [*handles.values()], 2)
    return figure


def _panel(ax, scan, axes, draw):
    """Draw one map; legend entries."""
    x, y = (scan.finished[axis.label].to_numpy(float) for axis in axes)
    _frame(ax, axes, x, y)
    states = _on_map(ax, scan, axes)
    handles, obstacles = draw(ax, scan, triangles(axes, x, y), [*states.values()])
    return handles + _failed(ax, scan, axes) + _states(ax, scan, states, obstacles)


def _frame(ax, axes, x, y):
    ax.set(xlabel=axes[0].title, ylabel=axes[1].title, xscale=axes[0].scale, yscale=axes[1].scale)
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))


def triangles(axes, x, y):
    """Triangulation of the runs, made where both axes are alike and even."""
    even = (_even(v, axis.scale) for v, axis in zip((x, y), axes, strict=True))
    return Triangulation(x, y, Triangulation(*even).triangles)


def _even(values, scale):
    values = np.log(values) if scale == "log" else values
    return (values - values.min()) / np.ptp(values)


def _thresholds(ax, scan, mesh, stars, levels):
    """Draw colours, contours and runs; legend entries and what labels must not cover."""
    frame = scan.finished
    value = frame["threshold.value"].to_numpy(float)
    known = np.isfinite(value)
    outside = ~known[mesh.triangles].all(axis=1)
    handles, texts = _no_threshold(ax, mesh, outside), []
    if levels is not None and not outside.all():
        part = Triangulation(mesh.x, mesh.y, mesh.triangles, outside)
        texts = _surface(ax, part, np.where(known, value, levels[0]), levels, stars)
    return handles + _ends(ax, frame["threshold.state"].to_numpy(), mesh), texts


def _no_threshold(ax, mesh, outside):
    if not outside.any():
        return []
    scan_areas.plain(ax, Triangulation(mesh.x, mesh.y, mesh.triangles, ~outside), theme.now().never)
    return [Patch(color=theme.now().never, label="no threshold in the range")]


def _surface(ax, mesh, value, levels, stars):
    ax.tricontourf(mesh, value, levels=levels, cmap="viridis")
    lines = ax.tricontour(mesh, value, levels=_round(levels), colors="white", linewidths=0.9)
    return contour_labels.number(ax, lines, stars)


def _round(levels):
    return MaxNLocator(LINES).tick_values(levels[0], levels[-1])


def _ends(ax, states, mesh):
    """Draw runs by how their search ended; legend entries."""
    colours, handles = theme.now(), []
    for state in [s for s in MARKS if s in states]:
        here = states == state
        dot = {"marker": MARKS[state], "c": colours.paper, "edgecolors": colours.dim, "lw": 0.5}
        ax.scatter(mesh.x[here], mesh.y[here], s=12, clip_on=False, zorder=3, **dot)
        handles.append(scan_areas.dot_handle(MEANING[state], marker=MARKS[state], ms=4))
    return handles


def _failed(ax, scan, axes):
    """Draw runs that failed; legend entries."""
    gone = scan.frame[scan.frame["run"] == "failed"]
    if not len(gone):
        return []
    x, y = (gone[axis.label].to_numpy(float) for axis in axes)
    ax.scatter(x, y, marker="x", s=22, c=theme.now().ink, lw=1.2, zorder=3, clip_on=False)
    return [Line2D([], [], ls="", marker="x", ms=5, c=theme.now().ink, label="failed run")]


def _on_map(ax, scan, axes):
    """Name -> place of the measured states that lie on a map of alpha and tortuosity."""
    keys = [axis.key for axis in axes]
    if sorted(keys) != ["alpha", "tortuosity"]:
        return {}
    places = {name: [getattr(state, key) for key in keys] for name, state in scan.measured.items()}
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    return {n: (x, y) for n, (x, y) in places.items() if left <= x <= right and low <= y <= high}


def _states(ax, scan, on, obstacles):
    """Draw measured states of the tissue where they lie; legend entries."""
    if not on:
        return []
    star = {"marker": "*", "ms": 9, "mfc": "gold", "mec": "black", "mew": 0.6, "clip_on": False}
    ax.plot(*zip(*on.values(), strict=True), ls="", zorder=4, **star)
    label_placement.place(ax, [*on.values()], [*on], obstacles)
    told = [labels.plain(f"{name}: {scan.measured[name].condition}") for name in on]
    return [Line2D([], [], ls="", label=text, **star) for text in told]

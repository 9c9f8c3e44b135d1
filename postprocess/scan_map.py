"""Maps of a scan over two axes: regimes with their borders and speeds, or thresholds."""

from functools import partial

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from matplotlib.tri import Triangulation

from ecs_model.postprocess import label_placement, labels, style
from ecs_model.postprocess.scan_data import WORDS

COLOURS = {
    "rest": "#CFE5F2",
    "load": "#EDF0C4",
    "seizure": "#F6DC9B",
    "sd": "#EDA98B",
    "ignited": "#C96A6A",
}
FINE = 200  # places along each axis of a map of words
COLUMNS = 3
LINES = 7  # contours of thresholds
BORDER, FEW = 2.2, 6  # width of the border; fewer runs give no contours
NO_THRESHOLD = "#E3E3E3"
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
    return _figure(scan, _regimes if scan.words is None else _words)[0]


@style.styled
def threshold_map(scan):
    """A figure: thresholds over two axes of numbers, as colours with contours.

    Args:
        scan: a Scan with thresholds that has `mapped` axes.
    """
    values = scan.finished["threshold.value"].to_numpy(float)
    known = values[np.isfinite(values)]
    if not len(known) or not np.ptp(known):
        return _figure(scan, partial(_thresholds, levels=None))[0]
    levels = MaxNLocator(24).tick_values(known.min(), known.max())
    figure, panels = _figure(scan, partial(_thresholds, levels=levels))
    scale = ScalarMappable(BoundaryNorm(levels, 256), "viridis")
    figure.colorbar(scale, ax=panels, label=scan.searched_title, ticks=MaxNLocator(7))
    return figure


def _figure(scan, draw):
    """A figure with a map for each value of a third axis, and its panels; the legend is below."""
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
    handles: dict = {}
    for ax, (title, part) in zip(panels, parts, strict=True):
        ax.set_title(labels.plain(title))
        handles |= {handle.get_label(): handle for handle in _panel(ax, part, axes, draw)}
    figure.legend(handles=[*handles.values()], loc="outside lower center", ncols=2)
    return figure, list(panels)


def _panel(ax, scan, axes, draw):
    """Draw one map; legend entries."""
    x, y = (scan.finished[axis.label].to_numpy(float) for axis in axes)
    _frame(ax, axes, x, y)
    handles, obstacles = draw(ax, scan, triangles(axes, x, y))
    return handles + _failed(ax, scan, axes) + _states(ax, scan, axes, obstacles)


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


def _regimes(ax, scan, mesh):
    """Draw areas, border, runs and speeds; legend entries and what labels must not cover."""
    regimes = scan.regimes
    present = [name for name in COLOURS if name in regimes]
    _plain(ax, mesh, COLOURS["rest"])
    for name in [name for name in present if name != "rest"]:
        _area(ax, mesh, scan.margin(name), regimes == name, COLOURS[name])
    handles = [Patch(color=COLOURS[name], label=scan.word(name)) for name in present]
    border, lines = _border(ax, scan, mesh)
    speed, obstacles = _speeds(ax, scan, mesh)
    dots = _dots(ax, mesh, [COLOURS[name] for name in regimes])
    return handles + border + speed + [dots], lines + obstacles


def _words(ax, scan, mesh):
    """Draw what neurons do, around each run the word of that run; as `_regimes`."""
    present = [name for name in style.REGIMES if name in scan.words]
    colours = ListedColormap([style.REGIMES[name] for name in present])
    numbers = np.array([present.index(word) for word in scan.words])
    x, y, nearest = _nearest(ax, mesh)
    ax.pcolormesh(x, y, numbers[nearest], cmap=colours, vmin=-0.5, vmax=len(present) - 0.5)
    handles = [Patch(color=style.REGIMES[name], label=name) for name in present]
    border, lines = _border(ax, scan, mesh)
    speed, obstacles = _speeds(ax, scan, mesh)
    dots = _dots(ax, mesh, [style.REGIMES[word] for word in scan.words])
    return [*handles, *border, *speed, dots], lines + obstacles


def _nearest(ax, mesh):
    """Places along both axes, and of each pair the number of the nearest run."""
    from scipy.spatial import cKDTree

    scales = ax.get_xscale(), ax.get_yscale()
    ends = ax.get_xlim(), ax.get_ylim()
    space = {"log": np.geomspace, "linear": np.linspace}
    x, y = (space[scale](*pair, FINE) for scale, pair in zip(scales, ends, strict=True))
    runs = np.column_stack([*map(_even, (mesh.x, mesh.y), scales)])
    grid = np.meshgrid(_even(x, scales[0]), _even(y, scales[1]))
    return x, y, cKDTree(runs).query(np.stack(grid, -1))[1]


def _area(ax, mesh, margin, here, colour):
    """Colour where the margin is positive, but only beside runs that are of this regime.

    Between a run at rest and one with a front the K+ of a seizure is passed, too: no run shows it.
    """
    part = Triangulation(mesh.x, mesh.y, mesh.triangles, ~here[mesh.triangles].any(axis=1))
    if part.mask.all():
        return
    ax.tricontourf(part, margin, levels=[0.0, margin.max() + 1.0], colors=[colour])


def _border(ax, scan, mesh):
    """Draw where the verdict changes; legend entries and curves."""
    margin = scan.margin(scan.verdict)
    if not margin.min() < 0 <= margin.max():
        return [], []
    drawn = ax.tricontour(mesh, margin, levels=[0.0], colors="black", linewidths=BORDER)
    words = f"border of {WORDS[scan.verdict]}"
    return [Line2D([], [], color="black", lw=BORDER, label=words)], drawn.get_paths()


def _dots(ax, mesh, colours):
    ax.scatter(mesh.x, mesh.y, s=10, c=colours, edgecolors="0.25", lw=0.5, zorder=3, clip_on=False)
    return Line2D([], [], ls="", marker="o", ms=3.5, mfc="white", mec="0.25", mew=0.5, label="run")


def _speeds(ax, scan, mesh):
    """Draw contours of the speed of fronts; legend entries and labels."""
    column = scan.speed
    speed = scan.finished[column].to_numpy(float) if column else np.full(len(mesh.x), np.nan)
    known = np.isfinite(speed)
    part = Triangulation(mesh.x, mesh.y, mesh.triangles, ~known[mesh.triangles].all(axis=1))
    if np.count_nonzero(known) < FEW or part.mask.all() or not np.ptp(speed[known]):
        return [], []
    lines = ax.tricontour(
        part,
        np.where(known, speed, 0.0),
        levels=6,
        colors="black",
        linewidths=0.7,
        linestyles="dashed",
    )
    handle = Line2D([], [], color="black", lw=0.7, ls="--", label="speed of the front [mm/min]")
    return [handle], [*lines.get_paths(), *_written(ax, lines)]


def _written(ax, lines):
    """Labels of contours, legible on any colour."""
    texts = ax.clabel(lines, fmt="%.4g", fontsize=7)
    for text in texts:
        text.set(path_effects=label_placement.HALO, color="black")
    return list(texts)


def _thresholds(ax, scan, mesh, levels):
    """Draw colours, contours and runs; legend entries and what labels must not cover."""
    frame = scan.finished
    value = frame["threshold.value"].to_numpy(float)
    known = np.isfinite(value)
    outside = ~known[mesh.triangles].all(axis=1)
    handles, texts = _no_threshold(ax, mesh, outside), []
    if levels is not None and not outside.all():
        part = Triangulation(mesh.x, mesh.y, mesh.triangles, outside)
        texts = _surface(ax, part, np.where(known, value, levels[0]), levels)
    return handles + _ends(ax, frame["threshold.state"].to_numpy(), mesh), texts


def _no_threshold(ax, mesh, outside):
    if not outside.any():
        return []
    _plain(ax, Triangulation(mesh.x, mesh.y, mesh.triangles, ~outside), NO_THRESHOLD)
    return [Patch(color=NO_THRESHOLD, label="no threshold in the range")]


def _plain(ax, mesh, colour):
    """Fill what runs span with one colour; where there are none it stays white."""
    one = ListedColormap([colour])
    ax.tripcolor(mesh, np.zeros(len(mesh.x)), cmap=one, shading="gouraud")


def _surface(ax, mesh, value, levels):
    ax.tricontourf(mesh, value, levels=levels, cmap="viridis")
    lines = ax.tricontour(mesh, value, levels=_round(levels), colors="white", linewidths=0.9)
    return _written(ax, lines)


def _round(levels):
    return MaxNLocator(LINES).tick_values(levels[0], levels[-1])


def _ends(ax, states, mesh):
    """Draw runs by how their search ended; legend entries."""
    handles = []
    for state in [s for s in MARKS if s in states]:
        here = states == state
        look = {"marker": MARKS[state], "c": "white", "edgecolors": "0.25", "lw": 0.5}
        ax.scatter(mesh.x[here], mesh.y[here], s=12, clip_on=False, zorder=3, **look)
        handles.append(
            Line2D(
                [],
                [],
                ls="",
                marker=MARKS[state],
                ms=4,
                mfc="white",
                mec="0.25",
                mew=0.5,
                label=MEANING[state],
            )
        )
    return handles


def _failed(ax, scan, axes):
    """Draw runs that failed; legend entries."""
    gone = scan.frame[scan.frame["run"] == "failed"]
    if not len(gone):
        return []
    x, y = (gone[axis.label].to_numpy(float) for axis in axes)
    ax.scatter(x, y, marker="x", s=22, c="black", lw=1.2, zorder=3, clip_on=False)
    return [Line2D([], [], ls="", marker="x", ms=5, c="black", label="failed run")]


def _states(ax, scan, axes, obstacles):
    """Draw measured states of the tissue that lie on the map; legend entries."""
    keys = [axis.key for axis in axes]
    if sorted(keys) != ["alpha", "tortuosity"]:
        return []
    places = {name: [getattr(state, key) for key in keys] for name, state in scan.measured.items()}
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    on = {n: (x, y) for n, (x, y) in places.items() if left <= x <= right and low <= y <= high}
    if not on:
        return []
    star = {"marker": "*", "ms": 9, "mfc": "gold", "mec": "black", "mew": 0.6}
    ax.plot(*zip(*on.values(), strict=True), ls="", zorder=4, **star)
    label_placement.place(ax, [*on.values()], [*on], obstacles)
    told = [labels.plain(f"{name}: {scan.measured[name].condition}") for name in on]
    return [Line2D([], [], ls="", label=text, **star) for text in told]

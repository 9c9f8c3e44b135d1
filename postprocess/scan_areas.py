"""What maps of a scan show of its runs: areas of verdicts or words, border, speeds of fronts."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.tri import LinearTriInterpolator, Triangulation

from ecs_model.postprocess import borders, contour_labels, theme
from ecs_model.postprocess.scan_data import WORDS

BORDER, FEW = 2.2, 6  # width of the border; fewer runs give no contours


def regimes(ax, scan, mesh, stars):
    """Draw areas, border, runs and speeds; legend entries and what labels must not cover."""
    found, colours = scan.regimes, theme.now().verdicts
    present = [name for name in colours if name in found]
    plain(ax, mesh, colours["rest"])
    for name in [name for name in present if name != "rest"]:
        _area(ax, mesh, scan.margin(name), found == name, colours[name])
    handles = [Patch(color=colours[name], label=scan.word(name)) for name in present]
    border, lines = _border(ax, scan, mesh, scan.margin(scan.verdict))
    speed, obstacles = _speeds(ax, scan, mesh, stars)
    runs = dots(ax, mesh.x, mesh.y, [colours[name] for name in found])
    return handles + border + speed + [runs], lines + obstacles


def words(ax, scan, mesh, stars):
    """Draw what neurons do, with borders between words; as `regimes`."""
    found, colours = scan.words, theme.now().regimes
    present = [name for name in colours if name in found]
    numbers = np.array([present.index(word) for word in found])
    nested(ax, mesh, numbers, [colours[name] for name in present])
    handles = [Patch(color=colours[name], label=name) for name in present]
    border, lines = _border(ax, scan, mesh, np.where(scan.margin(scan.verdict) >= 0, 1.0, -1.0))
    speed, obstacles = _speeds(ax, scan, mesh, stars)
    runs = dots(ax, mesh.x, mesh.y, [colours[word] for word in found])
    return [*handles, *border, *speed, runs], lines + obstacles


def nested(ax, mesh, numbers, colours):
    """Colour the areas of words, each on those of milder ones.

    Args:
        ax: the axes.
        mesh: of the runs.
        numbers: of the words of the runs, the gravest last.
        colours: of the words, by their numbers.
    """
    plain(ax, mesh, colours[0])
    everywhere = np.ones(len(numbers), bool)
    for least, colour in list(enumerate(colours))[1:]:
        _area(ax, mesh, np.where(numbers >= least, 1.0, -1.0), everywhere, colour)


def between(mesh, margin, scales, x, y):
    """A margin at places of a grid, with its border where `borders` puts it; shape (y, x)."""
    parts = borders.divided(mesh, margin, scales)
    return LinearTriInterpolator(parts.mesh, parts.margin)(*np.meshgrid(x, y))


def _area(ax, mesh, margin, here, colour):
    """Colour where the margin is positive, but only beside runs that are of this regime.

    Between a run at rest and one with a front the K+ of a seizure is passed, too: no run shows it.
    """
    parts = borders.divided(mesh, margin, (ax.get_xscale(), ax.get_yscale()))
    parts.mesh.set_mask(~here[mesh.triangles].any(axis=1)[parts.parents])
    if not parts.mesh.mask.all():
        ends = [0.0, margin.max() + 1.0]
        ax.tricontourf(parts.mesh, parts.margin, levels=ends, colors=[colour])


def _border(ax, scan, mesh, margin):
    """Draw where the verdict changes; legend entries and curves."""
    if not margin.min() < 0 <= margin.max():
        return [], []
    lines = borders.divided(mesh, margin, (ax.get_xscale(), ax.get_yscale())).lines
    drawn = LineCollection(lines, colors=theme.now().ink, linewidths=BORDER, joinstyle="round")
    ax.add_collection(drawn, autolim=False)
    words = f"border of {WORDS[scan.verdict]}"
    return [Line2D([], [], color=theme.now().ink, lw=BORDER, label=words)], drawn.get_paths()


def dots(ax, x, y, colours):
    """Draw runs in the colours of what they do; their legend entry."""
    edge = {"edgecolors": theme.now().dim, "lw": 0.5}
    ax.scatter(x, y, s=10, c=colours, zorder=3, clip_on=False, **edge)
    return dot_handle("run", marker="o", ms=3.5)


def dot_handle(label, **look):
    """The legend entry of runs."""
    colours = {"mfc": theme.now().paper, "mec": theme.now().dim}
    return Line2D([], [], ls="", mew=0.5, label=label, **colours, **look)


def _speeds(ax, scan, mesh, stars):
    """Draw contours of the speed of fronts; legend entries and labels."""
    column = scan.speed
    speed = scan.finished[column].to_numpy(float) if column else np.full(len(mesh.x), np.nan)
    known = np.isfinite(speed)
    part = Triangulation(mesh.x, mesh.y, mesh.triangles, ~known[mesh.triangles].all(axis=1))
    if np.count_nonzero(known) < FEW or part.mask.all() or not np.ptp(speed[known]):
        return [], []
    ink = theme.now().ink
    look = {"colors": ink, "linewidths": 0.7, "linestyles": "dashed"}
    lines = ax.tricontour(part, np.where(known, speed, 0.0), levels=6, **look)
    handle = Line2D([], [], color=ink, lw=0.7, ls="--", label="speed of the front [mm/min]")
    return [handle], [*lines.get_paths(), *contour_labels.number(ax, lines, stars)]


def plain(ax, mesh, colour):
    """Fill what runs span with one colour; elsewhere there is paper."""
    one = ListedColormap([colour])
    ax.tripcolor(mesh, np.zeros(len(mesh.x)), cmap=one, shading="gouraud")

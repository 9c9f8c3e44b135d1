"""Pictures of scans that are no map: curves, bars, points of a sample, sensitivities."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ecs_model.postprocess import labels, style, theme
from ecs_model.postprocess.scan_data import WORDS

BAR, ROW = 0.36, 0.3  # height of a bar in rows; inches per row
SHOWN = (-0.05, 1.05)  # of Sobol indices, at least: those of few runs may have any interval
STILL = 0.02  # relative change that is none
COLUMNS = 3  # panels beside each other
APART = 10.0  # points between slanted names, along the axis


@style.styled
def curves(scan):
    """A figure: threshold or margin, and speed, over one axis of numbers.

    Bars are brackets of thresholds. Without thresholds the colour of a dot is that of its regime. A
    second axis gives a line for each of its values.

    Args:
        scan: a Scan whose varying axes are one of numbers and perhaps another.
    """
    axis, *others = sorted(scan.varying, key=scan.values, reverse=True)
    columns = [_outcome(scan), *([scan.speed] if scan.speed else [])]
    figure = style.figure(0.8 + 2.2 * len(columns), 5.4)
    panels = figure.subplots(len(columns), sharex=True, squeeze=False)[:, 0]
    for ax, column in zip(panels, columns, strict=True):
        for colour, (name, part) in zip(_colours(), _lines(scan, others), strict=False):
            _line(ax, part, axis, column, colour, name)
        ax.set(ylabel=_words(scan, column), xscale=axis.scale)
        _calm(ax)
    panels[-1].set_xlabel(axis.title)
    _zero(panels[0], scan)
    _state_lines(panels, scan, axis)
    _explain(figure, panels[0], scan, others)
    return figure


def _outcome(scan):
    return "threshold.value" if scan.searched else f"{scan.verdict}.margin"


def _words(scan, column):
    if column == scan.speed:
        return "Speed [mm/min]"
    if scan.searched:
        return "\n[".join(scan.searched_title.rsplit(" [", 1))
    return f"Margin of {WORDS[scan.verdict]}"


def _lines(scan, others):
    """Pairs (value of the other axis in words, Scan of its points)."""
    return scan.slices(others[0]) if others else [("", scan)]


def _colours():
    yield from theme.now().cycle
    while True:
        yield theme.now().grey


def _line(ax, scan, axis, column, colour, name):
    rows = scan.finished
    order = np.argsort(rows[axis.label].to_numpy(float))
    x, y = (rows[n].to_numpy(float)[order] for n in (axis.label, column))
    ax.plot(x, y, "-", color=colour, lw=1.0, label=name)
    if column == "threshold.value":
        ends = np.abs(rows[["threshold.low", "threshold.high"]].to_numpy(float)[order].T - y)
        ax.errorbar(x, y, ends, fmt="o", ms=3.5, color=colour, capsize=2, lw=1.0)
        return
    regimes = [theme.now().verdicts[name] for name in scan.regimes[order]]
    ax.scatter(x, y, c=regimes, edgecolors=colour, lw=0.8, s=22, zorder=3)


def _calm(ax):
    """Do not enlarge what does not change."""
    low, high = ax.get_ylim()
    middle = (low + high) / 2
    least = STILL * abs(middle) / 2
    if high - low < 2 * least:
        ax.set_ylim(middle - least, middle + least)


def _zero(ax, scan):
    if scan.searched:
        return
    ax.axhline(0.0, color=theme.now().ink, lw=0.8)
    for text, side in (("yes", "bottom"), ("no", "top")):
        ax.annotate(
            text,
            (1, 0),
            (2, 0),
            xycoords=("axes fraction", "data"),
            fontsize=7,
            textcoords="offset points",
            va=side,
        )


def _state_lines(panels, scan, axis):
    """Mark measured states on an axis of alpha or tortuosity."""
    if axis.key not in ("alpha", "tortuosity"):
        return
    low, high = panels[0].get_xlim()
    found: dict[float, list] = {}
    for name, state in scan.measured.items():
        found.setdefault(getattr(state, axis.key), []).append(name)
    shown = sorted(p for p in found if low <= p <= high)
    asides = _asides(panels[0], shown)
    above = 9 if any(asides) else 2  # points
    for place, aside in zip(shown, asides, strict=True):
        for ax in panels:
            ax.axvline(place, color=theme.now().grey, lw=0.7, ls=":", zorder=0)
        panels[0].annotate(
            ", ".join(found[place]),
            (place, 1),
            (aside, above),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            rotation=50,
            fontsize=6.5,
            color=theme.now().dim,
            va="bottom",
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": theme.now().grey, "shrinkB": 0},
        )


def _asides(ax, places):
    """How far right of places on an axis, in order, slanted names stand apart [points]."""
    ax.figure.draw_without_rendering()
    asides, end = [], -np.inf
    for place in places:
        x = ax.transData.transform((place, 0.0))[0] * 72 / ax.figure.dpi
        asides.append(max(0.0, end - x))
        end = x + asides[-1] + APART
    return asides


def _explain(figure, ax, scan, others):
    handles = ax.get_legend_handles_labels()[0] if others else []
    if not scan.searched:
        handles += _regime_dots(scan)
    handles += _not_drawn(scan)
    if handles:
        style.legend_below(figure, handles, 2)


def _not_drawn(scan):
    gone = int((scan.frame["run"] == "failed").sum())
    if not gone:
        return []
    words = f"{gone} failed run{'s' * (gone > 1)}, not drawn"
    return [Line2D([], [], ls="", marker="x", color=theme.now().ink, label=words)]


def _regime_dots(scan):
    found = set(scan.regimes)
    look = {"ls": "", "marker": "o", "mec": theme.now().dim, "mew": 0.5}
    colours = theme.now().verdicts
    return [
        Line2D([], [], mfc=colours[r], label=scan.word(r), **look) for r in colours if r in found
    ]


@style.styled
def bars(scan):
    """A figure: threshold or margin of each run by its name, the highest at the top.

    Args:
        scan: a Scan with axes of names.
    """
    column = _outcome(scan)
    rows = scan.finished.sort_values(column, na_position="first")
    columns = rows[[axis.label for axis in scan.varying]].astype(str)
    names = columns.agg(", ".join, axis=1).map(labels.plain)
    figure = style.figure(0.9 + 0.28 * len(rows), 5.4)
    ax = figure.subplots()
    values = rows[column].to_numpy(float)
    ax.barh(np.arange(len(rows)), np.nan_to_num(values), color=theme.now().cycle[0], height=0.7)
    ax.set_yticks(np.arange(len(rows)), names)
    ax.set_xlabel(_words(scan, column).replace("\n", " "))
    for place, (text, value) in enumerate(zip(_bar_texts(rows, values), values, strict=True)):
        ax.annotate(
            text,
            (np.nan_to_num(max(value, 0.0)), place),
            (4, 0),
            fontsize=8,
            va="center",
            textcoords="offset points",
        )
    return figure


def _bar_texts(rows, values):
    if "threshold.state" not in rows:
        return [f"{v:+.3g}" for v in values]
    states = rows["threshold.state"]
    return [f"{v:.3g}" if s == "found" else s for v, s in zip(values, states, strict=True)]


@style.styled
def samples(scan):
    """A figure: threshold or margin of all runs over each axis, a panel per axis.

    Args:
        scan: a Scan of runs that lie anywhere in the box of its axes.
    """
    axes, column = scan.varying, _outcome(scan)
    rows = -(-len(axes) // COLUMNS)
    figure = style.figure(0.7 + 2.1 * rows, min(style.WIDTH, 2.6 * len(axes) + 0.6))
    panels = figure.subplots(rows, min(len(axes), COLUMNS), sharey=True, squeeze=False).ravel()
    colours = [theme.now().verdicts[r] for r in scan.regimes]
    for ax, axis in zip(panels, axes, strict=False):
        ax.scatter(
            scan.finished[axis.label],
            scan.finished[column],
            c=colours,
            s=12,
            edgecolors=theme.now().dim,
            lw=0.4,
        )
        ax.set(xlabel=axis.title, xscale=axis.scale if axis.is_number else "linear")
        ax.axhline(0.0, color=theme.now().ink, lw=0.8) if not scan.searched else None
    for ax in panels[len(axes) :]:
        ax.remove()
    figure.supylabel(_words(scan, column), fontsize=9)
    handles = [*_regime_dots(scan), *_not_drawn(scan)]
    style.legend_below(figure, handles, 4)
    return figure


@style.styled
def sensitivity(scan):
    """A figure: Sobol indices of every outcome that has some, with their 95 % intervals.

    Args:
        scan: a Scan that has some.
    """
    known, titles = scan.sobol, {axis.label: axis.title for axis in scan.axes}
    rows = max(len(found) for found in known.values())
    figure = style.figure(1.0 + len(known) * (0.5 + ROW * rows), 5.4)
    panels = figure.subplots(len(known), sharex=True, squeeze=False)[:, 0]
    for ax, (outcome, found) in zip(panels, known.items(), strict=True):
        _indices(ax, {titles[name]: s for name, s in found.items()})
        title, caution = scan.outcome_title(outcome), scan.cautions.get(outcome)
        ax.set_title(f"{title}\n({labels.plain(caution)})" if caution else title, loc="left")
    panels[-1].set(xlabel="Share of the variance (Sobol index), 95 % interval", xlim=_reach(known))
    handles = [
        Patch(color=_bar("S1"), label="alone (S1)"),
        Patch(color=_bar("ST"), label="with the others (ST)"),
    ]
    style.legend_below(figure, handles, 2)
    return figure


def _indices(ax, found):
    names = sorted(found, key=lambda name: found[name]["ST"])
    places = np.arange(len(names))
    for key, side in (("ST", -0.5), ("S1", 0.5)):
        values = [found[name][key] for name in names]
        spread = [found[name][f"{key}_conf"] for name in names]
        ax.barh(
            places + side * BAR,
            values,
            BAR,
            xerr=spread,
            color=_bar(key),
            error_kw={"lw": 0.9, "capsize": 2, "ecolor": theme.now().ink},
        )
    ax.set_yticks(places, names)
    ax.axvline(0.0, color=theme.now().ink, lw=0.8)


def _reach(known):
    """Ends of the axis of all indices: none is cut off, however wide its interval."""
    found = [s for parameters in known.values() for s in parameters.values()]
    spans = [(s[k] - s[f"{k}_conf"], s[k] + s[f"{k}_conf"]) for s in found for k in ("S1", "ST")]
    low, high = np.nanmin(spans), np.nanmax(spans)
    return min(SHOWN[0], 1.05 * low), max(SHOWN[1], 1.05 * high)


def _bar(key):
    """Colour of the bars of an index."""
    return theme.now().cycle[{"S1": 5, "ST": 0}[key]]

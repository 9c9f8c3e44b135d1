"""Pictures of a scan: the map of a verdict or of thresholds over two axes, or a curve over one."""

import json
from pathlib import Path

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.tri import Triangulation

from ecs_model.errors import ConfigError
from ecs_model.postprocess import style
from ecs_model.states import STATES

SHORT = {"tissue.alpha": "alpha", "tissue.tortuosity": "tortuosity"}
WORDS = {"ignited": "ignition", "sd": "spreading depolarization", "seizure": "seizure"}
SPEED = "speed_mm_per_min"
HALO = [withStroke(linewidth=2.5, foreground="white")]


def pictures(directory):
    """Make the picture that suits a scan; its path in a list.

    Raises:
        ConfigError: if the scan has no table yet, or no axis of numbers to draw over.
    """
    import pandas as pd

    folder = Path(directory)
    table = folder / "table.parquet"
    if not table.is_file():
        raise ConfigError(f"{folder}: has no table yet; let the scan end first")
    setup = json.loads((folder / "setup.json").read_text())
    frame = pd.read_parquet(table)
    frame = frame[frame["run"] == "finished"]
    drawn = _drawn(setup["scan"], frame)
    path = style.save(drawn, folder / "pictures" / "map.png")
    return [path, style.save(drawn, path.with_suffix(".pdf"))]


def _drawn(scan, frame):
    axes = [axis for axis in scan["axis"] if frame[_label(axis)].nunique() > 1]
    numbers = [axis for axis in axes if frame[_label(axis)].dtype.kind in "fi"]
    if len(axes) == 2 and len(numbers) == 2:
        return risk_map(frame, axes, _verdict(scan), _searched(scan))
    if len(axes) == 1:
        return curve(frame, axes[0], _verdict(scan), _searched(scan))
    raise ConfigError(
        "a picture needs one axis, or two axes of numbers; draw others from table.parquet"
    )


def _label(axis):
    keys = axis["keys"] or [axis["key"]]
    return axis["name"] or ("state" if axis["states"] else keys[0])


def _key(axis):
    key = (axis["keys"] or [axis["key"]])[0]
    return SHORT.get(key, key)


def _verdict(scan):
    chosen = scan["threshold"] or scan["adaptive"]
    return chosen["margin"] if chosen else "ignited"


def _searched(scan):
    """What a search looked for, with its unit; empty without a search."""
    if not scan["threshold"]:
        return ""
    key, low = scan["threshold"]["key"], scan["threshold"]["low"]
    unit = low.partition(" ")[2] if isinstance(low, str) else ""
    return f"threshold of {key}" + (f" [{unit}]" if unit else "")


def _unit(axis):
    text = axis["low"] if axis["low"] is not None else (axis["values"] or [""])[0]
    return text.partition(" ")[2] if isinstance(text, str) else ""


def _title(axis):
    return style.label(_key(axis), _unit(axis))


@style.styled
def risk_map(frame, axes, verdict, searched=""):
    """A figure: the margin of a verdict, or thresholds, over two axes of numbers.

    The border between yes and no is the thick line, broken lines are speeds of fronts [mm/min],
    dots are runs, stars are measured states of the tissue where the axes are alpha and tortuosity.

    Args:
        frame: the table of a scan, finished runs only.
        axes: the two axes, as its configuration has them.
        verdict: ignited, sd or seizure.
        searched: what the thresholds are of; empty where there are none.
    """
    figure = style.figure(4.2, 5.6)
    ax = figure.subplots()
    x, y = (frame[_label(axis)].to_numpy(float) for axis in axes)
    mesh = Triangulation(_unit_box(x), _unit_box(y))
    mesh = Triangulation(x, y, mesh.triangles)
    if searched:
        _thresholds(figure, ax, mesh, frame, searched)
    else:
        _verdicts(figure, ax, mesh, frame, verdict)
        _speeds(ax, mesh, frame)
    _states(ax, axes)
    for scale, axis in ((ax.set_xscale, axes[0]), (ax.set_yscale, axes[1])):
        scale(axis["scale"])
    ax.set(xlabel=_title(axes[0]), ylabel=_title(axes[1]))
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    return figure


def _unit_box(values):
    return (values - values.min()) / np.ptp(values)


def _verdicts(figure, ax, mesh, frame, verdict):
    margin = frame[f"{verdict}.margin"].to_numpy(float)
    bound = float(np.abs(margin).max()) or 1.0
    colours = ax.tricontourf(
        mesh, margin, levels=np.linspace(-bound, bound, 41), cmap="RdBu_r",
        norm=TwoSlopeNorm(0.0, -bound, bound), alpha=0.75,
    )  # fmt: skip
    bar = figure.colorbar(colours, ax=ax, label=f"margin: {WORDS[verdict]}")
    bar.set_ticks([-bound, 0.0, bound], labels=[f"no {-bound:.2g}", "0", f"yes {bound:.2g}"])
    if margin.min() < 0 < margin.max():
        ax.tricontour(mesh, margin, levels=[0.0], colors="black", linewidths=2.2)
    yes = margin >= 0
    for chosen, face in ((yes, "black"), (~yes, "white")):
        ax.scatter(mesh.x[chosen], mesh.y[chosen], s=9, c=face, edgecolors="black", lw=0.5,
                   zorder=3, clip_on=False)  # fmt: skip


def _speeds(ax, mesh, frame):
    """Contours of the speed of the first line on which fronts travelled."""
    for name in (n for n in frame if n.startswith("fronts.") and n.endswith(SPEED)):
        speed = frame[name].to_numpy(float)
        known = np.isfinite(speed)
        if np.count_nonzero(known) < 6:
            continue
        part = Triangulation(mesh.x, mesh.y, mesh.triangles)
        part.set_mask(~known[mesh.triangles].all(axis=1))
        lines = ax.tricontour(
            part, np.where(known, speed, 0.0), levels=6, colors="black", linewidths=0.7,
            linestyles="dashed",
        )  # fmt: skip
        ax.clabel(lines, fmt="%.3g", fontsize=7)
        handle = Line2D([], [], color="black", lw=0.7, ls="--", label="speed [mm/min]")
        ax.legend(handles=[handle], loc="lower left", bbox_to_anchor=(0, 1.0), fontsize=8)
        return


def _thresholds(figure, ax, mesh, frame, searched):
    value = frame["threshold.value"].to_numpy(float)
    known = np.isfinite(value)
    mesh.set_mask(~known[mesh.triangles].all(axis=1))
    filled = np.where(known, value, np.nanmean(value))
    colours = ax.tricontourf(mesh, filled, levels=24, cmap="viridis")
    figure.colorbar(colours, ax=ax, label=searched)
    lines = ax.tricontour(mesh, filled, levels=8, colors="white", linewidths=0.8)
    ax.clabel(lines, fmt="%.3g", fontsize=7)
    for state, mark in (("found", "o"), ("always", "^"), ("never", "v")):
        here = (frame["threshold.state"] == state).to_numpy()
        ax.scatter(
            mesh.x[here], mesh.y[here], s=12, c="black", marker=mark, clip_on=False, zorder=3
        )


def _states(ax, axes):
    """Measured states of the tissue."""
    keys = [_key(axis) for axis in axes]
    if sorted(keys) != ["alpha", "tortuosity"]:
        return
    for name, state in STATES.items():
        place = (getattr(state, keys[0]), getattr(state, keys[1]))
        ax.plot(*place, "*", ms=10, mfc="gold", mec="black", mew=0.6, zorder=4)
        below = name.startswith("before")
        ax.annotate(
            name, place, (0, -10) if below else (4, 4), textcoords="offset points", fontsize=7,
            path_effects=HALO, zorder=3.5, annotation_clip=True,
            ha="center" if below else "left",
        )  # fmt: skip


@style.styled
def curve(frame, axis, verdict, searched=""):
    """A figure: thresholds, or the margin of a verdict, over one axis of numbers or of names.

    Args:
        frame: the table of a scan, finished runs only.
        axis: as its configuration has it.
        verdict: ignited, sd or seizure.
        searched: what the thresholds are of; empty where there are none.
    """
    figure = style.figure(3.2, 5.2)
    ax = figure.subplots()
    column = "threshold.value" if searched else f"{verdict}.margin"
    words = searched or f"margin: {WORDS[verdict]}"
    if frame[_label(axis)].dtype.kind in "fi":
        found = frame.sort_values(_label(axis))
        ax.plot(found[_label(axis)], found[column], "o-", ms=4)
        ax.set(xlabel=_title(axis), ylabel=words, xscale=axis["scale"])
        if not searched:
            ax.axhline(0.0, color="black", lw=0.8)
    else:
        found = frame.sort_values(column, ascending=False)
        ax.barh(found[_label(axis)].astype(str), found[column], color=style.CYCLE[0])
        ax.set(xlabel=words)
        ax.bar_label(ax.containers[0], fmt="%.3g", padding=3, fontsize=8)
    return figure

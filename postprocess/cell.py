"""Pictures of a single-cell job: courses, branches with folds and Hopf points, thresholds, maps."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ecs_model.files import foreign, schemas
from ecs_model.postprocess import labels, scan_areas, style, theme, titles
from ecs_model.postprocess.scan_map import triangles

GRAVITY = ("rest", "firing", "tonic", "seizure", "SD", "depolarized")  # the gravest last
IONS = ("K_o", "Na_o", "Cl_o", "K_i", "Na_i", "Cl_i", "K_g", "Na_g", "Cl_g")
SHOWN = 6  # members of a batch in one picture of courses


def pictures(directory, formats=("png",)):
    """Paths of all pictures that the tables of a single-cell job give, in all `formats`."""
    folder = Path(directory)
    target = folder / "pictures"
    target.mkdir(exist_ok=True)
    makers = {"course": course, "branch": branch, "thresholds": thresholds, "map": regime_map}
    drawings = {
        name: lambda make=make: make(folder)
        for name, make in makers.items()
        if (folder / f"{name}.csv").is_file()
    }
    return style.save_all(drawings, target, formats)


def read_table(path):
    """Column title -> list of texts, of a CSV file."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    return {head: [row[k] for row in rows[1:]] for k, head in enumerate(rows[0])}


def _numbers(path):
    heads = path.read_text().partition("\n")[0].split(",")
    values = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return dict(zip(heads, values.T, strict=True))


def _panels(count):
    """A figure and its panels one above the other."""
    figure = style.figure(1.0 + 1.7 * max(count, 1.4))
    return figure, figure.subplots(count, sharex=True, squeeze=False)[:, 0]


def _parts(head):
    """Name and unit of a column title."""
    name, _, unit = head.partition(" [")
    return name, unit.removesuffix("]")


@style.styled
def course(folder):
    """Figure of potential and concentrations over time, the first members of a batch."""
    table = _numbers(folder / "course.csv")
    names = {_parts(head)[0]: head for head in table}
    potentials = [n for n in ("V", "V_g") if n in names]
    outside = [n for n in IONS if n in names and n.endswith("_o")]
    inside = [n for n in IONS if n in names and not n.endswith("_o")]
    panels = [p for p in (potentials, ["K_o"], outside[1:], inside) if p]
    figure, axes = _panels(len(panels))
    _shade(axes, folder)
    for panel, axis in zip(panels, axes, strict=True):
        _draw_courses(axis, table, names, panel, _meanings(folder))
    axes[-1].set_xlabel("Time [s]")
    _title(figure, folder)
    return figure


def _draw_courses(axis, table, names, panel, meanings):
    cells = np.unique(table["cell"])[:SHOWN]
    dashes = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)))
    for k, name in enumerate(panel):
        for cell, dash in zip(cells, dashes, strict=False):
            own = table["cell"] == cell
            axis.plot(
                table["time [s]"][own],
                table[names[name]][own],
                linestyle=dash,
                color=theme.now().cycle[k],
                lw=1.0,
                label=labels.symbol(name, meanings) if cell == cells[0] else None,
            )
    unit = _parts(names[panel[0]])[1]
    alone = labels.wrapped_label(panel[0], unit, meanings)
    axis.set_ylabel(alone if len(panel) == 1 else f"Concentration\n[{unit}]")
    if len(panel) > 1:
        axis.set_ylabel(f"{'Potential' if 'V' in panel else 'Concentration'}\n[{unit}]")
        axis.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=len(panel))


def _shade(axes, folder):
    """Grey where an event lasts, a line where one acts at an instant."""
    import tomllib

    events = tomllib.loads((folder / "cell.toml").read_text()).get("event", [])
    for event in events:
        start = _seconds(event.get("start", "0 s"))
        for axis in axes:
            if "duration" in event:
                end = start + _seconds(event["duration"])
                axis.axvspan(start, end, color=theme.now().faint, lw=0)
            else:
                axis.axvline(start, color=theme.now().grey, lw=0.8)
        axes[0].annotate(
            labels.plain(event["name"]),
            (start, 1.0),
            xycoords=("data", "axes fraction"),
            fontsize=8,
            va="bottom",
            color=theme.now().dim,
        )


def _seconds(text):
    from ecs_model.quantities import parse

    return parse(text, "s")


@style.styled
def branch(folder):
    """Figure of extracellular K+ and potential over the parameter; unstable parts dashed."""
    table = read_table(folder / "branch.csv")
    summary = _summary(folder)
    heads = [h for h in table if _parts(h)[0] in ("K_o", "V")]
    figure, axes = _panels(len(heads))
    groups = _groups(table)
    for axis, head in zip(axes, heads, strict=True):
        for k, rows in enumerate(groups):
            _draw_branch(axis, table, rows, head, f"C{k}")
        _mark(axis, summary, head)
        axis.set_ylabel(labels.wrapped_label(*_parts(head), _meanings(folder)))
    axes[-1].set_xlabel(_over(table["over"][0], table["unit"][0]))
    axes[0].legend(handles=_branch_legend(), loc="best")
    _title(figure, folder)
    return figure


def _groups(table):
    """Row numbers of each branch: what lies before its column `over` is the same."""
    heads = list(table)
    own = heads[: heads.index("over") + 1]
    keys = list(zip(*(table[h] for h in own), strict=True))
    return [[i for i, k in enumerate(keys) if k == key] for key in dict.fromkeys(keys)]


def _draw_branch(axis, table, rows, head, colour):
    x = np.array([float(table["value"][i]) for i in rows])
    y = np.array([float(table[head][i]) for i in rows])
    stable = np.array([table["unstable directions"][i] == "0" for i in rows])
    for part, dash in ((stable, "-"), (~stable, "--")):
        wide = part | np.roll(part, 1) & ~np.roll(part, -1)
        axis.plot(x, np.where(wide, y, np.nan), dash, color=colour, lw=1.4 if dash == "-" else 1.0)


def _mark(axis, summary, head):
    name = _parts(head)[0]
    for member in summary["members"]:
        for one in member["branches"]:
            for s in one["special"]:
                axis.plot(s["value"], s["state"][name][0], **_special(s["kind"]))


def _special(kind):
    """How a fold or a Hopf point is drawn."""
    ink = theme.now().ink
    filled = ink if kind == "fold" else theme.now().paper
    return {"marker": "o", "ls": "", "ms": 4.5, "mec": ink, "mfc": filled, "zorder": 3}


def _branch_legend():
    return [
        Line2D([], [], color=theme.now().dim, label="stable"),
        Line2D([], [], color=theme.now().dim, ls="--", lw=1.0, label="unstable"),
        Line2D([], [], label="fold", **_special("fold")),
        Line2D([], [], label="Hopf", **_special("Hopf")),
    ]


@style.styled
def thresholds(folder):
    """Figure of thresholds over what a batch changes, or over their names."""
    table = read_table(folder / "thresholds.csv")
    heads = list(table)
    axes_of_batch = heads[: heads.index("event")]
    kinds = list(dict.fromkeys(zip(table["event"], table["varied"], table["unit"], strict=True)))
    figure, axes = _panels(len(kinds))
    for axis, kind in zip(axes, kinds, strict=True):
        rows = [
            i
            for i in range(len(table["event"]))
            if table["event"][i] == kind[0] and table["varied"][i] == kind[1]
        ]
        x = [float(table[axes_of_batch[0]][i]) if axes_of_batch else 0.0 for i in rows]
        axis.plot(x, [float(table["threshold"][i]) for i in rows], "o-", ms=4)
        event, varied, unit = kind
        axis.set_title(f"{labels.plain(event)}: {labels.setting(varied)}", loc="left")
        axis.set_ylabel(f"Threshold\n[{labels.typeset(unit)}]")
    if axes_of_batch:
        axes[-1].set_xlabel(_over(*_parts(axes_of_batch[0])))
    else:
        axes[-1].set_xticks([])
    _title(figure, folder)
    return figure


def _over(key, unit):
    """What stands beside an axis of a setting, with its unit."""
    return labels.with_unit(labels.setting(key), unit)


@style.styled
def regime_map(folder):
    """Figure of regimes over one or two quantities, with the highest extracellular K+."""
    table = read_table(folder / "map.csv")
    names = list(table)[: list(table).index("regime")]
    figure, axes = _panels(1)
    draw = _draw_plane if len(names) == 2 else _draw_line
    draw(axes[0], table, names)
    colours = theme.now().cells
    present = [n for n in colours if n in table["regime"]]
    handles = [Patch(color=colours[n], label=n) for n in present]
    style.legend_below(figure, handles, len(present))
    _title(figure, folder)
    return figure


def _draw_line(axis, table, names):
    x = np.array([float(v) for v in table[names[0]]])
    high = np.array([float(v) for v in table["highest K_o [mM]"]])
    low = np.array([float(v) for v in table["lowest K_o [mM]"]])
    colours = [theme.now().cells[r] for r in table["regime"]]
    axis.vlines(x, low, high, colors=colours, lw=3)
    axis.scatter(x, high, c=colours, s=18, zorder=3)
    axis.scatter(x, low, c=colours, s=18, zorder=3)
    axis.set_xlabel(_over(*_parts(names[0])))
    axis.set_ylabel("Range of [K$^+$]$_o$\n[mM]")


def _draw_plane(axis, table, names):
    x, y = (np.array([float(v) for v in table[n]]) for n in names)
    colours = theme.now().cells
    present = [name for name in GRAVITY if name in table["regime"]]
    numbers = np.array([present.index(word) for word in table["regime"]])
    axis.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
    axes = [SimpleNamespace(scale="linear")] * 2
    scan_areas.nested(axis, triangles(axes, x, y), numbers, [colours[name] for name in present])
    scan_areas.dots(axis, x, y, [colours[word] for word in table["regime"]])
    axis.set_xlabel(_over(*_parts(names[0])))
    axis.set_ylabel(_over(*_parts(names[1])))


def _summary(folder):
    return foreign.need_json(folder / "summary.json", schemas.CellFacts)


def _meanings(folder):
    return _summary(folder).get("meanings", {})


def _title(figure, folder):
    title = _summary(folder)["title"]
    if title:
        titles.put(figure, title)

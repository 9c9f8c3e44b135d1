"""One HTML file about a scan: maps, numbers, pictures of single runs, all that was asked for."""

import contextlib
from functools import partial

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import foreign, schemas
from ecs_model.postprocess import html_page, theme
from ecs_model.postprocess.fields import load
from ecs_model.postprocess.scan_axes import short
from ecs_model.postprocess.scan_consensus import consensus_text
from ecs_model.postprocess.scan_data import REGIMES, WORDS
from ecs_model.postprocess.scan_figures import drawings
from ecs_model.postprocess.scan_readings import readings
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import line_names

TITLES = {
    "map": "Map",
    "consensus": "Where the models agree",
    "curves": "Curves",
    "bars": "Bars",
    "samples": "All runs over each axis",
    "sensitivity": "Sensitivity",
}


def write(scan, runs, path=None):
    """Write the report of a scan, as report.html into its directory by default; its path.

    Args:
        scan: a Scan.
        runs: id of a point -> Repeat, of those that get a picture.
        path: of the file.
    """
    return html_page.write(
        path or scan.path / "report.html", "scan_report.html", content(scan, runs)
    )


def content(scan, runs):
    """What the report says, by the names that its page uses; `runs` as for `write`."""
    columns = _columns(scan)
    return {
        "title": scan.name,
        "axes": _axes(scan),
        "counts": _counts(scan),
        "facts": _facts(scan),
        "pictures": _pictures(scan),
        "sobol": _sobol(scan),
        "pairs": _pairs(scan),
        "cautions": scan.cautions,
        "missing": _missing(scan),
        "verdict": WORDS[scan.verdict],
        "readings": readings(scan),
        "searched": scan.searched,
        "columns": [c[0] for c in columns],
        "rows": _rows(scan, columns, runs),
        "points": [*_points(scan, runs)],
        "failed": _failed(scan),
        "texts": _texts(scan),
        "origin": _origin(scan, runs),
        "short": html_page.number,
    }


def _axes(scan):
    """The axes in words: name, settings that change, values."""
    for axis, settings in zip(scan.axes, scan.settings["axis"], strict=True):
        keys = settings["keys"] or [settings["key"] or "tissue.alpha, tissue.tortuosity"]
        yield {"name": axis.label, "changes": ", ".join(keys), "told": _values(settings)}


def _values(settings):
    if settings["low"] is None:
        return ", ".join(map(str, settings["states"] or settings["values"]))
    count = f", {settings['count']} values" if settings["count"] else ""
    return f"{settings['low']} to {settings['high']}{count}, {settings['scale']}"


def _counts(scan):
    """Triples (regime in words, its colours, how many runs)."""
    regimes = scan.regimes
    found = [(scan.word(name), _colours(name), int((regimes == name).sum())) for name in REGIMES]
    return [row for row in found if row[2]]


def _colours(regime):
    """The colours of a regime on white paper and on a dark page."""
    return theme.LIGHT.verdicts[regime], theme.DARK.verdicts[regime]


def _facts(scan):
    """Pairs of what is told first, in words."""
    frame = scan.finished
    yield "Points", f"{len(scan.frame)}: {len(frame)} finished, {len(_failed(scan))} failed"
    yield "Highest K⁺", _range(frame["max_K_o"], "mM")
    if scan.speed:
        yield "Speed of fronts", _range(frame[scan.speed], "mm/min")
    if scan.searched:
        yield scan.searched[0].upper() + scan.searched[1:], _range(frame["threshold.value"], "")
    if border := scan.report.get("border"):
        words = "yes in {yes:.1%} of the map; about {misclassified:.1%} of it is on the wrong side"
        yield f"Border of {WORDS[border['margin']]}", words.format_map(border)


def _range(column, unit):
    known = column.to_numpy(float)
    known = known[np.isfinite(known)]
    if not len(known):
        return "none"
    return f"{known.min():.4g} to {known.max():.4g} {unit}".strip()


def _pictures(scan):
    """Triples of a title, a picture and a paragraph about it, which may be empty."""
    words = {"consensus": consensus_text(scan)}
    return [
        (TITLES[name], html_page.embedded(draw, html_page.SHARP), words.get(name, ""))
        for name, draw in drawings(scan).items()
    ]


def _sobol(scan):
    """Rows (outcome, parameter, S1, its interval, ST, its interval)."""
    return [
        (outcome, name, *(f"{s[key]:.3g} ± {s[key + '_conf']:.2g}" for key in ("S1", "ST")))
        for outcome, found in scan.sobol.items()
        for name, s in found.items()
    ]


def _pairs(scan):
    """Rows (outcome, pair of parameters, S2 with its interval)."""
    return [
        (outcome, name, f"{s['S2']:.3g} ± {s['S2_conf']:.2g}")
        for outcome, found in scan.pairs.items()
        for name, s in found.items()
    ]


def _missing(scan):
    """Pairs of outcomes without indices and the reason."""
    found = scan.report.get("sobol", {})
    return [(outcome, s["missing"]) for outcome, s in found.items() if "missing" in s]


def _columns(scan):
    """Pairs of what heads a column of the table of points, and which column of the scan it is."""
    found = [(axis.plain, axis.label) for axis in scan.axes]
    if scan.searched:
        found += [(scan.searched, "threshold.value"), ("search", "threshold.state")]
    found += [("highest K⁺ [mM]", "max_K_o")]
    found += [("speed [mm/min]", scan.speed)] if scan.speed else []
    return found + [(f"margin: {WORDS[name]}", f"{name}.margin") for name in scan.judged]


def _rows(scan, columns, runs):
    """The table: per point its id, regime, colours, whether it has a picture, and cells."""
    regimes = iter(scan.regimes)
    for _, row in scan.frame.iterrows():
        regime = next(regimes) if row["run"] == "finished" else None
        judged = regime is not None and not scan.searched
        yield {
            "id": row["id"],
            "word": scan.word(regime) if judged else row["run"],
            "colours": _colours(regime) if judged else (),
            "pictured": row["id"] in runs,
            "cells": [_cell(row[name]) for _, name in columns],
        }


def _cell(value):
    """A value as it is shown, and as it is sorted: numbers by their size, unknown ones last."""
    if isinstance(value, str) or value is None:
        return value or "", value or ""
    number = float(value)
    return html_page.number(number), repr(number) if np.isfinite(number) else ""


def _points(scan, runs):
    """The single runs: what they are, and a picture or the reason why there is none."""
    rows = scan.finished.set_index("id")
    for name, run in runs.items():
        drawn, reason = _drawn(run)
        said = _said(scan, rows.loc[name])
        yield {"id": name, "labels": said, "picture": drawn, "reason": reason}


def _said(scan, row):
    """A point in words."""
    return ", ".join(f"{axis.plain} = {short(row[axis.label])}" for axis in scan.axes)


def _drawn(run):
    """The picture of a Repeat, or None and the reason why there is none."""
    try:
        return (
            (html_page.embedded(partial(_of_run, run.path), html_page.COARSE), "")
            if run.path
            else (None, run.reason)
        )
    except ConfigError as error:
        return None, str(error)


def _of_run(folder):
    """The figure that tells most about a run: along a line over time, or maps at some times."""
    from ecs_model.postprocess import line, maps

    run = RunDir.open(folder)
    if line_names(run.path):
        return line.space_time(run.path)
    dimension = load(run.path).space
    if dimension == 3:
        from ecs_model.postprocess import stills  # loads PyVista, which others do not need

        return stills.stills(run.path)
    return line.space_time(run.path) if dimension == 1 else maps.maps(run.path)


def _failed(scan):
    """Pairs (what a failed point is, why it failed)."""
    gone = scan.frame[scan.frame["run"] == "failed"]
    return [(_said(scan, row), row["reason"]) for _, row in gone.iterrows()]


def _texts(scan):
    """Pairs of titles and configurations."""
    settings = {k: v for k, v in scan.settings.items() if k != "run"}
    return [
        ("The scan as it was given", (scan.path / "scan.toml").read_text(encoding="utf-8")),
        ("The scan with every default and --set", html_page.toml(settings)),
        ("The run that it varies", html_page.toml(scan.setup["base"])),
    ]


def _origin(scan, runs):
    """Pairs about versions and machines, of the scan and of this report."""
    yield "Computed by", f"ecs-model {scan.setup['version']}"
    yield "On", ", ".join(sorted(_hosts(scan))) or "unknown"
    kept = [RunDir(run.path).facts() for run in runs.values() if run.path]
    for facts in kept[:1]:
        for key in ("commit", "petsc", "mpi", "python", "machine"):
            yield f"Pictured runs: {key}", str(facts.get(key) or "unknown")
    yield from html_page.made()


def _hosts(scan):
    """Names of the machines that computed points."""
    status = [_status(path) for path in scan.path.glob("points/*/status.json")]
    return {facts["host"] for facts in status if facts.get("host")}


def _status(path):
    """Who worked on a point; empty where a power failure tore that."""
    with contextlib.suppress(ConfigError):
        return foreign.read_json(path, schemas.StatusFacts) or {}
    return {}

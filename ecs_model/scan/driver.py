"""A scan from its file to its table: waves of points, an engine for them, what is found."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ecs_model import __version__
from ecs_model.config import reader
from ecs_model.errors import ConfigError
from ecs_model.files import atomic, trust, versions
from ecs_model.run.summary_text import QUESTIONS
from ecs_model.scan import adaptive, consensus, points, sensitivity, table
from ecs_model.scan.base_run import base_of, check_points
from ecs_model.scan.command_list import CommandList, Listed
from ecs_model.scan.config import ScanConfig, beside
from ecs_model.scan.local import Local
from ecs_model.scan.progress import Progress, lines
from ecs_model.scan.slurm import Slurm
from ecs_model.scan.store import REPORT, Store, code

CONSENSUS = "consensus.csv"
ENDED = ("finished", "failed")
FAILED, STOPPED = 1, 75  # exit codes: some points failed; stopped by a signal
ENGINES: dict[str, Any] = {"local": Local, "slurm": Slurm, "list": CommandList}
STAYS = {
    "local": "stopped; the same command goes on",
    "slurm": "stopped; jobs stay in the queue, the same command goes on",
    "list": "when the jobs are over: ecs-model scan collect {directory}",
}


def run(
    path,
    directory,
    overrides=(),
    extend=False,
    retry=False,
    quiet=False,
    force=False,
    trusted=False,
):
    """Do a scan, or go on with it; 0, 1 if points failed, 75 if a signal stopped it.

    Args:
        path: of its TOML file.
        directory: what to make, or where to go on.
        overrides: texts such as "adaptive.runs=100".
        extend: let the points change; those that are there stay.
        retry: compute points that failed once more.
        quiet: say nothing but errors.
        force: go on although this version of the program computes in another way.
        trusted: go on although the directory was not made on this account.

    Raises:
        ConfigError: for whatever the user can mend; nothing is overwritten.
    """
    text = reader.read_text(path)
    scan = beside(reader.parse_config(text, str(path), overrides, ScanConfig), Path(path).parent)
    base = base_of(scan, path, text, overrides)
    check_points(base, scan, path)
    store, progress = Store(directory), Progress(quiet)
    setup = _setup(scan, base) | {"trusted": trusted}
    store.make(setup, extend, force, trusted)
    with store.driven(ENGINES[scan.engine.kind].alone):
        store.begin(text, setup, extend, force, trusted)
        with base.written.told():  # of what shows on the mesh alone
            stopped = _drive(scan, store, retry, progress)
        report = _finish(scan, store)
    return _told(scan, store, report, stopped, progress)


def collect(directory, quiet=False):
    """Gather what is there of a scan; codes as of `run`, 75 if points are missing.

    Nothing is computed. Where the engine lists commands, the points that come next are listed.

    Args:
        directory: of the scan.
        quiet: say nothing but errors.

    Raises:
        ConfigError: if it holds no scan, or another driver is at work.
    """
    store, progress = Store.open(directory), Progress(quiet)
    scan = store.scan()
    with store.driven(alone=False):
        if scan.engine.kind == "list":
            there = store.setup()
            trust.ask(there["made"], store.path, False, *code(there))  # its commands are run
            stopped = _drive(scan, store, False, progress)
        else:
            stopped = any(store.slot(p).state not in ENDED for p in store.points())
        report = _finish(scan, store)
    return _told(scan, store, report, stopped, progress)


def _told(scan, store, report, stopped, progress):
    """Say how it ended; the exit code."""
    for line in lines(store.path, report):
        progress.say(line)
    if stopped:
        progress.say(STAYS[scan.engine.kind].format(directory=store.path))
    return STOPPED if stopped else FAILED if report["failed"] else 0


def _setup(scan, base):
    """What workers need to know, and what tells scans apart."""
    settings = scan.model_dump(mode="json")
    what = {
        "base": base.tree,
        "contents": base.contents(),
        "settings": {k: settings[k] for k in ("threshold", "stop", "keep")},
    }
    where = {k: settings[k] for k in ("axis", "design", "adaptive")}
    if scan.consensus is not None:
        where["consensus"] = settings["consensus"]
    if scan.adaptive is not None:  # more runs are more of the same
        where["adaptive"] = {**settings["adaptive"], "runs": None}
    setup = {
        "format": versions.SCAN,
        "version": __version__,
        "title": scan.title,
        "scan": settings,
        "base": base.tree,
        "folder": base.folder,
        "name": base.name,
        "run": what,
        "design": where,
    }
    return setup | {"made": trust.mark(*code(setup))}


class _Stop(Exception):
    """A signal asked for the end."""


def _drive(scan, store, retry, progress):
    """Compute all waves; whether a signal, or a list, ended it before."""
    handlers = {s: signal.signal(s, _raise_stop) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        with ENGINES[scan.engine.kind](store, scan.engine) as engine:
            for wave in _waves(scan, store):
                _compute(engine, store, wave, retry, progress)
    except (_Stop, Listed):
        return True
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        progress.close()
    return False


def _raise_stop(number, frame):
    raise _Stop


def _compute(engine, store, wave, retry, progress):
    slots = {point.id: store.slot(point) for point in wave}
    if retry:
        for slot in slots.values():
            if slot.state == "failed":
                slot.forget()
    todo = [p for p in wave if slots[p.id].state not in ENDED]
    progress.expect(len(wave) - len(todo), len(todo))
    if todo:
        engine.compute(todo, partial(_tell, store, progress), progress.say)


def _tell(store, progress, point):
    progress.done(point, store.slot(point))


def _waves(scan, store):
    """Lists of points: all at once, or each wave once the one before is there."""
    if scan.adaptive is None:
        found = consensus.in_every_member(scan.consensus, chosen(scan))
        store.write_points(found)
        yield found
        return
    settings, found = scan.adaptive, []
    wave = points.at_shares(scan.axis, adaptive.start(len(scan.axis), settings.start))
    while wave:
        wave = wave[: settings.runs - len(found)]
        found += wave
        store.write_points(found)
        yield wave
        wave = _next_wave(scan, store, found) if len(found) < settings.runs else []


def _next_wave(scan, store, found):
    s = scan.adaptive
    places = np.array([points.shares(scan.axis, p) for p in found])
    margins = table.margins(store, found, s.margin)
    rows = adaptive.wave(places, margins, s.wave, s.explore, s.closest)
    return points.at_shares(scan.axis, rows)


def chosen(scan):
    """The points of a scan that does not choose them on the way."""
    design, axes = scan.design, scan.axis
    if design.kind == "grid":
        return points.grid(axes)
    if design.kind == "sobol":
        rows = sensitivity.even(len(axes), design.samples, design.seed)
    else:
        rows = _saltelli(scan)
    return list({p.id: p for p in points.at_shares(axes, rows)}.values())


def _saltelli(scan):
    d = scan.design
    names = [axis.label for axis in scan.axis]
    return sensitivity.design(names, d.samples, d.seed, d.second_order)


def _finish(scan, store):
    """Write table, cube and report; the report."""
    found = store.points()
    frame = table.table(store, found)
    is_grid = scan.adaptive is None and scan.design.kind == "grid" and scan.consensus is None
    if len(frame):
        table.write(store, frame, scan.axis, is_grid)
    states = [store.slot(point).state for point in found]
    report = {
        "title": scan.title,
        "points": len(found),
        "failed": states.count("failed"),
        "finished": states.count("finished"),
        **_answers(frame),
        **_border(scan, store, found),
        **_sensitivity(scan, frame),
        **_consensus(scan, store, frame),
    }
    atomic.write_json(store.path / REPORT, report)
    return report


def _answers(frame):
    """In how many runs the answer to every question is yes."""
    columns = {name: f"{name}.verdict" for name in QUESTIONS}
    yes = {name: int(frame[c].sum()) for name, c in columns.items() if c in frame}
    return {"yes": yes} if yes else {}


def _border(scan, store, found):
    if scan.adaptive is None:
        return {}
    margins = table.margins(store, found, scan.adaptive.margin)
    good = np.isfinite(margins)
    places = np.array([points.shares(scan.axis, p) for p in found]).reshape(-1, len(scan.axis))
    border = adaptive.border(places[good], margins[good])
    return {"border": border and {"margin": scan.adaptive.margin, **vars(border)}}


def _consensus(scan, store, frame):
    """Where the members agree; their margins go to a table of their own."""
    if scan.consensus is None or not len(frame):
        return {}
    labels = [axis.label for axis in scan.axis]
    found, places = consensus.agreement(scan.consensus, frame, labels)
    atomic.write_text(store.path / CONSENSUS, places.to_csv(index=False))
    return {"consensus": found}


def _sensitivity(scan, frame):
    """Sobol indices of the outcomes, or why there are none."""
    if scan.design.kind != "saltelli":
        return {}
    ids = [p.id for p in points.at_shares(scan.axis, _saltelli(scan))]
    rows = frame.set_index("id").reindex(ids)
    names = [axis.label for axis in scan.axis]
    result = {}
    for outcome in scan.outcomes:
        if outcome not in rows:
            result[outcome] = {"missing": "no run has it"}
            continue
        try:
            values = rows[outcome].astype(float)
            result[outcome] = sensitivity.indices(
                names, values, scan.design.second_order, scan.design.seed
            )
        except ConfigError as error:
            result[outcome] = {"missing": str(error)}
    return {"sobol": result}

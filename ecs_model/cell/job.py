"""A single-cell job from its configuration to its directory."""

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from ecs_model import __version__
from ecs_model.cell import continuation, regime_map, tables, threshold
from ecs_model.cell.config import CellConfig
from ecs_model.cell.setup import Laboratory
from ecs_model.config import reader
from ecs_model.config.whereabouts import told_where
from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.membrane import start, steady

LONG = 3000.0  # s: a cell that settles has done so by then


@dataclass
class Member:
    """A member of the batch: what is changed [SI], and what was found."""

    changes: dict
    steady: list = field(default_factory=list)
    thresholds: list = field(default_factory=list)
    branches: list = field(default_factory=list)


def run(config, directory, overrides=(), overwrite=False, tell=print):
    """Do the job of a configuration and write its directory; its path.

    Args:
        config: path of the TOML file.
        directory: what to make.
        overrides: texts such as "node.alpha=0.1".
        overwrite: replace the results of an earlier job.
        tell: function that is given lines about what was found.

    Raises:
        ConfigError: for whatever the user can mend.
        SolutionError: if a cell leaves the range of finite, non-negative states.
    """
    settings = reader.read_config(config, overrides, CellConfig)
    target = tables.folder(directory, overwrite)
    with told_where(config, overrides):
        _do(settings, Path(config).resolve().parent, target, tell)
    return target


def _do(settings, base, target, tell):
    started = time.perf_counter()
    lab = Laboratory(settings, base)
    members = [Member(changes) for changes in lab.members()]
    for note in dict.fromkeys(note for m in members for note in _notes(lab, m.changes)):
        tell(note)
    atomic.write_text(target / tables.CONFIG, tables.resolved(settings))
    found = {
        "title": settings.title,
        "model": lab.model.name,
        "options": lab.model.chosen,
        "version": __version__,
        "packing": settings.node.packing,
        "meanings": lab.model.meanings,
    }
    if settings.time is not None:
        seen, every = course(lab, members)
        tables.write_course(lab, members, seen, every, target)
    _points(lab, members, tell)
    if settings.map is not None:
        _map(lab, target, tell)
    tables.write_members(lab, members, target)
    found |= {"members": [tables.plain(lab, m) for m in members]}
    found["seconds"] = round(time.perf_counter() - started, 3)
    atomic.write_json(target / tables.SUMMARY, found)


def _notes(lab, changes):
    """What was assumed of a cell; ConfigError if it cannot live so."""
    cell, packing = lab.cell(changes), lab.config.node.packing
    records = cell.parameters, cell.state, cell.surroundings
    start.refuse_lifeless(lab.model, *records)
    for name, event in lab.events.items():
        put = cell.state._replace(**event["put"])
        place = f"event '{name}': put"
        start.refuse_lifeless(lab.model, cell.parameters, put, cell.surroundings, place)
    begin = start.start(lab.model, *records)
    start.refuse_dead(begin, lab.model, packing, partial(start.blame, lab.model, *records))
    return start.lines(begin, lab.model, packing)


def course(lab, members):
    """The time course of all members.

    Args:
        lab: the Laboratory.
        members: Members.

    Returns:
        tuple: name -> array (samples, members) [SI] of states and observables, at the beginning
        and after every interval; that interval [s].

    Raises:
        ConfigError: for an interval of which the end is no multiple.
        SolutionError: if a cell leaves the range of finite, non-negative states.
    """
    settings = lab.config.time
    samples = settings.samples
    every = settings.every or settings.end / samples
    if abs(samples * every - settings.end) > 1e-9 * settings.end:
        raise ConfigError("time.every: the end must be a multiple of it")
    bench = lab.bench([lab.cell(m.changes) for m in members], lab.stimuli(len(members)))
    first = bench.observe(np.array(bench.state)[None], [bench.time])
    later = bench.watch(every, samples)
    return {name: np.concatenate([first[name], later[name]]) for name in first}, every


def _points(lab, members, tell):
    """Steady states, thresholds and branches of every member."""
    for m in members:
        label = tables.label(lab, m.changes)
        for s in lab.config.steady:
            m.steady.append((s.name, _steady(lab, m.changes, s)))
            tell(tables.steady_line(label, *m.steady[-1]))
        for t in lab.config.threshold:
            m.thresholds.append(threshold.find(lab, t, m.changes))
            tell(tables.threshold_line(label, m.thresholds[-1]))
        for c in lab.config.continuation:
            m.branches.append(_branch(lab, m, c))
            for line in tables.branch_lines(lab, label, *m.branches[-1]):
                tell(line)


def _steady(lab, changes, settings):
    """The Steady that a [[steady]] describes, with what the initial state conserves."""
    flow = lab.flow(changes)
    near = lab.settled(settings.near, "State", f"steady '{settings.name}': near")
    start = np.array(lab.cell(changes).state._replace(**near))

    def settle():
        bench = lab.bench([lab.cell(changes)], quiet=True)
        bench.advance(LONG)
        return np.array(bench.state)[:, 0]

    return steady.steady_state(flow, start, settle)


def _branch(lab, member, settings):
    """Settings and Branch of a continuation."""
    place = f"continuation '{settings.name}'"
    name = lab.changed(settings.name, place)
    low, high = (lab.si(settings.name, v, place) for v in (settings.low, settings.high))
    if not low < high:
        raise ConfigError(f"{place}: low must be below high")
    family = lambda value: lab.flow({**member.changes, name: value})  # noqa: E731
    start = lab.value(name, member.changes)
    if not low <= start <= high:
        unit = lab.quantity(settings.name, place).unit
        raise ConfigError(
            f"{place}: the value of the cell, {tables.shown(start, unit)}, is outside"
        )
    known = dict(member.steady)
    first = known.get(settings.start) or steady.steady_state(
        family(start), np.array(lab.cell(member.changes).state)
    )
    return settings, continuation.follow(family, start, np.array(first.state), low, high)


def _map(lab, target, tell):
    """Regimes over one or two quantities."""
    settings = lab.config.map
    axes = [("map.x", settings.x), *([("map.y", settings.y)] if settings.y else [])]
    x_rows, y_rows = [*lab.apart(axes), [{}]][:2]
    grid = [{**x, **y} for y in y_rows for x in x_rows]
    bench = lab.bench([lab.cell(changes) for changes in grid], lab.stimuli(len(grid)))
    bench.advance(settings.settle)
    found = regime_map.judged(bench, settings, lab.config.detect.firing(settings.settle))
    tables.write_map(lab, grid, found, target)
    for changes, what in zip(grid, found, strict=True):
        tell(tables.regime_line(lab, changes, what))

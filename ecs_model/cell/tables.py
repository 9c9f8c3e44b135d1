"""What a single-cell job leaves: tables, a summary, and lines for the terminal."""

import csv
import io
import shutil
from pathlib import Path

import numpy as np
import tomli_w

from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.units import dimension, from_si

CONFIG, SUMMARY = "cell.toml", "summary.json"
COURSE, MAP, STEADY, THRESHOLDS, BRANCH = (
    "course.csv",
    "map.csv",
    "steady.csv",
    "thresholds.csv",
    "branch.csv",
)

MAPPED = {
    "period": "s",
    "lowest K_o": "mM",
    "highest K_o": "mM",
    "bursts": "1",
    "seizures": "1",
    "longest seizure": "s",
    "margin of a seizure": "1",
}


def folder(path, overwrite):
    """The directory of a job, made empty; ConfigError if something else is there."""
    path = Path(path)
    if path.is_dir() and any(path.iterdir()):
        if not (path / CONFIG).is_file():
            raise ConfigError(f"{path}: is not empty and holds no single-cell job; choose another")
        if not overwrite:
            raise ConfigError(f"{path}: holds a job already; --overwrite replaces it")
        shutil.rmtree(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made ({error.strerror})") from None
    return path


def resolved(settings):
    """The configuration as TOML, with every setting that is not a default."""
    return tomli_w.dumps(settings.model_dump(mode="json", exclude_unset=True, exclude_none=True))


def shown(si, unit):
    """A value [SI] as text with its unit."""
    return f"{from_si(si, unit):.6g} {unit}".removesuffix(" 1")


def label(lab, changes):
    """What distinguishes a member of a batch, as the beginning of a line."""
    parts = [f"{n} = {shown(v, lab.quantity(n, 'batch').unit)}" for n, v in changes.items()]
    return ", ".join(parts) + ": " if parts else ""


def _is_potential(state):
    return "V" in state.quantities and dimension(state.quantities["V"].unit) == "a potential"


def steady_line(label, name, steady):
    """A line about a steady state."""
    y = steady.state
    kind = "stable" if steady.stable else "unstable"
    first = steady.eigenvalues[0]
    turns = f" +- {abs(first.imag):.4g} i" if first.imag else ""
    V = f"V = {1e3 * y.V:.5g} mV, " if _is_potential(y) else ""
    growth = f"first eigenvalue {first.real:.4g}{turns} 1/s"
    return f"{label}{name}: {V}K_o = {y.K_o:.6g} mM, {kind}, {growth}"


def threshold_line(label, t):
    """A line about a threshold."""
    low, high = shown(t.below, t.unit), shown(t.above, t.unit)
    amount = "" if t.amount is None else f", {shown(t.amount, 'mM')} of tissue"
    value = shown(t.value, t.unit)
    return f"{label}threshold of '{t.event}', {t.vary}: {value} ({low} ... {high}){amount}"


def branch_lines(lab, label, settings, branch):
    """Lines about the special points of a branch."""
    unit = lab.quantity(settings.name, "").unit
    yield f"{label}branch over {settings.name}: {len(branch.points)} points"
    for s in branch.special:
        y = lab.model.State(*s.point.state)
        period = "" if s.period is None else f", period {s.period:.4g} s"
        V = f", V = {1e3 * y.V:.5g} mV" if _is_potential(y) else ""
        yield (
            f"{label}  {s.kind} at {settings.name} = {shown(s.point.value, unit)}{V}, "
            f"K_o = {y.K_o:.5g} mM{period}"
        )


def regime_line(lab, changes, what):
    """A line about a regime."""
    period = "" if what.period is None else f", period {what.period:.3g} s"
    count = f", seizures {what.seizures}" if what.seizures else ""
    K = f"K_o {what.lowest:.4g}-{what.highest:.4g} mM"
    return f"{label(lab, changes)}{what.name}, {K}{count}{period}"


def has_potential(lab):
    """Whether the model has a `V` that is a potential."""
    return dimension(units_of(lab).get("V")) == "a potential"


def units_of(lab):
    """Name -> unit of all states and observables."""
    states = {n: q.unit for n, q in lab.model.State.quantities.items()}
    return states | {n: unit for n, (unit, _) in lab.model.observables.items()}


def _table(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _titles(lab, names):
    return [f"{n} [{lab.quantity(n, 'batch').unit}]" for n in names]


def write_course(lab, members, seen, every, target):
    """course.csv: cell, what distinguishes it, time, states and observables in declared units."""
    units, names = units_of(lab), list(members[0].changes)
    heads = ["cell", *_titles(lab, names), "time [s]", *(f"{n} [{u}]" for n, u in units.items())]
    times = every * np.arange(len(seen["K_o"]))
    blocks = []
    for k, m in enumerate(members):
        own = [from_si(m.changes[n], lab.quantity(n, "batch").unit) for n in names]
        values = [from_si(np.asarray(seen[n])[:, k], u) for n, u in units.items()]
        same = [np.full(len(times), v) for v in (k, *own)]
        blocks.append(np.column_stack([*same, times, *values]))
    text = io.StringIO()
    np.savetxt(text, np.concatenate(blocks), "%.9g", ",", header=",".join(heads), comments="")
    atomic.write_text(target / COURSE, text.getvalue())


def write_map(lab, grid, found, target):
    """map.csv: the quantities of each cell, and its Regime."""
    names = list(grid[0])
    rows = [[*_titles(lab, names), "regime", *(f"{n} [{u}]" for n, u in MAPPED.items())]]
    for changes, what in zip(grid, found, strict=True):
        own = [f"{from_si(changes[n], lab.quantity(n, 'map').unit):.9g}" for n in names]
        values = (what.period, what.lowest, what.highest, what.bursts, what.seizures)
        rows.append([*own, what.name, *map(_number, (*values, what.longest, what.margin))])
    atomic.write_text(target / MAP, _table(rows))


def _number(value):
    return "" if value is None else f"{value:.6g}"


def write_members(lab, members, target):
    """steady.csv, thresholds.csv and branch.csv, those that there are."""
    for name, make in (
        (STEADY, _steady_rows),
        (THRESHOLDS, _threshold_rows),
        (BRANCH, _branch_rows),
    ):
        rows = list(make(lab, members))
        if len(rows) > 1:
            atomic.write_text(target / name, _table(rows))


def _own(lab, changes):
    return [f"{from_si(v, lab.quantity(n, 'batch').unit):.9g}" for n, v in changes.items()]


def _state_heads(lab):
    return [f"{n} [{q.unit}]" for n, q in lab.model.State.quantities.items()]


def _state_cells(lab, state):
    units = [q.unit for q in lab.model.State.quantities.values()]
    return [f"{from_si(float(v), u):.9g}" for v, u in zip(state, units, strict=True)]


def _steady_rows(lab, members):
    names = _titles(lab, members[0].changes)
    yield [*names, "name", "stable", "first eigenvalue [1/s]", *_state_heads(lab)]
    for m in members:
        for name, s in m.steady:
            own = [*_own(lab, m.changes), name, str(s.stable).lower()]
            yield [*own, f"{s.eigenvalues[0].real:.9g}", *_state_cells(lab, s.state)]


def _threshold_rows(lab, members):
    yield [
        *_titles(lab, members[0].changes),
        "event",
        "varied",
        "unit",
        "threshold",
        "does not trigger",
        "triggers",
        "amount per tissue [mM]",
    ]
    for m in members:
        for t in m.thresholds:
            values = [f"{from_si(v, t.unit):.9g}" for v in (t.value, t.below, t.above)]
            amount = "" if t.amount is None else f"{t.amount:.9g}"
            yield [*_own(lab, m.changes), t.event, t.vary, t.unit, *values, amount]


def _branch_rows(lab, members):
    yield [
        *_titles(lab, members[0].changes),
        "over",
        "unit",
        "value",
        "unstable directions",
        *_state_heads(lab),
    ]
    for m in members:
        for settings, branch in m.branches:
            unit = lab.quantity(settings.name, "").unit
            for p in branch.points:
                where = [settings.name, unit, f"{from_si(p.value, unit):.9g}", p.growing]
                yield [*_own(lab, m.changes), *where, *_state_cells(lab, p.state)]


def plain(lab, member):
    """What was found for a member, as JSON."""
    units = {n: lab.quantity(n, "batch").unit for n in member.changes}
    return {
        "changes": {n: [from_si(v, units[n]), units[n]] for n, v in member.changes.items()},
        "steady": [_plain_steady(lab, name, s) for name, s in member.steady],
        "thresholds": [
            {
                "event": t.event,
                "varied": t.vary,
                "unit": t.unit,
                **{k: from_si(getattr(t, k), t.unit) for k in ("value", "below", "above")},
                "amount per tissue [mM]": t.amount,
            }
            for t in member.thresholds
        ],
        "branches": [_plain_branch(lab, *b) for b in member.branches],
    }


def _plain_state(lab, state):
    units = [q.unit for q in lab.model.State.quantities.values()]
    return {
        n: [from_si(float(v), u), u]
        for n, v, u in zip(lab.model.State._fields, state, units, strict=True)
    }


def _plain_steady(lab, name, s):
    pairs = [[float(v.real), float(v.imag)] for v in s.eigenvalues]
    return {
        "name": name,
        "stable": s.stable,
        "eigenvalues [1/s]": pairs,
        "state": _plain_state(lab, s.state),
    }


def _plain_branch(lab, settings, branch):
    unit = lab.quantity(settings.name, "").unit
    special = [
        {
            "kind": s.kind,
            "value": from_si(float(s.point.value), unit),
            "period [s]": s.period,
            "state": _plain_state(lab, s.point.state),
        }
        for s in branch.special
    ]
    return {"over": settings.name, "unit": unit, "special": special, "ends": list(branch.ends)}

"""Curves over time: fields at the probes, integrals and balances."""

import re

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.postprocess import labels, style
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import read_series

_MANY_PROBES = 8
_AT_PROBE = re.compile(r"(\w+)@(.+)")


def probe_names(columns):
    """Probes by field, from the names of the columns: {"K_o": ["centre", "edge"]}."""
    probes = {}
    for column in columns:
        if match := _AT_PROBE.fullmatch(column):
            probes.setdefault(match[1], []).append(match[2])
    return probes


def integrals(columns):
    """Columns that belong to no probe."""
    return [name for name in columns if name != "t" and not _AT_PROBE.fullmatch(name)]


@style.styled
def probes(run_dir):
    """Figure of the fields at every probe over time, one panel per field."""
    run = RunDir.open(run_dir)
    values, units = read_series(run.series)
    fields, meanings = probe_names(values), run.meanings
    if not fields:
        raise ConfigError(f"{run_dir} has no probes; add some to the configuration")
    fig = style.figure(0.6 + 1.9 * len(fields))
    panels = fig.subplots(len(fields), sharex=True, squeeze=False)[:, 0]
    for axes, (field, names) in zip(panels, fields.items(), strict=True):
        for name in names:
            column = f"{field}@{name}"
            name, dot = labels.plain(name), _marker(values["t"])
            axes.plot(values["t"], values[column], label=name, marker=dot)
        style.value_axis(axes, field, labels.label(field, units[column], meanings))
        axes.margins(x=0)
    panels[-1].set_xlabel("Time [s]")
    _legend(fig, panels[0])
    return fig


@style.styled
def balance(run_dir):
    """Figure of all columns that belong to no probe (totals, maxima, front), one panel each."""
    values, units = read_series(RunDir.open(run_dir).series)
    columns = integrals(values)
    if not columns:
        raise ConfigError(f"{run_dir} has no integrals; add some to the configuration")
    rows = -(-len(columns) // 2)
    fig = style.figure(0.5 + 1.8 * rows)
    panels = fig.subplots(rows, 2, sharex=True, squeeze=False).ravel()
    for axes, name in zip(panels, columns, strict=False):
        axes.plot(values["t"], values[name], marker=_marker(values["t"]))
        axes.set_ylabel(labels.wrapped_label(name, units[name]))
        axes.margins(x=0)
        _do_not_magnify_rounding(axes)
    for axes in panels[len(columns) :]:
        axes.remove()
    for axes in panels[: len(columns)][-2:]:
        axes.set_xlabel("Time [s]")
        axes.tick_params(labelbottom=True)
    return fig


def _do_not_magnify_rounding(axes):
    """Let the axis span at least a thousandth of the value: a conserved total looks constant."""
    low, high = axes.get_ylim()
    middle = (low + high) / 2
    if high - low < 1e-3 * abs(middle):
        axes.set_ylim(middle - 0.01 * abs(middle), middle + 0.01 * abs(middle))


def _marker(times):
    """A dot where a line of one point would be invisible."""
    return "o" if np.size(times) == 1 else None


def _legend(fig, axes):
    count = len(axes.lines)
    if count <= _MANY_PROBES:
        fig.legend(handles=axes.lines, loc="outside upper center", ncols=min(count, 4))
    else:
        columns = -(-count // 16)
        fig.legend(handles=axes.lines, loc="outside right upper", ncols=columns)

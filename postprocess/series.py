"""Curves over time: fields at the probes, integrals and balances."""

import re

import numpy as np
from matplotlib.lines import Line2D

from ecs_model.errors import ConfigError
from ecs_model.postprocess import amounts, labels, style, theme
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import read_series

_MANY_PROBES = 8
_HIGHEST = 8.6  # inches: with its legend, a page of 240 mm holds it
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
    """Figure of all columns that belong to no probe, no higher than a page.

    Amounts of an ion share a panel: how they change, and what brought it. Totals, maxima and the
    front have one each.
    """
    values, units = read_series(RunDir.open(run_dir).series)
    if not (columns := integrals(values)):
        raise ConfigError(f"{run_dir} has no integrals; add some to the configuration")
    terms = amounts.terms_of({name: units[name] for name in columns})
    together = {name for found in terms.values() for name in found.values()}
    single = [name for name in columns if name not in together]
    fig, panels = _panels(len(single) + len(terms))
    for axes, name in zip(panels, single, strict=False):
        axes.plot(values["t"], values[name], marker=_marker(values["t"]))
        axes.set_ylabel(labels.wrapped_label(name, units[name]))
        _do_not_magnify_rounding(axes)
    changes = amounts.changes(values, terms)
    for axes, (ion, curves) in zip(panels[len(single) :], changes.items(), strict=True):
        _draw_changes(axes, values["t"], curves, changes)
        _do_not_magnify_rounding(axes, values[f"ecs_{ion}"][0])
        axes.set_ylabel(labels.change_label(ion, units[f"ecs_{ion}"]))
    if terms:
        style.legend_below(fig, _term_handles(changes), 4)
    return fig


def _panels(count):
    """A figure of two columns, and as many panels as they are asked for."""
    rows = -(-count // 2)
    fig = style.figure(min(0.5 + 1.8 * rows, _HIGHEST))
    panels = fig.subplots(rows, 2, sharex=True, squeeze=False).ravel()
    for axes in panels[count:]:
        axes.remove()
    for axes in panels[:count]:
        axes.margins(x=0)
    for axes in panels[:count][-2:]:
        axes.set_xlabel("Time [s]")
        axes.tick_params(labelbottom=True)
    return fig, panels[:count]


def _term_colours(changes):
    """Term -> colour, the same in all panels."""
    terms = dict.fromkeys(term for curves in changes.values() for term in curves)
    return dict(zip(terms, theme.now().cycle, strict=False))


def _draw_changes(axes, times, curves, changes):
    colours = _term_colours(changes)
    for term, curve in curves.items():
        look = {"color": colours[term], "ls": _dashes(term), "marker": _marker(times)}
        axes.plot(times, curve, **look)


def _dashes(term):
    """What brought an ion is dashed: it often lies on the change that it made."""
    return "-" if term in amounts.PLACES else "--"


def _term_handles(changes):
    """Entries of the legend, one for each term of any ion."""
    return [
        Line2D([], [], color=colour, ls=_dashes(term), label=labels.term(term))
        for term, colour in _term_colours(changes).items()
    ]


def _do_not_magnify_rounding(axes, whole=None):
    """Let the axis span at least a thousandth of the value: a conserved total looks constant.

    For changes, the value is the `whole` that they are changes of, and a millionth is seen.
    """
    low, high = axes.get_ylim()
    middle = (low + high) / 2
    size, least = (abs(middle), 1e-3) if whole is None else (abs(whole), 1e-6)
    if high - low < least * size:
        axes.set_ylim(middle - 10 * least * size, middle + 10 * least * size)


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

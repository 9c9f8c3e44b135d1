"""The points of a scan: what each changes, and by which name it is found again."""

import hashlib
import itertools
import json
import math
from dataclasses import dataclass

from ecs_model.errors import ConfigError
from ecs_model.physics.measured_tissue import state_of, title
from ecs_model.scan.axes import full, keys_of
from ecs_model.scan.ranges import number_in, number_of


@dataclass(frozen=True)
class Point:
    """A run of a scan.

    Attributes:
        settings: key of a setting -> what it becomes.
        labels: label of an axis -> its value as a table shows it: a number, or a text.
    """

    settings: dict
    labels: dict

    @property
    def id(self):
        """A name that follows from the settings alone."""
        text = json.dumps(self.settings, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def said(self):
        """The values in words."""
        return ", ".join(f"{name} = {_shown(value)}" for name, value in self.labels.items())


def _shown(value):
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def values(axis):
    """The values of a grid along an axis, each as a Point of this axis alone."""
    if axis.states:
        return [state(axis, name) for name in axis.states]
    if axis.low is not None:
        return [in_range(axis, number) for number in axis.range().grid(axis.count)]
    found: dict = {}
    for point in (listed(axis, value) for value in axis.values):
        first = found.setdefault(point.labels[axis.label], point)
        if axis.keys and first.settings != point.settings:
            raise ConfigError(
                f"axis '{axis.label}': values: the first of each must differ, it names the point "
                f"in tables (found {point.labels[axis.label]!r} twice)"
            )
    return [*found.values()]


def ends(axis):
    """The Points of an axis that lie farthest out: two of a range, all of a list."""
    if axis.low is not None:
        return [in_range(axis, number) for number in axis.range().grid(2)]
    return values(axis)


def state(axis, name):
    """The Point of a measured state."""
    found = state_of(name)
    settings = dict(zip(keys_of(axis), (found.alpha, found.tortuosity), strict=True))
    return Point(settings, {axis.label: title(name)})


def in_range(axis, number):
    """The Point of a number between low and high of an axis."""
    return Point({full(axis.key): axis.range().written(number)}, {axis.label: number})


def listed(axis, value):
    """The Point of one of the values of an axis."""
    row = value if axis.keys else [value]
    return Point(dict(zip(keys_of(axis), row, strict=True)), {axis.label: _cell(axis, row[0])})


def _cell(axis, value):
    """A value as a table can hold it: a number if all of the axis are in one unit, or a text."""
    if (common := unit(axis)) is not None:
        return number_in(value, common)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def unit(axis):
    """The unit of the numbers of an axis, that of the first; None where it has texts."""
    if axis.low is not None:
        return axis.range().unit
    found = first_values(axis)
    first = number_of(found[0])[1]
    return None if any(math.isnan(number_in(value, first)) for value in found) else first


def first_values(axis):
    """The values of an axis, of several that change together the first."""
    if axis.states:
        return axis.states
    return [row[0] for row in axis.values] if axis.keys else axis.values


def combined(parts):
    """The Point that changes what all of some Points change."""
    settings: dict = {}
    labels: dict = {}
    for part in parts:
        settings |= part.settings
        labels |= part.labels
    return Point(settings, labels)


def grid(axes):
    """All combinations of the values of all axes, the last axis fastest; each once."""
    found = [combined(parts) for parts in itertools.product(*map(values, axes))]
    return list({point.id: point for point in found}.values())


def at_shares(axes, rows):
    """Points at shares of the way along every axis, one row of them per point."""
    return [
        combined(
            in_range(axis, axis.range().number(float(share)))
            for axis, share in zip(axes, row, strict=True)
        )
        for row in rows
    ]


def shares(axes, point):
    """Where a point lies along every axis, 0 to 1."""
    return [axis.range().share(point.labels[axis.label]) for axis in axes]

"""Records: tuples with named fields, declared as a table of quantities.

Model functions receive and return records. A record holds numbers, arrays over nodes, or symbols
while the model is being compiled; the functions cannot tell and need not.
"""

import math
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, ClassVar

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.limits import limits
from ecs_model.units import from_si, to_si

_SLACK = 1e-12  # of a limit: what a change of the unit may leave


@dataclass(frozen=True)
class Quantity:
    """One line of a record: default value, the unit it is written in, what it means, its range."""

    value: float  # in `unit`
    unit: str
    meaning: str
    source: str = ""
    low: float | None = None  # in `unit`; smallest value that makes sense, by its kind if None
    high: float | None = None
    scale: float | None = None  # in `unit`; a change that counts, by the unit if None

    def complaint(self, si_value):
        """What is wrong with a value [SI], as words for the user; empty if it makes sense."""
        value = from_si(si_value, self.unit)
        if not math.isfinite(value):
            return f"must be a finite number (got {value:g})"
        (low, high), unit = self.range, "" if self.unit == "1" else f" {self.unit}"
        if value < low - _SLACK * abs(low):
            return f"must be at least {low:g}{unit} (got {value:g})"
        if value > high + _SLACK * abs(high):
            return f"must be at most {high:g}{unit} (got {value:g})"
        return ""

    @property
    def range(self):
        """Smallest and largest value [unit] that make sense."""
        low, high = limits(self.unit, self.value)
        return low if self.low is None else self.low, high if self.high is None else self.high


def check_range(values, quantity, place):
    """Raise ConfigError if a value [SI] or any of an array is not finite or out of range.

    Args:
        values: number or array.
        quantity: its Quantity.
        place: what the message begins with.
    """
    values = np.atleast_1d(values)
    if not np.isfinite(values).all():
        raise ConfigError(f"{place}: not every value is a finite number")
    for extreme in (values.min(), values.max()) if len(values) else ():
        if complaint := quantity.complaint(extreme):
            raise ConfigError(f"{place}: {complaint}")


class Record(tuple):
    """A tuple whose fields have names and defaults.

    It behaves as a `collections.namedtuple`, but names are only names: tables from files may hold a
    parameter called `lambda` or `_tau`.

    Attributes:
        quantities: name -> Quantity, the table that it was declared by.
    """

    __slots__ = ()
    _fields: tuple[str, ...] = ()
    _field_defaults: ClassVar[dict[str, float]] = {}
    quantities: ClassVar[dict[str, Quantity]] = {}

    def __new__(cls, *values, **named):
        """A record of values in order, and by name; the others have their defaults."""
        if len(values) > len(cls._fields):
            raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, not {len(values)}")
        given = dict(zip(cls._fields, values, strict=False))
        for name in named:
            if name not in cls._fields or name in given:
                fault = "is given twice" if name in given else "is not one of its fields"
                raise TypeError(f"{cls.__name__}: {name!r} {fault}")
        given = {**cls._field_defaults, **given, **named}
        return tuple.__new__(cls, (given[name] for name in cls._fields))

    @classmethod
    def _make(cls, values):
        """The record of as many values as it has fields."""
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, not {len(made)}")
        return made

    def _replace(self, **named):
        """The record with other values of some fields."""
        return type(self)(**{**self._asdict(), **named})

    def _asdict(self):
        """Name -> value, in order."""
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self):
        """The values by name."""
        return (
            f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in self._asdict().items())})"
        )

    def __getnewargs__(self):
        """The values, for copies."""
        return tuple(self)


RESERVED = frozenset(n for n in vars(Record) if not n.startswith("__")) | frozenset(dir(object))


def quantity(value, unit, meaning, source="", low=None, high=None, scale=None):
    """One line of a record; `low` and `high` bound what a configuration may set.

    `scale` is the size of a change that counts, where it is not that of the unit.
    """
    to_si(value, unit)  # an unknown unit fails here, where the model's author sees it
    return Quantity(value, unit, meaning, source, low, high, scale)


def concentration(value, meaning, source=""):
    """A line of a record for a concentration [mM], which cannot be negative."""
    return quantity(value, "mM", meaning, source, low=0.0)


def table(name, quantities, doc=""):
    """A record type of quantities by name, with defaults in SI."""
    return _made(name, quantities, __name__, doc)


def record(table):
    """Turn a class body of quantities into a named tuple whose defaults are in SI."""
    quantities = {name: q for name, q in vars(table).items() if isinstance(q, Quantity)}
    return _made(table.__name__, quantities, table.__module__, table.__doc__)


def joined(*tables, **defaults):
    """One record type with the quantities of several, some of them with other defaults [SI].

    Args:
        tables: record types; the first gives the name.
        defaults: name -> default value in SI.
    """
    quantities = {name: q for table in tables for name, q in table.quantities.items()}
    for name, si in defaults.items():
        q = quantities[name]
        quantities[name] = replace(q, value=from_si(float(si), q.unit))
    first = tables[0]
    return _made(first.__name__, quantities, first.__module__, first.__doc__)


def without(record, *names):
    """The record type without some of its lines."""
    kept = {name: q for name, q in record.quantities.items() if name not in names}
    return _made(record.__name__, kept, record.__module__, record.__doc__)


def _made(name, quantities, module, doc):
    if taken := RESERVED.intersection(quantities):
        raise ValueError(f"{name}: no quantity can be called {min(taken)!r}; give it another name")
    members: dict[str, Any] = {
        n: property(itemgetter(k), doc=q.meaning) for k, (n, q) in enumerate(quantities.items())
    }
    members |= {
        "__slots__": (),
        "__module__": module,
        "__doc__": doc,
        "_fields": tuple(quantities),
        "_field_defaults": {n: to_si(q.value, q.unit) for n, q in quantities.items()},
        "quantities": quantities,
    }
    return type(name, (Record,), members)

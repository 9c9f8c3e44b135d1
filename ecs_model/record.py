"""Records: named tuples declared as a table of quantities.

Model functions receive and return records. A record holds numbers, arrays over nodes, or symbols
while the model is being compiled; the functions cannot tell and need not.
"""

from collections import namedtuple
from dataclasses import dataclass, replace
from typing import Any

from ecs_model.units import from_si, to_si


@dataclass(frozen=True)
class Quantity:
    """One line of a record: default value, the unit it is written in, what it means, its range."""

    value: float  # in `unit`
    unit: str
    meaning: str
    source: str = ""
    low: float | None = None  # in `unit`; smallest value that makes sense
    high: float | None = None

    def complaint(self, si_value):
        """What is wrong with a value [SI], as words for the user; empty if it makes sense."""
        value = from_si(si_value, self.unit)
        if self.low is not None and value < self.low:
            return f"must be at least {self.low:g} {self.unit} (got {value:g})"
        if self.high is not None and value > self.high:
            return f"must be at most {self.high:g} {self.unit} (got {value:g})"
        return ""


def quantity(value, unit, meaning, source="", low=None, high=None):
    """One line of a record; `low` and `high` bound what a configuration may set."""
    to_si(value, unit)  # an unknown unit fails here, where the model's author sees it
    return Quantity(value, unit, meaning, source, low, high)


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
    defaults = [to_si(q.value, q.unit) for q in quantities.values()]
    make: Any = namedtuple  # the fields are data here, which type checkers cannot follow
    made = make(name, quantities, defaults=defaults, module=module)
    made.__doc__, made.quantities = doc, quantities
    return made

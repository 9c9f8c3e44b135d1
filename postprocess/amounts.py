"""Amounts of ions over a run, from the columns of its series: how they change, and from what."""

import re

import numpy as np

MOST = 8  # curves of a panel that are told from each other
PLACES = ("ecs", "cell")  # terms that are amounts, not what brought them
OTHERS = "others"  # the term that stands for all small ones together
_PLACE = re.compile(r"(ecs|cell)_(\w+)")
_SUFFIX = re.compile(r"(.+) \((\w+)\)")


def terms_of(units):
    """Ion -> term -> column, of the columns that tell amounts: ecs, cell, what brought it.

    Args:
        units: unit of every column, by its name.
    """
    ions = [match[2] for name in units if (match := _PLACE.fullmatch(name)) and match[1] == "ecs"]
    found = {ion: {} for ion in ions}
    for name, unit in units.items():
        ion, term = _read(name, ions)
        if ion in found and unit == units[f"ecs_{ion}"]:
            found[ion][term] = name
    return found


def _read(name, ions):
    """Ion and term of a column; what names no ion is of K."""
    if match := _PLACE.fullmatch(name):
        return match[2], match[1]
    match = _SUFFIX.fullmatch(name)
    return (match[2], match[1]) if match and match[2] in ions else ("K", name)


def changes(values, found):
    """Ion -> term -> change since the start, of MOST terms; the smallest are taken together.

    Args:
        values: of all columns, by their names.
        found: what `terms_of` returns.
    """
    made = {
        ion: {term: values[name] - values[name][0] for term, name in terms.items()}
        for ion, terms in found.items()
    }
    small = _small(made)
    return {ion: _collected(curves, small) for ion, curves in made.items()}


def _small(made):
    """Terms that have no curve of their own: the places where ions are always have one."""
    size = {}
    for curves in made.values():
        whole = max((np.abs(curve).max() for curve in curves.values()), default=0.0) or 1.0
        for term, curve in curves.items():
            share = np.inf if term in PLACES else np.abs(curve).max() / whole
            size[term] = max(size.get(term, 0.0), share)
    ranked = sorted(size, key=size.__getitem__, reverse=True)
    return {*ranked[MOST - 1 :]} if len(ranked) > MOST else set()


def _collected(curves, small):
    large = {term: curve for term, curve in curves.items() if term not in small}
    rest = [curve for term, curve in curves.items() if term in small]
    return large | ({OTHERS: np.sum(rest, axis=0)} if rest else {})

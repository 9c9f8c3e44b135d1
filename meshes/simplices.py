"""Facets and edges of simplices, found by sorting rows of vertex numbers."""

from itertools import combinations, pairwise

import numpy as np

LARGEST = 10**6  # facets that are sorted together


def all_facets(cells):
    """The facets ((d + 1) m, d) of all cells, inner ones twice; facet j of cell i is row jm + i."""
    return np.concatenate([cells[:, kept] for kept in _subsets(cells.shape[1], cells.shape[1] - 1)])


def facets_in_parts(cells):
    """The facets of all cells in parts that are not too large; equal ones are in the same part.

    Args:
        cells: shape (m, d + 1).

    Yields:
        tuple: facets (k, d), and their rows in `all_facets`.
    """
    return _in_parts(cells, cells.shape[1] - 1)


def _in_parts(cells, size):
    """Sets of `size` vertices of all cells; parts follow each other by the lowest vertex."""
    kept = _subsets(cells.shape[1], size)
    lowest = [np.minimum.reduce([cells[:, j] for j in columns]) for columns in kept]
    nodes = int(cells.max(initial=-1)) + 1
    until = np.cumsum(sum(np.bincount(each, minlength=nodes) for each in lowest))
    full = np.arange(LARGEST, len(kept) * len(cells) + LARGEST, LARGEST)
    ends = np.unique(np.searchsorted(until, full))
    for low, high in pairwise([-1, *ends]):
        found = [np.flatnonzero((each > low) & (each <= high)) for each in lowest]
        facets = [cells[rows][:, columns] for rows, columns in zip(found, kept, strict=True)]
        places = [k * len(cells) + rows for k, rows in enumerate(found)]
        yield np.concatenate(facets), np.concatenate(places)


def boundary_facets(cells):
    """The facets (k, d) that belong to one cell only, vertices ascending."""
    facets = all_facets(cells)
    order, repeated = sort_rows(facets)
    single = ~repeated & ~np.append(repeated[1:], False)
    return np.sort(facets[order[single]], axis=1)


def unique_edges(cells):
    """Every edge (k, 2) of the cells once, vertices ascending."""
    parts = [_once(edges) for edges, _ in _in_parts(cells, 2)]
    return np.concatenate([np.empty((0, 2), cells.dtype), *parts])


def _once(edges):
    order, repeated = sort_rows(edges)
    return np.sort(edges[order[~repeated]], axis=1)


def _subsets(n, k):
    return [list(c) for c in combinations(range(n), k)]


def sort_rows(rows):
    """Order that sorts rows of vertices as sets, and where in that order a row repeats the last."""
    keys = _keys(np.sort(rows, axis=1))
    order = np.argsort(keys[0]) if len(keys) == 1 else np.lexsort(keys)
    repeated = np.ones(len(rows), bool)
    repeated[:1] = False
    for key in keys:
        repeated[1:] &= key[order[1:]] == key[order[:-1]]
    return order, repeated


def _keys(rows):
    """The columns of non-negative integer `rows`, packed into as few int64 as hold them exactly."""
    bits = int(rows.max(initial=0)).bit_length() or 1
    keys, room = [], 0
    for column in rows.T:
        if room < bits:
            keys.append(column.astype(np.int64))
            room = 63 - bits
        else:
            keys[-1] = (keys[-1] << bits) | column
            room -= bits
    return keys

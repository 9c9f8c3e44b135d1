"""Facets and edges of simplices, found by sorting rows of vertex numbers."""

from itertools import combinations

import numpy as np


def all_facets(cells):
    """The facets ((d + 1) m, d) of all cells, inner ones twice; facet j of cell i is row jm + i."""
    return np.concatenate([cells[:, kept] for kept in _subsets(cells.shape[1], cells.shape[1] - 1)])


def boundary_facets(cells):
    """The facets (k, d) that belong to one cell only, vertices ascending."""
    facets = all_facets(cells)
    order, repeated = sort_rows(facets)
    single = ~repeated & ~np.append(repeated[1:], False)
    return np.sort(facets[order[single]], axis=1)


def unique_edges(cells):
    """Every edge (k, 2) of the cells once, vertices ascending."""
    edges = np.concatenate([cells[:, pair] for pair in _subsets(cells.shape[1], 2)])
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

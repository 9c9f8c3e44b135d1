"""What the tissue is made of: regions and files become fields over cells and nodes.

alpha and tortuosity belong to cells, so that interfaces are exact; membrane parameters and initial
states belong to nodes, where a node on an interface gets the average by volume, or, of what is
dissolved, by the volume that it is dissolved in, so that regions hold what they were given.
"""

from dataclasses import dataclass
from typing import Any

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import ConfigError


@dataclass(frozen=True)
class Part:
    """A region of the tissue: its name and which local cells belong to it."""

    name: str
    cells: np.ndarray  # one truth value per local cell, ghosts included


@dataclass(frozen=True)
class Layered:
    """A value in all of the tissue, and what parts of it have instead.

    Attributes:
        base: the value.
        overrides: pairs (Part, value); later ones win.
    """

    base: Any
    overrides: tuple[tuple[Part, Any], ...] = ()

    @property
    def values(self):
        """All of them."""
        return [self.base, *(value for _, value in self.overrides)]


def tagged(mesh, name, tag):
    """The Part of the cells that the mesh itself calls `tag`."""
    if tag not in mesh.regions:
        known = ", ".join(mesh.regions) or "none"
        raise ConfigError(f"region '{name}': the mesh has no region '{tag}'; it has {known}")
    return _part(mesh, name, mesh.cell_tags == mesh.regions[tag])


def ball(mesh, name, centre, radius):
    """The Part of the cells whose middle lies within `radius` [m] of `centre` [m].

    On a surface in space only those count that the ball joins with the nearest: a fold whose other
    bank lies within the radius is no neighbour.
    """
    distance = np.linalg.norm(_middles(mesh) - _point(centre), axis=1)
    inside = distance <= radius
    return _part(mesh, name, _joined(mesh, inside, distance) if mesh.is_surface else inside)


def _joined(mesh, inside, distance):
    """Which cells of a mask are joined, within it, to the nearest of them; collective."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    cells = np.flatnonzero(inside[: mesh.owned_cells])
    nodes, width = mesh.cell_nodes[cells], mesh.dimension + 1
    pairs = np.repeat(nodes[:, 0], width), nodes.ravel()
    count = len(mesh.coordinates)
    links = coo_matrix((np.ones(nodes.size, bool), pairs), (count, count))
    piece = connected_components(links, directed=False)[1]
    least = mesh.comm.allreduce(distance[cells].min(initial=np.inf), MPI.MIN)
    reached = np.zeros(count, bool)
    reached[nodes[distance[cells] == least]] = True
    known = -1
    while known != (known := mesh.comm.allreduce(int(reached[: mesh.owned].sum()))):
        reached = np.isin(piece, np.unique(piece[reached]))
        marked = np.flatnonzero(reached)
        reached = mesh.with_ghosts(mesh.sum_shares(marked, np.ones(len(marked)))) > 0
    found = np.zeros(len(inside), bool)
    found[cells] = reached[nodes].all(axis=1)
    return mesh.cell_slices.to_local(mesh.cell_slices.to_slice(1.0 * found[: mesh.owned_cells])) > 0


def box(mesh, name, low, high):
    """The Part of the cells whose middle lies between two corners [m]."""
    d = mesh.axes
    x = _middles(mesh)[:, :d]
    inside = (x >= _point(low)[:d]) & (x <= _point(high)[:d])
    return _part(mesh, name, inside.all(axis=1))


def cylinder(mesh, name, centre, axis, radius):
    """The Part of the cells whose middle lies within `radius` [m] of a line."""
    direction = np.asarray(axis, float) / np.linalg.norm(axis)
    offset = _middles(mesh) - _point(centre)
    across = offset - np.outer(offset @ direction, direction)
    return _part(mesh, name, np.linalg.norm(across, axis=1) <= radius)


def labelled(mesh, name, labels, wanted):
    """The Part of the cells with one of some labels.

    Args:
        mesh: the mesh.
        name: of the region.
        labels: one whole number per local cell.
        wanted: the labels.
    """
    return _part(mesh, name, np.isin(labels, wanted))


def _part(mesh, name, inside):
    if mesh.sum(inside[: mesh.owned_cells]) == 0:
        low, high = (1e3 * corner[: mesh.axes] for corner in mesh.extent())
        raise ConfigError(
            f"region '{name}' holds no cell; the mesh reaches from {_text(low)} to {_text(high)} mm"
        )
    return Part(name, inside)


def _middles(mesh):
    return mesh.coordinates[mesh.cell_nodes].mean(axis=1)


def _point(values):
    return np.pad(np.asarray(values, float), (0, 3 - len(values)))


def _text(point):
    return "(" + ", ".join(f"{x:.4g}" for x in point) + ")"


def over_cells(mesh, base, overrides):
    """A field over local cells: `base` (number or array), and in each Part its own number.

    Where nothing varies, the field takes no memory and cannot be written to.

    Args:
        mesh: the mesh.
        base: number, or array over local cells.
        overrides: pairs (Part, number); later ones win.
    """
    values = np.broadcast_to(np.asarray(base, float), len(mesh.cell_tags))
    if overrides:
        values = values.copy()
    for part, value in overrides:
        values[part.cells] = value
    return values


def over_nodes(mesh, base, overrides, weights=None):
    """A field over owned nodes, or the number itself where nothing varies.

    Args:
        mesh: the mesh.
        base: number, or array over owned nodes.
        overrides: pairs (Part, number); later ones win.
        weights: over local cells, by which a node between regions takes its mean; None for volume.
    """
    if not overrides:
        return base
    values = [base, *(value for _, value in overrides)]
    shares = shares_of_nodes(mesh, [part for part, _ in overrides], weights)
    return sum(share * values[top] for top, share in shares)


def shares_of_nodes(mesh, parts, weights=None):
    """Pairs (number of the last Part that covers it, share of each owned node); 0 for none.

    Args:
        mesh: the mesh.
        parts: of which later ones win.
        weights: as in `over_nodes`.
    """
    top = np.zeros(len(mesh.cell_tags), int)
    for k, part in enumerate(parts):
        top[part.cells] = k + 1
    return [(k, share) for (k,), share in shares_of_classes(mesh, top[:, None], weights)]


def shares_of_classes(mesh, classes, weights=None):
    """Pairs (row, share of each owned node that lies in cells with this row), on all processes.

    Args:
        mesh: the mesh.
        classes: whole numbers over local cells, shape (cells, columns).
        weights: as in `over_nodes`.
    """
    own = {tuple(map(int, row)) for row in np.unique(classes, axis=0)}
    rows = sorted(set().union(*mesh.comm.allgather(own)))
    weights = np.ones(len(classes)) if weights is None else weights
    whole = mesh.spread_cells(weights)
    return [
        (row, mesh.spread_cells(weights * (classes == row).all(axis=1)) / whole) for row in rows
    ]


def diffusivity(free, tortuosity):
    """Effective diffusivity [m^2/s] D / lambda^2 over cells."""
    return free / tortuosity**2


def axes(directions, d):
    """Products v v^T of unit vectors, shape (..., d, d): an axis of fibres, which has no sign.

    They may be averaged, where directions may not: v and -v are the same axis. The zero vector, of
    no direction, gives zero.

    Args:
        directions: shape (..., k), k from d to 3; need not be normalised.
        d: dimension of the tissue.
    """
    length = np.linalg.norm(directions, axis=-1, keepdims=True)
    unit = (directions / np.where(length > 0, length, 1.0))[..., :d]
    return unit[..., :, None] * unit[..., None, :]


def diffusivity_tensor(free, parallel, across, fibres):
    """Effective diffusivity tensors [m^2/s], shape (cells, d, d).

    Args:
        free: free diffusivity over cells [m^2/s].
        parallel: tortuosity along fibres, over cells.
        across: tortuosity across fibres, over cells.
        fibres: their axes over cells as `axes` gives them, shape (cells, d, d).
    """
    d_across, d_parallel = diffusivity(free, across), diffusivity(free, parallel)
    identity = np.eye(fibres.shape[1])
    return d_across[:, None, None] * identity + (d_parallel - d_across)[:, None, None] * fibres

"""Where K+ enters or leaves the tissue other than through membranes: sources and boundaries.

Each is a list of owned nodes with weights, times a profile in time. Weights are integrals over the
finite elements, so that what all nodes get together is exactly what was asked for.
"""

from dataclasses import dataclass, field, replace
from operator import itemgetter

from ecs_model.native import MPI

import numpy as np
from dolfinx import geometry

from ecs_model.errors import ConfigError
from ecs_model.tissue.surface import Surface
from ecs_model.tissue.time_course import Profile

ROUND_OFF = 1e-9  # of barycentric weights on the border of a cell
LEAST_INSIDE = 0.05  # of a Gaussian; an eighth of one lies inside at the corner of a box


@dataclass(frozen=True)
class Load:
    """K+ that enters at given rates [mol/s], one per node of `nodes`, times the profile."""

    name: str
    nodes: np.ndarray
    rates: np.ndarray
    profile: Profile


@dataclass(frozen=True)
class _Outside:
    """A concentration outside [mM], in time: offset + factor * bath, at every node."""

    name: str
    nodes: np.ndarray
    bath: Profile
    offset: np.ndarray | float = field(default=0.0, kw_only=True)
    factor: float = field(default=1.0, kw_only=True)

    def level(self, start, end):
        """Concentration at the nodes [mM], on average from `start` to `end` [s], or at `start`."""
        return self.offset + self.factor * self.bath.mean(start, end)


@dataclass(frozen=True)
class Exchange(_Outside):
    """Flux k (K_bath - K): `conductances` k |facets|, or k alpha |cells| [m^3/s], at `nodes`.

    What always belongs to the tissue, as its vessels do, is no stimulus.
    """

    conductances: np.ndarray
    is_stimulus: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class Bath(_Outside):
    """Nodes whose K+ is held at the concentration of a bath; `shares` of them belong to it.

    Where baths meet, a node belongs to each by the facets that it has in each.
    """

    shares: np.ndarray


def facet_load(mesh, name, tag, flux, profile):
    """A Load that brings `flux` [mol/m^2/s] through the facets of a boundary tag."""
    shares = exterior_shares(mesh, name, tag)
    return _load(name, flux * shares, profile)


def facet_exchange(mesh, name, tag, permeability, bath):
    """An Exchange with `permeability` [m/s] through the facets of a boundary tag."""
    shares = exterior_shares(mesh, name, tag)
    nodes = np.flatnonzero(shares)
    return Exchange(name, nodes, bath, permeability * shares[nodes])


def cell_exchange(mesh, name, rates, bath):
    """An Exchange in the volume.

    Args:
        mesh: the mesh.
        name: of the exchange.
        rates: conductance per volume of tissue [1/s] over local cells.
        bath: concentration that is exchanged with [mM].
    """
    shares = mesh.spread_cells(rates)
    nodes = np.flatnonzero(shares)
    return Exchange(name, nodes, bath, shares[nodes], is_stimulus=np.ptp(bath.values) > 0)


def facet_bath(mesh, name, tag, bath):
    """A Bath that holds all nodes on the facets of a boundary tag.

    Its shares are areas; `divided` makes them shares of the nodes.
    """
    areas = exterior_shares(mesh, name, tag)
    nodes = np.flatnonzero(areas)
    return Bath(name, nodes, bath, areas[nodes])


def divided(baths, owned):
    """Baths whose areas at nodes have become shares, which add up to one at every node.

    Args:
        baths: from `facet_bath`.
        owned: number of owned nodes.
    """
    areas = np.zeros(owned)
    for bath in baths:
        areas[bath.nodes] += bath.shares
    return [replace(bath, shares=bath.shares / areas[bath.nodes]) for bath in baths]


def cell_load(mesh, name, density, rate, profile):
    """A Load of `rate` [mol/s] in all, spread over cells in proportion to `density`."""
    shares = mesh.spread_cells(density)
    total = mesh.sum(shares)
    if not total > 0:
        raise ConfigError(f"{name}: no cell of the mesh lies in its region; nothing would enter")
    return _load(name, rate / total * shares, profile)


def gaussian_load(mesh, name, centre, width, rate, profile):
    """A Load of `rate` [mol/s] in all, spread as a Gaussian of standard deviation `width` [m]."""
    centre = np.pad(np.asarray(centre, float), (0, 3 - len(centre)))
    distance = np.linalg.norm(mesh.coordinates[: mesh.owned] - centre, axis=1)
    shares = mesh.volumes * np.exp(-((distance / width) ** 2) / 2)
    total = mesh.sum(shares)
    whole = (np.sqrt(2 * np.pi) * width) ** mesh.dimension
    if not total > LEAST_INSIDE * whole:
        raise ConfigError(
            f"{name}: {100 * total / whole:.2g} % of the Gaussian around {_in_mm(centre)} lies in "
            "the tissue (or it is much narrower than the cells there); move its centre inside, or "
            "take a point"
        )
    return _load(name, rate / total * shares, profile)


def point_load(mesh, name, point, rate, profile):
    """A Load of `rate` [mol/s] at a point, shared by the corners of its cell."""
    nodes, weights = Points(mesh, name, [point]).owned_shares(0)
    return Load(name, nodes, rate * weights, profile)


def _load(name, rates, profile):
    nodes = np.flatnonzero(rates)
    return Load(name, nodes, rates[nodes], profile)


def exterior_shares(mesh, name, tag):
    """Integral of each owned node's hat over the facets with a tag [m^(d-1)].

    Raises:
        ConfigError: if there are none, or if they are not on the surface of the tissue.
    """
    surface = Surface(mesh, tag)
    shares = surface.shares()
    inside = surface.inside(shares)
    if surface.count == 0 or inside:
        what = f"{inside} of its facets lie inside" if inside else "no facet has this tag"
        raise ConfigError(f"{name}: not a boundary of the tissue ({what})")
    return shares


class Points:
    """Where given points lie: in which cell of which process, with barycentric weights.

    A point on the border of several cells goes to the one that comes first in the input, so that
    nothing depends on the number of processes.
    """

    def __init__(self, mesh, names, points):
        self.mesh = mesh
        names = [names] * len(points) if isinstance(names, str) else names
        padded = np.zeros((len(points), 3))
        if len(points):
            padded[:, : mesh.dimension] = np.asarray(points, float)[:, : mesh.dimension]
        nearest = [
            self._nearest(x, cells) for x, cells in zip(padded, self._near(padded), strict=True)
        ]
        first = self._first(nearest)
        for name, point, best in zip(names, padded, first, strict=True):
            if best == mesh.cells:
                raise ConfigError(f"{name}: the point {_in_mm(point)} is outside the mesh")
        mine = [
            (cell, weights) if input_cell == best else (-1, None)
            for (_, input_cell, cell, weights), best in zip(nearest, first, strict=True)
        ]
        self.mine = [cell for cell, _ in mine]
        self.weights = [weights for _, weights in mine]

    def _first(self, nearest):
        """The cell that each point goes to, as the input counts them; `mesh.cells` for none.

        Args:
            nearest: what `_nearest` found of each on this process.
        """
        comm, misses = self.mesh.comm, np.array([miss for miss, *_ in nearest])
        least = np.empty_like(misses)
        comm.Allreduce(misses, least, MPI.MIN)
        found = [
            input_cell if miss == best else self.mesh.cells
            for (miss, input_cell, *_), best in zip(nearest, least, strict=True)
        ]
        first = np.array(found, np.int64)
        comm.Allreduce(MPI.IN_PLACE, first, MPI.MIN)
        return first

    def _near(self, points):
        """For each point the owned cells that hold it, or miss it by up to a micrometre."""
        mesh, domain = self.mesh, self.mesh.domain
        if not (mesh.owned_cells and len(points)):
            return [[]] * len(points)
        candidates = geometry.compute_collisions_points(mesh.tree, points)
        hits = geometry.compute_colliding_cells(domain, candidates, points)
        return [hits.links(k) for k in range(len(points))]

    def _nearest(self, x, cells):
        """The cell that holds a point best: how far beyond it is, input number, cell, weights.

        How far is a share of the cell; all that hold the point are alike, and of these the first in
        the input counts.
        """
        mesh, best = self.mesh, (np.inf, self.mesh.cells, -1, None)
        for cell in cells:
            corners = mesh.coordinates[mesh.cell_nodes[cell]]
            miss, weights = _barycentric(corners, x, mesh.dimension)
            best = min(best, (miss, mesh.input_cells[cell], cell, weights), key=itemgetter(0, 1))
        return best

    def owned_shares(self, k):
        """Owned nodes of point `k`'s cell and their weights, wherever the cell lies."""
        mesh, cell = self.mesh, self.mine[k]
        nodes = mesh.cell_nodes[cell] if cell >= 0 else np.empty(0, np.int32)
        weights = self.weights[k] if cell >= 0 else np.empty(0)
        total = mesh.sum_shares(nodes, weights)
        found = np.flatnonzero(total)
        return found, total[found]


def _barycentric(corners, x, dimension):
    """How far a point lies beyond a cell, as a share of it, and the weights of the corners."""
    edges = (corners[1:] - corners[0])[:, :dimension].T
    rest = np.linalg.solve(edges, (x - corners[0])[:dimension])
    weights = np.concatenate([[1 - rest.sum()], rest])
    miss = -weights.min() if weights.min() < -ROUND_OFF else 0.0
    weights = np.clip(weights, 0.0, 1.0)
    weights[np.abs(weights) < 1e-12] = 0.0
    return miss, weights / weights.sum()


def _in_mm(point):
    return "(" + ", ".join(f"{1e3 * x:.4g}" for x in point) + ") mm"

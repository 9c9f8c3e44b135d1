"""Where K+ enters or leaves the tissue other than through membranes: sources and boundaries.

Each is a list of owned nodes with weights, times a profile in time. Weights are integrals over the
finite elements, so that what all nodes get together is exactly what was asked for.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.tissue import regions
from ecs_model.tissue.points import Points, in_mm
from ecs_model.tissue.surface import Surface
from ecs_model.tissue.time_course import Profile

REACH = 5.0  # widths of a Gaussian, beyond which 4e-6 of it lie in a plane
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

    Where baths meet, a node belongs to each by the facets that it has in each. `potential` [V] is
    that of the bath in time; None for zero, or where there is no electric field.
    """

    shares: np.ndarray
    potential: Profile | None = field(default=None, kw_only=True)


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


def facet_bath(mesh, name, tag, bath, potential=None):
    """A Bath that holds all nodes on the facets of a boundary tag, at a potential if one is given.

    Its shares are areas; `divided` makes them shares of the nodes.
    """
    areas = exterior_shares(mesh, name, tag)
    nodes = np.flatnonzero(areas)
    return Bath(name, nodes, bath, areas[nodes], potential=potential)


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
    """A Load of `rate` [mol/s] in all, spread as a Gaussian of standard deviation `width` [m].

    On a surface in space it ends at REACH widths, so that it does not jump to the other bank of a
    fold.
    """
    centre = np.pad(np.asarray(centre, float), (0, 3 - len(centre)))
    distance = np.linalg.norm(mesh.coordinates[: mesh.owned] - centre, axis=1)
    volumes = mesh.volumes
    if mesh.is_surface:
        volumes = mesh.spread_cells(1.0 * regions.ball(mesh, name, centre, REACH * width).cells)
    shares = volumes * np.exp(-((distance / width) ** 2) / 2)
    total = mesh.sum(shares)
    whole = (np.sqrt(2 * np.pi) * width) ** mesh.dimension * _mean_thickness(mesh)
    if not total > LEAST_INSIDE * whole:
        raise ConfigError(
            f"{name}: {100 * total / whole:.2g} % of the Gaussian around {in_mm(centre)} lies in "
            "the tissue (or it is much narrower than the cells there); move its centre inside, or "
            "take a point"
        )
    return _load(name, rate / total * shares, profile)


def _mean_thickness(mesh):
    return mesh.sum(mesh.volumes) / mesh.sum(mesh.volumes / mesh.node_average(mesh.thickness))


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

"""How good a mesh is: sizes, shapes and faults in numbers."""

from dataclasses import dataclass, replace

import numpy as np

from ecs_model.meshes.meshdata import (
    components,
    flat_and_inverted,
    in_parts,
    orphans,
    untagged,
    volumes,
)
from ecs_model.meshes.simplices import unique_edges

_BODY = {1: "length", 2: "area", 3: "volume"}
_POWER = {1: "mm", 2: "mm^2", 3: "mm^3"}


@dataclass(frozen=True)
class MeshQuality:
    """Figures of one mesh, lengths in m; a radius ratio of 1 is a regular cell, 0 a flat one."""

    dim: int
    nodes: int
    cells: int
    inverted: int
    degenerate: int
    untagged: int
    orphans: int
    components: int
    volume_min: float  # m^d, signed
    volume_median: float
    radius_ratio_min: float
    radius_ratio_p1: float
    radius_ratio_median: float
    edge_min: float  # m
    edge_p5: float
    edge_median: float
    edge_p95: float
    edge_max: float
    measure: dict[str, float]  # length, area or volume of every region [m^d]

    def text(self):
        """The figures as lines to read."""
        power, edges = (
            _POWER[self.dim],
            (self.edge_min, self.edge_p5, self.edge_median, self.edge_p95, self.edge_max),
        )
        scale = 1e3**self.dim
        lines = [
            f"nodes         {self.nodes:,}",
            f"cells         {self.cells:,}",
            f"edges         {' / '.join(f'{1e6 * e:.4g}' for e in edges)} um"
            "  (min / 5 % / median / 95 % / max)",
            f"radius ratio  {self.radius_ratio_min:.3f} / {self.radius_ratio_p1:.3f} / "
            f"{self.radius_ratio_median:.3f}  (min / 1 % / median; 1 is regular)",
            f"cell {_BODY[self.dim]:<8} {scale * self.volume_min:.3g} / "
            f"{scale * self.volume_median:.3g} {power}  (min / median)",
        ]
        lines += [f"region        {k}: {scale * v:.6g} {power}" for k, v in self.measure.items()]
        return "\n".join([*lines, f"faults        {self._faults()}"])

    def _faults(self):
        counts = {
            "inverted": self.inverted,
            "degenerate": self.degenerate,
            "untagged": self.untagged,
            "nodes in no cell": self.orphans,
            "pieces": self.components if self.components > 1 else 0,
        }
        return ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "none"


def measure(mesh):
    """The MeshQuality of a mesh."""
    volume, ratio, edge = volumes(mesh), radius_ratios(mesh), edge_lengths(mesh)
    flat, inverted = flat_and_inverted(mesh)
    return MeshQuality(
        dim=mesh.dim,
        nodes=len(mesh.points),
        cells=len(mesh.cells),
        inverted=int(inverted.sum()),
        degenerate=int(flat.sum()),
        untagged=int(untagged(mesh).sum()),
        orphans=int(orphans(mesh).sum()),
        components=int(np.count_nonzero(components(mesh)[1])),
        volume_min=float(volume.min()),
        volume_median=float(np.median(volume)),
        **_quantiles("radius_ratio", ratio, min=0, p1=1, median=50),
        **_quantiles("edge", edge, min=0, p5=5, median=50, p95=95, max=100),
        measure={k: float(volume[mesh.cell_tags == t].sum()) for k, t in mesh.regions.items()},
    )


def _quantiles(what, values, **percent):
    return {f"{what}_{k}": float(np.percentile(values, p)) for k, p in percent.items()}


def some_cells(mesh, count):
    """The mesh, or if it has more than `count` cells, about as many from all over it, and no more.

    It has neither facets nor fields.
    """
    every = -(-len(mesh.cells) // max(1, count))
    if every <= 1:
        return mesh
    cells = mesh.cells[::every]
    used, numbers = np.unique(cells, return_inverse=True)
    return replace(
        mesh,
        points=mesh.points[used],
        cells=numbers.reshape(cells.shape),
        cell_tags=mesh.cell_tags[::every],
        facets=np.empty((0, mesh.dim)),
        facet_tags=np.empty(0),
        node_fields={},
        cell_fields={},
    )


def edge_lengths(mesh):
    """Length [m] of every edge, each edge once."""
    a, b = mesh.points[unique_edges(mesh.cells).T]
    return np.linalg.norm(a - b, axis=1)


def radius_ratios(mesh):
    """Dimension times inscribed over circumscribed radius of every cell: 1 regular, 0 flat."""
    if mesh.dim == 1:
        return np.ones(len(mesh.cells))
    result, of_corners = np.empty(len(mesh.cells)), (_triangle_ratios, _tetrahedron_ratios)
    with np.errstate(divide="ignore", invalid="ignore"):
        for part in in_parts(len(result)):
            result[part] = of_corners[mesh.dim - 2](mesh.points[mesh.cells[part]])
    return np.nan_to_num(result, nan=0.0)


def _triangle_ratios(corners):
    a, b, c = (_distance(corners, i, j) for i, j in ((1, 2), (2, 0), (0, 1)))
    return (b + c - a) * (c + a - b) * (a + b - c) / (a * b * c)


def _tetrahedron_ratios(corners):
    p, q, r, s = corners.transpose(1, 0, 2)
    six = np.abs(np.einsum("ij,ij->i", np.cross(q - p, r - p), s - p))
    surface = sum(_area(*faces) for faces in ((p, q, r), (p, q, s), (p, r, s), (q, r, s)))
    a, b, c = (
        _distance(corners, i, j) * _distance(corners, k, m)
        for i, j, k, m in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
    )
    heron = (a + b + c) * (a + b - c) * (a - b + c) * (b + c - a)
    inscribed, circumscribed = six / 2 / surface, np.sqrt(np.maximum(heron, 0)) / (4 * six)
    return 3 * inscribed / circumscribed


def _distance(corners, i, j):
    return np.linalg.norm(corners[:, i] - corners[:, j], axis=1)


def _area(a, b, c):
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2

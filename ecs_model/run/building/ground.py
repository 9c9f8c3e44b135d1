"""What the parts of a run stand on while they are built."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecs_model.parallel import Team
from ecs_model.tissue.input_fields import InputFields
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.regions import Part


@dataclass(frozen=True)
class Ground:
    """Where everything lies.

    Attributes:
        mesh: the mesh.
        parts: name -> Part of every region.
        inputs: what reads fields over the mesh.
        base: folder to which paths are relative.
    """

    mesh: Mesh
    parts: dict[str, Part]
    inputs: InputFields
    base: Path | str


def longest_side(mesh):
    """Longest side [m] of the cubes that the elements of a Mesh are cut from."""
    sizes = _edges(mesh) / np.sqrt(mesh.dimension)
    (longest,) = Team(mesh.comm).highest([float(sizes.max(initial=0.0))])
    return longest


def _edges(mesh):
    """Lengths [m] of the edges of local cells, shape (cells, edges)."""
    corners = mesh.coordinates[mesh.cell_nodes]
    pairs = itertools.combinations(range(mesh.dimension + 1), 2)
    return np.stack(
        [np.linalg.norm(corners[:, a] - corners[:, b], axis=1) for a, b in pairs], axis=1
    )

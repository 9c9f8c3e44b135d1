"""What the parts of a run stand on while they are built."""

from dataclasses import dataclass
from pathlib import Path

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

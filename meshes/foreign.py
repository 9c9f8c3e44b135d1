"""What meshio drops or cannot read: groups of gmsh, element sets of Abaqus, meshes of DOLFINx.

Each becomes a meshio mesh whose tags are whole; what one tag a cell cannot say is refused by name.
"""

import re
from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.meshes import abaqus, dolfinx_grids, gmsh_groups

_PIECES = 2  # a .vtu with this many has more than meshio reads


def load(path):
    """The meshio mesh in a file, with the tags that its groups and sets mean.

    Raises:
        ConfigError: for what the file holds but a mesh here cannot, by its name.
        Exception: whatever meshio raises for a file that is none.
    """
    import meshio

    suffix = Path(path).suffix.lower()
    if suffix == ".msh":
        return gmsh_groups.load(path)
    if suffix == ".inp":
        return abaqus.load(path)
    if suffix == ".xdmf" and (grids := dolfinx_grids.grids_of(path)):
        return dolfinx_grids.load(path, grids)
    if suffix == ".vtu":
        _refuse_pieces(path)
    return meshio.read(path)


def _refuse_pieces(path):
    head = Path(path).read_bytes().partition(b"<AppendedData")[0]
    count = len(re.findall(rb"<Piece\b", head))
    if count >= _PIECES:
        raise ConfigError(
            f"mesh {path}: holds {count} pieces, of which one could be read; merge them into one "
            "(ParaView: Clean to Grid) and save it again"
        )

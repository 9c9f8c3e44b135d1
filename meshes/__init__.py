"""Mesh generators: functions of SI arguments that return MeshData.

gmsh, Shapely and SciPy are loaded by the functions that need them, when they are called.
"""

from ecs_model.meshes.balls import disc, sphere
from ecs_model.meshes.boxes import (
    box,
    box_grid,
    interval,
    interval_grid,
    rectangle,
    rectangle_grid,
    slice_,
    slice_grid,
)
from ecs_model.meshes.coronal import coronal
from ecs_model.meshes.labelled import from_labels
from ecs_model.meshes.lattice import lattice
from ecs_model.meshes.ribbon import ribbon, ribbon_from_files
from ecs_model.meshes.sheet import sheet, sheet_from_files, sphere_surface

GENERATORS = {
    "interval": interval,
    "rectangle": rectangle,
    "box": box,
    "slice": slice_,
    "disc": disc,
    "sphere": sphere,
    "ribbon": ribbon,
    "ribbon_from_files": ribbon_from_files,
    "coronal": coronal,
    "sheet": sheet,
    "sheet_from_files": sheet_from_files,
    "sphere_surface": sphere_surface,
    "from_labels": from_labels,
    "lattice": lattice,
}
GRIDS = {  # the Grid of a mesh that can be made in parts, or None
    "interval": interval_grid,
    "rectangle": rectangle_grid,
    "box": box_grid,
    "slice": slice_grid,
}

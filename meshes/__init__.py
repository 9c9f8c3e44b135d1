"""Mesh generators: functions of SI arguments that return MeshData.

gmsh, Shapely and SciPy are loaded by the functions that need them, when they are called.
"""

from ecs_model.meshes.balls import disc, sphere
from ecs_model.meshes.boxes import box, interval, rectangle, slice_
from ecs_model.meshes.coronal import coronal
from ecs_model.meshes.ribbon import ribbon, ribbon_from_files

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
}

"""Where surfaces of FreeSurfer and GIFTI lie in the space of the scanner.

FreeSurfer writes vertices in "surface RAS" (tkr), whose origin is the middle of the volume that the
surface was made from; the file says where that volume lies.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.physics.values import Array

SCANNER = 1  # code of NIfTI for coordinates of the scanner
_AXES = ("x", "y", "z")


def of_volume(size: Array, voxels: Array, directions: Array, centre: Array) -> Array:
    """The matrix (4, 4) from surface RAS to scanner RAS, both in mm.

    Args:
        size: voxels along the axes of the volume.
        voxels: their sizes [mm].
        directions: of its axes in scanner RAS, as columns.
        centre: its middle in scanner RAS [mm].
    """
    scanner = _affine(directions * voxels, centre, size)
    turned = np.array([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    return scanner @ np.linalg.inv(_affine(turned * voxels, np.zeros(3), size))


def _affine(axes, centre, size):
    made = np.eye(4)
    made[:3, :3] = axes
    made[:3, 3] = centre - axes @ (np.asarray(size) / 2)
    return made


def of_freesurfer(info: Mapping[str, Any], path: str) -> Array:
    """The matrix (4, 4) of a surface file of FreeSurfer, from its last lines as nibabel gives them.

    Raises:
        ConfigError: if it does not say where its volume lies.
    """
    if not str(info.get("valid", "0")).strip().startswith("1"):
        raise _unplaced(path)
    axes = np.stack([np.asarray(info[f"{x}ras"], float) for x in _AXES], axis=1)
    return of_volume(info["volume"], np.asarray(info["voxelsize"], float), axes, info["cras"])


def of_gifti(points: Any, path: str) -> Array:
    """The matrix (4, 4) of the points of a GIFTI file, a data array of nibabel.

    Raises:
        ConfigError: if it does not say where it lies.
    """
    system, facts = points.coordsys, dict(points.meta)
    if system is not None and system.dataspace == SCANNER:
        return np.eye(4)
    if system is not None and system.xformspace == SCANNER:
        return np.asarray(system.xform, float)
    if "VolGeomC_R" not in facts:
        raise _unplaced(path)
    number = {key: float(value) for key, value in facts.items() if key.startswith("VolGeom")}
    x, y, z, centre = ([number[f"VolGeom{k}_{way}"] for way in "RAS"] for k in "XYZC")
    size = [number[f"VolGeom{name}"] for name in ("Width", "Height", "Depth")]
    voxels = np.array([number[f"VolGeom{k}size"] for k in "XYZ"])
    return of_volume(np.array(size), voxels, np.array([x, y, z]).T, np.array(centre))


def _unplaced(path):
    return ConfigError(
        f'surface {path}: does not say where its volume lies; with space = "file" its coordinates '
        "are taken as they are, and images do not fit"
    )

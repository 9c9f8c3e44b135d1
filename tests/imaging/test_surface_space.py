"""Surfaces in the space of the scanner: FreeSurfer's own, and GIFTI's three ways to say it."""

import nibabel
import numpy as np
import pytest
from nibabel.gifti import GiftiCoordSystem, GiftiDataArray, GiftiImage

from ecs_model.errors import ConfigError
from ecs_model.meshes import surfaces

SIZE, VOXELS = np.array([256, 200, 180]), np.array([1.0, 0.9, 1.1])
POINTS = np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [0.0, 12.0, 0.0], [0.0, 0.0, 9.0]])
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]])


@pytest.fixture
def volume():
    """An oblique MGZ, which knows both of its spaces."""
    a = np.radians(17.0)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1.0]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.array([[-1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]) * VOXELS
    affine[:3, 3] = [120.0, -80.0, 95.0]
    return nibabel.MGHImage(np.zeros(SIZE, np.uint8), affine)


def wanted(volume):
    """POINTS of surface RAS in scanner RAS."""
    matrix = volume.affine @ np.linalg.inv(volume.header.get_vox2ras_tkr())
    return POINTS @ matrix[:3, :3].T + matrix[:3, 3]


def geometry(volume):
    axes = volume.affine[:3, :3] / VOXELS
    centre = (volume.affine @ [*(SIZE / 2), 1.0])[:3]
    return axes, centre


def test_freesurfer(tmp_path, volume):
    axes, centre = geometry(volume)
    info = {"head": np.array([2, 0, 20]), "valid": "1  # volume info valid", "filename": "orig.mgz"}
    info |= {"volume": SIZE, "voxelsize": VOXELS, "cras": centre}
    info |= {f"{k}ras": axes[:, i] for i, k in enumerate("xyz")}
    path = tmp_path / "lh.white"
    nibabel.freesurfer.write_geometry(path, POINTS, TRIANGLES, volume_info=info)
    found = surfaces.from_files(path, path, space="scanner")
    assert 1e3 * found.white == pytest.approx(wanted(volume), abs=1e-3)
    assert 1e3 * surfaces.from_files(path, path).white == pytest.approx(POINTS)


@pytest.mark.parametrize("way", ["metadata", "matrix", "already"])
def test_gifti(tmp_path, volume, way):
    axes, centre = geometry(volume)
    points, system, facts = POINTS, GiftiCoordSystem(3, 3), {}
    if way == "metadata":
        facts = {f"VolGeom{k}_{r}": v for k, x in zip("XYZ", axes.T, strict=True)
                 for r, v in zip("RAS", x, strict=True)}  # fmt: skip
        facts |= {f"VolGeomC_{r}": v for r, v in zip("RAS", centre, strict=True)}
        facts |= dict(zip(("VolGeomWidth", "VolGeomHeight", "VolGeomDepth"), SIZE, strict=True))
        facts |= {f"VolGeom{k}size": v for k, v in zip("XYZ", VOXELS, strict=True)}
    elif way == "matrix":
        matrix = volume.affine @ np.linalg.inv(volume.header.get_vox2ras_tkr())
        system = GiftiCoordSystem(0, 1, matrix)
    else:
        points, system = wanted(volume), GiftiCoordSystem(1, 1)
    path = write(tmp_path, points, system, facts)
    found = surfaces.from_files(path, path, space="scanner")
    assert 1e3 * found.white == pytest.approx(wanted(volume), abs=1e-3)


def write(folder, points, system=None, facts=None):
    meta = {key: str(value) for key, value in (facts or {}).items()}
    arrays = [
        GiftiDataArray(
            points.astype(np.float32), "NIFTI_INTENT_POINTSET", coordsys=system, meta=meta
        ),
        GiftiDataArray(TRIANGLES.astype(np.int32), "NIFTI_INTENT_TRIANGLE"),
    ]
    nibabel.save(GiftiImage(darrays=arrays), folder / "lh.white.gii")
    return folder / "lh.white.gii"


def test_a_surface_that_does_not_say_where_it_lies(tmp_path):
    path = write(tmp_path, POINTS, GiftiCoordSystem(0, 0))
    with pytest.raises(ConfigError, match="does not say where its volume lies"):
        surfaces.from_files(path, path, space="scanner")
    plain = tmp_path / "lh.pial"
    nibabel.freesurfer.write_geometry(plain, POINTS, TRIANGLES)
    with pytest.raises(ConfigError, match="does not say where its volume lies"):
        surfaces.from_files(plain, plain, space="scanner")
    with pytest.raises(ConfigError, match="space"):
        surfaces.from_files(plain, plain, space="moon")

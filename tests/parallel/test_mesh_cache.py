"""Meshes of files that are kept in the cache: the same, read in slices, made again if damaged."""

import os
import sys

import h5py
import numpy as np
import pytest

from ecs_model.config.tissue import MeshSettings
from ecs_model.meshes import box, meshdata
from ecs_model.run.building import mesh as building
from ecs_model.tissue import mesh_cache
from tests.helpers import launch_program

PROGRAM = """
import numpy as np
from pathlib import Path
from ecs_model.native import MPI
from ecs_model.config.tissue import MeshSettings
from ecs_model.meshes.meshdata import ARRAYS
from ecs_model.run.building.mesh import mesh_slice
from ecs_model.tissue import mesh_cache, mesh_slices
from ecs_model.cache import cache_folder

comm, ranks = MPI.COMM_WORLD, MPI.COMM_WORLD.size
settings = MeshSettings(file="own.vtu", unit="m")
direct = mesh_slice(comm, settings)
assert not comm.allreduce(len([*cache_folder("meshes").glob("file-*")]))  # a small one
comm.barrier()
mesh_cache.LARGE = 10
if "torn" in (kinds := Path("kinds").read_text().split()):
    mesh_slice(comm, settings)
    comm.barrier()
    if comm.rank == 0:
        (kept,) = cache_folder("meshes").glob("file-*.h5")
        content = bytearray(kept.read_bytes())
        place = content.index(np.float64(0.0471e-3).tobytes())  # a coordinate
        content[place : place + 4] = b"torn"
        kept.write_bytes(content)
    comm.barrier()
for _ in range(2):
    kept = mesh_slice(comm, settings)
    assert comm.allreduce(len([*cache_folder("meshes").glob("file-*.h5")])) == ranks
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(kept, name), getattr(direct, name), strict=True)
    for kind in ("node_fields", "cell_fields"):
        one, other = (getattr(mesh, kind) for mesh in (kept, direct))
        assert one.keys() == other.keys() and one
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
    about = [(m.dim, m.regions, m.boundaries, m.fingerprint) for m in (kept, direct)]
    assert about[0] == about[1] and about[0][1]
    comm.barrier()
"""


@pytest.fixture
def folder(tmp_path):
    mesh = box((0.1e-3,) * 3, 25e-6)
    mesh.points[30] = mesh.points[30] + 1e-6
    mesh.points[62, 0] = 0.0471e-3
    mesh.node_fields["depth"] = np.arange(len(mesh.points)) * 1.5
    mesh.cell_fields["kind / of"] = np.arange(len(mesh.cells)) % 7.0
    meshdata.write(mesh, tmp_path / "own.vtu")
    (tmp_path / "kinds").write_text("")
    return tmp_path


def seen(folder, processes):
    environment = {"XDG_CACHE_HOME": str(folder / "cache")}
    program = [sys.executable, "-c", PROGRAM]
    return launch_program(processes, program, cwd=folder, environment=environment)


@pytest.mark.parametrize("processes", [1, 3])
def test_what_is_kept_is_the_mesh(folder, processes):
    done = seen(folder, processes)
    assert done.returncode == 0, done.stderr


def test_a_damaged_one_is_read_anew(folder):
    (folder / "kinds").write_text("torn")
    done = seen(folder, 2)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def small(folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setattr(mesh_cache, "LARGE", 10)
    return folder


def test_rank_0_holds_a_mesh_once(small):
    settings = MeshSettings(file="own.vtu", unit="m")
    assert building.is_held_whole(settings, small)
    mesh_cache.kept_file(small / "own.vtu", "m")
    assert not building.is_held_whole(settings, small)
    assert not building.is_held_whole(MeshSettings(generator="sphere", radius="1 mm", cell="1 mm"))


def test_another_content_or_unit_is_another_mesh(small):
    path = small / "own.vtu"
    kept = mesh_cache.kept_file(path, "m")
    assert mesh_cache.kept_file(path, "m") == kept != mesh_cache.kept_file(path, "mm")
    meshdata.write(box((0.2e-3,) * 3, 25e-6), path)
    assert mesh_cache.kept_file(path, "m") != kept


def test_numbers_beside_an_xdmf_file_count(small):
    mesh = box((0.1e-3,) * 3, 25e-6)
    meshdata.write(mesh, small / "own.xdmf")
    kept = mesh_cache.kept_file(small / "own.xdmf", "m")
    with h5py.File(small / "own.h5", "a") as file:
        file["data0"][0] = -1e-6
    assert mesh_cache.kept_file(small / "own.xdmf", "m") != kept
    os.rename(small / "own.h5", small / "away.h5")
    text = (small / "own.xdmf").read_text().replace("own.h5:", "away.h5:")
    (small / "own.xdmf").write_text(text)
    found = mesh_cache.kept_file(small / "own.xdmf", "m")  # may change unseen: never kept
    assert isinstance(found, meshdata.MeshData) and found.points[0, 0] == -1e-6

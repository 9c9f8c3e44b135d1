"""A mesh that is refined in slices: the same arrays on any number of processes."""

import sys

import pytest

from tests.helpers import launch, launch_program

PROGRAM = """
from ecs_model.native import MPI
from dataclasses import replace
import hashlib
import numpy as np
from ecs_model.meshes import box_grid, interval_grid, meshdata, rectangle_grid, red_refinement
from ecs_model.meshes.meshdata import ARRAYS
from ecs_model.parallel import bounds
from ecs_model.tissue import mesh_slices, refined_slices
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.surface import Surface
from tests.helpers import brick

comm = MPI.COMM_WORLD
for module in (mesh_slices, refined_slices):
    module.CHUNK = 16  # all have something
Mesh.__init__.__globals__["CHUNK"] = 16


def judge(coarse, given, levels):
    here = refined_slices.refined(comm, given, levels)
    fine = red_refinement.refined(coarse, levels)
    digest = hashlib.sha256(b"".join(getattr(fine, name).tobytes() for name in ARRAYS))
    assert here.fingerprint == digest.hexdigest()[:32]
    for name in ARRAYS:
        same(getattr(here, name), getattr(fine, name))
    for kind in ("node_fields", "cell_fields"):
        assert getattr(here, kind).keys() == getattr(fine, kind).keys()
        for name, values in getattr(fine, kind).items():
            same(getattr(here, kind)[name], values)
    assert (here.regions, here.boundaries) == (coarse.regions, coarse.boundaries)
    mesh = Mesh(comm, here)
    assert (mesh.nodes, mesh.cells) == (len(fine.points), len(fine.cells))
    tags = mesh.cell_tags[: mesh.owned_cells]
    for name, tag in mesh.regions.items():
        found = mesh.sum(mesh.cell_volumes[: mesh.owned_cells][tags == tag])
        np.testing.assert_allclose(
            found, meshdata.volumes(coarse)[coarse.cell_tags == tag].sum(), rtol=1e-12
        )
    for tag in mesh.boundaries.values():
        surface = Surface(mesh, tag)
        assert surface.inside(surface.shares()) == 0
        assert surface.count == np.count_nonzero(fine.facet_tags == tag)


def same(mine, whole):
    ends = bounds(len(whole), comm.size, 16)
    np.testing.assert_array_equal(mine, whole[ends[comm.rank] : ends[comm.rank + 1]])
    assert mine.dtype == whole.dtype


for grid in (
    interval_grid(1e-3, 1e-3),  # of one cell
    rectangle_grid((1e-3, 7e-4), 2e-4),
    box_grid((3e-4, 4e-4, 2e-4), 1e-4),
):
    judge(grid.whole(), mesh_slices.of_grid(comm, grid), 2)
for counts in ([5], [4, 3], [3, 2, 2]):
    data = brick(counts, [1e-3] * len(counts), jitter=0.3)
    data = replace(
        data,
        cells=meshdata.orient(data),
        node_fields={"a": data.points[:, 0], "fibres": np.sin(1e4 * data.points)},
        cell_fields={"b": np.arange(len(data.cells))},
    )
    judge(data, mesh_slices.of_root(comm, data if comm.rank == 0 else None), 2)
if comm.rank == 0:
    print("all equal")
"""


@pytest.mark.parametrize("n", [1, 2, 3, pytest.param(8, marks=pytest.mark.slow)])
def test_it_is_what_one_process_makes(n):
    done = launch_program(n, [sys.executable, "-c", PROGRAM])
    assert "all equal" in done.stdout, done.stderr


TEXT = """\
title = "refined"

[mesh]
generator = "slice"
size = ["200 um", "200 um"]
thickness = "100 um"
cell = "100 um"
levels = {levels}

[membrane]
model = "none"

[time]
end = "1 s"
step = "100 ms"

[[boundary]]
on = "top"
exchange = "100 um/s"
outside = "8 mM"
"""


@pytest.mark.parametrize("n", [1, 3])
def test_check_counts_what_is_refined(n, tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(TEXT.format(levels=2))
    done = launch(n, "check", path)
    assert "mesh: 405 nodes, 1536 cells" in done.stdout, done.stdout + done.stderr


def test_too_many_nodes_are_refused_on_all_processes(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(TEXT.format(levels=12))
    done = launch(2, "check", path)
    assert done.returncode == 2
    assert f"{path}:8: mesh.levels: the mesh would have about 1.2e+12 nodes" in done.stderr

"""Meshes that are too large to be whole on one process: told by a sample, refused where written."""

import numpy as np
import pytest

from ecs_model import api
from ecs_model.config.tissue import MeshSettings
from ecs_model.errors import ConfigError
from ecs_model.meshes import box, meshdata, quality, sphere
from ecs_model.run.building import mesh as building

GRID = {"generator": "box", "size": ["1 mm", "0.6 mm", "0.6 mm"], "cell": "50 um"}


@pytest.fixture
def files(tmp_path):
    meshdata.write(sphere(1e-3, 0.2e-3), tmp_path / "ball.vtu")
    return {"file": str(tmp_path / "ball.vtu"), "unit": "m"}


@pytest.mark.parametrize(
    ("kind", "levels", "within"), [("grid", 0, 0.01), ("grid", 1, 0.01), ("file", 1, 0.08)]
)
def test_a_sample_has_edges_as_long_as_the_mesh(files, monkeypatch, kind, levels, within):
    settings = MeshSettings(**(GRID if kind == "grid" else files), levels=levels)
    whole = building.mesh_data(settings)
    monkeypatch.setattr(building, "SAMPLE", len(whole.cells) // 3)
    sample = building.mesh_sample(settings)
    assert len(sample.cells) < 0.6 * len(whole.cells)
    one, other = (np.median(quality.edge_lengths(mesh)) for mesh in (whole, sample))
    assert other == pytest.approx(one, rel=within)


def test_a_small_mesh_is_its_own_sample():
    settings = MeshSettings(**GRID)
    np.testing.assert_array_equal(
        building.mesh_sample(settings).cells, building.mesh_data(settings).cells
    )
    assert quality.some_cells(mesh := box((1e-3,) * 3, 0.5e-3), 100) is mesh


@pytest.mark.parametrize(
    ("levels", "words"),
    [(0, r"mesh\.cell: .*larger cell here"), (2, r"mesh\.levels: .*fewer levels here")],
)
def test_what_one_process_cannot_hold_is_refused_with_what_it_takes(monkeypatch, levels, words):
    monkeypatch.setattr(building, "memory_here", lambda: 1e6)
    with pytest.raises(ConfigError, match=words) as error:
        api.mesh("box", ['size=["1 mm", "1 mm", "1 mm"]', 'cell="50 um"', f"levels={levels}"])
    nodes = 21**3 * 8**levels
    assert f"about {nodes:.1e} nodes" in str(error.value)
    assert f"{nodes * building.WHOLE_BYTES / 2**20:.3g} MiB" in str(error.value) or levels

"""What is written reads back, at any interruption, and is in the order and the units given."""

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.run import field_series
from ecs_model.run.field_series import FieldSeries

RNG = np.random.default_rng(0)
UNITS = {"K_o": "mM", "V": "mV", "J": "umol/m^2/s", "alpha": "1"}


def simplices(dimension, n=12):
    """Random points [m] and cells; the formats do not ask that cells are a proper mesh."""
    return RNG.random((n, dimension)) * 1e-3, RNG.integers(0, n, (2 * n, dimension + 1))


def fields(t, n):
    return {"K_o": 3 + t + np.arange(n) / 7, "J": np.outer(np.arange(n), [1.0, t, np.pi])}


@contextmanager
def small_disk(path, size):
    """A mounted file system of `size` at `path`; skips where mounting is not allowed."""
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True
    )
    if done.returncode:
        pytest.skip("a full disk needs root and mount: " + done.stderr.decode().strip())
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("precision", ["f4", "f8"])
def test_arrays_read_back_as_stored(tmp_path, dimension, precision):
    points, cells = simplices(dimension)
    n, region, alpha = len(points), np.arange(len(cells)) % 3, RNG.random(len(points))
    series = FieldSeries.create(
        tmp_path,
        points,
        cells,
        {"region": region},
        node_data={"alpha": alpha},
        units=UNITS,
        precision=precision,
    )
    for t in (0.0, 0.1, 1 / 3):
        series.write(t, fields(t, n))
    series.close()

    assert field_series.read_times(tmp_path).tolist() == [0.0, 0.1, 1 / 3]
    assert field_series.field_names(tmp_path) == ["J", "K_o"]
    assert field_series.read_units(tmp_path) == UNITS
    for name, expected in fields(1 / 3, n).items():
        found = field_series.read_field(tmp_path, name, -1)
        np.testing.assert_array_equal(found, expected.astype(precision))
    read_points, read_cells, cell_data = field_series.read_mesh(tmp_path)
    np.testing.assert_allclose(read_points[:, :dimension], points * 1e3, rtol=1e-15)
    assert not read_points[:, dimension:].any()
    np.testing.assert_array_equal(read_cells, cells)
    np.testing.assert_array_equal(cell_data["region"], region)
    found = field_series.read_node_data(tmp_path)["alpha"]
    np.testing.assert_array_equal(found, alpha.astype(precision))


def test_a_step_says_the_unit_of_each_field_and_lists_no_others(tmp_path):
    points, cells = simplices(2)
    series = FieldSeries.create(tmp_path, points, cells, units=UNITS)
    series.write(0.0, fields(0.0, len(points)))
    with h5py.File(tmp_path / "fields" / "t000000.h5") as file:
        assert {name: file[name].attrs["unit"] for name in file} == {n: UNITS[n] for n in file}
    with h5py.File(tmp_path / "fields" / "mesh.h5") as file:
        assert dict(file["units"].attrs) == UNITS


def test_cell_fields_are_declared_in_the_index(tmp_path):
    points, cells = simplices(2)
    series = FieldSeries.create(tmp_path, points, cells, cell_fields=["flux"])
    series.write(0.0, {"flux": np.arange(len(cells)), "K_o": np.ones(len(points))})
    tree = ElementTree.parse(tmp_path / "fields.xdmf")
    centres = {a.get("Name"): a.get("Center") for a in tree.iter("Attribute")}
    assert centres == {"flux": "Cell", "K_o": "Node"}


@pytest.mark.parametrize(
    "bad", [{"K_o": np.ones(5)}, {"V": np.ones(12)}, {"K_o": np.ones(12), "V": np.ones(12)}]
)
def test_a_step_that_does_not_fit_is_refused_and_changes_nothing(tmp_path, bad):
    points, cells = simplices(2)
    series = FieldSeries.create(tmp_path, points, cells)
    series.write(0.0, {"K_o": np.ones(12)})
    with pytest.raises(ValueError):
        series.write(1.0, bad)
    with pytest.raises(ValueError):
        series.write(0.0, {"K_o": np.ones(12)})
    series.write(1.0, {"K_o": np.ones(12)})
    assert field_series.read_times(tmp_path).tolist() == [0.0, 1.0]


def test_an_existing_series_is_not_overwritten(tmp_path):
    points, cells = simplices(1)
    FieldSeries.create(tmp_path, points, cells).close()
    with pytest.raises(ConfigError, match="already exists"):
        FieldSeries.create(tmp_path, points, cells)


def test_resume_drops_later_times_and_goes_on_without_gap_or_duplicate(tmp_path):
    points, cells = simplices(3)
    times = np.arange(40) * 0.1
    with_static = {"node_data": {"alpha": RNG.random(12)}, "units": UNITS}
    series = FieldSeries.create(tmp_path, points, cells, **with_static)
    for t in times[:30]:
        series.write(t, fields(-t, 12))
    del series  # as after a kill
    again = FieldSeries.resume(tmp_path, points, cells, until=times[10], **with_static)
    assert not (tmp_path / "fields" / "t000011.h5").exists()
    for t in times[11:]:
        again.write(t, fields(t, 12))
    again.close()

    assert field_series.read_times(tmp_path).tolist() == times.tolist()
    for k, sign in ((10, -1), (11, 1), (39, 1)):
        expected = fields(sign * times[k], 12)["K_o"].astype("f4")
        np.testing.assert_array_equal(field_series.read_field(tmp_path, "K_o", k), expected)


def test_resume_refuses_another_mesh_tissue_or_unit(tmp_path):
    points, cells = simplices(2)
    tissue = {"node_data": {"alpha": np.full(12, 0.2)}, "units": {"K_o": "mM"}}
    FieldSeries.create(tmp_path, points, cells, **tissue).close()
    FieldSeries.resume(tmp_path, points * (1 + 1e-12), cells, until=0.0, **tissue).close()
    with pytest.raises(ConfigError, match="another geometry"):
        FieldSeries.resume(tmp_path, points[::-1], cells, until=0.0, **tissue)
    with pytest.raises(ConfigError, match="another topology"):
        FieldSeries.resume(tmp_path, points, cells[1:], until=0.0, **tissue)
    with pytest.raises(ConfigError, match="another node/alpha"):
        other = tissue | {"node_data": {"alpha": np.full(12, 0.1)}}
        FieldSeries.resume(tmp_path, points, cells, until=0.0, **other)
    with pytest.raises(ConfigError, match="units"):
        FieldSeries.resume(tmp_path, points, cells, until=0.0, **(tissue | {"units": {}}))


WRITE_FOR_EVER = """
import sys, itertools, numpy as np
from ecs_model.run.field_series import FieldSeries
points = np.random.default_rng(0).random((500, 3)); cells = np.arange(2000).reshape(-1, 4) % 500
series = FieldSeries.create(sys.argv[1], points, cells, {"region": np.zeros(500, int)})
print("started", flush=True)
for k in itertools.count():
    series.write(k / 8, {name: np.full(500, k) for name in ("K_o", "V", "h")})
"""


@pytest.mark.parametrize("trial", range(5))
def test_a_killed_run_keeps_every_listed_time(tmp_path, trial):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, tmp_path], stdout=subprocess.PIPE
    )
    writer.stdout.readline()
    time.sleep(0.15 + 0.07 * RNG.random() * trial)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()

    ElementTree.parse(tmp_path / "fields.xdmf")
    times = field_series.read_times(tmp_path)
    assert len(times) > 1
    np.testing.assert_array_equal(times, np.arange(len(times)) / 8)
    for k in range(len(times)):
        assert (field_series.read_field(tmp_path, "V", k) == k).all()


def test_the_index_is_whole_at_every_size(tmp_path):
    """Grids of every length around the memory page, so that both ways to add one are used."""
    points, cells = simplices(1)
    series = FieldSeries.create(tmp_path, points, cells)
    for k in range(30):
        series.write(k / 3, {f"field_{'x' * 40}_{j}": np.ones(12) for j in range(5)})
        grids = ElementTree.parse(tmp_path / "fields.xdmf").findall("Domain/Grid/Grid")
        assert len(grids) == k + 1


def test_a_full_disk_leaves_a_run_that_can_be_continued(tmp_path):
    with small_disk(tmp_path / "disk", "200k") as folder:
        points, cells = simplices(3, 600)
        series = FieldSeries.create(folder, points, cells)
        with pytest.raises(ConfigError, match=r"cannot write .*No space left on device"):
            for k in range(1000):
                series.write(float(k), {"K_o": RNG.random(600)})
        before = field_series.read_times(folder)
        ElementTree.parse(folder / "fields.xdmf")
        assert len(field_series.read_field(folder, "K_o", -1)) == 600
        assert not list(folder.rglob("*.tmp"))

        (folder / "fields" / "t000000.h5").unlink()  # somebody makes room
        series.write(float(len(before)), {"K_o": RNG.random(600)})
        assert len(field_series.read_times(folder)) == len(before) + 1
        series.close()


def test_maps_read_back_with_units_and_nan(tmp_path):
    (tmp_path / "fields").mkdir()
    maps = {"arrival_K_o": np.array([0.0, 1 / 3, np.nan]), "max_K_o": np.array([3.0, 50.0, 4.0])}
    units = {"arrival_K_o": "s", "max_K_o": "mM"}
    field_series.write_maps(tmp_path, maps, units)
    found, found_units = field_series.read_maps(tmp_path)
    assert found_units == units
    for name, expected in maps.items():
        np.testing.assert_array_equal(found[name], expected)


def test_missing_and_broken_files_are_one_sentence(tmp_path):
    points, cells = simplices(2)
    with pytest.raises(ConfigError, match="cannot read"):
        field_series.read_times(tmp_path)
    FieldSeries.create(tmp_path, points, cells).write(0.0, {"K_o": np.ones(12)})
    with pytest.raises(ConfigError, match=r"cannot read .*t000000.h5"):
        field_series.read_field(tmp_path, "V", 0)
    with pytest.raises(ConfigError, match="cannot read"):
        field_series.read_field(tmp_path, "K_o", 7)
    path = tmp_path / "fields" / "t000000.h5"
    path.rename(path.with_suffix(".old"))
    with pytest.raises(ConfigError, match=r"t000000.h5: No such file or directory; the run is not"):
        field_series.read_field(tmp_path, "K_o", 0)
    path.mkdir()
    with pytest.raises(ConfigError, match=r"t000000.h5: Is a directory; the run is not complete"):
        field_series.read_field(tmp_path, "K_o", 0)
    path.rmdir()
    path.write_bytes(b"not HDF5")
    with pytest.raises(ConfigError, match="cannot read"):
        field_series.read_field(tmp_path, "K_o", 0)


def test_ranges_are_read_in_chunks_and_skip_what_is_not_finite(tmp_path, monkeypatch):
    points, cells = simplices(2)
    series = FieldSeries.create(tmp_path, points, cells, units=UNITS, precision="f8")
    values = np.linspace(-1, 1, len(points))
    values[[0, -1]] = np.nan, np.inf
    series.write(0.0, {"K_o": values, "V": np.full(len(points), np.nan)})
    series.close()
    monkeypatch.setattr("ecs_model.run.field_files.CHUNK", 5)
    assert field_series.read_range(tmp_path, "K_o", 0) == (values[1], values[-2])
    assert np.isnan(field_series.read_range(tmp_path, "V", 0)).all()
    low, high, corners = field_series.read_box(tmp_path)
    np.testing.assert_allclose(low[:2], points.min(axis=0) * 1e3, rtol=1e-12)
    np.testing.assert_allclose(high[:2], points.max(axis=0) * 1e3, rtol=1e-12)
    assert corners == 3
    assert field_series.count_nodes(tmp_path) == len(points)


@pytest.mark.parametrize("gone", ["geometry", "topology"])
def test_a_file_without_its_mesh_is_named(tmp_path, gone):
    FieldSeries.create(tmp_path, *simplices(1), units=UNITS).close()
    with h5py.File(tmp_path / "fields" / "mesh.h5", "r+") as file:
        del file[gone]
    with pytest.raises(ConfigError, match=r"cannot read .*mesh\.h5"):
        field_series.read_box(tmp_path)


FULL = """
from pathlib import Path
import numpy as np, pytest
from ecs_model.errors import ConfigError
from ecs_model.parallel import Alone
from ecs_model.run import field_files
from tests.helpers import room_for

values = np.random.default_rng(0).random(5000).astype("f4")
with room_for(20_000), pytest.raises(ConfigError, match="cannot write .*full.h5") as kept:
    field_files.write(Alone(), Path("full.h5"), dict.fromkeys("abc", values), {})
print([*map(str, Path().iterdir())])
"""


def test_a_program_that_met_a_full_disk_comes_to_its_end(tmp_path):
    path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", FULL],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr

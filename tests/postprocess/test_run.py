"""A run directory, opened in one call: numbers, tables, fields, grids, and how it is shown."""

import pickle
import sys

import numpy as np
import pytest
import xarray as xr

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.run import field_series
from ecs_model.run.rundir import RunDir
from tests.helpers import launch_program, run_here, summary
from tests.robust.cases import BASE

TIMES = [0.0, 20.0, 40.0]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opened") / "run"
    return run_here(BASE, folder, "output.every=0.1 s", 'title=a <b> & "c"')


def test_an_opened_run_says_what_it_is(made):
    run, found = api.open_run(made.path), summary(made)
    assert run.is_finished and run.summary["max_K_o"] == found["max_K_o"]
    for said in (repr(run), run._repr_html_()):
        for words in ("nagumo", "15 nodes", "no (margin", "Recruited", "5 times to 0.4 s"):
            assert words in said
    assert 'a <b> & "c"' in repr(run) and "a &lt;b&gt; &amp; " in run._repr_html_()
    assert run.config["membrane"]["model"] == "nagumo" and run.lines == ["axis"]


def test_the_series_is_a_frame_with_units(made):
    run = api.open_run(made.path)
    frame = run.series
    assert frame.index.name == "t" and len(frame) > 3
    assert frame.attrs["units"]["K_o@p"] == "mM" and frame.attrs["units"]["t"] == "s"
    assert frame["max_K_o"].iloc[-1] == pytest.approx(float(run.fields.K_o[-1].max()), rel=1e-6)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_fields_are_those_that_were_written(run_of, dimension):
    run = run_of(dimension, TIMES)
    data = api.open_run(run.path).fields
    assert data.sizes["time"] == 3 and data.sizes["node"] == len(run.points)
    assert data.K_o.attrs["units"] == "mM" and data.x.attrs["units"] == "mm"
    np.testing.assert_allclose(data.x, run.points[:, 0] * 1e3, rtol=1e-12)
    for k, t in enumerate(TIMES):
        expected = run.laws["K_o"](run.points, t).astype("f4")
        np.testing.assert_array_equal(data.K_o.sel(time=t), expected)
        np.testing.assert_array_equal(data.K_o[k], expected)
    np.testing.assert_array_equal(data.cells, run.cells)
    assert {"arrival_K_o", "max_K_o", "alpha"} <= {*data} and data.region.dims == ("cell",)


def test_any_part_of_a_field_can_be_taken(run_of):
    run = run_of(2, TIMES)
    lazy = api.open_run(run.path).fields.V
    whole = lazy.load().copy(deep=True).values
    for key in np.s_[0], np.s_[-1, 3:9], np.s_[::2, [5, 0]], np.s_[[2, 1]], np.s_[:, 7], np.s_[0:0]:
        np.testing.assert_array_equal(api.open_run(run.path).fields.V[key], whole[key])


def test_only_times_that_are_used_are_read(run_of):
    run = run_of(2, TIMES)
    data = api.open_run(run.path).fields
    for index in (0, 1):
        (run.path / field_series.FOLDER / f"t{index:06d}.h5").unlink()
    assert float(data.K_o.isel(time=-1).max()) > 50
    with pytest.raises(ConfigError, match=r"cannot read .*t000000.h5"):
        data.K_o.max().load()


def test_fields_survive_a_file_and_a_pickle(run_of, tmp_path):
    data = api.open_run(run_of(1, TIMES).path).fields
    data.to_netcdf(tmp_path / "fields.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "fields.nc", engine="h5netcdf") as back:
        xr.testing.assert_equal(back.K_o, data.K_o)
    xr.testing.assert_equal(pickle.loads(pickle.dumps(data)), data)


def test_grids_are_a_sequence_over_time(run_of):
    run = run_of(3, TIMES)
    grids = api.open_run(run.path).pyvista()
    assert len(grids) == 3 and [*grids.times] == TIMES and "3 grids" in repr(grids)
    for grid, t in zip(grids, TIMES, strict=True):
        np.testing.assert_allclose(grid["K_o"], run.laws["K_o"](run.points, t), rtol=1e-6)
    assert grids.at(19.0)["time"][0] == 20.0 and len(grids[1:]) == 2
    assert {"region"} <= {*grids[-1].cell_data} and grids[0].n_cells == len(run.cells)
    with pytest.raises(IndexError):
        grids[3]


def test_lines_are_datasets(made):
    run = api.open_run(made.path)
    data = run.line()
    assert data.K_o.dims == ("time", "position") and data.position.attrs["units"] == "mm"
    xr.testing.assert_identical(data, run.line("axis"))
    with pytest.raises(ConfigError, match="has no line 'other'; it has axis"):
        run.line("other")


def test_what_cannot_be_opened_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="holds no run"):
        api.open_run(tmp_path)
    run = RunDir(tmp_path)
    run.run_json.write_text("{}")
    opened = api.open_run(tmp_path)
    assert "not at its end" in repr(opened)
    for ask in (lambda: opened.series, lambda: opened.fields, opened.pyvista, opened.line):
        with pytest.raises(ConfigError):
            ask()
    run.resolved.write_text("[tissue")
    with pytest.raises(ConfigError, match=r"config.resolved.toml is broken"):
        api.open_run(tmp_path)


SHOWN = """
from ecs_model import api
simulation = api.simulation("run.toml")
simulation.step()
if simulation.diffusion.operators.mesh.comm.rank == 0:
    print(simulation)
"""


def test_a_simulation_says_what_it_is(tmp_path):
    (tmp_path / "run.toml").write_text(BASE)
    (tmp_path / "shown.py").write_text(SHOWN)
    done = launch_program(2, [sys.executable, "shown.py"], cwd=tmp_path)
    words = "15 nodes, 16 cells, 2 processes; membrane nagumo; K in motion; t = 0.0025 of 0.4 s"
    assert words in done.stdout, done.stderr

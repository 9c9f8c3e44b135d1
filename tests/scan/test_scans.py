"""Scans of small fronts: what a point is, going on, failing, adapting, sampling, keeping runs."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecs_model.errors import ConfigError
from ecs_model.scan.status import status
from ecs_model.scan.store import Store
from tests.helpers import run_here, summary
from tests.scan.scans import FRONT, scan, table

GRID = f"""{FRONT}
[[axis]]
key = "tortuosity"
values = [1.4, 1.8]
[[axis]]
key = "tissue.regions.start.initial.K_o"
low = 10
high = 40
count = 2
"""
BORDER = f"""{FRONT}
[[axis]]
key = "tissue.regions.start.box.high.0"
low = "10 um"
high = "80 um"
[[axis]]
key = "tissue.regions.start.initial.K_o"
low = 10
high = 40
[adaptive]
runs = 24
wave = 4
"""
ABOUT_THE_MACHINE = ("seconds", "peak_memory_bytes")


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid") / "scan"
    code, _ = scan(folder, GRID)
    assert code == 0
    return folder


def run_of(text):
    """The configuration of the run in a scan, as a file of its own."""
    return text.partition("[[axis]]")[0].replace("[run.", "[").replace("[[run.", "[[")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_point_has_the_summary_of_its_run(tmp_path, grid, processes):
    _, found = scan(tmp_path / "scan", GRID, f"engine.processes={processes}")
    alone = run_here(
        run_of(GRID),
        tmp_path / "run",
        "tissue.tortuosity=1.8",
        "tissue.regions.start.initial.K_o=40.0",
    )
    expected = summary(alone)
    path = tmp_path / "scan/points" / found["id"].iloc[-1] / "summary.json"
    point = json.loads(path.read_text())
    assert point.pop("decided") is None
    assert point["processes"] == processes
    if processes == 1:
        for content in (point, expected):
            for name in ABOUT_THE_MACHINE:
                del content[name]
        assert point == expected
    assert point["ignited"] == pytest.approx(expected["ignited"], rel=1e-9)


def test_table_and_cube_agree(grid):
    found, cube = table(grid), xr.load_dataset(grid / "cube.nc")
    assert cube["max_K_o"].dims == ("tortuosity", "tissue.regions.start.initial.K_o")
    assert np.array_equal(cube["max_K_o"].values.ravel(), found["max_K_o"])
    assert list(found["ignited.verdict"]) == [False, True] * 2
    assert pd.read_csv(grid / "table.csv")["max_K_o"].tolist() == found["max_K_o"].tolist()


def test_the_same_command_repeats_nothing(grid):
    before = {p: p.stat().st_mtime_ns for p in grid.glob("points/*/*.json")}
    code, _ = scan(grid, GRID)
    assert code == 0
    assert {p: p.stat().st_mtime_ns for p in grid.glob("points/*/*.json")} == before


def test_two_drivers_do_not_share_a_scan(grid):
    with Store(grid).driven(True), pytest.raises(ConfigError, match="another ecs-model scan"):
        scan(grid, GRID)


def test_another_scan_is_kept_out(grid):
    before = {p: p.read_bytes() for p in grid.rglob("*") if p.is_file()}
    for text, words in (
        (GRID.replace('"0.3 mm"', '"0.2 mm"', 1), "another run, threshold or stop"),
        (GRID.replace("1.4", "1.5"), "another choice of points"),
    ):
        with pytest.raises(ConfigError, match=words):
            scan(grid, text)
    assert {p: p.read_bytes() for p in grid.rglob("*") if p.is_file()} == before


def test_a_scan_can_be_extended(tmp_path):
    small = GRID.replace("[1.4, 1.8]", "[1.4]")
    scan(tmp_path / "scan", small)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "scan").glob("points/*/summary.json")}
    code, found = scan(tmp_path / "scan", GRID, extend=True)
    assert (code, len(found)) == (0, 4)
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_a_failing_point_says_why_and_stops_no_other(tmp_path):
    text = GRID.replace(
        'key = "tortuosity"\nvalues = [1.4, 1.8]',
        """
key = "tissue.regions.start.box.low.0"
values = ["-1 um", "2 mm"]""",
    )
    code, found = scan(tmp_path / "scan", text)
    assert code == 1
    assert list(found["run"]) == ["finished"] * 2 + ["failed"] * 2
    assert "region 'start' holds no cell" in found["reason"].iloc[-1]
    lines = list(status(tmp_path / "scan"))
    assert lines[1] == "2 finished, 0 running, 0 waiting, 2 failed"
    assert "holds no cell" in lines[2]


def test_a_point_that_kills_its_worker_twice_has_failed(tmp_path):
    good = "from ecs_model.membrane.models.nagumo import model\n"
    (tmp_path / "good.py").write_text(good)
    deadly = (
        good + "import os, sys\nif 'ecs_model.scan.worker' in sys.orig_argv:\n    os._exit(9)\n"
    )
    (tmp_path / "deadly.py").write_text(deadly)
    run = FRONT.replace('model = "nagumo"', 'file = "good.py"')
    text = run + '[[axis]]\nkey = "membrane.file"\nvalues = ["deadly.py", "good.py"]\n'
    code, found = scan(tmp_path / "scan", text, "engine.workers=1")
    assert (code, list(found["run"])) == (1, ["failed", "finished"])
    assert "died 2 times (exit code 9" in found["reason"][0]
    (tmp_path / "deadly.py").write_text(good)
    assert scan(tmp_path / "scan", text)[0] == 1  # what failed is not tried again by itself
    code, found = scan(tmp_path / "scan", text, retry=True)
    assert (code, list(found["run"])) == (0, ["finished"] * 2)


def test_adaptive_finds_the_border_and_goes_on(tmp_path):
    code, found = scan(tmp_path / "scan", BORDER)
    assert (code, len(found)) == (0, 24)
    report = json.loads((tmp_path / "scan/report.json").read_text())["border"]
    assert 0 < report["misclassified"] < report["uncertain"] < 0.4
    code, more = scan(tmp_path / "scan", BORDER, "adaptive.runs=32")
    assert code == 0
    pd.testing.assert_frame_equal(more.iloc[:24], found, check_exact=True, check_dtype=False)
    at_once = scan(tmp_path / "at_once", BORDER, "adaptive.runs=32")[1]
    pd.testing.assert_frame_equal(more, at_once, check_exact=True)


def test_a_saltelli_design_gives_indices(tmp_path):
    text = f"""outcomes = ["fronts.way.speed_mm_per_min"]
{FRONT}
[[axis]]
key = "tortuosity"
low = 1.2
high = 2.0
[[axis]]
key = "membrane.parameters.A"
low = 5e-3
high = 6e-3
[design]
kind = "saltelli"
samples = 16
"""
    code, found = scan(tmp_path / "scan", text)
    assert (code, len(found)) == (0, 64)
    sobol = json.loads((tmp_path / "scan/report.json").read_text())["sobol"]
    speed = sobol["fronts.way.speed_mm_per_min"]["parameters"]  # sqrt(A) / lambda
    assert speed["tortuosity"]["ST"] > 0.8 > 0.3 > speed["membrane.parameters.A"]["ST"]
    assert speed["tortuosity"]["ST_conf"] > 0


def test_whole_runs_can_be_kept(tmp_path):
    code, found = scan(tmp_path / "scan", GRID.replace("[1.4, 1.8]", "[1.4]"), 'keep="run"')
    assert code == 0
    for name in found["id"]:
        assert (tmp_path / "scan/points" / name / "run/fields.xdmf").is_file()
    light = scan(tmp_path / "light", GRID.replace("[1.4, 1.8]", "[1.4]"))[1]
    assert list(found["ignited.margin"]) == list(light["ignited.margin"])


def test_runs_that_are_decided_end_early(tmp_path):
    stop = '[stop]\nverdict = "ignited"\nsettled = "1 s"\n'
    _, found = scan(tmp_path / "early", GRID + stop)
    _, full = scan(tmp_path / "full", GRID)
    assert set(found["decided"]) == {"ignited", "settled"}
    assert (found["time"] < full["time"]).all()
    assert list(found["ignited.margin"]) == pytest.approx(list(full["ignited.margin"]), rel=1e-9)
    _, found = scan(
        tmp_path / "through", GRID.replace("6 s", "12 s") + '[stop]\nverdict = "everywhere"\n'
    )
    _, full = scan(tmp_path / "longer", GRID.replace("6 s", "12 s"))
    went = found["decided"] == "everywhere"
    assert list(went) == [False, True] * 2
    assert (found["time"] < full["time"])[went].all()
    speed = "fronts.way.speed_mm_per_min"
    assert list(found[speed][went]) == pytest.approx(list(full[speed][went]), rel=1e-9)

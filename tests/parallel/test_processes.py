"""The answer does not depend on the number of processes."""

import json
import sys
from pathlib import Path

import pytest

from ecs_model.run.field_series import read_maps
from tests.helpers import launch_program
from tests.parallel.runs import CONFIG, FIXED, close, settings

DRIVE = str(Path(__file__).parents[1] / "robust" / "drive.py")
WAYS = {"fixed": FIXED, "adaptive": (), "explicit": (*FIXED, "solver.scheme=rkl2")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Run directories by way and number of processes."""
    folder = tmp_path_factory.mktemp("processes")
    (folder / "run.toml").write_text(CONFIG)
    for n in (1, 2, 3):
        (folder / f"{n}.json").write_text(json.dumps([job(folder, way, n) for way in WAYS]))
        program = [sys.executable, DRIVE, str(folder / f"{n}.json"), str(folder / f"notes{n}")]
        done = launch_program(n, program)
        notes = json.loads((folder / f"notes{n}.0").read_text())
        assert [note["code"] for note in notes] == [0] * len(WAYS), (notes, done.stderr)
    return {(way, n): folder / f"{way}{n}" for way in WAYS for n in (1, 2, 3)}


def job(folder, way, n):
    arguments = ["run", "run.toml", "-o", f"{way}{n}", "--quiet", *settings(*WAYS[way])]
    return {"name": way, "folder": str(folder), "environment": {}, "arguments": arguments}


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("way", ["fixed", "explicit"])
def test_equal_steps_give_equal_fields(runs, way, n):
    close(runs[way, 1], runs[way, n], rtol=1e-9)


@pytest.mark.parametrize("n", [2, 3])
def test_adaptive_steps_agree_within_their_tolerance(runs, n):
    """0.05 mM is asked for; which nodes share a sub-step differs."""
    one, other = (read_maps(runs["adaptive", k])[0]["max_K_o"] for k in (1, n))
    assert abs(one - other).max() < 0.05


@pytest.mark.parametrize("way", WAYS)
def test_verdicts_mesh_and_balance_are_the_same(runs, way):
    summaries = [json.loads((runs[way, n] / "summary.json").read_text()) for n in (1, 2, 3)]
    marks = [json.loads((runs[way, n] / "run.json").read_text())["mesh"] for n in (1, 2, 3)]
    assert marks[0] == marks[1] == marks[2]
    for what in ("sd", "load"):
        assert len({s[what]["verdict"] for s in summaries}) == 1
    for s in summaries:
        assert abs(s["balance"]["relative_error"]) < 1e-12

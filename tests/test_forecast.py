"""`ecs-model estimate`: its law, and what a run then takes."""

import math
import tempfile

import pytest

from ecs_model import api
from ecs_model.cli import main
from ecs_model.run.cost_model import TRAFFIC, Forecast, Writing, duration, size, waiting
from tests.helpers import launch, run_here, summary
from tests.robust.cases import BASE
from tests.test_profiling import BOUND

FRONT = """
[mesh]
generator = "rectangle"
size = ["1 mm", "0.5 mm"]
cell = "12 um"
[[tissue.regions]]
name = "start"
box = { low = ["-1 um", "-1 um"], high = ["0.2 mm", "1 mm"] }
initial = { K_o = "30 mM" }
[membrane]
model = "nagumo"
[[probe]]
name = "middle"
at = ["0.5 mm", "0.2 mm"]
[time]
end = "16 s"
step = "10 ms"
tolerance = "0.1 mM"
[checkpoint]
every = "4 s"
"""


def some_forecast(**changed):
    known = {
        "nodes": 10**6,
        "cells": 6 * 10**6,
        "dimension": 3,
        "mode": ("K+ alone", False),
        "processes": 1,
        "end": 10.0,
        "reached": 1.0,
        "adaptive": True,
        "taken": [0.1] * 10,
        "setup": 5.0,
        "step": 0.364,
        "idle": 1e8,
        "memory": 2.1e9,
        "still": 1e6,
        "writings": [Writing("fields", 21, 0.1, 1e5, 4e6, 21)],
        "checkpoint": Writing("checkpoint", 4, 0.2, 8e6, 8e6, 2),
        "wall": None,
    }
    return Forecast(**known | changed)


@pytest.mark.parametrize(
    ("mode", "cost", "nodes", "processes", "efficiency"),
    [
        (("K+ alone", False), 364e-9, 1e6, 64, 0.93),
        (("K+ alone", False), 364e-9, 1e6, 1024, 0.42),
        (("three ions", False), 543e-9, 1e6, 64, 0.87),
        (("electrodiffusion", False), 1660e-9, 1e6, 1024, 0.21),
        (("electrodiffusion", True), 2195e-9, 1e8, 1024, 0.95),
    ],
)
def test_the_law_gives_the_table_of_the_documentation(mode, cost, nodes, processes, efficiency):
    found = some_forecast(mode=mode, step=cost * nodes, nodes=int(nodes)).efficiency(processes)
    assert found == pytest.approx(efficiency, abs=0.006)
    assert waiting(TRAFFIC[mode], nodes, 1) == 0.0


def test_a_projection_from_many_processes_is_that_from_one():
    alone = some_forecast()
    many = some_forecast(processes=64, step=alone.step_on(64), memory=alone.memory_on(64))
    for number in (1, 16, 64, 512):
        assert many.step_on(number) == pytest.approx(alone.step_on(number), rel=1e-12)
        assert many.memory_on(number) == pytest.approx(alone.memory_on(number), rel=1e-12)


def test_seconds_and_bytes_are_sums_of_what_was_measured():
    found = some_forecast()
    assert found.steps == pytest.approx((100, 100, 100))
    assert found.seconds().likely == pytest.approx(5 + 100 * 0.364 + 21 * 0.1 + 4 * 0.2)
    assert found.bytes() == pytest.approx((1e6 + 2 * 8e6 + 21e5, 1e6 + 2 * 8e6 + 84e6))
    assert some_forecast(wall=10.0).seconds().likely > found.seconds().likely
    growing = some_forecast(taken=[0.01] * 10 + [0.1] * 9 + [0.2] * 1, reached=1.2).steps
    assert growing.least <= growing.likely <= growing.most == pytest.approx(20 + 8.8 / 0.01)


def test_lengths_of_time_and_sizes_are_words():
    assert [duration(s) for s in (0.5, 89, 90, 7200, 2e6)] == [
        "0.5 s",
        "89 s",
        "1.5 min",
        "2 h",
        "23.1 d",
    ]
    assert [size(b) for b in (12, 2048, 3 * 2**20, 5 * 2**30)] == [
        "12 B",
        "2 KiB",
        "3 MiB",
        "5 GiB",
    ]


def test_a_run_takes_what_was_estimated(tmp_path):
    """Within a factor of two in time, on a machine that others use too: the best of three."""
    (tmp_path / "run.toml").write_text(FRONT)
    factors = []
    while not factors or (len(factors) < 3 and min(factors) > 2):
        found = api.estimate(tmp_path / "run.toml", seconds=0.6)
        run = run_here(FRONT, tmp_path / "out")
        said = summary(run)
        factors.append(_factor(found.seconds().likely, sum(said["seconds"].values())))
    assert found.reached < found.end and min(factors) < 2
    assert _factor(found.steps.likely, said["steps"]) < 2
    files = [p for p in run.path.rglob("*") if p.is_file()]
    low, high = found.bytes()
    assert 0.9 * low < sum(p.stat().st_size for p in files) < 1.03 * high
    newest = max(run.checkpoints.iterdir())
    assert newest.stat().st_size == pytest.approx(found.checkpoint.bytes, rel=0.03)
    tables = found.writings[1]
    assert tables.times * tables.bytes == pytest.approx(run.series.stat().st_size, rel=0.15)
    assert found.memory == pytest.approx(said["peak_memory_bytes"], rel=0.3)


def _factor(a, b):
    return math.exp(abs(math.log(a / b)))


@pytest.mark.parametrize(
    "processes", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))]
)
def test_the_command_says_it_once_and_leaves_nothing(processes, tmp_path):
    (tmp_path / "run.toml").write_text(BOUND)
    (tmp_path / "tmp").mkdir()
    more = ("--seconds", "0.2", "-n", "4", "-n", "64")
    done = launch(
        processes,
        "estimate",
        "run.toml",
        *more,
        cwd=tmp_path,
        environment={"TMPDIR": str(tmp_path / "tmp")},
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.count("mesh: 41 nodes, 40 cells") == 1
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith("%")]
    assert [row[0] for row in rows] == ["4", "64"]
    assert f"on {processes} process" in done.stdout and "a checkpoint:" in done.stdout
    assert {p.name for p in tmp_path.iterdir()} == {"run.toml", "tmp"}
    assert not [*(tmp_path / "tmp").iterdir()]


WRONG = {
    "unknown setting": (("estimate", "wrong.toml"), "did you mean"),
    "no processes": (("estimate", "run.toml", "-n", "0"), "1 or more"),
    "no file": (("estimate", "no.toml"), "no.toml"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_estimated_is_one_sentence(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "run.toml").write_text(BASE)
    (tmp_path / "wrong.toml").write_text(BASE.replace("alpha = 0.2", "alhpa = 0.2"))
    arguments, words = WRONG[name]
    assert main([*arguments]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("error:") == 1

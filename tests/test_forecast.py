"""`ecs-model estimate`: its law, and what a run then takes."""

import json
import math
import sys
import tempfile

import numpy as np
import pytest

from ecs_model import api
from ecs_model.cli import main
from ecs_model.run.cost_model import TRAFFIC, Forecast, Writing, waiting
from ecs_model.run.footprint import Footprint
from ecs_model.run.words import duration, size
from tests.helpers import launch, launch_program, run_here, summary
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
        "memory": Footprint(2.1e9, 2.1e9, 2.1e9, 8e9, 8),
        "reading": 0.0,
        "still": 1e6,
        "files": 11,
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
    each = alone.memory_on(64)
    memory = Footprint(each, each, 64 * each, 8e9, 8)
    many = some_forecast(processes=64, step=alone.step_on(64), memory=memory)
    for number in (1, 16, 64, 512):
        assert many.step_on(number) == pytest.approx(alone.step_on(number), rel=1e-12)
        assert many.memory_on(number) == pytest.approx(alone.memory_on(number), rel=1e-12)


def test_memory_is_that_of_rank_0_of_the_others_and_of_a_machine():
    alone = some_forecast(reading=9e8)
    assert alone.root_on(1) == alone.memory_on(1) == alone.machine_on(1) == 2.1e9
    here = alone.memory_on(4) - 1e8 - 20 * 2**20
    halo = 6 * 250_000 ** (2 / 3) / 250_000  # a twelfth of the nodes of a process
    assert here == pytest.approx((2e9 - 20 * 2**20) / 4 * (1 + halo))
    assert alone.root_on(64) == 9e8 > alone.memory_on(64)  # which holds the mesh for a while
    assert alone.machine_on(64) == pytest.approx(9e8 + 7 * alone.memory_on(64))
    assert some_forecast().root_on(64) == some_forecast().memory_on(64)
    words = str(Footprint(3 * 2**20, 2 * 2**20, 7 * 2**20, 2**30, 2))
    assert (
        words
        == "3 MiB on rank 0, at most 2 MiB on each other process; 7 MiB of the 1 GiB of a machine"
    )
    assert str(alone.memory) == "1.96 GiB on rank 0; 1.96 GiB of the 7.45 GiB of a machine"


def test_seconds_and_bytes_are_sums_of_what_was_measured():
    found = some_forecast()
    assert found.steps == pytest.approx((100, 100, 100))
    assert found.seconds().likely == pytest.approx(5 + 100 * 0.364 + 21 * 0.1 + 4 * 0.2)
    assert found.bytes() == pytest.approx((1e6 + 2 * 8e6 + 21e5, 1e6 + 2 * 8e6 + 84e6))
    assert found.all_files == 11 + 21 + 2
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
        found = api.estimate(tmp_path / "run.toml", seconds=0.15)
        run = run_here(FRONT, tmp_path / "out")
        said = summary(run)
        factors.append(_factor(found.seconds().likely, sum(said["seconds"].values())))
    assert found.reached < found.end and min(factors) < 2
    assert _factor(found.steps.likely, said["steps"]) < 2
    files = [p for p in run.path.rglob("*") if p.is_file()]
    low, high = found.bytes()
    assert len(files) == found.all_files
    assert 0.9 * low < sum(p.stat().st_size for p in files) < 1.03 * high
    newest = max(run.checkpoints.iterdir())
    assert newest.stat().st_size == pytest.approx(found.checkpoint.bytes, rel=0.03)
    tables = found.writings[1]
    assert tables.times * tables.bytes == pytest.approx(run.series.stat().st_size, rel=0.15)
    assert found.memory.root == pytest.approx(said["peak_memory_bytes"], rel=0.25)


@pytest.mark.slow
def test_time_and_disk_of_equal_steps_are_right_within_a_quarter(tmp_path):
    """Where steps stay as they are; a checkpoint comes at the end, also where none is asked for."""
    (tmp_path / "run.toml").write_text(text := BOX.replace('end = "0.5 s"', 'end = "4 s"'))
    run_here(text, tmp_path / "warm")
    factors = []
    while not factors or (len(factors) < 3 and min(factors) > 1.25):
        found = api.estimate(tmp_path / "run.toml", seconds=1.0)
        run = run_here(text, tmp_path / "out")
        factors.append(_factor(found.seconds().likely, sum(summary(run)["seconds"].values())))
    assert min(factors) < 1.25
    files = [p for p in run.path.rglob("*") if p.is_file()]
    assert len(files) == found.all_files
    assert sum(p.stat().st_size for p in files) == pytest.approx(found.bytes()[0], rel=0.1)


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


BOX = """
[mesh]
generator = "box"
size = ["400 um", "400 um", "400 um"]
cell = "10 um"
[membrane]
model = "pump_leak"
[time]
end = "0.5 s"
step = "50 ms"
adaptive = false
[output]
every = "0.5 s"
series = "0.5 s"
"""
PEAKS = """
import json, resource, sys
from ecs_model.parallel import start
comm = start()
from ecs_model.run import cost_trial, runner
from ecs_model.run.footprint import footprint
idle = footprint(comm)
if len(sys.argv) == 2:
    found = cost_trial.rehearse(sys.argv[1], comm, seconds=0.5)
    said = [[found.root_on(n), found.memory_on(n)] for n in (1, 2, 4)]
else:
    runner.run(*sys.argv[1:], comm, quiet=True)
    needed = footprint(comm)
    said = [needed.root, needed.others]
if comm.rank == 0:
    print(json.dumps([max(idle.root, idle.others), said]))
"""


def _peaks(processes, *arguments):
    program = [sys.executable, "-c", PEAKS, *map(str, arguments)]
    done = launch_program(processes, program)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_memory_of_other_numbers_of_processes_is_right_within_a_quarter(tmp_path):
    """Beyond what there is before the run: of rank 0, of the others, from one number to another."""
    path = tmp_path / "run.toml"
    path.write_text(BOX)
    runs = {n: _peaks(n, path, tmp_path / f"out{n}") for n in (1, 2, 4)}  # now it is compiled
    for begun in (1, 4):
        for numbers, (n, (idle, needed)) in zip(_peaks(begun, path)[1], runs.items(), strict=True):
            ours, theirs = np.array(numbers) - idle, np.array(needed) - idle
            np.testing.assert_allclose(ours, theirs, rtol=0.25, err_msg=f"{n} from {begun}")


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

"""A run that is stopped, or killed, and continued gives what it would have given at once."""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model import runs
from ecs_model.run.checkpoint import newest
from ecs_model.run.field_series import read_field, read_times
from ecs_model.run.tables import read_series
from tests.helpers import launch
from tests.parallel.runs import (
    CONFIG,
    END,
    EVERY,
    FIXED,
    LONG,
    begin,
    close,
    finish,
    kill,
    same_bytes,
    settings,
    wait_for,
)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("restart") / "run.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def whole(config):
    """A function: the run on some processes that nobody interrupted."""
    made = {}

    def make(processes, fixed=False, end=END):
        out = config.parent / f"whole{processes}{fixed}{end}"
        if out not in made:
            options = settings(*LONG, f"time.end={end} s", *(FIXED if fixed else ()))
            done = launch(processes, "run", config, "-o", out, "--quiet", *options)
            assert done.returncode == 0, done.stderr
            made[out] = out
        return made[out]

    return make


def interrupted(config, out, processes, number, fixed=False):
    """A run that a signal to its launcher stopped somewhere; its exit code and words."""
    options = settings(*LONG, *(FIXED if fixed else ()))
    process = begin(processes, "run", config, "-o", out, *options)
    wait_for(out, "fields/t*.h5", random.randint(4, 12), process)
    process.send_signal(number)
    return finish(process)


def ended(out):
    return json.loads((out / "run.json").read_text())["ended"]


@pytest.mark.parametrize(
    ("processes", "number"),
    [
        pytest.param(1, signal.SIGINT, marks=pytest.mark.slow),
        (2, signal.SIGTERM),
        pytest.param(2, signal.SIGUSR1, marks=pytest.mark.slow),
    ],
)
def test_a_signal_stops_and_resume_is_exact(config, whole, tmp_path, processes, number):
    out = tmp_path / "out"
    code, said = interrupted(config, out, processes, number)
    assert code == 75, said
    assert f"continue with: ecs-model resume {out}" in said and "Traceback" not in said
    assert ended(out) == "stopped"
    assert 0 < read_times(out)[-1] < END
    done = launch(processes, "resume", out, "--quiet")
    assert done.returncode == 0, done.stderr
    assert ended(out) == "finished"
    same_bytes(out, whole(processes))


@pytest.mark.parametrize("then", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_resume_on_another_number_of_processes(config, whole, tmp_path, then):
    out = tmp_path / "out"
    assert interrupted(config, out, 2, signal.SIGTERM, fixed=True)[0] == 75
    assert launch(then, "resume", out, "--quiet").returncode == 0
    close(out, whole(2, fixed=True), rtol=1e-9)
    assert json.loads((out / "summary.json").read_text())["balance"]["relative_error"] < 1e-12


@pytest.mark.slow
def test_a_job_at_the_end_of_its_time_is_queued_again_and_goes_on(config, whole, tmp_path, cluster):
    script, out = Path(runs.__file__).with_name("cluster") / "slurm.sh", tmp_path / "out"
    (tmp_path / "run.toml").write_text(
        CONFIG.replace('end = "2 s"', f'end = "{END} s"') + f'[checkpoint]\nevery = "{EVERY} s"\n'
    )
    job = cluster.submit(
        f"--export=ALL,ECS_ENVIRONMENT={sys.prefix}",
        "--ntasks=2",
        "--time=10",
        f"--output={tmp_path}/log",
        script,
        tmp_path / "run.toml",
        out,
    )
    wait_for(out, "fields/t*.h5", 5)
    cluster.signal(job, "USR1")
    until = time.monotonic() + 150
    for state in ("stopped", "finished"):
        while ended(out) != state:
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.5)
            cluster.start_now(job)
        assert (read_times(out)[-1] < END) == (state == "stopped")
    same_bytes(out, whole(2))


def test_a_signal_during_the_set_up_is_not_lost(config, tmp_path):
    """Whatever it is busy with: a checkpoint and 75, or nothing begun."""
    process = begin(1, "run", config, "-o", tmp_path / "out", *settings(*LONG))
    wait_for(tmp_path, "out", 1, process)
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    assert code == 75, said
    assert launch(1, "resume", tmp_path / "out", "--quiet").returncode == 0


def test_a_finished_run_can_be_resumed_and_stays_what_it_is(config, whole):
    out = whole(1)
    before = {p: p.read_bytes() for p in out.rglob("*.h5")}
    assert launch(1, "resume", out, "--quiet").returncode == 0
    assert {p: p.read_bytes() for p in out.rglob("*.h5")} == before


def test_checkpoints_by_elapsed_time(config, tmp_path):
    out = tmp_path / "out"
    options = settings(f"time.end={END} s", "checkpoint.wall=0.2 s")
    process = begin(2, "run", config, "-o", out, *options)
    wait_for(out, "checkpoints/ck_*.h5", 2, process)
    kill(process)
    assert launch(1, "resume", out, "--quiet").returncode == 0
    assert ended(out) == "finished"


def check_what_is_left(out):
    """After a kill: everything can be read, and no more than one interval is lost."""
    _, manifest = newest(MPI.COMM_SELF, out / "checkpoints")
    columns, _ = read_series(out / "series.csv")
    times = read_times(out)
    assert all(np.isfinite(read_field(out, "K_o", k)).all() for k in range(len(times)))
    assert manifest["time"] > columns["t"][-1] - EVERY * 1.001
    assert np.all(np.diff(columns["t"]) > 0) and np.all(np.diff(times) > 0)


def killed_and_resumed(config, out, processes, kills, end, rng):
    """Kill a run so often at random moments, and continue it each time."""
    options = settings(*LONG, f"time.end={end} s")
    process = begin(processes, "run", config, "-o", out, *options)
    for _ in range(kills):
        wait_for(out, "checkpoints/ck_*.h5", 1, process)
        time.sleep(rng.uniform(0.0, 0.7))
        kill(process)
        check_what_is_left(out)
        process = begin(processes, "resume", out)
        time.sleep(rng.uniform(1.0, 4.0))
    assert finish(process, 120)[0] == 0


@pytest.mark.parametrize(("kills", "end"), [(3, END), pytest.param(20, 90, marks=pytest.mark.slow)])
def test_kills_at_random_moments(config, whole, tmp_path, kills, end):
    killed_and_resumed(config, tmp_path / "out", 2, kills, end, random.Random(kills))
    same_bytes(tmp_path / "out", whole(2, end=end))


def test_two_runs_do_not_share_a_directory(config, tmp_path):
    """The second start is refused while the first still runs."""
    out = tmp_path / "out"
    process = begin(1, "run", config, "-o", out, *settings(*LONG, "time.end=600 s"))
    wait_for(out, "run.json", 1, process)
    done = launch(1, "run", config, "-o", out, "--quiet")
    wait_for(out, "checkpoints/ck_*.h5", 1, process)
    others = [launch(2, "resume", out), launch(1, "run", config, "-o", out, "--overwrite")]
    os.killpg(process.pid, signal.SIGTERM)
    finish(process)
    assert done.returncode == 2 and "already holds a run" in done.stderr
    for other in others:
        assert other.returncode == 2, other.stderr
        assert other.stderr.startswith("error: ") and "still goes on" in other.stderr
    assert len(read_times(out)) > 0

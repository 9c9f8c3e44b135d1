"""Killed anywhere, the same command goes on: the same table, and nothing twice.

Each is killed once here, and ten times at random moments under `-m slow`.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.scan.scans import FRONT, scan, table

SEARCH = (
    FRONT.replace('"5 um"', '"0.6 um"')
    + """
[[axis]]
key = "tortuosity"
low = 1.2
high = 2.2
count = COUNT
[threshold]
key = "tissue.regions.start.initial.K_o"
low = 12.5
high = 40
tolerance = 0.006
[stop]
verdict = "none"
"""
)
ON_SLURM = f"""{SEARCH}
[engine]
kind = "slurm"
batch = 2
poll = "0.3 s"
"""
RUNS_AT_ONCE = 2
TIMES = [1, pytest.param(10, marks=pytest.mark.slow)]


def points(times):
    """How many points keep a scan busy until all kills are done."""
    return 4 if times == 1 else 5 * times


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The table of a scan that nobody disturbs, by the number of kills of another."""
    made = {}

    def done(times):
        if times not in made:
            folder = tmp_path_factory.mktemp("calm") / "scan"
            code, made[times] = scan(folder, SEARCH.replace("COUNT", str(points(times))))
            assert code == 0
        return made[times]

    return done


class Driver:
    """An `ecs-model scan` in a process of its own."""

    def __init__(self, folder, text, environment=None):
        self.folder, self._text, self._environment = folder, text, environment or {}
        self.program, self.seen = None, {}

    def start(self):
        path = self.folder.parent / "scan.toml"
        path.write_text(self._text)
        command = [sys.executable, "-m", "ecs_model", "scan", str(path), "-o", str(self.folder)]
        self.program = subprocess.Popen(
            [*command, "--quiet"], env=os.environ | self._environment, stderr=subprocess.PIPE
        )

    def finish(self):
        assert self.program.wait(timeout=240) == 0, self.program.stderr.read().decode()

    def kill(self):
        assert self.program.poll() is None, "it was done before it could be killed"
        self.program.kill()
        self.program.wait()

    def results(self):
        """Finished runs and what tells whether a file was written again."""
        found = self.folder.glob("points/**/summary.json")
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}

    def remember(self):
        """Nothing that was finished when this was called may be written again."""
        self.seen |= self.results()

    def wait_for_more(self, rng):
        """Wait until something more is finished, and a random moment longer."""
        until, before = time.monotonic() + 60, len(self.results())
        while len(self.results()) <= before and self.program.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.4))

    def check(self, undisturbed, deaths):
        """The table is as it should be, nothing was written twice, little was begun twice."""
        pd.testing.assert_frame_equal(table(self.folder), undisturbed, check_exact=True)
        now = self.results()
        assert {path: now[path] for path in self.seen} == self.seen
        trials = self.folder.glob("points/*/trials/*/status.json")
        again = sum(json.loads(path.read_text())["attempts"] - 1 for path in trials)
        assert again <= deaths * RUNS_AT_ONCE


def workers(folder):
    """Processes of the workers of a scan."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"ecs_model.scan.worker" in words and str(folder).encode() in words:
            found.append(int(path.parent.name))
    return found


def gone(folder, patience=5.0):
    """Whether all workers end soon."""
    until = time.monotonic() + patience
    while workers(folder):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("times", TIMES)
def test_driver_killed(tmp_path, undisturbed, times):
    driver, rng = (
        Driver(tmp_path / "scan", SEARCH.replace("COUNT", str(points(times)))),
        random.Random(1),
    )
    for _ in range(times):
        driver.start()
        driver.wait_for_more(rng)
        driver.kill()
        assert gone(driver.folder)
        driver.remember()
    driver.start()
    driver.finish()
    driver.check(undisturbed(times), times)


@pytest.mark.parametrize("times", TIMES)
def test_worker_killed(tmp_path, undisturbed, times):
    driver, rng = (
        Driver(tmp_path / "scan", SEARCH.replace("COUNT", str(points(times)))),
        random.Random(1),
    )
    killed = 0
    driver.start()
    while killed < times:
        driver.wait_for_more(rng)
        assert driver.program.poll() is None
        busy = [pid for pid in workers(driver.folder) if _once(driver.folder, pid)]
        if busy:
            driver.remember()
            os.kill(rng.choice(busy), signal.SIGKILL)
            killed += 1
    driver.finish()
    driver.check(undisturbed(times), killed)


def _once(folder, pid):
    """Whether a worker has a point on which none died before: two deaths make it fail."""
    for path in folder.glob("points/*/status.json"):
        facts = json.loads(path.read_text())
        finished = (path.parent / "summary.json").is_file()
        if facts["pid"] == pid and not finished:
            return facts["attempts"] == 1
    return False


@pytest.mark.parametrize("times", TIMES)
def test_driver_and_jobs_of_slurm_killed(tmp_path, undisturbed, cluster, times):
    text = ON_SLURM.replace("COUNT", str(points(times)))
    driver, rng = Driver(tmp_path / "scan", text, cluster.environment), random.Random(1)
    deaths = 0
    while deaths < times:
        driver.start()
        driver.wait_for_more(rng)
        if jobs := cluster.jobs():
            cluster.kill(rng.choice(jobs))
            deaths += 1
        driver.kill()
        driver.remember()
    driver.start()
    driver.finish()
    driver.check(undisturbed(times), deaths)


def test_a_signal_ends_a_scan_in_order(tmp_path, undisturbed):
    driver = Driver(tmp_path / "scan", SEARCH.replace("COUNT", str(points(1))))
    driver.start()
    driver.wait_for_more(random.Random(1))
    driver.program.terminate()
    assert driver.program.wait(timeout=30) == 75
    assert gone(driver.folder)
    assert (driver.folder / "table.parquet").is_file()
    driver.start()
    driver.finish()
    driver.check(undisturbed(1), 1)

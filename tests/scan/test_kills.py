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
values = [1.2, 1.5, 1.8, 2.2]
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


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    code, found = scan(tmp_path_factory.mktemp("calm") / "scan", SEARCH)
    assert code == 0
    return found


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
    driver, rng = Driver(tmp_path / "scan", SEARCH), random.Random(times)
    for _ in range(times):
        driver.start()
        driver.wait_for_more(rng)
        driver.program.kill()
        driver.program.wait()
        assert gone(driver.folder)
        driver.remember()
    driver.start()
    driver.finish()
    driver.check(undisturbed, times)


@pytest.mark.parametrize("times", TIMES)
def test_worker_killed(tmp_path, undisturbed, times):
    driver, rng, killed = Driver(tmp_path / "scan", SEARCH), random.Random(times), 0
    driver.start()
    while killed < times and driver.program.poll() is None:
        driver.wait_for_more(rng)
        busy = [pid for pid in workers(driver.folder) if _once(driver.folder, pid)]
        if busy:
            driver.remember()
            os.kill(rng.choice(busy), signal.SIGKILL)
            killed += 1
    driver.finish()
    assert killed
    driver.check(undisturbed, killed)


def _once(folder, pid):
    """Whether a worker has a point on which none died before: two deaths make it fail."""
    for path in folder.glob("points/*/status.json"):
        facts = json.loads(path.read_text())
        finished = (path.parent / "summary.json").is_file()
        if facts["pid"] == pid and not finished:
            return facts["attempts"] == 1
    return False


@pytest.mark.parametrize("times", TIMES)
def test_driver_and_jobs_of_slurm_killed(tmp_path, undisturbed, slurm, times):
    driver, rng = Driver(tmp_path / "scan", ON_SLURM, slurm.environment), random.Random(times)
    deaths = 0
    for _ in range(times):
        driver.start()
        driver.wait_for_more(rng)
        if jobs := slurm.jobs():
            slurm.kill(rng.choice(jobs))
            deaths += 1
        driver.program.kill()
        driver.program.wait()
        driver.remember()
    driver.start()
    driver.finish()
    driver.check(undisturbed, 2 * deaths)


def test_a_signal_ends_a_scan_in_order(tmp_path, undisturbed):
    driver = Driver(tmp_path / "scan", SEARCH)
    driver.start()
    driver.wait_for_more(random.Random(1))
    driver.program.terminate()
    assert driver.program.wait(timeout=30) == 75
    assert gone(driver.folder)
    assert (driver.folder / "table.parquet").is_file()
    driver.start()
    driver.finish()
    driver.check(undisturbed, 1)

"""A Slurm that does not take a job: it is asked again where that may help, and told where not."""

import os
import shutil
import subprocess
import sys

import pytest

from ecs_model.errors import ConfigError
from ecs_model.scan import slurm
from tests.scan.scans import FRONT, table

SCAN = f"""{FRONT}
[[axis]]
key = "tortuosity"
low = 1.2
high = 2.0
count = 4
[engine]
kind = "slurm"
batch = 1
jobs = 4
poll = "0.3 s"
"""
LIMIT = "sbatch: error: Job violates accounting/QOS policy (job submit limit)"
REFUSING = """#!/bin/sh
# One job at a time, and a controller that is slow to answer at first.
if [ ! -e {marks}/asked ]; then
  touch {marks}/asked
  echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2
  exit 1
fi
if [ "$({squeue} -h | wc -l)" -ge 1 ]; then
  touch {marks}/full
  echo "{limit}" >&2
  exit 1
fi
exec {sbatch} "$@"
"""
NEVER = """#!/bin/sh
echo "sbatch: error: invalid partition specified: nowhere" >&2
exit 1
"""


def driven(folder, script, environment):
    """The scan, ended, with a script in the place of sbatch."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "sbatch").write_text(script)
    (programs / "sbatch").chmod(0o755)
    (folder / "scan.toml").write_text(SCAN)
    command = [sys.executable, "-m", "ecs_model", "scan", "scan.toml", "-o", "scan"]
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment | path,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_a_limit_of_jobs_is_waited_for(tmp_path, cluster):
    marks = tmp_path / "marks"
    marks.mkdir()
    script = REFUSING.format(
        marks=marks, limit=LIMIT, squeue=shutil.which("squeue"), sbatch=shutil.which("sbatch")
    )
    done = driven(tmp_path, script, cluster.environment)
    assert done.returncode == 0, done.stderr
    assert (marks / "full").exists()
    assert len(table(tmp_path / "scan")) == 4
    assert "Socket timed out" in done.stderr and "it is asked again" in done.stderr
    assert done.stderr.count("job submit limit") == 1
    batches = [path for path in (tmp_path / "scan/jobs").glob("*.json")]
    assert len(batches) == 4  # none is left of what was refused


def test_a_job_that_cannot_be_is_told_at_once(tmp_path, cluster):
    done = driven(tmp_path, NEVER, cluster.environment)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "error: Slurm does not take a job: sbatch: error: invalid partition specified: nowhere"
    )


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def monotonic(self):
        """The time [s]."""
        return self.now


def test_a_refusal_that_lasts_ends_the_scan(monkeypatch):
    """Only where no job of the scan is in the queue, whose end could make room."""
    clock, said = Clock(), []
    monkeypatch.setattr(slurm, "time", clock)
    engine = slurm.Slurm.__new__(slurm.Slurm)
    engine._jobs, engine._refused_since, engine._told = {"one": None}, None, ""
    for clock.now in (0.0, 1e4, 2e4):
        engine._bear(LIMIT, said.append)
    engine._jobs.clear()
    for clock.now in (2e4, 2e4 + slurm.PATIENCE - 1):
        engine._bear(LIMIT, said.append)
    assert len(said) == 1
    clock.now = 2e4 + slurm.PATIENCE
    with pytest.raises(ConfigError, match="job submit limit"):
        engine._bear(LIMIT, said.append)

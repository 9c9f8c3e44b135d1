"""Every benchmark runs to its end: on the smallest problem, so that none of them can rot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
PROGRAMS = [*sorted(FOLDER.glob("*.py"))]
LONG = {"scan", "scaling"}


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else [], id=path.stem)
        for path in PROGRAMS
    ],
)
def test_a_benchmark_runs(program):
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, program, "--tiny"],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | threads,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert done.stdout if "def main(" in program.read_text() else True

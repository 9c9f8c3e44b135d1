"""A run with everything in it, programs to interrupt, and what two runs have in common."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from ecs_model.launcher import own_mpiexec
from ecs_model.run.field_series import field_names, read_field, read_times
from ecs_model.run.tables import read_series
from tests.helpers import launch_program, sharing_cores

CONFIG = """\
title = "everything"

[mesh]
generator = "rectangle"
size = ["1 mm", "0.4 mm"]
cell = "25 um"
unstructured = true

[tissue]
tortuosity = { parallel = 1.3, across = 1.9, direction = [1.0, 0.3] }

[[tissue.regions]]
name = "core"
ball = { centre = ["0.4 mm", "0.2 mm"], radius = "0.15 mm" }
alpha = 0.1
parameters = { J_max = 0.0 }

[[tissue.regions]]
name = "load"
box = { low = ["0.6 mm", "0 mm"], high = ["0.8 mm", "0.4 mm"] }
initial = { K_o = 30.0 }

[[boundary]]
on = "left"
bath = "8 mM"
before = "3.5 mM"
profile = { kind = "pulse", start = "0.5 s", duration = "1 s" }

[[boundary]]
on = "right"
exchange = "2 um/s"
outside = "3.5 mM"

[[boundary]]
on = "top"
flux = "10 nmol/m^2/s"

[[vessels]]
name = "capillaries"
region = "load"
exchange = "0.2 1/s"
blood = "4 mM"
before = "3 mM"
profile = { kind = "pulse", start = "0.3 s", duration = "1 s" }

[[source]]
name = "pipette"
point = ["0.3 mm", "0.11 mm"]
amount = "20 nmol"
profile = { kind = "train", start = "0.2 s", duration = "0.1 s", period = "0.3 s", count = 3 }

[[probe]]
name = "core"
at = ["0.4 mm", "0.2 mm"]

[[line]]
name = "axis"
start = ["0 mm", "0.2 mm"]
end = ["1 mm", "0.2 mm"]
points = 21

[time]
end = "2 s"
step = "12.5 ms"

[output]
every = "0.2 s"
series = "0.1 s"
precision = "double"
"""
FIXED = ("membrane.substeps=2", "time.adaptive=false")
EVERY = 0.6  # s, between checkpoints
END = 5  # s: some seconds of work
LONG = (f"time.end={END} s", f"checkpoint.every={EVERY} s")


def settings(*overrides):
    """Command line options that change settings."""
    return [x for override in overrides for x in ("--set", override)]


def done(n, folder, *arguments):
    """Have a command end well on n processes in a folder."""
    program = [sys.executable, "-m", "ecs_model", *arguments, "--quiet"]
    ended = launch_program(n, program, cwd=folder)
    assert ended.returncode == 0, ended.stderr


def begun(n, folder, name, *overrides):
    """The run directory of the folder's run.toml, on n processes."""
    done(n, folder, "run", "run.toml", "-o", name, *settings(*overrides))
    return folder / name


def begin(processes, *arguments):
    """`ecs-model` on some processes, in a process group of its own that can be killed."""
    program = [sys.executable, "-m", "ecs_model", *map(str, arguments), "--quiet"]
    launcher = [own_mpiexec(), "-n", str(processes)] if processes > 1 else []
    return subprocess.Popen(
        [*launcher, *program],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | sharing_cores(processes),
    )


def wait_for(run, pattern, count, process=None, seconds=60):
    """Wait until so many files of a pattern are in a run, or the process, if any, has ended."""
    end = time.monotonic() + seconds
    runs = lambda: process is None or process.poll() is None  # noqa: E731
    while len(list(Path(run).glob(pattern))) < count and runs():
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.01)


def finish(process, seconds=60):
    """Exit code and words of a program that must end by itself; what hangs is killed."""
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    return process.returncode, said


def kill(process):
    """End all processes of a run at once, as a power failure would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def same_bytes(one, other):
    """Raise AssertionError unless all results of two runs are the same, bit for bit."""
    for pattern in ("series.csv", "lines/*.csv", "fields.xdmf", "fields/*.h5"):
        names = [
            sorted(p.relative_to(run) for p in Path(run).glob(pattern)) for run in (one, other)
        ]
        assert names[0] == names[1] != []
        for name in names[0]:
            assert Path(one, name).read_bytes() == Path(other, name).read_bytes(), name


def close(one, other, rtol, atol=0.0):
    """Raise AssertionError unless all fields and tables of two runs agree."""
    np.testing.assert_array_equal(read_times(one), read_times(other))
    for k in range(len(read_times(one))):
        for name in field_names(one):
            a, b = read_field(one, name, k), read_field(other, name, k)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=f"{name} {k}")
    columns = [read_series(Path(run, "series.csv"))[0] for run in (one, other)]
    assert list(columns[0]) == list(columns[1])
    for name in columns[0]:
        a, b = columns[0][name], columns[1][name]
        scale = max(np.abs(a).max(), 1e-20)
        np.testing.assert_allclose(a / scale, b / scale, rtol=0, atol=max(rtol, atol / scale))

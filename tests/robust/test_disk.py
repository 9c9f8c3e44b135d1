"""Disks that are full or cannot be written: one message, and nothing lost that was written."""

import contextlib
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ecs_model.run.field_series import read_field, read_times
from ecs_model.run.tables import read_series
from tests.helpers import launch
from tests.parallel.runs import begin, finish, settings, wait_for

CONFIG = """\
[mesh]
generator = "rectangle"
size = ["1 mm", "0.2 mm"]
cell = "20 um"

[membrane]
model = "nagumo"
substeps = 2

[[tissue.regions]]
name = "left"
box = { low = ["0 mm", "0 mm"], high = ["0.2 mm", "1 mm"] }
initial = { K_o = 50.0 }

[time]
end = "4 s"
step = "50 ms"
adaptive = false

[output]
every = "0.1 s"
series = "0.1 s"
precision = "double"

[checkpoint]
every = "0.4 s"
"""


@pytest.fixture
def disk(tmp_path):
    """A function that makes a disk of some kB."""
    mounted = []

    def make(options):
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode:
            pytest.skip("needs the right to mount a small disk (root)")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(CONFIG)
    return path


def one_sentence(done, *words):
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("error: ") == 1 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: cannot write ")
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("processes", [1, 2])
def test_a_disk_that_fills_up(processes, disk, config):
    """What is there can be read; with more space, resume gives what one run would have given."""
    place = disk("size=1500k")
    filler = place / "filler"
    filler.write_bytes(bytes(900 * 1024))
    out = place / "out"
    one_sentence(launch(processes, "run", config, "-o", out, "--quiet"), "No space left", "free")
    times = read_times(out)
    assert 0 < len(times) < 41
    read_field(out, "K_o", -1)
    assert len(read_series(out / "series.csv")[0]["t"]) in (len(times), len(times) + 1)
    assert not list(out.rglob("*.tmp"))
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(place)], check=True)
    done = launch(processes, "resume", out, "--quiet")
    assert done.returncode == 0, done.stderr
    whole = config.parent / "whole"
    assert launch(processes, "run", config, "-o", whole, "--quiet").returncode == 0
    np.testing.assert_array_equal(read_times(out), read_times(whole))
    np.testing.assert_array_equal(read_field(out, "K_o", -1), read_field(whole, "K_o", -1))
    assert (out / "series.csv").read_bytes() == (whole / "series.csv").read_bytes()


def fill(place):
    """Leave no room on a disk."""
    with open(place / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_rows_that_do_not_fit_end_all_processes(disk, config):
    place = disk("size=1m")
    rare = [f"{what}.every=400 s" for what in ("output", "checkpoint")]
    options = settings("time.end=400 s", "output.series=50 ms", *rare)
    process = begin(2, "run", config, "-o", place / "out", *options)
    wait_for(place / "out", "fields/t*.h5", 1, process)
    fill(place)
    code, said = finish(process)
    assert code == 2 and said.count("error: ") == 1 and "Traceback" not in said
    assert "series.csv: No space left" in said
    times = read_series(place / "out" / "series.csv")[0]["t"]
    np.testing.assert_allclose(times, 0.05 * np.arange(len(times)), rtol=1e-12)


@pytest.mark.parametrize("room", [0, 4, 12, 40, 80])
def test_a_disk_that_is_full_at_the_start(room, disk, config):
    place = disk("size=256k")
    with open(place / "filler", "wb") as file:
        file.write(bytes((256 - room) * 1024))
    one_sentence(launch(2, "run", config, "-o", place / "out", "--quiet"), "No space left")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_disk_that_cannot_be_written(processes, disk, config):
    place = disk("ro,size=64k")
    done = launch(processes, "run", config, "-o", place / "out", "--quiet")
    one_sentence(done, "Read-only file system", "that you may write to")


def test_a_disk_that_becomes_read_only_keeps_its_run(disk, config):
    place = disk("size=20m")
    assert launch(1, "run", config, "-o", place / "out", "--quiet").returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    before = sorted(Path(place).rglob("*"))
    one_sentence(launch(2, "resume", place / "out", "--quiet"), "Read-only")
    one_sentence(launch(1, "run", config, "-o", place / "out", "--overwrite", "--quiet"), "Read-o")
    assert sorted(Path(place).rglob("*")) == before

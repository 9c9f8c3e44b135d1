"""Runs of every kind, stopped at random moments and continued: all that comes out is the same."""

import functools
import json
import math
import os
import random
import re
import signal
import tempfile
import time
from pathlib import Path

import pandas
import pytest

from tests.parallel.runs import begin, finish, kill, same_bytes

TISSUE = """\
[mesh]
generator = "rectangle"
size = ["0.8 mm", "0.2 mm"]
cell = "50 um"
unstructured = true

[[tissue.regions]]
name = "load"
box = {{ low = ["0 mm", "0 mm"], high = ["0.2 mm", "0.2 mm"] }}
initial = {{ K_o = "30 mM"{companion} }}

[tissue]
{tissue}

[membrane]
{membrane}

[[line]]
name = "axis"
start = ["0 mm", "0.1 mm"]
end = ["0.8 mm", "0.1 mm"]
points = 17

[time]
end = "{end} s"
step = "12.5 ms"

[output]
every = "{every} s"
series = "{every} s"
precision = "double"

[checkpoint]
every = "{every} s"
"""
ALL, KAGER = 'ions = ["K", "Na", "Cl"]', 'model = "kager_mori"'
SWELLING = f"{KAGER}\noptions = {{ swelling = true }}"
COMPANION = ', Cl_o = "139 mM"'
KINDS = {  # lines of [tissue], of [membrane], end [s], companion
    "swelling": (ALL, SWELLING, 8, ""),
    "electrodiffusion": (f'{ALL}\ntransport = "electrodiffusion"', KAGER, 8, COMPANION),
    "syncytium": (f"{ALL}\nsyncytium = {{ tortuosity = 2.0 }}", KAGER, 8, ""),
    "spiking": ("", 'model = "wei_ullah_schiff"', 2, ""),
}
AXIS = """
[[axis]]
name = "alpha"
key = "tissue.alpha"
values = [0.2]
"""
NOT_BEGUN = ("start the run again", "is not a directory", "holds no run")
TIMED = {"seconds", "peak_memory_bytes", "processes"}


def text(kind):
    tissue, membrane, end, companion = KINDS[kind]
    return TISSUE.format(
        tissue=tissue, membrane=membrane, end=end, every=end / 8, companion=companion
    )


@functools.cache
def undisturbed(kind, processes):
    """A run that nobody stops, and how long it takes [s]."""
    folder = Path(tempfile.mkdtemp(prefix="undisturbed-"))
    (folder / "run.toml").write_text(text(kind))
    began = time.monotonic()
    code, said = finish(begin(processes, "run", folder / "run.toml", "-o", folder / "run"), 300)
    assert code == 0, said
    return folder / "run", time.monotonic() - began


def stop(process, moment, number):
    """End a run after some seconds by a signal, as a queue or a power failure would."""
    time.sleep(moment)
    if number == signal.SIGKILL:
        kill(process)
    elif process.poll() is None:
        os.killpg(process.pid, number)
        finish(process, 120)


def facts(run):
    found = json.loads(Path(run, "summary.json").read_text())
    return {name: value for name, value in found.items() if name not in TIMED}


def same(one, other):
    """Whether two values of summaries are equal, nan to nan."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return one == other


def go_on(processes, folder):
    """Continue a run, or begin anew where it had not begun."""
    code, said = finish(begin(processes, "resume", folder / "run"), 300)
    if code == 2 and any(words in said for words in NOT_BEGUN):
        config = folder / "run.toml"
        again = begin(processes, "run", config, "-o", folder / "run", "--overwrite")
        code, said = finish(again, 300)
    assert code == 0, said


def stopped_and_continued(kind, processes, seed, folder):
    reference, lasting = undisturbed(kind, processes)
    chance = random.Random(seed)
    (folder / "run.toml").write_text(text(kind))
    process = begin(processes, "run", folder / "run.toml", "-o", folder / "run")
    number = chance.choice([signal.SIGKILL, signal.SIGTERM])
    stop(process, lasting * chance.uniform(0.3, 0.95), number)
    go_on(processes, folder)
    same_bytes(reference, folder / "run")
    ours, theirs = facts(folder / "run"), facts(reference)
    assert {k for k in ours if not same(ours[k], theirs[k])} == set()


@pytest.mark.parametrize(
    "kind",
    ["electrodiffusion", "spiking"]
    + [pytest.param(kind, marks=pytest.mark.slow) for kind in ("swelling", "syncytium")],
)
def test_a_stop_at_a_random_moment_changes_nothing(tmp_path, kind):
    stopped_and_continued(kind, 1, 0, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_forty_stops_change_nothing(tmp_path, kind, processes, seed):
    stopped_and_continued(kind, processes, seed, tmp_path)


def scanned(folder):
    """What a scan of one run found, without what it took."""
    table = pandas.read_parquet(folder / "scan" / "table.parquet")
    return table.drop(columns=[name for name in table if "second" in name or "memory" in name])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_scan_of_one_goes_on_after_a_stop(tmp_path, seed):
    _, lasting = undisturbed("swelling", 1)
    made = re.sub(r"^(\[\[?)(?=\w)", r"\1run.", text("swelling"), flags=re.MULTILINE) + AXIS
    folders = [tmp_path / "whole", tmp_path / "stopped"]
    for folder in folders:
        folder.mkdir()
        (folder / "scan.toml").write_text(made)
    commands = [("scan", folder / "scan.toml", "-o", folder / "scan") for folder in folders]
    moment = 2.0 + lasting * random.Random(seed).uniform(0.3, 0.95)
    stop(begin(1, *commands[1]), moment, signal.SIGKILL)
    for command in commands:
        code, said = finish(begin(1, *command), 300)
        assert code == 0, said
    pandas.testing.assert_frame_equal(*map(scanned, folders))

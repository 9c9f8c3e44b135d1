"""Runs many command lines one after the other, on all processes: `drive.py CASES.json RESULTS`.

Each process notes for every case its exit code and all it said; a case that takes too long ends
the program, so that what is missing in the notes is what hung.
"""

import contextlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from ecs_model import cli
from ecs_model.launcher import rank_and_size

LIMIT = 30  # seconds for a case


def drive(cases, results):
    """Run all cases and write RESULTS.<rank> after each."""
    rank, _ = rank_and_size()
    notes = []
    for case in cases:
        signal.signal(signal.SIGALRM, lambda *_: os._exit(99))
        signal.alarm(LIMIT)
        os.chdir(case["folder"])
        notes.append({"name": case["name"], **run(case, Path(f"said.{rank}"))})
        signal.alarm(0)
        Path(f"{results}.{rank}").write_text(json.dumps(notes))


def run(case, path):
    """Exit code and words of one command line."""
    with open(path, "wb") as file, changed(case["environment"]), to(file):
        try:
            code = cli.main(case["arguments"])
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            traceback.print_exc()
            code = "exception"
    return {
        "code": code,
        "said": path.read_text(errors="replace"),
        "started": Path("out", "run.json").exists(),
    }


@contextlib.contextmanager
def changed(environment):
    before = dict(os.environ)
    os.environ.update(environment)
    yield
    os.environ.clear()
    os.environ.update(before)


@contextlib.contextmanager
def to(file):
    """Everything that this process and its children write, into a file."""
    sys.stdout.flush(), sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    os.dup2(file.fileno(), 1), os.dup2(file.fileno(), 2)
    yield
    sys.stdout.flush(), sys.stderr.flush()
    for number, old in enumerate(kept, 1):
        os.dup2(old, number)
        os.close(old)


if __name__ == "__main__":
    cli.GRACE = 0.0  # no process ends after a case, so that none has to wait for rank 0
    drive(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2])

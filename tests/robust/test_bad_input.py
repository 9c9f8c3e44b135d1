"""Whatever a user gets wrong is one message with exit code 2, on one process and on two."""

import functools
import json
import sys
from pathlib import Path

import pytest

from tests.helpers import launch_program
from tests.robust.cases import BASE, CASES, prepare

NAMES = [case.name for case in CASES]
DRIVE = str(Path(__file__).with_name("drive.py"))


def jobs(parent, cases, with_checks):
    """What `drive.py` needs to know of the cases, and of their checks if those are asked for."""
    sound(parent)
    made = []
    for number, case in enumerate(cases):
        job = {
            "name": case.name,
            "folder": str(prepare(case, parent, number)),
            "arguments": list(case.arguments),
            "environment": case.environment,
        }
        made.append(job)
        if case.is_config and with_checks:
            check = ["check", case.arguments[1], *case.arguments[5:]]
            made.append(job | {"name": f"check: {case.name}", "arguments": check})
    return made


def sound(parent):
    """A finished run that other cases copy."""
    folder = parent / "sound"
    folder.mkdir()
    (folder / "run.toml").write_text(BASE)
    done = launch_program(
        1,
        [
            sys.executable,
            "-m",
            "ecs_model",
            "run",
            "run.toml",
            "-o",
            "out",
            "--quiet",
            "--set",
            "checkpoint.every=0.1 s",
        ],
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def noted(tmp_path_factory):
    """A function: case -> what each of some processes noted of it, and of its check."""

    @functools.cache
    def made(processes, with_checks):
        parent = tmp_path_factory.mktemp(f"on{processes}")
        (parent / "cases.json").write_text(json.dumps(jobs(parent, CASES, with_checks)))
        program = [sys.executable, DRIVE, str(parent / "cases.json"), str(parent / "notes")]
        done = launch_program(processes, program, timeout=300)
        (parent / "end").write_text(f"{done.returncode}\n{done.stdout}\n{done.stderr}")
        return notes_of(parent, processes)

    return made


def notes_of(parent, processes):
    found = {}
    for rank in range(processes):
        for note in json.loads((parent / f"notes.{rank}").read_text()):
            found.setdefault(note["name"], []).append(note)
    return found


@pytest.fixture(scope="module", params=[1, 2])
def notes(request, noted):
    """Case -> what each of one or two processes noted of it."""
    return noted(request.param, request.param == 1)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_mistake_is_one_message(case, notes):
    assert case.name in notes, "it hung, or came after what hung"
    assert [note["code"] for note in notes[case.name]] == [case.code] * len(notes[case.name])
    first, *others = [note["said"] for note in notes[case.name]]
    assert first.startswith("error: ") and first.count("error: ") == 1
    assert "Traceback" not in first and "pydantic" not in first
    for words in case.words:
        assert words in first
    assert not any(others), "only rank 0 may speak"


@pytest.mark.parametrize("case", [c for c in CASES if c.is_config], ids=lambda c: c.name)
def test_a_refused_run_leaves_nothing_that_is_in_the_way(case, notes):
    assert not any(note["started"] for note in notes[case.name])


@pytest.mark.parametrize("case", [c for c in CASES if c.is_config], ids=lambda c: c.name)
@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_check_says_what_run_says(case, processes, noted):
    notes = noted(processes, True)
    assert notes[f"check: {case.name}"][0]["said"] == notes[case.name][0]["said"]

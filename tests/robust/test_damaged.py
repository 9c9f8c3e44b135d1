"""Whatever is wrong with a directory: one sentence and an exit code, never a traceback."""

import itertools
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.robust.damage import cases, make, said

QUIET = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "print_blob": False,
    "suppress_health_check": [*HealthCheck],
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    make(folder)
    return folder


def judged(told, arguments):
    """Look at a damaged directory; what is wrong with the answer, or nothing."""
    code, words = said(arguments)
    lines = [line for line in words.splitlines() if line.startswith("error: ")]
    assert code in (0, 1, 2), (told, code, words)
    assert "Traceback" not in words, (told, words)
    assert len(lines) == (code != 0), (told, code, words)


def tried(sound, tmp_path, count):
    numbers = itertools.count()

    @settings(max_examples=count, **QUIET)
    @given(st.data())
    def look(data):
        folder = tmp_path / f"{next(numbers)}"
        try:
            judged(*data.draw(cases(sound, lambda: folder)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    look()


def test_a_damaged_directory_is_one_sentence(sound, tmp_path):
    tried(sound, tmp_path, 20)


@pytest.mark.slow
def test_many_damaged_directories_are_one_sentence(sound, tmp_path):
    tried(sound, tmp_path, 1000)

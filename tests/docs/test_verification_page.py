"""The page of verification has a place for every number that a test records."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDING = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "tests").rglob("test_*.py")
    if re.search(r"import .*\bfound\b", path.read_text())
)


def page_module():
    where = importlib.util.spec_from_file_location("page", ROOT / "docs" / "verification.py")
    module = importlib.util.module_from_spec(where)
    where.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", RECORDING)
def test_every_file_that_records_numbers_has_a_part_of_the_page(path):
    assert page_module().group_of(f"{path}::test_something (call)")


def test_there_are_such_files():
    assert len(RECORDING) > 20


def test_the_page_does_not_depend_on_which_file_ran_first():
    line = {"ours": 1.0, "theirs": 1.0, "within": 0.1, "unit": "mM", "source": "", "rel": False}
    lines = [line | {"what": p, "test": f"{p}::test"} for p in RECORDING]
    make = page_module().page
    assert make(lines) == make(lines[::-1]) and "all within their tolerance" in make(lines)

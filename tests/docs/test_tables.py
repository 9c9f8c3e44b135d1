"""Every table of measured numbers says what prints, writes or holds it, and that is there."""

import re

import pytest

from ecs_model.cli import _parser
from tests.docs.pages import PAGES, ROOT

TABLE = re.compile(r"^\|.*\n\|[-| :]+\|\n(?:\|.*\n)+", re.MULTILINE)
HEADING = re.compile(r"^##+ ", re.MULTILINE)
MEASURED = re.compile(r"\d\.\d|\d ?%|\d,\d{3}")
FEW = 4  # cells with numbers: with fewer a table is one of words
FILE = re.compile(r"(?:`|python )((?:benchmarks|docs|tests)/[\w/]+\.py)")
TARGET = re.compile(r"`make (\w+)`")
COMMAND = re.compile(r"`ecs-model (\w[\w-]*)[^`]*`\s+prints")
GIVEN = {"| name | what | vertices per hemisphere | edges | from |"}  # by those who measured them


def tables(page):
    """Head and surroundings of every table of measured numbers: its section, and the first one."""
    text = (ROOT / page).read_text()
    starts = [0, *(m.start() for m in HEADING.finditer(text)), len(text)]
    for found in TABLE.finditer(text):
        head, _, *rows = found[0].splitlines()
        cells = [cell for row in rows for cell in row.strip("|").split("|")]
        if "seconds" in head or sum(bool(MEASURED.search(cell)) for cell in cells) >= FEW:
            begin = max(s for s in starts if s <= found.start())
            end = min(s for s in starts if s > found.start())
            yield head, text[: starts[1]] + text[begin:end]


def sources(text):
    """What a text says that prints, writes or holds numbers, as far as it is there."""
    makefile, commands = (ROOT / "Makefile").read_text(), _parser().format_help()
    yield from (name for name in FILE.findall(text) if (ROOT / name).is_file())
    yield from (name for name in TARGET.findall(text) if f"\n{name}: setup" in makefile)
    yield from (name for name in COMMAND.findall(text) if f"\n    {name} " in commands)


@pytest.mark.parametrize("page", [page for page in PAGES if [*tables(page)]])
def test_measured_numbers_say_where_they_come_from(page):
    without = [head for head, text in tables(page) if not [*sources(text)]]
    assert not set(without) - GIVEN


def test_what_is_not_there_is_no_source():
    assert [*sources("`python benchmarks/nothing.py`, `make nothing`, `ecs-model no` prints")] == []
    there = "`python benchmarks/step.py 3`, `make validation`; `ecs-model cell a.toml` prints"
    assert [*sources(there)] == ["benchmarks/step.py", "validation", "cell"]


def test_the_script_of_tables_has_every_name_that_pages_give():
    text = (ROOT / "benchmarks/tables.py").read_text()
    asked = {
        name
        for page in PAGES
        for name in re.findall(r"benchmarks/tables\.py (\w+)", (ROOT / page).read_text())
    }
    assert len(asked) == 6 and all(re.search(rf"^{name} ", text, re.MULTILINE) for name in asked)

"""Writes verification.md from what the tests recorded; `make verification` does all of it.

python docs/verification.py found.jsonl > docs/verification.md
"""

import json
import math
import sys
from pathlib import Path

import ecs_model

HEAD = """\
# Verification

Every reference number that the tests check: what it should be, what the program found, and how far
apart the two may be. The tests assert these numbers each time they run. This page was written by
`make verification` from ecs-model {version}; none of it is written by hand.
*{count} numbers, {outside}.*

Sources: a *closed form* is a formula; an *independent solution* was computed from the same
equations by other code (SciPy, finite volumes, method of lines) that shares nothing with this
program; other sources are named. What experiments measured is in
[Against experiments](validation.md).
"""
GROUPS = {
    "Electrochemistry": ("tests/test_electrochemistry", "tests/laws"),
    "Cells": ("tests/membrane", "tests/cell"),
    "Tissue": (
        "tests/transport",
        "tests/verification/test_currents",
        "tests/test_fit",
        "tests/test_inference",
        "tests/verification/test_fits",
        "tests/verification/test_lattice",
        "tests/verification/test_point",
        "tests/verification/test_spatial",
        "tests/verification/test_sphere",
        "tests/verification/test_species",
        "tests/verification/test_vessels",
    ),
    "Waves": (
        "tests/test_fronts",
        "tests/verification/test_fronts",
        "tests/verification/test_glutamate",
        "tests/verification/test_waves",
    ),
    "Seizures": (
        "tests/verification/test_ictal",
        "tests/verification/test_noise",
        "tests/verification/test_recruitment",
        "tests/verification/test_synapses",
    ),
    "Risk": ("tests/scan",),
}
TABLE = "| what | reference | found | tolerance | source |\n|---|---|---|---|---|"


def written(value, step):
    """A number with one digit more than a step of it can change."""
    if value == 0:
        return "0"
    if abs(value) < 1e-3 or step < 1e-9 * abs(value):
        return f"{value:.12g}" if abs(value) >= 1e-3 else f"{value:.2g}"
    return f"{value:.{max(0, min(12, 1 - math.floor(math.log10(step))))}f}"


def row(line):
    """One recorded number as a row of the table."""
    ours, theirs, within = line["ours"], line["theirs"], line["within"]
    step = within * abs(theirs) if line["rel"] else within
    unit = f" {line['unit']}" if line["unit"] not in ("", "1") else ""
    tolerance = f"{100 * within:.2g} %" if line["rel"] else f"{within:.2g}{unit}"
    reference = written(theirs, step).rstrip("0").rstrip(".") if theirs % 1 else f"{theirs:.12g}"
    return (
        f"| {line['what']} | {reference}{unit} | {written(ours, step)}{unit} "
        f"| {tolerance} | {line['source']} |"
    )


def group_of(test):
    """The part of the page where the numbers of a test belong."""
    return next(name for name, tests in GROUPS.items() if test.startswith(tests))


def file_of(line):
    """The file of the test that recorded a number; files may run beside each other."""
    return line["test"].partition("::")[0]


def page(lines):
    """The whole page as Markdown."""
    lines = sorted(lines, key=file_of)
    far = sum(abs(n["ours"] - n["theirs"]) > _allowed(n) for n in lines)
    outside = f"{far} outside of their tolerance" if far else "all within their tolerance"
    parts = [HEAD.format(version=ecs_model.__version__, count=len(lines), outside=outside)]
    for name in GROUPS:
        rows = dict.fromkeys(row(n) for n in lines if group_of(n["test"]) == name)
        parts.append("\n".join([f"## {name}\n", TABLE, *rows, ""]))
    return "\n".join(parts)


def _allowed(line):
    return line["within"] * (abs(line["theirs"]) if line["rel"] else 1)


if __name__ == "__main__":
    print(page([json.loads(text) for text in Path(sys.argv[1]).read_text().splitlines()]), end="")

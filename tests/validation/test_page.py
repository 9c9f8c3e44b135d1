"""The page of experiments is what the tests say."""

import re
from pathlib import Path

from tests.validation.experiments import CANNOT, EXPERIMENTS

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "validation.md").read_text()


def test_every_experiment_is_held_by_one_test():
    texts = "\n".join(path.read_text() for path in HERE.glob("test_*.py"))
    held = re.findall(r"measured\(\s*\"([^\"]+)\"", texts)
    assert sorted(held) == sorted(EXPERIMENTS)


def test_the_page_has_every_experiment_and_counts_them():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(EXPERIMENTS) + len(CANNOT)
    for e, line in zip(EXPERIMENTS.values(), rows, strict=False):
        assert line.startswith(f"| {e.what} | {e.tissue} | {e.measured} ({e.paper}) |")
    inside = sum("| inside |" in line for line in rows)
    assert f"*{inside} of {len(EXPERIMENTS)} inside; {len(CANNOT)} that" in PAGE


def test_the_reason_of_a_miss_has_a_figure():
    """That of a further run, or of what follows from it."""
    misses = [line for line in PAGE.splitlines() if "| **outside** |" in line]
    reasons = [line.rpartition("**outside**")[2] for line in misses]
    assert misses and all(re.search(r"\d", reason) for reason in reasons)


def test_a_spread_holds_numbers_in_order():
    assert all(e.low < e.high for e in EXPERIMENTS.values())

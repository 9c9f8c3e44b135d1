"""Writes validation.md from what the tests measured; `make validation` does all of it.

python docs/validation.py measured.jsonl > docs/validation.md
"""

import json
import sys
from pathlib import Path

import ecs_model

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.validation.experiments import CANNOT, EXPERIMENTS

HEAD = """\
# Against experiments

What was measured in animals, slices and patients, and what this program finds: inside the spread of
the experiment, outside of it, or not to be had from these models. Misses stay on this page, with
the reason. Most papers were read as abstracts, tables or legends; where a paper gives a number
without its spread, a range was chosen, and the page says so. `make validation` wrote this page from
ecs-model {version}; none of it is written by hand.
*{inside} of {count} inside; {cannot} that these models cannot tell.*

| what was measured | where | experiment | here | | how, and why |
|---|---|---|---|---|---|
"""


def row(note):
    """One quantity as a row of the table."""
    e = EXPERIMENTS[note["name"]]
    unit = "" if e.unit == "1" else f" {e.unit}"
    verdict = "inside" if note["inside"] else "**outside**"
    return (
        f"| {e.what} | {e.tissue} | {e.measured} ({e.paper}) | {note['ours']:.3g}{unit} "
        f"| {verdict} | {note['why']} |"
    )


def page(notes):
    """The whole page as Markdown, in the order of the experiments."""
    known = {note["name"]: note for note in notes}
    missing = EXPERIMENTS.keys() - known.keys()
    assert not missing, f"not measured: {sorted(missing)}"
    inside = sum(known[name]["inside"] for name in EXPERIMENTS)
    head = HEAD.format(
        version=ecs_model.__version__,
        count=len(EXPERIMENTS),
        inside=inside,
        cannot=len(CANNOT),
    )
    rows = [row(known[name]) for name in EXPERIMENTS]
    rows += [
        f"| {what} | {where} | {said} | - | cannot | {why} |" for what, where, said, why in CANNOT
    ]
    return head + "\n".join(rows)


if __name__ == "__main__":
    print(page([json.loads(text) for text in Path(sys.argv[1]).read_text().splitlines()]))

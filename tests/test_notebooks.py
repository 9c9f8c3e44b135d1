"""The notebooks of the documentation run, and what they show is kept, small and clean."""

import re
import runpy
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
LARGEST = 150_000 * 4 / 3  # characters of an image


def outputs(notebook):
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_shows_as_much_as_was_kept(name):
    path = FOLDER / f"{name}.ipynb"
    made = runpy.run_path(str(FOLDER / "execute.py"))["executed"](path)
    kinds = [[{*o.get("data", {})} for o in outputs(n)] for n in (nbformat.read(path, 4), made)]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_notebook_shows_is_small_and_clean(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    shown = outputs(notebook)
    images = [o.data["image/png"] for o in shown if "image/png" in o.get("data", {})]
    assert len(images) >= 2 and max(map(len, images)) < LARGEST
    texts = [(o.get("text"), o.get("data", {}).get("text/html")) for o in shown]
    assert not re.search(r"/(home|tmp|work|root)/|Warning|Traceback", str(texts))
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == [*range(1, 1 + len(counts))]

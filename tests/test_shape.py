"""The shape of the code: short files, short functions, small rooms."""

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("ecs_model", "meshes", "postprocess", "runs")
LONGEST = 300  # lines of a file
LAMBDAS = 23  # in lists of arguments: formulas, and work that only one process does
PUBLISHED = 250  # lines of a model of neurons, glia, swelling and energy, in all files of its own


def sources():
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def lengths():
    """Lines of every function, without its docstring."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[ast.get_docstring(node) is not None :]
                yield body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_files_are_short():
    longer = {str(p.relative_to(ROOT)): n for p in sources() if (n := _lines(p)) > LONGEST}
    assert not longer


def test_functions_are_short():
    found = sorted(lengths())
    assert statistics.median(found) <= 6 and found[int(0.9 * len(found))] <= 15


def lambdas():
    """Where a function without a name stands in a list of arguments."""
    for path in sources():
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call):
                for value in (*call.args, *(keyword.value for keyword in call.keywords)):
                    if isinstance(value, ast.Lambda):
                        yield f"{path.relative_to(ROOT)}:{value.lineno}"


def test_what_has_a_name_is_called_by_it():
    """Another lambda? First see whether a function, partial, attrgetter or itemgetter says it."""
    found = [*lambdas()]
    assert len(found) <= LAMBDAS, found


def test_a_published_model_is_short():
    assert _lines(ROOT / "ecs_model/membrane/models/kager_mori.py") <= PUBLISHED


def _lines(path):
    return path.read_text().count("\n")

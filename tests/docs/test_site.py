"""What the build of the documentation site refuses; `make docs` itself runs in .ci/run."""

import ast
import re

import pytest

from docs.extensions import gallery, layers, offline
from tests.docs.pages import ROOT


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://cdn.example/mathjax.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/a.css">',
        '<img alt="" src="http://cdn.example/a.png">',
        "@font-face { src: url(https://cdn.example/a.woff2) }",
    ],
)
def test_what_a_network_would_bring_is_found(text):
    assert len(offline.loaded(text)) == 1


def test_links_that_a_reader_may_follow_are_fine():
    assert not offline.loaded('<a href="https://example.org">x</a> <img src="_images/a.png">')


def texts(tree):
    """All texts of a module; what a format string fills in becomes three dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(p.value if isinstance(p, ast.Constant) else "..." for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_messages_of_the_questions_are_those_of_the_program():
    folders = ("ecs_model", "meshes", "postprocess")
    files = [path for folder in folders for path in ROOT.joinpath(folder).rglob("*.py")]
    said = "\n".join(text for path in files for text in texts(ast.parse(path.read_text())))
    asked = re.findall(r"^### `(.*)`$", (ROOT / "docs/faq.md").read_text(), re.MULTILINE)
    assert len(asked) > 10
    unknown = [a for a in asked if not all(part in said for part in a.split("...") if part)]
    assert unknown == ["tissue.alpha: must be at most 0.9999 (found 1.5)"]  # the words of pydantic


def test_every_ready_run_is_in_the_gallery_with_its_time():
    tables = (ROOT / "README.md").read_text() + (ROOT / "docs/gallery.md").read_text()
    times = dict(gallery.ROW.findall(tables))
    assert set(times) == set(gallery.names())
    for name in gallery.names():
        text = gallery.entry(name, times)
        assert f"pictures/{name.replace('/', '_')}" in text
        assert f"ecs-model copy {name}" in text


def test_the_picture_of_the_layers_has_every_module_above_what_it_imports():
    tests = layers.listed()
    places, _ = layers.boxes(tests.LAYERS)
    assert set(places) == {name for name, _ in tests.modules()}
    for own, names in layers.imported(tests).items():
        for name in names:
            if tests.LEVEL[name] < tests.LEVEL[own]:
                assert places[name][1] > places[own][1]

"""Draws the layers of the package, from tests/test_layers.py and the real imports, as SVG.

The picture takes the place of the comment `<!-- layers -->` in the page `architecture`.
"""

import importlib.util
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARK = "<!-- layers -->"
WIDTH, HEIGHT, GAP, LETTER = 860, 20, 14, 6.6  # of the picture, a box, between rows, a letter


def listed():
    """The module of tests that lists the layers and reads imports."""
    spec = importlib.util.spec_from_file_location("layers", ROOT / "tests" / "test_layers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def imported(tests):
    """Module -> the modules that it imports."""
    found = defaultdict(set)
    for own, path in tests.modules():
        found[own] |= {n for n in tests.imports(path) if n in tests.LEVEL and n != own}
    return found


def needed(found):
    """The same without what another import brings along: what is left to draw."""
    below = {}

    def reach(name):
        if name not in below:
            below[name] = set()
            below[name] = found[name].union(*map(reach, found[name]))
        return below[name]

    return {
        own: {n for n in names if not any(n in reach(o) for o in names - {n})}
        for own, names in list(found.items())
    }


def rows(layers):
    """Rows of names from the top, each as long as the picture is wide."""
    for level in reversed(range(len(layers))):
        row, left = [], WIDTH
        for name in sorted(layers[level]):
            if left < _wide(name) and row:
                yield level, row
                row, left = [], WIDTH
            row.append(name)
            left -= _wide(name) + GAP
        yield level, row


def _wide(name):
    return LETTER * len(name) + 12


def boxes(layers):
    """Name -> (x, y, width) of its box, and the height of all."""
    places, y, last = {}, GAP, None
    for level, row in rows(layers):
        y += HEIGHT + (5 if level == last else GAP) if last is not None else 0
        x = (WIDTH - sum(map(_wide, row)) - GAP * (len(row) - 1)) / 2
        for name in row:
            places[name] = (x, y, _wide(name))
            x += _wide(name) + GAP
        last = level
    return places, y + HEIGHT + GAP


def line(start, end):
    """A curve from the box of a module down to that of another that it imports."""
    (x, y, w), (u, v, s) = start, end
    a, b, c, d = x + w / 2, y + HEIGHT, u + s / 2, v
    return f'<path d="M{a:.0f} {b:.0f}C{a:.0f} {b + 25:.0f} {c:.0f} {d - 25:.0f} {c:.0f} {d:.0f}"/>'


def picture():
    """The layers as SVG; the title of a box tells what its module imports."""
    tests = listed()
    found = imported(tests)
    places, height = boxes(tests.LAYERS)
    down = [
        (o, n)
        for o, names in needed(found).items()
        for n in names
        if tests.LEVEL[n] < tests.LEVEL[o]
    ]
    lines = "".join(line(places[o], places[n]) for o, n in sorted(down))
    drawn = "".join(_box(name, places[name], found[name], tests) for name in places)
    return f'<svg class="layers" viewBox="0 0 {WIDTH} {height:.0f}"><g>{lines}</g>{drawn}</svg>'


def _box(name, place, imports, tests):
    x, y, w = place
    kind = "mpi" if name in tests.WITH_MPI else "plain"
    says = f"{name} imports from {', '.join(sorted(imports)) or 'no other module'}"
    return (
        f'<g class="{kind}"><title>{says}</title>'
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{HEIGHT}" rx="4"/>'
        f'<text x="{x + w / 2:.0f}" y="{y + 14:.0f}">{name}</text></g>'
    )


def complete(app, docname, source):
    """Put the picture in its place."""
    if docname == "architecture":
        source[0] = source[0].replace(MARK, f"<div>{picture()}</div>")


def setup(app):
    """Draw when the page is read."""
    app.connect("source-read", complete)
    app.connect("env-get-outdated", lambda app, env, *_: {"architecture"} & env.all_docs.keys())
    return {"parallel_read_safe": True, "parallel_write_safe": True}

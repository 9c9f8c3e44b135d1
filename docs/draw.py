"""Draws the pictures of docs/pictures, and notes what drew each of them.

    python docs/draw.py                     # all that are older than what draws them
    python docs/draw.py scan_adaptive fit   # these, in any case
    python docs/draw.py --list              # which are older

What is computed for them stays in build/pictures and is not computed again. For every picture
`docs/pictures/drawn.json` has a digest of the configuration and of the code that draws, without its
comments; a test compares. docs/picture_list.py has all pictures; those that a script of their own
draws (`SCRIPTS`) are noted by
`python docs/draw.py --note NAME` once it was run.
"""

import ast
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import tomli_w
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.picture_list import MADE, PAGES, SCRIPTS, VARIANTS

ROOT = Path(__file__).parents[1]
PICTURES, RESULTS = ROOT / "docs/pictures", ROOT / "build/pictures"
NOTES = PICTURES / "drawn.json"
CODE = ROOT / "postprocess"


def files(page):
    """Name -> text of the files that a page tells its readers to write."""
    block = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return dict(block.findall((ROOT / page).read_text()))


def text(config):
    """The configuration of a name, as TOML."""
    if config in PAGES:
        return files(PAGES[config])[f"{config}.toml"]
    if config in VARIANTS:
        base, change = VARIANTS[config]
        return tomli_w.dumps(change(tomllib.loads((ROOT / f"runs/{base}.toml").read_text())))
    folder = "docs" if config.startswith("papers/") else "runs"
    return (ROOT / folder / f"{config}.toml").read_text()


def digest(name):
    """A digest of the settings and of the code that a picture shows."""
    if name in SCRIPTS:
        paths = [ROOT / path for path in SCRIPTS[name]]
        parts = [_essence(path) for path in [*paths, CODE / "style.py", CODE / "theme.py"]]
    else:
        made = MADE[name]
        parts = [repr(tomllib.loads(text(made.config))), made.figure]
        parts += [_essence(path) for path in _drawing(made.module)]
        if made.config.startswith("papers/"):
            parts.append(_essence(CODE / "titles.py"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _essence(path):
    """A file without what leaves no trace in a picture: comments, layout, docstrings."""
    if path.suffix != ".py":
        return repr(tomllib.loads(path.read_text()))
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            if isinstance(body[0].value, ast.Constant):
                del body[0]
    return ast.dump(tree)


def _drawing(module):
    """Paths of a module of postprocess and of those that it imports, in order."""
    found, left = set(), {module}
    while left:
        name = left.pop()
        found.add(name)
        left |= {n for n in _imported(name) if (CODE / f"{n}.py").is_file()} - found
    return [CODE / f"{name}.py" for name in sorted(found)]


def _imported(module):
    """Names that a module of postprocess takes from there."""
    for node in ast.walk(ast.parse((CODE / f"{module}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "ecs_model.postprocess"
        ):
            within = node.module.removeprefix("ecs_model.postprocess").strip(".")
            yield from [within] if within else [alias.name for alias in node.names]


def notes():
    """Picture -> digest of what drew it."""
    return json.loads(NOTES.read_text()) if NOTES.exists() else {}


def outdated():
    """Names of pictures that something else drew than would draw them now."""
    known = notes()
    return [name for name in (*MADE, *SCRIPTS) if known.get(name) != digest(name)]


def note(name):
    """Write down what drew a picture."""
    NOTES.write_text(json.dumps(notes() | {name: digest(name)}, indent=1, sort_keys=True) + "\n")


def compute(made):
    """The directory of what a picture shows; computed if it is not there."""
    name = made.config.replace("/", "_")
    folder = RESULTS / name
    if not folder.is_dir():
        RESULTS.mkdir(parents=True, exist_ok=True)
        beside = files(PAGES[name]) if name in PAGES else {}
        for file, content in (beside | {f"{name}.toml": text(made.config)}).items():
            (RESULTS / file).write_text(content)
        ready = ROOT / f"runs/{made.config}.toml"  # with the images beside it
        given = ready if ready.is_file() else f"{name}.toml"
        command = [sys.executable, "-m", "ecs_model", made.kind, given, "-o", name]
        subprocess.run(command, cwd=RESULTS, check=True)
    return folder


def figure_of(made, folder):
    """The figure of a picture."""
    if made.kind == "run":
        from ecs_model.postprocess import maps, run_figures
        from ecs_model.run.rundir import RunDir

        name, _, t = made.figure.partition("@")
        if t:
            return maps.snapshot(folder, name, float(t))
        return run_figures.figures(RunDir.open(folder))[name]()
    if made.kind == "scan":
        from ecs_model.postprocess import scan_figures
        from ecs_model.postprocess.scan_data import Scan

        return scan_figures.drawings(Scan.open(folder))[made.figure]()
    from ecs_model.postprocess import cell

    makers = {"map": cell.regime_map, "branch": cell.branch}
    makers |= {"course": cell.course, "thresholds": cell.thresholds}
    return makers[made.figure](folder)


def _cited(made, figure):
    """A figure with the title of its configuration, which cites a paper, as those of cells have."""
    if not made.config.startswith("papers/") or made.kind == "cell":
        return figure
    from ecs_model.postprocess import titles

    return titles.put(figure, tomllib.loads(text(made.config))["title"])


def draw(name):
    """Draw a picture, and note it."""
    from ecs_model.postprocess import style

    made = MADE[name]
    path = style.save(_cited(made, figure_of(made, compute(made))), PICTURES / f"{name}.png")
    Image.open(path).convert("RGB").quantize(256, kmeans=2).save(
        path, optimize=True
    )  # half its size
    note(name)


def main(arguments):
    """Do what was asked."""
    if arguments[:1] == ["--list"]:
        print(*outdated(), sep="\n")
        return
    if arguments[:1] == ["--note"]:
        for name in arguments[1:]:
            note(name)
        return
    for name in arguments or [name for name in outdated() if name in MADE]:
        print(name, flush=True)
        draw(name)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Completes the page `gallery` from the files in runs/: title, comment, picture, command, time.

Times are those that the tables of README.md and of the page itself have.
"""

import re
import tomllib
from pathlib import Path

from sphinx.util import logging

log = logging.getLogger(__name__)
ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([\w/]*\w)` \|[^|]*\| ([^|]*) \|$", re.MULTILINE)
MORE = {"cortex_sd": ["cortex_sd_arrival"]}  # pictures beside that of the run's own name


def names():
    """Names of all ready runs, scans and cells, as `ecs-model copy` takes them."""
    files = [*sorted(ROOT.glob("runs/*.toml")), *sorted(ROOT.glob("runs/cell/*.toml"))]
    return [str(f.relative_to(ROOT / "runs").with_suffix("")) for f in files]


def comment(text):
    """The leading comment of a file, up to its commands."""
    lines = re.findall(
        r"^# ?(.*)$", re.split(r"^\[", text, maxsplit=1, flags=re.MULTILINE)[0], re.MULTILINE
    )
    upto = next((i for i, line in enumerate(lines) if line.startswith(" ")), len(lines))
    words = " ".join(lines[:upto])
    return re.sub(r"[^.]*:$", "", words).strip()


def command(name, tree):
    """What to type to run a file that was copied."""
    short = name.rpartition("/")[2]
    if name.startswith("cell/"):
        return f"ecs-model cell {short}.toml"
    return f"ecs-model {'scan' if 'axis' in tree else 'run'} {short}.toml -o results/{short}"


def pictures(name):
    """Markdown of the pictures of a run that docs/pictures has."""
    stems = [name.replace("/", "_"), *MORE.get(name, [])]
    there = [s for s in stems if (ROOT / "docs/pictures" / f"{s}.png").is_file()]
    return [f"![{name}](pictures/{s}.png)" for s in there]


def entry(name, times):
    """The part of the page about one file."""
    text = (ROOT / "runs" / f"{name}.toml").read_text()
    tree = tomllib.loads(text)
    steps = f"```sh\necs-model copy {name}\n{command(name, tree)}\n```"
    seconds, _, cores = times[name].partition(" on ")
    took = f"It takes {seconds} s on {cores or 'one core'}."
    parts = [f"## {name}", f"**{tree['title']}**", comment(text), *pictures(name), steps, took]
    return "\n\n".join(part for part in parts if part)


def complete(app, docname, source):
    """Append to the page what the files in runs/ say."""
    if docname != "gallery":
        return
    times = dict(ROW.findall((ROOT / "README.md").read_text() + source[0]))
    for name in set(names()) - set(times):
        log.warning("runs/%s.toml has no time in README.md or docs/gallery.md", name)
    source[0] += "\n\n".join(["", *(entry(name, times) for name in names() if name in times)])


def setup(app):
    """Complete the page when it is read."""
    app.connect("source-read", complete)
    app.connect("env-get-outdated", lambda app, env, *_: {"gallery"} & env.all_docs.keys())
    return {"parallel_read_safe": True, "parallel_write_safe": True}

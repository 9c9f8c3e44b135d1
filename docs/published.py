"""Writes papers.md: published figures remade, with what agrees and what does not.

python docs/published.py            # two minutes; what build/pictures holds is not computed again

Numbers are read by docs/papers/readings.py from what the configurations in docs/papers compute,
words are those of docs/papers/entries.py. Pictures are those of docs/draw.py, or of the scripts in
docs/papers.
"""

import sys
import tempfile
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs import draw
from docs.papers import tao_nicholson_2004
from docs.papers.entries import PAPERS, SCRIPTS
from docs.picture_list import MADE

HERE = Path(__file__).parent

HEAD = """\
# Published figures, remade

Figures of papers, each from a short configuration that is printed below its picture: save it, run
it, change it. The tables put what the paper says beside what comes out. A figure is named by its
number where its legend could be read; several papers were read as abstracts, legends or programs
alone, and then nothing is said about what their figures look like. `python docs/published.py` wrote
this page; none of its numbers is written by hand. [Against experiments](validation.md) holds more
measurements, [Verification](verification.md) the references of every model.
"""


def kind(name):
    """What computes a paper: run, cell or script."""
    return "script" if name in SCRIPTS else MADE[f"paper_{name}"].kind


def how(name):
    """Markdown of what to save and to type."""
    if kind(name) == "script":
        mark = "<!-- not run: it writes a picture of the pages -->"
        return f"{mark}\n```sh\npython docs/papers/{name}.py\n```"
    text = draw.text(f"papers/{name}").rstrip()
    draws = f"\necs-model plot results/{name} --titled" if kind(name) == "run" else ""
    command = f"ecs-model {kind(name)} {name}.toml -o results/{name}{draws}"
    return (
        f"<!-- file: {name}.toml -->\n```toml\n{text}\n```\n\n"
        f"<!-- run: slow -->\n```sh\n{command}\n```"
    )


def rows(name, folder):
    """Rows of the table of a paper, as Markdown, from the directory of what was computed."""
    return [f"| {' | '.join(row)} |" for row in PAPERS[name].numbers(Path(folder))]


def citation(name):
    """What stands above the picture."""
    if name == "tao_nicholson_2004":
        return tao_nicholson_2004.TITLE
    return tomllib.loads(draw.text(f"papers/{name}"))["title"]


def section(name, folder):
    """The part of the page about a paper."""
    paper = PAPERS[name]
    parts = [
        f"## {paper.heading}",
        f"*{citation(name)}*",
        f"![{paper.heading}](pictures/paper_{name}.png)",
        f"{paper.showed}",
        "\n".join(["| | the paper | here |", "|---|---|---|", *rows(name, folder)]),
        paper.verdict,
        how(name),
    ]
    return "\n\n".join(parts)


def computed(name, spare):
    """The directory of what a paper needs; a spare one for a script."""
    return Path(spare) if kind(name) == "script" else draw.compute(MADE[f"paper_{name}"])


def main():
    """Write the page."""
    with tempfile.TemporaryDirectory() as spare:
        parts = [section(name, computed(name, spare)) for name in PAPERS]
    (HERE / "papers.md").write_text("\n\n".join([HEAD.rstrip(), *parts]) + "\n")


if __name__ == "__main__":
    main()

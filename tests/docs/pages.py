"""What the pages tell readers to type: fenced blocks, and the marks before them.

<!-- run -->             executed, by sh or Python, in a folder that the page's blocks share
<!-- run: slow -->       the same, in the slow test only
<!-- run: clone -->      the same, in a new clone of the checkout, by the slow test of a stranger
<!-- output -->          what the run before it must have printed, among other things
<!-- file: NAME -->      written into the folder
<!-- settings: RUN -->   tables which a ready run takes, in the place of its own
<!-- not run: WHY -->    neither
"""

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from ecs_model import runs
from ecs_model.cell.config import CellConfig
from ecs_model.config import reader
from ecs_model.config.run import Config

ROOT = Path(__file__).parents[2]
PAGES = sorted(str(p.relative_to(ROOT)) for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
FENCE = re.compile(r"(?:<!-- ([^>]*) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Block:
    """A fenced block: its mark, its language, its text and its line."""

    mark: str
    language: str
    text: str
    line: int


def blocks(page):
    """The Blocks of a page, in order."""
    text = (ROOT / page).read_text()
    return [
        Block(m[1] or "", m[2], m[3], text.count("\n", 0, m.start(2)) + 1)
        for m in FENCE.finditer(text)
    ]


def execute(block, folder):
    """What a block prints when it is run in a folder; fails where the block does."""
    program = [sys.executable, "-"] if block.language == "python" else ["sh", "-eu"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PMI_", "OMPI_", "ECS_"))}
    done = subprocess.run(
        program,
        input=block.text,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env=clean | {"PATH": f"{BIN}:{os.environ['PATH']}", "HYDRA_LAUNCHER": "fork"},
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"line {block.line}:\n{block.text}\n{said}"
    return said


def script(page):
    """All that a page tells readers to run, in its order, for one shell."""
    shown = [b for b in blocks(page) if b.mark.startswith("run")]
    heard = {"sh": "{0}", "python": "python - <<'END'\n{0}END\n"}
    return "".join(heard[b.language].format(b.text) for b in shown)


def validate(block, name):
    """Raise ConfigError unless a ready run may have the settings of a block."""
    tree = tomllib.loads(runs.path(name).read_text()) | tomllib.loads(block.text)
    schema = CellConfig if name.startswith("cell/") else Config
    reader.parse_config(tomli_w.dumps(tree), f"{name}.toml", (), schema)


def work_through(page, folder, slow):
    """Do in a folder what a page says, in its order."""
    said = ""
    for block in blocks(page):
        kind, _, rest = block.mark.partition(": ")
        if kind == "file":
            (folder / rest).write_text(block.text)
        elif kind == "run" and rest in ("", "slow" if slow else ""):
            said = execute(block, folder)
        elif kind == "settings":
            validate(block, rest)
        elif kind == "output":
            assert block.text in said, f"{page}, line {block.line}: {said}"

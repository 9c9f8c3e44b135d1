"""A progress bar on terminals and in notebooks; lines where the output is a log."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import threading

import nbformat
import pytest
from nbclient import NotebookClient

from ecs_model.run.bar import Bar
from ecs_model.scan.progress import Progress as ScanProgress
from tests.helpers import launch
from tests.robust.cases import BASE

CELL = """
import sys
{0}
from ecs_model.run.bar import Bar, can_redraw
assert can_redraw(sys.stderr) and not sys.stderr.isatty()
bar = Bar(10.0, 0.0, sys.stderr)
bar.show(10.0, "t = 10 of 10 s")
bar.close()
"""


class Slot:
    """A point of a scan that is finished."""

    state = "finished"

    def summary(self):
        return {"max_K_o": 40.0, "sd": {"verdict": True}}


class Point:
    def said(self):
        return "alpha 0.1"


class Terminal:
    """A terminal to write to, and what was written there."""

    def __enter__(self):
        self._mine, theirs = pty.openpty()
        self.stream = open(theirs, "w")
        return self

    def __exit__(self, *_):
        self.stream.close()
        os.close(self._mine)

    def seen(self):
        self.stream.flush()
        parts = []
        while select.select([self._mine], [], [], 0.1)[0]:
            parts.append(os.read(self._mine, 100_000))
        return b"".join(parts).decode()


def test_a_bar_is_redrawn_in_one_line_and_no_thread_watches_it():
    with Terminal() as terminal:
        bar = Bar(10.0, 4.0, terminal.stream)
        bar.show(7.0, "t = 7 of 10 s", "step 3")
        bar.close()
        seen = terminal.seen()
    assert " 70%|" in seen and "t = 7 of 10 s" in seen and "step 3" in seen
    assert seen.count("\n") == 1
    assert not [thread for thread in threading.enumerate() if "tqdm" in repr(thread).lower()]


def told(stream):
    """What the progress of a scan of two points says, one of them there already."""
    progress = ScanProgress(stream=stream)
    progress.expect(1, 1)
    progress.done(Point(), Slot())
    progress.close()


def test_a_scan_draws_a_bar_on_a_terminal_and_a_line_in_a_log(tmp_path):
    with Terminal() as terminal:
        told(terminal.stream)
        seen = terminal.seen()
    assert "100%|" in seen and "2 of 2" in seen and "K+ up to 40 mM, sd" in seen
    with open(tmp_path / "log", "w") as log:
        told(log)
    said = (tmp_path / "log").read_text()
    assert said.startswith("2 of 2  elapsed 00:00  left 00:00  alpha 0.1: K+ up to 40 mM, sd")
    assert said.count("\n") == 1


def on_terminal(command):
    """What a command writes to a terminal."""
    with Terminal() as terminal:
        done = subprocess.Popen(command, stderr=terminal.stream, stdout=subprocess.DEVNULL)
        assert done.wait(60) == 0
        return terminal.seen()


def test_a_run_draws_a_whole_bar_on_a_terminal_and_none_in_a_log(tmp_path):
    config, out = tmp_path / "run.toml", tmp_path / "out"
    config.write_text(BASE)
    seen = on_terminal([sys.executable, "-m", "ecs_model", "run", str(config), "-o", str(out)])
    assert "100%|" in seen and "t = 0.4 of 0.4 s" in seen
    assert "finished at t = 0.4 s" in seen
    done = launch(2, "run", config, "-o", out, "--overwrite")
    assert done.returncode == 0 and "%|" not in done.stderr and "\r" not in done.stderr


WIDGETS = {"with": "", "without": "sys.modules['ipywidgets'] = None"}


@pytest.mark.parametrize("widgets", WIDGETS)
def test_a_notebook_has_a_bar_without_warnings(widgets):
    cell = nbformat.v4.new_code_cell(CELL.format(WIDGETS[widgets]))
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    said = json.dumps([cell.outputs, notebook.metadata], ensure_ascii=False)
    assert re.search(r"t\s=\s10\sof\s10\ss", said) and "Warning" not in said
    assert ("widget-view" in said) == (widgets == "with")

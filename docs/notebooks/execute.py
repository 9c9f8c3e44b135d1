"""Executes the notebooks of this folder anew and keeps what they show.

    python docs/notebooks/execute.py              # all
    python docs/notebooks/execute.py first_run    # one

Needs the extra `dev` (nbclient, ipykernel). What a notebook writes goes to a temporary folder.
"""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def executed(path):
    """The notebook in a file, executed; CellExecutionError if a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        options = {"kernel_name": "python3", "record_timing": False, "timeout": 120}
        NotebookClient(notebook, resources={"metadata": {"path": folder}}, **options).execute()
    return notebook


if __name__ == "__main__":
    for name in sys.argv[1:] or [path.stem for path in sorted(HERE.glob("*.ipynb"))]:
        source = HERE / f"{name}.ipynb"
        nbformat.write(executed(source), source)

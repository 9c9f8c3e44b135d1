"""Folders of exports: what an earlier one wrote there, and a later one does not write, goes."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign, schemas

ABOUT = "about.json"


def note(folder: Path, written: Iterable[str], about: Mapping[str, Any], endings: str) -> Path:
    """Remove what an earlier export left behind, and note what this one wrote; path of the note.

    Args:
        folder: of the export.
        written: names of the files of this one.
        about: what is told beside them.
        endings: of files that exports of this kind write; others are never removed.
    """
    names = [*written]
    for name in _earlier(folder / ABOUT):
        path = folder / name
        if name not in names and name.endswith(endings) and path.parent == folder:
            path.unlink(missing_ok=True)
    text = json.dumps({**about, "written": names}, indent=1)
    atomic.write_text(folder / ABOUT, text + "\n")
    return folder / ABOUT


def _earlier(path):
    """Names of files that the note of an earlier export lists; none if that is not there."""
    with contextlib.suppress(ConfigError):
        found = foreign.read_json(path, schemas.ExportFacts) or {}
        return found.get("written", [])
    return []

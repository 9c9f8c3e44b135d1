"""Files that a configuration names: which they are, and whether they are what they were."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEYS = ("file", "image", "within", "names", "white", "pial", "body")  # behind which a file stands
BESIDE = {".xdmf": [".h5"]}  # what lies beside a file and belongs to it


def digests(tree: Any, folder: str | Path) -> dict[str, str]:
    """Name -> digest of each file that a configuration names; an XDMF file counts with its HDF5.

    Args:
        tree: the configuration as dictionaries and lists.
        folder: that its paths start from.
    """
    return {name: _digest(Path(folder, name)) for name in sorted({*_names(tree)})}


def _names(tree: Any) -> Iterator[str]:
    """What stands behind one of KEYS, or before the colon behind `add`, at any depth."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if key in KEYS and isinstance(value, str):
            yield value
        elif key == "add" and isinstance(value, list):
            yield from (str(entry).rpartition(":")[0] for entry in value)
        elif isinstance(value, dict | list):
            yield from _names(value)


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    beside = [path.with_suffix(suffix) for suffix in BESIDE.get(path.suffix.lower(), [])]
    for part in (path, *beside):
        if part.is_file():
            with open(part, "rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:24]

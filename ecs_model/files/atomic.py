"""Files that are either the old ones or the new ones, whatever kills the program in between.

Everything is written under a hidden temporary name in the same folder, forced to the disk, and then
renamed. A failure leaves the old file as it was and removes the temporary.
"""

import errno
import json
import math
import os
import platform
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError, error_number, plainly

_NOT_ALLOWED = "give an output that you may write to"
_FULL = "free some space or give an output on another disk"
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _NOT_ALLOWED,
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.ENOENT: "the folder that should hold it does not exist",
    errno.ENOTDIR: "a part of that path is a file, not a folder",
    errno.EEXIST: "a file of that name is in the way",
}


def write_text(path, text, lasting=True):
    """Make `path` hold `text` in UTF-8."""
    write_bytes(path, text.encode(), lasting)


def write_json(path, obj, lasting=True):
    """Make `path` hold `obj` as JSON, keys sorted; nan and infinity become null."""
    text = json.dumps(_plain(obj), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_text(path, text, lasting)


def write_bytes(path, data, lasting=True):
    """Make `path` hold `data` (anything with the buffer protocol).

    What is not `lasting` survives the end of the program, but perhaps not that of the machine.
    Several processes may write the same file at once, as they do in a cache: the last one wins.
    """
    with replacing(path, lasting) as temporary, open(temporary, "wb") as file:
        file.write(data)


@contextmanager
def replacing(path, lasting=True):
    """A block that fills a file of the name that it gives; at its end that file becomes `path`.

    What is not `lasting` is not forced to the disk. An OSError becomes a ConfigError.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{platform.node()}-{os.getpid()}.tmp")
    with explained(path):
        try:
            yield temporary
            if lasting:
                _sync(temporary)
            os.replace(temporary, path)
            if lasting:
                sync_folder(path.parent)
        finally:
            _forget(temporary)


def move_all(folder, target):
    """Force the files in `folder` to the disk, then put each of them into the folder `target`."""
    files = sorted(Path(folder).iterdir())
    for file in files:
        _sync(file)
    for file in files:
        os.replace(file, Path(target, file.name))
    sync_folder(target)


@contextmanager
def explained(path):
    """A block whose OSError becomes the ConfigError "cannot write <path>: <reason>; <remedy>"."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error_number(error), "check the disk")
        raise ConfigError(f"cannot write {path}: {plainly(error)}; {remedy}") from error


def sync_folder(folder):
    """Force the names in `folder` to the disk."""
    _sync(folder)


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget(temporary):
    try:
        os.unlink(temporary)
    except OSError:
        pass  # renamed, or never made: nothing is left over


def _plain(obj):
    """`obj` in the types that JSON knows."""
    if isinstance(obj, dict):
        return {str(key): _plain(value) for key, value in obj.items()}
    if isinstance(obj, np.ndarray | np.generic):
        return _plain(obj.tolist())
    if isinstance(obj, list | tuple):
        return [_plain(value) for value in obj]
    if isinstance(obj, float):
        return obj if math.isfinite(obj) else None
    return str(obj) if isinstance(obj, Path) else obj


def refuse_gap(path, found, written, until):
    """Raise ConfigError if times up to `until` [s] have gone from a file; it stays as it is.

    Args:
        path: of the file.
        found: times that it holds.
        written: times that were written to it.
        until: from where a run is to go on.
    """
    if found < written:
        raise ConfigError(
            f"{path}: holds {found} of the {written} times written up to t = {until:g} s, "
            "so that the run would go on with a gap; bring the whole file back, or start anew"
        )

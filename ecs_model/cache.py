"""What is made once: in memory for runs of one process, on disk for those that come later."""

import contextlib
import fcntl
import os
from pathlib import Path

from ecs_model.errors import ConfigError


class Kept:
    """Things by kind and key; of each kind the ones used last stay.

    Args:
        each: how many of a kind.
    """

    def __init__(self, each=4):
        self._each, self._kinds = each, {}

    def __call__(self, kind, key, make):
        """The thing of a kind that belongs to `key`; `make()` if it is not there."""
        things = self._kinds.setdefault(kind, {})
        thing = things.pop(key) if key in things else make()
        things[key] = thing
        if len(things) > self._each:
            things.pop(next(iter(things)))
        return thing


def cache_folder(kind):
    """The folder for files that can be made again, created if need be (XDG_CACHE_HOME)."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "ecs-model" / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot write the cache folder {folder}: {error.strerror}; set XDG_CACHE_HOME to a "
            "folder that can be written"
        ) from None
    return folder


@contextlib.contextmanager
def locked(folder):
    """Hold the lock of a cache folder while in the block; its holder's death releases it.

    Gives whether there is a lock: not every file system of a cluster has them.
    """
    with open(folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            yield False
        else:
            yield True

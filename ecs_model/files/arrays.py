"""Arrays of numbers in .npy files, read with suspicion."""

import math
import tokenize
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError

_BROKEN = (ValueError, TypeError, OSError, EOFError, SyntaxError, tokenize.TokenError)


def read_npy(path: Path) -> np.ndarray:
    """The numbers in a .npy file, with at least one axis.

    Raises:
        ConfigError: if it holds no array of numbers.
    """
    try:
        return np.atleast_1d(np.asarray(_load(path), float))
    except _BROKEN as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path}: not an array of numbers ({reason})") from None


def _load(path):
    """The array in a file; ValueError if its head promises what the file does not hold.

    Memory is asked for only after that is known.
    """
    with open(path, "rb") as file:
        version = np.lib.format.read_magic(file)
        heads = {(1, 0): np.lib.format.read_array_header_1_0}
        read_head = heads.get(version, np.lib.format.read_array_header_2_0)
        shape, _, kind = read_head(file)
        held = path.stat().st_size - file.tell()
        promised = math.prod(shape) * kind.itemsize
    if kind.hasobject or kind.kind not in "biuf":
        raise ValueError(f"it holds {kind}")
    if promised != held:
        raise ValueError(f"its head promises {promised} bytes, but {held} are there")
    return np.load(path, allow_pickle=False, mmap_mode="r")

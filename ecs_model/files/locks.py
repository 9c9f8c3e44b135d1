"""Locks of files, which die with the process that holds them: who works in a directory."""

import fcntl
import time
from pathlib import Path
from typing import IO, Any


def lock(file: IO[Any], kind: int = fcntl.LOCK_EX, patience: float = 1.0) -> bool:
    """Whether an open file is locked now, for as long as it stays open.

    A file system without locks cannot tell: then it counts as locked.

    Args:
        file: open.
        kind: fcntl.LOCK_EX for one alone, LOCK_SH for several.
        patience: how long to try [s]; others may have it for a moment, to see whether it is free.
    """
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        except OSError:
            return True


def is_held(path: Path, by_anyone: bool = False) -> bool | None:
    """Whether somebody has a file locked; None where that cannot be known.

    Args:
        path: of the file.
        by_anyone: also together with others; if not, for themselves alone.
    """
    kind = fcntl.LOCK_EX if by_anyone else fcntl.LOCK_SH
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False

"""Which directories were made on this account: only their code is run without being asked for.

A membrane may be a Python file, which a configuration names; whoever continues a run or a scan runs
it. A directory that this account made says so with a code that only its key can make; the key lies
in the folder for the state of programs (XDG_STATE_HOME), readable by its owner alone.
"""

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecs_model.cache import cache_folder
from ecs_model.errors import ConfigError

SIZE = 32


def mark(*facts: Any) -> str:
    """What a directory of this account says about what it runs; empty where no key can be kept.

    Args:
        facts: all that decides which code is run, in the types that JSON knows.
    """
    key = _key()
    text = json.dumps(facts, sort_keys=True).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest() if key else ""


def ask(found: str | None, place: Any, trust: bool, *facts: Any) -> None:
    """Raise ConfigError for a directory that was not made on this account, unless it is trusted.

    Args:
        found: the mark in the directory.
        place: the directory.
        trust: whether the user trusts it.
        facts: as for `mark`.
    """
    if not trust and not is_own(found, *facts):
        raise ConfigError(
            f"{place} was not made on this account, or it names other code than when it was made: "
            "continuing it may run that code; look at its membrane.file and membrane.add, then "
            "give --trust"
        )


def is_own(found: str | None, *facts: Any) -> bool:
    """Whether a mark was made on this account; arguments as for `ask`."""
    own = mark(*facts)
    return bool(own) and hmac.compare_digest(own.encode(), (found or "").encode())


def _key():
    """The key of this account, made when it is first needed; empty if it cannot be kept."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    for folder in (lambda: Path(home, "ecs-model"), lambda: cache_folder("key")):
        with suppress(OSError, ConfigError):
            return _kept(folder())
    return b""


def _kept(folder):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "key"
    if not path.is_file() or path.stat().st_size != SIZE:
        fresh = folder / f".key-{os.getpid()}-{secrets.token_hex(4)}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(SIZE))
        os.replace(fresh, path)
    return path.read_bytes()

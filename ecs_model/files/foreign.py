"""Files that a run or a scan left, read back; what is wrong with them, in one sentence."""

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ecs_model.errors import ConfigError, plainly

UNREADABLE = (
    OSError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    RuntimeError,
    OverflowError,
    ZeroDivisionError,
    csv.Error,
)


def refuse_special(path: Path) -> None:
    """Raise ConfigError for a pipe or a device, as to read one may never end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ConfigError(f"{path}: is a pipe or a device; a file would be right")


def refuse_strange(folder: Path) -> None:
    """Raise ConfigError for a directory in which not all is files and folders of its own.

    Pipes and devices may never end, and symbolic links may lead to where nobody means to write.
    """
    _walk(folder, Path(os.path.realpath(folder)))


def _walk(folder: Path, home: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                _refuse_away(Path(entry.path), home)
            elif entry.is_dir():
                _walk(Path(entry.path), home)
            if not entry.is_file():
                refuse_special(Path(entry.path))


def _refuse_away(link: Path, home: Path) -> None:
    if not (to := Path(os.path.realpath(link))).is_relative_to(home):
        raise ConfigError(
            f"{link}: is a symbolic link to {to}, out of its directory; put there what it leads to"
        )


def read_json(path: Path, schema: Any) -> Any:
    """The content of a JSON file as plain dictionaries and lists; None if there is no such file.

    Args:
        path: of the file.
        schema: one of the models in `schemas`, or a list of one.

    Raises:
        ConfigError: if it cannot be read, is no JSON, or not what the schema says.
    """
    refuse_special(Path(path))
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        content = getattr(schema, "as_now", _as_it_is)(content)
        TypeAdapter(schema).validate_python(content)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        raise ConfigError(f"{path} is damaged: {_sentence(error)}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is damaged: {_first_line(error)}") from None
    return content


def _as_it_is(content):
    return content


def need_json(path: Path, schema: Any) -> Any:
    """The content of a JSON file, as `read_json` gives it.

    Args:
        path: of the file.
        schema: one of the models in `schemas`, or a list of one.

    Raises:
        ConfigError: if there is no such file, too.
    """
    if (content := read_json(path, schema)) is None:
        raise ConfigError(f"{path}: no such file")
    return content


@contextmanager
def damaged(path: Any, remedy: str = "") -> Iterator[None]:
    """A block that reads a file; whatever is wrong with its content becomes a ConfigError."""
    try:
        yield
    except UNREADABLE as error:
        hint = f"; {remedy}" if remedy else ""
        raise ConfigError(f"{path} is damaged: {_first_line(error)}{hint}") from error


def _sentence(error):
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    found = first["input"]
    shown = "" if isinstance(found, dict | list) else f" (found {str(found)[:40]!r})"
    if first["type"] == "missing":
        return f"{place} is missing"
    wanted = first["msg"].replace("Input should be", "should be")
    return f"{place + ' ' if place else ''}{wanted}{shown}"


def _first_line(error):
    text = plainly(error)[:120]
    return f"{text} is missing" if isinstance(error, KeyError) else text

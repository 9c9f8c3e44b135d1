"""Reading a configuration: all mistakes at once, each with its line, in the user's words."""

import difflib
import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ecs_model.config import Config
from ecs_model.errors import ConfigError
from ecs_model.places import MeshSettings


def read_config(path, overrides=(), schema=Config):
    """The configuration in a TOML file.

    Args:
        path: of the file.
        overrides: texts such as "tissue.alpha=0.1", which win over the file.
        schema: what it is a configuration of.

    Raises:
        ConfigError: every mistake in it, one line each.
    """
    text = read_text(path)
    return parse_config(text, str(path), overrides, schema)


def read_text(path):
    """The text of a configuration file; ConfigError if it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")  # with or without a byte order mark
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file{_neighbours(Path(path))}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file in UTF-8"
        raise ConfigError(f"{path}: cannot be read ({reason})") from None


def parse_config(text, name="configuration", overrides=(), schema=Config):
    """The configuration in a TOML text; ConfigError lists every mistake."""
    tree = parse_tree(text, name)
    for override in overrides:
        _apply(tree, override)
    return validated(tree, text, name, schema)


def parse_tree(text, name="configuration"):
    """The tables of a TOML text as dictionaries; ConfigError if it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{name}: not valid TOML here: tables are nested too deeply") from None


def validated(tree, text, name, schema=Config):
    """The configuration in a tree; ConfigError lists every mistake, with its line in the text."""
    try:
        return schema.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_sentences(error, text, name, schema)) from None


def read_mesh_settings(name, settings):
    """Mesh settings from a configuration file, or for a generator from texts like 'cell="1 um"'."""
    if name.endswith(".toml"):
        return read_config(name, settings).mesh
    tree = {"generator": name}
    for setting in settings:
        _apply(tree, setting)
    try:
        return MeshSettings.model_validate(tree)
    except ValidationError as error:
        reasons = [f"mesh.{_dotted(_plain(e['loc']))}: {_mesh_reason(e)}" for e in error.errors()]
        raise ConfigError("\n  ".join(reasons)) from None


def _mesh_reason(error):
    return _reason(error, ["mesh", *_plain(error["loc"])])


def _neighbours(path):
    near = sorted(p.name for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, near, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _apply(tree, override):
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {override}: write it as key=value, such as tissue.alpha=0.1")
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    put(tree, key.strip(), parsed, f"--set {override}")


def put(tree, key, value, place):
    """Set a key such as "tissue.alpha" or "source.pipette.rate" in a tree, in place.

    Args:
        tree: nested dictionaries and lists, as TOML gives them.
        key: names joined by points; entries of a list by their name or number.
        value: what it becomes.
        place: what messages begin with.

    Raises:
        ConfigError: if the key leads into something that has no parts.
    """
    *path, last = key.split(".")
    for part in path:
        tree = _descend(tree, part, place)
    if isinstance(tree, list):
        tree[_index(tree, last, place)] = value
    elif isinstance(tree, dict):
        tree[last] = value
    else:
        raise ConfigError(f"{place}: '{path[-1]}' is not a table")


def _descend(tree, part, place):
    if isinstance(tree, list):
        return tree[_index(tree, part, place)]
    if isinstance(tree, dict):
        return tree.setdefault(part, {})
    raise ConfigError(f"{place}: '{part}' is not a table")


def _index(entries, part, place):
    """Place of an entry in a list, by its number or its name."""
    names = [e.get("name", e.get("on")) if isinstance(e, dict) else None for e in entries]
    if part in names:
        return names.index(part)
    if part.isdigit() and int(part) < len(entries):
        return int(part)
    known = ", ".join(str(n) for n in names if n) or f"0 to {len(entries) - 1}"
    raise ConfigError(f"{place}: no entry '{part}' here; there are {known}")


def _sentences(error, text, name, schema):
    lines = dict.fromkeys(_sentence(e, text, name, schema) for e in error.errors())
    return "\n  ".join(["the configuration cannot be used:", *lines])


def _sentence(error, text, name, schema):
    place = _plain(error["loc"])
    path = _dotted(place)
    line = find_line(text, place)
    where = f"{name}:{line}" if line else name
    return f"{where}: {path + ': ' if path else ''}{_reason(error, place, schema)}"


def _plain(loc):
    """The keys of a location as the user wrote them, without the names of alternatives."""
    return [part for part in loc if isinstance(part, int) or not part.startswith("(")]


def _fields(schema):
    """Fields of all settings that a type may hold: name -> type."""
    found: dict[str, Any] = {}
    for kind in _kinds(schema):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {name: field.annotation for name, field in kind.model_fields.items()}
    return found


def _kinds(schema):
    origin = typing.get_origin(schema)
    if origin in (list, typing.Union, types.UnionType, typing.Annotated):
        return [k for a in typing.get_args(schema) for k in _kinds(a)]
    return [schema]


def _dotted(place):
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _reason(error, place, schema=Config):
    if error["type"] == "extra_forbidden":
        return "no such setting" + _suggestion(place, schema)
    if error["type"] == "missing":
        return "is required, but missing"
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if error["type"] == "literal_error":
        reason = f"must be one of {reason}"
    elif reason != error["msg"] and not error["msg"].startswith("Value error"):
        reason = f"must be {reason}"
    found = error["input"]
    return reason if isinstance(found, dict | list) else f"{reason} (found {found!r})"


def _suggestion(place, schema):
    fields = _fields_at(place[:-1], schema)
    close = difflib.get_close_matches(str(place[-1]), fields, 1, 0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known here: {', '.join(fields)}" if fields else ""


def _fields_at(place, schema):
    for part in place:
        if not isinstance(part, int):
            schema = _fields(schema).get(part)
    return list(_fields(schema))


def find_line(text, place):
    """Number of the line that holds a key, as well as a scan of the text can tell; None if not."""
    best, table = None, []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([\w.\-\"]+)\s*\]\]?", line):
            table = _table(header, counts)
            if table == place[: len(table)] and (table or len(place) == 0):
                best = number
        elif (key := re.match(r"\s*([\w.\-]+)\s*=", line)) and place:
            here = table + key[1].split(".")
            if here == place[: len(here)] and len(here) > len(table):
                return number
    return best


def _table(header, counts):
    """The place of a table header: keys, and the number of a repeated table."""
    keys = header[2].replace('"', "").split(".")
    if header[1] == "[[":
        counts[header[2]] = counts.get(header[2], -1) + 1
    place = []
    for k in range(len(keys)):
        place.append(keys[k])
        whole = ".".join(keys[: k + 1])
        if whole in counts:
            place.append(counts[whole])
    return place

"""Reading a configuration: all mistakes at once, each with its line, in the user's words."""

import datetime
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ecs_model.config.run import Config
from ecs_model.config.tissue import MeshSettings
from ecs_model.config.types import SettingError
from ecs_model.config.whereabouts import Written, is_place
from ecs_model.errors import ConfigError, did_you_mean

DEEPEST = 30  # tables in tables


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
    tree = parse_tree(text, name, overrides)
    return validated(tree, Written(text, name, overrides), schema)


def parse_tree(text, name="configuration", overrides=()):
    """The tables of a TOML text as dictionaries, with overrides; ConfigError if it is none."""
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{name}: {_TOO_DEEP}") from None
    except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python reads
        raise ConfigError(f"{name}: not valid TOML: {error}") from None
    if _is_deep(tree):
        raise ConfigError(f"{name}: {_TOO_DEEP}")
    if (place := _date_in(tree)) is not None:
        where = Written(text, name).where(place)
        raise ConfigError(f"{where}: {_dotted(place)}: no setting is a date or a time of day")
    for override in overrides:
        _apply(tree, override)
    return tree


def _date_in(tree):
    """The place of a date or a time of day in a tree, which TOML knows; None if there is none."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, dict | list):
            if (place := _date_in(value)) is not None:
                return [key, *place]
        elif isinstance(value, datetime.date | datetime.time):
            return [key]
    return None


_TOO_DEEP = f"not valid TOML here: tables and lists are nested more than {DEEPEST} deep"


def _is_deep(tree):
    """Whether tables and lists hold each other more often than any configuration needs."""
    level = [tree]
    for _ in range(DEEPEST):
        parts = [x.values() if isinstance(x, dict) else x for x in level]
        level = [p for part in parts for p in part if isinstance(p, dict | list)]
    return bool(level)


def validated(tree, written, schema=Config):
    """The configuration in a tree; ConfigError lists every mistake, and where it was written.

    Args:
        tree: nested dictionaries and lists, as TOML gives them.
        written: the Written that they come from.
        schema: what it is a configuration of.
    """
    try:
        return schema.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_sentences(error, written, schema)) from None


def read_mesh_settings(name, settings):
    """Mesh settings from a configuration file, or for a generator from texts like 'cell="1 um"'."""
    if name.endswith(".toml"):
        return read_config(name, settings).mesh
    tree = {"generator": name}
    for setting in settings:
        _apply(tree, setting, "", 'cell="50 um"')
    try:
        return MeshSettings.model_validate(tree)
    except ValidationError as error:
        reasons = [f"{_dotted(place)}: {_reason(e, place)}" for e, place in _of_mesh(error)]
        raise ConfigError("\n  ".join(reasons)) from None


def _of_mesh(error):
    """Pairs of a mistake in mesh settings and its place in a configuration."""
    return [(e, ["mesh", *_place(e)]) for e in error.errors()]


def _neighbours(path):
    near = sorted(p.name for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
    return did_you_mean(path.name, near)


def _apply(tree, override, option="--set ", example="tissue.alpha=0.1"):
    key, equals, value = override.partition("=")
    place = f"{option}{override}"
    if not equals or not key.strip():
        raise ConfigError(f"{place}: write it as key=value, such as {example}")
    put(tree, key.strip(), _set_value(value.strip(), place), place)


def _set_value(text, place):
    """What a value on the command line means: TOML, or else a text, as dates are."""
    try:
        tree = tomllib.loads(f"value = {text}")
    except RecursionError:
        raise ConfigError(f"{place[:46]}...: {_TOO_DEEP}") from None
    except ValueError:
        return text
    if _is_deep(tree):
        raise ConfigError(f"{place[:46]}...: {_TOO_DEEP}")
    return tree["value"] if len(tree) == 1 and _date_in(tree) is None else text


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
    if is_place(part) and int(part) < len(entries):
        return int(part)
    known = ", ".join(str(n) for n in names if n) or f"0 to {len(entries) - 1}"
    raise ConfigError(f"{place}: no entry '{part}' here; there are {known}")


def _sentences(error, written, schema):
    lines = dict.fromkeys(_sentence(e, written, schema) for e in error.errors())
    return "\n  ".join(["the configuration cannot be used:", *lines])


def _sentence(error, written, schema):
    place = _place(error)
    path = _dotted(place)
    reason = _reason(error, place, schema)
    if (entry := written.entry_of(place)) and " (found " in reason and reason.endswith(")"):
        reason = f"{reason[:-1]} in {entry!r})"
    return f"{written.where(place)}: {path + ': ' if path else ''}{reason}"


def _place(error):
    """The keys of a mistake as the user wrote them, without the names of alternatives."""
    place = [part for part in error["loc"] if isinstance(part, int) or not part.startswith("(")]
    cause = error.get("ctx", {}).get("error")
    return [*place, *cause.name.split(".")] if isinstance(cause, SettingError) else place


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


_SIZES = {  # of lists and tables
    "too_short": "must have {min_length} or more entries (found {actual_length})",
    "too_long": "must have at most {max_length} entries (found {actual_length})",
}


def _reason(error, place, schema=Config):
    if error["type"] == "extra_forbidden":
        return "no such setting" + _suggestion(place, schema)
    if error["type"] == "missing":
        return "is required, but missing"
    if error["type"] in _SIZES:
        return _SIZES[error["type"]].format(**error["ctx"])
    reason = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    reason = reason.replace("a valid boolean", "true or false")
    reason = reason.replace("greater than or equal to", "at least")
    reason = reason.replace("less than or equal to", "at most")
    if error["type"] == "literal_error":
        reason = f"must be one of {reason}"
    elif reason != error["msg"] and not error["msg"].startswith("Value error"):
        reason = f"must be {reason}"
    found = error["input"]
    return reason if isinstance(found, dict | list) else f"{reason} (found {found!r})"


def _suggestion(place, schema):
    fields = _fields_at(place[:-1], schema)
    hint = did_you_mean(str(place[-1]), fields)
    return hint or (f"; known here: {', '.join(fields)}" if fields else "")


def _fields_at(place, schema):
    for part in place:
        if not isinstance(part, int):
            schema = _fields(schema).get(part)
    return list(_fields(schema))

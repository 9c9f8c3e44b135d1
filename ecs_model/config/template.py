"""A commented configuration with every setting, printed from the models that read it."""

import types
import typing
from typing import Any

from pydantic import BaseModel, PlainSerializer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ecs_model.config.run import Config
from ecs_model.config.types import Limits

_WORDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}

RUN = """\
# A configuration of ecs-model with every setting and its default. Quantities are text with a
# unit; what is commented out has no default or stands for "not used". Check it with
# `ecs-model check FILE`; `ecs-model models` and `ecs-model mesh` list models and meshes.
#:schema ./ecs-model.schema.json     (from `ecs-model schema > ecs-model.schema.json`)
"""

_EXAMPLES = {
    "mesh.generator": '"box"',
    "mesh.size": '["1 mm", "1 mm", "0.4 mm"]',
    "mesh.cell": '"50 um"',
    "time.end": '"10 s"',
    "time": '{ end = "10 s" }',
    "base": '"sd_wave"',
    "axis.key": '"tissue.alpha"',
    "axis.values": "[0.1, 0.2]",
}


CELL = """\
# A single-cell job of ecs-model with every setting and its default. Quantities are text with a
# unit, bare numbers are in the model's units; what is commented out has no default or stands for
# "not used". Run it with `ecs-model cell FILE`; `ecs-model models` lists models.
"""

SCAN = """\
# A scan of ecs-model with every setting and its default. Quantities are text with a unit; what is
# commented out has no default or stands for "not used". Start it, or go on with it, by
# `ecs-model scan FILE`; look at it by `ecs-model scan status DIR`.
"""


def template(schema=Config, head=RUN):
    """A TOML text that is a valid configuration, with every setting explained.

    Args:
        schema: what it is a configuration of.
        head: what it begins with.
    """
    return head + "\n".join(_section(schema, [], False)) + "\n"


def _section(model, path, repeated):
    """Lines of one table; tables inside it follow its plain settings."""
    plain, tables = [], []
    for name, field in model.model_fields.items():
        inner, many = _table_inside(field.annotation)
        here = [*path, name]
        if inner is None:
            plain.append(_line(here, field, repeated))
        elif many or not _is_optional(field.annotation):
            off = repeated or (many and not field.is_required())
            tables += ["", _header(here, many, off, field), *_section(inner, here, off)]
        elif name in _EXAMPLES:
            plain.append(f"{name} = {_EXAMPLES[name]}    # {', '.join(inner.model_fields)}")
        else:
            plain.append(f"# {name} = {{ {', '.join(inner.model_fields)} }}{_meaning(field)}")
    return [*plain, *tables]


def _header(path, many, off, field):
    head = f"[[{'.'.join(path)}]]" if many else f"[{'.'.join(path)}]"
    return "# " * off + head + _meaning(field)


def _line(path, field, repeated):
    name, key = path[-1], ".".join(path)
    value = _EXAMPLES.get(key, _default(field))
    off = "# " if value is None or repeated else ""
    return f"{off}{name} = {value or '...'}{_meaning(field)}"


def _meaning(field):
    said = [field.description] if field.description else []
    if limits := _limits(field):
        said.append(limits)
    return f"    # {'; '.join(said)}" if said else ""


def _limits(field):
    """Between which values a setting lies, in words; empty if anything is possible."""
    known = [*_inside(field.metadata, field.annotation)]
    named = next((str(m) for m in known if isinstance(m, Limits)), "")
    ends = {name: getattr(m, name) for m in known for name in _WORDS if hasattr(m, name)}
    return named or ", ".join(f"{_WORDS[name]} {ends[name]}" for name in _WORDS if name in ends)


def _default(field):
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return None
    known = _inside(field.metadata, field.annotation)
    for serializer in known:
        if isinstance(serializer, PlainSerializer):
            write: Any = serializer.func
            return _toml(write(value))
    return _toml(value)


def _inside(metadata, annotation):
    """What is said of a type and of the types in it: limits, and how values are written."""
    for one in metadata:
        yield from one.metadata if isinstance(one, FieldInfo) else [one]
    for inner in typing.get_args(annotation):
        yield from _inside(getattr(inner, "__metadata__", ()), inner)


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return "{}" if value == {} else repr(value)


def _table_inside(annotation):
    """The settings that a type holds as a table, and whether as a list of tables."""
    if typing.get_origin(annotation) is list:
        inner = typing.get_args(annotation)[0]
        return (inner, True) if _is_settings(inner) else (None, False)
    options = [a for a in _options(annotation) if a is not type(None)]
    return (options[0], False) if len(options) == 1 and _is_settings(options[0]) else (None, False)


def _is_settings(kind):
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _options(annotation):
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _is_optional(annotation):
    return type(None) in _options(annotation)

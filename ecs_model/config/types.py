"""Types of settings: quantities with units, numbers, names, and values that may be fields.

Each turns a mistake into one sentence. Where a setting takes alternatives, the shape of what was
written decides which one is meant, so that there is one message instead of one per alternative.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)

from ecs_model.limits import ALPHA, DIFFUSIVITY, LIVING, SOLUBLE, TORTUOSITY
from ecs_model.physics.ions import KNOWN
from ecs_model.quantities import parse
from ecs_model.units import from_si, si_unit


@dataclass(frozen=True)
class Limits:
    """Between which numbers [SI] a quantity lies that is written in `unit`."""

    low: float
    high: float
    unit: str

    def __str__(self):
        return f"{self._written(self.low)} to {self._written(self.high)} {self._unit}".rstrip()

    def check(self, si):
        """A number [SI] itself; ValueError if it lies outside."""
        for wrong, word, limit in (
            (si < self.low, "least", self.low),
            (si > self.high, "most", self.high),
        ):
            if wrong:
                raise ValueError(f"must be at {word} {self._written(limit)} {self._unit}".rstrip())
        return si

    def _written(self, si):
        return f"{from_si(si, self.unit):g}"

    @property
    def _unit(self):
        return "" if self.unit == "1" else self.unit


def quantity(unit, low, high):
    """The type of a setting that is a quantity, written with a unit and held in SI.

    Args:
        unit: that examples are in.
        low: the lowest number [SI] that it may be.
        high: the highest number [SI] that it may be.
    """
    limits = Limits(low, high, unit)

    def read(value: Any) -> float:
        return limits.check(parse(value, unit))

    def write(si: float) -> str:
        """What reads back as the very same number."""
        texts = (f"{from_si(si, unit):.{digits}g} {unit}" for digits in (15, 16, 17))
        return next((t for t in texts if parse(t, unit) == si), f"{si!r} {si_unit(unit)}")

    schema = {"type": "string", "description": f"quantity such as '1 {unit}', {limits}"}
    reader, writer = BeforeValidator(read), PlainSerializer(write)
    return Annotated[float, reader, writer, WithJsonSchema(schema), limits]


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("needs a number")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise ValueError("must be a finite number")
    return float(value)


def number(low, high):
    """The type of a setting that is a plain number between two others."""
    limits = Limits(low, high, "1")
    schema = {"type": "number", "minimum": low, "maximum": high}
    reader = BeforeValidator(lambda value: limits.check(_number(value)))
    return Annotated[float, reader, WithJsonSchema(schema), limits]


def _name(value: Any) -> Any:
    """A name that may head a column and be a file's."""
    if not isinstance(value, str):
        raise ValueError("needs a text")
    if not value.isprintable() or not value.strip() or "/" in value or value.startswith("."):
        raise ValueError("cannot be a name: letters, digits and blanks are right, '/' is not")
    if len(value.encode()) > _LONGEST - 55:
        raise ValueError("is too long for a name, which files are called by")
    return value


def _ion_name(value: Any) -> Any:
    """A name that formulas can hold, too."""
    if not (isinstance(value, str) and re.fullmatch(r"[A-Za-z]\w*", value, re.ASCII)):
        raise ValueError("cannot be an ion's name: letters and digits are right, as in Ca or HCO3")
    return value


def _filename(value: Any) -> Any:
    """A path that a file system can bear."""
    if not isinstance(value, str):
        raise ValueError("needs a text")
    if "\0" in value or any(len(part.encode()) > _LONGEST for part in value.split("/")):
        raise ValueError("cannot be the name of a file: too long, or with a character of no name")
    return value


_LONGEST = 255  # bytes of a file's name
Filename = Annotated[str, BeforeValidator(_filename), Field(max_length=4000)]


Number = Annotated[float, BeforeValidator(_number)]
PlainAlpha = number(*ALPHA)
PlainTortuosity = number(*TORTUOSITY)
Component = number(-1e6, 1e6)  # of a direction
Tolerance = number(1e-12, 0.1)
Name = Annotated[str, BeforeValidator(_name), Field(max_length=100)]
IonName = Annotated[str, BeforeValidator(_ion_name), Field(max_length=100)]
Length = quantity("um", 1e-12, 10.0)
Coordinate = quantity("um", -10.0, 10.0)
Seconds = quantity("s", 1e-9, 1e10)
Instant = quantity("s", 0.0, 1e10)
Concentration = quantity("mM", 0.0, SOLUBLE)
Diffusivity = quantity("m^2/s", *DIFFUSIVITY)
Temperature = quantity("K", *LIVING)
Point = Annotated[list[Coordinate], Field(min_length=1, max_length=3)]


class Strict(BaseModel):
    """Frozen settings that refuse what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SettingError(ValueError):
    """A complaint about one of the settings of a table, whose name it knows."""

    def __init__(self, name, words):
        super().__init__(words)
        self.name = name


def refuse_void(model, names, why):
    """Raise SettingError for settings that are not at their defaults, though they do nothing.

    Args:
        model: the settings.
        names: of those without effect.
        why: in words, such as "without an exchange".
    """
    fields = type(model).model_fields
    for name in names:
        if getattr(model, name) != fields[name].get_default(call_default_factory=True):
            raise SettingError(name, f"has no effect {why}; leave it out")


def unique(entries, kind):
    """Raise SettingError if two entries of a list, such as "probe", have one name."""
    counts = Counter(entry.name for entry in entries)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise SettingError(kind, f"two entries are named {twice[0]!r}")


def exactly_one(model, names, what):
    """The model itself; ValueError unless exactly one of some settings was given."""
    given = [n for n in names if getattr(model, n) is not None]
    if len(given) != 1:
        found = " and ".join(given) if given else "none of them"
        raise ValueError(f"{what}: give exactly one of {', '.join(names)} (found {found})")
    return model


class FromFile(Strict):
    """Values over the mesh: a field of the mesh file, or an array in input order."""

    field: str | None = Field(
        None, description="name of a field that came with the mesh, or in file"
    )
    file: Filename | None = Field(
        None, description=".npy (one value per node or cell, input order) or mesh"
    )
    unit: str | None = Field(
        None, description="of its numbers; for pure numbers and concentrations the default is 1, mM"
    )
    at: Literal["nodes", "cells"] | None = Field(
        None, description="what its values lie at, where the file does not tell"
    )

    @model_validator(mode="after")
    def _something(self):
        if self.field is None and self.file is None:
            raise ValueError("give a field of the mesh, or a file")
        if self.file is not None and self.file.lower().endswith(".npy"):
            refuse_void(self, ["field"], "where the file is a .npy, which holds one array")
        elif self.field is None:
            raise SettingError("file", "in a mesh file, name the field that is meant: field = ...")
        return self


class Anisotropy(Strict):
    """Tortuosity along and across fibres."""

    parallel: PlainTortuosity = Field(description="tortuosity along the fibres")
    across: PlainTortuosity = Field(description="tortuosity across the fibres")
    direction: Annotated[list[Component], Field(min_length=1, max_length=3)] | None = Field(
        None, description="fibre direction, one for all; its length does not matter"
    )
    field: str | None = Field(None, description="or a field of directions that came with the mesh")
    at: Literal["nodes", "cells"] | None = Field(
        None, description="what the directions lie at, if the mesh has the field at both"
    )

    @model_validator(mode="after")
    def _one_direction(self):
        if self.field is None:
            refuse_void(self, ["at"], "without a field")
        return exactly_one(self, ("direction", "field"), "where fibres run")


class IonSettings(Strict):
    """An extracellular ion; a name alone will do for K, Na, Cl, TMA and glutamate."""

    name: IonName
    D: Diffusivity | None = Field(None, description="free diffusivity; the default is the known")
    valence: int | None = Field(None, ge=-4, le=4, description="charge; the default is the known")
    initial: Concentration = Field(
        0.0, description="at the start, for an ion that the membrane does not know"
    )

    @model_validator(mode="after")
    def _known(self):
        if self.name not in KNOWN and (self.D is None or self.valence is None):
            raise ValueError(
                f"the ion {self.name!r} is not one of {', '.join(KNOWN)}: give its D and valence"
            )
        if self.name == "K" and self.D is not None:
            raise ValueError("the diffusivity of K+ is tissue.D")
        if self.name in KNOWN and self.valence not in (None, KNOWN[self.name][0]):
            raise SettingError("valence", f"{self.name} has the charge {KNOWN[self.name][0]}")
        return self

    def written(self):
        """The name alone, or the table, as a configuration has it."""
        table = self.model_dump(exclude_defaults=True)
        return self.name if len(table) == 1 else table


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _as_written(ions):
    return [ion.written() for ion in ions]


IonChoice = Annotated[IonSettings, BeforeValidator(_named)]
IonList = Annotated[list[IonChoice], Field(min_length=1), PlainSerializer(_as_written)]


def _shape(value):
    """Which alternative a value is meant to be, by its shape: one message instead of three."""
    if isinstance(value, dict | Strict):
        table = value if isinstance(value, dict) else dict(value)
        return "(anisotropy)" if {"parallel", "across", "direction"} & {*table} else "(file)"
    return "(text)" if isinstance(value, str) else "(number)"


def _text_or_number(value):
    return "(text)" if isinstance(value, str) else "(number)"


def _number_or_table(value):
    shape = _shape(value)
    return "(number)" if shape == "(text)" else shape


_FILE = Annotated[FromFile, Tag("(file)")]
_ANISOTROPY = Annotated[Anisotropy, Tag("(anisotropy)")]
Alpha = Annotated[
    Annotated[PlainAlpha, Tag("(number)")] | _FILE | Annotated[FromFile, Tag("(anisotropy)")],
    Discriminator(_number_or_table),
]
Tortuosity = Annotated[
    Annotated[PlainTortuosity, Tag("(number)")] | _ANISOTROPY | _FILE,
    Discriminator(_number_or_table),
]
LocalTortuosity = Annotated[
    Annotated[PlainTortuosity, Tag("(number)")]
    | _ANISOTROPY
    | Annotated[Anisotropy, Tag("(file)")],
    Discriminator(_number_or_table),
]
# A parameter: a number in the model's unit, text with a unit, or a field over the mesh.
Local = Annotated[
    Annotated[str, Tag("(text)")] | Annotated[Number, Tag("(number)")],
    Discriminator(_text_or_number),
]
Settable = Annotated[
    Annotated[str, Tag("(text)")]
    | Annotated[Number, Tag("(number)")]
    | _FILE
    | Annotated[FromFile, Tag("(anisotropy)")],
    Discriminator(_shape),
]

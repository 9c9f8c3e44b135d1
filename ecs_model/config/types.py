"""Types of settings: quantities with units, numbers, names; a mistake becomes one sentence."""

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from ecs_model.limits import ALPHA, DIFFUSIVITY, LENGTH, LIVING, SOLUBLE, TORTUOSITY
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


def as_number(value: Any) -> Any:
    """A finite number as a float; ValueError for anything else, truth values too."""
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

    def read(value: Any) -> Any:
        return limits.check(as_number(value))

    return Annotated[float, BeforeValidator(read), WithJsonSchema(schema), limits]


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


Number = Annotated[float, BeforeValidator(as_number)]
PlainAlpha = number(*ALPHA)
PlainTortuosity = number(*TORTUOSITY)
Component = number(-1e6, 1e6)  # of a direction
Tolerance = number(1e-12, 0.1)
Name = Annotated[str, BeforeValidator(_name), Field(max_length=100)]
IonName = Annotated[str, BeforeValidator(_ion_name), Field(max_length=100)]
Length = quantity("um", *LENGTH)
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

"""Types of settings: quantities with units, numbers, names, and values that may be fields.

Each turns a mistake into one sentence. Where a setting takes alternatives, the shape of what was
written decides which one is meant, so that there is one message instead of one per alternative.
"""

import math
from typing import Annotated, Any

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

from ecs_model.ions import KNOWN
from ecs_model.quantities import parse
from ecs_model.units import from_si, si_unit


def quantity(unit, above=None, at_least=None):
    """The type of a setting that is a quantity, written with a unit and held in SI."""

    def read(value: Any) -> float:
        si = parse(value, unit)
        if above is not None and not si > above:
            raise ValueError(f"must be above {from_si(above, unit):g} {unit}")
        if at_least is not None and si < at_least:
            raise ValueError(f"must be at least {from_si(at_least, unit):g} {unit}")
        return si

    def write(si: float) -> str:
        """What reads back as the very same number."""
        texts = (f"{from_si(si, unit):.{digits}g} {unit}" for digits in (15, 16, 17))
        return next((t for t in texts if parse(t, unit) == si), f"{si!r} {si_unit(unit)}")

    schema = {"type": "string", "description": f"quantity such as '1 {unit}'"}
    return Annotated[float, BeforeValidator(read), PlainSerializer(write), WithJsonSchema(schema)]


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


def _name(value: Any) -> Any:
    """A name that may head a column and be a file's."""
    if not isinstance(value, str):
        raise ValueError("needs a text")
    if not value.isprintable() or not value.strip() or "/" in value or value.startswith("."):
        raise ValueError("cannot be a name: letters, digits and blanks are right, '/' is not")
    return value


Number = Annotated[float, BeforeValidator(_number)]
Name = Annotated[str, BeforeValidator(_name), Field(max_length=100)]
Length = quantity("um", above=0.0)
Coordinate = quantity("um")
Seconds = quantity("s", above=0.0)
Instant = quantity("s", at_least=0.0)
Concentration = quantity("mM", at_least=0.0)
Diffusivity = quantity("m^2/s", above=0.0)
Point = Annotated[list[Coordinate], Field(min_length=1, max_length=3)]


class Strict(BaseModel):
    """Frozen settings that refuse what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
    file: str | None = Field(
        None, description=".npy (one value per node or cell, input order) or mesh"
    )

    @model_validator(mode="after")
    def _something(self):
        if self.field is None and self.file is None:
            raise ValueError("give a field of the mesh, or a file")
        return self


class Anisotropy(Strict):
    """Tortuosity along and across fibres."""

    parallel: Annotated[Number, Field(ge=1)] = Field(description="tortuosity along the fibres")
    across: Annotated[Number, Field(ge=1)] = Field(description="tortuosity across the fibres")
    direction: list[Number] | None = Field(None, description="fibre direction, one for all")
    field: str | None = Field(None, description="or a field of directions that came with the mesh")

    @model_validator(mode="after")
    def _one_direction(self):
        return exactly_one(self, ("direction", "field"), "where fibres run")


class IonSettings(Strict):
    """An ion that moves outside cells; a name alone will do for K, Na, Cl, TMA and glutamate."""

    name: Name
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


PlainAlpha = Annotated[Number, Field(gt=0, lt=1)]
_TORTUOSITY = Annotated[Number, Field(ge=1)]
_FILE = Annotated[FromFile, Tag("(file)")]
_ANISOTROPY = Annotated[Anisotropy, Tag("(anisotropy)")]
Alpha = Annotated[
    Annotated[PlainAlpha, Tag("(number)")] | _FILE | Annotated[FromFile, Tag("(anisotropy)")],
    Discriminator(_number_or_table),
]
Tortuosity = Annotated[
    Annotated[_TORTUOSITY, Tag("(number)")] | _ANISOTROPY | _FILE,
    Discriminator(_number_or_table),
]
LocalTortuosity = Annotated[
    Annotated[_TORTUOSITY, Tag("(number)")] | _ANISOTROPY | Annotated[Anisotropy, Tag("(file)")],
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

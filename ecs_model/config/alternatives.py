"""Settings that may be written in several ways: numbers or fields, names or tables.

The shape of what was written decides which of the alternatives is meant, so that there is one
message instead of one per alternative.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, Tag, model_validator

from ecs_model.config.types import (
    Component,
    Concentration,
    Diffusivity,
    Filename,
    IonName,
    Number,
    PlainAlpha,
    PlainTortuosity,
    SettingError,
    Strict,
    exactly_one,
    refuse_void,
)
from ecs_model.physics.ions import KNOWN


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

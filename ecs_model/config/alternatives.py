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
    Length,
    Number,
    PlainAlpha,
    PlainTortuosity,
    SettingError,
    Strict,
    exactly_one,
    refuse_void,
)
from ecs_model.files.images import is_image
from ecs_model.physics.ions import KNOWN

Space = Literal["ras", "lps", "tkr"]
SPACE = "coordinates of the mesh, in mm: of the scanner (ras, lps), or FreeSurfer's surfaces (tkr)"
WITHIN = "image of labels that keep tissues apart; without it all voxels that are not 0 count"


class Linear(Strict):
    """What the numbers of an image mean: a line through two points, and its source."""

    values: Annotated[list[Number], Field(min_length=2, max_length=2)] = Field(
        description="two numbers of the image"
    )
    become: Annotated[list[Number], Field(min_length=2, max_length=2)] = Field(
        description="what they mean"
    )
    source: str = Field(description="who found so", min_length=3, max_length=300)

    @model_validator(mode="after")
    def _two_points(self):
        if self.values[0] == self.values[1]:
            raise SettingError("values", "must be two different numbers")
        return self


class FromFile(Strict):
    """Values over the mesh: a field of the mesh file, an array in input order, or an image."""

    field: str | None = Field(
        None, description="name of a field that came with the mesh, or in file"
    )
    file: Filename | None = Field(
        None,
        description=".npy (one value per node or cell, input order), mesh, or NIfTI or MGZ image",
    )
    unit: str | None = Field(
        None, description="of its numbers; for pure numbers and concentrations the default is 1, mM"
    )
    at: Literal["nodes", "cells"] | None = Field(
        None, description="what its values lie at, where the file does not tell"
    )
    space: Space = Field("ras", description=SPACE)
    within: Filename | None = Field(None, description=WITHIN)
    linear: Linear | None = Field(None, description="what the numbers of an image mean")
    clip: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = Field(
        None, description="least and most: what an image has beyond becomes these"
    )

    @model_validator(mode="after")
    def _something(self):
        if self.field is None and self.file is None:
            raise ValueError("give a field of the mesh, or a file")
        if is_image(self.file or ""):
            return self._imaged()
        refuse_void(self, ["space", "within", "linear", "clip"], "where the file is no image")
        if self.file is not None and self.file.lower().endswith(".npy"):
            refuse_void(self, ["field"], "where the file is a .npy, which holds one array")
        elif self.field is None:
            raise SettingError("file", "in a mesh file, name the field that is meant: field = ...")
        return self

    def _imaged(self):
        refuse_void(self, ["field", "at"], "with an image, which is read at the mesh's own points")
        if self.clip is not None and not self.clip[0] < self.clip[1]:
            raise SettingError("clip", "the least comes first, then the most")
        return self


class _Tensors(Strict):
    """An image of fibre directions or of diffusion tensors."""

    file: Filename | None = Field(
        None, description="or an image: 3 numbers a voxel, directions, or 6, diffusion tensors"
    )
    axes: Literal["world", "voxel", "fsl"] | None = Field(
        None, description="of an image's vectors: MRtrix world, DIPY voxel, FSL fsl"
    )
    order: Literal["fsl", "mrtrix", "nifti"] | None = Field(
        None, description="of six numbers: xx xy xz yy yz zz, xx yy zz xy xz yz, xx xy yy xz yz zz"
    )
    space: Space = Field("ras", description=SPACE)
    within: Filename | None = Field(None, description=WITHIN)

    def _refuse_half(self):
        if self.file is None:
            refuse_void(self, ["axes", "order", "space", "within"], "without an image")
        elif not is_image(self.file):
            raise SettingError("file", "directions come from a NIfTI or MGZ image")
        elif self.axes is None:
            raise SettingError(
                "axes", 'no file tells in which axes its vectors are: "world", "voxel" or "fsl"'
            )


class Ratios(_Tensors):
    """Tortuosity with the ratios of water's diffusion tensors; their mean is from elsewhere."""

    mean: PlainTortuosity = Field(description="tortuosity that belongs to the mean diffusivity")

    @model_validator(mode="after")
    def _has_tensors(self):
        if self.file is None or self.order is None:
            raise ValueError("give an image of diffusion tensors, and the order of their numbers")
        self._refuse_half()
        return self


class Anisotropy(_Tensors):
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
        self._refuse_half()
        return exactly_one(self, ("direction", "field", "file"), "where fibres run")


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
        if {"parallel", "across", "direction"} & {*table}:
            return "(anisotropy)"
        return "(ratios)" if "mean" in table else "(file)"
    return "(text)" if isinstance(value, str) else "(number)"


def _text_or_number(value):
    return "(text)" if isinstance(value, str) else "(number)"


def _length_or_table(value):
    return "(length)" if _shape(value) in ("(text)", "(number)") else "(file)"


def _number_or_table(value):
    shape = _shape(value)
    return "(number)" if shape == "(text)" else shape


_FILE = Annotated[FromFile, Tag("(file)")]
_ANISOTROPY = Annotated[Anisotropy, Tag("(anisotropy)")]
Alpha = Annotated[
    Annotated[PlainAlpha, Tag("(number)")]
    | _FILE
    | Annotated[FromFile, Tag("(anisotropy)")]
    | Annotated[FromFile, Tag("(ratios)")],
    Discriminator(_number_or_table),
]
Thickness = Annotated[Annotated[Length, Tag("(length)")] | _FILE, Discriminator(_length_or_table)]
Tortuosity = Annotated[
    Annotated[PlainTortuosity, Tag("(number)")]
    | _ANISOTROPY
    | Annotated[Ratios, Tag("(ratios)")]
    | _FILE,
    Discriminator(_number_or_table),
]
LocalTortuosity = Annotated[
    Annotated[PlainTortuosity, Tag("(number)")]
    | _ANISOTROPY
    | Annotated[Anisotropy, Tag("(file)")]
    | Annotated[Anisotropy, Tag("(ratios)")],
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
    | Annotated[FromFile, Tag("(anisotropy)")]
    | Annotated[FromFile, Tag("(ratios)")],
    Discriminator(_shape),
]

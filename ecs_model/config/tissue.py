"""Settings of the tissue and of its mesh: where what is."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from ecs_model.config.alternatives import (
    SPACE,
    Alpha,
    IonList,
    IonSettings,
    Local,
    LocalTortuosity,
    Space,
    Thickness,
    Tortuosity,
)
from ecs_model.config.types import (
    Component,
    Concentration,
    Coordinate,
    Diffusivity,
    Filename,
    IonName,
    Length,
    Name,
    PlainAlpha,
    PlainTortuosity,
    Point,
    SettingError,
    Strict,
    Temperature,
    exactly_one,
    number,
    quantity,
    refuse_void,
    unique,
)
from ecs_model.files.images import is_image


class Ball(Strict):
    """All points within a radius."""

    centre: Point
    radius: Length


class Box(Strict):
    """All points between two corners."""

    low: Point
    high: Point


class Cylinder(Strict):
    """All points within a radius of a line."""

    centre: Point
    axis: list[Component] = Field([0.0, 0.0, 1.0], min_length=3, max_length=3)
    radius: Length

    @model_validator(mode="after")
    def _somewhere(self):
        if not any(self.axis):
            raise ValueError("axis: the three numbers cannot all be zero")
        return self


def _listed(value):
    return [value] if isinstance(value, int | str) and not isinstance(value, bool) else value


Labels = Annotated[list[int | str], BeforeValidator(_listed), Field(min_length=1)]


class Region(Strict):
    """A part of the tissue with values of its own."""

    name: Name = Field(description="what messages and results call it")
    tag: str | None = Field(None, description="name of a region of the mesh")
    ball: Ball | None = None
    box: Box | None = None
    cylinder: Cylinder | None = None
    label: Labels | None = Field(
        None, description="label in an image, or several: numbers, or names in a table"
    )
    image: Filename | None = Field(None, description="NIfTI or MGZ image of labels")
    names: Filename | None = Field(None, description="table of labels: lines of number and name")
    space: Space = Field("ras", description=SPACE)
    alpha: PlainAlpha | None = Field(None, description="volume fraction here")
    tortuosity: LocalTortuosity | None = Field(None, description="tortuosity here")
    D: Diffusivity | None = Field(
        None, description="free diffusivity of K+ here; other ions keep their ratio to it"
    )
    parameters: dict[str, Local] = Field({}, description="membrane parameters here")
    initial: dict[str, Local] = Field({}, description="initial state here")

    @model_validator(mode="after")
    def _one_place(self):
        if self.label is None:
            refuse_void(self, ["image", "names", "space"], "without a label")
        elif not is_image(self.image or ""):
            raise SettingError("image", "a label needs the NIfTI or MGZ image that it is in")
        return exactly_one(self, ("tag", "ball", "box", "cylinder", "label"), "where the region is")


class SyncytiumSettings(Strict):
    """Gap junctions that join glia, for models that follow the ions in them."""

    tortuosity: PlainTortuosity = Field(
        3.2, description="of the network: ions in glia move with D / tortuosity^2"
    )
    cable: StrictBool = Field(True, description="currents flow through it; false: ions only mix")


class SpeciesSettings(Strict):
    """What diffuses through the whole tissue, cells included, as oxygen does."""

    name: IonName = Field(description="of a state of the membrane, such as O2")
    D: Diffusivity = Field(description="diffusivity in tissue, before the tortuosity")
    tortuosity: PlainTortuosity = Field(1.0, description="of its paths; 1 where D was measured")
    initial: Concentration | None = Field(
        None, description="of one that no membrane knows, and that only diffuses: where it begins"
    )
    tolerance: quantity("mM", 1e-9, 1e3) = Field(
        0.002, description="of its local error in adaptive steps"
    )


class Tissue(Strict):
    """The extracellular space."""

    alpha: Alpha = Field(0.2, description="extracellular volume fraction")
    tortuosity: Tortuosity = Field(1.6, description="lambda: effective diffusivity is D / lambda^2")
    tortuosity_exponent: number(0.0, 1.0) = Field(
        0.0, description="p: where cells swell, lambda grows as alpha^-p; measured: 0.14 to 0.20"
    )
    D: Diffusivity = Field(1.96e-9, description="free diffusivity of K+ (2.62e-9 m^2/s at 37 C)")
    ions: IonList = Field(
        [IonSettings(name="K")], description='what moves, K first: "Na", "Cl", "TMA", or a table'
    )
    species: list[SpeciesSettings] = Field(
        [], max_length=20, description="states of the membrane that diffuse in the whole tissue"
    )
    transport: Literal["diffusion", "electrodiffusion"] = Field(
        "diffusion", description="each ion by itself, or bound by electroneutrality"
    )
    syncytium: SyncytiumSettings | None = Field(
        None, description="gap junctions join glia: spatial buffering"
    )
    thickness: Thickness | None = Field(
        None, description="of a sheet whose mesh is a surface in space: a length, or a field"
    )
    temperature: Temperature = Field(310.15, description="temperature")
    packing: Literal["scaled", "swollen", "fixed"] = Field(
        "scaled",
        description="where alpha differs: other tissue, the same cells swollen, or neither",
    )
    regions: list[Region] = Field(
        [], max_length=1000, description="parts with values of their own; the last wins"
    )

    @model_validator(mode="after")
    def _ions_fit(self):
        unique(self.regions, "regions")
        unique(self.species, "species")
        names = [ion.name for ion in self.ions]
        if names[0] != "K" or len({*names}) < len(names):
            raise ValueError(f"ions: each once and K first (found {', '.join(names)})")
        if self.transport == "electrodiffusion" and len(names) < 2:
            raise ValueError('electrodiffusion needs further ions, such as ["K", "Na", "Cl"]')
        return self


class Refinement(Strict):
    """Smaller cells around a point, along a path, or in a region."""

    point: Point | None = None
    path: Annotated[list[Point], Field(min_length=2, max_length=1000)] | None = Field(
        None, description="points joined by straight lines"
    )
    region: str | None = Field(None, description="name of a region of the mesh")
    radius: Length | None = Field(
        None, description="within this distance cells have the size `cell`; 0 of a region"
    )
    cell: Length
    node: StrictBool = Field(False, description="make the point a node of the mesh")

    @model_validator(mode="after")
    def _one_place(self):
        exactly_one(self, ("point", "path", "region"), "where cells are smaller")
        if self.region is None and self.radius is None:
            raise SettingError("radius", "missing; within which distance are cells small?")
        if self.point is None:
            refuse_void(self, ["node"], "without a point")
        return self


def _places(value):
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(
            "is a list of points with smaller cells around them; to halve all edges of the mesh "
            f"{value} times, write levels = {value}"
        )
    return value


class MeshSettings(Strict):
    """A generated mesh or a file."""

    generator: str | None = Field(None, description="one of those that `ecs-model mesh` lists")
    file: Filename | None = Field(None, description="path of a .msh, .xdmf or .vtu file")
    unit: Literal["m", "cm", "mm", "um"] | None = Field(
        None, description="unit of a file's lengths"
    )
    length: Length | None = None
    size: Annotated[list[Length], Field(min_length=2, max_length=3)] | None = None
    thickness: Length | None = None
    radius: Length | None = None
    cell: Length | None = Field(None, description="wished edge length of cells")
    unstructured: StrictBool | None = None
    refine: Annotated[
        Annotated[list[Refinement], Field(max_length=1000)] | None, BeforeValidator(_places)
    ] = Field(None, description="smaller cells around points, along paths, in regions")
    levels: int = Field(
        0, ge=0, le=15, strict=True, description="how often all edges of the mesh are halved"
    )
    surface: str | None = Field(None, description="S1, fsaverage5: built-in cortex")
    hemisphere: Literal["left", "right"] | None = None
    centre: Point | None = Field(None, description="middle of a patch of cortex")
    subdivisions: int | None = Field(None, ge=0, le=10)
    layers: int | None = Field(None, ge=1, le=1000)
    white: Filename | None = Field(None, description="file of your own white surface")
    pial: Filename | None = Field(None, description="file of your own pial surface")
    space: Literal["file", "scanner"] | None = Field(
        None, description="of their coordinates: as they are, or moved to where images lie"
    )
    image: Filename | None = Field(None, description="NIfTI or MGZ image of labels")
    label: Labels | None = Field(None, description="labels that are tissue; all but 0 by default")
    names: Filename | None = Field(None, description="table of labels, which names regions")
    smoothing: int | None = Field(None, ge=0, le=100, description="of borders between labels")
    position: Coordinate | None = Field(None, description="where a coronal slice cuts")
    axis: int | None = Field(None, ge=0, le=2)
    window: Annotated[list[Coordinate], Field(min_length=4, max_length=4)] | None = None
    period: Length | None = Field(None, description="of a lattice of cells")
    alpha: PlainAlpha | None = Field(None, description="space between the cells of a lattice")
    gap: Length | None = Field(None, description="instead, between cells that face each other")
    shape: str | None = Field(None, description="of the cells: cube, octahedron or sphere")
    body: Filename | None = Field(None, description="or a closed surface of your own, any unit")
    blocks: Annotated[
        list[Annotated[int, Field(ge=1, le=100_000, strict=True)]] | None,
        Field(min_length=3, max_length=3),
    ] = Field(None, description="how many along x, y and z: half periods, of a body periods")

    @model_validator(mode="after")
    def _one_source(self):
        exactly_one(self, ("generator", "file"), "where the mesh comes from")
        if self.file is not None and self.unit is None:
            raise ValueError('a mesh file needs its unit of length, such as unit = "um"')
        if self.file is not None:
            kept = ("generator", "file", "unit", "refine", "levels")
            made = [n for n in type(self).model_fields if n not in kept]
            refuse_void(self, made, "where the mesh comes from a file")
        return self

    def arguments(self):
        """What was set, for the generator: name -> value [SI]; but for what is refined."""
        skip = {"generator", "file", "refine", "levels"}
        return {k: v for k, v in self if v is not None and k not in skip}

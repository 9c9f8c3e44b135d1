"""The TOML file of a run as frozen models: names, units, ranges, defaults, meanings. Nothing else.

Quantities are written as text with a unit and held in SI. Unknown keys are errors. The template,
the JSON schema and the documentation are printed from these models.
"""

import difflib
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ecs_model.membrane import MODELS
from ecs_model.settings import (
    Alpha,
    Concentration,
    Coordinate,
    Diffusivity,
    Instant,
    IonList,
    IonSettings,
    Length,
    Local,
    LocalTortuosity,
    Name,
    Number,
    PlainAlpha,
    Point,
    Seconds,
    Settable,
    Strict,
    Tortuosity,
    exactly_one,
    quantity,
)


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
    axis: list[Number] = Field([0.0, 0.0, 1.0], min_length=3, max_length=3)
    radius: Length

    @model_validator(mode="after")
    def _somewhere(self):
        if not any(self.axis):
            raise ValueError("axis: the three numbers cannot all be zero")
        return self


class Region(Strict):
    """A part of the tissue with values of its own."""

    name: Name = Field(description="what messages and results call it")
    tag: str | None = Field(None, description="name of a region of the mesh")
    ball: Ball | None = None
    box: Box | None = None
    cylinder: Cylinder | None = None
    alpha: PlainAlpha | None = Field(None, description="volume fraction here")
    tortuosity: LocalTortuosity | None = Field(None, description="tortuosity here")
    D: Diffusivity | None = Field(None, description="free diffusivity here")
    parameters: dict[str, Local] = Field({}, description="membrane parameters here")
    initial: dict[str, Local] = Field({}, description="initial state here")

    @model_validator(mode="after")
    def _one_place(self):
        return exactly_one(self, ("tag", "ball", "box", "cylinder"), "where the region is")


class SyncytiumSettings(Strict):
    """Gap junctions that join glia, for models that follow the ions in them."""

    tortuosity: Annotated[Number, Field(ge=1)] = Field(
        3.2, description="of the network: ions in glia move with D / tortuosity^2"
    )
    cable: bool = Field(True, description="currents flow through it; false: ions only mix")


class Tissue(Strict):
    """The extracellular space."""

    alpha: Alpha = Field(0.2, description="extracellular volume fraction")
    tortuosity: Tortuosity = Field(1.6, description="lambda: effective diffusivity is D / lambda^2")
    tortuosity_exponent: Annotated[Number, Field(ge=0, le=1)] = Field(
        0.0, description="p: where cells swell, lambda grows as alpha^-p; measured: 0.14 to 0.20"
    )
    D: Diffusivity = Field(1.96e-9, description="free diffusivity of K+ (2.62e-9 m^2/s at 37 C)")
    ions: IonList = Field(
        [IonSettings(name="K")], description='what moves, K first: "Na", "Cl", "TMA", or a table'
    )
    transport: Literal["diffusion", "electrodiffusion"] = Field(
        "diffusion", description="each ion by itself, or bound by electroneutrality"
    )
    syncytium: SyncytiumSettings | None = Field(
        None, description="gap junctions join glia: spatial buffering"
    )
    temperature: quantity("K", above=0.0) = Field(310.15, description="temperature")
    packing: Literal["scaled", "swollen", "fixed"] = Field(
        "scaled",
        description="where alpha differs: other tissue, the same cells swollen, or neither",
    )
    regions: list[Region] = Field([], description="parts with values of their own; the last wins")

    @model_validator(mode="after")
    def _ions_fit(self):
        names = [ion.name for ion in self.ions]
        if names[0] != "K" or len({*names}) < len(names):
            raise ValueError(f"ions: each once and K first (found {', '.join(names)})")
        if self.transport == "electrodiffusion" and len(names) < 2:
            raise ValueError('electrodiffusion needs further ions, such as ["K", "Na", "Cl"]')
        return self


class Refinement(Strict):
    """Smaller cells around a point."""

    point: Point
    radius: Length = Field(description="within this radius cells have the size `cell`")
    cell: Length
    node: bool = Field(False, description="make the point a node of the mesh")


class MeshSettings(Strict):
    """A generated mesh or a file."""

    generator: str | None = Field(None, description="one of those that `ecs-model mesh` lists")
    file: str | None = Field(None, description="path of a .msh, .xdmf or .vtu file")
    unit: Literal["m", "cm", "mm", "um"] | None = Field(
        None, description="unit of a file's lengths"
    )
    length: Length | None = None
    size: Annotated[list[Length], Field(min_length=2, max_length=3)] | None = None
    thickness: Length | None = None
    radius: Length | None = None
    cell: Length | None = Field(None, description="wished edge length of cells")
    unstructured: bool | None = None
    refine: list[Refinement] | None = Field(None, description="smaller cells around points")
    surface: str | None = Field(None, description="S1, fsaverage5: built-in cortex")
    hemisphere: Literal["left", "right"] | None = None
    centre: Point | None = Field(None, description="middle of a patch of cortex")
    subdivisions: int | None = Field(None, ge=0)
    layers: int | None = Field(None, ge=1)
    white: str | None = Field(None, description="file of your own white surface")
    pial: str | None = Field(None, description="file of your own pial surface")
    position: Coordinate | None = Field(None, description="where a coronal slice cuts")
    axis: int | None = Field(None, ge=0, le=2)
    window: Annotated[list[Coordinate], Field(min_length=4, max_length=4)] | None = None

    @model_validator(mode="after")
    def _one_source(self):
        exactly_one(self, ("generator", "file"), "where the mesh comes from")
        if self.file is not None and self.unit is None:
            raise ValueError('a mesh file needs its unit of length, such as unit = "um"')
        return self

    def arguments(self):
        """What was set, for the generator: name -> value [SI]."""
        skip = {"generator", "file", "unit", "refine"}
        values = {k: v for k, v in self if v is not None and k not in skip}
        if self.refine:
            values["refine"] = [(r.point, r.radius, r.cell, r.node) for r in self.refine]
        return values


class Membrane(Strict):
    """What the cells do."""

    model: str = Field("pump_leak", description="one of those that `ecs-model models` lists")
    file: str | None = Field(None, description="a model of your own: .py, .ode or .cellml")
    potassium: str = Field("K_o", description="in .ode and .cellml: the state that is K+ outside")
    options: dict[str, bool | str] = Field({}, description="choices of the model, if it has any")
    parameters: dict[str, Settable] = Field({}, description="bare numbers are in the model's units")
    initial: dict[str, Settable] = Field({}, description="initial state; the default is rest")
    tolerance: Annotated[Number, Field(gt=0, le=0.1)] = Field(
        1e-3, description="relative error of a sub-step"
    )
    substeps: int = Field(0, ge=0, description="fixed number of sub-steps; 0 for error control")

    @field_validator("model")
    @classmethod
    def _known(cls, name):
        if name not in MODELS:
            close = difflib.get_close_matches(name, MODELS, 1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise ValueError(f"no such membrane model{hint} There are {', '.join(MODELS)}")
        return name


class ProfileSettings(Strict):
    """When something acts."""

    kind: Literal["constant", "step", "pulse", "train", "table"] = "constant"
    start: Instant = 0.0
    duration: Seconds | None = None
    period: Seconds | None = None
    count: int | None = Field(None, ge=1)
    file: str | None = Field(None, description="table: lines of time [s] and factor")

    @model_validator(mode="after")
    def _complete(self):
        needed = {
            "pulse": ("duration",),
            "train": ("duration", "period", "count"),
            "table": ("file",),
        }.get(self.kind, ())
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a profile of kind {self.kind!r} needs {', '.join(missing)}")
        if self.kind == "train" and self.period - self.duration < 0:
            raise ValueError("the period of a train cannot be shorter than its pulses")
        return self


class Source(Strict):
    """An ion that enters the extracellular space."""

    name: Name
    ion: str = Field("K", description="one of tissue.ions")
    companion: str | None = Field(
        None, description="the ion that keeps it neutral: Cl enters too, or Na leaves; default Cl"
    )
    point: Point | None = Field(None, description="point source here")
    region: str | None = Field(None, description="over a region of the tissue")
    gaussian: Ball | None = Field(None, description="centre, and radius as standard deviation")
    rate: quantity("mol/s") | None = Field(None, description="in all, while the profile is 1")
    amount: quantity("mol") | None = Field(None, description="in all, over the whole profile")
    load: quantity("mM/s") | None = Field(None, description="rise in the extracellular space")
    profile: ProfileSettings = ProfileSettings()

    @model_validator(mode="after")
    def _one_of_each(self):
        exactly_one(self, ("point", "region", "gaussian"), "where the source is")
        exactly_one(self, ("rate", "amount", "load"), "how much enters")
        if self.load is not None and self.region is None:
            raise ValueError("a load in mM/s goes with a region; give rate or amount instead")
        if self.amount is not None and self.profile.kind in ("constant", "step"):
            raise ValueError("an amount needs a profile that ends: pulse, train or table")
        return self


class Boundary(Strict):
    """What happens at a part of the surface; elsewhere nothing passes."""

    on: str = Field(description="name of a boundary of the mesh")
    ion: str = Field("K", description="one of tissue.ions; the others are held as they begin")
    companion: str | None = Field(
        None, description="the ion that keeps it neutral; Cl if not given and if it moves"
    )
    bath: Concentration | None = Field(None, description="the ion is held at this concentration")
    flux: quantity("mol/m^2/s") | None = Field(None, description="the ion enters at this rate")
    exchange: quantity("m/s", at_least=0.0) | None = Field(
        None, description="permeability k of an exchange k (outside - here)"
    )
    outside: Concentration | None = Field(None, description="concentration behind an exchange")
    before: Concentration | None = Field(None, description="concentration where the profile is 0")
    profile: ProfileSettings = ProfileSettings()

    @model_validator(mode="after")
    def _one_kind(self):
        exactly_one(self, ("bath", "flux", "exchange"), "what happens at the boundary")
        if self.exchange is not None and self.outside is None:
            raise ValueError("an exchange needs the concentration outside")
        if self.before is None and self.flux is None and self.profile.kind != "constant":
            raise ValueError("a profile of a bath needs the concentration before it")
        return self


class Event(Strict):
    """Parameters of the membranes that change in time."""

    name: Name
    region: str | None = Field(None, description="a region of the tissue; everywhere if not given")
    parameters: dict[str, Local] = Field(description="their values while the profile is 1")
    profile: ProfileSettings = ProfileSettings()


class Time(Strict):
    """How long, and in which steps."""

    end: Seconds = Field(description="end of the simulation")
    step: Seconds = Field(0.02, description="step, or the smallest step if adaptive")
    adaptive: bool = Field(True, description="longer steps where little happens")
    tolerance: quantity("mM", above=0.0) = Field(
        0.05, description="largest surprise of K+ in a step, if adaptive"
    )


class Solver(Strict):
    """How transport is solved."""

    scheme: Literal["implicit", "rkl2"] = Field("implicit", description="rkl2 is explicit, lumped")
    theta: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        None, description="share of consistent mass; the default is the model's best"
    )
    rtol: Annotated[Number, Field(gt=0, lt=1)] = Field(1e-4, description="residual of a solve")
    petsc: dict[str, str | int | float] = Field({}, description="PETSc options of the solver")

    @model_validator(mode="after")
    def _solver_is_used(self):
        if self.scheme == "rkl2" and self.petsc:
            raise ValueError("rkl2 uses no PETSc solver; leave petsc out or choose 'implicit'")
        return self


class Output(Strict):
    """What is written, and how often."""

    every: Seconds | None = Field(None, description="fields; the default is 20 times")
    series: Seconds | None = Field(None, description="series.csv; the default is 8 rows per field")
    fields: list[str] | None = Field(None, description="states and observables; default K_o and V")
    precision: Literal["single", "double"] = "single"


class Probe(Strict):
    """A point at which the time course is recorded."""

    name: Name
    at: Point


class Line(Strict):
    """A line along which profiles are recorded, and front speed and width measured."""

    name: Name
    start: Point
    end: Point
    points: int = Field(101, ge=2)

    @model_validator(mode="after")
    def _some_length(self):
        if self.start == self.end:
            raise ValueError(f"line {self.name!r} ends where it starts; give two points")
        return self


class Detect(Strict):
    """Thresholds of what the verdicts say."""

    seizure: quantity("mM", above=0.0) = Field(10.0, description="ceiling of K+ in seizures")
    sd: quantity("mM", above=0.0) = Field(20.0, description="K+ of a spreading depolarization")
    fraction: Annotated[Number, Field(gt=0, lt=1)] = Field(
        0.01, description="share of the tissue that must reach it"
    )
    front: quantity("mM", above=0.0) = Field(12.0, description="K+ that counts as front's arrival")
    spread: Annotated[Number, Field(gt=0, lt=1)] = Field(
        0.25, description="share of the tissue not stimulated that a front takes if it ignites"
    )


class Checkpoint(Strict):
    """When the state is saved, beside on signals."""

    every: Seconds | None = Field(None, description="simulated time between checkpoints")
    wall: Seconds | None = Field(600.0, description="elapsed time between checkpoints")


class Config(Strict):
    """A run."""

    title: str = ""
    mesh: MeshSettings
    tissue: Tissue = Tissue()
    membrane: Membrane = Membrane()
    boundary: list[Boundary] = Field([], description="surfaces where K+ passes")
    source: list[Source] = Field([], description="where ions enter")
    event: list[Event] = Field([], description="parameters that change in time")
    time: Time
    solver: Solver = Solver()
    output: Output = Output()
    probe: list[Probe] = Field([], description="points to record")
    line: list[Line] = Field([], description="lines to record")
    detect: Detect = Detect()
    checkpoint: Checkpoint = Checkpoint()

    @model_validator(mode="after")
    def _unique_names(self):
        for kind in ("probe", "line", "source", "event"):
            names = [x.name for x in getattr(self, kind)]
            if twice := {n for n in names if names.count(n) > 1}:
                raise ValueError(f"two entries of [[{kind}]] are named {twice.pop()!r}")
        names = [b.on for b in self.boundary]
        if twice := {n for n in names if names.count(n) > 1}:
            raise ValueError(
                f"two entries of [[boundary]] are on {twice.pop()!r}; one condition each is right"
            )
        names = [r.name for r in self.tissue.regions]
        if twice := {n for n in names if names.count(n) > 1}:
            raise ValueError(f"two tissue.regions are named {twice.pop()!r}")
        return self

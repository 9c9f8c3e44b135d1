"""The TOML file of a run as frozen models: names, units, ranges, defaults, meanings. Nothing else.

Quantities are written as text with a unit and held in SI. Unknown keys are errors. The template,
the JSON schema and the documentation are printed from these models.
"""

import difflib
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ecs_model.config.petsc_options import refuse_options
from ecs_model.config.tissue import Ball, MeshSettings, Tissue
from ecs_model.config.types import (
    Concentration,
    Filename,
    Instant,
    Local,
    Name,
    Point,
    Seconds,
    Settable,
    SettingError,
    Strict,
    Tolerance,
    exactly_one,
    number,
    quantity,
    refuse_void,
    unique,
)
from ecs_model.membrane import MODELS


class Membrane(Strict):
    """What the cells do."""

    model: str = Field("pump_leak", description="one of those that `ecs-model models` lists")
    file: Filename | None = Field(None, description="a model of your own: .py, .ode or .cellml")
    potassium: str = Field(
        "K_o", description="in .ode and .cellml: the state that is extracellular K+"
    )
    time_unit: Literal["s", "ms"] | None = Field(
        None, description="in .ode: the unit of time; ms unless its units tell otherwise"
    )
    options: dict[str, bool | str] = Field({}, description="choices of the model, if it has any")
    parameters: dict[str, Settable] = Field({}, description="bare numbers are in the model's units")
    initial: dict[str, Settable] = Field({}, description="initial state; the default is rest")
    tolerance: Tolerance = Field(1e-3, description="relative error of a sub-step")
    substeps: int = Field(
        0, ge=0, le=100_000, description="fixed number of sub-steps; 0 for error control"
    )

    @field_validator("model")
    @classmethod
    def _known(cls, name):
        if name not in MODELS:
            close = difflib.get_close_matches(name, MODELS, 1)
            hint = f"; did you mean '{close[0]}'?" if close else "."
            raise ValueError(f"no such membrane model{hint} There are {', '.join(MODELS)}")
        return name

    @model_validator(mode="after")
    def _all_act(self):
        ending = (self.file or "").lower().rpartition(".")[2]
        if self.file is not None:
            refuse_void(self, ["model"], "where the model comes from a file")
        if ending not in ("ode", "cellml"):
            refuse_void(self, ["potassium"], "where the model is no .ode or .cellml file")
        if self.file is None:
            refuse_void(self, ["time_unit"], "where the model is no .ode file")
        if self.substeps:
            refuse_void(self, ["tolerance"], "where the number of sub-steps is fixed")
        return self


MOST_PULSES = 100_000
_USED = {
    "constant": (),
    "step": ("start",),
    "pulse": ("start", "duration"),
    "train": ("start", "duration", "period", "count"),
    "table": ("file",),
}


class ProfileSettings(Strict):
    """When something acts."""

    kind: Literal["constant", "step", "pulse", "train", "table"] = "constant"
    start: Instant = 0.0
    duration: Seconds | None = None
    period: Seconds | None = None
    count: int | None = Field(None, ge=1, le=MOST_PULSES)
    file: Filename | None = Field(None, description="table: lines of time [s] and factor")

    @model_validator(mode="after")
    def _complete(self):
        used = _USED[self.kind]
        missing = [name for name in used if name != "start" and getattr(self, name) is None]
        if missing:
            raise ValueError(f"a profile of kind {self.kind!r} needs {', '.join(missing)}")
        others = [name for name in type(self).model_fields if name not in ("kind", *used)]
        refuse_void(self, others, f"where the kind of the profile is {self.kind!r}")
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
    rate: quantity("mol/s", -1.0, 1.0) | None = Field(
        None, description="in all, while the profile is 1"
    )
    amount: quantity("mol", -1.0, 1.0) | None = Field(
        None, description="in all, over the whole profile"
    )
    load: quantity("mM/s", -1e6, 1e6) | None = Field(
        None, description="rise in the extracellular space"
    )
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
    flux: quantity("mol/m^2/s", -1.0, 1.0) | None = Field(
        None, description="the ion enters at this rate"
    )
    exchange: quantity("m/s", 0.0, 1.0) | None = Field(
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
        if self.exchange is None:
            refuse_void(self, ["outside"], "without an exchange")
        if self.flux is not None:
            refuse_void(self, ["before"], "beside a flux, which is 0 where its profile is 0")
        if self.profile.kind == "constant":
            refuse_void(self, ["before"], "where the profile is constant")
        return self


class Event(Strict):
    """Parameters of the membranes that change in time."""

    name: Name
    region: str | None = Field(None, description="a region of the tissue; everywhere if not given")
    parameters: dict[str, Local] = Field(
        min_length=1, description="their values while the profile is 1"
    )
    profile: ProfileSettings = ProfileSettings()


class Time(Strict):
    """How long, and in which steps."""

    end: Seconds = Field(description="end of the simulation")
    step: Seconds = Field(0.02, description="step, or the smallest step if adaptive")
    adaptive: bool = Field(True, description="longer steps where little happens")
    tolerance: quantity("mM", 1e-9, 1000.0) = Field(
        0.05, description="largest local error of K+ in a step, if adaptive"
    )

    @model_validator(mode="after")
    def _tolerance_is_used(self):
        if not self.adaptive:
            refuse_void(self, ["tolerance"], "where steps are fixed (adaptive = false)")
        return self


class Solver(Strict):
    """How transport is solved."""

    scheme: Literal["implicit", "rkl2"] = Field("implicit", description="rkl2 is explicit, lumped")
    theta: number(0.0, 1.0) | None = Field(
        None, description="share of consistent mass; the default is the model's best"
    )
    rtol: number(1e-15, 0.1) = Field(1e-4, description="residual of a solve")
    petsc: dict[str, str | int | float] = Field({}, description="PETSc options of the solvers")

    @field_validator("petsc")
    @classmethod
    def _only_of_solvers(cls, options):
        refuse_options(options)
        return options

    @model_validator(mode="after")
    def _solver_is_used(self):
        if self.scheme == "rkl2":
            refuse_void(self, ["petsc", "rtol"], "where the scheme is rkl2, which solves nothing")
            refuse_void(self, ["theta"], "where the scheme is rkl2, whose mass is lumped")
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
    points: int = Field(101, ge=2, le=100_000)

    @model_validator(mode="after")
    def _some_length(self):
        if self.start == self.end:
            raise ValueError(f"line {self.name!r} ends where it starts; give two points")
        return self


Level = quantity("mM", 1e-6, 5000.0)


class Detect(Strict):
    """Thresholds of what the verdicts say."""

    seizure: Level = Field(10.0, description="ceiling of K+ in seizures")
    sd: Level = Field(20.0, description="K+ of a spreading depolarization")
    fraction: number(1e-9, 0.999999) = Field(
        0.01, description="share of the tissue that must reach it"
    )
    front: Level = Field(12.0, description="K+ that counts as front's arrival")
    spread: number(1e-9, 0.999999) = Field(
        0.25, description="share of the tissue not stimulated that a front takes if it ignites"
    )


class Checkpoint(Strict):
    """When the state is saved, beside on signals."""

    every: Seconds | None = Field(None, description="simulated time between checkpoints")
    wall: Seconds | None = Field(600.0, description="elapsed time between checkpoints")


MANY = 1000  # entries of a list


class Config(Strict):
    """A run."""

    title: str = ""
    mesh: MeshSettings
    tissue: Tissue = Tissue()
    membrane: Membrane = Membrane()
    boundary: list[Boundary] = Field([], max_length=MANY, description="surfaces where K+ passes")
    source: list[Source] = Field([], max_length=MANY, description="where ions enter")
    event: list[Event] = Field([], max_length=MANY, description="parameters that change in time")
    time: Time
    solver: Solver = Solver()
    output: Output = Output()
    probe: list[Probe] = Field([], max_length=10 * MANY, description="points to record")
    line: list[Line] = Field([], max_length=MANY, description="lines to record")
    detect: Detect = Detect()
    checkpoint: Checkpoint = Checkpoint()

    @model_validator(mode="after")
    def _unique_names(self):
        ions = [ion.name for ion in self.tissue.ions]
        for kind in ("probe", "line", "source", "event"):
            unique(getattr(self, kind), kind)
        for name in (*(x.name for x in self.source), *(x.on for x in self.boundary)):
            if ion := next((i for i in ions if name.endswith(f" ({i})")), None):
                raise ValueError(
                    f"the name {name!r} may not end in '({ion})': tables add that to the names of "
                    "what brings the ion"
                )
        return self

    @model_validator(mode="after")
    def _potential_is_solved(self):
        options = [name for name in self.solver.petsc if name.startswith("potential_")]
        if options and self.tissue.transport == "diffusion" and self.tissue.syncytium is None:
            raise ValueError(
                f"solver.petsc: {options[0]} has no effect where there is no potential: without "
                "electrodiffusion and syncytium; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _one_condition_each(self):
        names = [b.on for b in self.boundary]
        if twice := {n for n in names if names.count(n) > 1}:
            raise SettingError(
                "boundary", f"two entries are on {twice.pop()!r}; one condition each is right"
            )
        return self

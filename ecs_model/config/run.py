"""The TOML file of a run as frozen models: names, units, ranges, defaults, meanings. Nothing else.

Quantities are written as text with a unit and held in SI. Unknown keys are errors. The template,
the JSON schema and the documentation are printed from these models.
"""

from typing import Literal

from pydantic import Field, StrictBool, field_validator, model_validator

from ecs_model.config.detect import Detect
from ecs_model.config.membrane import Membrane
from ecs_model.config.noise import TissueNoise, refuse_equal_seeds
from ecs_model.config.petsc_options import refuse_options
from ecs_model.config.stimuli import Boundary, Event, Source, Vessels
from ecs_model.config.synapses import SynapsesSettings
from ecs_model.config.tissue import MeshSettings, Tissue
from ecs_model.config.types import (
    Name,
    Point,
    Seconds,
    SettingError,
    Strict,
    number,
    quantity,
    refuse_void,
    unique,
)


class Time(Strict):
    """How long, and in which steps."""

    end: Seconds = Field(description="end of the simulation")
    step: Seconds = Field(0.02, description="step, or the smallest step if adaptive")
    adaptive: StrictBool = Field(True, description="longer steps where little happens")
    tolerance: quantity("mM", 1e-9, 1000.0) = Field(
        0.05, description="largest local error of K+ in a step, if adaptive"
    )

    drive_tolerance: quantity("Hz", 1e-9, 1e6) = Field(
        0.2, description="largest local error of what synapses bring in a step, if adaptive"
    )
    two_rates: Literal["auto", True, False] = Field(
        False, description="fine steps only where a coarse step surprised; auto: if possible"
    )

    @model_validator(mode="after")
    def _tolerance_is_used(self):
        if not self.adaptive:
            of_steps = ["tolerance", "drive_tolerance", "two_rates"]
            refuse_void(self, of_steps, "where steps are fixed (adaptive = false)")
        return self


class Solver(Strict):
    """How transport is solved."""

    scheme: Literal["implicit", "rkl2"] = Field("implicit", description="rkl2 is explicit, lumped")
    theta: number(0.0, 1.0) | None = Field(
        None, description="share of consistent mass; the default is the model's best"
    )
    rtol: number(1e-15, 0.1) = Field(1e-4, description="residual of a solve")
    petsc: dict[str, str | int | float] = Field({}, description="PETSc options of the solvers")
    balance: StrictBool | None = Field(
        None, description="processes share the work of membranes; the default is: where it pays"
    )

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
    through: Point | None = Field(
        None, description="on a surface in space: point between them, on the plane that cuts it"
    )
    points: int = Field(101, ge=2, le=100_000)

    @model_validator(mode="after")
    def _some_length(self):
        if self.start == self.end:
            raise ValueError(f"line {self.name!r} ends where it starts; give two points")
        return self


class Checkpoint(Strict):
    """When the state is saved, beside on signals."""

    every: Seconds | None = Field(None, description="simulated time between checkpoints")
    wall: Seconds | None = Field(600.0, description="elapsed time between checkpoints")


MANY = 1000  # entries of a list
_TOLERANCE = "drive_tolerance"


class Config(Strict):
    """A run."""

    title: str = ""
    mesh: MeshSettings
    tissue: Tissue = Tissue()
    membrane: Membrane = Membrane()
    boundary: list[Boundary] = Field([], max_length=MANY, description="surfaces where K+ passes")
    vessels: list[Vessels] = Field(
        [], max_length=MANY, description="blood with which the extracellular space exchanges ions"
    )
    source: list[Source] = Field([], max_length=MANY, description="where ions enter")
    event: list[Event] = Field([], max_length=MANY, description="parameters that change in time")
    synapses: list[SynapsesSettings] = Field(
        [], max_length=MANY, description="what joins nodes beside ions"
    )
    noise: list[TissueNoise] = Field([], max_length=MANY, description="noise in currents")
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
        for kind in ("probe", "line", "source", "vessels", "event", "synapses", "noise"):
            unique(getattr(self, kind), kind)
        refuse_equal_seeds(self.noise)
        bringing = [x.name for x in self.source] + [x.name for x in self.vessels]
        for name in (*bringing, *(x.on for x in self.boundary)):
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
    def _synapses_are_solved(self):
        options = [name for name in self.solver.petsc if name.startswith("synapses_")]
        if options and not self.synapses:
            raise ValueError(
                f"solver.petsc: {options[0]} has no effect without [[synapses]]; leave it out"
            )
        if self.noise and self.time.drive_tolerance != Time.model_fields[_TOLERANCE].default:
            raise SettingError(
                f"time.{_TOLERANCE}",
                "has no effect beside [[noise]], whose bins synapses follow; leave it out",
            )
        if not self.synapses and self.time.drive_tolerance != Time.model_fields[_TOLERANCE].default:
            raise SettingError(
                f"time.{_TOLERANCE}", "has no effect without [[synapses]]; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _one_condition_each(self):
        species = {x.name for x in self.tissue.species}
        names = [(b.on, b.ion if b.ion in species else "ions") for b in self.boundary]
        if twice := {n for n in names if names.count(n) > 1}:
            raise SettingError(
                "boundary", f"two entries are on {twice.pop()[0]!r}; one condition each is right"
            )
        return self

"""Settings of what acts on the tissue in time: sources, boundaries, events."""

from typing import Literal

from pydantic import Field, model_validator

from ecs_model.config.alternatives import Local
from ecs_model.config.tissue import Ball
from ecs_model.config.types import (
    Concentration,
    Filename,
    Instant,
    Name,
    Point,
    Seconds,
    Strict,
    exactly_one,
    number,
    quantity,
    refuse_void,
)
from ecs_model.limits import ELECTRODE

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
        if self.period is not None and self.duration is not None and self.period < self.duration:
            raise ValueError("the period of a train cannot be shorter than its pulses")
        return self


class Source(Strict):
    """An ion that enters the extracellular space."""

    name: Name
    ion: str = Field("K", description="one of tissue.ions or tissue.species")
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
    ion: str = Field(
        "K", description="one of tissue.ions or tissue.species; other ions are held as they begin"
    )
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
    current: quantity("A/m^2", -1e4, 1e4) | None = Field(
        None, description="density of a current into the tissue, which its ions carry"
    )
    potential: quantity("mV", *ELECTRODE) | None = Field(
        None, description="of the bath, where its profile is 1; 0 if not given"
    )
    outside: Concentration | None = Field(None, description="concentration behind an exchange")
    before: Concentration | None = Field(None, description="concentration where the profile is 0")
    profile: ProfileSettings = ProfileSettings()

    @model_validator(mode="after")
    def _one_kind(self):
        kinds = ("bath", "flux", "exchange", "current")
        exactly_one(self, kinds, "what happens at the boundary")
        if self.bath is None:
            refuse_void(self, ["potential"], "without a bath, which is what has a potential")
        if self.current is not None:
            refuse_void(self, ["ion", "companion"], "beside a current, which all ions carry")
        if self.exchange is not None and self.outside is None:
            raise ValueError("an exchange needs the concentration outside")
        held = self.flux is None and self.current is None and self.potential is None
        if self.before is None and held and self.profile.kind != "constant":
            raise ValueError("a profile of a bath needs the concentration before it, `before`")
        if self.exchange is None:
            refuse_void(self, ["outside"], "without an exchange")
        if self.flux is not None or self.current is not None:
            what = "flux" if self.current is None else "current"
            refuse_void(self, ["before"], f"beside a {what}, which is 0 where its profile is 0")
        if self.profile.kind == "constant":
            refuse_void(self, ["before"], "where the profile is constant")
        return self


class Vessels(Strict):
    """Blood vessels, or another volume beside the extracellular space, which exchange an ion."""

    name: Name
    region: str | None = Field(None, description="a region of the tissue; everywhere if not given")
    ion: str = Field(
        "K", description="one of tissue.ions or tissue.species; another needs vessels of its own"
    )
    exchange: quantity("1/s", 0.0, 1e6) = Field(
        description="rate k at which what is there approaches the blood: dC/dt = k (blood - C)"
    )
    blood: Concentration = Field(description="concentration in the blood")
    flow: quantity("ml/100 g/min", 0.0, 1e4) | None = Field(
        None, description="flow of blood, which then arrives so and gives off what it brings"
    )
    capacity: number(1e-3, 1e6) = Field(
        1.0, description="of blood: what it holds over what is dissolved in it; oxygen: 89"
    )
    before: Concentration | None = Field(None, description="concentration where the profile is 0")
    profile: ProfileSettings = ProfileSettings()

    @model_validator(mode="after")
    def _complete(self):
        if self.profile.kind == "constant":
            refuse_void(self, ["before"], "where the profile is constant")
        elif self.before is None:
            raise ValueError("a profile of the blood needs the concentration before it, `before`")
        if self.flow is None:
            refuse_void(self, ["capacity"], "without a flow")
        return self


class Event(Strict):
    """Parameters of the membranes that change in time."""

    name: Name
    region: str | None = Field(None, description="a region of the tissue; everywhere if not given")
    parameters: dict[str, Local] = Field(
        min_length=1, description="their values while the profile is 1"
    )
    profile: ProfileSettings = ProfileSettings()

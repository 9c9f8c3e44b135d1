"""The TOML file of a single-cell job as frozen models; see `ecs-model template --cell`."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ecs_model.config.alternatives import Local
from ecs_model.config.detect import Words
from ecs_model.config.membrane import Membrane
from ecs_model.config.noise import CellNoise, refuse_equal_seeds
from ecs_model.config.types import (
    Instant,
    Name,
    PlainAlpha,
    Seconds,
    SettingError,
    Strict,
    Temperature,
    exactly_one,
    number,
    quantity,
    refuse_void,
    unique,
)

SAMPLES = 1000  # of a course, unless `every` says otherwise
MANY = 10_000  # values of an axis, cells of a batch


class Node(Strict):
    """What surrounds the cell."""

    alpha: PlainAlpha | None = Field(None, description="volume fraction; the model's own if unset")
    temperature: Temperature = Field(310.15, description="temperature")
    packing: Literal["scaled", "swollen", "fixed"] = Field(
        "scaled",
        description="where alpha differs: other tissue, the same cells swollen, or neither",
    )


class Course(Strict):
    """The time course."""

    end: Seconds = Field(description="end of the course")
    every: Seconds | None = Field(None, description="interval of samples; a thousandth if unset")

    @property
    def samples(self):
        """How many samples there are."""
        return round(self.end / self.every) if self.every else SAMPLES


class Event(Strict):
    """A stimulus."""

    name: Name
    start: Instant = Field(0.0, description="when it begins")
    duration: Seconds | None = Field(
        None, description="how long `parameters` hold; always if unset"
    )
    parameters: dict[str, Local] = Field({}, description="parameters while it lasts")
    add: dict[str, Local] = Field({}, description="added to the state at its beginning")
    put: dict[str, Local] = Field({}, description="what the state becomes at its beginning")

    @model_validator(mode="after")
    def _something(self):
        if not (self.parameters or self.add or self.put):
            raise ValueError("give parameters, add or put: what happens")
        if not self.parameters:
            refuse_void(self, ["duration"], "without parameters, as states change at once")
        return self


class Axis(Strict):
    """Values of one quantity, or of several that change together."""

    name: str | None = Field(None, description="parameter, alpha, initial.STATE, noise.NAME.seed")
    names: list[str] | None = Field(None, description="several that change together")
    values: Annotated[list[Local] | list[list[Local]], Field(max_length=MANY)] | None = Field(
        None, description="one by one"
    )
    low: Local | None = Field(None, description="or from here")
    high: Local | None = Field(None, description="to here")
    count: Annotated[int, Field(ge=2, le=MANY)] | None = Field(
        None, description="in so many values"
    )
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _complete(self):
        exactly_one(self, ("name", "names"), "what changes")
        given = [v is not None for v in (self.low, self.high, self.count)]
        if (
            any(given) == (self.values is not None)
            or any(given) != all(given)
            or (any(given) and self.names)
        ):
            raise ValueError("give values, or for one name low, high and count")
        if self.values is not None:
            refuse_void(self, ["scale"], "beside values, only between low and high")
        if self.values is not None and len(self.values) == 0:
            raise ValueError("values: give at least one")
        if self.names and any(
            not isinstance(row, list) or len(row) != len(self.names) for row in self.values or []
        ):
            raise ValueError(f"values: each must be a list of {len(self.names)}, one per name")
        if self.name and any(isinstance(v, list) for v in self.values or []):
            raise ValueError("values: one value each; lists go with `names`")
        return self


class SteadySettings(Strict):
    """A steady state to look for."""

    name: Name = "steady state"
    near: dict[str, Local] = Field({}, description="states where the search starts")


class ThresholdSettings(Strict):
    """The smallest stimulus that triggers."""

    event: Name = Field(description="which event is varied; it acts alone")
    vary: str = Field("duration", description="duration, parameters.NAME, add.STATE or put.STATE")
    low: Local = Field(description="does not trigger")
    high: Local = Field(description="triggers")
    tolerance: number(1e-9, 0.9) = Field(1e-3, description="width of the answer, in shares of it")
    wait: Seconds = Field(description="after the event, before the verdict")
    window: Seconds = Field(description="last part of the wait, in which all conditions hold")
    triggered: dict[str, str] = Field(description='such as { V = "above -45 mV" }', min_length=1)


class ContinuationSettings(Strict):
    """Steady states over one quantity."""

    name: str = Field(description="parameter, alpha, or initial.STATE")
    low: Local
    high: Local
    start: Name | None = Field(None, description="name of the [[steady]] where it begins")


class MapSettings(Strict):
    """Regimes over one or two quantities."""

    x: Axis
    y: Axis | None = None
    settle: quantity("s", 0.0, 1e9) = Field(
        description="beginning of the course that is not judged"
    )
    observe: Seconds = Field(description="length of what is judged")
    every: Seconds = Field(
        5e-3, description="interval of looks where spikes are not followed; never longer than 5 ms"
    )

    @model_validator(mode="after")
    def _some_samples(self):
        if not 1 <= self.observe / self.every <= 1e7:
            raise ValueError("observe: must be 1 to 1e7 times as long as every")
        return self


class CellConfig(Strict):
    """A single-cell job."""

    title: str = ""
    membrane: Membrane = Membrane()
    node: Node = Node()
    time: Course | None = None
    event: list[Event] = Field([], max_length=1000, description="stimuli")
    noise: list[CellNoise] = Field([], max_length=1000, description="noise in currents")
    batch: list[Axis] = Field(
        [], max_length=10, description="cells side by side: all combinations of all axes"
    )
    steady: list[SteadySettings] = Field([], description="steady states to look for")
    threshold: list[ThresholdSettings] = Field([], description="smallest stimuli that trigger")
    continuation: list[ContinuationSettings] = Field([], description="branches of steady states")
    map: MapSettings | None = None
    detect: Words = Words()

    @model_validator(mode="after")
    def _something(self):
        if not any((self.time, self.steady, self.threshold, self.continuation, self.map)):
            raise ValueError("nothing to do: give time, steady, threshold, continuation or map")
        for kind in ("event", "steady", "noise"):
            unique(getattr(self, kind), kind)
        refuse_equal_seeds(self.noise)
        for t in self.threshold:
            if t.event not in [e.name for e in self.event]:
                events = ", ".join(e.name for e in self.event) or "none"
                raise ValueError(f"threshold: no event is named {t.event!r}; there are {events}")
            if t.window > t.wait:
                raise ValueError("threshold: the window cannot be longer than the wait")
        known = [s.name for s in self.steady]
        for c in self.continuation:
            if c.start is not None and c.start not in known:
                raise ValueError(f"continuation: no [[steady]] is named {c.start!r}; {known}")
        return self

    @model_validator(mode="after")
    def _all_act(self):
        if not (self.time or self.threshold or self.map):
            refuse_void(self, ["event", "noise"], "without time, threshold or map")
        if not (self.time or self.steady or self.threshold or self.continuation):
            refuse_void(self, ["batch"], "on a map, whose axes are x and y")
        if self.map is None:
            refuse_void(self, ["detect"], "without a map")
        for t in self.threshold:
            event = next(e for e in self.event if e.name == t.event)
            if t.vary == "duration" and not event.parameters:
                raise ValueError(f"threshold: the event {t.event!r} has no parameters that last")
        return self

    @model_validator(mode="after")
    def _long_enough(self):
        if self.map is not None and self.map.observe < self.detect.seizure:
            raise SettingError(
                "map.observe",
                f"must be at least {self.detect.seizure:g} s, the shortest seizure "
                f"(detect.seizure); found {self.map.observe:g} s",
            )
        return self

    @model_validator(mode="after")
    def _bounded(self):
        cells = math.prod(map(size, self.batch))
        courses = self.time.samples * cells if self.time else 0
        axes = [self.map.x, self.map.y] if self.map else []
        mapped = math.prod(size(axis) for axis in axes if axis is not None)
        for what, count, most in (
            ("batch: cells", cells, MANY),
            ("map: cells", mapped, 100 * MANY),
            ("time.every: samples of all cells", courses, 1000 * MANY),
        ):
            if count > most:
                raise ValueError(f"{what}: {count} are too many, at most {most} can be held")
        return self


def size(axis):
    """Number of values of an Axis."""
    return len(axis.values) if axis.values is not None else axis.count

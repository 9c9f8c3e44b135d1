"""The points of a scan: a design or a border, a search at each, and when a run may end early."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from ecs_model.config.alternatives import Local
from ecs_model.config.types import Seconds, Strict, number, refuse_void
from ecs_model.scan.axes import MANY
from ecs_model.scan.ranges import Range

Verdict = Literal["ignited", "sd", "seizure", "load"]
MOST_RUNS = 100_000


class Design(Strict):
    """Which points."""

    kind: Literal["grid", "sobol", "saltelli"] = Field(
        "grid", description="all combinations, evenly spread points, or those of Sobol indices"
    )
    samples: int = Field(64, ge=2, le=2**16, description="sobol, saltelli: N, a power of two")
    seed: int = Field(1, ge=0, le=2**31 - 1, description="sobol, saltelli: of the scrambling")
    second_order: bool = Field(False, description="saltelli: N (2 d + 2) runs instead of N (d + 2)")

    @field_validator("samples")
    @classmethod
    def _power(cls, samples):
        if samples & (samples - 1):
            raise ValueError("must be a power of two")
        return samples

    @model_validator(mode="after")
    def _all_act(self):
        if self.kind == "grid":
            refuse_void(self, ["samples", "seed"], "on a grid")
        if self.kind != "saltelli":
            refuse_void(self, ["second_order"], "but where kind = 'saltelli'")
        return self


class Adaptive(Strict):
    """Points where the verdict changes, wave by wave."""

    margin: Verdict = Field("ignited", description="the verdict whose border is looked for")
    runs: int = Field(64, ge=4, le=MOST_RUNS, description="how many in all")
    start: int = Field(4, ge=2, le=1000, description="values per axis in the first wave")
    wave: int = Field(8, ge=1, le=MANY, description="runs per wave")
    explore: number(0.0, 1.0) = Field(
        0.25, description="share of a wave spent where the fewest runs are"
    )
    closest: number(1e-6, 0.5) = Field(
        0.01, description="smallest distance of two runs, as a share of the axes"
    )


class Threshold(Strict):
    """The smallest stimulus that ignites, at each point."""

    key: str = Field(description="what is varied, such as source.bolus.amount")
    low: Local = Field(description="from here")
    high: Local = Field(description="to here")
    scale: Literal["linear", "log"] = "linear"
    tolerance: number(1e-9, 0.9) = Field(
        0.02, description="width of the bracket, in shares of its middle"
    )
    margin: Verdict = Field("ignited", description="the verdict that changes")

    @model_validator(mode="after")
    def _ordered(self):
        self.range()
        return self

    def range(self):
        """The Range from low to high."""
        return Range.between(self.low, self.high, self.scale)


class Stop(Strict):
    """When a run may end early, because its verdict is known."""

    verdict: Verdict | Literal["everywhere", "none"] | None = Field(
        None,
        description="once this is yes (the default: what a search for a threshold looks for), or a "
        "front has been everywhere: its speed is known then, its duration not",
    )
    settled: Seconds | None = Field(
        None, description="once K+ has been low and falling for so long after the last stimulus"
    )

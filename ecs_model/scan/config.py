"""The TOML file of a scan as frozen models; see `ecs-model template --scan`."""

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ecs_model.config.types import (
    Filename,
    Seconds,
    SettingError,
    Strict,
    exactly_one,
    refuse_void,
)
from ecs_model.physics.measured_tissue import is_file
from ecs_model.scan.axes import MANY, Axis, full, keys_of
from ecs_model.scan.consensus import MEMBER, Consensus
from ecs_model.scan.designs import MOST_RUNS, Adaptive, Design, Stop, Threshold

MOST_ADAPTIVE = {1: MOST_RUNS, 2: MOST_RUNS, 3: 20_000, 4: 2000, 5: 400, 6: 100}
# runs by axes that are joined to simplices, some 1300 per run in six dimensions, within seconds

COLUMNS = {  # of the table of a scan, beside those of its axes
    "id",
    MEMBER,
    "run",
    "reason",
    "decided",
    "time",
    "recruited",
    "duration_s",
    "max_K_o",
    "end_K_o",
    "cells_per_front",
    "steps",
    "rejected_steps",
    "limited_steps",
    "iterations_per_step",
    "substeps_per_step",
    "nodes",
    "point",
}
RESULTS = (  # how names of further columns begin
    "load.",
    "seizure.",
    "regimes.",
    "sd.",
    "ignited.",
    "fronts.",
    "balance.",
    "energy.",
    "corrections.",
    "threshold.",
)

_OF_SLURM = ("jobs", "partition", "nodes", "mpi", "options", "poll")
_VOID = {
    "local": ("batch", "time", *_OF_SLURM),
    "slurm": ("workers",),
    "list": ("workers", *_OF_SLURM),
}


class Engine(Strict):
    """Where the runs are computed."""

    kind: Literal["local", "slurm", "list"] = Field(
        "local",
        description="worker processes here, jobs of Slurm, or commands for any other scheduler",
    )
    processes: int | None = Field(
        None,
        ge=1,
        le=MANY,
        description="MPI processes per run; the default is the fewest (slurm, list: one)",
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=MANY,
        description="local: runs at a time; the default is what cores and memory hold",
    )
    batch: int = Field(8, ge=1, le=MANY, description="slurm, list: points per job")
    jobs: int = Field(50, ge=1, le=MANY, description="slurm: jobs in the queue at a time")
    time: Seconds = Field(3600.0, description="slurm, list: limit of a job")
    partition: str | None = Field(None, description="slurm: partition")
    nodes: int = Field(1, ge=1, le=MANY, description="slurm: nodes of a job")
    mpi: str = Field("pmi2", description="slurm: what srun --mpi is given")
    options: dict[str, Any] = Field({}, description="slurm: further options of sbatch")
    poll: Seconds = Field(5.0, description="slurm: interval of looks at the queue")

    @model_validator(mode="after")
    def _even(self):
        if (self.processes or self.nodes) % self.nodes:
            raise ValueError("processes must be a multiple of nodes, as many on each")
        refuse_void(self, _VOID[self.kind], f"where kind = '{self.kind}'")
        return self


class ScanConfig(Strict):
    """A scan."""

    title: str = ""
    base: Filename | None = Field(None, description="TOML file of a run, or a ready run's name")
    run: dict[str, Any] | None = Field(None, description="or the configuration of the run itself")
    set: dict[str, Any] = Field({}, description='changes to it: "time.end" = "40 s"')
    axis: list[Axis] = Field(min_length=1, max_length=20, description="what varies")
    design: Design = Design()
    adaptive: Adaptive | None = None
    threshold: Threshold | None = None
    consensus: Consensus | None = None
    stop: Stop = Stop()
    outcomes: list[str] = Field(
        ["sd.margin", "max_K_o"], description="columns that Sobol indices are computed for"
    )
    marks: list[Filename] = Field(
        [], description="fits of fit-diffusion (.json) that maps show beside the measured states"
    )
    keep: Literal["summary", "run"] = Field(
        "summary", description="what stays of a run: its summary, or the whole run directory"
    )
    engine: Engine = Engine()

    @model_validator(mode="after")
    def _consistent(self):
        exactly_one(self, ("base", "run"), "what is scanned")
        self._check_axes()
        if wrong := [m for m in self.marks if not is_file(m)]:
            raise ValueError(
                f"marks: {wrong[0]!r} is no .json of a fit; measured states are shown anyway"
            )
        if self.consensus and (self.adaptive or self.threshold or self.design.kind == "saltelli"):
            raise ValueError(
                "consensus: goes with neither adaptive, threshold nor design.kind = 'saltelli'"
            )
        if self.adaptive:
            self._check_adaptive(self.adaptive)
        if self.keep == "run" and (self.threshold or self.stops() != (None, None)):
            raise ValueError('keep: "run" keeps whole runs, which cannot stop early')
        if self.design.kind != "saltelli":
            refuse_void(self, ["outcomes"], "but where design.kind = 'saltelli'")
        if self.runs > MOST_RUNS:
            raise ValueError(f"a scan of {self.runs} runs; at most {MOST_RUNS} are possible")
        return self

    @property
    def runs(self):
        """How many points there are at most, without those that are the same."""
        return self._places * (len(self.consensus.member) if self.consensus else 1)

    @property
    def _places(self):
        axes = len(self.axis)
        if self.adaptive is not None:
            return max(self.adaptive.runs, self.adaptive.start**axes)
        if self._is_grid:
            return math.prod(axis.size for axis in self.axis)
        of_indices = 2 * axes + 2 if self.design.second_order else axes + 2
        return self.design.samples * (of_indices if self.design.kind == "saltelli" else 1)

    def _check_axes(self):
        labels = [axis.label for axis in self.axis]
        keys = [k for axis in self.axis for k in keys_of(axis)]
        keys += [full(self.threshold.key)] if self.threshold else []
        if taken := COLUMNS & {*labels}:
            raise ValueError(f"axis: the name {taken.pop()!r} is that of another column")
        if results := [label for label in labels if label.startswith(RESULTS)]:
            start = results[0].partition(".")[0]
            raise ValueError(
                f"axis: the name {results[0]!r} is that of a result; give one that does not begin "
                f"with '{start}.'"
            )
        for what, names in (("named", labels), ("that change", keys)):
            if twice := {n for n in names if names.count(n) > 1}:
                raise ValueError(f"axis: two are {what} {twice.pop()!r}; each once is right")
        self._check_ends()

    def _check_ends(self):
        for axis in self.axis:
            if (self.adaptive or self.design.kind != "grid") and axis.low is None:
                raise ValueError(f"axis '{axis.label}': give low and high, this scan samples")
            if self._is_grid and axis.low is not None and axis.count is None:
                raise ValueError(f"axis '{axis.label}': give count, a grid needs it")
            if not self._is_grid and axis.count is not None:
                raise ValueError(f"axis '{axis.label}': count has no effect, this scan samples")

    def _check_adaptive(self, adaptive):
        if self.threshold or self.design.kind != "grid":
            raise ValueError("adaptive: goes with neither a threshold nor another design")
        self._check_memory(adaptive)
        if adaptive.runs < self.runs:
            raise SettingError(
                "adaptive",
                f"start: the first wave alone is {self.runs} runs ({adaptive.start} values "
                f"along each axis); runs ({adaptive.runs}) must be at least as many",
            )

    def _check_memory(self, adaptive):
        axes = len(self.axis)
        if axes not in MOST_ADAPTIVE:
            raise SettingError(
                "adaptive",
                f"a border over {axes} axes cannot be followed; at most {max(MOST_ADAPTIVE)} are "
                "possible, more with design.kind = 'sobol'",
            )
        if adaptive.runs > MOST_ADAPTIVE[axes]:
            raise SettingError(
                "adaptive",
                f"runs: a border over {axes} axes can be followed with at most "
                f"{MOST_ADAPTIVE[axes]} (found {adaptive.runs})",
            )

    @property
    def _is_grid(self):
        return self.adaptive is None and self.design.kind == "grid"

    def stops(self):
        """The verdict that ends a run once it is yes, and for how long it must have settled."""
        verdict = self.stop.verdict
        if verdict is None and self.threshold is not None:
            verdict = self.threshold.margin
        return None if verdict == "none" else verdict, self.stop.settled


def beside(config, folder):
    """The ScanConfig whose files of measured states lie where its own file does.

    Args:
        config: a ScanConfig.
        folder: of its file.
    """

    def found(states):
        return states and [str(Path(folder, s)) if is_file(s) else s for s in states]

    axes = [axis.model_copy(update={"states": found(axis.states)}) for axis in config.axis]
    return config.model_copy(update={"axis": axes, "marks": found(config.marks)})

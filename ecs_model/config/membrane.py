"""Settings of the membranes: what the cells do."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from ecs_model.config.alternatives import Settable
from ecs_model.config.types import Filename, Strict, Tolerance, refuse_void
from ecs_model.errors import did_you_mean
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
    parameter_set: str | None = Field(
        None, description="numbers of a paper, such as Mori2015; `ecs-model models` lists them"
    )
    add: list[str] = Field(
        [], max_length=100, description='mechanisms of your own, each as "FILE.py:NAME"'
    )
    parameters: dict[str, Settable] = Field({}, description="bare numbers are in the model's units")
    initial: dict[str, Settable] = Field(
        {}, description="initial state; the default is rest at the model's own parameters"
    )
    start: Literal["initial", "rest"] = Field(
        "initial",
        description="begin in the initial state, or where every set of parameters, alpha and "
        "tortuosity rests, near it",
    )
    tolerance: Tolerance = Field(1e-3, description="relative error of a sub-step")
    substeps: int = Field(
        0, ge=0, le=100_000, description="fixed number of sub-steps; 0 for error control"
    )

    precision: Literal["mixed", "double"] = Field(
        "mixed",
        description="of a sub-step: in mixed, states are double and rates single; where tolerance "
        "is below 1e-5, and for .ode and .cellml files, all is double",
    )

    @field_validator("model")
    @classmethod
    def _known(cls, name):
        if name not in MODELS:
            hint = did_you_mean(name, MODELS) or "."
            raise ValueError(f"no such membrane model{hint} There are {', '.join(MODELS)}")
        return name

    @model_validator(mode="after")
    def _all_act(self):
        ending = (self.file or "").lower().rpartition(".")[2]
        if self.file is not None:
            refuse_void(self, ["model", "parameter_set"], "where the model comes from a file")
        if ending not in ("ode", "cellml"):
            refuse_void(self, ["potassium"], "where the model is no .ode or .cellml file")
        else:
            refuse_void(
                self, ["precision"], "where a .ode or .cellml file is the model, as all is double"
            )
        if self.file is None:
            refuse_void(self, ["time_unit"], "where the model is no .ode file")
        if self.substeps:
            refuse_void(self, ["tolerance"], "where the number of sub-steps is fixed")
        return self

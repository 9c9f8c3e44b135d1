"""Settings of synapses: how far what nodes send by axons arrives."""

from typing import Literal

from pydantic import Field

from ecs_model.config.types import Name, Strict, quantity


class SynapsesSettings(Strict):
    """One kind of synapses, which join nodes."""

    name: Name
    reach: quantity("mm", 1e-6, 1.0) = Field(description="of axons and dendrites")
    sends: str | None = Field(None, description="observable that is sent; the model's rate")
    drives: str | None = Field(None, description="what it drives; the model's first drive")
    mass: Literal["half", "lumped", "consistent"] = Field(
        "half", description="mass matrix of the field; half of each is of fourth order"
    )

"""The axes of a scan: what varies, from where to where."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ecs_model.config.alternatives import Local
from ecs_model.config.types import Filename, Name, Strict, exactly_one, refuse_void
from ecs_model.physics.measured_tissue import STATES, is_file
from ecs_model.scan.ranges import Range

SHORT = {"alpha": "tissue.alpha", "tortuosity": "tissue.tortuosity", "D": "tissue.D"}
MANY = 10_000  # values of an axis


def full(key):
    """The whole of a key: alpha, tortuosity and D stand for those of the tissue."""
    return SHORT.get(key, key)


class Axis(Strict):
    """What varies: one key, several together, or measured states of the tissue."""

    name: Name | None = Field(None, description="heads its column; the default is its (first) key")
    key: str | None = Field(None, description="any setting of the run, such as tissue.alpha")
    keys: list[str] | None = Field(None, description="several settings that change together")
    states: list[Filename] | None = Field(
        None, description='measured: "cortex", "ischemia", or the .json of a fit-diffusion'
    )
    values: Annotated[list[Any], Field(max_length=MANY)] | None = Field(
        None, description="one by one; for keys a list each"
    )
    low: Local | None = Field(None, description="or from here")
    high: Local | None = Field(None, description="to here")
    count: Annotated[int, Field(ge=1, le=MANY)] | None = Field(
        None, description="a grid's number of values"
    )
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _complete(self):
        exactly_one(self, ("key", "keys", "states"), "what an axis changes")
        self._check_states()
        if (self.key is not None and not self.key) or self.keys == []:
            raise ValueError("an axis needs the key of a setting, such as tissue.alpha")
        ends = [end is not None for end in (self.low, self.high)]
        if any(ends) and (not all(ends) or self.key is None or self.values is not None):
            raise ValueError("an axis has values, or for one key both low and high")
        if self.states is None and not any(ends) and not self.values:
            raise ValueError("an axis needs values (at least one), or low and high")
        self._check_rows()
        if any(ends):
            self.range()
        else:
            refuse_void(self, ["count", "scale"], "without low and high")
        return self

    @property
    def size(self):
        """Number of values on a grid."""
        return self.count or len(self.states or self.values or ())

    def _check_states(self):
        if self.states is None:
            return
        unknown = [s for s in self.states if s not in STATES and not is_file(s)]
        if unknown or not self.states:
            found = f"no measured state {unknown[0]!r}" if unknown else "no state given"
            raise ValueError(f"{found}; there are {', '.join(STATES)}")
        if (self.low, self.high, self.values) != (None, None, None):
            raise ValueError("an axis of states has no values, low or high")

    def _check_rows(self):
        keys = self.keys or []
        rows = self.values or [] if keys else []
        for row in rows:
            if not isinstance(row, list) or len(row) != len(keys):
                raise ValueError(f"values: each must be a list of {len(keys)}, one per key")
        firsts = [str(row[0]) for row in rows]
        if len({*firsts}) < len(firsts):
            raise ValueError("values: the first of each must differ, it names the point in tables")

    @property
    def label(self):
        """What heads its column."""
        if self.name or self.key:
            return self.name or self.key
        return "state" if self.states else (self.keys or [""])[0]

    def range(self):
        """The Range from low to high."""
        return Range.between(self.low, self.high, self.scale)


def keys_of(axis):
    """The settings that an axis changes."""
    if axis.states:
        return ["tissue.alpha", "tissue.tortuosity"]
    return [full(key) for key in axis.keys or [axis.key]]

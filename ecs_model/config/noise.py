"""Settings of noise: how strong it is, and how it is correlated in space and time."""

from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt, model_validator

from ecs_model.config.alternatives import Local
from ecs_model.config.parameters import settled
from ecs_model.config.types import Name, SettingError, Strict, quantity, refuse_void
from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.record import Quantity, table


class CellNoise(Strict):
    """White noise in a current of the membranes."""

    name: Name
    amplitude: Annotated[dict[str, Local], Field(min_length=1, max_length=1)] = Field(
        description="of the noise in a current of the model, such as { I_stim = '0.5 uA/cm^2' }"
    )
    duration: quantity("ms", 1e-9, 1.0) = Field(
        description="amplitude^2 times this is the intensity of the noise"
    )
    bin: quantity("ms", 1e-6, 0.01) = Field(
        1e-3, description="in which noise is constant; short beside the time of the membrane"
    )
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] = Field(
        0, description="another one gives other noise"
    )


class TissueNoise(CellNoise):
    """White noise in a current of the membranes, correlated in space."""

    length: quantity("mm", 1e-6, 1.0) | None = Field(None, description="of correlation in space")
    uniform: StrictBool = Field(False, description="or the same noise everywhere")
    region: str | None = Field(None, description="where; everywhere if unset")

    @model_validator(mode="after")
    def _correlated(self):
        if self.uniform:
            refuse_void(self, ["length"], "where noise is uniform")
        elif self.length is None:
            raise ValueError(
                "length: give the correlation length, or uniform = true; noise of each node by "
                "itself would vanish as the mesh is refined"
            )
        return self


def refuse_equal_seeds(entries):
    """Raise SettingError if two entries have one seed: they would be the same noise."""
    known: dict[int, str] = {}
    for entry in entries:
        if entry.seed in known:
            raise SettingError(
                "noise",
                f"{known[entry.seed]!r} and {entry.name!r} have the same seed, {entry.seed}, and "
                "so the same noise; give each its own",
            )
        known[entry.seed] = entry.name


def current_of(entry: CellNoise, model: Any) -> tuple[str, float]:
    """The parameter to which an entry adds noise, and the amplitude of that [SI].

    Raises:
        ConfigError: for a model or a parameter without noise, a wrong unit, or a negative value.
    """
    place = f"noise '{entry.name}': amplitude"
    (name,) = entry.amplitude
    if name not in model.noisy:
        _refuse_quiet(name, model, place)
    known = model.Parameters.quantities[name]
    amplitude = Quantity(0.0, known.unit, f"amplitude of the noise in {name}", low=0.0)
    settings = settled(entry.amplitude, table("Amplitudes", {name: amplitude}), place)
    return name, settings[name]


def _refuse_quiet(name, model, place):
    if not model.noisy:
        raise ConfigError(
            f"{place}: nothing in {model.name} can be noisy; epileptor2 is a model with noise in I"
        )
    hint = did_you_mean(name, model.noisy) or "."
    raise ConfigError(
        f"{place}.{name}: {model.name} has no noise there{hint} It may have some in "
        f"{', '.join(model.noisy)}"
    )

"""[detect]: what counts as a seizure, as a spreading depolarization, as a front."""

from pydantic import Field, model_validator

from ecs_model.config.types import SettingError, Strict, number, quantity
from ecs_model.physics import regimes

Level = quantity("mM", 1e-6, 5000.0)


class Words(Strict):
    """What counts as what in the firing of neurons."""

    spike: quantity("mV", -200.0, 200.0) = Field(
        -0.02, description="potential through which V of a neuron rises in a spike"
    )
    onset: quantity("Hz", 1e-6, 1e4) = Field(
        20.0, description="rate above which a population begins to fire"
    )
    offset: quantity("Hz", 1e-6, 1e4) = Field(5.0, description="rate below which it stops")
    gap: quantity("s", 1e-3, 1e6) = Field(2.0, description="longest silence within a burst")
    seizure: quantity("s", 1e-3, 1e6) = Field(3.0, description="shortest burst that is a seizure")
    rate: quantity("Hz", 1e-6, 1e4) = Field(5.0, description="mean firing rate of a seizure")
    rise: quantity("mM", 1e-6, 5000.0) = Field(
        4.0, description="rise of K+ above its start that makes a burst of less a seizure, too"
    )
    depolarized: quantity("mV", -200.0, 200.0) = Field(
        -0.045, description="potential above which a silent membrane is blocked"
    )
    sd: Level = Field(20.0, description="K+ of a spreading depolarization")

    @model_validator(mode="after")
    def _stops_below(self):
        if self.offset > self.onset:
            raise SettingError("offset", f"must be at most onset, {self.onset:g} Hz")
        return self

    def firing(self, settle: float) -> regimes.Firing:
        """The same as a record of SI values; what happens before `settle` [s] does not count."""
        return regimes.Firing(
            spike=self.spike,
            onset=self.onset,
            offset=self.offset,
            gap=self.gap,
            seizure=self.seizure,
            rate=self.rate,
            rise=self.rise,
            depolarized=self.depolarized,
            sd=self.sd,
            settle=settle,
        )


class Detect(Words):
    """Thresholds of what the verdicts say."""

    settle: quantity("s", 0.0, 1e9) = Field(0.0, description="firing before it does not count")
    load: Level = Field(10.0, description="K+ of a load: the ceiling of K+ in seizures")
    fraction: number(1e-9, 0.999999) = Field(
        0.01, description="share of the tissue that must reach it"
    )
    front: Level = Field(12.0, description="K+ that counts as front's arrival")
    spread: number(1e-9, 0.999999) = Field(
        0.25, description="share of the tissue not stimulated that a front takes if it ignites"
    )

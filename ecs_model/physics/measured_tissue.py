"""Measured states of the extracellular space: volume fraction alpha and tortuosity lambda by name.

Values are those of the abstracts named; where a range was reported, its middle is used. A state of
one's own is what `ecs-model fit-diffusion` leaves behind.
"""

from dataclasses import dataclass
from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.files import foreign, schemas


@dataclass(frozen=True)
class TissueState:
    """Volume fraction and tortuosity of a tissue in some condition, and who measured them."""

    alpha: float
    tortuosity: float
    condition: str
    source: str


_KUME_KICK = "Kume-Kick et al. 2002, J Physiol 542, 515"
_MAZEL = "Mazel et al. 2002, J Physiol 542, 523"
_HOMOLA = "Homola et al. 2006, Acta Neurochir Suppl 96, 206"

STATES = {
    "cortex": TissueState(
        0.20, 1.60, "normal cortex, hippocampus", "Sykova & Nicholson 2008, Physiol Rev 88, 1277"
    ),
    "slice": TissueState(0.24, 1.69, "slice of cortex at 305 mOsm", _KUME_KICK),
    "hypo-osmotic": TissueState(0.12, 1.86, "slice of cortex at 150 mOsm", _KUME_KICK),
    "hyper-osmotic": TissueState(0.42, 1.67, "slice of cortex at 500 mOsm", _KUME_KICK),
    "immature": TissueState(
        0.41, 1.39, "CA3 of rats 4 to 7 days old", "Kilb et al. 2006, Eur J Neurosci 23, 117"
    ),
    "before-sd": TissueState(0.22, 1.60, "cortex before a spreading depolarization", _MAZEL),
    "sd": TissueState(0.07, 2.01, "cortex during a spreading depolarization", _MAZEL),
    "before-ischemia": TissueState(0.19, 1.57, "cortex before ischemia", _HOMOLA),
    "ischemia": TissueState(0.07, 1.88, "cortex after 30 minutes of ischemia", _HOMOLA),
}


def is_file(name: str) -> bool:
    """Whether the name of a state is that of a file."""
    return name.endswith(".json")


def title(name: str) -> str:
    """What a state is called beside its star or in a table."""
    return Path(name).stem.removesuffix(".fit") if is_file(name) else name


def state_of(name: str) -> TissueState:
    """The TissueState of a name, or of a file that `ecs-model fit-diffusion` wrote.

    Raises:
        ConfigError: for a file that holds no state, or a curve that could not decide.
    """
    if not is_file(name):
        return STATES[name]
    try:
        found = foreign.need_json(Path(name), schemas.FitFacts)
    except ConfigError as error:
        raise ConfigError(
            f"{name}: is no fit that `ecs-model fit-diffusion` wrote ({error})"
        ) from None
    if not found.get("decided"):
        complaints = "; ".join(found.get("complaints", []))
        raise ConfigError(f"{name}: the curve could not decide: {complaints}")
    return TissueState(
        float(found["alpha"]), float(found["tortuosity"]), "fitted to a curve", found["curve"]
    )

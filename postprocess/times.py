"""Which fields and output times of a run are meant."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.physics.values import Array
from ecs_model.run import field_series


def refuse_unknown(folder: Path, fields: Sequence[str]) -> None:
    """Raise ConfigError for a field that the run in a folder has not written."""
    known = field_series.field_names(folder)
    for name in fields:
        if name not in known:
            raise ConfigError(
                f"{folder} has no field '{name}'; it has {', '.join(known)}"
                f"{did_you_mean(name, known)}"
            )


def numbers_of(known: Array, times: Sequence[float]) -> list[int]:
    """The numbers of output times [s]; ConfigError for one that is none."""
    return [_number(known, t) for t in times]


def _number(known, t):
    k = int(np.abs(known - t).argmin()) if len(known) else 0
    if not len(known) or abs(known[k] - t) > 1e-6 * max(1.0, abs(t)):
        nearest = f"the nearest is {known[k]:g} s" if len(known) else "there is none"
        raise ConfigError(f"no fields were written at {t:g} s; {nearest}")
    return k

"""Noise in the currents of cells, each of its own seed: that of tissue at the origin."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ecs_model.config.noise import CellNoise, current_of
from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel
from ecs_model.membrane.noisy import noise_of
from ecs_model.membrane.white_noise import Noise, Places, White

PREFIX, SEED = "noise.", ".seed"  # of what an axis changes


def key_of(entry: CellNoise) -> str:
    """What an axis calls the seed of an entry."""
    return f"{PREFIX}{entry.name}{SEED}"


def seeds(entries: Sequence[CellNoise], changes: Mapping[str, float]) -> tuple[int, ...]:
    """Seeds of the entries in a cell with some quantities changed.

    Raises:
        ConfigError: for one that is no whole number, and where two entries would be the same noise.
    """
    found = []
    for entry in entries:
        value = changes.get(key_of(entry), entry.seed)
        if value != int(value):
            raise ConfigError(f"batch: {key_of(entry)}: must be a whole number (found {value:g})")
        if int(value) in found:
            raise ConfigError(
                f"batch: {key_of(entry)}: {value:g} is the seed of another entry too; give each "
                "its own"
            )
        found.append(int(value))
    return tuple(found)


def noise_in(
    entries: Sequence[CellNoise], model: MembraneModel, cells: Sequence[Any]
) -> Callable[[Any, slice], Noise]:
    """A function (surroundings, slice) -> the Noise of some cells, see `Bench`.

    Args:
        entries: the settings.
        model: the membrane model.
        cells: each a Cell with its seeds.
    """

    def noise(surroundings: Any, group: slice) -> Noise:
        rows = np.array([cell.seeds for cell in cells[group]], np.uint64)
        index = np.arange(len(rows), dtype=np.int32)[:, None]
        here = Places(np.zeros((len(rows), 3), np.int64), index, np.ones(index.shape))
        parts = []
        for k, entry in enumerate(entries):
            name, amplitude = current_of(entry, model)
            each = np.full(len(rows), amplitude)
            white = White(here, each, entry.duration, entry.bin, rows[:, k])
            parts.append((getattr(surroundings, noise_of(name)), white))
        return Noise(parts)

    return noise

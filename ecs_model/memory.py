"""What has to outlive a run that is stopped: one convention for everything that carries state.

Whatever lives through a run and changes says so in a property `memory`: name -> value, found
without talking to other processes. A value is

    an array           one value per owned node, changed in place
    OfCells(array)     one value per owned cell, changed in place
    Share(value)       this process's part of a sum: a number, an array, or a dict of numbers
    anything else      the same on all processes: numbers, texts, None, lists and dicts of them

A checkpoint stores all of it and hands it back on any number of processes: arrays in place, the
rest to the attribute of that name, unless the owner has a method `restore(memory)` of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class OfCells:
    """One value per owned cell, in an array that is changed in place."""

    values: np.ndarray


@dataclass(frozen=True)
class Share:
    """This process's part of a sum over all processes: a number, an array or a dict of numbers."""

    value: Any


def put_back(owner: Any, kept: dict[str, Any]) -> None:
    """Give an owner its memory back: arrays in place, everything else as attributes.

    Args:
        owner: of a `memory`.
        kept: name -> value of this process, as `memory` gave it but without OfCells and Share.
    """
    if hasattr(owner, "restore"):
        owner.restore(kept)
        return
    for name, now in owner.memory.items():
        array = now.values if isinstance(now, OfCells) else now
        if isinstance(array, np.ndarray):
            array[:] = kept[name]
        else:
            setattr(owner, name, kept[name])


def total(shares: list[Any]) -> Any:
    """The sum of the shares of all processes, each a number, a list or a dict of numbers."""
    first = shares[0]
    if isinstance(first, dict):
        return {name: sum(share[name] for share in shares) for name in first}
    return np.sum(shares, axis=0).tolist() if isinstance(first, list) else sum(shares)


def nothing(share: Any) -> Any:
    """A share of the same kind that adds nothing to a sum."""
    if isinstance(share, dict):
        return dict.fromkeys(share, 0.0)
    return [0.0] * len(share) if isinstance(share, list) else type(share)(0)

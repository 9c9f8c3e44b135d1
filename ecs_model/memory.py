"""What has to outlive a run that is stopped: one convention for everything that carries state.

Whatever lives through a run and changes has two methods, `state()` and `load(state)`. The first
gives name -> value, found without talking to other processes. A value is

    an array           one value per owned node, changed in place
    OfCells(array)     one value per owned cell, changed in place
    OfBlocks(array)    one value per block of owned nodes, changed in place
    Share(value)       this process's part of a sum: a number, an array, or a dict of numbers
    anything else      the same on all processes: numbers, texts, None, lists and dicts of them

A checkpoint stores all of it, and `load` gets it back on any number of processes, bare, that
is, without OfCells, OfBlocks and Share around the values; most need no more than `put_back`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class OfCells:
    """One value per owned cell, in an array that is changed in place.

    Attributes:
        values: of the cells.
        is_sparse: whether most of them may be nan, so that a checkpoint need not move those.
    """

    values: np.ndarray
    is_sparse: bool = False


@dataclass(frozen=True)
class OfBlocks:
    """One value per block of owned nodes, in an array that is changed in place.

    Attributes:
        values: one per block; the last block may be smaller.
        size: nodes of a block.
        nodes: owned nodes.
    """

    values: np.ndarray
    size: int
    nodes: int

    def of_nodes(self) -> np.ndarray:
        """For every owned node, the value of its block."""
        return np.repeat(self.values, self.size)[: self.nodes]

    def lowest(self, of_nodes: np.ndarray) -> np.ndarray:
        """For every block, the lowest of its nodes' values."""
        if not self.nodes:
            return self.values
        return np.minimum.reduceat(of_nodes, np.arange(0, self.nodes, self.size))


@dataclass(frozen=True)
class Share:
    """This process's part of a sum over all processes: a number, an array or a dict of numbers."""

    value: Any


def bare(value: Any) -> Any:
    """A value of a state as `load` gets it, without OfCells, OfBlocks or Share around it."""
    kind = type(value)  # asked so often that isinstance would be noticed
    if kind is Share:
        return value.value
    return value.values if kind is OfCells or kind is OfBlocks else value


def put_back(owner: Any, state: Mapping[str, Any]) -> None:
    """Give an owner its state back: arrays in place, everything else as attributes.

    Args:
        owner: with a method `state`.
        state: name -> value of this process, as that gave it, but bare.
    """
    for name, value in owner.state().items():
        array = bare(value)
        if isinstance(array, np.ndarray):
            array[:] = state[name]
        else:
            setattr(owner, name, state[name])


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

"""Blocks of membranes that another process advances: who lends how much, and what a parcel holds.

Work is counted in block-steps, sub-steps of a block. A block computes the same wherever it is
advanced.
"""

import ctypes
from typing import Any, NamedTuple

import numpy as np

from ecs_model.membrane.compiled_step import Batch
from ecs_model.membrane.kernel import BLOCK
from ecs_model.membrane.solver import Reaction
from ecs_model.membrane.trace import Trace
from ecs_model.physics.values import Array

SHARE = 0.1  # of the mean: what is beyond it by less stays
BESIDE = 0.3  # of a block-step: what a block takes beside its sub-steps
SMALLEST = 1.0  # block-steps of a loan


def loans(work: np.ndarray, rank: int, least: float) -> Array:
    """What a process lends to each other one, negative what it borrows [block-steps].

    Those above the mean lend what is beyond it to those below, both in their order. All processes
    find the same loans.

    Args:
        work: that each process expects to have [block-steps]; nan for those that stand by.
        rank: of the process.
        least: what is beyond the mean somewhere if it is worth messages [block-steps].
    """
    here = np.isfinite(work)
    mean = work[here].mean() if here.any() else 0.0
    beyond = np.where(here, work - mean, 0.0)
    if beyond.max() <= max(least, SHARE * mean):
        return np.zeros(len(work))
    sign = 1.0 if beyond[rank] > 0.0 else -1.0
    mine, others = _ranges(sign * beyond), _ranges(-sign * beyond)
    shared = np.minimum(mine[1][rank], others[1]) - np.maximum(mine[0][rank], others[0])
    return sign * np.where(shared > SMALLEST, shared, 0.0)


def _ranges(amounts):
    """Where each of some amounts begins and ends if they lie one after the other."""
    ends = np.cumsum(np.maximum(amounts, 0.0))
    return np.concatenate([[0.0], ends[:-1]]), ends


def chosen(work: np.ndarray, amounts: np.ndarray, fare: float) -> list[np.ndarray]:
    """Numbers of the blocks to lend to each of some processes: those with most work.

    Args:
        work: of each block that can be lent [block-steps].
        amounts: to lend to each process [block-steps].
        fare: what it takes to send a block there and back; those with less work stay [block-steps].
    """
    order = np.argsort(-work, kind="stable")[: np.count_nonzero(work > fare)]
    ends = np.searchsorted(np.cumsum(work[order]), np.cumsum(amounts), side="right")
    return np.split(order, ends)[:-1]


class Parcel(NamedTuple):
    """Some blocks in one piece of memory; what changes lies before what does not.

    Attributes:
        memory: all of it; `changed`: what the other process gives back.
        columns: state, and what goes with firing, (columns, blocks, BLOCK).
        trial: trial sub-step of each block [s]; `counts`: its sub-steps.
        done: what `CompiledStep.advance` gave, one number.
        fields: parameters and surroundings that vary, (fields, blocks, BLOCK).
    """

    memory: Array
    changed: Array
    columns: Array
    trial: Array
    counts: np.ndarray
    done: np.ndarray
    fields: Array


class Parcels:
    """How the blocks of a Reaction are packed, and advanced where they were sent.

    Args:
        reaction: whose model and kernel are those of all processes.

    Attributes:
        whole: blocks of this process that are full, and can be lent.
        width: arrays over nodes that a parcel has.
    """

    def __init__(self, reaction: Reaction):
        self._reaction, self.whole = reaction, reaction.nodes // BLOCK
        trace = reaction.trace.lasting().values() if reaction.trace else ()
        self._columns = [self._blocks(values) for values in (*reaction.variables, *trace)]
        given = zip((*reaction.parameters, *reaction.surroundings), reaction.inputs, strict=True)
        self._inputs = [(np.ndim(value) > 0, array) for value, array in given]
        self._fields = [self._blocks(array) for varies, array in self._inputs if varies]
        self.width = len(self._columns) + len(self._fields)

    def _blocks(self, values):
        """The full blocks of an array over owned nodes, (blocks, BLOCK), in place."""
        return values[: self.whole * BLOCK].reshape(-1, BLOCK)

    def room(self, blocks: int) -> int:
        """Numbers that a parcel of so many blocks holds."""
        return blocks * (BLOCK * self.width + 2) + 1

    def blocks_in(self, room: int) -> int:
        """Blocks of a parcel that holds so many numbers."""
        return (room - 1) // (self.room(1) - 1)

    def parcel(self, memory: Array, blocks: int) -> Parcel:
        """The Parcel of some blocks that lies at the beginning of an array."""
        columns = BLOCK * len(self._columns) * blocks
        back = columns + 2 * blocks + 1
        whole = memory[: self.room(blocks)]
        integers = whole.view(np.int64)
        return Parcel(
            whole,
            whole[:back],
            whole[:columns].reshape(len(self._columns), blocks, BLOCK),
            whole[columns : columns + blocks],
            integers[columns + blocks : back - 1],
            integers[back - 1 : back],
            whole[back:].reshape(len(self._fields), blocks, BLOCK),
        )

    def pack(self, blocks: np.ndarray, parcel: Parcel) -> None:
        """Copy blocks of this process into a parcel; here, they are left out of the next call."""
        for values, there in zip(self._columns, parcel.columns, strict=True):
            np.take(values, blocks, axis=0, out=there, mode="clip")
        for values, there in zip(self._fields, parcel.fields, strict=True):
            np.take(values, blocks, axis=0, out=there, mode="clip")
        parcel.trial[:], parcel.counts[:] = self._reaction.trial[blocks], 0
        self._reaction.counts[blocks] = -1

    def unpack(self, blocks: np.ndarray, parcel: Parcel) -> int:
        """Copy what comes back to its place.

        Returns:
            int: sub-steps of all blocks, or -1 - (a node) where a block failed.
        """
        for values, there in zip(self._columns, parcel.columns, strict=True):
            values[blocks] = there
        self._reaction.trial[blocks], self._reaction.counts[blocks] = parcel.trial, parcel.counts
        done = int(parcel.done[0])
        return done if done >= 0 else -1 - BLOCK * int(blocks[(-1 - done) // BLOCK])

    def take_events(self, trace: Trace, blocks: np.ndarray, events: Array) -> None:
        """Let a Trace note what the neurons of these blocks did elsewhere; changes the events."""
        place = events[:, 0].astype(np.int64)
        events[:, 0] = BLOCK * blocks[place // BLOCK] + place % BLOCK
        trace.add(events)

    def advance(self, parcel: Parcel, start: float, duration: float) -> int:
        """Advance the blocks of a parcel of another process; `Trace.guests` notes their firing.

        Args:
            parcel: which changes in place.
            start: time at which it begins [s].
            duration: how far [s].

        Returns:
            int: as `CompiledStep.advance`.
        """
        notes = self._notes(parcel)
        pointer = notes.pointer if notes else None
        parcel.done[0] = self._reaction.step.advance(self._batch(parcel), start, duration, pointer)
        return int(parcel.done[0])

    def _batch(self, parcel):
        state = [x.ctypes.data for x in parcel.columns[: len(self._reaction.variables)]]
        fields = iter(parcel.fields)
        inputs = [(next(fields) if varies else x).ctypes.data for varies, x in self._inputs]
        nodes = BLOCK * len(parcel.trial)
        return Batch(nodes, _pointers(state), _pointers(inputs), parcel.trial, parcel.counts)

    def _notes(self, parcel):
        """Where the firing of a parcel is noted, begun anew; None if nobody asks."""
        if self._reaction.trace is None:
            return None
        notes = self._reaction.trace.guests
        notes.cut(0)
        notes.lie_at(*(x.ctypes.data for x in parcel.columns[len(self._reaction.variables) :]))
        return notes


def _pointers(numbers: list[int]) -> Any:
    return (ctypes.c_void_p * len(numbers))(*numbers)

"""The compiled step of a membrane, called on nodes that lie somewhere in memory."""

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ecs_model.membrane import c_function
from ecs_model.membrane.compiler import load
from ecs_model.membrane.kernel import statements
from ecs_model.physics.values import Array

# nodes, start, duration, tolerance, sub-steps, then the pointers of a batch, and to notes
ADVANCE = [ctypes.c_long, *[ctypes.c_double] * 3, ctypes.c_long, *[ctypes.c_void_p] * 5]
# nodes, start, interval, samples, tolerance, sub-steps, likewise, and to the results
RECORD = [
    *[ctypes.c_long, ctypes.c_double, ctypes.c_double],
    *[ctypes.c_long, ctypes.c_double, ctypes.c_long],
    *[ctypes.c_void_p] * 6,
]


class Batch(NamedTuple):
    """Nodes that are advanced together, as the compiled step takes them.

    Attributes:
        nodes: how many.
        state: addresses of the arrays of the state; `inputs`: of parameters and surroundings.
        trial: trial sub-step of each block [s].
        counts: sub-steps that each block took; blocks with negative ones are left out.
    """

    nodes: int
    state: Any
    inputs: Any
    trial: Array
    counts: np.ndarray


class CompiledStep:
    """The functions that a C source of `kernel.step_source` holds.

    Args:
        text: the C source.
        tolerance: relative error of a sub-step.
        substeps: fixed number of sub-steps per call instead of error control; 0 for control.

    Attributes:
        statements: how long a sub-step of a block is, in C.
        address: of the function that `advance` calls, for others in C.
        tolerance, substeps: as given.
        forget, add: functions that free events, and that note further ones.
    """

    def __init__(self, text: str, tolerance: float, substeps: int):
        compiled, self.statements = load(text), statements(text)
        self._advance, self._record = compiled.ecs_advance, compiled.ecs_record
        self._advance.restype = self._record.restype = ctypes.c_long
        self._advance.argtypes, self._record.argtypes = ADVANCE, RECORD
        self._observe, self.forget = compiled.ecs_observe, compiled.ecs_forget
        self.add = compiled.ecs_add
        self.address = ctypes.cast(self._advance, ctypes.c_void_p).value or 0
        self.tolerance, self.substeps = tolerance, substeps

    def advance(self, batch: Batch, start: float, duration: float, notes: Any = None) -> int:
        """Advance a batch in place.

        Args:
            batch: the nodes.
            start: time at which it begins [s].
            duration: how far [s].
            notes: pointer to where firing is noted, or None.

        Returns:
            int: sub-steps of all blocks; -1 - (first node of the block) where a block failed.
        """
        how = self.tolerance, self.substeps
        return self._advance(batch.nodes, start, duration, *how, *_places(batch), notes)

    def record(self, batch: Batch, start: float, interval: float, out: Array) -> int:
        """Advance by intervals [s]; the states after each in `out`, (samples, states, nodes).

        Returns:
            int: as `advance`.
        """
        return self._record(
            batch.nodes,
            start,
            interval,
            len(out),
            self.tolerance,
            self.substeps,
            *_places(batch),
            None,
            out.ctypes.data,
        )

    def observe(
        self, state: Sequence[Array], inputs: Sequence[Array], out: Sequence[Array]
    ) -> None:
        """Write the observables of nodes, each to an array of `out`."""
        nodes = ctypes.c_long(len(state[0]))
        kept = (ctypes.c_void_p * len(inputs))(*c_function.addresses(inputs))
        self._observe(nodes, addresses(state), kept, addresses(out))


def _places(batch):
    return batch.state, batch.inputs, *c_function.addresses([batch.trial, batch.counts])


def addresses(arrays: Sequence[Array]) -> Any:
    """Addresses of arrays, as C takes them for pointers."""
    return (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))

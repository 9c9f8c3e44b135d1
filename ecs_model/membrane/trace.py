"""What the membrane potentials did within steps: spikes, and the range of V."""

import ctypes
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ecs_model.physics.regimes import SPIKE
from ecs_model.physics.values import Array


class _Trace(ctypes.Structure):
    _fields_ = (
        ("level", ctypes.c_double),
        ("count", ctypes.c_long),
        ("room", ctypes.c_long),
        ("events", ctypes.c_void_p),
        ("low", ctypes.c_void_p),
        ("high", ctypes.c_void_p),
    )


class Trace:
    """Spikes and the range of V at the nodes of a Reaction, as its compiled step notes them.

    Args:
        potential: V at owned nodes [V], the array that advances.
        forget: compiled function that frees the events.

    Attributes:
        low: lowest V of each node since `clear` [V]; `high`: likewise.
        pointer: what the compiled step takes.
    """

    def __init__(self, potential: Array, forget: Callable[..., Any]):
        self._potential = potential
        self.low, self.high = potential.copy(), potential.copy()
        self._c = _Trace(SPIKE, 0, 0, None, self.low.ctypes.data, self.high.ctypes.data)
        self.pointer = ctypes.byref(self._c)
        weakref.finalize(self, forget, self.pointer)

    def state(self) -> dict[str, Any]:
        """What `load` takes to forget what comes after this."""
        return {"count": self._c.count, "low": self.low, "high": self.high}

    def load(self, state: Mapping[str, Any]) -> None:
        """Forget what was noted since `state` gave this, in a step that was rejected."""
        self._c.count, self.low[:], self.high[:] = state["count"], state["low"], state["high"]

    def spikes(self) -> Array:
        """Node and time [s] of every spike since `clear`, shape (spikes, 2), each node's in order.

        They are overwritten by what comes after `clear`.
        """
        if not self._c.count:
            return np.empty((0, 2))
        memory = ctypes.cast(self._c.events, ctypes.POINTER(ctypes.c_double))
        return np.ctypeslib.as_array(memory, (self._c.count, 2))

    def clear(self) -> None:
        """Begin anew: no spikes, and V as it is."""
        self._c.count = 0
        self.low[:] = self.high[:] = self._potential

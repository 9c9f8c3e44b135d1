"""What neurons did within steps: their spikes, and the range of V or of their rate."""

import ctypes
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ecs_model.membrane.compiled_step import CompiledStep
from ecs_model.physics.values import Array

RESET = 10e-3  # V: what V falls below the level of a spike before it can spike again
COLUMNS = 3  # of an event: node, time, number of spikes


class _Trace(ctypes.Structure):
    _fields_ = (
        ("onset", ctypes.c_double),
        ("offset", ctypes.c_double),
        ("count", ctypes.c_long),
        ("room", ctypes.c_long),
        *((name, ctypes.c_void_p) for name in ("events", "low", "high", "rate", "fires")),
    )


class Notes:
    """Events that the compiled step notes, in memory that it makes and that lives as long as this.

    Args:
        onset, offset: levels of the signal [V or Hz].
        forget: compiled function that frees the events.

    Attributes:
        pointer: what the compiled step takes.
    """

    def __init__(self, onset: float, offset: float, forget: Callable[..., Any]):
        self._c = _Trace(onset, offset, 0, 0, None, None, None, None, None)
        self.pointer = ctypes.byref(self._c)
        weakref.finalize(self, forget, self.pointer)

    def lie_at(self, low: int, high: int, rate: int, fires: int) -> None:
        """Say at which addresses the arrays over nodes lie that go with the events."""
        self._c.low, self._c.high, self._c.rate, self._c.fires = low, high, rate, fires

    @property
    def count(self) -> int:
        """How many events there are."""
        return self._c.count

    def cut(self, count: int) -> None:
        """Forget all but the first events."""
        self._c.count = count

    def events(self) -> Array:
        """Node, time [s] and number of spikes, shape (events, 3); overwritten after `cut`."""
        if not self._c.count:
            return np.empty((0, COLUMNS))
        memory = ctypes.cast(self._c.events, ctypes.POINTER(ctypes.c_double))
        return np.ctypeslib.as_array(memory, (self._c.count, COLUMNS))


class Trace:
    """Firing at the nodes of a Reaction, as its compiled step notes it.

    A neuron spikes where V rises through `onset`, having been below `offset` since its last spike,
    so that what trembles around `onset` does not spike. A population fires from where its rate
    rises through `onset` to where it falls below `offset`.

    Args:
        signal: V [V] at owned nodes, the array that advances, or their rate now [Hz], which may
            be negative: then they do not fire.
        is_rate: which of the two.
        onset: level of the signal [V or Hz].
        offset: likewise, below `onset`.
        step: the CompiledStep.

    Attributes:
        low: lowest signal of each node since `renew`; `high`: highest.
        pointer: what the compiled step takes.
        guests: Notes about nodes of other processes that are advanced here.
    """

    def __init__(
        self,
        signal: Array,
        is_rate: bool,
        onset: float,
        offset: float,
        step: CompiledStep,
    ):
        self.low, self.high = signal.copy(), signal.copy()
        self._rate, self._fires = (
            signal.copy(),
            (signal >= (onset if is_rate else offset)).astype(np.float64),
        )
        self._signal = self._rate if is_rate else signal
        arrays = (self.low, self.high, self._rate, self._fires)
        self._notes, self._add = Notes(onset, offset, step.forget), step.add
        self._notes.lie_at(*(values.ctypes.data for values in arrays))
        self.pointer = self._notes.pointer
        self.guests = Notes(onset, offset, step.forget)

    def state(self) -> dict[str, Any]:
        """What `load` takes to forget what comes after this."""
        return {"count": self._notes.count, **self.lasting()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Forget what was noted since `state` gave this, in a step that was rejected."""
        self._notes.cut(state["count"])
        self.go_on(state)

    def lasting(self) -> dict[str, Array]:
        """What outlives `clear`, by name: an array of owned nodes each."""
        names = "least", "most", "signal", "fires"
        return dict(zip(names, (self.low, self.high, self._rate, self._fires), strict=True))

    def go_on(self, lasting: Mapping[str, Array]) -> None:
        """Take over what `lasting` gave."""
        for name, values in self.lasting().items():
            values[:] = lasting[name]

    def events(self) -> Array:
        """Node, time [s] and number of spikes of all that was noted since `clear`.

        Its shape is (events, 3), those of each node in order. They are overwritten after `clear`.
        """
        return self._notes.events()

    def add(self, events: Array) -> None:
        """Note events of nodes of this process that were noted elsewhere, after all others."""
        events = np.ascontiguousarray(events)
        count, place = ctypes.c_long(len(events)), ctypes.c_void_p(events.ctypes.data)
        if not self._add(self.pointer, count, place):
            raise MemoryError("no memory for what neurons did")

    def clear(self) -> None:
        """Forget the events."""
        self._notes.cut(0)

    def renew(self) -> None:
        """Begin anew with the range: that of what is now."""
        self.low[:] = self.high[:] = self._signal

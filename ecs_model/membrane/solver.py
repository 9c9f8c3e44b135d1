"""The membrane at every node of this process: one compiled step, applied in place."""

import ctypes
import functools
from typing import Any

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.compiled_step import Batch, CompiledStep, addresses
from ecs_model.membrane.compiler import load
from ecs_model.membrane.kernel import BLOCK, step_source
from ecs_model.membrane.precision import DOUBLE
from ecs_model.membrane.trace import RESET, Trace
from ecs_model.memory import OfBlocks, Share
from ecs_model.units import to_si

# Absolute size of an error that counts as much as the relative tolerance, by unit of the state.
SCALES = {"mM": 1.0, "mV": 0.1, "1": 1.0}


class Reaction:
    """Advances `variables`, a record of arrays over owned nodes, in place.

    Parameters and surroundings are numbers or arrays over owned nodes. Arrays are shared, not
    copied: `variables.K_o` may be the vector that diffuses.

    Args:
        model: the membrane model.
        state: record of contiguous arrays, one value per owned node [SI].
        parameters: record of numbers or arrays [SI].
        surroundings: record of numbers or arrays [SI].
        weights: of each owned node in the amount of extracellular K+ (alpha times volume).
        tolerance: relative error of a sub-step.
        substeps: fixed number of sub-steps per call instead of error control; 0 for control.
        ions: names of those whose exchange is booked, such as K for the state K_o.
        text: the C source of the step, if it is known already.
        precision: of the stages of a step, `mixed` or `double`, where there is no text.

    Attributes:
        variables: the record of states.
        given: amount of each of these that the membranes of this process's nodes gave so far.
        block_steps: sub-steps of all blocks so far.
        inputs: parameters and surroundings as arrays, in their order.
        counts: sub-steps of each block in the last call of `advance`.
        step: the CompiledStep.
        lending: what has other processes advance a part of the blocks; None if all stay here.
        trace: what V did since it was last cleared; None as long as nobody asked, see `follow`.
    """

    def __init__(
        self,
        model,
        state,
        parameters,
        surroundings,
        weights=None,
        tolerance=1e-3,
        substeps=0,
        ions=("K",),
        text=None,
        precision=DOUBLE,
    ):
        self.model, self.variables = model, state
        self.parameters = parameters
        self.surroundings = surroundings._replace(time=0.0)
        self.nodes = len(state[0])
        self.trial = np.zeros(-(-self.nodes // BLOCK))  # trial sub-step of each block [s]
        self.counts = np.zeros(len(self.trial), np.int64)
        self.block_steps, self.given = 0, np.zeros(len(ions))
        self._columns = {f"state/{name}": v for name, v in state._asdict().items()}
        self.ions = {ion: state[0] if ion == "K" else getattr(state, f"{ion}_o") for ion in ions}
        self._weights = np.zeros(self.nodes) if weights is None else weights
        self.inputs = [np.ascontiguousarray(v, float) for v in (*parameters, *self.surroundings)]
        self._fields = [k for k, v in enumerate((*parameters, *surroundings)) if np.ndim(v)]
        at = len(parameters) + surroundings._fields.index("time")
        self._clock = self.inputs[at] = np.zeros(1)  # time of the state [s], what observables see
        pointers = addresses(state), addresses(self.inputs)
        self._batch = Batch(self.nodes, *pointers, self.trial, self.counts)
        text = text or source(model, parameters, self.surroundings, precision)
        self.step = CompiledStep(text, tolerance, substeps)
        self.trace: Trace | None = None
        self.lending: Any = None

    def advance(self, duration, start=0.0):
        """Advance every node by `duration` [s], beginning at the time `start` [s].

        Raises:
            SolutionError: where a state stops being finite, or a concentration positive, at the
                smallest sub-step. The other blocks of this process are then undefined.
        """
        before = self._outside()
        work = self.lending.advance if self.lending else self.advance_here
        self._count(work(start, duration))
        self._clock[:] = start + duration
        self.given += self._outside() - before

    def advance_here(self, start, duration):
        """Advance the blocks whose `counts` are not negative; what `CompiledStep.advance` gives."""
        return self.step.advance(self._batch, start, duration, self.trace and self.trace.pointer)

    def note(self, done, given, end):
        """Note what was advanced elsewhere.

        Args:
            done: sub-steps of blocks.
            given: amount of each ion that membranes gave.
            end: time of the state [s].
        """
        self._count(done)
        self.given += given
        self._clock[:] = end

    def stand_by(self):
        """Take part in what processes agree on in `advance`, and advance nothing."""
        if self.lending:
            self.lending.stand_by()

    def follow(self, firing):
        """From now on note what neurons do within steps, of a model that fires; the Trace.

        Args:
            firing: the Firing that says when a neuron spikes, or a population fires.
        """
        if self.model.spikes:
            signal, levels = self.variables.V, (firing.spike, firing.spike - RESET)
        else:
            signal = self.at(slice(None))(self.model.unrectified or self.model.rate)
            levels = firing.onset, firing.offset
        self.trace = Trace(signal, bool(self.model.rate), *levels, self.step)
        return self.trace

    def state(self):
        """All that the next step depends on, and what was counted so far, as `memory` says."""
        return {
            **self._columns,
            "reaction/trial": OfBlocks(self.trial, BLOCK, self.nodes),
            "reaction/given": Share(self.given),
            "reaction/block_steps": Share(self.block_steps),
        }

    def load(self, state):
        """Continue from what `state` gave."""
        for name, column in self._columns.items():
            column[:] = state[name]
        self.trial[:] = state["reaction/trial"]
        self.given[:] = state["reaction/given"]
        self.block_steps = state["reaction/block_steps"]

    @property
    def weights(self):
        """Of each owned node in the amount outside, as alpha is now."""
        if self.model.volumes is None:
            return self._weights
        return self._weights * (self.variables.alpha / self.surroundings.alpha)

    def _outside(self):
        """Amount of each ion outside, at this process's nodes."""
        weights = self.weights
        return np.array([float(weights @ values) for values in self.ions.values()])

    def record(self, interval, samples, start=0.0):
        """Advance by `samples` intervals [s]; the states after each, (samples, states, nodes) [SI].

        Args:
            interval: between states [s].
            samples: how many.
            start: the time at which the first interval begins [s].

        Raises:
            SolutionError: as `advance`.
        """
        out = np.empty((samples, len(self.variables), self.nodes))
        done = self.step.record(self._batch, start, interval, out)
        self._count(done)
        self._clock[:] = start + interval * samples
        return out

    def _count(self, done):
        if done < 0:
            raise SolutionError(self._complaint(-1 - done))
        self.block_steps += done

    def at(self, nodes, names=None):
        """A function: name of a state or observable -> its values [SI] at some owned nodes.

        Args:
            nodes: which.
            names: of what it will be asked for; all if None.
        """
        wanted = [n for n in self.model.observables if names is None or n in names]
        observed = functools.cache(functools.partial(self._observed, nodes, wanted))

        def seen(name):
            if name in self.variables._fields:
                return getattr(self.variables, name)[nodes]
            return observed()[name]

        return seen

    def _observed(self, nodes, wanted):
        """Name -> values of the wanted observables at some owned nodes."""
        y = [np.ascontiguousarray(v[nodes]) for v in self.variables]
        inputs = list(self.inputs)
        for k in self._fields:
            inputs[k] = np.ascontiguousarray(inputs[k][nodes])
        *rows, unwanted = np.empty((len(wanted) + 1, len(y[0])))
        found = dict(zip(wanted, rows, strict=True))
        self.step.observe(y, inputs, [found.get(n, unwanted) for n in self.model.observables])
        return found

    def contents(self):
        """Ion -> amount inside cells at every owned node [mol per m^3 of tissue]."""
        if self.model.contents is None:
            return {}
        return self.model.contents(self.variables, self.parameters, self.surroundings)

    def _complaint(self, node):
        values = ", ".join(
            f"{name} = {column[node]:.4g} {self.model.State.quantities[name].unit}"
            for name, column in zip(
                self.variables._fields, _in_units(self.model, self.variables), strict=True
            )
        )
        return (
            f"the membrane {self.model.name!r} leaves the range of finite, non-negative states "
            f"near the node with {values}"
        )


class NodeValues:
    """A compiled formula of state, parameters and surroundings.

    Args:
        text: C source from `kernel.values_source`.
        columns: contiguous arrays of the state, in its order; read whenever it is evaluated.
        inputs: those of the Reaction whose parameters and surroundings it sees.
        count: number of values per node.

    Attributes:
        results: arrays that every evaluation overwrites.
    """

    def __init__(self, text, columns, inputs, count):
        self._nodes = len(columns[0])
        self.results = [np.zeros(self._nodes) for _ in range(count)]
        self._kept = columns, inputs
        self._pointers = addresses(columns), addresses(inputs), addresses(self.results)
        self._evaluate = load(text).ecs_values
        self._evaluate.restype = None

    def __call__(self):
        """Evaluate at every node; the arrays of results."""
        self._evaluate(ctypes.c_long(self._nodes), *self._pointers)
        return self.results


def source(model, parameters, surroundings, precision=DOUBLE):
    """C source of the step of a model; what rank 0 compiles before the others load it."""
    scales = [*map(_scale, model.State.quantities.values())]
    return step_source(model, parameters, surroundings, scales, precision)


def _scale(quantity):
    """The size of a change of a state that counts [SI]."""
    by_unit = SCALES.get(quantity.unit, abs(quantity.value) or 1.0)
    return to_si(by_unit if quantity.scale is None else quantity.scale, quantity.unit)


def _in_units(model, state):
    return (
        column / to_si(1.0, q.unit)
        for column, q in zip(state, model.State.quantities.values(), strict=True)
    )

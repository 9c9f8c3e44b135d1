"""Cells side by side: the compiled step on a bench, with stimuli, in threads.

Each cell is a node of its own parameters and state. Groups of cells share sub-steps; the groups do
not depend on the number of threads, and neither do the results.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ecs_model.membrane.activity import Range
from ecs_model.membrane.precision import DOUBLE
from ecs_model.membrane.solver import Reaction, source
from ecs_model.membrane.white_noise import Noise

GROUP = 8  # cells


@dataclass(frozen=True)
class Stimulus:
    """A change of state at `start`, or of parameters from `start` to `stop` [s].

    Attributes:
        start: when it begins [s].
        stop: per cell, when parameters return to what they were [s].
        parameters: name -> value per cell [SI].
        add: state -> what is added at `start`, per cell [SI].
        put: state -> what it becomes at `start`, per cell [SI].
    """

    start: float
    stop: np.ndarray
    parameters: dict = field(default_factory=dict)
    add: dict = field(default_factory=dict)
    put: dict = field(default_factory=dict)


class Bench:
    """Cells that advance together.

    Args:
        model: the membrane model.
        state: record of arrays, one value per cell [SI].
        parameters: likewise.
        surroundings: likewise.
        tolerance: relative error of a sub-step.
        substeps: fixed number of sub-steps per interval; 0 for error control.
        stimuli: what is done to the cells.
        noise: function (surroundings, slice) -> the Noise of some of the cells, which changes
            currents among their surroundings.
        precision: of the stages of a step, `mixed` or `double`.
        text: the C source of the step, if it is known already.

    Attributes:
        time: since the beginning [s].
    """

    def __init__(
        self,
        model,
        state,
        parameters,
        surroundings,
        tolerance,
        substeps=0,
        stimuli=(),
        noise=lambda *_: Noise([]),
        precision=DOUBLE,
        text=None,
    ):
        self.model, self.state, self.parameters = model, state, parameters
        self.surroundings, self.stimuli, self.time = surroundings, stimuli, 0.0
        self._normal = type(parameters)(*(v.copy() for v in parameters))
        cells = len(state[0])
        groups = [slice(a, min(a + GROUP, cells)) for a in range(0, cells, GROUP)]
        text = text or step_text(model, parameters, surroundings, precision)
        self._groups = [
            Reaction(
                model,
                _part(state, g),
                _part(parameters, g),
                _part(surroundings, g),
                tolerance=tolerance,
                substeps=substeps,
                text=text,
            )
            for g in groups
        ]
        self._noises = [noise(_part(surroundings, g), g) for g in groups]
        self._given: set = set()  # numbers of the stimuli whose change of state was made
        self._pool = ThreadPoolExecutor(min(len(groups), len(os.sched_getaffinity(0))))
        self._apply()

    def advance(self, until):
        """Advance all cells to the time `until` [s]."""
        for stop in self._stops(until):
            length = stop - self.time
            self._of_all(_advance, length)
            self.time = stop
            self._apply()

    def record(self, interval, samples):
        """States after each interval [s]: array (samples, states, cells) [SI]."""
        return np.concatenate([states for _, states in self._parts(interval, samples)])

    def watch(self, interval, samples):
        """Name -> array (samples, cells) [SI] of states and observables after each interval [s]."""
        seen = [self.observe(states, times) for times, states in self._parts(interval, samples)]
        return {name: np.concatenate([one[name] for one in seen]) for name in seen[0]}

    def follow(self, firing):
        """From now on note how cells fire that advance, for `seen`; a Firing says what counts."""
        self._traces = [group.follow(firing) for group in self._groups]

    def seen(self):
        """How cells fired since the last call.

        Returns:
            tuple: cell, time [s] and number of spikes of each event, shape (events, 3); the Range.
        """
        traces = self._traces
        events = [np.add(t.events(), (k * GROUP, 0.0, 0.0)) for k, t in enumerate(traces)]
        low, high = (np.concatenate([getattr(t, end) for t in traces]) for end in ("low", "high"))
        for trace in traces:
            trace.clear()
            trace.renew()
        potential = np.array(self.state.V) if self.model.spikes else None
        return np.concatenate(events), Range(low, high, potential)

    def _parts(self, interval, samples):
        """Times and states (samples, states, cells) in parts, each at the parameters of its end."""
        begin, done = self.time, 0
        while done < samples:
            count = min(samples - done, self._samples_before_next_change(interval))
            if count > 0:
                times = self.time + interval * np.arange(1, count + 1)
                yield times, self._record(interval, count)
            else:
                count = 1
                self.advance(begin + (done + 1) * interval)
                yield np.array([self.time]), np.array(self.state)[None]
            done += count
            self.time = begin + done * interval
            self._apply()

    def _record(self, interval, samples):
        return np.concatenate(self._of_all(_recorded, interval, samples), axis=2)

    def _of_all(self, work, *arguments):
        """What `work` gives for each group, its noise, the time, and some arguments."""
        pairs = zip(self._groups, self._noises, strict=True)
        made = [self._pool.submit(work, g, n, self.time, *arguments) for g, n in pairs]
        return [m.result() for m in made]

    def _samples_before_next_change(self, interval):
        """How many intervals end before something changes; what changes with a sample is in it."""
        next_change = min((t for t in self._edges() if not self._reached(t)), default=np.inf)
        if np.isinf(next_change):
            return np.iinfo(int).max
        return int(np.ceil((next_change - self.time) / interval - 1e-9)) - 1

    def _edges(self):
        return {
            float(t) for s in self.stimuli for t in (s.start, *(s.stop if s.parameters else ()))
        }

    def _stops(self, until):
        return [*sorted(t for t in self._edges() if not self._reached(t) and t < until), until]

    def _reached(self, t):
        return t <= self.time + 1e-9 * max(1.0, self.time)

    def _apply(self):
        """Do what stimuli do at this time."""
        for name in {name for s in self.stimuli for name in s.parameters}:
            getattr(self.parameters, name)[:] = getattr(self._normal, name)
        for k, s in enumerate(self.stimuli):  # where two act on the same, the later one wins
            acts = self._reached(s.start) & ~self._reached(s.stop)
            for name, values in s.parameters.items():
                np.copyto(getattr(self.parameters, name), values, where=acts)
            if self._reached(s.start) and k not in self._given:
                self._given.add(k)
                self._change(s)

    def _change(self, stimulus):
        for name, values in stimulus.put.items():
            getattr(self.state, name)[:] = values
        for name, values in stimulus.add.items():
            getattr(self.state, name)[:] += values

    def observe(self, states, times):
        """Name -> array (samples, cells) [SI], states and observables, at present parameters.

        Args:
            states: array (samples, states, cells) [SI].
            times: of the samples [s].
        """
        surroundings = self.surroundings._replace(time=np.asarray(times)[:, None])
        y = self.model.State(*np.moveaxis(states, 1, 0))
        seen = y._asdict()
        for name, (_, law) in self.model.observables.items():
            values = law(y, self.parameters, surroundings)
            seen[name] = np.broadcast_to(values, states[:, 0].shape)
        return seen


def step_text(model, parameters, surroundings, precision):
    """C source of the step of cells, which share their time; arguments as for a Bench."""
    return source(model, parameters, surroundings._replace(time=0.0), precision)


def _part(record, group):
    """The values of some cells."""
    return type(record)(*(values[group] for values in record))


def _advance(group, noise, start, duration):
    """Advance a group from a time `start` [s] by `duration` [s]."""
    for begin, end in noise.stretches(start, start + duration):
        noise.act(begin, end)
        group.advance(end - begin, begin)


def _recorded(group, noise, start, interval, samples):
    """States of a group after each interval [s]: array (samples, states, cells) [SI]."""
    if noise.is_none:
        return group.record(interval, samples, start)
    states = np.empty((samples, len(group.variables), group.nodes))
    for k in range(samples):
        _advance(group, noise, start + k * interval, interval)
        states[k] = group.variables
    return states

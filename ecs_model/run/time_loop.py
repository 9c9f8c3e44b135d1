"""The time loop: Strang splitting, merged, with steps as long as the accuracy allows.

    R(dt/2) D(dt) R(dt) D(dt) ... R(dt/2)

R is the membrane at every node, D diffusion. Neighbouring half steps of R are one call, so that a
step costs one pass over the nodes and one solve; the pending half step is done before anything is
written and before anything changes abruptly. The loop knows `.advance` and `.observe`, and
nothing else of physics or output.
"""

import bisect
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from ecs_model.errors import SolutionError
from ecs_model.membrane.white_noise import Noise
from ecs_model.memory import put_back
from ecs_model.run.protocol import Observer
from ecs_model.run.requests import Request
from ecs_model.run.snapshot import Snapshot
from ecs_model.transport.species import followed
from ecs_model.transport.synapses import NoSynapses

DAMPED_STEPS = 2  # after something changed abruptly
NO_SYNAPSES, NO_NOISE = NoSynapses(), Noise([])
NEAR = 1e-9  # share of a reaction step within which an edge counts as its end


def _nothing():
    """No process wants anything."""
    return Request.GO_ON


class Simulation:
    """A run of one tissue.

    Args:
        reaction: the membranes; `diffusion`: the transport; both advance the same K+.
        clock: ticks of the run.
        control: StepControl, how long steps are.
        team: what processes agree on, `.highest(values)` and `.first(text)`.
        observers: each an Observer, in the order in which they look.
        edges: ticks at which something changes abruptly.
        events: what changes parameters of the membranes in time, `.act(start, end)` and `.edges`.
        ask: function that gives the Request of this process after a step.
        synapses: what arrives from other nodes beside ions; NoSynapses for nothing.
        noise: in currents of the membranes, which within a step advance from bin to bin of it.

    Attributes:
        request: what all processes agreed on after the last step: the highest of their Requests.
        calm: steps since something changed abruptly.
        failure: what the membranes of this process failed by since the state was last sound, "" if
            by nothing. The others learn of it where they agree on the step.
        meter: a function without arguments, or None; what it gives just before and after membranes
            change abruptly within a step goes to `jumps`: triples of time [s] and the two.
        two_rates: the TwoRates, which takes steps where it can and where that pays; or None.
        course: the Course of K+ where the last step was taken in finer ones; None if nowhere.
    """

    def __init__(
        self,
        reaction,
        diffusion,
        clock,
        control,
        team,
        observers: Sequence[Observer] = (),
        edges=(),
        events=(),
        ask=_nothing,
        synapses=NO_SYNAPSES,
        noise=NO_NOISE,
        two_rates=None,
    ):
        self.reaction, self.diffusion = reaction, diffusion
        self.clock, self.control = clock, control
        self.team, self.observers, self.edges = team, list(observers), sorted(edges)
        self.events, self.synapses, self.noise = list(events), synapses, noise
        self.tick = self.steps = self.rejected = self.calm = 0
        self.pending = 0.0  # reaction time [s] that the state lacks
        self.ask, self.request = ask, Request.GO_ON
        self.failure = ""
        self.meter: Callable | None = None
        self.jumps: list[Any] = []
        self.two_rates: Any = two_rates
        self.course: Any = None
        self._time = 0, clock.at(0)  # of the tick that was asked for last
        control.start(reaction.variables[0], followed(diffusion))
        self.saved = Snapshot(self)

    def state(self):
        """What a restart needs beside the states of the parts and observers."""
        return {
            name: getattr(self, name) for name in ("tick", "pending", "steps", "rejected", "calm")
        }

    def load(self, state):
        """Continue from what `state` gave."""
        put_back(self, state)

    @property
    def time(self):
        """Simulated time [s]."""
        if self._time[0] != self.tick:
            self._time = self.tick, self.clock.at(self.tick)
        return self._time[1]

    def __repr__(self):
        mesh, membranes = self.diffusion.operators.mesh, self.reaction
        return (
            f"<Simulation: {mesh.nodes} nodes, {mesh.cells} cells, {mesh.comm.size} "
            f"process{'es' * (mesh.comm.size > 1)}; membrane {membranes.model.name}; "
            f"{', '.join(membranes.ions)} in motion; "
            f"t = {self.time:g} of {self.clock.end:g} s after {self.steps} steps>"
        )

    def run(self):
        """Go on to the end, or to a Request that ends the run; that Request, 0 at the end.

        Raises:
            SolutionError: on all processes, with the words of the first that failed.
        """
        if self.tick == 0:
            self.diffusion.hold(0.0)
            self._come_to(0.0, is_jump=False)
            self._look()
        while self.tick < self.clock.ticks:
            self.step()
            self._look()
            if self.request.ends:
                return self.request
        return 0

    def step(self):
        """One step, shorter if its error is too large or it fails."""
        self.course = None
        if self.two_rates is not None and self.two_rates.step(self):
            return
        if self.at_edge():
            if self.pending:
                self.synchronise()
            else:  # also where the end of a run became an edge, as it was extended
                self._cross()
            self.control.forget()
            self.calm = 0
        ticks = self.control.ticks(self.next_stop() - self.tick)
        if ticks > 1:
            self.saved.take()
        while not self._try(ticks):
            self.saved.put_back()
            self.rejected += 1
            ticks = max(1, ticks // 2)
        self.tick += ticks
        self.steps += 1
        self.calm += 1

    def at_edge(self):
        """Whether something changes abruptly at this time."""
        k = bisect.bisect_left(self.edges, self.tick)
        return k < len(self.edges) and self.edges[k] == self.tick

    def synchronise(self):
        """Do the half reaction step that is pending; the state is then that of `time`."""
        if self.pending:
            self._react(self.time - self.pending, self.pending)
            self.pending = 0.0
            self._arrive()

    def _arrive(self):
        """Come to this time with nothing pending, and to what changes there."""
        if self.at_edge():
            self.diffusion.hold(self.time - NEAR * self.clock.span(1))
        if self.tick < self.clock.ticks or not self.at_edge():
            self._cross()  # what jumps at the end does so after it

    def come_to_rest(self):
        """Go on after steps that left nothing pending; agree with all processes on what is next."""
        self._agree(0.0)
        self._arrive()

    def _cross(self):
        """Come from before what changes at this time to after it, which takes no time."""
        if self.at_edge():
            self._watch()
        self._come_to(self.time, self.at_edge())
        self.diffusion.hold(self.time)
        if self.at_edge():
            self._watch()

    def _come_to(self, t, is_jump):
        """Set parameters to what they are at a time [s], after what changes there."""
        then = t + NEAR * self.clock.span(1)
        self._begin(then, then, is_jump)

    def _watch(self):
        """Let those look that follow the course of K+ through a jump."""
        for observer in self.observers:
            if getattr(observer, "follows_jumps", False):
                observer.observe(self.time, self)

    def _try(self, ticks):
        """Advance by some ticks; False if that should be done in shorter steps."""
        start = self.time
        dt = self.clock.span(ticks)
        try:
            self._react(start - self.pending, self.pending + dt / 2)
            self.pending = dt / 2
            self.diffusion.advance(start, dt, self.calm < DAMPED_STEPS)
            errors = self._agree(self.control.local_error(dt, self.pending))
        except SolutionError as error:
            if ticks == 1:
                reason = self.team.first(self.failure) or str(error)
                raise SolutionError(f"at t = {start:.6g} s: {reason}") from None
            return False
        if ticks > 1 and self.control.is_too_long(*errors):
            return False
        self.control.accept(dt, ticks, *errors)
        return True

    def _agree(self, local):
        """The local errors of all processes, of K+ and of synapses, and their request.

        Raises:
            SolutionError: on all processes, if the membranes of one failed.
        """
        # Noise makes drives rough at any step; they are solved for after each of its bins.
        beside = self.synapses.error if self.noise.is_none else 0.0
        mine = [local, beside, self.ask(), bool(self.failure)]
        local, beside, request, has_failed = self.team.highest(mine)
        self.request = Request(int(request))
        if has_failed:
            raise SolutionError(self.failure)
        return local, beside

    def _react(self, start, duration):
        """Advance the membranes; where they fail, the state is that of some time in between.

        It stays finite, so that this process can take part in the solves of all others.
        """
        end = start + duration
        times = [start, *self._instants(start, end), end]
        for before, after in itertools.pairwise(times):
            is_sound = not self.failure
            if is_sound:
                self._begin(before, after, before > start)
                self.control.before_reaction()
            for begin, stop in self.noise.stretches(before, after):
                self._advance_membranes(begin, stop)
                self.synapses.advance(stop)  # a solve of all processes, whether one failed or not
            if is_sound:
                self.control.after_reaction(after - before)

    def _advance_membranes(self, before, after):
        """From one time [s] to another; note how they failed."""
        if self.failure:
            self.reaction.stand_by()
            return
        self.noise.act(before, after)
        try:
            self.reaction.advance(after - before, before)
        except SolutionError as error:
            self.failure = str(error)

    def _begin(self, start, end, is_jump):
        """Set parameters to those between two times [s]; measure what that changes at a jump."""
        meter = self.meter if is_jump else None
        before = meter() if meter else None
        for event in self.events:
            event.act(start, end)
        if meter:
            self.jumps.append((start, before, meter()))

    def _instants(self, start, end):
        """Times between two others [s] at which an event changes a parameter abruptly."""
        near = NEAR * (end - start)
        found = [t for event in self.events for t in event.edges_within(start + near, end - near)]
        return sorted(set(found))

    def next_stop(self):
        """The next tick at which somebody looks, or something changes."""
        k = bisect.bisect_right(self.edges, self.tick)
        stops = [*self.edges[k : k + 1], self.clock.ticks]
        stops += [(self.tick // o.every + 1) * o.every for o in self.observers if o.every]
        return min(stops)

    def _look(self):
        last = self.tick == self.clock.ticks
        due = [o.every and (self.tick % o.every == 0 or last) for o in self.observers]
        if any(due) or self._instants(self.time - self.pending, self.time):
            self.synchronise()  # a rate from before a jump says nothing of what follows it
        for observer, is_due in zip(self.observers, due, strict=True):
            if is_due or not observer.every:
                observer.observe(self.time, self)
        self.jumps.clear()

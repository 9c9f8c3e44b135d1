"""Two rates around the front: a coarse step everywhere, fine ones of the nodes that it surprised.

    y0 = state; the core of the front, where fine steps surprised too, goes on at its last rates
    R(H/2) D(H) R(H/2) of all others
    A = nodes of which K+ ended elsewhere than its slope let expect, and the core, widened by two
        diffusion lengths; from y0 on again in steps as short as they want, while the nodes beside
        them go from y0 to where the coarse step brought them
    these got what the coarse step brought from A, and get what the fine steps brought instead

Fluxes between two nodes are what one gives and the other gets, in the coarse and in the fine steps:
every ion is conserved to round-off. All of it is at the same time again after each coarse step.

Where that does not pay, or something acts on the front, nothing is done here, and the loop takes
its ordinary steps: of several processes, of transport in a field.

Reference:
    Berger & Colella (1989), J Comput Phys 82, 64: corrections of fluxes where steps differ.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.run.two_rates.bounds import Bounds
from ecs_model.run.two_rates.fine import COUNTS, Fine, Task
from ecs_model.run.two_rates.patch import LONG
from ecs_model.run.two_rates.quiet import Quiet
from ecs_model.run.two_rates.zone import Coarse, Course
from ecs_model.run.two_rates.zones import Zones

COARSE = 0.25  # s: a coarse step at most
LEAST = 8  # fine steps in a coarse one that make it pay
ACCEPTED = 2.0  # tolerances, as those of a step that is taken
CORE = 3.0  # tolerances of what fine steps changed otherwise than in the step before
PATIENCE = 6  # doublings of the time after which it is tried again


class TwoRates:
    """Takes steps of a Simulation at two rates, where it can and where that pays.

    Args:
        reaction: the membranes.
        diffusion: the transport, of one ion or of several without a field.
        control: the StepControl.
        clock: of the run.

    Attributes:
        is_on: whether the last step was taken at two rates.
        steps: coarse steps so far.
        share: of the nodes in the fine steps of the last coarse step; `shares`: sum over all.
    """

    def __init__(self, reaction: Any, diffusion: Any, control: Any, clock: Any) -> None:
        self._reaction, self._diffusion = reaction, diffusion
        self._control, self._clock = control, clock
        self._movers, nodes = diffusion.movers(), reaction.nodes
        self._slope, self._core, self._trial = np.zeros((3, nodes))
        self._released = np.zeros((len(self._movers), nodes))
        self.is_on, self._failures, self._from = False, 0, 0
        self.steps, self.share, self.shares = 0, 0.0, 0.0
        self._longest = 0  # ticks of a coarse step; several processes take ordinary ones
        if diffusion.operators.mesh.comm.size == 1:
            self._prepare()

    def _prepare(self):
        """Have all that takes steps."""
        reaction, movers = self._reaction, self._movers
        self._rows = movers[0].range.rows
        self._fine = Fine(reaction, movers, self._rows)
        self._bounds, self._zones = Bounds(reaction, movers, self._rows), Zones(self._rows, movers)
        self._start, self._middle, self._given = np.zeros((3, *self._released.shape))
        self._quiet = Quiet(reaction, [mover.values for mover in movers], self._trial)
        self._longest = _power(min(COARSE, self._zones.longest) / self._clock.span(1))

    def state(self) -> dict[str, Any]:
        """What a restart needs."""
        released = {
            f"released_{mover.name}": values
            for mover, values in zip(self._movers, self._released, strict=True)
        }
        arrays = {"slope": self._slope, "core": self._core, "trial": self._trial, **released}
        counts = {"steps": self.steps, "shares": self.shares, "is_on": self.is_on}
        return {**arrays, **counts, "tries": [self._failures, self._from]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` gave."""
        for name, values in self.state().items():
            if isinstance(values, np.ndarray):
                values[:] = state[name]
        self.steps, self.shares, self.is_on = (state[n] for n in ("steps", "shares", "is_on"))
        self._failures, self._from = state["tries"]

    def step(self, simulation: Any) -> bool:
        """Take a step of a simulation; False, and nothing is done, where it should take its own."""
        s = simulation
        ticks = 0 if s.at_edge() else self._ticks(s, s.next_stop() - s.tick)
        if ticks:
            s.synchronise()
        if not ticks or s.failure:
            self.is_on = False
            return False
        s.saved.take()
        if self._is_taken(s, ticks):
            self._failures = 0
            return True
        s.saved.put_back()
        self._put_off(s.tick, ticks)
        return False

    def _ticks(self, s, room):
        """Length of a coarse step; 0 where ordinary steps are better."""
        ticks, control = min(self._longest, _power(room)), self._control
        if not (control.known and LEAST * 2**control.level <= ticks):
            return 0
        if s.tick < self._from or (s.pending and s.tick % ticks):
            return 0
        return ticks if _is_steady(s.events, s.time, s.time + self._clock.span(ticks)) else 0

    def _put_off(self, tick, ticks):
        """Take ordinary steps for a while, the longer the more often this failed."""
        self._from = tick + ticks * 2**self._failures
        self._failures, self.is_on = min(self._failures + 1, PATIENCE), False

    def _is_taken(self, s, ticks):
        """Take a coarse step and the fine ones; whether that can be done."""
        try:
            coarse = self._coarse(s.time, self._clock.span(ticks), s.saved.states())
            zone = self._found(coarse)
            if zone is None or not self._is_refined(zone, coarse, ticks):
                return False
        except SolutionError:
            return False
        self._end(s, zone, coarse, ticks)
        return True

    def _found(self, coarse):
        """The Zone of what the coarse step surprised; None if that cannot be taken."""
        tolerance = ACCEPTED * self._control.tolerance
        return self._zones.find(coarse, self._slope, tolerance, self._core)

    def _coarse(self, begin, duration, before):
        """The Coarse step, of all nodes but the core."""
        if not self.is_on:
            self._enter()
        self._quiet.begin(self._core, [*self._released])
        self._given[:], self._blocks = 0.0, 0
        self._react(begin, duration / 2)
        self._diffusion.find(begin, duration)
        for k, mover in enumerate(self._movers):
            self._take(k, mover, begin, duration)
        self._react(begin + duration / 2, duration / 2)
        return Coarse(begin, duration, before, self._start, self._middle)

    def _react(self, begin, duration):
        """Advance the membranes, and note what they give at every node [mol]."""
        self._add_amounts(-1.0)
        self._blocks += self._quiet.advance(begin, duration)
        self._add_amounts(1.0)

    def _add_amounts(self, factor):
        weights = factor * self._reaction.weights
        for given, mover in zip(self._given, self._movers, strict=True):
            given += weights * mover.values

    def _enter(self):
        """Begin with what ordinary steps know."""
        self._slope[:], self._trial[:] = self._control.slope, LONG
        self._core[:] = self._released[:] = 0.0
        self.is_on = True

    def _take(self, k, mover, begin, duration):
        """Book and take the increment of an ion."""
        middle, ledger = mover.middle(), mover.ledger
        self._start[k] = mover.values
        np.add(mover.values, middle, out=self._middle[k])
        ledger.settle(mover.values, mover.increment, middle, begin, duration)
        mover.values += mover.increment

    def _is_refined(self, zone, coarse, ticks):
        """Take the fine steps of a zone; whether that can be done."""
        if zone.inner:
            self._fine.begin(zone, coarse, ticks)
        if not self._bounds.hold(zone, coarse):
            return False
        if not zone.inner:
            return True
        how = self._task(coarse.begin, ticks)
        if not self._fine.advance(zone, coarse, self._trial, self._control.slope, how):
            return False
        return self._fine.correct(zone) <= self._control.tolerance

    def _task(self, begin, ticks):
        control, step = self._control, self._reaction.step
        return Task(
            ticks=ticks,
            level=control.level,
            substeps=step.substeps,
            start=begin,
            tick=self._clock.span(1),
            tolerance=control.tolerance,
            rtol=self._movers[0].systems.rtol,
            membrane_tolerance=step.tolerance,
        )

    def _end(self, s, zone, coarse, ticks):
        """Take over what fine steps brought, and let the simulation be at the end of the step."""
        given, at, course = self._given_by_membranes(zone), zone.advanced, None
        self._trial[:], self._released[:] = LONG, 0.0
        if zone.inner:
            self._fine.side.give_back(self._reaction.variables, self._trial)
            self._note_rates(zone, coarse)
            course = self._course(zone)
        change = (self._movers[0].values - coarse.before[0]) / coarse.duration
        surprised = np.abs(change[at] - self._slope[at]) * coarse.duration
        self._core[:] = 0.0
        self._core[at] = surprised > CORE * self._control.tolerance
        self._slope[:], self._control.slope[:] = change, change
        self._control.slope[at] = self._fine.slope[: zone.inner]
        self.share = zone.inner / len(change)
        self.steps, self.shares = self.steps + 1, self.shares + self.share
        self._move_on(s, coarse, ticks, given, course)

    def _given_by_membranes(self, zone):
        """Amount of each ion [mol] that membranes gave outside the zone, and in it."""
        outside = self._given.sum(axis=1) - self._given[:, zone.advanced].sum(axis=1)
        return outside + self._fine.given if zone.inner else outside

    def _note_rates(self, zone, coarse):
        """Note at which rates the membranes of the zone gave ions; add what bounds left for it."""
        at, volume = zone.advanced, self._reaction.weights[zone.advanced]
        for k, mover in enumerate(self._movers):
            moved = self._fine.moved[k, : zone.inner]
            brought = mover.values[at] - coarse.before[self._fine.ions[k]][at] - moved
            self._released[k, at] = brought / coarse.duration
            mover.values[at] += self._bounds.brought(k, volume, np.abs(moved))

    def _course(self, zone):
        """How K+ went in the zone."""
        at, course = zone.advanced, self._fine.course
        course[-1] = self._movers[0].values[at]
        return Course(at, zone.mark, self._fine.times, course)

    def _move_on(self, s, coarse, ticks, given, course):
        """Let the simulation be at the end of the step."""
        fine = dict(zip(COUNTS, self._fine.counts.tolist(), strict=True)) if course else {}
        self._control.go_on_with(fine.get("level", ticks.bit_length() - 1))
        blocks = self._blocks + fine.get("block_steps", 0)
        self._reaction.note(blocks, given, coarse.begin + coarse.duration)
        self._movers[0].total_iterations += fine.get("iterations", 0)
        steps = 1 + (len(course.values) if course else 0)
        s.tick, s.course = s.tick + ticks, course
        s.steps, s.calm = s.steps + steps, s.calm + steps
        s.rejected += fine.get("rejected", 0)
        s.come_to_rest()


def _is_steady(events, start, end):
    """Whether no event changes a parameter between two times [s]."""
    profiles = [profile for event in events for profile in event.profiles]
    return all(profile.mean(start, end) == profile.at(start) for profile in profiles)


def _power(ticks):
    """The largest power of two in a number of ticks; 0 for less than one."""
    return 1 << (int(ticks).bit_length() - 1) if ticks >= 1 else 0

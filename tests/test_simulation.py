"""The time loop with parts that only take notes: what it does, in which order, for how long."""

from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.errors import SolutionError
from ecs_model.memory import Share
from ecs_model.run.clock import Clock
from ecs_model.run.requests import Request
from ecs_model.run.step_control import StepControl
from ecs_model.run.time_loop import Simulation
from ecs_model.transport.synapses import NoSynapses


class Notes:
    """Membranes and diffusion in one: they note what they are asked, and let K+ follow a law.

    Args:
        law: K+ as a function of the reaction time so far.
        limit: longest step that works [s].
    """

    def __init__(self, law=lambda t: 3.0 + 0.0 * t, limit=np.inf):
        self.law, self.limit = law, limit
        self.calls, self.columns = [], (np.array([law(0.0)]), np.zeros(1))
        self.increment = np.zeros(1)
        self.given, self.ledger = 0.0, SimpleNamespace(given={"x": 0.0})
        self.reaction = SimpleNamespace(
            advance=self._react,
            stand_by=lambda: None,
            variables=self.columns,
            state=self._reaction_state,
            load=self._load_reaction,
            given=0.0,
            trace=None,
        )

    def _reaction_state(self):
        columns = {f"column {k}": column for k, column in enumerate(self.columns)}
        return columns | {"given": Share(self.reaction.given)}

    def _load_reaction(self, state):
        for k, column in enumerate(self.columns):
            column[:] = state[f"column {k}"]
        self.reaction.given = state["given"]

    def _react(self, duration, start):
        assert start == pytest.approx(self.columns[1][0], abs=1e-12)
        self.calls.append(("R", duration))
        self.columns[1][0] += duration  # the state's own clock
        self.columns[0][0] = self.law(self.columns[1][0])
        self.reaction.given += duration

    def advance(self, start, dt, damped=False):
        """Diffuse."""
        self.calls.append(("D", dt))
        self.ledger.given["x"] += dt
        if dt > self.limit or not np.isfinite(self.columns[0]).all():
            raise SolutionError("too long")

    def hold(self, t):
        """Note a bath."""
        self.calls.append(("hold", t))

    def state(self):
        """What the next step depends on."""
        return {"increment": self.increment, "given": dict(self.ledger.given)}

    def load(self, state):
        """Go on from a state."""
        self.increment[:], self.ledger.given = state["increment"], dict(state["given"])


class Watch:
    """An observer that notes when it looks, and how old the state then is."""

    def __init__(self, every):
        self.every, self.times, self.ages, self.ticks = every, [], [], []

    def observe(self, t, simulation):
        """Look."""
        self.times.append(t)
        self.ticks.append(simulation.tick)
        self.ages.append(simulation.reaction.variables[1][0])


TEAM = SimpleNamespace(highest=lambda values: np.array(values, float), first=lambda text: text)


def simulation(notes, ticks=8, tolerance=0.0, **more):
    clock, control = Clock(1.0 * ticks, ticks), StepControl(tolerance)
    return Simulation(notes.reaction, notes, clock, control, TEAM, **more)


def durations(notes, kind):
    return [x for k, x in notes.calls if k == kind]


def test_strang_splitting_with_merged_halves():
    notes = Notes()
    simulation(notes, 3, observers=[Watch(3)]).run()
    steps = [call for call in notes.calls if call[0] != "hold"]
    assert steps == [
        ("R", 0.5),
        ("D", 1.0),
        ("R", 1.0),
        ("D", 1.0),
        ("R", 1.0),
        ("D", 1.0),
        ("R", 0.5),
    ]


@pytest.mark.parametrize("tolerance", [0.0, 0.1])
@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_who_looks_sees_the_state_of_that_time(every, tolerance):
    notes, watch = Notes(), Watch(every)
    simulation(notes, 20, tolerance, observers=[watch, Watch(5)]).run()
    assert watch.ticks == [*range(0, 20, every), 20]
    np.testing.assert_allclose(watch.ages, watch.times, rtol=1e-14)
    assert sum(durations(notes, "D")) == pytest.approx(sum(durations(notes, "R")), rel=1e-14)


def test_who_looks_after_each_step_costs_no_step():
    one, other = Notes(), Notes()
    simulation(one, 6, observers=[Watch(6)]).run()
    simulation(other, 6, observers=[Watch(6), Watch(0)]).run()
    assert one.calls == other.calls


def test_baths_are_held_at_the_start_and_when_somebody_looks():
    notes = Notes()
    simulation(notes, 4, observers=[Watch(2)]).run()
    assert durations(notes, "hold") == [0.0, 2.0, 4.0]


def test_where_nothing_happens_steps_grow_by_doubling():
    notes = Notes()
    s = simulation(notes, 64, 0.1, observers=[Watch(64)])
    s.run()
    steps = durations(notes, "D")
    assert sum(steps) == 64 and max(steps) >= 16 and s.rejected == 0
    assert all(x == 2 ** round(np.log2(x)) for x in steps)


def test_steps_do_not_cross_what_changes_abruptly():
    notes = Notes()
    s = simulation(notes, 64, 0.1, observers=[Watch(64)], edges=[21, 22])
    s.run()
    ends = np.cumsum(durations(notes, "D"))
    assert {21.0, 22.0} <= set(ends)
    after = durations(notes, "D")[list(ends).index(22.0) + 1]
    assert after == 1.0  # and they start small again


def test_a_long_step_with_a_large_error_is_rejected():
    notes = Notes(lambda t: 3.0 if t < 30.25 else 30.0)
    s = simulation(notes, 64, 0.1, observers=[Watch(64)])
    s.run()
    assert s.rejected > 0
    assert notes.columns[1][0] == pytest.approx(64.0)
    assert notes.reaction.given == pytest.approx(64.0)
    assert notes.ledger.given["x"] == pytest.approx(64.0)


@pytest.mark.parametrize(("jump", "taken_back"), [(0.06, False), (0.25, True), (0.8, True)])
def test_a_step_is_taken_back_beyond_two_tolerances(jump, taken_back):
    """K+ that jumps by 0.6 tolerances stays; by 2.5 or 8 it is computed again in shorter steps.

    The half step that is lacking goes on as it went: the error of a jump is up to twice itself.
    """
    notes = Notes(lambda t: 3.0 if t < 30.25 else 3.0 + jump)
    s = simulation(notes, 64, 0.1, observers=[Watch(64)])
    s.run()
    assert (s.rejected > 0) == taken_back
    assert max(durations(notes, "D")) >= 8


def test_a_step_that_fails_is_tried_in_shorter_ones():
    notes = Notes(limit=4.0)
    s = simulation(notes, 64, 0.1, observers=[Watch(64)])
    s.run()
    assert s.rejected > 0 and notes.columns[1][0] == pytest.approx(64.0)
    assert notes.ledger.given["x"] == pytest.approx(64.0)


def test_a_step_of_one_tick_that_fails_is_the_end():
    with pytest.raises(SolutionError, match=r"at t = 0 s: too long"):
        simulation(Notes(limit=0.5)).run()


def test_a_membrane_that_fails_says_so_with_its_own_words():
    notes = Notes()

    def fail(duration, start):
        raise SolutionError("the membrane bursts")

    notes.reaction.advance = fail
    with pytest.raises(SolutionError, match="the membrane bursts"):
        simulation(notes).run()


class Bursting(Notes):
    """Membranes that fail within a span of time."""

    def __init__(self, begin, end, longest):
        """Membranes that fail between two times [s] where a step is longer than `longest` [s]."""
        super().__init__()
        self.begin, self.end, self.longest = begin, end, longest

    def _react(self, duration, start):
        if start < self.end and start + duration > self.begin and duration > self.longest:
            raise SolutionError("the membrane bursts")
        super()._react(duration, start)


def test_a_process_whose_membranes_fail_solves_with_the_others_and_says_so_afterwards():
    notes, voted = Bursting(30.0, 40.0, 9.0), []

    def highest(values):
        voted.append(values)
        return np.array(values, float)

    s = simulation(notes, 64, 0.1, observers=[Watch(64)])
    s.team = SimpleNamespace(highest=highest, first=lambda text: text)
    s.run()
    assert s.rejected > 0 and s.failure == "" and np.isfinite(notes.columns[0]).all()
    assert len(durations(notes, "D")) == len(voted) == s.steps + s.rejected
    assert sum(failed for *_, failed in voted) > 0
    assert notes.reaction.given == notes.columns[1][0] == pytest.approx(64.0)


def test_a_failure_of_another_process_rejects_the_step_here():
    notes, failures = Notes(), iter([0, 0, 1])
    s = simulation(notes, 64, 0.1, observers=[Watch(64)])
    s.team = SimpleNamespace(
        highest=lambda values: np.array([*values[:-1], next(failures, 0)], float), first=TEAM.first
    )
    s.run()
    assert s.rejected == 1 and notes.columns[1][0] == pytest.approx(64.0)
    s = simulation(Notes(), 8)
    s.team = SimpleNamespace(
        highest=lambda values: np.array([*values[:-1], 1.0], float),
        first=lambda text: text or "the membrane over there bursts",
    )
    with pytest.raises(SolutionError, match=r"^at t = 0 s: the membrane over there bursts$"):
        s.run()


def test_a_failure_in_the_pending_half_step_is_kept_until_it_is_told():
    """That half step is taken for who looks; what follows is no cure."""
    s = simulation(Bursting(5.5, 6.0, 0.0), 12, observers=[Watch(6)])
    with pytest.raises(SolutionError, match=r"^at t = 6 s: the membrane bursts$"):
        s.run()


@pytest.mark.parametrize("number", [1, 15])  # SIGHUP and SIGTERM
def test_a_signal_ends_the_loop_after_the_step(number):
    notes, asked = Notes(), iter([Request.GO_ON, Request.SAVE, number])
    s = simulation(notes, 8, ask=lambda: next(asked))
    assert s.run() == number and s.tick == 3 and s.request == number


def test_a_wish_to_save_does_not_end_it():
    notes = Notes()
    seen = []
    look = SimpleNamespace(every=0, observe=lambda t, s: seen.append(s.request))
    assert simulation(notes, 4, observers=[look], ask=lambda: Request.SAVE).run() == 0
    assert seen[1:] == [Request.SAVE] * 4


def test_a_stopped_loop_goes_on_where_it_was():
    whole, halves = Notes(), Notes()
    simulation(whole, 8, observers=[Watch(4)]).run()
    wishes = iter([Request.GO_ON] * 4 + [10] + [Request.GO_ON] * 3)
    s = simulation(halves, 8, observers=[Watch(4)], ask=lambda: next(wishes))
    assert s.run() == 10 and s.run() == 0
    assert halves.calls == whole.calls


def test_what_changes_steadily_has_no_local_error():
    """K+ that rises at a constant rate follows its line, however step lengths change."""
    notes = Notes(law=lambda t: 3.0 + 0.5 * t)
    s = simulation(notes, 64, 0.1, observers=[Watch(64)])
    s.run()
    steps = durations(notes, "D")
    assert sum(steps) == 64 and max(steps) >= 16 and s.rejected == 0


class Surprises(NoSynapses):
    """Synapses whose error, as a share of its tolerance, is a function of the step's time."""

    def __init__(self, error_at):
        self._error_at = error_at

    def advance(self, t):
        """Arrive."""
        self.error = self._error_at(t)


def test_a_surprise_by_synapses_that_shorter_steps_do_not_lessen_is_taken():
    """It lies in the pending half step; one shorter try, not all of them down to one tick."""
    steady = Notes(law=lambda t: 3.0 + 0.5 * t)
    surprised = Surprises(lambda t: 3.0 if 40 < t < 50 else 0.0)
    s = simulation(steady, 256, 0.1, observers=[Watch(256)], synapses=surprised)
    s.run()
    assert s.rejected == 1 and len(durations(steady, "D")) < 20
    alone = Notes(law=lambda t: 3.0 + 0.5 * t)
    t = simulation(alone, 256, 0.1, observers=[Watch(256)])
    t.run()
    assert t.rejected == 0 and len(durations(alone, "D")) < len(durations(steady, "D"))


def test_a_step_is_halved_again_only_if_that_helped():
    control = StepControl(0.1)
    control.start(np.zeros(1))
    control.known = True
    assert control.is_too_long(0.0, 9.0) and control.is_too_long(0.0, 3.0)
    assert not control.is_too_long(0.0, 2.9)
    assert control.is_too_long(0.3, 2.9), "K+ counts whatever synapses bring"
    control.local_error(1.0, 0.0)
    control.accept(1.0, 1, 0.0, 2.9)
    assert control.is_too_long(0.0, 2.9), "the next step has tries of its own"
    assert not control.is_too_long(0.2, 2.0)


def test_a_surprise_by_synapses_that_shorter_steps_lessen_is_followed():
    notes, last = Notes(law=lambda t: 3.0 + 0.5 * t), [0.0]

    def by_length(t):
        span, last[0] = t - last[0], t
        return abs(span) / 4

    s = simulation(notes, 256, 0.1, observers=[Watch(256)], synapses=Surprises(by_length))
    s.run()
    assert max(durations(notes, "D")) <= 8 and s.control.level <= 3


class Damping(Notes):
    """Diffusion that notes which of its steps damp."""

    def advance(self, start, dt, damped=False):
        """Diffuse."""
        super().advance(start, dt)
        self.calls.append(("damped", damped))


def test_the_first_two_steps_after_something_changes_damp():
    notes = Damping()
    s = simulation(notes, 8, edges=[5])
    s.run()
    assert durations(notes, "damped") == [True, True, False, False, False, True, True, False]


def test_what_is_owed_is_paid_before_something_changes():
    """The membrane step that ends at an edge sees nothing of what comes after it."""
    notes = Notes()
    s = simulation(notes, 8, edges=[5])
    s.run()
    reactions = np.cumsum(durations(notes, "R"))
    assert 5.0 in reactions


class Supply:
    """An event that notes between which times it acts."""

    def __init__(self, *edges):
        self.edges, self.acts = edges, []

    def act(self, start, end):
        """Act."""
        self.acts.append((start, end))

    def edges_within(self, start, end):
        """Its edges between two times."""
        return [t for t in self.edges if start < t <= end]


def test_membrane_steps_end_where_an_event_begins():
    notes, event = Notes(), Supply(2.25, 2.75)
    simulation(notes, 4, events=[event], observers=[Watch(4)]).run()
    for edge in event.edges:
        assert not any(start < edge - 1e-9 and end > edge + 1e-9 for start, end in event.acts)
    assert sum(durations(notes, "R")) == pytest.approx(4.0)


def test_who_looks_after_each_step_sees_k_with_its_half_membrane_step():
    """K+ rises by 1 mM/s: between times at which something is due too, it is that of the time."""
    from ecs_model.run.front_tracker import Tracker

    notes = Notes(law=lambda t: 3.0 + t)
    s = simulation(notes, 12)
    tracker = Tracker(notes.columns[0], 7.5)
    s.observers.append(tracker)
    s.run()
    assert tracker.last[0] == pytest.approx(15.0)
    assert tracker.arrival[0] == pytest.approx(4.5)
    assert tracker.above[0] == pytest.approx(7.5)

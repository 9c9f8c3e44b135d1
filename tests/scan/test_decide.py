"""When a run of a scan ends early: by what K+ does in time, not by how often one looks."""

from types import SimpleNamespace

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.run.clock import Clock
from ecs_model.scan.early_stop import Decision

END, LAST_EDGE = 3000.0, 20.0


def ended(course, interval, settled=10.0, verdict=None):
    """When, and why, a Decision that looks every `interval` [s] ends a run whose K+ is `course`."""
    ticks = round(END / interval)
    K = np.array([course(0.0)])
    mesh = SimpleNamespace(comm=MPI.COMM_SELF, volumes=np.ones(1), sum=lambda v: float(np.sum(v)))
    firing = SimpleNamespace(sd=9.0)
    detect = SimpleNamespace(front=12.0, firing=firing, load=9.0, spread=0.5, fraction=0.01)
    tracker = SimpleNamespace(last=K, highest=K.copy())
    simulation = SimpleNamespace(
        clock=Clock(END, ticks),
        edges=[round(LAST_EDGE / interval)],
        request=0,
        reaction=SimpleNamespace(variables=[K]),
        synchronise=lambda: None,
    )
    parts = SimpleNamespace(
        tracker=tracker,
        detection=detect,
        mesh=mesh,
        simulation=simulation,
        neurons=None,
        outside=np.ones(1, bool),
    )
    decision = Decision(parts, verdict, settled)
    for k in range(1, ticks + 1):
        K[0] = course(k * interval)
        tracker.highest = np.maximum(tracker.highest, K)
        decision.observe(k * interval, simulation)
        if simulation.request:
            return k * interval, decision.reason
    return END, None


@pytest.mark.parametrize("interval", [0.05, 1.0, 5.0])
def test_what_rises_slowly_for_ever_has_not_settled(interval):
    """0.002 mM/s is less than 1e-4 mM in 0.05 s, and 6 mM at the end."""
    assert ended(lambda t: 4.0 + 0.002 * t, interval) == (END, None)
    at, why = ended(lambda t: 4.0 + 0.002 * t, interval, verdict="sd")
    assert why == "sd" and at == pytest.approx(2500.0, abs=interval)


@pytest.mark.parametrize("interval", [0.05, 1.0, 5.0])
def test_what_falls_has_settled_so_long_after_the_last_change_of_a_stimulus(interval):
    at, why = ended(lambda t: 4.0 + 2.0 * np.exp(-t / 40.0), interval)
    assert why == "settled" and at == pytest.approx(LAST_EDGE + 10.0, abs=interval)


def test_what_is_high_has_not_settled():
    assert ended(lambda t: 4.0 if t == 0.0 else 9.5, 1.0)[1] is None


def test_a_rise_that_would_pass_the_limit_by_the_end_has_not_settled():
    """9e-6 mM/s is 9e-5 mM in ten seconds; from just under the limit it still passes it."""
    near = 4.0 + 0.5 * (12.0 - 4.0) - 0.005
    slow = lambda t: 4.0 if t == 0.0 else near + 9e-6 * t  # noqa: E731
    assert ended(slow, 1.0)[0] > 500.0

"""The protocol of transport: what every kind has; loaded states go on as they would have."""

import sys
from pathlib import Path

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.memory import Share
from ecs_model.run.living import is_effort
from ecs_model.transport.protocol import Report, Transport
from tests.helpers import launch_program
from tests.transport.stepped import KINDS, copied, distances, made, step

ROOT = Path(__file__).parents[2]
MEMBERS = [name for name in vars(Transport) if not name.startswith("_")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_what_a_run_asks_for(kind):
    transport, _, dt = made(kind, MPI.COMM_SELF)
    assert not [name for name in MEMBERS if not hasattr(transport, name)]
    transport.hold(0.0)
    transport.advance(0.0, dt)
    report = transport.report()
    assert isinstance(report, Report)
    assert report.last_step == dt and report.total_iterations >= report.iterations > 0
    assert set(transport.ledger.given) >= {x.name for x in transport.ledger.dirichlet}


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_is_arrays_of_nodes_shares_and_numbers(kind):
    transport, ions, dt = made(kind, MPI.COMM_SELF)
    step(transport, dt, 0, 2)
    state, owned = transport.state(), len(ions[0])
    for name, value in state.items():
        assert np.shape(value) == (owned,) if isinstance(value, np.ndarray) else True, name
        assert isinstance(value, np.ndarray | Share | int | float), name
    assert isinstance(state["given"], Share)
    assert state["given"].value == transport.ledger.given
    assert state["total_iterations"] == transport.report().total_iterations
    efforts = {name for name in state if is_effort(name)}
    assert efforts == {"total_iterations", *(n for n in state if n.startswith("corrections/"))}


@pytest.mark.parametrize("kind", KINDS)
def test_load_restores_what_state_gave(kind):
    transport, _, dt = made(kind, MPI.COMM_SELF)
    step(transport, dt, 0, 2)
    state = copied(transport.state())
    step(transport, dt, 2, 4)
    assert not _same(state, transport.state())
    transport.load(state)
    assert _same(state, transport.state())


def _same(one, other):
    return one.keys() == other.keys() and all(np.all(one[n] == other[n]) for n in one)


@pytest.mark.parametrize("kind", KINDS)
def test_the_step_after_loading_is_the_one_that_would_have_followed(kind):
    assert distances(kind, MPI.COMM_SELF) == [0.0, 0.0]


def test_the_step_after_loading_is_the_same_on_two_processes():
    ended = launch_program(
        2,
        [sys.executable, "tests/transport/stepped.py", *KINDS],
        cwd=ROOT,
        environment={"PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode == 0, ended.stderr
    found = np.loadtxt(ended.stdout.splitlines())
    assert found.shape == (len(KINDS), 2) and not found.any()

"""Medians and quantiles over processes, which no process has all values for."""

import sys

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.parallel import Team
from tests.helpers import launch_program

PROGRAM = """
from ecs_model.native import MPI
import numpy as np
from ecs_model.parallel import Team
from ecs_model.physics.detectors import reached_by

comm = MPI.COMM_WORLD
for seed in range(40):
    random = np.random.default_rng(seed)
    values = random.integers(0, 5, 7) / 3.0 if seed % 2 else random.lognormal(0, 9, seed)
    owner = random.integers(0, comm.size if seed % 3 else 1, len(values))  # some have none
    ours, exact = Team(comm).median(values[owner == comm.rank]), np.median(values)
    assert ours == exact or not len(values), (seed, ours, exact)
    if not len(values):
        continue
    weights = random.integers(1, 9, len(values)) / 8.0  # whose sums are exact in any order
    values[random.random(len(values)) < 0.2] = -np.inf
    here = owner == comm.rank
    for share in (0.0, 1e-9, 0.25, 0.5, 0.9, 1.0):
        ours = Team(comm).reached_by(share, values[here], weights[here])
        assert ours == reached_by(share, values, weights), (seed, share, ours)
for count in (10, 30, 70, 1000):  # shares that sums reach but for round-off, in any order
    values, random = np.arange(count) % 10 + 1.0, np.random.default_rng(count)
    for _ in range(20):
        order, owner = random.permutation(count), random.integers(0, comm.size, count)
        here = order[owner == comm.rank]
        weights = np.full(len(here), 0.1)
        for tenth in range(1, 11):
            ours = Team(comm).reached_by(tenth / 10, values[here], weights)
            assert ours == 11.0 - tenth, (count, tenth, ours)
            assert ours == reached_by(tenth / 10, values[order], np.full(count, 0.1))
assert Team(comm).add([comm.rank, 1.0]).tolist() == [sum(range(comm.size)), comm.size]
if comm.rank == 0:
    print("all equal")
"""


@pytest.mark.parametrize("n", [1, 2, 3])
def test_it_is_that_of_all_values(n):
    done = launch_program(n, [sys.executable, "-c", PROGRAM])
    assert "all equal" in done.stdout, done.stderr


def test_of_one_process():
    team = Team(MPI.COMM_SELF)
    assert np.isnan(team.median(np.empty(0)))
    assert team.median(np.array([-2.0])) == -2.0
    assert team.median(np.array([1e300, -1e300, 0.0, -0.0, 5e-324])) == 0.0
    assert team.median(np.array([3.0, 1.0, 2.0, 10.0])) == 2.5

"""A long run needs no more memory than a short one, on several processes too."""

import sys

import pytest

from tests.helpers import launch_program
from tests.parallel.test_ions import CONFIG

PROGRAM = """
from ecs_model.native import MPI
import os, resource, sys
from ecs_model.config import reader, resolve
from ecs_model.run import build

config = resolve.with_intervals(reader.parse_config(sys.argv[1], "run", sys.argv[2:]))
simulation = build.build(config, MPI.COMM_WORLD).simulation
simulation.observers = []
most = lambda: 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
while simulation.steps < 100:
    simulation.step()
before = most()
while simulation.steps < 300:
    simulation.step()
more = MPI.COMM_WORLD.reduce(most() - before, MPI.MAX)
if MPI.COMM_WORLD.rank == 0:
    print(more)
"""
ROOM = 4e6  # bytes that new step lengths and the allocator may take


@pytest.mark.parametrize(
    "joined",
    [pytest.param(False, marks=pytest.mark.slow), True],
    ids=["lumped glia", "glial syncytium"],
)
def test_steps_leave_nothing_behind(joined):
    """What a swelling tissue beside a bath once left behind were 40 to 90 MB in 200 steps
    on a mesh of 10 um, of four times as many nodes."""
    text = CONFIG.replace("[tissue]\n", "[tissue]\nsyncytium = { tortuosity = 2.5 }\n")
    options = ['time.end="20 s"', 'mesh.cell="20 um"', "checkpoint={}"]
    program = [sys.executable, "-c", PROGRAM, text if joined else CONFIG, *options]
    done = launch_program(2, program)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < ROOM

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


SETUP = """
from ecs_model.parallel import start
import sys
from ecs_model.meshes import box_grid
comm = start()
from ecs_model.native import MPI
from ecs_model.run.footprint import peak
from ecs_model.tissue import mesh_slices
from ecs_model.tissue.mesh import Mesh

before, side = peak(), int(sys.argv[1]) * 1e-5
mesh = Mesh(comm, mesh_slices.of_grid(comm, box_grid((side,) * 3, 1e-5)))
needed = comm.allreduce(peak() - before)
if comm.rank == 0:
    print(needed / mesh.nodes)
"""


def set_up(processes, cells):
    """Peaks of all processes together [bytes a node]."""
    done = launch_program(processes, [sys.executable, "-c", SETUP, str(cells)])
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_a_mesh_is_distributed_within_2000_bytes_a_node():
    """With an object for every cell, as DOLFINx makes them on the way, they were 2190."""
    assert set_up(1, 50) < 2000


@pytest.mark.slow
def test_several_processes_need_little_more_than_one():
    assert set_up(4, 80) < 1.2 * set_up(1, 80)

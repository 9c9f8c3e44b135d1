"""Membranes that fail on one process alone: all stop together, with its words, and none hangs."""

import sys

import pytest

from tests.helpers import launch_program
from tests.parallel.runs import CONFIG

PROGRAM = """
import sys
from ecs_model import api
from ecs_model.errors import SolutionError
from ecs_model.native import MPI

simulation = api.simulation(sys.argv[1], overrides=sys.argv[2:])
advance, last = simulation.reaction.advance, MPI.COMM_WORLD.size - 1

def fail(duration, start):
    advance(duration, start)  # of all processes, which may share their work
    if start + duration > 0.3 and MPI.COMM_WORLD.rank == last:
        raise SolutionError("the membrane bursts")

simulation.reaction.advance = fail
try:
    simulation.run()
except SolutionError as error:
    words = MPI.COMM_WORLD.gather(str(error))
    if words:
        print(*words, sep="\\n")
"""


JOINED = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "25 um"
[membrane]
model = "epileptor2"
[[synapses]]
name = "axons"
reach = "0.1 mm"
[time]
end = "1 s"
step = "50 ms"
[output]
every = "0.1 s"
"""


@pytest.mark.parametrize("text", [CONFIG, JOINED], ids=["alone", "synapses"])
@pytest.mark.parametrize("adaptive", ["true", "false"])
def test_all_stop_with_the_words_of_the_one_that_failed(tmp_path, adaptive, text):
    (tmp_path / "run.toml").write_text(text)
    program = [sys.executable, "-c", PROGRAM, str(tmp_path / "run.toml")]
    done = launch_program(3, [*program, f"time.adaptive={adaptive}"], timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["at t = 0.3 s: the membrane bursts"] * 3

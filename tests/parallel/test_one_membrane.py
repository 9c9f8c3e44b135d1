"""All processes have the same membranes, or none."""

import sys

from tests.helpers import launch_program

MODEL = """
import os
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record

HERE = {here}

@record
class State:
    K_o = concentration(4.0, "extracellular potassium")

@record
class Parameters:
    r = quantity({there}, "1/s", "rate of uptake")

def rhs(y, p, env):
    return State(K_o=HERE * p.r * (4.0 - y.K_o))

model = MembraneModel(name="own", summary="-", State=State, Parameters=Parameters, rhs=rhs)
"""
RUN = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "50 um"
[membrane]
file = "own.py"
[time]
end = "0.2 s"
step = "50 ms"
"""


def launched(folder, processes, **values):
    (folder / "own.py").write_text(MODEL.format(**values))
    (folder / "run.toml").write_text(RUN)
    run = [sys.executable, "-m", "ecs_model", "run", "run.toml", "-o", str(processes), "--quiet"]
    return launch_program(processes, run, cwd=folder)


def test_values_of_a_process_are_refused_where_there_are_several(tmp_path):
    """In a formula, and as the default of a parameter."""
    for values in (
        {"here": "1e-6 * os.getpid()", "there": 1.0},
        {"here": 1.0, "there": "1e-6 * os.getpid()"},
    ):
        done = launched(tmp_path, 2, **values)
        assert done.returncode == 2
        assert done.stderr.count("processes have made different models 'own'") == 1


def test_a_model_that_is_the_same_everywhere_runs(tmp_path):
    assert launched(tmp_path, 2, here=1.0, there=1.0).returncode == 0

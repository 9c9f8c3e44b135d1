"""Noisy tissue: the same on any number of processes, and after a resume."""

import sys

import pytest

from tests.helpers import launch_program
from tests.parallel.runs import begun, close, done, same_bytes, settings

CONFIG = """
[mesh]
generator = "rectangle"
size = ["0.6 mm", "0.4 mm"]
cell = "60 um"
unstructured = true
[membrane]
model = "epileptor2"
parameters = { G = "5 mV*s" }
[[synapses]]
name = "axons"
reach = "0.1 mm"
[[noise]]
name = "background"
amplitude = { I = "60 mV" }
duration = "1 ms"
length = "0.15 mm"
seed = 3
[[line]]
name = "way"
start = ["0 mm", "0.1 mm"]
end = ["0.6 mm", "0.1 mm"]
[time]
end = "40 ms"
step = "0.5 ms"
[output]
every = "20 ms"
series = "10 ms"
precision = "double"
fields = ["V", "rate", "drive", "x"]
"""
FIXED = ("membrane.substeps=2", "time.adaptive=false", "solver.rtol=1e-12")
NOISE = """
import hashlib
from ecs_model.native import MPI
import numpy as np
from ecs_model import api
from ecs_model.parallel import taken_by_root

simulation = api.simulation("run.toml")
mesh = simulation.diffusion.operators.mesh
for k in (0, 1, 10**9):
    simulation.noise.act(k * 1e-3, (k + 1) * 1e-3)
    here = mesh.node_slices.to_slice(simulation.reaction.surroundings.I_noise)
    parts = [*taken_by_root(mesh.comm, [here])]
    if parts:
        values = np.concatenate(parts)
        print(len(values), values.std() > 0, hashlib.sha256(values.tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("noise")
    (path / "run.toml").write_text(CONFIG)
    return path


@pytest.mark.parametrize("n", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_noise_is_the_same_on_any_number_of_processes(folder, n):
    """Bit for bit at every node, in three bins."""
    one, several = (launch_program(k, [sys.executable, "-c", NOISE], cwd=folder) for k in (1, n))
    assert one.returncode == several.returncode == 0, several.stderr
    lines = one.stdout.split("\n")
    assert len({*lines}) == 4  # three bins that differ, and the end
    assert all("True" in line for line in lines[:3])
    assert several.stdout == one.stdout


@pytest.mark.parametrize("n", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_equal_steps_give_equal_fields(folder, n):
    """To what the solves of synapses differ by; nodes fire, each where its noise is high."""
    one = folder / "one"
    if not one.exists():
        begun(1, folder, "one", *FIXED)
    close(one, begun(n, folder, f"fixed{n}", *FIXED), rtol=1e-9, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2])
def test_a_run_that_is_resumed_is_the_same(folder, n):
    """Bit for bit, in steps that are chosen by what noise does."""
    whole = begun(n, folder, f"whole{n}")
    half = begun(n, folder, f"half{n}", "time.end=20 ms")
    done(n, folder, "resume", half.name, *settings("time.end=40 ms"))
    same_bytes(whole, half)

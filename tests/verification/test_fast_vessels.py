"""Exchange with blood at any rate, also where it is much faster than steps: closed forms.

A store gives K+ off at J = r B0 exp(-r t), blood at C_b takes it up at the rate k:

    C = C_b + (C0 - C_b) exp(-k t) + r B0 (exp(-r t) - exp(-k t)) / (k - r)
"""

import json
import sys

from ecs_model.native import MPI

import h5py
import numpy as np
import pytest

from ecs_model import api
from ecs_model.run import checkpoint_file
from ecs_model.run.checkpoint import digest
from ecs_model.run.field_series import read_field
from ecs_model.transport.balanced_exchange import damping
from tests.helpers import launch_program, run_here, series, summary

STORE = """
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record


@record
class State:
    K_o = concentration(4.0, "extracellular potassium")
    B = concentration(20.0, "in a store")


@record
class Parameters:
    r = quantity(0.05, "1/s", "rate of the store")


def rhs(y, p, env):
    return State(K_o=p.r * y.B, B=-p.r * y.B)


model = MembraneModel(name="store", summary="-", State=State, Parameters=Parameters, rhs=rhs)
"""
RUN = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "50 um"
[tissue]
ions = IONS
[membrane]
file = "store.py"
tolerance = 1e-6
[[vessels]]
name = "blood"
exchange = "RATE 1/s"
blood = "4 mM"
[[probe]]
name = "middle"
at = ["0.5 mm"]
[time]
end = "20 s"
step = "STEP s"
adaptive = false
[output]
every = "10 s"
series = "10 s"
precision = "double"
[checkpoint]
every = "10 s"
"""
R, B0 = 0.05, 20.0


def text(rate, step, ions='["K"]'):
    return RUN.replace("RATE", f"{rate:g}").replace("STEP", f"{step:g}").replace("IONS", ions)


@pytest.fixture
def ran(tmp_path):
    """A function: text, name, settings -> the run of it."""
    (tmp_path / "store.py").write_text(STORE)
    return lambda text, name="run", *more: run_here(text, tmp_path / name, *more)


def exact(k, t):
    return 4.0 + R * B0 * (np.exp(-R * t) - np.exp(-k * t)) / (k - R)


def off(run, k):
    return np.abs(series(run)["K_o@middle"][1:] - exact(k, np.array([10.0, 20.0]))).max()


@pytest.mark.parametrize("ions", ['["K"]', '["K", "Na", "Cl"]'])
@pytest.mark.parametrize("k", [3.0, 10.0, 100.0, 1e4, 1e6])
def test_what_membranes_bring_is_taken_away_at_any_rate(ran, k, ions):
    """Steps of 1 s, in which they bring 0.6 mM: unbalanced splitting is off by half of that."""
    run = ran(text(k, 1.0, ions))
    assert off(run, k) < 0.02
    assert summary(run)["balance"]["relative_error"] < 1e-12 + 1e-15 * k  # round-off of k (C - C_b)


@pytest.mark.parametrize("k", [30.0, 1e4])
def test_to_second_order(ran, k):
    errors = [off(ran(text(k, step), f"{step}"), k) for step in (1.0, 0.5, 0.25)]
    assert np.log2(errors[0] / errors[1]) > 1.7 and np.log2(errors[1] / errors[2]) > 1.7


@pytest.mark.parametrize("k", [10.0, 1e4])
def test_adaptive_steps_are_as_long_as_before_and_right(ran, k):
    """As long as the shift allows, which is what the error was without one."""
    settings = "time.adaptive=true", "time.tolerance=0.2 mM", "time.step=10 ms"
    run = ran(text(k, 1.0), "run", *settings)
    assert off(run, k) < 5e-4
    assert 30 < summary(run)["steps"] < 100


@pytest.mark.parametrize("how", [(), ("time.adaptive=true", "time.tolerance=0.2 mM")])
def test_it_goes_on_bit_by_bit(ran, how):
    whole = ran(text(1e3, 0.5), "whole", *how).path
    half = ran(text(1e3, 0.5), "half", "time.end=10 s", *how).path
    assert api.resume(half, MPI.COMM_SELF, ("time.end=20 s",), quiet=True).code == 0
    np.testing.assert_array_equal(read_field(half, "K_o", 2), read_field(whole, "K_o", 2))


def test_a_checkpoint_from_before_goes_on(ran):
    """In format 5 there is nothing of what exchange is in balance with."""
    whole = ran(text(1e3, 0.5), "whole").path
    half = ran(text(1e3, 0.5), "half", "time.end=10 s").path
    for path in (half / "checkpoints").glob("ck_*.h5"):
        with h5py.File(path, "r+") as file:
            gone = [name for name in checkpoint_file.arrays_of(file) if "exchange_" in name]
            for name in gone:
                del file[name]
            manifest = json.loads(file.attrs["manifest"]) | {"format": 5}
            file.attrs["manifest"] = json.dumps(manifest | {"digest": digest(manifest)})
    assert len(gone) == 3
    assert api.resume(half, MPI.COMM_SELF, ("time.end=20 s",), quiet=True).code == 0
    late, usual = (read_field(path, "K_o", 2) for path in (half, whole))
    np.testing.assert_allclose(late, usual, atol=1e-4)


def test_processes_agree(ran, tmp_path):
    alone = read_field(ran(text(1e3, 0.5)).path, "K_o", 2)
    (tmp_path / "run.toml").write_text(text(1e3, 0.5))
    program = [sys.executable, "-m", "ecs_model", "run", "run.toml", "-o", "on2", "--quiet"]
    done = launch_program(2, program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(read_field(tmp_path / "on2", "K_o", 2), alone, rtol=1e-9)


def test_damping_is_that_of_the_methods():
    z = np.array([0.1, 1.0, 50.0])
    np.testing.assert_allclose(damping(z, 0.5, 1), (1 - z / 2) / (1 + z / 2))
    np.testing.assert_allclose(damping(z, 0.5, 2), (1 + z / 2) ** -2)
    c = 1 - 0.5**0.5
    np.testing.assert_allclose(damping(z, c, 2), (1 - (1 - 2 * c) * z) / (1 + c * z) ** 2)

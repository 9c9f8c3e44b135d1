"""What the pumps of a whole run cost: exact where nothing changes, and kept by a checkpoint."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.physics.energetics import atp_energy
from ecs_model.run import runner, session
from ecs_model.run.requests import Request
from tests.helpers import run_here, series, summary

TEXT = """
[mesh]
generator = "rectangle"
size = ["0.4 mm", "0.2 mm"]
cell = "0.1 mm"
[membrane]
model = "kager_mori"
[time]
end = "2 s"
step = "20 ms"
[output]
every = "1 s"
series = "0.2 s"
"""
LOADED = (
    TEXT
    + """
[[tissue.regions]]
name = "load"
box = { low = ["-1 um", "-1 um"], high = ["0.1 mm", "0.3 mm"] }
initial = { K_o = "8 mM" }
"""
)


def test_at_rest_energy_is_power_times_time(tmp_path):
    model, env = MODELS["kager_mori"], Surroundings()
    use = model.observables["ATP_use"][1](model.State(), model.Parameters(), env)
    power = -atp_energy(3.0, 0.03, 2.0, env.temperature) * use
    found = summary(run_here(TEXT, tmp_path / "run"))["energy"]
    assert found["ATP_mM"] == pytest.approx(2.0 * use, rel=1e-6)
    assert found["J_per_m3"] == pytest.approx(2.0 * power, rel=1e-6)
    assert found["mean_W_per_m3"] == pytest.approx(power, rel=1e-6)
    for when in ("peak", "end"):
        assert found[f"{when}_W_per_m3"] == pytest.approx(power, rel=1e-6)


def test_energy_is_the_integral_of_the_power_in_a_fine_table(tmp_path):
    run = run_here(LOADED, tmp_path / "run", "output.series=20 ms")
    rows, found = series(run), summary(run)["energy"]
    assert np.ptp(rows["power"]) > 0.01 * rows["power"].max()
    assert found["J_per_m3"] == pytest.approx(np.trapezoid(rows["power"], rows["t"]), rel=1e-5)
    assert found["peak_W_per_m3"] == pytest.approx(rows["power"].max(), rel=1e-9)


OFF = """
[mesh]
generator = "interval"
length = "0.2 mm"
cell = "0.1 mm"
[membrane]
model = "kager_mori"
[[event]]
name = "off"
parameters = { I_pump = 0.0, I_pump_g = 0.0 }
profile = { kind = "pulse", start = "2 s", duration = "6 s" }
[time]
end = "30 s"
step = "20 ms"
[output]
every = "30 s"
"""


def test_energy_does_not_depend_on_the_interval_of_output_nor_on_steps(tmp_path):
    """Pumps stop and go on: what they spend is the same however often one looks, and however."""
    fine = series(run_here(OFF, tmp_path / "fine", "output.series=20 ms", "time.adaptive=false"))
    level = (fine["t"] >= 2.0) & (fine["t"] < 8.0)  # a row shows what is after a jump
    parts = [np.flatnonzero(fine["t"] < 2.0), np.flatnonzero(fine["t"] >= 8.0)]
    whole = sum(np.trapezoid(fine["power"][k], fine["t"][k]) for k in parts)
    assert np.abs(fine["power"][level]).max() == 0.0
    peak = fine["power"].max()
    assert peak > 3 * fine["power"][0]
    for steps in ("time.adaptive=true", "time.adaptive=false"):
        for every in ("30 s", "3 s"):
            run = run_here(OFF, tmp_path / "run", f"output.series={every}", steps)
            found = summary(run)["energy"]
            assert found["J_per_m3"] == pytest.approx(whole, rel=3e-3), (steps, every)
            assert found["peak_W_per_m3"] == pytest.approx(peak, rel=2e-3), (steps, every)


PULSES = """
[mesh]
generator = "interval"
length = "0.1 mm"
cell = "50 um"
[membrane]
model = "pump_leak"
[[event]]
name = "weak"
parameters = { J_max = "200 nmol/m^2/s" }
profile = PROFILE
[time]
end = "8 s"
"""


TRAIN = '{ kind = "train", start = "12.3 ms", duration = "3 ms", period = "31 ms", count = 250 }'


@pytest.mark.parametrize(
    "profile",
    [
        '{ kind = "pulse", start = "1.2345 s", duration = "1.1111 s" }',
        TRAIN,
    ],
)
def test_pumps_that_change_within_steps_spend_what_they_spend(tmp_path, profile):
    text = PULSES.replace("PROFILE", profile)
    fine = ["time.step=1 ms", "time.adaptive=false", "output.every=8 s"]
    exact = summary(run_here(text, tmp_path / "fine", *fine))
    for step, adaptive, every in (
        ("20 ms", "true", "1 s"),
        ("0.5 s", "true", "4 s"),
        ("0.25 s", "false", "1 s"),
        ("1 s", "false", "1 s"),
    ):
        options = [f"time.step={step}", f"time.adaptive={adaptive}", f"output.every={every}"]
        found = summary(run_here(text, tmp_path / "run", *options))
        assert found["energy"]["ATP_mM"] == pytest.approx(exact["energy"]["ATP_mM"], rel=2e-3)
        assert found["max_K_o"] < exact["max_K_o"] * 1.001  # of a curve, never beyond it


@pytest.mark.parametrize("number", [3, 6, 11])
@pytest.mark.parametrize("text", [LOADED, PULSES.replace("PROFILE", TRAIN)])
def test_a_run_that_was_stopped_loses_no_energy(tmp_path, monkeypatch, text, number):
    whole = run_here(text, tmp_path / "whole")
    asking = session._asking

    def stopping(comm, stop, wall):
        ask, count = asking(comm, stop, wall), iter(range(1000))
        return lambda: Request.INTERRUPT if next(count) == number else ask()

    (tmp_path / "run.toml").write_text(text)
    monkeypatch.setattr(session, "_asking", stopping)
    code = runner.run(tmp_path / "run.toml", tmp_path / "run", quiet=True)
    assert code == session.STOPPED
    monkeypatch.undo()
    assert runner.resume(tmp_path / "run", quiet=True) == 0
    assert summary(type(whole)(tmp_path / "run"))["energy"] == summary(whole)["energy"]

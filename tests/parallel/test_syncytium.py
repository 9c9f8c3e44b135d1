"""Glia joined in tissue that swells beside a bath: the same on 1, 2, 3 processes, resumed."""

import json
import signal

import numpy as np
import pytest

from ecs_model.run.field_series import field_names, read_field
from tests.helpers import launch
from tests.parallel.runs import begin, close, finish, same_bytes, settings, wait_for
from tests.parallel.test_ions import CONFIG, EVERY, TIGHT

JOINED = CONFIG.replace("[tissue]\n", "[tissue]\nsyncytium = { tortuosity = 2.5 }\n").replace(
    '"V", "Phi_e"', '"K_g", "Na_g", "Cl_g", "phi_glia", "V_g", "V_g_shift"'
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("syncytium")
    (folder / "run.toml").write_text(JOINED)
    for n, changed in ((1, TIGHT), (3, TIGHT), (2, (EVERY,))):
        done = launch(
            n, "run", folder / "run.toml", "-o", folder / str(n), "--quiet", *settings(*changed)
        )
        assert done.returncode == 0, done.stderr
    return lambda n: folder / str(n)


def test_equal_steps_give_equal_fields(runs):
    close(runs(1), runs(3), rtol=1e-6, atol=1e-6)
    assert {"V_g", "V_g_shift"} <= {*field_names(runs(1))}
    assert np.ptp(read_field(runs(1), "V_g_shift", 4)) > 1.0  # mV


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_ion_is_accounted_for(runs, n):
    balance = json.loads((runs(n) / "summary.json").read_text())["balance"]
    for ion in (balance, *balance["ions"].values()):
        assert ion["relative_error"] < 1e-11
    assert abs(balance["given"]["syncytium"]) > 1e-6 * balance["ecs_start"]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_glia_gain_charge_though_they_swell(runs, n):
    def charge(k):
        inside = [read_field(runs(n), f"{ion}_g", k) for ion in ("K", "Na", "Cl")]
        return read_field(runs(n), "phi_glia", k) * (inside[0] + inside[1] - inside[2])

    assert np.abs(charge(4) - charge(0)).max() < 1e-12 * 150
    assert np.ptp(read_field(runs(n), "phi_glia", 4)) > 1e-3


def test_resume_is_exact(runs, tmp_path):
    """A signal stops it; the same number of processes goes on bit for bit."""
    (tmp_path / "run.toml").write_text(JOINED)
    output = tmp_path / "stopped"
    process = begin(2, "run", tmp_path / "run.toml", "-o", output, *settings(EVERY))
    wait_for(output, "checkpoints/*.h5", 1, process)
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    assert code == 75, said
    launch(2, "resume", output, "--quiet")
    same_bytes(output, runs(2))

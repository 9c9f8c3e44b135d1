"""Every membrane in a small tissue: the same result on 1, 2 and 3 processes, K+ accounted for."""

import functools
import importlib.util
import json
import sys
from pathlib import Path

import pytest

from ecs_model.run.field_series import read_field, read_maps
from tests.helpers import launch_program
from tests.parallel.runs import close, settings

DRIVE = str(Path(__file__).parents[1] / "robust" / "drive.py")
CONFIG = """\
[mesh]
generator = "box"
size = ["0.2 mm", "0.1 mm", "0.1 mm"]
cell = "25 um"

[[tissue.regions]]
name = "load"
ball = { centre = ["0 mm", "0 mm", "0 mm"], radius = "60 um" }
alpha = 0.12
initial = { K_o = 16.0 }

[membrane]
model = "MODEL"
options = OPTIONS
substeps = 400

[time]
end = "60 ms"
step = "5 ms"
adaptive = false

[output]
every = "20 ms"
series = "20 ms"
precision = "double"
"""
MODELS = {
    "pump_leak": "{}",
    "e1e2": '{ pump = "post_albers", kcc2 = true, nkcc1 = true, gaba = true }',
    "kager_mori": "{}",
    "bare": "{ glia = false }",
    "fuelled": '{ swelling = true, pump = "post_albers", energy = true }',
    "huebel_dahlem": '{ gates = "hn" }',
    "glia": '{ gates = "h", reservoir = "glia" }',
    "bath": '{ gates = "h", reservoir = "bath" }',
    "barreto_cressman": "{}",
    "wei_ullah_schiff": "{}",
}
if importlib.util.find_spec("gotranx"):  # the extra [formats]
    MODELS["own"] = "{}"
ODE = """\
states("Membrane", Ke = ScalarParam(3.0, unit="mM"))
parameters("Membrane", A = ScalarParam(6e-6, unit="1/mM**2/ms"))
expressions("Membrane")
dKe_dt = -A*(Ke - 3)*(Ke - 12)*(Ke - 55)
"""
NAMES = {
    "e1e2": "pump_leak",
    "bare": "kager_mori",
    "fuelled": "kager_mori",
    "glia": "huebel_dahlem",
    "bath": "huebel_dahlem",
}


PROCESSES = [pytest.param(2, marks=pytest.mark.slow), 3]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A function: model, processes, way -> the run directory, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("membranes")
    prepare(folder)
    made = functools.cache(functools.partial(run_all, folder))

    def directory(name, n, way="fixed"):
        made(n)
        return folder / f"{name}.{way}.{n}"

    return directory


def prepare(folder):
    """Write the configurations of all models into a folder."""
    for name, options in MODELS.items():
        text = CONFIG.replace("MODEL", NAMES.get(name, name)).replace("OPTIONS", options)
        (folder / f"{name}.toml").write_text(text)
    own = CONFIG.replace('model = "MODEL"', 'file = "cell.ode"\npotassium = "Ke"')
    (folder / "own.toml").write_text(own.replace("OPTIONS", "{}"))
    (folder / "cell.ode").write_text(ODE)


def run_all(folder, n):
    """Run all models on n processes, with equal steps and with controlled ones."""
    jobs = [job(folder, name, n) for name in MODELS]
    jobs += [job(folder, name, n, "membrane.substeps=0", way="controlled") for name in MODELS]
    (folder / f"{n}.json").write_text(json.dumps(jobs))
    program = [sys.executable, DRIVE, str(folder / f"{n}.json"), str(folder / f"notes{n}")]
    done = launch_program(n, program, timeout=600)  # of which the first compiles all
    notes = json.loads((folder / f"notes{n}.0").read_text())
    assert [note["code"] for note in notes] == [0] * len(jobs), (notes, done.stderr)


def job(folder, name, n, *overrides, way="fixed"):
    arguments = ["run", f"{name}.toml", "-o", f"{name}.{way}.{n}", "--quiet", *settings(*overrides)]
    return {"name": name, "folder": str(folder), "environment": {}, "arguments": arguments}


@pytest.mark.parametrize("n", PROCESSES)
@pytest.mark.parametrize("name", MODELS)
def test_equal_steps_give_equal_fields(runs, name, n):
    close(runs(name, 1), runs(name, n), rtol=1e-7)


@pytest.mark.parametrize("n", PROCESSES)
@pytest.mark.parametrize("name", MODELS)
def test_controlled_steps_agree_within_their_tolerance(runs, name, n):
    one, other = (read_maps(runs(name, k, "controlled"))[0]["max_K_o"] for k in (1, n))
    assert abs(one - other).max() < 0.05


@pytest.mark.parametrize("name", MODELS)
def test_potassium_is_accounted_for(runs, name):
    summary = json.loads((runs(name, 1) / "summary.json").read_text())
    assert abs(summary["balance"]["relative_error"]) < 1e-12


@pytest.mark.parametrize("name", MODELS)
def test_load_spreads(runs, name):
    before, after = (read_field(runs(name, 1), "K_o", k) for k in (0, 3))
    at_rest = before < 1.001 * before.min()
    assert (after - before)[at_rest].max() > 0.05
    assert after.min() > 0.9 * before.min()

"""Glutamate in tissue that swells: on 1, 2, 3 processes, continued exactly."""

import json

import pytest

from ecs_model.run.field_series import read_maps
from tests.parallel.runs import begun, close, done, same_bytes

CONFIG = """\
[mesh]
generator = "rectangle"
size = ["0.6 mm", "0.2 mm"]
cell = "40 um"
unstructured = true

[tissue]
tortuosity_exponent = 0.2
ions = ["K", "Na", "Cl", "glutamate"]
transport = "electrodiffusion"

[[tissue.regions]]
name = "core"
ball = { centre = ["0.2 mm", "0.1 mm"], radius = "0.1 mm" }
alpha = 0.15
initial = { K_o = "30 mM", Cl_o = "139 mM" }

[membrane]
model = "kager_mori"
options = { swelling = true, glutamate = true }

[[source]]
name = "spilt"
ion = "glutamate"
point = ["0.4 mm", "0.1 mm"]
amount = "30 pmol"
profile = { kind = "pulse", start = "0.2 s", duration = "0.4 s" }

[[line]]
name = "axis"
start = ["0 mm", "0.1 mm"]
end = ["0.6 mm", "0.1 mm"]
points = 21

[time]
end = "0.8 s"
step = "20 ms"
adaptive = false

[solver]
rtol = 1e-9

[checkpoint]
every = "0.4 s"

[output]
every = "0.4 s"
series = "0.4 s"
fields = ["K_o", "glutamate_o", "alpha", "V", "D1_NMDA"]
precision = "double"
"""
FIXED = "membrane.substeps=25"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glutamate")
    (folder / "run.toml").write_text(CONFIG)
    for n in (1, 2, 3):
        begun(n, folder, f"on{n}", FIXED)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3])
def test_equal_steps_give_equal_fields(runs, n):
    close(runs / "on1", runs / f"on{n}", rtol=1e-6, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 3])
def test_glutamate_is_accounted_for(runs, n):
    balance = json.loads((runs / f"on{n}/summary.json").read_text())["balance"]["ions"]
    assert balance["glutamate"]["relative_error"] < 1e-12
    assert balance["glutamate"]["given"]["source spilt"] == pytest.approx(30e-12, rel=1e-12)
    assert balance["glutamate"]["given"]["membranes"] > 0
    assert read_maps(runs / f"on{n}")[0]["max_K_o"].max() > 30.0


@pytest.mark.slow
@pytest.mark.parametrize("then", [1, 2])
def test_it_continues_where_it_stopped(runs, then):
    name = f"half, then {then}"
    begun(1, runs, name, FIXED, "time.end=0.4 s")
    done(then, runs, "resume", name, "--set", "time.end=0.8 s")
    if then == 1:
        same_bytes(runs / name, runs / "on1")
    else:
        close(runs / name, runs / "on1", rtol=1e-6, atol=1e-8)

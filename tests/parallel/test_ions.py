"""Electrodiffusion in tissue that swells: the same on 1, 2, 3 processes, continued exactly."""

import json
import signal

import numpy as np
import pytest

from ecs_model.run.field_series import field_names, read_field, read_maps, read_mesh
from tests.helpers import launch
from tests.parallel.runs import (
    begin,
    close,
    finish,
    same_bytes,
    settings,
    wait_for,
)

CONFIG = """\
[mesh]
generator = "rectangle"
size = ["0.8 mm", "0.3 mm"]
cell = "40 um"
unstructured = true

[tissue]
tortuosity = 1.5
tortuosity_exponent = 0.2
ions = ["K", "Na", "Cl", { name = "TMA", initial = "1 mM" }]
transport = "electrodiffusion"

[[tissue.regions]]
name = "core"
ball = { centre = ["0.3 mm", "0.15 mm"], radius = "0.12 mm" }
alpha = 0.12
tortuosity = 1.8
initial = { K_o = "25 mM", Cl_o = "134 mM" }

[[tissue.regions]]
name = "end"
box = { low = ["0.6 mm", "0 mm"], high = ["0.8 mm", "0.3 mm"] }

[membrane]
model = "kager_mori"
options = { swelling = true }

[[event]]
name = "pump"
region = "end"
parameters = { I_pump = 0.0, I_pump_g = 0.0 }
profile = { kind = "pulse", start = "0.3 s", duration = "0.5 s" }

[[boundary]]
on = "left"
bath = "8 mM"

[[source]]
name = "pipette"
point = ["0.5 mm", "0.11 mm"]
amount = "20 nmol"
profile = { kind = "pulse", start = "0.2 s", duration = "0.4 s" }

[[source]]
name = "probe"
ion = "TMA"
point = ["0.5 mm", "0.2 mm"]
amount = "5 nmol"
profile = { kind = "pulse", duration = "0.4 s" }

[[line]]
name = "axis"
start = ["0 mm", "0.15 mm"]
end = ["0.8 mm", "0.15 mm"]
points = 21

[time]
end = "0.8 s"
step = "12.5 ms"

[output]
every = "0.2 s"
series = "0.2 s"
fields = ["K_o", "Na_o", "Cl_o", "TMA_o", "alpha", "V", "Phi_e"]
precision = "double"
"""
TIGHT = ("solver.rtol=1e-9", "membrane.substeps=10", "time.adaptive=false")
EVERY = "checkpoint.every=0.2 s"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ions")
    (folder / "run.toml").write_text(CONFIG)
    ways = {"fixed": settings(*TIGHT, EVERY), "adaptive": []}
    for way, changed in ways.items():
        for n in (1, 2, 3):
            output = folder / f"{way}{n}"
            launch(n, "run", folder / "run.toml", "-o", output, "--quiet", *changed)
    return lambda way, n: folder / f"{way}{n}"


@pytest.mark.parametrize("n", [2, 3])
def test_equal_steps_give_equal_fields(runs, n):
    close(runs("fixed", 1), runs("fixed", n), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n", [2, 3])
def test_adaptive_steps_agree_within_their_tolerance(runs, n):
    one, other = (read_maps(runs("adaptive", k))[0]["max_K_o"] for k in (1, n))
    assert abs(one - other).max() < 0.1


@pytest.mark.parametrize("way", ["fixed", "adaptive"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_ion_is_accounted_for(runs, way, n):
    balance = json.loads((runs(way, n) / "summary.json").read_text())["balance"]
    assert set(balance["ions"]) == {"Na", "Cl", "TMA"}
    for ion in (balance, *balance["ions"].values()):
        assert ion["relative_error"] < 1e-11
    companion = balance["ions"]["Cl"]["given"]["source pipette"]
    assert companion == pytest.approx(balance["given"]["source pipette"], rel=1e-12) == 20e-9


def charges(run):
    """Charge of the ions outside at each output [mol per m^3 of tissue], shape (times, nodes)."""
    valence = {"K_o": 1, "Na_o": 1, "Cl_o": -1, "TMA_o": 1}
    outside = lambda k: sum(z * read_field(run, name, k) for name, z in valence.items())  # noqa: E731
    return np.array([read_field(run, "alpha", k) * outside(k) for k in range(5)])


@pytest.mark.parametrize("way", ["fixed", "adaptive"])
def test_no_node_gains_charge_though_it_swells(runs, way):
    charge = charges(runs(way, 2))
    left = charge[1:] - charge[1]  # the first step brings the bath's own composition to its nodes
    away = np.abs(charge[1] - charge[0]) < 1e-12
    assert np.abs(left[:, away]).max() < 1e-9 * 250
    assert away.mean() > 0.9
    alpha = [read_field(runs(way, 2), "alpha", k) for k in (0, 4)]
    assert np.ptp(alpha[1] / alpha[0]) > 0.01


def test_an_event_acts_where_and_when_it_should(runs):
    """The pump of the region on the right stops for half a second: K+ rises there meanwhile."""
    run = runs("fixed", 1)
    x = read_mesh(run)[0][:, 0]  # mm
    K = np.array([read_field(run, "K_o", k) for k in range(5)])
    assert "Phi_e" in field_names(run)
    here, beside = x > 0.7, (x > 0.57) & (x < 0.59)
    assert K[4, here].min() > K[0, here].max() + 0.2
    assert K[4, beside].max() < K[4, here].min()


@pytest.mark.parametrize("then", [1, 3])
def test_resume_is_exact(runs, tmp_path, then):
    """A signal stops it; the same number of processes goes on bit for bit, others closely."""
    (tmp_path / "run.toml").write_text(CONFIG)
    changed = settings(*TIGHT, EVERY)
    output = tmp_path / "stopped"
    process = begin(1, "run", tmp_path / "run.toml", "-o", output, *changed)
    wait_for(output, "checkpoints/*.h5", 1, process)
    process.send_signal(signal.SIGTERM)
    code, said = finish(process)
    assert code == 75, said
    launch(then, "resume", output, "--quiet")
    if then == 1:
        same_bytes(output, runs("fixed", 1))
    else:
        close(output, runs("fixed", 1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_without_a_cell_have_nothing_to_do(tmp_path, processes):
    """One cell, with a probe, a line and a bath: the same on one process."""
    (tmp_path / "run.toml").write_text(
        '[mesh]\ngenerator = "interval"\nlength = "0.1 mm"\ncell = "0.1 mm"\n'
        '[membrane]\nmodel = "none"\n[[boundary]]\non = "left"\nbath = "9 mM"\n'
        '[[probe]]\nname = "p"\nat = ["0.06 mm"]\n'
        '[[line]]\nname = "l"\nstart = ["0 mm"]\nend = ["0.1 mm"]\n[time]\nend = "1 s"\n'
    )
    for count in (1, processes):
        done = launch(count, "run", "run.toml", "-o", f"on{count}", "--quiet", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    one, many = ((tmp_path / f"on{n}/series.csv").read_text() for n in (1, processes))
    assert one == many

"""Oxygen in a slab, against closed forms and an independent computation; conservation, order."""

import json
import math

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.run.field_series import read_field, read_mesh
from tests.helpers import found, run_here, summary
from tests.parallel.runs import close, done

CELL = '''
"""A membrane that takes oxygen; K+ rests."""
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record

@record
class State:
    """One node."""
    K_o = concentration(3.0, "extracellular potassium")
    O2 = quantity(1.0, "mM", "oxygen", low=0.0)
    K_i = concentration(130.0, "potassium in cells")
    gate = quantity(0.5, "1", "a gate")

@record
class Parameters:
    """Use of oxygen."""
    V = quantity(0.05, "mM/s", "use")
    K = quantity(0.001, "mM", "half use", low=0.0)
    k = quantity(0.0, "1/s", "use of first order")

def rhs(y, p, env):
    """Rates."""
    still = 0.0 * y.K_o
    return State(still, -p.V * y.O2 / (y.O2 + p.K) - p.k * y.O2, still, still)

model = MembraneModel("taker", "takes oxygen", State, Parameters, rhs)
'''
CONFIG = """
[mesh]
generator = "interval"
length = "LENGTH um"
cell = "CELL um"
[tissue]
alpha = 0.2
[[tissue.species]]
name = "O2"
D = "3.3e-9 m^2/s"
[membrane]
file = "cell.py"
parameters = { PARAMETERS }
initial = { O2 = "C0 mM" }
tolerance = 1e-8
[[boundary]]
on = "left"
ion = "O2"
bath = "C0 mM"
[[boundary]]
on = "right"
ion = "O2"
bath = "C0 mM"
[time]
end = "END s"
step = "STEP ms"
adaptive = false
[output]
every = "END s"
series = "END s"
precision = "double"
fields = ["K_o", "O2"]
"""


def text(length=300, cell=5, c0=1.0, end=100, step=100, **parameters):
    adaptive = parameters.pop("adaptive", "false")
    given = ", ".join(f"{name} = {value}" for name, value in parameters.items())
    values = {"PARAMETERS": given, "LENGTH": length, "CELL": cell, "C0": c0}
    made = CONFIG.replace("adaptive = false", f"adaptive = {adaptive}")
    for name, value in (values | {"END": end, "STEP": step}).items():
        made = made.replace(name, str(value))
    return made


@pytest.fixture
def slab(tmp_path):
    """A function: settings -> the run, x from the middle [m] and oxygen at the end [mM]."""
    (tmp_path / "cell.py").write_text(CELL)

    def run(**settings):
        made = run_here(text(**settings), tmp_path / "slab")
        x = 1e-3 * read_mesh(made.path)[0][:, 0]
        order = np.argsort(x)
        return made, (x - x.mean())[order], read_field(made.path, "O2", 1)[order]

    return run


MICHAELIS = {  # C0, V, K [mM, mM/s, mM], thickness [um]: middle, 50 um deep [mM]
    (1.0, 0.05, 0.001, 300): (0.82974415, 0.9054119),
    (1.0, 0.05, 0.001, 600): (0.31986976, 0.7921176),
    (0.1, 0.0306, 0.001, 200): (0.054385333, 0.0657736),
}


@pytest.mark.parametrize("case", MICHAELIS, ids=str)
def test_michaelis_menten_in_a_slab(slab, case):
    (c0, v, k, length), (middle, deep) = case, MICHAELIS[case]
    _, x, oxygen = slab(length=length, cell=2.5, c0=c0, V=v, K=k, end=200, step=50)
    what = f"oxygen in a slab of {length} um, C0 {c0}, V {v}"
    ours = np.interp([0.0, length * 0.5e-6 - 50e-6], x, oxygen)
    found(f"{what}: middle", ours[0], middle, 2e-5, "mM", "independent computation")
    found(f"{what}: 50 um deep", ours[1], deep, 2e-5, "mM", "independent computation")


def test_order_in_h_and_dt(slab):
    """First order use: C0 cosh(x sqrt(k/D)) / cosh(a sqrt(k/D)), with Thiele's modulus 1.846372."""
    errors = []
    for cell, step in ((10, 40), (5, 20)):
        _, x, oxygen = slab(cell=cell, V=0, k=0.5, end=60, step=step)
        m = np.sqrt(0.5 / 3.3e-9)
        errors.append(np.abs(oxygen - np.cosh(m * x) / np.cosh(m * 150e-6)).max())
    found("oxygen, use of first order: middle", oxygen[len(x) // 2], 0.307948, 2e-4, "mM")
    found("oxygen: order in h and dt together", np.log2(errors[0] / errors[1]), 2.0, 0.1)


@pytest.mark.parametrize(
    ("t", "middle"), [(0.5, 0.822327), (1, 0.777675), (2, 0.676262), (5, 0.512942)]
)
def test_a_bath_with_less_oxygen(slab, t, middle):
    """The start is steady in 1 mM; constant use, by a half use of 1e-9 mM."""
    x = np.linspace(-150e-6, 150e-6, 61)
    steady = 1.0 - 0.05 * ((150e-6) ** 2 - x**2) / (2 * 3.3e-9)
    run, _, _ = slab(cell=5, end=t, step=10, V=0.05, K=1e-9)
    folder = run.path.parent
    np.save(folder / "start.npy", steady)
    config = text(cell=5, end=t, step=10, V=0.05, K=1e-9)
    config = config.replace('bath = "1.0 mM"', 'bath = "0.6 mM"')
    config = config.replace(
        'O2 = "1.0 mM"', 'O2 = { file = "start.npy", unit = "mM", at = "nodes" }'
    )
    made = run_here(config, folder / "less")
    ours = read_field(made.path, "O2", 1)[30]
    found(f"oxygen, bath 1 -> 0.6 mM: middle after {t} s", ours, middle, 3e-4, "mM")


def test_neither_alpha_nor_tortuosity_touches_it(tmp_path):
    """Two layers with ends at 3 and 12 mM of K+, 0.2 and 1 mM of oxygen, none used."""
    (tmp_path / "cell.py").write_text(CELL)
    layers = """
[[tissue.regions]]
name = "right"
box = { low = ["150 um"], high = ["400 um"] }
alpha = 0.1
tortuosity = 1.8
[membrane]"""
    config = text(V=0, end=400, step=500).replace("[membrane]", layers)
    for side, low, high in (("left", 0.2, 3), ("right", 1.0, 12)):
        config = config.replace(
            f'on = "{side}"\nion = "O2"\nbath = "1.0 mM"',
            f'on = "{side}"\nion = "O2"\nbath = "{low} mM"\n'
            f'[[boundary]]\non = "{side}"\nbath = "{high} mM"',
        )
    run = run_here(config, tmp_path / "layers")
    x = read_mesh(run.path)[0][:, 0]
    middle = int(np.abs(x - x.mean()).argmin())
    K_o, oxygen = (read_field(run.path, name, 1)[middle] for name in ("K_o", "O2"))
    found("two layers: K+ between them", K_o, 5.548673, 1e-4, "mM")
    found("two layers: oxygen between them", oxygen, 0.6, 1e-6, "mM")


def test_use_and_supply_are_booked(slab):
    run, _, _ = slab(end=5, V=0.05)
    oxygen = summary(run)["species"]["O2"]
    assert {*oxygen["given"]} == {"membranes", "boundary left", "boundary right"}
    assert oxygen["given"]["membranes"] < 0 < oxygen["given"]["boundary left"]
    found("oxygen: balance, error", oxygen["relative_error"], 0.0, 1e-12)


def test_capillaries(tmp_path):
    """Uniform: k (C_blood - C) = use; 0.049 mM with k 0.6, C_blood 0.1, use 0.0306."""
    (tmp_path / "cell.py").write_text(CELL)
    config = text(c0=0.1, end=30, step=20, V=0.0306, K=1e-9)
    start, end = config.index("[[boundary]]"), config.index("[time]")
    vessels = '[[vessels]]\nname = "blood"\nion = "O2"\nexchange = "0.6 1/s"\nblood = "0.1 mM"\n'
    run = run_here(config[:start] + vessels + config[end:], tmp_path / "vessels")
    oxygen = read_field(run.path, "O2", 1)
    found("oxygen from capillaries", oxygen.mean(), 0.049, 1e-5, "mM")
    assert np.ptp(oxygen) < 1e-7


def test_adaptive_steps_follow_oxygen(slab):
    """K+ rests, so that it alone would let steps become as long as the run."""
    config = {"cell": 5, "end": 40, "V": 0.05, "K": 0.001}
    run, x, oxygen = slab(**config, adaptive="true", step=10)
    ours = np.interp(0.0, x, oxygen)
    found("oxygen in a slab, adaptive steps: middle", ours, 0.82974415, 2e-3, "mM")
    assert 50 < summary(run)["steps"] < 2000


def test_processes_and_restart(tmp_path):
    (tmp_path / "cell.py").write_text(CELL)
    config = text(cell=10, end=2, step=50, V=0.05).replace('= "2 s"', '= "1 s"')
    config = config.replace('end = "1 s"', 'end = "2 s"')
    (tmp_path / "run.toml").write_text(config + '[checkpoint]\nevery = "1 s"\n')
    for n in (1, 3):
        done(n, tmp_path, "run", "run.toml", "-o", f"out{n}")
    done(2, tmp_path, "run", "run.toml", "-o", "part", "--set", "time.end=1 s")
    done(3, tmp_path, "resume", "part", "--set", "time.end=2 s")
    balances = []
    for name in ("out3", "part"):
        close(tmp_path / "out1", tmp_path / name, rtol=1e-7)
        balances.append(json.loads((tmp_path / name / "summary.json").read_text())["species"]["O2"])
    for balance in balances:
        assert balance["given"] == pytest.approx(balances[0]["given"], rel=1e-6)
        assert balance["relative_error"] < 1e-12


TRACER = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "10 um"
[[tissue.species]]
name = "drug"
D = "1e-9 m^2/s"
initial = "0.5 mM"
[membrane]
model = "kager_mori"
options = { swelling = true }
[[boundary]]
on = "left"
ion = "drug"
bath = "1.5 mM"
[time]
end = "20 s"
step = "5 ms"
[output]
every = "20 s"
series = "1 s"
fields = ["drug", "alpha"]
"""


def test_what_no_membrane_knows_diffuses_alone(tmp_path):
    """A drug from a bath, through tissue whose cells swell: an error function."""
    run = run_here(TRACER, tmp_path / "run", "membrane.parameters.g_Na=0.4 mS/cm^2")
    assert read_field(run.path, "alpha", 1).max() < 0.19
    x = 1e-3 * read_mesh(run.path)[0][:, 0]  # m
    exact = [0.5 + math.erfc(float(a) / math.sqrt(4e-9 * 20)) for a in x]
    assert read_field(run.path, "drug", 1) == pytest.approx(exact, abs=2e-3)
    balance = summary(run)["species"]["drug"]
    assert balance["relative_error"] < 1e-12 and balance["given"]["membranes"] == 0.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "O2"', 'name = "oxygen"', "has no such state that could diffuse"),
        ('name = "O2"', 'name = "K_o"', "has no such state that could diffuse"),
        ('name = "O2"', 'name = "gate"', "has no such state that could diffuse"),
        ('name = "O2"', 'name = "K_i"', "has no such state that could diffuse"),
        ('name = "O2"', 'name = "K_i"\ninitial = "1 mM"', "follows K_i; set membrane.initial"),
        ('name = "O2"', 'name = "K"\ninitial = "1 mM"', "is that of an ion"),
        ('name = "O2"', 'name = "Ca_i"\ninitial = "1 mM"', "is that of an ion"),
        ('ion = "O2"', 'ion = "O3"', r"O3 is not .* or tissue.species \(O2\)"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, old, new, message):
    (tmp_path / "cell.py").write_text(CELL)
    (tmp_path / "run.toml").write_text(text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        api.run(tmp_path / "run.toml", tmp_path / "out", MPI.COMM_SELF, quiet=True)

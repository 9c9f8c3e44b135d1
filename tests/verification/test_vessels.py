"""Blood that exchanges an ion with the space between cells: closed forms, conservation, limits."""

import json

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.run.field_series import read_field, read_mesh
from tests.helpers import found, run_here, series, summary

CONFIG = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "CELL um"
[tissue]
alpha = 0.2
tortuosity = 1.6
[membrane]
model = "none"
initial = { K_o = "3 mM" }
[[vessels]]
name = "capillaries"
exchange = "0.05 1/s"
blood = "8 mM"
[[probe]]
name = "middle"
at = ["0.5 mm"]
[time]
end = "20 s"
step = "STEP ms"
adaptive = false
[output]
every = "20 s"
series = "5 s"
precision = "double"
"""
K, D, BLOOD = 0.05, 1.96e-9 / 1.6**2, 8.0


def config(cell=20, step=100, **other):
    text = CONFIG.replace("CELL", str(cell)).replace("STEP", str(step))
    for old, new in other.values():
        assert old in text
        text = text.replace(old, new)
    return text


def test_what_is_there_approaches_the_blood(tmp_path):
    """Uniform tissue: blood + (start - blood) exp(-k t), whatever alpha is."""
    for alpha in ("0.2", "0.05"):
        text = config(step=50, alpha=("alpha = 0.2", f"alpha = {alpha}"))
        run = run_here(text, tmp_path / alpha)
        exact = BLOOD - 5.0 * np.exp(-K * 20.0)
        K_o = series(run)["K_o@middle"][-1]
        found(f"vessels, alpha {alpha}: K+ after 20 s", K_o, exact, 1e-5, "mM")


@pytest.mark.parametrize("part", ["h", "dt"])
def test_order(tmp_path, part):
    """A bath at one end of tissue with vessels: steady over sqrt(D/k); order 2 in h and in dt."""
    errors = []
    for k in range(3):
        cell, step = (50 / 2**k, 2000) if part == "h" else (50, 2000 / 2**k)
        errors.append(error(tmp_path / f"{part}{k}", cell, step, part))
    order = np.log2(errors[0] / errors[1]), np.log2(errors[1] / errors[2])
    found(f"vessels: order in {part}", order[1], 2.0, 0.15)


def error(folder, cell, step, part):
    if part == "dt":
        run = run_here(config(cell, step), folder)
        return abs(series(run)["K_o@middle"][-1] - (BLOOD - 5.0 * np.exp(-K * 20.0)))
    bath = '[[boundary]]\non = "left"\nbath = "20 mM"\n[[probe]]'
    long = {"b": ("[[probe]]", bath), "e": ('end = "20 s"', 'end = "2000 s"')}
    long |= {"o": ('every = "20 s"', 'every = "2000 s"'), "s": ('"5 s"', '"2000 s"')}
    run = run_here(config(cell, step * 10, **long), folder)
    x = 1e-3 * read_mesh(run.path)[0][:, 0]
    m = np.sqrt(K / D)
    exact = BLOOD + 12.0 * np.cosh(m * (1e-3 - x)) / np.cosh(m * 1e-3)
    return np.abs(read_field(run.path, "K_o", 1) - exact).max()


def test_what_the_blood_gives_is_booked(tmp_path):
    run = run_here(config(), tmp_path / "run")
    balance = summary(run)["balance"]
    found("vessels: balance of K+, error", balance["relative_error"], 0.0, 1e-12)
    gained = 0.2 * 1e-3 * 5.0 * (1 - np.exp(-K * 20.0))  # mol/m^2
    booked = json.dumps(balance)
    assert "vessels capillaries" in booked
    gave = next(v for k, v in balance["given"].items() if k == "vessels capillaries")
    assert gave == pytest.approx(gained, rel=1e-5)


def test_a_region_and_a_course_in_time(tmp_path):
    region = '[[tissue.regions]]\nname = "left"\nbox = { low = ["-1 mm"], high = ["0.5 mm"] }\n'
    change = {
        "r": ("[membrane]", region + "[membrane]"),
        "v": (
            'blood = "8 mM"',
            'blood = "8 mM"\nbefore = "3 mM"\nregion = "left"\n'
            'profile = { kind = "pulse", start = "5 s", duration = "5 s" }',
        ),
    }
    run = run_here(config(**change), tmp_path / "run")
    K_o = series(run)["K_o@middle"]
    assert K_o[1] == pytest.approx(3.0, abs=1e-9) and K_o[2] > 3.2 and K_o[4] < K_o[2]
    ends = read_field(run.path, "K_o", 1)
    assert ends[0] > ends[-1]


def test_nothing_becomes_negative_where_the_blood_has_none(tmp_path):
    change = {"b": ('blood = "8 mM"', 'blood = "0 mM"'), "k": ("0.05 1/s", "1000 1/s")}
    run = run_here(config(step=5000, **change), tmp_path / "run")
    assert (read_field(run.path, "K_o", 1) >= 0).all()


CHLORIDE = """[[vessels]]
name = "chloride"
ion = "Cl"
exchange = "0.05 1/s"
blood = "120 mM"
[[probe]]"""


@pytest.mark.parametrize(("among", "more", "is_told"), [
    (["K", "Cl"], "[[probe]]", True),
    (["K"], "[[probe]]", False),
    (["K", "TMA"], "[[probe]]", True),
    (["K", "Cl"], CHLORIDE, False),
])  # fmt: skip
def test_charge_that_stays_behind_is_told(tmp_path, among, more, is_told):
    ions = ("tortuosity = 1.6", f"tortuosity = 1.6\nions = {json.dumps(among)}")
    run = run_here(config(ions=ions, more=("[[probe]]", more)), tmp_path / "run")
    notes = [n for n in summary(run)["assumptions"] if "exchange K alone" in n]
    assert len(notes) == is_told


def test_other_ions_are_left_alone(tmp_path):
    """A bolus of K+ spreads, although Na+ has vessels."""
    bolus = '[[tissue.regions]]\nname = "bolus"\nbox = { low = ["-1 mm"], high = ["0.2 mm"] }\n'
    change = {
        "i": ("alpha = 0.2", 'alpha = 0.2\nions = ["K", "Na"]'),
        "r": ("[membrane]", bolus + "initial = { K_o = 40.0 }\n[membrane]"),
        "m": ('model = "none"', 'model = "pump_leak"'),
        "k": ("0.05 1/s", "5 1/s"),
        "n": ('blood = "8 mM"', 'blood = "140 mM"\nion = "Na"'),
    }
    run = run_here(config(**change), tmp_path / "run")
    assert read_field(run.path, "K_o", 1).max() < 30.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('blood = "8 mM"', 'blood = "8 mM"\nregion = "nowhere"', "nowhere"),
        ('blood = "8 mM"', 'blood = "8 mM"\nion = "Na"', "Na is not one of tissue.ions"),
        ("0.05 1/s", "-1 1/s", "exchange"),
        ('blood = "8 mM"', 'blood = "8 mM"\nbefore = "3 mM"', "has no effect"),
        (
            'blood = "8 mM"',
            'blood = "8 mM"\nprofile = { kind = "step", start = "1 s" }',
            "needs the concentration before it",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, old, new, message):
    (tmp_path / "run.toml").write_text(config(x=(old, new)))
    with pytest.raises(ConfigError, match=message):
        api.run(tmp_path / "run.toml", tmp_path / "out", MPI.COMM_SELF, quiet=True)


@pytest.mark.parametrize(("flow", "rate"), [(50, 0.6183), (20, 0.2822), (6, 0.0906)])
def test_flow_bounds_what_blood_brings(tmp_path, flow, rate):
    """k 3 1/s and f H in series, H 89: approached with G = 1/(1/(f H) + 1/k)."""
    usual = 'exchange = "0.05 1/s"'
    flowing = f'exchange = "3 1/s"\nflow = "{flow} ml/100 g/min"\ncapacity = 89'
    text = config(step=5, end=('end = "20 s"', 'end = "2 s"'), flow=(usual, flowing))
    text = text.replace('every = "20 s"', 'every = "2 s"').replace('"5 s"', '"2 s"')
    K_o = series(run_here(text, tmp_path / "flow"))["K_o@middle"][-1]
    ours = -np.log((BLOOD - K_o) / (BLOOD - 3.0)) / 2.0
    found(f"vessels, flow {flow} ml/100 g/min: rate of approach", ours, rate, 1e-4, "1/s")

"""Jobs as a user runs them: files, thresholds, regimes, threads, mistakes."""

import csv
import json

import numpy as np
import pytest

from ecs_model import api, runs
from ecs_model.cell import population
from ecs_model.cell.config import CellConfig
from ecs_model.cell.setup import Laboratory
from ecs_model.cli import main
from ecs_model.config.reader import read_config
from ecs_model.errors import ConfigError
from tests.helpers import found

NAGUMO = """
title = "A step of K+"
[membrane]
model = "nagumo"
tolerance = 1e-6
[[event]]
name = "step"
start = "1 s"
add = { K_o = "5 mM" }
"""
THRESHOLD = """
[[threshold]]
event = "step"
vary = "add.K_o"
low = "1 mM"
high = "30 mM"
tolerance = 1e-6
wait = "60 s"
window = "1 s"
triggered = { K_o = "above 30 mM" }
"""


def job(tmp_path, text, *overrides, **more):
    tmp_path.mkdir(exist_ok=True)
    config = tmp_path / "job.toml"
    config.write_text(text)
    api.cell(config, tmp_path / "out", overrides, quiet=True, **more)
    return json.loads((tmp_path / "out" / "summary.json").read_text())


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


SPREADING = """
[membrane]
model = "kager_mori"
[[event]]
name = "step"
start = "1 s"
add = { K_o = "5 mM" }
[[threshold]]
event = "step"
vary = "add.K_o"
low = "1 mM"
high = "60 mM"
tolerance = 1e-6
wait = "5 s"
window = "1 s"
triggered = { K_o = "above 25 mM" }
"""


@pytest.mark.slow
def test_single_precision_of_rates_leaves_the_threshold(tmp_path):
    values = []
    for precision in ("mixed", "double"):
        made = job(tmp_path / precision, SPREADING, f"membrane.precision={precision}")
        values.append(made["members"][0]["thresholds"][0]["value"])
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_threshold_is_exact(tmp_path):
    """The bistable membrane ignites where K+ passes its unstable state, 9 mM above rest."""
    (t,) = job(tmp_path, NAGUMO + THRESHOLD)["members"][0]["thresholds"]
    assert t["below"] < 9.0 < t["above"]
    assert t["value"] == pytest.approx(9.0, abs=1e-5)
    (row,) = table(tmp_path / "out" / "thresholds.csv")
    assert float(row["threshold"]) == pytest.approx(9.0, abs=1e-5)
    assert float(row["amount per tissue [mM]"]) == pytest.approx(0.2 * 9.0, abs=1e-5)


def test_a_threshold_at_zero_is_found(tmp_path):
    """From the unstable state whatever is added ignites it, whatever is taken lets it fall."""
    text = NAGUMO.replace("tolerance = 1e-6", "tolerance = 1e-6\ninitial = { K_o = 12 }")
    limits = THRESHOLD.replace('"1 mM"', '"-2 mM"').replace('"30 mM"\ntol', '"3 mM"\ntol')
    limits = limits.replace("60 s", "12 s")
    (t,) = job(tmp_path, text + limits)["members"][0]["thresholds"]
    assert t["below"] <= t["value"] <= t["above"]
    assert t["value"] == pytest.approx(0.0, abs=1e-5)


def test_threshold_over_a_batch(tmp_path):
    batch = '[[batch]]\nname = "K_threshold"\nlow = "8 mM"\nhigh = "14 mM"\ncount = 3\n'
    members = job(tmp_path, NAGUMO + batch + THRESHOLD)["members"]
    found = [m["thresholds"][0]["value"] for m in members]
    np.testing.assert_allclose(found, [5.0, 8.0, 11.0], atol=1e-4)
    assert (tmp_path / "out" / "pictures" / "thresholds.png").stat().st_size > 5000


def test_pictures_of_a_job_are_drawn_as_they_are_wanted(tmp_path):
    looks = {"formats": ["svg", "png"], "width": 85.0, "theme": "dark"}
    job(tmp_path, NAGUMO + '[time]\nend = "2 s"\nevery = "0.5 s"\n', **looks)
    made = sorted(path.name for path in (tmp_path / "out" / "pictures").iterdir())
    assert made == ["course_dark.png", "course_dark.svg"]
    with pytest.raises(ConfigError, match="--width: found 1; 70 to 400 mm would be right"):
        job(tmp_path / "thin", NAGUMO, width=1.0)


def test_course_holds_events_and_units(tmp_path):
    text = NAGUMO.replace("nagumo", "pump_leak") + '[time]\nend = "10 s"\nevery = "0.1 s"\n'
    job(tmp_path, text)
    rows = table(tmp_path / "out" / "course.csv")
    assert len(rows) == 101
    K = [float(r["K_o [mM]"]) for r in rows]
    assert K[0] == pytest.approx(3.5, abs=1e-6)
    assert K[9] == pytest.approx(3.5, abs=1e-6)
    assert K[10] == pytest.approx(8.5, abs=1e-6)
    assert K[11] < K[10]
    assert float(rows[0]["V [mV]"]) == pytest.approx(-76.00954, abs=1e-5)
    assert (tmp_path / "out" / "pictures" / "course.png").stat().st_size > 5000


def laboratory(count, model="huebel_dahlem", pump="rho"):
    tree = {
        "membrane": {"model": model},
        "time": {"end": "1 s"},
        "event": [
            {"name": "off", "start": "0.35 s", "duration": "1.3 s", "parameters": {pump: 0.0}},
            {"name": "K", "start": "0.5 s", "add": {"K_o": 1.0}},
        ],
    }
    lab = Laboratory(CellConfig.model_validate(tree))
    cells = [lab.cell({"initial.K_o": v}) for v in np.linspace(4.0, 6.0, count)]
    return lab.bench(cells, lab.stimuli(count))


def test_recorded_course_is_the_advanced_one():
    """Samples beside and at events, but for round-off in the lengths of intervals."""
    recorded, stepped = (laboratory(20, "pump_leak", "J_max") for _ in range(2))
    states = recorded.record(0.05, 60)
    for k in range(60):
        stepped.advance(0.05 * (k + 1))
        np.testing.assert_allclose(states[k], np.array(stepped.state), rtol=1e-9)


def test_threads_do_not_change_results(monkeypatch):
    many = laboratory(40)
    monkeypatch.setattr(population.os, "sched_getaffinity", lambda _: {0})
    one = laboratory(40)
    np.testing.assert_array_equal(many.record(0.1, 20), one.record(0.1, 20))


def test_events_end_where_they_should():
    cells = laboratory(3)
    cells.advance(0.4)
    assert (cells.parameters.rho == 0.0).all()
    cells.advance(1.7)
    np.testing.assert_allclose(cells.parameters.rho, 0.068)


def test_potential_is_that_of_the_parameters_at_the_time(tmp_path):
    """A pump that stands still and comes back: V jumps to the leaks' value and home again."""
    text = (
        '[membrane]\nmodel = "pump_leak"\n[time]\nend = "3 s"\nevery = "0.5 s"\n'
        '[[event]]\nname = "off"\nstart = "1 s"\nduration = "0.5 s"\nparameters = { J_max = 0.0 }\n'
    )
    job(tmp_path, text)
    V = [float(r["V [mV]"]) for r in table(tmp_path / "out" / "course.csv")]
    assert V[1] == pytest.approx(-76.0095, abs=1e-3)
    assert V[2] == pytest.approx(-71.0192, abs=1e-3)
    assert V[3] == pytest.approx(-76.0, abs=0.4)


def test_two_events_may_change_the_same_parameter():
    event = {"duration": "1 s", "parameters": {"J_max": 0.0}}
    tree = {
        "membrane": {"model": "pump_leak"},
        "time": {"end": "9 s"},
        "event": [{"name": "a", "start": "1 s", **event}, {"name": "b", "start": "4 s", **event}],
    }
    lab = Laboratory(CellConfig.model_validate(tree))
    cells = lab.bench([lab.cell({})], lab.stimuli(1))
    for time, off in ((0.5, False), (1.5, True), (3.0, False), (4.5, True), (6.0, False)):
        cells.advance(time)
        assert (cells.parameters.J_max[0] == 0.0) == off


def test_regimes_of_the_seizure_model(tmp_path):
    """Rest, seizure-like oscillation with its period, tonic firing: as the bath rises."""
    text = (
        '[membrane]\nmodel = "barreto_cressman"\ntolerance = 1e-4\n[map]\n'
        'x = { name = "K_bath", values = ["7.4 mM", "8 mM", "9.5 mM"] }\n'
        'settle = "120 s"\nobserve = "120 s"\n'
    )
    job(tmp_path, text)
    rows = table(tmp_path / "out" / "map.csv")
    assert [r["regime"] for r in rows] == ["rest", "seizure", "tonic"]
    assert float(rows[1]["period [s]"]) == pytest.approx(29.64, abs=0.5)
    assert float(rows[1]["highest K_o [mM]"]) == pytest.approx(9.937, abs=0.05)
    assert (tmp_path / "out" / "pictures" / "map.png").stat().st_size > 5000


def test_regimes_do_not_depend_on_the_interval_of_samples(tmp_path):
    text = (
        '[membrane]\nmodel = "barreto_cressman"\n[map]\n'
        'x = { name = "parameters.K_bath", values = [8, 9.5] }\n'
        'settle = "20 s"\nobserve = "40 s"\nevery = "INTERVAL"\n'
    )
    made = []
    for every in ("0.6 s", "50 ms"):
        job(tmp_path, text.replace("INTERVAL", every), overwrite=True)
        made.append(table(tmp_path / "out" / "map.csv"))
    assert made[0] == made[1]
    assert [r["regime"] for r in made[0]] == ["seizure", "tonic"]


CHARGED = """states("Cell", K_o = ScalarParam(4.0, unit="mM"))
parameters("Cell", drive = ScalarParam(0.0, unit="mM/ms"), tau = ScalarParam(5000.0, unit="ms"))
expressions("Cell")
dK_o_dt = drive - (K_o - 4)/tau
"""


@pytest.mark.parametrize(("window", "held"), [(0.5, "above 6 mM"), (0.02, "above 6 mM")])
@pytest.mark.parametrize("high", ["10 s", "4 s"])
def test_a_threshold_of_a_duration_counts_from_the_end_of_each(tmp_path, window, held, high):
    """K+ rises by 1 mM/s for T and falls with 5 s: then 4 + 5 (1 - exp(-T/5)) exp(-1/5)."""
    (tmp_path / "cell.ode").write_text(CHARGED)
    text = f"""[membrane]
file = "cell.ode"
tolerance = 1e-6
[[event]]
name = "on"
start = "1 s"
duration = "5 s"
parameters = {{ drive = 0.001 }}
[[threshold]]
event = "on"
low = "0.1 s"
high = "{high}"
wait = "1 s"
window = "{window} s"
triggered = {{ K_o = "{held}" }}
"""
    (member,) = job(tmp_path, text)["members"]
    exact = -5 * np.log(1 - 2 / 5 * np.exp(1 / 5))
    found(
        "duration after which K+ is 6 mM a second later",
        member["thresholds"][0]["value"],
        exact,
        1e-3,
        "s",
        rel=True,
    )


def test_a_batch_may_name_its_table(tmp_path):
    text = (
        '[membrane]\nmodel = "pump_leak"\n[[batch]]\nname = "NAME"\nvalues = [0.0, 0.1]\n' + COURSE
    )
    made = []
    for name in ("J_max", "parameters.J_max"):
        job(tmp_path, text.replace("NAME", name), overwrite=True)
        made.append((tmp_path / "out" / "course.csv").read_text())
    assert made[0] == made[1]
    ends = [float(r["K_o [mM]"]) for r in table(tmp_path / "out" / "course.csv")]
    assert len(set(ends)) > 10


def test_regimes_of_the_continuum(tmp_path):
    text = (
        '[membrane]\nmodel = "wei_ullah_schiff"\ntolerance = 1e-4\n[map]\n'
        'x = { name = "K_bath", values = ["7 mM", "9 mM", "14 mM", "20 mM"] }\n'
        'settle = "100 s"\nobserve = "100 s"\n'
    )
    job(tmp_path, text)
    rows = table(tmp_path / "out" / "map.csv")
    assert [r["regime"] for r in rows] == ["rest", "seizure", "tonic", "SD"]


def test_steady_states_and_branch_are_written(tmp_path):
    text = (
        '[membrane]\nmodel = "barreto_cressman"\n[[steady]]\n[[continuation]]\n'
        'name = "K_bath"\nlow = "3 mM"\nhigh = "9 mM"\n'
    )
    (member,) = job(tmp_path, text)["members"]
    (steady,) = member["steady"]
    assert steady["stable"]
    assert steady["state"]["Na_i"] == [pytest.approx(19.935413, abs=1e-5), "mM"]
    (branch,) = member["branches"]
    assert [s["kind"] for s in branch["special"]][:2] == ["Hopf", "fold"]
    assert (tmp_path / "out" / "pictures" / "branch.png").stat().st_size > 5000


COURSE = '[time]\nend = "1 s"\n'
WRONG = {
    "parameter": ("[membrane]\nparameters = { P_Kk = 1.0 }\n" + COURSE, "did you mean 'P_K'"),
    "unknown option": ('[membrane]\noptions = { pomp = "hill" }\n' + COURSE, "no such option"),
    "wrong unit": ('[membrane]\nparameters = { P_K = "1 mM" }\n' + COURSE, "a concentration"),
    "negative": ("[membrane]\ninitial = { K_o = -1.0 }\n" + COURSE, "must be at least 0 mM"),
    "nothing": ('[membrane]\nmodel = "none"\n', "nothing to do"),
    "alpha": ("[node]\nalpha = 1.2\n" + COURSE, "at most 0.9999"),
    "typo": ("[nodes]\n" + COURSE, "did you mean 'node'"),
    "every": ('[time]\nend = "1 s"\nevery = "0.3 s"\n', "must be a multiple"),
    "event": (COURSE + '[[event]]\nname = "a"\n', "what happens"),
    "event state": (COURSE + '[[event]]\nname = "a"\nadd = { K_x = 1.0 }\n', "no such quantity"),
    "axis": (COURSE + '[[batch]]\nname = "K_o"\nvalues = [1.0]\n', "did you mean 'initial.K_o'"),
    "axis range": (
        COURSE + '[[batch]]\nname = "P_K"\nlow = 2.0\nhigh = 1.0\ncount = 3\n',
        "low must be below high",
    ),
    "axis of an event": (COURSE + '[[batch]]\nname = "add.K_o"\nvalues = [1.0]\n', "only events"),
    "axis twice": (
        COURSE + '[[batch]]\nname = "P_K"\nvalues = ["1 nm/s"]\n[[batch]]\n'
        'name = "parameters.P_K"\nvalues = ["1 nm/s"]\n',
        "changed by batch[0] already",
    ),
    "short map": (
        '[map]\nx = { name = "P_K", values = ["1 nm/s"] }\nsettle = "1 s"\nobserve = "0.5 s"\n',
        "must be at least 3 s, the shortest seizure",
    ),
    "axis both": (COURSE + '[[batch]]\nname = "P_K"\nlow = 2.0\nvalues = [1.0]\n', "give values"),
    "no event": (THRESHOLD, "no event is named 'step'"),
    "not triggered": (
        NAGUMO + THRESHOLD.replace('30 mM"\ntol', '2 mM"\ntol'),
        "high = 2 mM does not trigger",
    ),
    "vary": (NAGUMO + THRESHOLD.replace("add.K_o", "add.V"), "vary = 'add.V'"),
    "condition": (NAGUMO + THRESHOLD.replace("above 30", "over 30"), 'write "above ..."'),
    "range": (
        '[membrane]\nmodel = "nagumo"\n[[continuation]]\nname = "K_rest"\n'
        'low = "5 mM"\nhigh = "9 mM"\n',
        "the value of the cell, 3 mM, is outside",
    ),
    "idle event": (NAGUMO + "[[steady]]\n", "event: has no effect without time"),
    "lasting state": (
        NAGUMO.replace("add =", 'duration = "1 s"\nadd =') + COURSE,
        "event[0].duration: has no effect without parameters",
    ),
    "idle scale": (
        NAGUMO + COURSE + '[[batch]]\nname = "A"\nvalues = [1.0]\nscale = "log"\n',
        "batch[0].scale: has no effect beside values",
    ),
    "many samples": ('[time]\nend = "1 h"\nevery = "1 us"\n', "3600000000 are too many"),
    "put": (
        COURSE + '[membrane]\nmodel = "huebel_dahlem"\n'
        '[[event]]\nname = "wash"\nstart = "1 s"\nput = { K_o = "0 mM" }\n',
        "event 'wash': put: huebel_dahlem has no finite rates with K_o = 0 mM",
    ),
    "field": ('[membrane]\nparameters = { P_K = { field = "a" } }\n' + COURSE, "not a field"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named(tmp_path, name, capsys):
    text, words = WRONG[name]
    config = tmp_path / "job.toml"
    config.write_text(text)
    assert main(["cell", str(config), "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "job.toml" in error
    assert "Traceback" not in error


def test_results_are_kept_unless_overwritten(tmp_path):
    job(tmp_path, NAGUMO + COURSE)
    with pytest.raises(ConfigError, match="--overwrite"):
        job(tmp_path, NAGUMO + COURSE)
    job(tmp_path, NAGUMO + COURSE, overwrite=True)
    (tmp_path / "out" / "cell.toml").unlink()
    with pytest.raises(ConfigError, match="holds no single-cell job"):
        job(tmp_path, NAGUMO + COURSE, overwrite=True)


@pytest.mark.parametrize("name", runs.cell_names())
def test_ready_jobs_can_be_used(name):
    lab = Laboratory(read_config(runs.path(name), (), CellConfig))
    assert lab.config.title
    for changes in lab.members():
        assert np.isfinite(lab.cell(changes).state).all()


def test_ready_jobs_are_copied(tmp_path):
    copied = api.copy("cell/pump_failure", tmp_path)
    assert copied.name == "pump_failure.toml"
    api.cell(copied, tmp_path / "out", ("time.end=2 s",), quiet=True)


def test_template_is_a_valid_job(tmp_path):
    assert job(tmp_path, api.template("cell"))["model"] == "pump_leak"

"""`ecs-model fit` from files to files: runs, cells, processes, units, and what is refused."""

import json
import re
from functools import partial

import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError, SolutionError
from ecs_model.run.tables import read_series
from ecs_model.scan import fit_report, fit_search
from ecs_model.scan.fit_data import Measured, wanted
from ecs_model.scan.fit_models import Course
from tests.helpers import launch, run_here

RUN = """
[mesh]
generator = "interval"
length = "0.5 mm"
cell = "25 um"
[tissue]
alpha = 0.2
tortuosity = 1.6
ions = ["K", "TMA"]
[membrane]
model = "none"
[[boundary]]
on = "left"
ion = "TMA"
bath = "1 mM"
[[probe]]
name = "deep"
at = ["0.2 mm"]
[time]
end = "30 s"
step = "0.5 s"
adaptive = false
[output]
fields = ["TMA_o"]
series = "1 s"
every = "30 s"
"""
CELL = """
[membrane]
model = "pump_leak"
[time]
end = "40 s"
every = "1 s"
[[event]]
name = "load"
start = "2 s"
add = { K_o = "8 mM" }
"""
LAMBDA = ["tissue.tortuosity=1.2 to 3"]
ALPHA = ["node.alpha=0.1 to 0.4"]
COLUMN = "TMA_o@deep"


def write_table(path, times, columns):
    """A CSV file of times, as their head has them, and columns, by their heads."""
    heads = ["t [s]", *columns] if not isinstance(times, tuple) else [times[0], *columns]
    times = times[1] if isinstance(times, tuple) else times
    rows = zip(times, *columns.values(), strict=True)
    path.write_text(
        "\n".join([",".join(heads), *(",".join(map(repr, map(float, r))) for r in rows)])
    )
    return path


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Times [s] and TMA+ [mM] of the run."""
    columns, _ = read_series(run_here(RUN, tmp_path_factory.mktemp("run") / "run").series)
    return columns["t"], columns[COLUMN]


@pytest.fixture
def place(tmp_path, course):
    """A folder with a run, a cell, and noisy data of the run."""
    (tmp_path / "run.toml").write_text(RUN)
    (tmp_path / "cell.toml").write_text(CELL)
    noise = 0.01 * np.random.default_rng(1).standard_normal(len(course[0]))
    write_table(tmp_path / "data.csv", course[0], {f"{COLUMN} [mM]": course[1] + noise})
    return tmp_path


def test_a_run_is_fitted_and_written(place):
    looks = {"formats": ["png", "svg"], "theme": "dark"}
    found, paths = api.fit(place / "run.toml", place / "data.csv", LAMBDA, place / "out", **looks)
    low, high = found.estimate.intervals["tissue.tortuosity"]
    assert low < 1.6 < high and high - low < 0.1
    assert fit_report.undecided(found) == {}
    made = json.loads((place / "out/fit.json").read_text())
    entry = made["parameters"]["tissue.tortuosity"]
    assert made["decided"] and entry["interval"] == [low, high] and entry["unit"] == "1"
    assert made["columns"][COLUMN]["noise"] == pytest.approx(0.01, rel=0.4)
    written = ["fit.csv", "fit.json", "fit.log", "fit_dark.png", "fit_dark.svg"]
    assert sorted(path.name for path in paths) == written
    table, units = read_series(place / "out/fit.csv")
    assert units[f"band low {COLUMN}"] == "mM"
    assert (table[f"band low {COLUMN}"] <= table[f"fitted {COLUMN}"]).all()
    np.testing.assert_allclose(
        table[COLUMN] - table[f"fitted {COLUMN}"], table[f"residual {COLUMN}"], atol=1e-8
    )
    assert (place / "out/fit_dark.png").stat().st_size > 10_000


def test_units_of_the_data_are_those_of_its_head(place, course):
    """Minutes and micromolar, at other times than rows have, with an electrode's offset."""
    times, values = course[0][:-1] + 0.5, np.interp(course[0][:-1] + 0.5, *course)
    data = write_table(
        place / "other.csv", ("time (min)", times / 60), {f"{COLUMN} [uM]": 1e3 * values + 70}
    )
    options = {"intervals": "slopes", "offset": True}
    found, _ = api.fit(place / "run.toml", data, LAMBDA, place / "out", **options)
    assert found.estimate.values["tissue.tortuosity"] == pytest.approx(1.6, rel=1e-3)
    assert found.offsets[COLUMN] == pytest.approx(0.07, abs=1e-4)


def test_two_columns_are_weighed_by_their_own_noise(place):
    """V, measured in volts, is noisy, K+ is not: the fit follows K+, and says both noises."""
    api.cell(place / "cell.toml", place / "cell", quiet=True)
    columns = np.genfromtxt(place / "cell/course.csv", delimiter=",", names=True)
    rng, times = np.random.default_rng(2), columns["time_s"]
    potassium = columns["K_o_mM"] + 0.05 * rng.standard_normal(len(times))
    volts = 1e-3 * (columns["V_mV"] + 20 * rng.standard_normal(len(times)))
    both = write_table(place / "b.csv", times, {"K_o [mM]": potassium, "V [V]": volts})
    found, _ = api.fit(place / "cell.toml", both, ALPHA, place / "out", intervals="slopes")
    low, high = found.estimate.intervals["node.alpha"]
    assert low < 0.2 < high and high - low < 0.01
    assert found.units["V"] == "mV" and found.weights["V"] == pytest.approx(20, rel=0.3)
    assert found.weights["K_o"] == pytest.approx(0.05, rel=0.3)


def test_what_is_not_decided_ends_with_3_and_is_the_same_on_two_processes(place):
    """How fast TMA+ comes from a bath does not tell alpha."""
    alpha = "tissue.alpha=0.1 to 0.4"
    where = [place / "run.toml", place / "data.csv"]
    done = launch(2, "fit", *where, "--vary", alpha, "-o", place / "out2")
    assert done.returncode == 3, done.stderr
    words = "WARNING: the data do not decide tissue.alpha: all that was allowed fits, 0.1 to 0.4"
    assert words in done.stdout
    api.fit(*where, [alpha], place / "out1")
    made = [json.loads((place / f"out{n}/fit.json").read_text()) for n in (1, 2)]
    assert not made[0]["decided"] and made[0]["parameters"]["tissue.alpha"]["why"]
    first, second = (m["columns"][COLUMN]["noise"] for m in made)
    assert first == pytest.approx(second, rel=1e-6) == pytest.approx(0.01, rel=0.4)


def decaying(settings, times):
    """A Course that decays, unless its rate is too high to be computed."""
    if (rate := settings["rate"]) > 3:
        raise SolutionError("is not finite")
    return Course(times, {"x": np.exp(-rate * times)}, {"x": "mM"})


def task(vary, times, monkeypatch):
    """A Task to find the rate 1 of a decay; every run is told of."""
    monkeypatch.setattr(fit_search, "PATIENCE", 0.0)
    values = np.exp(-times) + 0.01 * np.random.default_rng(5).standard_normal(len(times))
    return fit_search.Task(Measured("data", times, {"x": values}, {"x": "mM"}), wanted([vary]))


def test_runs_that_fail_are_far_from_the_data_and_counted(monkeypatch):
    times, told = np.linspace(0, 4, 40), []
    work = partial(decaying, times=times)
    fit = fit_search.fitted(
        fit_search.Bench(work, task("rate=0.1 to 30", times, monkeypatch), tell=told.append)
    )
    low, high = fit.estimate.intervals["rate"]
    assert low < 1 < high and high - low < 0.1
    assert 0 < fit.failed < fit.runs and fit.runs == len(told)
    assert any("could not be computed" in line for line in fit_report.lines(fit))


def test_a_range_in_which_all_runs_fail_is_said(monkeypatch):
    times = np.linspace(0, 4, 40)
    bench = fit_search.Bench(
        partial(decaying, times=times), task("rate=4 to 9", times, monkeypatch)
    )
    with pytest.raises(SolutionError, match="no run within the ranges could be computed: is not"):
        fit_search.fitted(bench)


ROWS = "t [s],TMA_o@deep [mM]\n" + "\n".join(f"{t},{0.01 * t * t}" for t in range(9))


@pytest.mark.parametrize(
    ("file", "text", "vary", "words"),
    [
        ("run", ROWS.replace("deep", "depp"), LAMBDA, "nothing of this name is recorded; did you"),
        ("run", ROWS.replace(" [mM]", ""), LAMBDA, "column 'TMA_o@deep' names no unit"),
        ("run", ROWS.replace("[mM]", "[mV]"), LAMBDA, "column 'TMA_o@deep': '1 mV' is a potential"),
        ("run", ROWS.replace("t [s]", "t"), LAMBDA, "the first column is the time"),
        ("run", ROWS.replace("t [s]", "x [um]"), LAMBDA, "the first column is the time"),
        ("run", ROWS.partition("\n")[2], LAMBDA, "needs a head that names its columns"),
        ("run", ROWS + "\n40,1", LAMBDA, "the time 40 s lies outside of the run, from 0 to 30 s"),
        ("run", ROWS.replace("\n4,", "\nnan,"), LAMBDA, "data.csv:6: needs 2 numbers"),
        ("run", ROWS.replace("\n4,", "\n3,"), LAMBDA, "times must grow from row to row"),
        ("run", "\n".join(ROWS.split("\n")[:2]), LAMBDA, "needs at least 3 points for 1 unknown"),
        ("run", re.sub(r",0\.\d+|,0\b", ",1", ROWS), LAMBDA, "all values are 1"),
        ("run", "t [s]\n1\n2\n3", LAMBDA, "has one column"),
        ("run", None, LAMBDA, "cannot be read as a table"),
        ("run", ROWS, [], "--vary: name what is looked for"),
        ("run", ROWS, ["tissue.alpha"], "--vary tissue.alpha: write it as KEY=LOW to HIGH"),
        ("run", ROWS, ["tissue.tortuosity=3 to 1"], "low = 3.0 must be below high = 1.0"),
        ("run", ROWS, LAMBDA * 2, "--vary tissue.tortuosity: is given twice"),
        ("run", ROWS, ["tissue.alfa=0.1 to 0.2"], "no such setting; did you mean 'alpha'?"),
        ("run", ROWS, ["tissue.alpha=0.1 to 2"], "--vary tissue.alpha: 2 cannot be: "),
        ("run", ROWS, ["tissue.D=1 to 2 mM"], "--vary tissue.D: 1 mM cannot be: "),
        ("run", ROWS, ["source.x.rate=1 to 2 mol/s"], "the run has no [[source]]"),
        ("run", ROWS, ["time.end=1 to 2 s"], "is no property of what was measured"),
        ("run", ROWS, ["mesh.cell=10 to 40 um"], "mesh.cell says how it is computed"),
        ("cell", ROWS, ["membrane.parameters.x=1 to 2"], "the model has no such quantity"),
        ("cell", ROWS, ALPHA, "column 'TMA_o@deep': nothing of this name is recorded"),
        ("none", ROWS, ALPHA, "no such file"),
    ],
)
def test_mistakes_are_named(tmp_path, file, text, vary, words):
    (tmp_path / "run.toml").write_text(RUN)
    (tmp_path / "cell.toml").write_text(CELL)
    if text is not None:
        (tmp_path / "data.csv").write_text(text)
    with pytest.raises(ConfigError, match=re.escape(words)):
        api.fit(tmp_path / f"{file}.toml", tmp_path / "data.csv", vary, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_taken_is_kept(place):
    (place / "taken").mkdir()
    (place / "taken/notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not empty and holds no fit"):
        api.fit(place / "run.toml", place / "data.csv", LAMBDA, place / "taken")
    (place / "taken/fit.json").write_text("{}")
    with pytest.raises(ConfigError, match="--overwrite replaces it"):
        api.fit(place / "run.toml", place / "data.csv", LAMBDA, place / "taken")
    with pytest.raises(ConfigError, match="--intervals: found 'none'; profile, slopes"):
        api.fit(place / "run.toml", place / "data.csv", LAMBDA, place / "o", intervals="none")


def test_a_cell_without_a_course_has_nothing_to_fit(place):
    steady = place / "steady.toml"
    steady.write_text('[membrane]\nmodel = "pump_leak"\n[[steady]]\nname = "rest"\n')
    with pytest.raises(ConfigError, match="time: a course is fitted"):
        api.fit(steady, place / "data.csv", ALPHA, place / "o")

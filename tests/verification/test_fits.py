"""Fits of runs and cells: how often intervals hold the truth, and what is not decided.

The courses of each problem are computed once, by the program, over a grid of what is looked for;
between them they are interpolated, so that hundreds of noisy data sets can be fitted.
"""

import itertools
from dataclasses import dataclass, field

from ecs_model.native import MPI

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from ecs_model.parallel import Alone
from ecs_model.scan import fit as fits
from ecs_model.scan import fit_report, fit_search
from ecs_model.scan.fit_data import Measured, wanted
from tests.helpers import found

LINE = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "25 um"
[tissue]
alpha = 0.2
tortuosity = 1.6
{ions}
[membrane]
model = "none"
{more}
[[probe]]
name = "a"
at = ["0.1 mm"]
[[probe]]
name = "b"
at = ["0.3 mm"]
[time]
end = "60 s"
step = "1 s"
adaptive = false
[output]
series = "1 s"
every = "60 s"
{output}
"""
BATH = '[[boundary]]\non = "left"\nbath = "8 mM"\n'
VESSELS = '[[vessels]]\nname = "blood"\nexchange = "0.05 1/s"\nblood = "4 mM"\n'
PULSE = """
[[source]]
name = "tma"
ion = "TMA"
region = "end"
amount = "2e-5 mol"
profile = { kind = "pulse", duration = "5 s" }
[[tissue.regions]]
name = "end"
box = { low = ["-1 um"], high = ["50 um"] }
"""
CELL = """
[membrane]
model = "pump_leak"
[time]
end = "60 s"
every = "1 s"
[[event]]
name = "load"
start = "5 s"
add = { K_o = "8 mM" }
"""
TMA = 'ions = ["K", "TMA"]'


@dataclass
class Problem:
    """Something to be found from courses, and what it is.

    Attributes:
        text: of the configuration.
        vary: what --vary has.
        truth: key -> value in the unit of its range.
        noise: column -> standard deviation in its unit.
        points: of the grid along every unknown.
        sets: of noisy courses that are fitted.
    """

    text: str
    vary: list
    truth: dict
    noise: dict
    points: int = 17
    sets: int = 150


LEAK = "membrane.parameters.P_K"
PROBLEMS = {
    "lambda of K+ that comes from a bath": Problem(
        LINE.format(ions="", more=BATH, output=""),
        ["tissue.tortuosity=1.2 to 2.4"],
        {"tissue.tortuosity": 1.6},
        {"K_o@a": 0.1, "K_o@b": 0.1},
    ),
    "alpha and lambda from a pulse of TMA+": Problem(
        LINE.format(ions=TMA, more=PULSE, output='fields = ["TMA_o"]'),
        ["tissue.alpha=0.1 to 0.4", "tissue.tortuosity=1.2 to 2.4"],
        {"tissue.alpha": 0.2, "tissue.tortuosity": 1.6},
        {"TMA_o@b": 0.01},
        7,
        60,
    ),
    "exchange with blood": Problem(
        LINE.format(ions="", more=BATH + VESSELS, output=""),
        ["vessels.blood.exchange=0.005 to 0.5 1/s"],
        {"vessels.blood.exchange": 0.05},
        {"K_o@a": 0.1},
    ),
    "alpha around a cell": Problem(
        CELL, ["node.alpha=0.1 to 0.4"], {"node.alpha": 0.2}, {"K_o": 0.3}
    ),
    "leak of K+ from K+ and V": Problem(
        CELL, [f"{LEAK}=3 to 30 nm/s"], {LEAK: 10.0}, {"K_o": 0.3, "V": 1.5}
    ),
}
UNDECIDED = {
    "lambda and D at once": Problem(
        LINE.format(ions="", more=BATH, output=""),
        ["tissue.tortuosity=1.2 to 2.4", "tissue.D=1e-9 to 4e-9 m^2/s"],
        {"tissue.tortuosity": 1.6, "tissue.D": 1.96e-9},
        {"K_o@a": 0.1, "K_o@b": 0.1},
        6,
    ),
    "alpha of K+ that comes from a bath": Problem(
        LINE.format(ions="", more=BATH, output=""),
        ["tissue.alpha=0.1 to 0.4"],
        {"tissue.alpha": 0.2},
        {"K_o@a": 0.1, "K_o@b": 0.1},
    ),
}
IN_LAYERS = Problem(
    LINE.format(
        ions=TMA,
        more="""
[[tissue.regions]]
name = "end"
box = { low = ["-1 um"], high = ["50 um"] }
[[tissue.regions]]
name = "deep"
box = { low = ["200 um"], high = ["2 mm"] }
alpha = 0.12
[[source]]
name = "sine"
ion = "TMA"
region = "end"
load = "1 mM/s"
profile = { kind = "table", file = "sine.csv" }
""",
        output='fields = ["TMA"]',
    ),
    ["tissue.regions.deep.alpha=0.05 to 0.3"],
    {"tissue.regions.deep.alpha": 0.12},
    {"TMA_o@a": 0.1, "TMA_o@b": 0.1},
    9,
)


@dataclass
class Tabulated:
    """Courses of a problem over a grid, in place of the Bench that runs it."""

    problem: Problem
    table: RegularGridInterpolator
    units: dict
    task: object = None
    courses: dict = field(default_factory=dict)
    failed: int = 0
    reason: str = ""

    def predicted(self, values):
        place = [np.log(values[key]) for key in self.problem.truth]
        columns = np.split(self.table(place)[0], len(self.problem.noise))
        return dict(zip(self.problem.noise, columns, strict=True))


def tabulated(problem, folder):
    """The Tabulated of a problem, whose grid the program computes."""
    (path := folder / "problem.toml").write_text(problem.text)
    comm = Alone() if fits.is_of_cell(path) else MPI.COMM_SELF
    model, looked = fits.model_of(path, comm), wanted(problem.vary)
    axes = [np.geomspace(one.range.low, one.range.high, problem.points) for one in looked]
    rows = []
    for values in itertools.product(*axes):
        settings = {one.key: one.setting(v) for one, v in zip(looked, values, strict=True)}
        course = model.course(settings)
        rows.append(np.concatenate([course.columns[name] for name in problem.noise]))
    shape = [len(axis) for axis in axes]
    table = RegularGridInterpolator(
        [np.log(axis) for axis in axes], np.reshape(rows, (*shape, -1)), method="cubic"
    )
    known = Tabulated(problem, table, course.units)
    known.times = course.times
    return known


def fitted(known, seed, intervals="profile"):
    """The Fit of noisy courses of the truth."""
    problem, rng = known.problem, np.random.default_rng(seed)
    truth = known.predicted(problem.truth)
    columns = {
        name: truth[name] + sd * rng.standard_normal(len(known.times))
        for name, sd in problem.noise.items()
    }
    units = {name: known.units[name] for name in columns}
    measured = Measured("data", known.times, columns, units)
    known.task = fit_search.Task(measured, wanted(problem.vary), False, intervals)
    return fit_search.fitted(known)


def shares(known, count):
    """Key -> share of fits whose interval holds the truth."""
    truth, hits = known.problem.truth, dict.fromkeys(known.problem.truth, 0)
    for seed in range(count):
        fit = fitted(known, seed)
        assert not fit_report.undecided(fit)
        for key, (low, high) in fit.estimate.intervals.items():
            hits[key] += low <= truth[key] <= high
    return {key: hit / count for key, hit in hits.items()}


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", PROBLEMS)
def test_intervals_hold_the_truth_as_often_as_they_say(name, times, tmp_path):
    """Give or take three standard deviations of such a count."""
    known = tabulated(PROBLEMS[name], tmp_path)
    count = times * known.problem.sets
    within = 3 * np.sqrt(0.95 * 0.05 / count)
    for key, share in shares(known, count).items():
        what = f"fit, {name}: share of {count} intervals of {key.rpartition('.')[2]} with the truth"
        found(what, share, 0.95, within, source="what the courses were made with")


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_courses_cannot_tell_is_not_told(name, tmp_path):
    known = tabulated(UNDECIDED[name], tmp_path)
    for kind in fit_search.INTERVALS:
        fit = fitted(known, 0, kind)
        assert fit_report.undecided(fit).keys() == known.problem.truth.keys(), kind
    pairs = {pair[:2] for pair in fit_report.alike(fit)}
    assert pairs == ({("tissue.tortuosity", "tissue.D")} if "at once" in name else set())


def test_a_problem_that_is_decided_is_not_called_undecided(tmp_path):
    """And its interval is that of the slopes where the noise is small."""
    known = tabulated(PROBLEMS["alpha around a cell"], tmp_path)
    by_profile, by_slopes = (fitted(known, 0, kind) for kind in fit_search.INTERVALS)
    assert not fit_report.undecided(by_profile)
    low, high = by_profile.estimate.intervals["node.alpha"]
    assert by_profile.estimate.values["node.alpha"] == pytest.approx(0.2, rel=0.03)
    assert by_slopes.estimate.intervals["node.alpha"] == pytest.approx(
        (low, high), abs=0.02 * (high - low)
    )


def test_a_layer_is_found_from_a_source_that_is_a_sine(tmp_path):
    """A source follows any course in time that a table has, as does what is measured from it."""
    rows = (f"{t},{1 + np.sin(np.pi * t / 10):.6f}" for t in range(61))
    (tmp_path / "sine.csv").write_text("\n".join(rows))
    fit = fitted(tabulated(IN_LAYERS, tmp_path), 0)
    low, high = fit.estimate.intervals["tissue.regions.deep.alpha"]
    assert low < 0.12 < high < 1.1 * low

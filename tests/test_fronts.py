"""Fronts on lines: each has its speed, width and fate; where there is none, no number."""

import math
import re

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.physics import fronts
from ecs_model.run import line_fronts
from ecs_model.tissue.mesh import Mesh
from tests.helpers import brick, found, launch, run_here, summary
from tests.verification.fronts import exact_speed

WIDTH = 42.692  # um, 10 to 90 % of the nagumo front
X = np.linspace(0.0, 1e-3, 201)
ALONG = np.array([1.0, 0.0, 0.0])


def slowness(arrival):
    return np.column_stack([np.gradient(arrival, X), 0 * X, 0 * X])


def lines(arrival):
    return [(w.sign, len(w.points)) for w in fronts.ways(arrival, slowness(arrival), ALONG)]


def test_ways_are_told_apart():
    way = X / 5e-5
    assert lines(way) == [(1, 201)]
    assert lines(way[::-1]) == [(-1, 201)]
    meeting, starting = np.minimum(way, way[::-1]), np.abs(X - 3e-4) / 5e-5 + 1.0
    assert [sign for sign, _ in lines(meeting)] == [1, -1]
    assert [sign for sign, _ in lines(starting)] == [-1, 1]
    assert lines(np.full_like(X, np.nan)) == []


def test_where_no_front_came_a_way_ends():
    arrival = X / 5e-5
    arrival[90:110] = np.nan
    assert lines(arrival) == [(1, 89), (1, 90)]


@pytest.mark.parametrize("d", [1, 2, 3])
def test_gradients_are_those_of_linear_functions(d):
    rng = np.random.default_rng(3)
    corners, slope = rng.random((7, d + 1, d)), rng.random(d)
    ours = fronts.gradients(corners, corners @ slope + 2.0)
    np.testing.assert_allclose(ours, np.broadcast_to(slope, (7, d)), atol=1e-9)


def test_a_front_that_stops_and_one_that_the_end_of_the_run_cuts_off():
    arrival, rise = X / 5e-5, np.full_like(X, 0.8)
    arrival[120:] = np.nan
    (way,) = fronts.ways(arrival, slowness(arrival), ALONG)
    assert math.isnan(fronts.stop(way, X, arrival, rise, arrival[119] + 1.0))
    assert fronts.stop(way, X, arrival, rise, arrival[119] + 60.0) == X[119]


def test_a_front_that_comes_back_and_one_that_follows():
    arrival = X / 5e-5
    (way,) = fronts.ways(arrival, slowness(arrival), ALONG)
    assert fronts.returning(way, np.full_like(X, np.nan)) == 0
    assert fronts.returning(way, 100.0 + arrival) == 1
    assert fronts.returning(way, 100.0 - arrival) == -1


def test_tissue_that_rises_at_once_has_no_front():
    arrival = 5.0 + 1e-3 * X / X[-1]
    (way,) = fronts.ways(arrival, slowness(arrival), ALONG)
    assert fronts.is_sudden(way, arrival, slowness(arrival), np.full_like(X, 0.5), 1e-3)


TEXT = """
[mesh]
generator = "interval"
length = "1.2 mm"
cell = "8 um"
[tissue]
D = "1.96e-9 m^2/s"
[[tissue.regions]]
name = "start"
box = {{ low = ["{low} mm"], high = ["{high} mm"] }}
initial = {{ K_o = 55 }}
{more}
[membrane]
model = "nagumo"
[[line]]
name = "along"
start = ["0 mm"]
end = ["1.2 mm"]
points = 151
[[line]]
name = "back"
start = ["1.2 mm"]
end = ["0 mm"]
points = 151
[time]
end = "{end} s"
step = "20 ms"
tolerance = "0.2 mM"
[output]
every = "{end} s"
series = "{every} s"
"""
OTHER = (
    '[[tissue.regions]]\nname = "other"\nbox = { low = ["1.1 mm"], high = ["2 mm"] }\n'
    "initial = { K_o = 55 }\n"
)
CASES = {  # low, high, more, end, interval of series, signs of the fronts, words of the note
    "one": (-1, 0.1, "", 20, 20, [1], ""),
    "one, long after": (-1, 0.1, "", 50, 2, [1], ""),
    "one, towards the start": (1.1, 2, "", 20, 10, [-1], ""),
    "two that meet": (-1, 0.1, OTHER, 20, 4, [1, -1], "two fronts meet at 0.6"),
    "one that starts in the middle": (
        0.5,
        0.6,
        "",
        14,
        7,
        [-1, 1],
        "fronts start both ways at 0.55",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fronts_on_a_line(tmp_path, name):
    low, high, more, end, every, signs, words = CASES[name]
    text = TEXT.format(low=low, high=high, more=more, end=end, every=every)
    run = summary(run_here(text, tmp_path / "run"))["fronts"]
    ours, back = run["along"], run["back"]
    parts = ours["parts"] or [ours]
    assert [np.sign(p["speed_mm_per_min"]) for p in parts] == signs
    for part in parts:
        speed, width = abs(part["speed_mm_per_min"]), part["width_um"]
        found(f"nagumo, {name}: speed", speed, exact_speed("nagumo"), 0.003, "mm/min", rel=True)
        found(f"nagumo, {name}: width", width, WIDTH, 0.01, "um", rel=True)
        assert part["speed_spread"] < 0.01 and part["width_spread"] < 0.01
    _, what, place = re.fullmatch(r"((.*) at ([0-9.]+) mm; .*)?", ours["note"]).groups()
    assert f"{what} at" == " ".join(words.split()[:-1]) if words else ours["note"] == ""
    assert not words or float(place) == pytest.approx(float(words.split()[-1]), abs=0.009)
    assert (ours["speed_mm_per_min"] is None) == (len(signs) > 1)
    if len(signs) == 1:
        assert back["speed_mm_per_min"] == pytest.approx(-ours["speed_mm_per_min"], rel=1e-6)
        assert back["width_um"] == pytest.approx(ours["width_um"], rel=1e-6)


PLANE = """
[mesh]
generator = "rectangle"
size = ["0.5 mm", "0.3 mm"]
cell = "12 um"
unstructured = true
[tissue]
D = "1.96e-9 m^2/s"
[[tissue.regions]]
name = "start"
box = { low = ["-1 um", "-1 um"], high = ["0.1 mm", "1 mm"] }
initial = { K_o = 55 }
[membrane]
model = "nagumo"
[time]
end = "11 s"
step = "20 ms"
tolerance = "0.2 mM"
[output]
every = "11 s"
[[line]]
name = "straight"
start = ["0.12 mm", "0.15 mm"]
end = ["0.5 mm", "0.15 mm"]
[[line]]
name = "oblique"
start = ["0.15 mm", "0 mm"]
end = ["0.45 mm", "0.3 mm"]
[[line]]
name = "across"
start = ["0.3 mm", "0 mm"]
end = ["0.3 mm", "0.3 mm"]
"""


def test_the_speed_of_a_plane_front_does_not_depend_on_the_line(tmp_path):
    run = summary(run_here(PLANE, tmp_path / "run"))["fronts"]
    for name in ("straight", "oblique"):
        speed = run[name]["speed_mm_per_min"]
        found(f"nagumo, {name} line: speed", speed, exact_speed("nagumo"), 0.01, "mm/min", rel=True)
    assert run["straight"]["note"] == ""
    assert run["oblique"]["angle_degrees"] == pytest.approx(45.0, abs=1.0)
    assert "crosses the line at 45 degrees" in run["oblique"]["note"]
    assert run["across"]["speed_mm_per_min"] is run["across"]["speed_spread"] is None
    assert "meets the line at once" in run["across"]["note"]
    widths = [run[name]["width_um"] for name in ("straight", "oblique", "across")]
    np.testing.assert_allclose(widths, widths[0], rtol=0.02)


def test_several_processes_find_the_same_fronts(tmp_path):
    config = tmp_path / "run.toml"
    even = 'model = "nagumo"\nsubsteps = 2'  # those of blocks of nodes follow the parts of the mesh
    config.write_text(PLANE.replace('model = "nagumo"', even))
    made = []
    for n in (1, 2):
        done = launch(n, "run", config, "-o", tmp_path / str(n), "--quiet")
        assert done.returncode == 0, done.stderr
        made.append(
            summary(type("Run", (), {"summary": tmp_path / str(n) / "summary.json"}))["fronts"]
        )
    for name, one in made[0].items():
        for key in ("speed_mm_per_min", "width_um", "angle_degrees"):
            other, within = made[1][name][key], {"angle_degrees": 0.01}.get(key, 1e-6)
            close = other if other is None else pytest.approx(other, rel=1e-5, abs=within)
            assert one[key] == close
        assert one["note"] == made[1][name]["note"]


def test_tissue_lit_everywhere_and_never(tmp_path):
    text = TEXT.format(low=-1, high=0.1, more="", end=2, every=2)
    none = summary(run_here(text, tmp_path / "none", "tissue.regions=[]"))["fronts"]["along"]
    assert none["speed_mm_per_min"] is none["width_um"] is None
    assert none["note"] == "no front came" and none["arrived"] == 0.0
    lit = [
        'membrane.initial={K_o="30 mM"}',
        "detect.front=40 mM",
        "tissue.regions=[]",
        "time.end=6 s",
    ]
    every = summary(run_here(text, tmp_path / "all", *lit, "output.every=6 s"))["fronts"]["along"]
    assert every["arrived"] == 1.0 and every["speed_mm_per_min"] is None
    assert "everywhere at once" in every["note"]


@pytest.mark.parametrize("d", [1, 2, 3])
def test_slowness_is_known_around_nodes_that_a_front_passed_since_the_start(d):
    """Exactly, of a plane front; not where it was there from the start or never came."""
    mesh = Mesh(MPI.COMM_SELF, brick([10] * d, np.full(d, 1e-3)))
    x = mesh.coordinates[: mesh.owned, 0]
    arrival = np.where(x < 0.25e-3, 0.0, np.where(x > 0.75e-3, np.nan, x / 5e-5))
    slow = line_fronts.slowness(mesh, arrival)
    passed = (x > 0.25e-3) & (x < 0.75e-3)
    np.testing.assert_allclose(
        slow[passed], np.broadcast_to([2e4, 0, 0], (passed.sum(), 3)), atol=1e-6
    )
    assert np.isnan(slow[~passed]).all() and 0.3 < passed.mean() < 0.6


def test_what_some_cells_hold_is_what_all_hold_where_the_others_are_empty():
    """Of a sheet, too, as thick as it is in every cell."""
    mesh = Mesh(MPI.COMM_SELF, brick([6, 5], (1e-3, 1e-3)))
    rng = np.random.default_rng(3)
    mesh.thickness = rng.uniform(1.0, 2.0, mesh.cells)
    mesh.__dict__["cell_volumes"] = mesh.cell_volumes * mesh.thickness
    values, some = rng.uniform(1.0, 2.0, mesh.cells), np.flatnonzero(rng.random(mesh.cells) < 0.4)
    others = np.setdiff1d(np.arange(mesh.cells), some)
    expected = mesh.spread_cells(np.where(np.isin(np.arange(mesh.cells), others), 0.0, values))
    np.testing.assert_allclose(mesh.spread_some(some, values[some]), expected, rtol=1e-14)

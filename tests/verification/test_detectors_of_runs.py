"""Verdicts, arrivals, durations and maxima are those of the curve, whatever steps and intervals."""

import numpy as np
import pytest

from ecs_model.run import runner
from ecs_model.run.field_series import read_maps
from tests.helpers import run_here, summary
from tests.verification.answers import EFFECTIVE, TISSUES

RISE, UPTAKE, START, END = 6.0, 0.2, 2.0, 6.0  # mM/s, 1/s, s, s
WAYS = {
    "adaptive": ["time.step=10 ms"],
    "fixed": ["time.step=50 ms", "time.adaptive=false"],
    "rkl2": ["time.step=10 ms", "solver.scheme=rkl2"],
}


def curve(t):
    """K+ [mM] of a tissue that is loaded everywhere from START to END and takes K+ up."""
    rise = lambda u: RISE / UPTAKE * (1 - np.exp(-UPTAKE * np.maximum(u, 0.0)))  # noqa: E731
    return 3 + rise(t - START) - rise(t - END)


def crossing(level):
    """Times [s] at which the curve reaches a level and falls below it."""
    up = START - np.log(1 - UPTAKE * (level - 3) / RISE) / UPTAKE
    return up, END + np.log((curve(END) - 3) / (level - 3)) / UPTAKE


def loaded(d, high, more=""):
    """A run in which K+ follows the curve up to `high` mm along x."""
    corner = ", ".join([f'"{high} mm"', *['"1 mm"'] * (d - 1)])
    low = ", ".join(['"-1 um"'] * d)
    return f"""{TISSUES[d]}
[membrane]
model = "threshold_release"
parameters = {{ r = 0.0, k = {UPTAKE} }}
tolerance = 1e-6
[[tissue.regions]]
name = "there"
box = {{ low = [{low}], high = [{corner}] }}
{more}
[[source]]
name = "load"
region = "there"
load = "{RISE} mM/s"
profile = {{ kind = "pulse", start = "{START} s", duration = "{END - START} s" }}
[time]
end = "16 s"
"""


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("interval", ["16 s", "4 s", "0.5 s"])
@pytest.mark.parametrize("front", [5.0, 12.0, 18.0])
def test_arrival_and_duration_are_those_of_the_curve(tmp_path, steps, interval, front):
    every = [f"output.every={interval}", f"output.series={interval}", f"detect.front={front} mM"]
    found = summary(run_here(loaded(1, 1), tmp_path / "run", *WAYS[steps], *every))
    up, down = np.minimum(crossing(front), 16.0)
    assert found["ignited"]["verdict"] is True
    assert found["ignited"]["time_s"] == pytest.approx(up, abs=0.02)
    assert found["duration_s"] == pytest.approx(down - up, abs=0.05)
    assert found["max_K_o"] == pytest.approx(curve(END), rel=2e-3)
    assert found["end_K_o"] == pytest.approx(curve(16.0), rel=2e-3)


@pytest.mark.parametrize("level", [15.0, 19.0, 19.4, 20.0, 25.0])
@pytest.mark.parametrize("steps", ["adaptive", "fixed"])
def test_verdicts_and_margins_are_those_of_the_maximum(tmp_path, level, steps):
    """The curve reaches 19.52 mM: yes below, no above, and the margin is the logarithm."""
    text = loaded(2, 1) + f'[detect]\nload = "{level} mM"\nsd = "{level} mM"\n'
    found = summary(run_here(text, tmp_path / "run", *WAYS[steps]))
    for name in ("load", "sd"):
        assert found[name]["verdict"] == (curve(END) > level)
        assert found[name]["margin"] == pytest.approx(np.log(curve(END) / level), abs=2e-3)


@pytest.mark.parametrize(("high", "share"), [(0.2, 0.45), (0.12, 0.25), (0.36, 0.85)])
def test_the_share_of_tissue_that_was_reached(tmp_path, high, share):
    """With very slow diffusion: the nodes within; the one between gets half the load, 11 mM."""
    text = loaded(1, high) + '[detect]\nfraction = 0.2\nsd = "15 mM"\n'
    found = summary(run_here(text, tmp_path / "run", *WAYS["adaptive"], "tissue.D=1e-12 m^2/s"))
    assert found["recruited"] == pytest.approx(share, rel=1e-9)
    assert found["sd"]["verdict"] is True
    assert found["duration_s"] == pytest.approx(np.diff(crossing(12.0))[0], abs=0.05)
    text = text.replace("fraction = 0.2", f"fraction = {share + 0.06}")
    found = summary(run_here(text, tmp_path / "run", *WAYS["adaptive"], "tissue.D=1e-12 m^2/s"))
    assert found["sd"]["verdict"] is False


@pytest.mark.parametrize("d", [1, 2, 3])
def test_what_is_not_reached_has_no_time(tmp_path, d):
    found = summary(run_here(loaded(d, 1) + '[detect]\nfront = "20 mM"\n', tmp_path / "run"))
    assert found["ignited"]["verdict"] is False
    assert found["ignited"]["time_s"] is None
    assert found["duration_s"] is None
    assert found["recruited"] == 0.0


FRONT = """
[mesh]
generator = "interval"
length = "2 mm"
cell = "10 um"
[membrane]
model = "nagumo"
[[tissue.regions]]
name = "start"
box = { low = ["-1 um"], high = ["0.2 mm"] }
initial = { K_o = "55 mM" }
[[line]]
name = "way"
start = ["0 mm"]
end = ["2 mm"]
[time]
end = "30 s"
"""


@pytest.mark.parametrize("interval", ["30 s", "10 s", "1 s"])
def test_a_front_arrives_when_the_exact_one_does(tmp_path, interval):
    """Nagumo: the share of tissue behind the front grows at the exact speed."""
    shares, times = [0.4, 0.8], []
    for share in shares:
        every = [f"output.every={interval}", f"output.series={interval}"]
        found = summary(run_here(FRONT, tmp_path / "run", *every, f"detect.spread={share}"))[
            "ignited"
        ]
        times.append(found["time_s"])
    # shares are of the tissue that was not stimulated, 1.8 mm
    speed = 0.4 * 1.8e-3 / (times[1] - times[0])
    exact = np.sqrt(6e-3 * EFFECTIVE / 2) * (3 + 55 - 2 * 12)
    assert speed == pytest.approx(exact, rel=0.01)


JUMP = """
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "10 um"
[membrane]
model = "none"
[[boundary]]
on = "left"
bath = "20 mM"
before = "3 mM"
profile = { kind = "pulse", start = "10 s", duration = "4 s" }
[time]
end = "20 s"
"""


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("interval", ["10 s", "5 s", "2 s", "0.5 s"])
def test_a_bath_that_jumps_arrives_and_leaves_when_it_jumps(tmp_path, steps, interval):
    """Only the node at the bath comes to 19.9 mM: its neighbours follow to 18 mM."""
    every = [f"output.every={interval}", f"output.series={interval}", "detect.front=19.9 mM"]
    run = run_here(JUMP, tmp_path / "run", *WAYS[steps], *every)
    arrival = read_maps(run.path)[0]["arrival_K_o"]
    assert arrival[0] == pytest.approx(10.0, abs=1e-9) and np.isnan(arrival[1:]).all()
    assert summary(run)["duration_s"] == pytest.approx(4.0, abs=0.01)  # a tick


@pytest.mark.parametrize("steps", WAYS)
def test_a_bath_that_jumps_at_the_end_has_not_jumped(tmp_path, steps):
    text = JUMP.replace('end = "20 s"', 'end = "10 s"').replace('"20 mM"', '"50 mM"')
    found = summary(run_here(text, tmp_path / "run", *WAYS[steps]))
    assert found["sd"]["verdict"] is found["load"]["verdict"] is False
    assert found["max_K_o"] == pytest.approx(3.0) and found["duration_s"] is None
    longer = run_here(text, tmp_path / "whole", *WAYS[steps], "time.end=20 s")
    (tmp_path / "a.toml").write_text(text)
    runner.run(tmp_path / "a.toml", tmp_path / "a", None, WAYS[steps], quiet=True)
    assert runner.resume(tmp_path / "a", quiet=True, overrides=["time.end=20 s"]) == 0
    assert read_maps(tmp_path / "a")[0]["arrival_K_o"][0] == pytest.approx(10.0, abs=1e-9)
    assert read_maps(longer.path)[0]["arrival_K_o"][0] == pytest.approx(10.0, abs=1e-9)

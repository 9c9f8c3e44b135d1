"""What a scan is made of, without any run: ranges, points, searches, the border, Sobol indices."""

import json

import numpy as np
import pytest

from ecs_model.config.reader import parse_config
from ecs_model.errors import ConfigError
from ecs_model.scan import adaptive, points, sensitivity
from ecs_model.scan.axes import Axis
from ecs_model.scan.config import ScanConfig, beside
from ecs_model.scan.local import fitting
from ecs_model.scan.ranges import Range
from ecs_model.scan.threshold import search


def test_a_grid_has_all_combinations():
    axes = [
        Axis(key="alpha", values=[0.1, 0.2]),
        Axis(key="D", low="1 um^2/ms", high="3 um^2/ms", count=3),
    ]
    found = points.grid(axes)
    assert [p.labels["D"] for p in found] == [1.0, 2.0, 3.0] * 2
    assert found[1].settings == {"tissue.alpha": 0.1, "tissue.D": "2 um^2/ms"}
    assert len({p.id for p in found}) == 6


def test_ends_in_other_units_and_in_logs():
    found = Range.between("100 um", "1 mm", "log")
    assert found.grid(3) == pytest.approx([100, 100 * np.sqrt(10), 1000], rel=1e-9)
    assert found.written(found.number(1.0)) == "1000 um"
    assert found.share(found.number(0.3)) == pytest.approx(0.3, abs=1e-9)


def test_values_in_several_units_are_shown_in_that_of_the_first():
    axis = Axis(key="mesh.length", values=["100 um", "1 mm", "0.1 mm"])
    assert [p.labels["mesh.length"] for p in points.values(axis)] == [100, 1000]
    assert points.values(axis)[1].settings == {"mesh.length": "1 mm"} and points.unit(axis) == "um"


def test_values_that_no_unit_covers_stay_texts():
    axis = Axis(key="tissue.tortuosity", values=[1.6, "1 mm"])
    assert [*points.values(axis)[1].labels.values()] == ["1 mm"] and points.unit(axis) is None


def test_a_state_sets_alpha_and_tortuosity():
    (point,) = points.values(Axis(states=["ischemia"]))
    assert point.settings == {"tissue.alpha": 0.07, "tissue.tortuosity": 1.88}
    assert point.labels == {"state": "ischemia"}


def fit(path, **changes):
    made = {
        "alpha": 0.21,
        "tortuosity": 1.55,
        "curve": "cortex.csv",
        "decided": True,
        "complaints": ["alpha may be anything"],
    }
    path.write_text(json.dumps(made | changes))


def test_a_fitted_curve_is_a_state(tmp_path):
    fit(tmp_path / "mine.fit.json")
    text = 'base = "front_nagumo"\n[[axis]]\nstates = ["cortex", "mine.fit.json"]\n'
    scan = beside(parse_config(text, "scan.toml", (), ScanConfig), tmp_path)
    _, mine = points.values(scan.axis[0])
    assert mine.settings == {"tissue.alpha": 0.21, "tissue.tortuosity": 1.55}
    assert mine.labels == {"state": "mine"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decided": False}, "could not decide: alpha may be anything"),
        ({"alpha": "wide"}, "is no fit that"),
    ],
)
def test_a_curve_that_does_not_decide_is_no_state(tmp_path, changes, words):
    fit(tmp_path / "mine.json", **changes)
    with pytest.raises(ConfigError, match=words):
        points.values(Axis(states=[str(tmp_path / "mine.json")]))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_search_brackets_the_threshold_from_either_side(sign, scale):
    tried = []

    def margin(number):
        tried.append(number)
        return sign * (number - 3.21)

    found = search(Range.between(1, 9, scale), 0.01, margin)
    assert found.state == "found"
    assert found.low <= 3.21 <= found.high
    assert found.high - found.low <= 0.01 * found.value
    assert sign * (found.igniting - 3.21) >= 0
    assert found.trials == len(tried) == len({*tried}) < 13


@pytest.mark.parametrize(("level", "state"), [(1.0, "always"), (-1.0, "never")])
def test_a_search_says_where_there_is_no_threshold(level, state):
    found = search(Range.between(1, 9, "linear"), 0.01, lambda number: level)
    assert (found.state, found.trials) == (state, 2)
    assert np.isnan(found.value)


def wavy(u):
    """A wavy border and an island in the unit square."""
    x, y = u.T
    return np.maximum(0.25 * np.sin(6 * y) + 0.45 - x, 0.14 - np.hypot(x - 0.85, y - 0.3))


def straight(u):
    return 0.55 - u[:, 0] + 0.2 * u[:, 1]


def all_or_none(margin):
    """As the margin of a front: which side, but not how far from the border."""
    return lambda u: np.where(margin(u) >= 0, 1.0, -1.0)


def refined(margin, runs):
    places = adaptive.start(2, 4)
    while len(places) < runs:
        more = adaptive.wave(places, margin(places), min(8, runs - len(places)), 0.25, 0.01)
        places = np.concatenate([places, more])
    return places


def misclassified(margin, places):
    fine = adaptive.start(2, 150)
    found = adaptive.interpolated(places, margin(places), fine)
    return np.mean((found >= 0) != (margin(fine) >= 0))


@pytest.mark.parametrize(("margin", "gain"), [(straight, 8), (wavy, 4)], ids=["straight", "wavy"])
def test_the_border_needs_far_fewer_runs_than_a_grid(margin, gain):
    jumps = all_or_none(margin)
    by_grid = misclassified(jumps, adaptive.start(2, 28))
    assert misclassified(jumps, refined(jumps, 28**2 // gain)) <= by_grid


@pytest.mark.parametrize("margin", [straight, wavy])
def test_the_estimate_is_near_the_truth_where_verdicts_jump(margin):
    jumps = all_or_none(margin)
    for runs in (32, 64, 128):
        places = refined(jumps, runs)
        border = adaptive.border(places, jumps(places))
        truth = misclassified(jumps, places)
        assert border.misclassified == pytest.approx(truth, rel=0.3)
        assert truth < border.uncertain


def test_a_wave_follows_from_the_runs_alone():
    places = refined(wavy, 40)
    again = np.random.default_rng(0).permutation(40)
    first, second = (adaptive.wave(p, wavy(p), 8, 0.25, 0.01) for p in (places, places[again]))
    assert np.allclose(first[np.lexsort(first.T)], second[np.lexsort(second.T)])


def test_waves_pass_failed_runs_and_work_in_one_and_three_dimensions():
    for dimension in (1, 3):
        places = adaptive.start(dimension, 4)
        margins = 0.5 - places.sum(axis=1) / dimension
        margins[1] = np.nan
        more = adaptive.wave(places, margins, 6, 0.25, 0.01)
        assert 0 < len(more) <= 6
        assert np.linalg.norm(more[:, None] - places, axis=-1).min() >= 0.01


def test_sobol_indices_of_the_ishigami_function():
    names, samples = ["x1", "x2", "x3"], 1024
    x = np.pi * (2 * sensitivity.design(names, samples, 1, True) - 1)
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    found = sensitivity.indices(names, y, True, 1)
    exact = {"x1": (0.3139, 0.5576), "x2": (0.4424, 0.4424), "x3": (0.0, 0.2437)}
    for name, (first, total) in exact.items():
        ours = found["parameters"][name]
        assert ours["S1"] == pytest.approx(first, abs=max(0.02, ours["S1_conf"]))
        assert ours["ST"] == pytest.approx(total, abs=max(0.02, ours["ST_conf"]))
        assert 0 < ours["ST_conf"] < 0.1
    assert found["caution"] is None
    assert found["pairs"]["x1 x x3"]["S2"] == pytest.approx(0.2437, abs=0.06)


@pytest.mark.parametrize(("jump", "words"), [(1.2, "uncertain by 1"), (1.6, "hardly ever")])
@pytest.mark.filterwarnings("ignore:Constant values")
def test_few_samples_of_an_outcome_that_jumps_are_cautioned(jump, words):
    x = sensitivity.design(["a", "b"], 8, 1, False)
    found = sensitivity.indices(["a", "b"], (x.sum(axis=1) > jump).astype(float), False, 1)
    assert words in found["caution"]


def test_indices_need_an_outcome_everywhere_that_varies():
    with pytest.raises(ConfigError, match="1 of 8 runs"):
        sensitivity.indices(["a", "b"], [1.0, 2, 3, 4, 5, 6, 7, np.nan], False, 1)
    with pytest.raises(ConfigError, match="the same"):
        sensitivity.indices(["a", "b"], [1.0] * 8, False, 1)


@pytest.mark.parametrize(
    ("nodes", "shared"), [(100, (8, 1)), (1_000_000, (5, 1)), (2_000_000, (2, 4)), (10**8, (1, 8))]
)
def test_runs_get_the_fewest_processes_that_memory_allows(nodes, shared):
    assert fitting(nodes, 8, 16e9) == shared


@pytest.mark.parametrize("places", [[[0, 0], [0, 0.5], [0, 1]], [[0.3, 0.4]], np.empty((0, 2))])
def test_runs_on_a_line_show_no_border(places):
    places = np.array(places, float)
    margins = np.linspace(-1, 1, len(places))
    assert adaptive.border(places, margins) is None
    assert adaptive.wave(places, margins, 4, 0.25, 0.01).shape == (0, 2)


def test_a_border_in_many_dimensions_takes_little_memory():
    places = sensitivity.even(6, 64, 1)
    border = adaptive.border(places, places.sum(axis=1) - 3.0)
    assert 0.2 < border.yes < 0.8

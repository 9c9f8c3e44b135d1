"""Scans of seizures: thresholds, borders, indices and maps of what neurons do."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from ecs_model.errors import ConfigError
from ecs_model.postprocess import scan_report, theme
from ecs_model.postprocess.scan_consensus import consensus_text
from ecs_model.postprocess.scan_data import Scan
from ecs_model.postprocess.scan_figures import drawings
from ecs_model.postprocess.scan_map import risk_map
from tests.scan.scans import engine_of, scan, verdicts

TISSUE = """
[run.mesh]
generator = "interval"
length = "0.1 mm"
cell = "50 um"
[run.membrane]
model = "epileptor2"
[run.tissue]
alpha = 0.1
[run.time]
end = "60 s"
[run.output]
every = "60 s"
series = "2 s"
"""
K_BATH = 'key = "membrane.parameters.K_bath"\nlow = "6 mM"\nhigh = "14 mM"\n'
ALPHA = '[[axis]]\nkey = "alpha"\nlow = 0.06\nhigh = 0.14\n'
SEIZURE = '[threshold]\nmargin = "seizure"\n'


def fine_threshold(folder, text, key, low, high, parts):
    """Where the verdict changes, by runs at many even values."""
    axis = f'[[axis]]\nkey = "{key}"\nlow = {low}\nhigh = {high}\ncount = {parts + 1}\n'
    _, found = scan(folder, text + axis)
    found = found.sort_values(key)
    yes, values = found["seizure.verdict"].to_numpy(bool), found[key].to_numpy(float)
    changes = np.flatnonzero(yes[1:] != yes[:-1])
    assert len(changes) == 1
    return values[changes[0] : changes[0] + 2].mean()


def test_a_threshold_of_seizures_parts_no_from_yes(tmp_path):
    _, searched = scan(
        tmp_path / "s", TISSUE + '[[axis]]\nkey = "alpha"\nvalues = [0.1]\n' + SEIZURE + K_BATH
    )
    assert searched["threshold.state"][0] == "found"
    value = searched["threshold.value"][0]
    fine = fine_threshold(
        tmp_path / "f", TISSUE, "membrane.parameters.K_bath", 0.97 * value, 1.03 * value, 12
    )
    assert value == pytest.approx(fine, rel=0.02)


SETTINGS = [  # of the run, what is varied, from, to
    ("", "membrane.parameters.K_bath", 6.0, 14.0),
    ('model = "barreto_cressman"', "membrane.parameters.K_bath", 6.0, 10.0),
    ('model = "wei_ullah_schiff"', "membrane.parameters.K_bath", 6.0, 14.0),
    ('parameters = { K_bath = "12 mM" }', "tissue.alpha", 0.05, 0.4),
    ('parameters = { K_bath = "12 mM" }', "membrane.parameters.J_pump", 0.02, 1.0),
]


@pytest.mark.slow
@pytest.mark.parametrize(("change", "key", "low", "high"), SETTINGS)
def test_thresholds_of_seizures_are_those_of_a_fine_search(tmp_path, change, key, low, high):
    text = TISSUE.replace(
        'model = "epileptor2"', change if "model" in change else change_of(change)
    )
    search = f'{SEIZURE}key = "{key}"\nlow = {low}\nhigh = {high}\n'
    _, searched = scan(
        tmp_path / "s", text + '[[axis]]\nkey = "detect.load"\nvalues = ["10 mM"]\n' + search
    )
    assert searched["threshold.state"][0] == "found"
    value = searched["threshold.value"][0]
    fine = fine_threshold(tmp_path / "f", text, key, 0.9 * value, 1.1 * value, 40)
    assert value == pytest.approx(fine, rel=0.02)


def change_of(parameters):
    """The section of the membrane of an epileptor2 with other parameters."""
    return f'model = "epileptor2"\n{parameters}'


@pytest.mark.parametrize(
    ("place", "asks"),
    [
        ("threshold.margin", SEIZURE + K_BATH),
        ("adaptive.margin", '[adaptive]\nmargin = "seizure"\n'),
        ("stop.verdict", '[stop]\nverdict = "seizure"\n'),
    ],
)
def test_models_that_do_not_fire_are_refused_before_any_run(tmp_path, place, asks):
    text = TISSUE.replace("epileptor2", "pump_leak")
    axis = ALPHA if "adaptive" in asks else ALPHA + "count = 2\n"
    asks = asks.replace(K_BATH, 'key = "tissue.tortuosity"\nlow = 1.2\nhigh = 2.0\n')
    with pytest.raises(ConfigError, match=rf"{place}: the model 'pump_leak' .* ask for 'load'"):
        scan(tmp_path / "s", text + axis + asks)
    assert not (tmp_path / "s").exists()


def test_a_border_of_seizures_is_followed(tmp_path):
    axes = f"{ALPHA}[[axis]]\n{K_BATH}[adaptive]\nmargin = 'seizure'\nruns = 12\nstart = 3\n"
    code, found = scan(tmp_path / "s", TISSUE + axes)
    assert code == 0 and len(found) == 12
    assert 0 < found["seizure.verdict"].astype(bool).mean() < 1
    assert set(found["regime"]) <= set(theme.REGIMES)


def test_seizures_have_sobol_indices(tmp_path):
    axes = f"{ALPHA}[[axis]]\n{K_BATH}"
    text = (
        TISSUE.replace("\n[run.mesh]", '\noutcomes = ["seizure.margin"]\n[run.mesh]', 1)
        + axes
        + '[design]\nkind = "saltelli"\nsamples = 4\n'
    )
    assert scan(tmp_path / "s", text)[0] == 0
    found = Scan.open(tmp_path / "s").sobol["seizure.margin"]
    assert all(np.isfinite(s["ST"]) for s in found.values())


def test_a_map_shows_what_neurons_do_by_its_words(tmp_path):
    def law(labels):
        K = labels["membrane.parameters.K_bath"]
        word = "rest" if K < 9 else "seizure" if K < 12 else "tonic"
        margin = min(K - 9.0, 12.0 - K)
        seizure = {"verdict": margin >= 0, "margin": margin}
        return verdicts(-1.0, seizure=seizure, regime=word, regimes={word: 1.0})

    axes = f"{ALPHA}count = 5\n[[axis]]\n{K_BATH}count = 9\n"
    with engine_of(law):
        scan(tmp_path / "s", TISSUE + axes)
    opened = Scan.open(tmp_path / "s")
    figure = risk_map(opened)
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[:4] == ["rest", "tonic", "seizure", "border of seizure"]
    areas = [c for c in figure.axes[0].collections if hasattr(c, "levels") and c.filled]
    colours = [to_rgba(theme.LIGHT.regimes[name]) for name in ("tonic", "seizure")]  # on rest
    assert [tuple(c.get_facecolor()[0]) for c in areas] == colours


CONSENSUS = """
[consensus]
[[consensus.member]]
name = "one"
[[consensus.member]]
name = "other"
set = { "membrane.model" = "wei_ullah_schiff" }
"""


def bath_of(labels):
    """A law in which seizures begin at 9 mM in one member, at 11 mM in the other."""
    K, least = labels["membrane.parameters.K_bath"], {"one": 9.0, "other": 11.0}
    margin = K - least[labels["member"]]
    word = "seizure" if margin >= 0 else "rest"
    return verdicts(-1.0, seizure={"verdict": margin >= 0, "margin": margin}, regime=word)


def test_a_consensus_tells_where_models_agree(tmp_path):
    axes = f"{ALPHA}count = 5\n[[axis]]\n{K_BATH}count = 9\n"
    with engine_of(bath_of):
        code, found = scan(tmp_path / "s", TISSUE + axes + CONSENSUS)
    assert code == 0 and len(found) == 2 * 45 and found["id"].nunique() == 90
    opened = Scan.open(tmp_path / "s")
    told = opened.report["consensus"]
    assert told["members"] == pytest.approx({"one": 6 / 9, "other": 4 / 9})
    assert told["no"] == pytest.approx(3 / 9) and told["yes"] == pytest.approx(4 / 9)
    assert told["band"] == pytest.approx(2 / 9)
    rows = np.loadtxt(
        tmp_path / "s" / "consensus.csv", delimiter=",", skiprows=1, usecols=(1, 2, 3, 4)
    )
    np.testing.assert_allclose(rows[:, 1] - rows[:, 2], 2.0)
    np.testing.assert_allclose(rows[:, 3], ((rows[:, 0] >= 9) * 1.0 + (rows[:, 0] >= 11)) / 2)
    figure = drawings(opened)["consensus"]()
    curves = [p for c in figure.axes[0].collections for p in c.get_paths() if len(p.vertices) > 9]
    assert {"one", "other"} <= {t.get_text() for t in figure.legends[0].get_texts()}
    heights = [p.vertices[:, 1].mean() for p in curves if np.ptp(p.vertices[:, 1]) < 0.1]
    np.testing.assert_allclose(sorted(heights), [9.0, 11.0], atol=0.05)


def test_the_report_of_a_consensus_says_what_it_found(tmp_path):
    axes = f"{ALPHA}count = 5\n[[axis]]\n{K_BATH}count = 9\n"
    with engine_of(bath_of):
        scan(tmp_path / "s", TISSUE + axes + CONSENSUS)
    opened = Scan.open(tmp_path / "s")
    text = scan_report.write(opened, {}).read_text()
    for words in (
        "<h2>Where the models agree</h2>",
        "The verdict on seizure was compared between 2 sets of numbers in 2 models in 45 places",
        "say yes in 44 % of the places, and no in 33 %. The band between, 22 % of the places",
        "Each says yes in: one 67 %, other 44 %.",
    ):
        assert words in text
    none = replace(opened, report=opened.report | {"consensus": {"margin": "seizure", "places": 0}})
    assert consensus_text(none) == (
        "No place of the map has been computed in all of 2 sets of numbers in 2 models."
    )
    assert consensus_text(replace(opened, report={})) == ""


def test_members_compute_their_own_models(tmp_path):
    axes = '[[axis]]\nkey = "membrane.parameters.K_bath"\nvalues = ["5 mM", "14 mM"]\n'
    text = TISSUE.replace('"60 s"', '"1 s"').replace('"2 s"', '"1 s"')
    code, found = scan(tmp_path / "s", text + axes + CONSENSUS)
    assert code == 0
    at_start = found.groupby("member")["max_K_o"].min()
    assert at_start["one"] == pytest.approx(6.07, abs=0.05)
    assert at_start["other"] < 5.1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"other"', '"one"'), "two are named 'one'"),
        (("wei_ullah_schiff", "pump_leak"), "consensus 'other': .*no such quantity"),
        (("[consensus]", '[adaptive]\nmargin = "seizure"\n[consensus]'), "goes with neither"),
    ],
)
def test_a_consensus_that_cannot_be_is_refused(tmp_path, change, says):
    count = "" if "adaptive" in change[1] else "count = 2\n"
    text = f"{TISSUE}{ALPHA}{count}[[axis]]\n{K_BATH}{count}{CONSENSUS.replace(*change)}"
    with pytest.raises(ConfigError, match=says):
        scan(tmp_path / "s", text)
    assert not (tmp_path / "s").exists()

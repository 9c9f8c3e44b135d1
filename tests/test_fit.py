"""Tissue from point-source curves: what is recovered, how sure, and what cannot be told."""

import json
import re

import imageio.v3 as imageio
import numpy as np
import pytest

from ecs_model import api
from ecs_model.cli import main
from ecs_model.cli.study import UNDECIDED
from ecs_model.errors import ConfigError
from ecs_model.point_source import Experiment, concentration, steady_rate
from ecs_model.point_source.fit import fit_agar, fit_tissue
from ecs_model.units import FARADAY
from tests.helpers import found

TMA = Experiment(100e-6, 5.182135e-13, 1.31e-9)
PULSE = Experiment(100e-6, 5.182135e-13, 1.31e-9, start=10.0, duration=50.0)
POTASSIUM = Experiment(100e-6, 5e-8 / FARADAY, 2.62e-9)
TIMES = np.arange(0.0, 150.0, 1.0)


@pytest.mark.parametrize(
    ("ion", "experiment", "alpha", "tortuosity", "values"),
    [
        ("TMA+", TMA, 1.0, 1.0, {1: 0.0159731, 10: 0.168952, 20: 0.208463, 100: 0.266035}),
        ("TMA+", TMA, 0.2, 1.6, {1: 0.00714354, 10: 1.301149, 20: 1.952534, 100: 3.040546}),
        ("TMA+", TMA, 0.05, 2.0, {1: 0.00235024, 10: 5.454909, 20: 9.627166, 100: 17.527651}),
        ("K+", POTASSIUM, 0.2, 1.6, {1: 0.0545643, 5: 0.650575, 20: 1.251393, 50: 1.520273}),
    ],
)
def test_the_law_has_the_published_values(ion, experiment, alpha, tortuosity, values):
    curve = concentration([*values], experiment, alpha, tortuosity)
    for (t, value), ours in zip(values.items(), curve, strict=True):
        what = f"{ion} 0.1 mm from a point source, alpha {alpha}, lambda {tortuosity}, {t} s"
        found(what, ours, value, 5e-9 + 2e-6 * value, "mM")


def test_the_law_with_loss_and_after_a_pulse():
    numbers = {1: 0.0505038, 5: 0.504887, 50: 0.749490, 1e4: 0.749747}
    curve = concentration([*numbers], POTASSIUM, 0.2, 1.6, 0.1)
    for (t, value), ours in zip(numbers.items(), curve, strict=True):
        found(f"point source of K+ with loss 0.1/s, {t:g} s", ours, value, 2e-6, "mM", rel=True)
    pulse = Experiment(100e-6, 5e-8 / FARADAY, 2.62e-9, duration=10.0)
    ours = concentration([20.0], pulse, 0.2, 1.6)[0]
    found("point source of K+, 10 s after a pulse of 10 s", ours, 0.275127, 2e-6, "mM", rel=True)
    assert steady_rate(100e-9, 0.5, 1, FARADAY) == pytest.approx(5.182135e-13, rel=1e-6)


def noisy(seed, noise=0.03, experiment=PULSE, truth=(0.2, 1.6, 0.005), correlation=0.0):
    rng = np.random.default_rng(seed)
    white, e = rng.standard_normal(len(TIMES)), np.zeros(len(TIMES))
    e[0] = white[0]
    for k in range(1, len(e)):
        e[k] = correlation * e[k - 1] + np.sqrt(1 - correlation**2) * white[k]
    return 0.4 + concentration(TIMES, experiment, *truth) + noise * e


TRUTH = {"alpha": 0.2, "tortuosity": 1.6, "uptake": 0.005}


def test_a_curve_without_noise_gives_back_the_tissue():
    fit = fit_tissue(TIMES, noisy(0, noise=1e-9), PULSE)
    for name, value in TRUTH.items():
        what = f"{name} from a curve without noise"
        found(what, fit.values[name], value, 1e-6, "", "what the curve was made with", rel=True)
    assert fit.decided


def covered(count, **about):
    """Share of curves whose intervals hold the truth, by parameter."""
    fits = [fit_tissue(TIMES, noisy(seed, **about), PULSE) for seed in range(count)]
    inside = lambda f, n: f.intervals[n][0] <= TRUTH[n] <= f.intervals[n][1]  # noqa: E731
    return {n: np.mean([inside(f, n) for f in fits]) for n in TRUTH}


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 60 curves 95 %, give or take three standard deviations of such a count."""
    for share in covered(60).values():
        assert 0.865 <= share <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_coverage(correlation):
    for name, share in covered(600, correlation=correlation).items():
        print(name, share)
        assert 0.925 <= share <= 0.985


def test_correlated_noise_widens_intervals():
    width = lambda f: f.intervals["alpha"][1] - f.intervals["alpha"][0]  # noqa: E731
    white, red = (fit_tissue(TIMES, noisy(3, correlation=c), PULSE) for c in (0.0, 0.8))
    assert red.correlation > 0.5
    assert width(red) / red.noise > 1.7 * width(white) / white.noise


def test_a_curve_that_only_shows_its_plateau_cannot_tell_alpha_from_tortuosity():
    late = TIMES > 90
    experiment = Experiment(50e-6, 5.182135e-13, 1.31e-9)
    times, values = TIMES[late], concentration(TIMES[late], experiment, 0.2, 1.6)
    values = values + 0.05 * np.random.default_rng(0).standard_normal(len(times))
    fit = fit_tissue(times, values, experiment)
    assert not fit.decided
    assert any("alpha may be anything" in words for words in fit.complaints)


def test_a_curve_of_noise_says_so():
    fit = fit_tissue(TIMES, 0.4 + np.random.default_rng(0).standard_normal(len(TIMES)), PULSE)
    assert any("hardly rises above its noise" in words for words in fit.complaints)


def test_agar_tells_what_the_electrode_gives():
    values = concentration(TIMES, PULSE, 1.0, 1.0)
    values = values + 1e-3 * np.random.default_rng(1).standard_normal(len(TIMES))
    fit = fit_agar(TIMES, values, Experiment(100e-6, 2e-13, 0.8e-9, 10.0, 50.0))
    assert fit.values["rate"] == pytest.approx(PULSE.rate, rel=0.01)
    assert fit.values["D"] == pytest.approx(PULSE.D, rel=0.02)


SETTINGS = {
    "distance": "100 um",
    "D": "1.31e-9 m^2/s",
    "current": "100 nA",
    "transport_number": 0.5,
    "valence": 1,
    "rate": None,
    "start": "10 s",
    "duration": "50 s",
}


def written(path, values):
    rows = [f"{t},{v}" for t, v in zip(TIMES, values, strict=True)]
    path.write_text("\n".join(["# TMA+ in cortex", "t [s],C [mM]", *rows]))
    return path


def test_from_files_to_a_file(tmp_path):
    curve, agar = tmp_path / "curve.csv", tmp_path / "agar.csv"
    written(curve, noisy(1))
    written(agar, concentration(TIMES, PULSE, 1.0, 1.0) + 1e-4 * np.sin(40 * TIMES))
    fit, paths = api.fit_diffusion(curve, {**SETTINGS, "current": "60 nA"}, agar)
    made = json.loads((tmp_path / "curve.fit.json").read_text())
    assert made["decided"] and made["alpha"] == pytest.approx(0.2, rel=0.05)
    assert made["tortuosity"] == pytest.approx(1.6, rel=0.05)
    assert made["agar"]["values"]["rate"] == pytest.approx(PULSE.rate, rel=0.01)
    assert (tmp_path / "curve.fit.png").stat().st_size > 10_000
    assert paths == [tmp_path / "curve.fit.json", tmp_path / "curve.fit.png"]
    assert fit.decided and fit.values["alpha"] == made["alpha"]


def test_its_exit_code_is_that_of_a_fit_that_stays_undecided(tmp_path, capsys):
    curve = str(written(tmp_path / "curve.csv", 0.4 + 0.5 * np.sin(7.0 * TIMES)))
    how = "--distance", "100 um", "--D", "1.31e-9 m^2/s", "--rate", "0.5 pmol/s"
    assert main(["fit-diffusion", curve, *how, "--no-uptake"]) == UNDECIDED == 3
    assert "WARNING: this curve cannot decide: the curve hardly rises" in capsys.readouterr().out
    assert json.loads((tmp_path / "curve.fit.json").read_text())["decided"] is False


@pytest.mark.parametrize("command", ["fit", "fit-diffusion"])
def test_help_says_the_exit_code(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert "exit code: 3 if the data do not decide" in " ".join(capsys.readouterr().out.split())


def test_its_picture_is_drawn_as_it_is_wanted(tmp_path):
    curve = str(written(tmp_path / "curve.csv", noisy(1)))
    how = "--distance", "100 um", "--D", "1.31e-9 m^2/s", "--rate", "0.5 pmol/s"
    when = "--start", "10 s", "--duration", "50 s", "--no-uptake"
    looks = "--format", "png,pdf,svg", "--width", "85", "--theme", "dark"
    assert main(["fit-diffusion", curve, *how, *when, *looks]) == 0
    made = {path.name for path in tmp_path.iterdir() if path.suffix in (".png", ".pdf", ".svg")}
    assert made == {f"curve.fit_dark.{ending}" for ending in ("png", "pdf", "svg")}
    image = imageio.imread(tmp_path / "curve.fit_dark.png")
    assert image[1, 1, 0] < 0x30 and abs(image.shape[1] / 200 * 25.4 - 85) < 0.2
    assert main(["fit-diffusion", curve, *how, *when, "--format", "gif"]) == 2


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("1,2\n2,x\n", {}, "curve.csv:2: needs 2 numbers, time"),
        ("", {}, "holds no rows"),
        ("1,2\n3,4\n", {}, "needs at least 9 points"),
        ("\n".join(f"{k},3.5" for k in range(15)), {}, "is 3.5 mM at all times"),
        (None, {}, "cannot be read as a table"),
        ("1,2\n", {"current": None}, "give either --rate, or --current"),
        ("1,2\n", {"rate": "1 pmol/s"}, "give either --rate, or --current"),
        ("1,2\n", {"current": "100 mV"}, "--current: "),
        ("1,2\n", {"distance": "0 um"}, "--distance: must be above 0"),
        ("1,2\n", {"current": "1e300 A"}, "--current: needs 1e-13 to 0.1 A (found 1e300 A)"),
        ("1,2\n", {"distance": "1e9 m"}, "--distance: needs 1e-07 to 0.1 m"),
        ("1,2\n", {"duration": "1e-300 s"}, "--duration: needs 1e-06 to 1e+10 s"),
        ("1,2\n", {"transport_number": 1e-300}, "--transport-number: needs 1e-18 to 1e-06 mol/s"),
        ("1,2\n", {"valence": 10**400}, "--valence 1 to 10"),
        ("1,2\n", {"transport_number": 1.5}, "--transport-number must be in"),
        ("\n".join(f"{20 - k},{k}" for k in range(15)), {"start": "0 s"}, "times must grow"),
    ],
)
def test_mistakes_are_named(tmp_path, text, settings, words):
    path = tmp_path / "curve.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(words)):
        api.fit_diffusion(path, SETTINGS | settings)
    assert not (tmp_path / "curve.fit.json").exists()

"""What neurons do in tissue: the words of `cell`, bursts counted, fields, rows, restarts."""

import csv
import json
import shutil

import numpy as np
import pytest

from ecs_model import api
from ecs_model.cell import job
from ecs_model.membrane import MODELS
from ecs_model.physics.regimes import NAMES, Firing
from ecs_model.postprocess.cell import course
from ecs_model.run.field_series import field_names, read_field, read_maps
from ecs_model.run.neurons import Neurons
from ecs_model.run.rundir import RunDir
from ecs_model.run.snapshot import Snapshot
from ecs_model.run.tables import read_series
from tests.helpers import launch

TISSUE = """\
[mesh]
generator = "interval"
length = "{length} mm"
cell = "50 um"
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
[membrane]
model = "{model}"
parameters = {{ {parameters} }}
[time]
end = "{end} s"
[output]
every = "{end} s"
"""
PLAIN = {"length": 0.1, "alpha": 0.2, "tortuosity": 1.6, "end": 100}


def summary_of(folder, text, name="out"):
    (folder / "run.toml").write_text(text)
    assert api.run(folder / "run.toml", folder / name, quiet=True, overwrite=True).code == 0
    return json.loads((folder / name / "summary.json").read_text())


def barreto(**settings):
    plain = {"model": "barreto_cressman", "parameters": 'K_bath = "8.2 mM"'}
    return TISSUE.format(**PLAIN | plain | settings)


@pytest.mark.parametrize(
    ("alpha", "tortuosity", "bursts", "lasts", "onset", "highest"),
    [(0.2, 1.6, 5, 7.5, 17, 8.4), (0.1, 1.9, 4, 5.7, 22, 11.5)],  # the fourth begins at 98.5 s
)
def test_a_tissue_that_bursts_has_seizures(
    tmp_path, alpha, tortuosity, bursts, lasts, onset, highest
):
    """Whatever its K+: neither the lower nor the higher ceiling decides."""
    found = summary_of(tmp_path, barreto(length=1, alpha=alpha, tortuosity=tortuosity))
    seizure = found["seizure"]
    assert found["regime"] == "seizure" and seizure["verdict"] and seizure["share"] == 1
    assert seizure["bursts"] == bursts
    assert seizure["duration_s"] == pytest.approx(lasts, abs=0.7)  # the longest of them
    assert seizure["onset_s"] == pytest.approx(onset, abs=0.5)
    assert found["load"]["reached_mM"] == pytest.approx(highest, abs=0.1)
    assert found["load"]["verdict"] == (highest > 10) and not found["sd"]["verdict"]


RANDOM = {  # of each model: parameter -> range, in its unit
    "barreto_cressman": {"K_bath": (4.0, 10.0), "G_glia": (20.0, 80.0)},
    "wei_ullah_schiff": {"K_bath": (3.5, 22.0)},
    "epileptor2": {"K_bath": (3.0, 14.0), "G": (0.5, 5.0)},
}


KNOWN = [model for model in RANDOM if model in MODELS]


def words_of_cells(folder, model, names, rows, alphas, end):
    """The words that `cell` has for some settings, from the start on."""
    axis = {
        "names": [*names, "alpha"],
        "values": [[*r, a] for r, a in zip(rows, alphas, strict=True)],
    }
    text = (
        f'[membrane]\nmodel = "{model}"\n[map]\nx = {{ names = {json.dumps(axis["names"])}, '
        f'values = {json.dumps(axis["values"])} }}\nsettle = "0 s"\nobserve = "{end} s"\n'
    )
    (folder / "cell.toml").write_text(text)
    job.run(folder / "cell.toml", folder / "cells", tell=lambda line: None)
    with open(folder / "cells" / "map.csv") as file:
        return [row["regime"] for row in csv.DictReader(file)]


def compared(folder, model, count, end, seed=1):
    """Pairs of the words of `cell` and of a tissue, for random settings."""
    rng, ranges = np.random.default_rng(seed), RANDOM[model]
    rows = np.column_stack([rng.uniform(*r, count) for r in ranges.values()]).round(4).tolist()
    alphas = rng.uniform(0.08, 0.3, count).round(3).tolist()
    cells = words_of_cells(folder, model, [*ranges], rows, alphas, end)
    for k, (row, alpha) in enumerate(zip(rows, alphas, strict=True)):
        parameters = ", ".join(f"{name} = {v}" for name, v in zip(ranges, row, strict=True))
        plain = {"model": model, "parameters": parameters, "alpha": alpha, "end": end}
        yield cells[k], summary_of(folder, TISSUE.format(**PLAIN | plain))["regime"]


@pytest.mark.parametrize("model", KNOWN)
def test_the_word_for_a_tissue_is_that_of_a_cell(tmp_path, model):
    pairs = [*compared(tmp_path, model, 6, 40)]
    assert [cell for cell, _ in pairs] == [tissue for _, tissue in pairs]
    assert len({cell for cell, _ in pairs}) > 1


@pytest.mark.slow
@pytest.mark.parametrize("model", KNOWN)
def test_the_words_of_many_settings(tmp_path, model):
    pairs = [*compared(tmp_path, model, 67, 100, seed=2)]
    assert [cell for cell, _ in pairs] == [tissue for _, tissue in pairs]


FOCUS = """\
[[tissue.regions]]
name = "focus"
box = { low = ["-1 mm"], high = ["0.31 mm"] }
parameters = { K_bath = "9 mM" }
[[probe]]
name = "focus"
at = ["0.1 mm"]
[checkpoint]
every = "9 s"
[detect]
fraction = 0.05
"""
SHOWN = ["rate", "onset", "duration", "regime", "V_min", "V_max"]


@pytest.fixture(scope="module")
def focus(tmp_path_factory):
    """Run directories of a focus beside quiet tissue, by number of processes."""
    folder = tmp_path_factory.mktemp("focus")
    text = barreto(length=1, parameters='K_bath = "7 mM"', end=24) + FOCUS
    text = text.replace('every = "24 s"', f'every = "12 s"\nfields = {json.dumps(["V", *SHOWN])}')
    (folder / "run.toml").write_text(text)
    for n in (1, 2, 3):
        done = launch(n, "run", folder / "run.toml", "-o", folder / str(n), "--quiet")
        assert done.returncode == 0, done.stderr
    return {n: folder / str(n) for n in (1, 2, 3)}


def known(out):
    found = json.loads((out / "summary.json").read_text())
    return {name: found[name] for name in ("regime", "regimes", "seizure", "load", "sd")}


def test_only_tissue_that_was_not_stimulated_counts(focus):
    maps, found = read_maps(focus[1])[0], known(focus[1])
    assert (maps["bursts"][:6] > 0).all() and found["seizure"]["share"] < 0.5
    assert found["regimes"].keys() <= set(NAMES)


@pytest.mark.parametrize("n", [2, 3])
def test_words_do_not_depend_on_the_number_of_processes(focus, n):
    one, other = (read_maps(focus[k])[0] for k in (1, n))
    np.testing.assert_array_equal(one["regime"], other["regime"])
    assert known(focus[n])["seizure"]["margin"] == pytest.approx(
        known(focus[1])["seizure"]["margin"], abs=0.05
    )


def test_fields_tell_what_neurons_did(focus):
    out = focus[1]
    assert {*SHOWN} <= {*field_names(out)}
    last = {name: read_field(out, name, -1) for name in SHOWN}
    maps = read_maps(out)[0]
    for name in ("onset", "duration", "regime"):
        np.testing.assert_allclose(last[name], maps[name], rtol=1e-6)
    seized = last["regime"] == NAMES.index("seizure")
    assert seized.any() and np.isfinite(last["onset"][seized]).all()
    assert (last["duration"][seized] >= 3).all() and np.isnan(last["onset"][~seized]).all()
    assert (last["V_max"] >= last["V_min"]).all()


def test_rows_have_the_envelope_of_v_and_the_share_that_fires(focus):
    columns = read_series(RunDir(focus[1]).series)[0]
    high, firing = columns["V_max@focus"], columns["firing"]
    assert high.max() > 20 and 0.2 < firing.max() <= 1
    assert (columns["V_min@focus"] <= columns["V@focus"]).all()
    assert (columns["V@focus"] <= high).all() and columns["rate@focus"].max() > 5


def test_a_run_that_was_stopped_ends_with_the_same_words(focus, tmp_path):
    whole, copy = focus[1], shutil.copytree(focus[1], tmp_path / "out")
    sorted((copy / "checkpoints").glob("ck_*.h5"))[-1].unlink()
    (copy / "summary.json").unlink()
    assert api.resume(copy, quiet=True).code == 0
    assert json.loads((copy / "run.json").read_text())["resumed"][0]["from"] < 24
    assert known(copy) == known(whole)
    assert (copy / "series.csv").read_bytes() == (whole / "series.csv").read_bytes()


def test_a_model_that_does_not_fire_has_no_verdict_on_seizures(tmp_path):
    found = summary_of(
        tmp_path, TISSUE.format(**PLAIN | {"model": "pump_leak", "parameters": "", "end": 1})
    )
    assert "seizure" not in found and "regime" not in found and not found["load"]["verdict"]


@pytest.mark.parametrize(
    ("model", "words", "label"),
    [
        ("epileptor2", {"V": "depolarization from rest"}, "Depolarization from rest\n[mV]"),
        ("pump_leak", {}, "Membrane potential\n[mV]"),
    ],
)
def test_v_of_a_population_is_called_what_it_is(tmp_path, model, words, label):
    plain = {"model": model, "parameters": "", "end": 1}
    summary_of(tmp_path, TISSUE.format(**PLAIN | plain))
    assert RunDir(tmp_path / "out").meanings == words
    about = dict(api.open_run(tmp_path / "out").about())
    assert about.get("V") == words.get("V")
    cell = f'[membrane]\nmodel = "{model}"\n[time]\nend = "1 s"\n'
    (tmp_path / "cell.toml").write_text(cell)
    job.run(tmp_path / "cell.toml", tmp_path / "cells", tell=lambda line: None)
    assert course(tmp_path / "cells").axes[0].get_ylabel() == label


def seizing(folder, model):
    """A simulation of a small tissue that is about to fire, and its Neurons."""
    parameters = 'K_bath = "12 mM"'
    text = TISSUE.format(**PLAIN | {"model": model, "parameters": parameters, "end": 10})
    (folder / "run.toml").write_text(text)
    made = api.simulation(folder / "run.toml")
    assert made.reaction.trace is None  # nobody looks: nothing is noted
    made.reaction.variables.K_o[:] = 12.0
    return made, Neurons(made.reaction, Firing()).begin()


FIRING = ["barreto_cressman", "epileptor2"]


@pytest.mark.parametrize("model", FIRING)
def test_firing_in_a_step_that_is_rejected_is_forgotten(tmp_path, model):
    made, _ = seizing(tmp_path, model)
    trace, saved = made.reaction.trace, Snapshot(made)
    before = {name: np.copy(values) for name, values in trace.state().items()}
    saved.take()
    made.reaction.advance(2.0, 0.0)
    once = trace.events().copy()
    assert len(once) > 3
    saved.put_back()
    for name, values in trace.state().items():
        np.testing.assert_array_equal(values, before[name])
    made.reaction.advance(2.0, 0.0)
    np.testing.assert_array_equal(trace.events(), once)


@pytest.mark.parametrize("model", FIRING)
def test_all_that_is_known_of_firing_is_put_back(tmp_path, model):
    made, neurons = seizing(tmp_path, model)
    made.reaction.advance(2.0, 0.0)
    neurons.observe(2.0, made)
    state = {name: np.copy(value) for name, value in neurons.state().items()}
    _, other = seizing(tmp_path, model)
    assert state["bursts"].all() and (state["most"] > other.state()["most"]).all()
    other.load(state)
    for name, value in other.state().items():
        np.testing.assert_array_equal(value, state[name], err_msg=name)

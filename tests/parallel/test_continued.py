"""What is in a checkpoint, which one is taken, and what a run that goes on says of itself."""

import json
import os
import shutil
import zlib

import h5py
import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError, SolutionError
from ecs_model.files import versions
from ecs_model.memory import OfCells, Share, nothing, put_back, total
from ecs_model.run import field_series
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import read_series
from tests.helpers import launch

WAVE = """\
[mesh]
generator = "interval"
length = "2 mm"
cell = "50 um"

[membrane]
model = "nagumo"

[[tissue.regions]]
name = "start"
box = { low = ["0 mm"], high = ["0.3 mm"] }
initial = { K_o = 50.0 }

[[source]]
name = "pipette"
point = ["0.4 mm"]
rate = "1 nmol/s"
profile = { kind = "pulse", start = "0.3 s", duration = "0.5 s" }

[[probe]]
name = "p"
at = ["1 mm"]

[[line]]
name = "axis"
start = ["0 mm"]
end = ["2 mm"]
points = 41

[time]
end = "2.1 s"
step = "12.5 ms"

[output]
every = "0.3 s"
series = "0.1 s"

[checkpoint]
every = "0.7 s"
"""
DRAWN = WAVE.replace(
    "[membrane]", '[[boundary]]\non = "right"\nflux = "-1e-4 mol/m^2/s"\n\n[membrane]'
)
TIMINGS = {"seconds", "peak_memory_bytes", "processes"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("continued")
    (folder / "run.toml").write_text(WAVE)
    assert api.run(folder / "run.toml", folder / "out", quiet=True).code == 0
    return folder / "out"


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "out")


def checkpoints(out):
    return sorted((out / "checkpoints").glob("ck_*.h5"))


def summary(out):
    found = json.loads((out / "summary.json").read_text())
    return {name: value for name, value in found.items() if name not in TIMINGS}


def facts(out):
    return json.loads((out / "run.json").read_text())


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_that_was_killed_ends_with_the_same_summary(whole, copy, processes):
    checkpoints(copy)[-1].unlink()  # as after a kill between 1.4 s and the end
    (copy / "summary.json").unlink()
    assert launch(processes, "resume", copy, "--quiet").returncode == 0
    if processes == 1:
        assert summary(copy) == summary(whole)
        assert (copy / "series.csv").read_bytes() == (whole / "series.csv").read_bytes()
    else:
        highest, expected = (summary(out)["max_K_o"] for out in (copy, whole))
        assert highest == pytest.approx(expected, rel=1e-6)
        assert summary(copy)["cells_per_front"] == pytest.approx(summary(whole)["cells_per_front"])
    assert facts(copy)["resumed"][0]["from"] == 1.4


def test_whoever_has_a_state_gets_it_back():
    class Owner:
        def __init__(self):
            self.nodes, self.cells, self.note, self.sum = np.zeros(2), np.zeros(3), None, 0.0

        def state(self):
            return {
                "nodes": self.nodes,
                "cells": OfCells(self.cells),
                "note": self.note,
                "sum": Share(self.sum),
            }

    owner = Owner()
    nodes = owner.nodes
    put_back(owner, {"nodes": [1, 2], "cells": [3, 4, 5], "note": [1, "a"], "sum": 2.5})
    assert nodes.tolist() == [1, 2] and owner.cells.tolist() == [3, 4, 5]
    assert owner.note == [1, "a"] and owner.sum == 2.5
    shares = [{"a": 1.0, "b": 2.0}, {"a": 0.5, "b": 0.0}]
    assert total(shares) == {"a": 1.5, "b": 2.0} and nothing(shares[0]) == {"a": 0.0, "b": 0.0}
    assert total([[1.0, 2.0], [3.0, 4.0]]) == [4.0, 6.0] and nothing(3) == 0


def test_the_newest_sound_checkpoint_is_taken(copy, capsys):
    with h5py.File(checkpoints(copy)[-1], "a") as file:
        file["state/K_o"][3] = np.nan
        file["crc32/state/K_o"][0] = zlib.crc32(file["state/K_o"][()])
    assert api.resume(copy, quiet=True).code == 0
    assert "state/K_o is not finite); an older checkpoint is used" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [{"pending": -1.0}, {"steps": "x"}, {"reaction/given": [[]]}, {"spending/so_far": {}}]
)
def test_a_manifest_of_something_else_is_refused(copy, change):
    from ecs_model.run.checkpoint import digest

    for path in checkpoints(copy):
        with h5py.File(path, "a") as file:
            manifest = json.loads(file.attrs["manifest"]) | change
            file.attrs["manifest"] = json.dumps(manifest | {"digest": digest(manifest)})
    with pytest.raises(ConfigError, match=r"no checkpoint can be used: .*is broken"):
        api.resume(copy, quiet=True)


def test_a_finished_run_says_so_and_stays(copy, capsys):
    before = (copy / "summary.json").read_bytes(), (copy / "run.json").read_bytes()
    assert api.resume(copy).code == 0
    assert "is finished at t = 2.1 s, nothing is left to compute" in capsys.readouterr().err
    assert before == ((copy / "summary.json").read_bytes(), (copy / "run.json").read_bytes())


def test_a_finished_run_can_be_given_a_later_end(copy, tmp_path):
    assert api.resume(copy, overrides=['time.end="4.2 s"'], quiet=True).code == 0
    at_once = tmp_path / "at_once"
    api.run(copy / "config.toml", at_once, overrides=['time.end="4.2 s"'], quiet=True)
    longer, expected = (read_series(out / "series.csv")[0] for out in (copy, at_once))
    for name, values in expected.items():
        np.testing.assert_allclose(longer[name], values, rtol=1e-9, atol=1e-30, err_msg=name)
    assert field_series.read_times(copy).tolist() == field_series.read_times(at_once).tolist()
    assert 'end = "4.2 s"' in (copy / "config.resolved.toml").read_text()
    assert api.resume(copy, quiet=True).code == 0


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("tissue.alpha=0.1", "may change time.end"),
        ('time.end="4.25 s"', "not a multiple of output.series"),
        ('time.end="0.3 s"', "is at 2.1 s already"),
    ],
)
def test_nothing_else_can_be_changed(copy, override, words):
    with pytest.raises(ConfigError, match=words):
        api.resume(copy, overrides=[override], quiet=True)
    assert facts(copy)["ended"] == "finished"


def test_only_what_changed_physics_keeps_versions_apart(copy, monkeypatch):
    for path in checkpoints(copy):
        with h5py.File(path, "a") as file:
            manifest = json.loads(file.attrs["manifest"])
            manifest["version"] = "0.2.1"
            file.attrs["manifest"] = json.dumps(manifest)
    assert api.resume(copy, quiet=True).code == 0
    monkeypatch.setattr(versions, "CHANGES", (("0.2.1", "pumps are slower"),))
    with pytest.raises(ConfigError, match=r"ecs-model 0\.2\.1; since then, pumps are slower"):
        api.resume(copy, quiet=True)
    assert api.resume(copy, quiet=True, force=True).code == 0


def test_another_format_is_named(copy):
    edit(copy / "run.json", lambda f: f.update(format=99))
    for look in (api.resume, api.open_run, api.report):
        with pytest.raises(ConfigError, match="a run directory of format 99"):
            look(copy)


def test_a_directory_of_others_asks_for_trust(copy, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    with pytest.raises(ConfigError, match=r"not made on this account.*--trust"):
        api.resume(copy, quiet=True)
    assert api.resume(copy, quiet=True, trust=True).code == 0
    assert api.report(copy, quiet=True).is_file()


def test_no_nan_is_written_and_the_log_says_why(tmp_path):
    (tmp_path / "run.toml").write_text(DRAWN)
    options = ["time.adaptive=false", 'output.series="12.5 ms"', 'checkpoint.every="12.5 ms"']
    with pytest.raises(SolutionError) as error:
        api.run(tmp_path / "run.toml", tmp_path / "out", overrides=options, quiet=True)
    out = tmp_path / "out"
    assert "nan" not in (out / "series.csv").read_text()
    for path in (*out.glob("fields/t*.h5"), *checkpoints(out)):
        with h5py.File(path) as file:
            assert np.isfinite(file["K_o" if "K_o" in file else "state/K_o"][()]).all()
    assert (out / "run.log").read_text().strip().endswith(f"failed: {error.value}")
    assert facts(out)["ended"] == "error" and facts(out)["reason"] == str(error.value)


def test_how_a_run_ended_is_the_last_line_of_its_log(whole):
    assert (whole / "run.log").read_text().strip().endswith("finished at t = 2.1 s")


def test_run_json_of_a_resumed_run_has_no_stale_reason(copy):
    edit(copy / "run.json", lambda f: f.update(ended="error", reason="disk full", time=1.0))
    assert api.resume(copy, quiet=True).code == 0
    assert facts(copy)["ended"] == "finished" and "reason" not in facts(copy)


def test_a_killed_run_is_not_said_to_run(copy):
    edit(copy / "run.json", lambda f: f.update(ended=None))
    assert "was killed" in api.open_run(copy).state
    log = RunDir(copy).claim()
    assert api.open_run(copy).state.endswith("still runs")
    with pytest.raises(ConfigError, match="still goes on"):
        api.resume(copy)
    log.close()


def test_times_are_those_that_were_asked_for(whole):
    times = field_series.read_times(whole).tolist()
    assert times == [0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1]
    assert read_series(whole / "series.csv")[0]["t"].tolist() == [k / 10 for k in range(22)]


def test_the_resolved_configuration_is_exact(tmp_path):
    from ecs_model.config.reader import parse_config
    from ecs_model.run.origin import resolved_text

    text = WAVE.replace('"2.1 s"', '"2.1000000000000005 s"').replace('"50 um"', '"33.3 um"')
    config = parse_config(text)
    assert parse_config(resolved_text(config)) == config


def test_names_never_stand_for_two_things():
    from ecs_model.config.reader import parse_config

    tissue = '[tissue]\nions = ["K", "Na"]\n\n[membrane]'
    text = WAVE.replace("[membrane]", tissue).replace('"pipette"', '"pipette (Na)"')
    with pytest.raises(ConfigError, match=r"may not end in '\(Na\)'"):
        parse_config(text)


def test_a_torn_form_in_the_cache_is_made_again(tmp_path):
    (tmp_path / "run.toml").write_text(WAVE)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    options = {"environment": environment}
    for name in ("first", "second"):
        done = launch(1, "run", tmp_path / "run.toml", "-o", tmp_path / name, "--quiet", **options)
        assert done.returncode == 0, done.stderr
        forms = [*(tmp_path / "cache").rglob("libffcx*.so")]
        assert forms
        for path in forms:
            path.write_bytes(path.read_bytes()[:3000])

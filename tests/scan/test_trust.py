"""A scan of somebody else: nothing of its code is run by looking; going on with it is asked for."""

import json
import os
import platform
import shutil

import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.files import versions
from ecs_model.scan.store import Store

SCAN = """\
[run.mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"

[run.membrane]
file = "mine.py"

[run.time]
end = "0.1 s"
step = "20 ms"

[engine]
processes = 1
workers = 1

[[axis]]
key = "tissue.alpha"
values = [0.1, 0.2]
"""
MODEL = """\
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record

@record
class State:
    K_o = concentration(3.0, "potassium")

@record
class Parameters:
    k = quantity(1.0, "1/s", "rate")

def rhs(y, p, env):
    return State(K_o=-p.k * (y.K_o - 3.0))

model = MembraneModel(name="mine", summary="mine", State=State, Parameters=Parameters, rhs=rhs)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    (folder / "mine.py").write_text(MODEL)
    (folder / "scan.toml").write_text(SCAN)
    assert api.scan(folder / "scan.toml", folder / "scan", quiet=True).code == 0
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def evil(folder):
    """The model's file, which also leaves a trace of having been run."""
    text = f"open({str(folder / 'trace')!r}, 'w').close()\n" + MODEL
    (folder / "scan" / "mine.py").write_text(text)


def change(where, **changes):
    path = where / "scan/setup.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_report_repeats_what_this_account_made(whole):
    assert api.report(whole / "scan", quiet=True).is_file()
    assert [*(whole / "scan/repeats").glob("*/run.json")]


def test_a_report_runs_no_code_of_others(copy):
    shutil.rmtree(copy / "scan/repeats", ignore_errors=True)
    evil(copy)
    change(copy, folder=str(copy / "scan"))
    assert "may be code of others" in api.report(copy / "scan", quiet=True).read_text()
    assert not (copy / "trace").exists()


def test_nor_if_a_point_names_other_code(copy):
    shutil.rmtree(copy / "scan/repeats", ignore_errors=True)
    evil(copy)
    for path in copy.glob("scan/points/*/config.toml"):
        path.write_text(
            path.read_text().replace('"mine.py"', json.dumps(str(copy / "scan/mine.py")))
        )
    assert "may be code of others" in api.report(copy / "scan", quiet=True).read_text()
    assert not (copy / "trace").exists()


def test_going_on_with_a_scan_of_others_is_asked_for(copy, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(copy / "other"))
    with pytest.raises(ConfigError, match=r"not made on this account.*--trust"):
        api.scan(copy / "scan.toml", copy / "scan", quiet=True)
    assert api.scan(copy / "scan.toml", copy / "scan", quiet=True, trust=True).code == 0


def test_only_what_changed_physics_keeps_versions_apart(copy, monkeypatch):
    change(copy, version="0.0.7")
    monkeypatch.setattr(versions, "CHANGES", (("0.0.8", "pumps are slower"),))
    with pytest.raises(ConfigError, match="since then, pumps are slower"):
        api.scan(copy / "scan.toml", copy / "scan", quiet=True)
    assert api.scan(copy / "scan.toml", copy / "scan", quiet=True, force=True).code == 0
    change(copy, version="0.0.7")
    monkeypatch.setattr(versions, "CHANGES", ())
    assert api.scan(copy / "scan.toml", copy / "scan", quiet=True).code == 0


def test_a_worker_that_died_is_not_running(copy):
    store = Store(copy / "scan")
    slot = store.slot(store.points()[0])
    (slot.path / "summary.json").unlink()
    status = {"state": "running", "pid": os.getpid(), "host": platform.node()}
    (slot.path / "status.json").write_text(json.dumps(status))
    assert any(line.startswith("interrupted: ") for line in api.scan_status(store.path))
    with store.working():
        assert any(line.startswith("running: ") for line in api.scan_status(store.path))


def test_tables_have_units(whole):
    import pandas as pd
    import xarray as xr

    units = pd.read_parquet(whole / "scan/table.parquet").attrs["units"]
    assert units["max_K_o"] == "mM" and units["duration_s"] == "s" and units["sd.margin"] == "1"
    assert units["balance.ecs_start"] == "mol/m^2"
    with xr.open_dataset(whole / "scan/cube.nc") as cube:
        assert cube["max_K_o"].attrs["units"] == "mM"

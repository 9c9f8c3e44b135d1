"""Whatever a user gets wrong in a scan is one sentence, before anything is written."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from ecs_model import api, cli, runs
from ecs_model.config.reader import parse_config
from ecs_model.errors import ConfigError
from ecs_model.scan import driver
from ecs_model.scan.base_run import base_of, check_points
from ecs_model.scan.config import ScanConfig
from ecs_model.scan.store import Store
from tests.helpers import launch
from tests.scan.scans import FRONT, engine_of, scan, verdicts

AXIS = '[[axis]]\nkey = "alpha"\nvalues = [0.1, 0.2]\n'
SEARCH = '[threshold]\nkey = "{}"\nlow = {}\nhigh = {}\n'
WAVE = 'base = "sd_wave"\n'


def axis(key, rest):
    return f'{WAVE}[[axis]]\nkey = "{key}"\n{rest}\n'


def ranges(count):
    text = '[[axis]]\nkey = "membrane.parameters.P{}"\nlow = 1\nhigh = 2\n'
    return "".join(text.format(k) for k in range(count))


CASES = {
    "unknown key": (axis("tissue.alhpa", "values = [0.1]"), "did you mean 'alpha'?"),
    "unknown region": (axis("tissue.regions.blob.alpha", "values = [0.1]"), "there are bolus"),
    "unknown source": (axis("source.x.load", 'values = ["1 mM/s"]'), "the run has no [[source]]"),
    "unknown parameter": (axis("membrane.parameters.P_NaPP", "values = [1]"), "mean 'P_NaP'?"),
    "empty range": (axis("alpha", "low = 0.3\nhigh = 0.1\ncount = 3"), "the range is empty"),
    "no values": (axis("alpha", "values = []"), "needs values (at least one)"),
    "alpha above 1": (axis("alpha", "values = [0.1, 1.2]"), "must be at most 0.9999 (found 1.2)"),
    "alpha 0": (axis("alpha", "low = 0\nhigh = 0.5\ncount = 3"), "must be at least 0.0001"),
    "log from 0": (
        axis("alpha", 'low = 0\nhigh = 0.5\ncount = 3\nscale = "log"'),
        "must be above 0",
    ),
    "two dimensions": (
        axis("time.end", 'low = "1 s"\nhigh = "3 mM"\ncount = 2'),
        "'3 mM' is a concentration",
    ),
    "half a range": (axis("alpha", "low = 0.1\ncount = 2"), "both low and high"),
    "no count": (axis("alpha", "low = 0.1\nhigh = 0.2"), "give count, a grid needs it"),
    "no unit": (axis("time.end", "values = [5]"), 'needs a unit: write a string such as "5 s"'),
    "times": (axis("time.end", 'values = ["66.1 s"]'), "not a multiple of output.series"),
    "unknown state": (f'{WAVE}[[axis]]\nstates = ["cortx"]', "there are cortex, slice"),
    "short row": (
        f'{WAVE}[[axis]]\nkeys = ["alpha", "tortuosity"]\nvalues = [[0.1]]',
        "a list of 2",
    ),
    "key twice": (f'{WAVE}{AXIS}[[axis]]\nstates = ["cortex"]', "'tissue.alpha'; each once"),
    "no axis": (WAVE, "axis: is required, but missing"),
    "empty axes": (f"axis = []\n{WAVE}", "axis: must have 1 or more entries (found 0)"),
    "typo": (f"{WAVE}desing = 3\n{AXIS}", "did you mean 'design'?"),
    "no base": (AXIS, "give exactly one of base, run (found none of them)"),
    "unknown base": (f'base = "sd_wavee"\n{AXIS}', "no ready run of that name"),
    "invalid run": (f'{AXIS}[run.mesh]\ngenerator = "interval"\n', "time: is required"),
    "line of the run": (
        f'{AXIS}[run.mesh]\ngenerator = "none"\n[run.time]\nend = 1\n',
        "scan.toml:7: time.end",
    ),
    "first wave": (
        f'{WAVE}[adaptive]\nruns = 15\n[[axis]]\nkey = "alpha"\nlow = 0.1\nhigh = 0.2\n'
        '[[axis]]\nkey = "tortuosity"\nlow = 1.5\nhigh = 1.7\n',
        "scan.toml:2: adaptive: start: the first wave alone is 16 runs",
    ),
    "invalid set": (f'{WAVE}set = {{ "time.end" = "-3 s" }}\n{AXIS}', "must be at least 1e-09 s"),
    "threshold of nothing": (
        WAVE + AXIS + SEARCH.format("tissue.x", 1, 2),
        "threshold: tissue.x = 1.0 cannot be",
    ),
    "threshold backwards": (WAVE + AXIS + SEARCH.format("D", '"2 m^2/s"', '"1 m^2/s"'), "is empty"),
    "margin": (f'{WAVE}{AXIS}[adaptive]\nmargin = "fun"\n', "must be one of 'ignited', 'sd'"),
    "adaptive over values": (f"{WAVE}{AXIS}[adaptive]\nruns = 9\n", "give low and high"),
    "adaptive over seven axes": (
        f"{WAVE}[adaptive]\nruns = 128\nstart = 2\n" + ranges(7),
        "toml:2: adaptive: a border over",
    ),
    "adaptive over six axes, too often": (
        f"{WAVE}[adaptive]\nruns = 500\nstart = 2\n" + ranges(6),
        "with at most 100 (found 500)",
    ),
    "a date": (axis("alpha", "values = [2020-01-01]"), "axis[0].values[0]: no setting is a date"),
    "a time in rows": (
        f'{WAVE}[[axis]]\nkeys = ["alpha", "D"]\nvalues = [[0.1, 10:00:00]]',
        "scan.toml:4: axis[0].values[0][1]: no setting is a date",
    ),
    "a date in the run": (
        f'{AXIS}[run.mesh]\ngenerator = "none"\n[run.time]\nend = 2020-01-01T00:00:00Z\n',
        "scan.toml:7: run.time.end: no setting is a date or a time of day",
    ),
    "a date for Slurm": (
        f'{WAVE}{AXIS}[engine]\nkind = "slurm"\noptions = {{ begin = 2020-01-01 }}\n',
        "engine.options.begin: no setting is a date",
    ),
    "a number of 400 digits": (axis("alpha", f"values = [1{399 * '0'}]"), "a finite number"),
    "an end of 400 digits": (
        axis("alpha", f"low = 0.1\nhigh = 1{399 * '0'}\ncount = 2"),
        "a finite number",
    ),
    "the name of a verdict": (
        axis("alpha", 'name = "seizure.verdict"\nvalues = [0.1]'),
        "is that of a result; give one",
    ),
    "the name of a balance": (
        axis("alpha", 'name = "balance.ions.Na.ecs_end"\nvalues = [0.1]'),
        "begin with 'balance.'",
    ),
    "marks": (f'marks = ["cortex"]\n{WAVE}{AXIS}', "measured states are shown anyway"),
    "samples": (f'{WAVE}{AXIS}[design]\nkind = "sobol"\nsamples = 60\n', "a power of two"),
    "nodes": (f"{WAVE}{AXIS}[engine]\nprocesses = 3\nnodes = 2\n", "a multiple of nodes"),
    "no TOML": ("base = ", "not valid TOML"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_one_sentence_and_nothing_is_made(tmp_path, name):
    text, words = CASES[name]
    (tmp_path / "scan.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        driver.run(tmp_path / "scan.toml", tmp_path / "out", quiet=True)
    said = str(caught.value)
    assert words in said
    assert "pydantic" not in said and len(said.splitlines()) <= 2
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_else_stays_as_it_is(tmp_path):
    (tmp_path / "scan.toml").write_text(WAVE + AXIS)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="is not empty and holds no scan"):
        driver.run(tmp_path / "scan.toml", tmp_path / "out", quiet=True)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["thesis.tex"]


def test_what_shows_on_the_mesh_alone_stops_it_before_any_point_and_can_be_mended(tmp_path):
    path, here = tmp_path / "scan.toml", 'low = ["-1 um"]'
    text = FRONT.replace('end = "6 s"', 'end = "1 s"') + AXIS
    path.write_text(text.replace(here, 'low = ["3 mm"]').replace('"50 um"', '"4 mm"'))
    with pytest.raises(ConfigError, match=r"scan.toml:\d+: region 'start' holds no cell"):
        driver.run(path, tmp_path / "out", quiet=True)
    assert not (tmp_path / "out/points").exists()
    path.write_text(text)
    assert driver.run(path, tmp_path / "out", quiet=True) == 0


@pytest.mark.parametrize("begun", ["points", "jobs"])
def test_only_a_scan_that_nobody_may_compute_makes_room_for_another(tmp_path, begun):
    store, setup = Store(tmp_path), {"version": "1", "run": "a", "design": "b"}
    store.begin("first", setup)
    store.begin("second", setup | {"run": "c"})
    (tmp_path / begun).mkdir()
    with pytest.raises(ConfigError, match="holds a scan with another run"):
        store.begin("first", setup)
    assert (tmp_path / "scan.toml").read_text() == "second"


def test_another_content_of_a_file_that_the_run_names_is_another_scan(tmp_path):
    np.save(tmp_path / "alpha.npy", np.full(61, 0.2))
    tissue = '[run.tissue]\nalpha = { file = "alpha.npy" }'
    text = FRONT.replace("[run.tissue]", tissue, 1) + AXIS.replace("alpha", "tortuosity")
    text = text.replace("[0.1, 0.2]", "[1.4, 1.6]")
    with engine_of(lambda labels: verdicts(1.0)):
        assert scan(tmp_path / "out", text)[0] == 0
        assert scan(tmp_path / "out", text)[0] == 0
        np.save(tmp_path / "alpha.npy", np.full(61, 0.1))
        with pytest.raises(ConfigError, match="holds a scan with another run"):
            scan(tmp_path / "out", text)


def test_two_processes_say_it_once(tmp_path):
    (tmp_path / "scan.toml").write_text(CASES["alpha above 1"][0])
    done = launch(2, "scan", "scan.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "."],
        ["plot", "nowhere"],
        ["report"],
        ["report", "."],
        ["scan.toml", "out"],
        ["none"],
    ],
)
def test_the_command_line_says_what_is_missing(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["scan", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "ecs-model run" not in said


@pytest.mark.parametrize("name", runs.scan_names())
def test_ready_scans_are_valid(name):
    path = runs.path(name)
    config = parse_config(path.read_text(), name, (), ScanConfig)
    check_points(base_of(config, path), config, path)


def test_the_example_of_the_docs_is_a_scan(tmp_path):
    docs = (Path(__file__).parents[2] / "docs" / "scans.md").read_text()
    text = docs.partition("```toml\n")[2].partition("```")[0]
    config = parse_config(text, "scans.md", (), ScanConfig)
    check_points(base_of(config, tmp_path / "scan.toml"), config, "scans.md")
    assert config.threshold.key == "source.KCl.amount"


def test_the_template_is_a_scan(tmp_path):
    text = api.template("scan")
    config = parse_config(text, "template", (), ScanConfig)
    check_points(base_of(config, tmp_path / "scan.toml"), config, "template")
    assert {*tomllib.loads(text)} >= {"design", "stop", "engine"}


OUTSIDE = """\
[run.mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"

[run.membrane]
model = "nagumo"

[[run.probe]]
name = "p"
at = ["{at}"]

[run.time]
end = "0.1 s"
step = "20 ms"

[engine]
processes = 1
workers = 1

[[axis]]
key = "{key}"
values = {values}
"""


@pytest.mark.parametrize(
    ("at", "key", "values"),
    [
        ("0.5 mm", "tissue.alpha", "[0.1, 0.2]"),
        ("0.3 mm", "mesh.length", '["0.4 mm", "0.2 mm"]'),
    ],
)
def test_a_probe_outside_is_found_before_the_first_point(tmp_path, at, key, values):
    (tmp_path / "scan.toml").write_text(OUTSIDE.format(at=at, key=key, values=values))
    with pytest.raises(ConfigError, match=r"probe 'p'.*outside"):
        driver.run(tmp_path / "scan.toml", tmp_path / "scan", quiet=True)
    assert not [*tmp_path.glob("scan/points/*/summary.json")]


def test_an_axis_cannot_have_the_name_of_an_outcome(tmp_path):
    text = OUTSIDE.format(at="0.1 mm", key="tissue.alpha", values="[0.1]") + 'name = "max_K_o"\n'
    (tmp_path / "scan.toml").write_text(text)
    with pytest.raises(ConfigError, match="'max_K_o' is that of another column"):
        driver.run(tmp_path / "scan.toml", tmp_path / "scan", quiet=True)

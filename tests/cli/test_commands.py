"""The commands, from first to last, as a user meets them."""

import gc
import json
import subprocess
import sys

import pytest

from ecs_model.cli import COLLECT, main, tools
from ecs_model.config.reader import parse_config
from tests.robust.cases import BASE, MODEL


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a small configuration."""
    (tmp_path / "run.toml").write_text(BASE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capfd):
    """A function: exit code, output and errors of a command."""

    def run(*arguments):
        capfd.readouterr()
        try:
            code = main([*map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        return code, *capfd.readouterr()

    return run


def test_a_program_leaves_nothing_to_search_at_its_end():
    """Python would look for cycles in all objects there are, a tenth of a short run."""
    text = "import gc, sys\nfrom ecs_model.cli import program\nsys.argv = ['ecs-model', 'models']\n"
    text += "program()\nprint(gc.get_freeze_count())"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) > 1000


def test_run_makes_a_run_directory_named_after_the_configuration(folder, said):
    code, out, err = said("run", "run.toml", "--quiet")
    assert (code, out, err) == (0, "", "")
    made = {p.name for p in (folder / "results" / "run").iterdir()}
    assert made >= {
        "config.toml",
        "config.resolved.toml",
        "run.json",
        "run.log",
        "summary.json",
        "series.csv",
        "fields.xdmf",
        "fields",
        "lines",
        "open_in_paraview.py",
    }
    assert (folder / "results" / "run" / "config.toml").read_text() == BASE


def test_run_says_what_it_found(folder, said):
    code, out, err = said("run", "run.toml", "-o", "out")
    assert code == 0 and out == ""
    for words in ("K+ load: no", "balance of K+", "where the time went"):
        assert words in err
    assert "K+ load: no" in (folder / "out" / "run.log").read_text()
    summary = json.loads((folder / "out" / "summary.json").read_text())
    assert summary["sd"]["verdict"] is False
    assert abs(summary["balance"]["relative_error"]) < 1e-12


def test_overwrite_replaces_a_run_but_only_by_one_that_can_run(folder, said):
    assert said("run", "run.toml", "-o", "out", "--quiet")[0] == 0
    before = (folder / "out" / "series.csv").read_bytes()
    wrong = ("--set", 'probe.p.at=["9 mm", "0 mm"]')
    assert said("run", "run.toml", "-o", "out", "--overwrite", *wrong)[0] == 2
    assert (folder / "out" / "series.csv").read_bytes() == before
    longer = ("--set", "time.end=0.8 s")
    assert said("run", "run.toml", "-o", "out", "--overwrite", "--quiet", *longer)[0] == 0
    assert (folder / "out" / "series.csv").read_bytes() != before


def test_a_refused_resume_changes_nothing(folder, said):
    options = ("--set", "checkpoint.every=0.1 s")
    assert said("run", "run.toml", "-o", "out", "--quiet", *options)[0] == 0
    resolved = folder / "out" / "config.resolved.toml"
    resolved.write_text(resolved.read_text().replace("100 um", "50 um"))
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert said("resume", "out")[0] == 2
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_check_estimates_and_writes_nothing(folder, said):
    before = sorted(folder.rglob("*"))
    code, out, err = said("check", "run.toml")
    assert code == 0 and err == "" and out.endswith("this configuration can be run\n")
    assert sorted(folder.rglob("*")) == before


def test_the_template_is_a_configuration(said):
    code, out, err = said("template")
    assert code == 0 and err == ""
    assert parse_config(out).mesh.generator == "box"


def test_objects_are_searched_for_cycles_seldom_while_a_command_lasts(monkeypatch, said):
    usual, meanwhile = gc.get_threshold(), []
    monkeypatch.setattr(tools, "_schema", lambda a: meanwhile.append(gc.get_threshold()))
    said("schema")
    assert [m[0] for m in meanwhile] == [COLLECT]
    assert gc.get_threshold() == usual


def test_the_schema_is_json(said):
    code, out, _ = said("schema")
    assert code == 0 and json.loads(out)["title"] == "Config"


def test_models_are_listed_and_explained(folder, said):
    assert "pump_leak" in said("models")[1]
    assert "K_threshold" in said("models", "nagumo")[1]
    (folder / "mine.py").write_text(MODEL)
    code, out, _ = said("models", "mine.py")
    assert code == 0 and "rate" in out


def test_tables_of_models_say_what_values_make_sense(said):
    rows = {line.split()[0]: line for line in said("models", "pump_leak")[1].splitlines() if line}
    assert "1e-06 to 1" in rows["phi"] and "0 to" in rows["P_K"]


def test_what_begins_after_the_end_is_told_before_the_run(folder, said):
    source = """
[[source]]
name = "late"
point = ["0.1 mm", "0.1 mm"]
rate = "1 pmol/s"
profile = { kind = "step", start = "1 h" }
"""
    (folder / "run.toml").write_text(BASE + source)
    code, out, err = said("check", "run.toml")
    assert code == 0 and "source 'late': begins at 3600 s, when the run is over" in out + err


def test_a_model_of_ones_own_runs(folder, said):
    (folder / "mine.py").write_text(MODEL)
    text = BASE.replace('model = "nagumo"', 'file = "mine.py"').replace("K_rest = 3.0", "k = 2.0")
    (folder / "run.toml").write_text(text)
    assert said("run", "run.toml", "-o", "out", "--quiet")[0] == 0


def test_meshes_are_made_and_used(folder, said):
    code, out, err = said("mesh", "rectangle", 'size=["0.4 mm", "0.2 mm"]', "cell=0.1 mm")
    assert code == 0 and err == "", err
    assert "written: rectangle.vtu, rectangle.png" in out
    text = BASE.replace('generator = "rectangle"', 'file = "rectangle.vtu"\nunit = "m"')
    text = text.replace('size = ["0.4 mm", "0.2 mm"]\n', "").replace('cell = "0.1 mm"\n', "")
    (folder / "run.toml").write_text(text)
    assert said("run", "run.toml", "-o", "out", "--quiet")[0] == 0


def test_a_ready_run_is_copied_once(folder, said):
    names = said("copy")[1].splitlines()
    name = names[0].split()[0]
    code, out, _ = said("copy", name)
    assert code == 0 and (folder / out.strip()).is_file()
    code, _, err = said("copy", name)
    assert code == 2 and "exists already" in err


OPTIONAL = {
    "energy": ('{ energy = true, pump = "post_albers" }', 'options = { supply = "flow" };'),
    "none": ("{}", 'pump = "post_albers", energy = true, supply = "flow" };'),
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_parameter_of_an_option_names_the_option(name, folder, said):
    options, words = OPTIONAL[name]
    text = (
        '[mesh]\ngenerator = "interval"\nlength = "1 mm"\ncell = "50 um"\n[membrane]\n'
        f'model = "kager_mori"\noptions = {options}\nparameters = {{ flow = "20 ml/100 g/min" }}\n'
        '[time]\nend = "1 s"\n'
    )
    (folder / "flow.toml").write_text(text)
    code, _, err = said("check", "flow.toml")
    assert code == 2 and "membrane.parameters.flow: kager_mori has it only with" in err
    assert words in err and "Traceback" not in err


WRONG = {
    "unknown ready run": (("copy", "nothing"), "no ready run 'nothing'"),
    "copy to nowhere": (("copy", "cortex_k_load", "--to", "a/b"), "does not exist"),
    "unknown model": (("models", "nothing"), "no membrane model 'nothing'"),
    "no model file": (("models", "nothing.py"), "no such file"),
    "unknown generator": (("mesh", "nothing"), "no 'nothing'"),
    "generator without settings": (("mesh", "box"), "also needs"),
    "generator with a wrong unit": (("mesh", "interval", "length=1 s", "cell=1 um"), "a length"),
    "mesh to another format": (
        ("mesh", "interval", "length=1 mm", "cell=0.1 mm", "-o", "a.docx"),
        ".vtu",
    ),
    "mesh to nowhere": (
        ("mesh", "interval", "length=1 mm", "cell=0.1 mm", "-o", "no/a.vtu"),
        "cannot write",
    ),
    "plot of nothing": (("plot", "nowhere"), "nowhere"),
    "export of nothing": (("export", "nowhere", "--vtkhdf"), "nowhere"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_of_the_other_commands(name, folder, said):
    arguments, words = WRONG[name]
    code, _, err = said(*arguments)
    assert code == 2 and err.startswith("error: ") and "Traceback" not in err
    assert words in err


def test_mechanisms_of_models_and_of_files_are_explained(folder, said):
    code, out, _ = said("models", "kager_mori")
    assert code == 0 and "mechanisms of glia (compartment 'g')" in out
    assert "inward_rectifier" in out and "Kir4.1" in out
    (folder / "mine.py").write_text(MECHANISM)
    code, out, err = said("models", "mine.py")
    assert (code, err) == (0, "")
    for words in ("mine: A K+ leak.", "g_mine", "0.1", "S/m^2", "opening"):
        assert words in out


MECHANISM = '''
from ecs_model.membrane.mechanism import Conductance, mechanism, quantity

def opening(u):
    """Opens with depolarization."""
    return 0.1, 0.2

@mechanism({"g_mine": quantity(0.1, "S/m^2", "of mine", low=0.0)}, (opening,))
def mine(v, c, y, p, T):
    """A K+ leak."""
    return {"K": Conductance(p.g_mine * y.opening)}
'''

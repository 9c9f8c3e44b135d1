"""What is installed, and the set-up script where something is missing on the machine."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from glob import glob
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

import ecs_model

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUP = ROOT / "runs" / "setup_env.sh"
TOOLS = ("sh", "dirname", "cat", "cmp", "head", "tail", "grep", "cut", "gcc", "as", "ld")


def folder_of_tools(folder, without=()):
    """A folder, for PATH, with the tools that the set-up needs."""
    folder.mkdir()
    for name in set(TOOLS) - set(without):
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


def set_up(path, **environment):
    """The finished set-up script in a bare environment."""
    return subprocess.run(
        ["/bin/sh", str(SETUP)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": str(path), "HOME": "/nonexistent", **environment},
    )


def assert_one_sentence(done, *words):
    """The script failed and told why in one line with its remedy."""
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    for word in words:
        assert word in line


def test_the_cluster_takes_everything_but_the_solver():
    lines = (ROOT / "runs/cluster/requirements.txt").read_text().splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    dependencies = PROJECT["project"]["dependencies"]
    assert asked == [d for d in dependencies if not d.startswith("dolfinx-solver-real")]


def test_the_version_is_the_same_everywhere():
    here = ecs_model.__version__
    assert version("ecs-model") == here
    assert f"\nversion: {here}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {here} " in (ROOT / "CHANGELOG.md").read_text()


def test_every_folder_with_modules_is_packaged():
    folders = {p.parent for p in (ROOT / "ecs_model").rglob("__init__.py")}
    names = {".".join(f.relative_to(ROOT).parts) for f in folders}
    beside = {"ecs_model.meshes", "ecs_model.postprocess", "ecs_model.runs"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == names | beside


def test_run_files_and_surfaces_come_with_the_package():
    assert any(p.name.endswith(".toml") for p in files("ecs_model.runs").iterdir())
    assert any(
        p.name.endswith(".npz") for p in files("ecs_model.meshes").joinpath("data").iterdir()
    )


def test_without_a_python_the_setup_says_where_to_get_one(tmp_path):
    if [*glob("/usr/local/bin/python3.1?"), *glob("/opt/*/bin/python3")]:
        pytest.skip("there is a Python that the set-up finds without PATH")
    done = set_up(folder_of_tools(tmp_path / "bin"), VENV=str(tmp_path / "venv"))
    assert_one_sentence(done, "Python 3.12", "PYTHON=")
    assert not (tmp_path / "venv").exists()


def test_a_dead_shim_is_no_python(tmp_path):
    shim = folder_of_tools(tmp_path / "bin") / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    done = set_up(tmp_path / "bin", VENV=str(tmp_path / "venv"), PYTHON=str(shim))
    assert_one_sentence(done, str(shim), "3.12")


def test_without_a_compiler_the_setup_says_what_to_install(tmp_path):
    path = folder_of_tools(tmp_path / "bin", without=["gcc"])
    done = set_up(path, VENV=str(tmp_path / "venv"))
    assert_one_sentence(done, "C compiler", "apt-get install gcc")


def test_without_venv_the_setup_says_what_to_install(tmp_path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    python = sys._base_executable
    done = set_up(
        folder_of_tools(tmp_path / "bin"),
        VENV=str(tmp_path / "venv"),
        PYTHON=python,
        PYTHONPATH=str(tmp_path),
    )
    assert_one_sentence(done, "venv", "install")


def test_nothing_is_done_when_nothing_changed(tmp_path):
    environment = tmp_path / "venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    wanted = f"{os.path.realpath(ROOT)}\n" + (ROOT / "pyproject.toml").read_text()
    (environment / "installed-for").write_text(wanted)
    done = set_up(folder_of_tools(tmp_path / "bin"), VENV=str(environment))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "script",
    [
        "runs/setup_env.sh",
        ".ci/run",
        ".ci/package",
        "runs/cluster/slurm.sh",
        "runs/cluster/scaling.sh",
    ],
)
def test_scripts_are_valid_shell(script):
    assert subprocess.run(["bash", "-n", str(ROOT / script)]).returncode == 0


@pytest.mark.parametrize("recipe", ["Dockerfile", "runs/cluster/ecs-model.def"])
def test_a_container_gets_what_the_package_and_gmsh_need(recipe):
    text = (ROOT / recipe).read_text()
    libraries = (ROOT / ".ci/system_packages").read_text().partition("gmsh=(")[2].partition(")")[0]
    assert all(f" {library} " in text.replace("\n", " \n ") for library in libraries.split())
    folders = PROJECT["tool"]["setuptools"]["package-dir"].values()
    copied = text if recipe.endswith(".def") else (ROOT / ".dockerignore").read_text()
    for name in ("pyproject.toml", "README.md", "LICENSE", "ecs_model", *folders):
        assert re.search(rf"^[ !]*{re.escape(name)}\b", copied, re.MULTILINE), name


def test_the_page_of_reports_comes_with_the_package():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["ecs_model.postprocess"]
    pages = {p.name for p in files("ecs_model.postprocess").iterdir() if p.suffix == ".html"}
    names = {"page.html", "page_parts.html", "run_report.html", "scan_report.html"}
    assert pages == names and "*.html" in patterns

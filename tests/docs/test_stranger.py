"""A stranger follows README.md word by word, in a new clone, on every Python that is there."""

import glob
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.docs import pages

PATIENCE = 600  # s from README to results of one's own


def interpreter(version):
    """A Python of a version that can make environments; skips where there is none."""
    pyenv = os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))
    for path in (
        shutil.which(f"python{version}"),
        *glob.glob(f"{pyenv}/versions/{version}*/bin/python"),
    ):
        if path and not subprocess.call(
            [path, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL
        ):
            return path
    pytest.skip(f"no Python {version} with venv here")


def clone(folder):
    """The files of the checkout that git knows, as they are now; skips where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=pages.ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a checkout of git")
    for name in filter(None, listed.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(pages.ROOT / name, folder / name)


def clean(**more):
    """The environment of a shell in which nothing was activated."""
    left = {k: v for k, v in os.environ.items() if not k.startswith(("PMI_", "ECS_", "VIRTUAL_"))}
    paths = [p for p in left["PATH"].split(":") if Path(p) != pages.BIN]
    return left | {"PATH": ":".join(paths)} | more


def test_what_a_stranger_types_is_one_text_in_its_order():
    text = pages.script("README.md")
    said = [
        "make run",
        ". .venv/bin/activate",
        "ecs-model doctor",
        "ecs-model report",
        "python - <<",
    ]
    places = [text.index(words) for words in said]
    assert places == sorted(places)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_stranger_comes_from_readme_to_results_in_ten_minutes(version, tmp_path):
    python = interpreter(version)
    clone(tmp_path)
    start = time.monotonic()
    done = subprocess.run(
        ["sh", "-e"],
        input=pages.script("README.md"),
        cwd=tmp_path,
        env=clean(PYTHON=python),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert time.monotonic() - start < PATIENCE
    results = tmp_path / "results"
    waves = {
        name: json.loads((results / name / "summary.json").read_text())
        for name in ("normal", "small")
    }
    speeds = {name: wave["fronts"]["along"]["speed_mm_per_min"] for name, wave in waves.items()}
    assert speeds == {"normal": pytest.approx(3.6, abs=0.05), "small": pytest.approx(5.0, abs=0.1)}
    for made in (
        "sulcus_sd/pictures/maps.png",
        "small/report.html",
        "scan_alpha_lambda_sd/report.html",
    ):
        assert (results / made).stat().st_size > 10_000
    assert "yes" in json.loads((results / "scan_alpha_lambda_sd/report.json").read_text())

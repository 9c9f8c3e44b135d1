"""Types are checked, also in functions that declare none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLANTED = {  # file: what stands there, what is put in its place
    "membrane/derivation.py": ("share = self.volumes(", "share = self.volums("),
    "tissue/regions.py": ("rows = sorted(set().union(", "rows = sorted(set().joined("),
    "run/time_loop.py": ("self.rejected += 1", "self.rejected += 'one'"),
    "transport/flux_limiter.py": ("self.steps += 1", "self.steps += 'one'"),
}


def checked(root):
    """What mypy says of the package in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-color-output"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return done.returncode, done.stdout


def test_planted_errors_are_found(tmp_path):
    """Each in a function without annotations; without them there is none (`make lint`).

    What `make lint` has found out of the libraries is taken from its cache, if it is there.
    """
    if (cache := ROOT / ".mypy_cache").is_dir():
        shutil.copytree(cache, tmp_path / cache.name)
    shutil.copytree(ROOT / "ecs_model", tmp_path / "ecs_model")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, (right, wrong) in PLANTED.items():
        path = tmp_path / "ecs_model" / name
        text = path.read_text()
        assert right in text, name
        path.write_text(text.replace(right, wrong, 1))
    code, said = checked(tmp_path)
    assert code == 1
    for name in PLANTED:
        if name not in said:
            pytest.fail(f"{name}: the error is not found\n{said}")

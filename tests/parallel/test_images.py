"""Tissue from images: the same on 1, 2 and 3 processes, and through a restart; refused by all."""

import json

import pytest

from tests.helpers import launch
from tests.imaging import phantom
from tests.imaging.runs import prepare
from tests.parallel.runs import close, done


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    phantom.write_mesh(folder / "body.vtu", size=0.9)
    scan, place = phantom.Scan.along(folder / "scan").write(), folder / "runs"
    place.mkdir()
    prepare(place, scan, folder / "body.vtu")
    for n in (1, 2, 3):
        done(n, place, "run", "run.toml", "-o", f"out{n}")
    return place


@pytest.mark.parametrize("n", [2, 3])
def test_processes_read_the_same_tissue(home, n):
    close(home / "out1", home / f"out{n}", rtol=1e-9)
    one, other = (json.loads((home / f"out{k}" / "summary.json").read_text()) for k in (1, n))
    assert one["images"] == other["images"] != {}
    assert [*map(_words, one["assumptions"])] == [*map(_words, other["assumptions"])]


def _words(note):
    return note if "mm^3" not in note else note.partition(":")[0]  # whose last digits are sums


def test_a_run_goes_on_with_its_images(home):
    done(2, home, "run", "run.toml", "-o", "part", "--set", "time.end=0.2 s")
    done(3, home, "resume", "part", "--set", "time.end=0.4 s")
    close(home / "out1", home / "part", rtol=1e-9)


def test_all_processes_refuse_together(home):
    """One process holds nodes for which there is no voxel; the others have them all."""
    text = (home / "run.toml").read_text().replace("alpha.nii.gz", "labels.nii.gz", 1)
    (home / "wrong.toml").write_text(text)
    ended = launch(3, "run", "wrong.toml", "-o", "wrong", cwd=home)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert "tissue.alpha: must be between" in ended.stderr and " mm" in ended.stderr

"""Runs whose tissue comes from images, and what they give back."""

import json
import re

from ecs_model.native import MPI

import nibabel
import numpy as np
import pytest

from ecs_model import api
from ecs_model.cli import main
from ecs_model.errors import ConfigError
from ecs_model.files.images import digest
from ecs_model.run.field_series import read_field, read_mesh
from tests.imaging import phantom
from tests.imaging.runs import RATIOS, prepare


@pytest.fixture(scope="module")
def finished(tmp_path_factory, scan, body):
    folder = tmp_path_factory.mktemp("images")
    assert api.run(prepare(folder, scan, body), folder / "out", MPI.COMM_SELF, quiet=True).code == 0
    return folder / "out"


def test_the_tissue_is_that_of_the_images(finished):
    points, cells, fields = read_mesh(finished)
    middles = points[cells].mean(axis=1)
    assert np.abs(fields["alpha"] - phantom.alpha(middles)).max() < 0.03
    assert 0.02 < (fields["tortuosity"] == 1.8).mean()
    inner = phantom.depth(points)[1] > 1.5
    potassium = read_field(finished, "K_o", 0)
    lesion = phantom.label(points) == 25
    assert (potassium[inner & lesion] == 20.0).all() and (potassium[inner & ~lesion] < 5.0).all()


def test_the_summary_says_what_was_read(finished, scan):
    summary = json.loads((finished / "summary.json").read_text())
    alpha = scan.folder / "alpha.nii.gz"
    assert summary["images"]["alpha.nii.gz"] == digest(alpha)
    assert {*summary["images"]} == {"alpha.nii.gz", "labels.nii.gz", "tensor_fsl.nii.gz"}
    said = " ".join(summary["assumptions"])
    assert "tensors are not positive and left out" in said
    assert "region 'lesion'" in said and "mm^3 of the mesh" in said
    assert abs(summary["balance"]["relative_error"]) < 1e-12


def test_ratios_of_water_in_a_run(tmp_path, scan, body):
    path = prepare(tmp_path, scan, body, RATIOS)
    parts = api.simulation(path, MPI.COMM_SELF)
    assert parts.diffusion is not None
    assert api.run(path, tmp_path / "out", MPI.COMM_SELF, quiet=True).code == 0


def test_what_numbers_of_an_image_mean_is_said(tmp_path, scan, body):
    """A line through two points, cut off at both ends, which stays in the summary."""
    path = prepare(tmp_path, scan, body)
    line = 'linear = { values = [0.1, 0.2], become = [0.3, 0.1], source = "a guess" }'
    text = path.read_text().replace('"alpha.nii.gz"', f'"alpha.nii.gz", clip = [0.1, 0.2], {line}')
    path.write_text(text)
    assert api.run(path, tmp_path / "out", MPI.COMM_SELF, quiet=True).code == 0
    points, cells, fields = read_mesh(tmp_path / "out")
    alpha = np.clip(0.5 - 2 * phantom.alpha(points[cells].mean(axis=1)), 0.1, 0.2)
    assert np.abs(fields["alpha"] - alpha).max() < 0.06
    assert fields["alpha"].min() == pytest.approx(0.1)
    said = " ".join(json.loads((tmp_path / "out" / "summary.json").read_text())["assumptions"])
    assert "an assumption (a guess)" in said and "were cut to 0.1 to 0.2" in said


def test_it_is_given_back_as_it_was(finished, scan, tmp_path):
    like = scan.folder / "alpha.nii.gz"
    paths = api.export_nifti(finished, like, tmp_path, ["K_o"])
    given, found = nibabel.load(like), nibabel.load(tmp_path / "alpha.nii.gz")
    assert np.array_equal(found.affine, given.affine) and found.shape == given.shape
    both = np.isfinite(found.get_fdata()) & (given.get_fdata() > 0)
    assert both.sum() > 1700
    assert np.abs(found.get_fdata() - given.get_fdata())[both].max() < 0.02
    coverage = nibabel.load(tmp_path / "coverage.nii.gz").get_fdata()
    assert (np.isfinite(found.get_fdata()) == (coverage >= 0.5)).mean() > 0.999
    points, cells, _ = read_mesh(finished)
    volume = np.abs(np.linalg.det(points[cells][:, 1:] - points[cells][:, :1])).sum() / 6
    assert coverage.sum() * np.prod(phantom.ZOOMS) == pytest.approx(volume, rel=1e-6)
    assert coverage.max() < 1.05 and {p.name for p in paths} >= {"about.json", "K_o.nii.gz"}
    film = nibabel.load(tmp_path / "K_o.nii.gz")
    assert film.shape == (*phantom.SHAPE, 5) and film.header.get_zooms()[3] == pytest.approx(0.1)
    assert film.header.get_xyzt_units() == ("mm", "sec")
    about = json.loads((tmp_path / "about.json").read_text())
    assert about["like"]["sha256"] == digest(like)


def test_an_exported_map_is_read_as_it_was_written(finished, scan, tmp_path, body):
    """Alpha out, in again: the same within what interpolating twice costs."""
    api.export_nifti(finished, scan.folder / "alpha.nii.gz", tmp_path / "back")
    path = prepare(tmp_path, scan, body)
    text = path.read_text().replace('"alpha.nii.gz", within = "labels.nii.gz"', '"back.nii.gz"')
    path.write_text(text)
    (tmp_path / "back.nii.gz").symlink_to(tmp_path / "back" / "alpha.nii.gz")
    assert api.run(path, tmp_path / "out", MPI.COMM_SELF, quiet=True).code == 0
    one, other = (read_mesh(folder)[2]["alpha"] for folder in (finished, tmp_path / "out"))
    assert np.abs(one - other).max() < 0.02 and np.abs(one - other).mean() < 0.001


def coarse(like, path, factor):
    """An image over the same space whose voxels are `factor` times as wide."""
    given = nibabel.load(like)
    affine = given.affine @ np.diag([factor, factor, factor, 1.0])
    shape = [max(1, -(-n // factor)) for n in given.shape]
    nibabel.save(nibabel.Nifti1Image(np.zeros(shape, np.float32), affine), path)
    return path


def test_what_has_no_voxel_is_said(finished, scan, tmp_path, capsys):
    like = scan.folder / "labels.nii.gz"
    one = coarse(like, tmp_path / "one.nii.gz", 4 * max(phantom.SHAPE))
    assert main(["export", str(finished), "--nifti", str(one), "-o", str(tmp_path / "a")]) == 2
    assert "as no voxel has a value: tissue fills" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
    some = coarse(like, tmp_path / "some.nii.gz", 10)
    assert main(["export", str(finished), "--nifti", str(some), "-o", str(tmp_path / "b")]) == 0
    said = re.match(r"note: (\d+) % of the tissue lies in (\d+) voxels", capsys.readouterr().err)
    coverage = nibabel.load(tmp_path / "b" / "coverage.nii.gz").get_fdata()
    lost = coverage[coverage < 0.5]
    assert int(said[1]) == round(100 * lost.sum() / coverage.sum()) > 10
    assert int(said[2]) == (lost > 0).sum()
    about = json.loads((tmp_path / "b" / "about.json").read_text())
    assert about["without_value"]["voxels"] == int(said[2])


def test_a_later_export_removes_what_an_earlier_one_wrote_and_nothing_else(
    finished, scan, tmp_path
):
    like = scan.folder / "labels.nii.gz"
    api.export_nifti(finished, like, tmp_path, ["K_o"], ["0.2 s"])
    (tmp_path / "mine.nii.gz").write_text("of somebody else")
    about = json.loads((tmp_path / "about.json").read_text())
    outside = tmp_path.parent / "outside.nii.gz"
    outside.write_text("elsewhere")
    about["written"] += ["../outside.nii.gz", "notes.txt"]
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "about.json").write_text(json.dumps(about))
    api.export_nifti(finished, like, tmp_path, ["K_o"], ["0.4 s"])
    names = {path.name for path in tmp_path.iterdir()}
    assert "K_o_0.4s.nii.gz" in names and "K_o_0.2s.nii.gz" not in names
    assert {"mine.nii.gz", "notes.txt"} <= names and outside.exists()


def test_values_at_centres_and_first_arrivals(finished, scan, tmp_path):
    like = scan.folder / "labels.nii.gz"
    means = api.export_nifti(finished, like, tmp_path / "a", ["K_o"], ["0.2 s"])
    assert (tmp_path / "a" / "K_o_0.2s.nii.gz") in means
    options = {"at_centres": True, "earliest": True}
    api.export_nifti(finished, like, tmp_path / "b", ["K_o"], [0.2], **options)
    one, other = (
        nibabel.load(tmp_path / name / "K_o_0.2s.nii.gz").get_fdata() for name in ("a", "b")
    )
    both = np.isfinite(one) & np.isfinite(other)
    assert both.sum() > 1500 and np.abs(one - other)[both].mean() < 0.3


FAULTS = {  # what is changed, and what the message says
    '"alpha.nii.gz"': ('"none.nii.gz"', "none.nii.gz: no such file"),
    'label = "white"': ('label = "whit"', "has no label 'whit'; did you mean 'white'"),
    'names = "names.txt"\n': ("", "label 'white' is a name: say in which table"),
    'label = "white"\nimage': ("label = 0\nimage", "the label 0 is what lies outside"),
    'names = "names.txt"': ('names = "twice.txt"', "twice.txt, line 2: the label 2 has two names"),
    'names = "names.txt"\nparam': ('names = "colours.txt"\nparam', "colours.txt, line 1: needs a"),
    '"alpha.nii.gz", within =': ('"flipped.nii.gz", within =', "flipped.nii.gz: not a readable"),
    'alpha.nii.gz"': ('metres.nii.gz"', "its lengths are in meter; millimetres would be right"),
    "label = 25": ("label = 7", "region 'lesion' holds no cell"),
    'image = "labels.nii.gz"\ninitial': ("initial", "a label needs the NIfTI or MGZ image"),
    'order = "fsl", ': ('order = "mrtrix", ', 'order = "fsl" would do'),
    'axes = "fsl", ': ("", "no file tells in which axes"),
    '{ file = "alpha.nii.gz"': (
        '{ linear = { values = [0.1, 0.3], become = [-0.5, 0.5], source = "a guess" }, '
        'file = "alpha.nii.gz"',
        "must be between",
    ),
    '"body.vtu"': ('"lps.vtu"', 'with space = "lps" 100% of it would'),
    '"alpha.nii.gz", within': ('"broken.nii.gz", within', "not a readable NIfTI or MGZ image"),
    '"alpha.nii.gz", ': ('"nowhere.nii.gz", ', "neither its sform nor its qform"),
    '"alpha.nii.gz", within = "labels.nii.gz"': ('"v1_fsl.nii.gz"', "has 3 numbers a voxel"),
    'alpha.nii.gz", within = "labels.nii.gz"': (
        'alpha.nii.gz", within = "small.nii.gz"',
        "has other voxels",
    ),
    'file = "alpha.nii.gz"': (
        'file = "half.nii.gz"',
        "places are more than 2 voxels from any voxel of half.nii.gz with a value, the first at (",
    ),
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_cannot_be_is_refused_by_name(tmp_path, scan, body, what):
    path, (instead, message) = prepare(tmp_path, scan, body), FAULTS[what]
    spoil(tmp_path, scan, body)
    path.write_text(path.read_text().replace(what, instead, 1))
    with pytest.raises(ConfigError) as caught:
        api.run(path, tmp_path / "out", MPI.COMM_SELF, quiet=True)
    assert message in str(caught.value), caught.value


def spoil(folder, scan, body):
    """Images and a mesh with which something is wrong."""
    import meshio

    values = nibabel.load(scan.folder / "alpha.nii.gz").get_fdata().astype(np.float32)
    (folder / "broken.nii.gz").write_bytes((scan.folder / "alpha.nii.gz").read_bytes()[:3000])
    other = phantom.Scan(folder, scan.affine)
    other.save("nowhere", values, codes=(0, 0))
    other.save("small", np.ones((4, 4, 4), np.int16))
    other.save("half", np.where(np.arange(phantom.SHAPE[0])[:, None, None] < 20, values, np.nan))
    (folder / "twice.txt").write_text("2 white\n2 grey\n")
    (folder / "colours.txt").write_text('2 255 0 0 1 1 1 "Label 2"\n')
    whole = bytearray((scan.folder / "alpha.nii.gz").read_bytes())
    whole[-6] ^= 1  # of the sum behind the data
    (folder / "flipped.nii.gz").write_bytes(whole)
    other.save("metres", values, unit="meter")
    mesh = meshio.read(body)
    mesh.points[:, :2] *= -1
    mesh.write(folder / "lps.vtu")


@pytest.mark.parametrize("name", ["alpha.nii.gz", "labels.nii.gz", "names.txt"])
def test_a_run_does_not_go_on_with_another_image(tmp_path, scan, body, name):
    path = prepare(tmp_path, scan, body)
    overrides = ("time.end=0.2 s",)
    assert api.run(path, tmp_path / "out", MPI.COMM_SELF, overrides, quiet=True).code == 0
    other = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(other.replace(b"white 245", b"white 246") + b"\n")
    with pytest.raises(ConfigError, match=name):
        api.resume(tmp_path / "out", MPI.COMM_SELF, ("time.end=0.4 s",), quiet=True)

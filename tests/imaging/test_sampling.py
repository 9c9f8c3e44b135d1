"""Images at points: against a phantom whose truth is known, in every orientation and on 1 to 3."""

from ecs_model.native import MPI

import nibabel
import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.files import images
from ecs_model.meshes import meshdata
from ecs_model.tissue import image_sampling, image_tensors
from ecs_model.tissue.image_fields import ImageFields
from ecs_model.tissue.image_use import ImageUse, TensorUse
from ecs_model.tissue.mesh import Mesh
from tests.imaging import phantom

DIAGONAL = np.linalg.norm(phantom.ZOOMS)


@pytest.fixture(scope="module")
def mesh(body):
    return Mesh(MPI.COMM_SELF, meshdata.read(body, "mm"))


def fields(mesh, scan):
    made = ImageFields(mesh, scan.folder)
    return made, phantom.depth(made.middles)[1] > DIAGONAL


@pytest.mark.parametrize("within", [None, "labels.nii.gz"])
@pytest.mark.parametrize("axes", phantom.SIGNS)
def test_alpha_is_right_in_every_orientation(mesh, scans, axes, within):
    made, inner = fields(mesh, scans[axes])
    use = ImageUse("alpha.nii.gz", within=within)
    error = np.abs(made.scalars(use, "alpha", made.middles) - phantom.alpha(made.middles))
    assert error[inner].max() < 0.002 and error.max() < 0.03


@pytest.mark.parametrize("axes", phantom.SIGNS)
def test_labels_are_right_half_a_voxel_from_borders(mesh, scans, axes):
    made, _ = fields(mesh, scans[axes])
    wrong = made.labels(ImageUse("labels.nii.gz"), "labels") != phantom.label(made.middles)
    far = phantom.depth(made.middles)[1] > DIAGONAL / 2
    assert far.sum() > 10_000 and not wrong[far].any() and wrong.mean() < 0.06


@pytest.mark.parametrize("axes", phantom.SIGNS)
@pytest.mark.parametrize("kind", [*phantom.VECTORS, *phantom.ORDERS])
def test_fibres_run_as_they_do_in_the_world(mesh, scans, axes, kind):
    made, inner = fields(mesh, scans[axes])
    use = v1(kind) if kind in phantom.VECTORS else tensors(kind)
    assert angles(made.axes(use, "tissue"), made.middles)[inner].max() < 5.0


def v1(axes):
    return TensorUse(ImageUse(f"v1_{axes}.nii.gz", within="labels.nii.gz"), axes)


def tensors(order):
    image = ImageUse(f"tensor_{order}.nii.gz", within="labels.nii.gz")
    return TensorUse(image, phantom.AXES[order], order)


def angles(axes, points):
    """Between axes v v^T and the true directions [degrees]."""
    v = phantom.direction(points)
    cosine = np.sqrt(np.clip(np.einsum("ni,nij,nj->n", v, axes, v), 0.0, 1.0))
    return np.degrees(np.arccos(cosine))


def test_wrong_axes_give_wrong_fibres(mesh, scan):
    made, inner = fields(mesh, scan)
    wrong = TensorUse(tensors("fsl").image, "world", "fsl")  # positive all the same: not to be seen
    assert np.median(angles(made.axes(wrong, "tissue"), made.middles)[inner]) > 20.0


def test_tensors_that_are_not_positive_are_counted_exactly(mesh, scan):
    six = nibabel.load(scan.folder / "tensor_mrtrix.nii.gz").get_fdata()
    xx, yy, zz, xy, xz, yz = np.moveaxis(six[np.any(six != 0, axis=-1)], -1, 0)
    full = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]).T
    count = int((np.linalg.eigvalsh(full)[:, 0] <= 0).sum())
    made, _ = fields(mesh, scan)
    made.axes(TensorUse(ImageUse("tensor_mrtrix.nii.gz"), "world", "mrtrix"), "tissue")
    assert 30 < count < 80
    assert any(f"{count} of {len(full)} tensors are not positive" in note for note in made.notes)


@pytest.mark.parametrize("wrong", ["mrtrix", "nifti"])
def test_a_wrong_order_is_refused_and_the_right_one_named(mesh, scan, wrong):
    made, _ = fields(mesh, scan)
    with pytest.raises(ConfigError, match='are not positive; order = "fsl" would do'):
        made.axes(TensorUse(ImageUse("tensor_fsl.nii.gz"), "fsl", wrong), "tissue")


def test_ratios_are_those_of_the_tensors(mesh, scan):
    made, inner = fields(mesh, scan)
    use = tensors("fsl")
    shares = made.ratios(use, "tissue", 1.6**2)
    assert np.allclose(np.trace(shares, axis1=1, axis2=2), 3.0)
    wanted = phantom.EIGENVALUES / phantom.EIGENVALUES.mean()
    assert np.abs(np.linalg.eigvalsh(shares)[:, ::-1] - wanted)[inner].max() < 0.05
    cut = made.ratios(use, "tissue", 1.5)
    assert np.linalg.eigvalsh(cut)[:, -1].max() < 1.5 + 1e-9
    assert any("faster than free diffusion" in note for note in made.notes)


def test_tensors_without_a_direction_are_isotropic():
    means = np.array([np.diag([1.0, 0.98, 1.02]), np.diag([3.0, 1.0, 1.0])])
    assert (image_tensors.anisotropy(means) < image_tensors.FLAT).tolist() == [True, False]
    assert image_tensors.anisotropy(means[1]) == pytest.approx(0.6030, abs=1e-4)  # 2 / sqrt(11)


def test_a_plane_is_interpolated_exactly_and_the_rest_counts_for_nothing(tmp_path):
    grid = np.indices((6, 5, 4)).astype(float)
    values = 101.0 + grid[0] - 2 * grid[1] + 0.5 * grid[2]
    values[3:] = np.nan  # no tissue
    nibabel.save(nibabel.Nifti1Image(values, np.diag([2.0, 1.0, 1.5, 1.0])), tmp_path / "x.nii")
    image = images.read(tmp_path / "x.nii")
    points = np.array([[3.1, 2.2, 2.5], [0.0, 0.0, 0.0], [4.9, 1.0, 1.5], [9.0, 1.0, 1.5]])
    around = image_sampling.block(image, points)
    where = image_sampling.places(around, points)
    found = image_sampling.interpolated(around, where)[:, 0]
    assert found[0] == pytest.approx(101.0 + 3.1 / 2 - 4.4 + 2.5 / 3, rel=1e-12)
    assert found[1:3] == pytest.approx([101.0, 101.5])  # the second from one side only
    assert where.lost.tolist() == [False] * 4 and where.beside.tolist() == [False] * 3 + [True]


def test_nothing_is_taken_from_afar(tmp_path):
    values = np.zeros((12, 3, 3))
    values[0] = 0.2
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "x.nii")
    image = images.read(tmp_path / "x.nii")
    points = np.array([[2.0, 1.0, 1.0], [3.0, 1.0, 1.0], [-2.4, 1.0, 1.0], [-2.6, 1.0, 1.0]])
    where = image_sampling.places(image_sampling.block(image, points), points)
    assert where.lost.tolist() == [False, True, False, True]


def test_a_mesh_in_lps_and_in_surface_ras(tmp_path, scan, body):
    points = phantom.CENTRE + phantom.BODY @ [0.5, -0.5, 8.0]
    image = images.read(scan.folder / "alpha.nii.gz")
    assert image.to_world("lps")[:3, :3] @ (points * [-1, -1, 1]) == pytest.approx(points)
    with pytest.raises(ConfigError, match="tkr coordinates belong to an"):
        image.to_world("tkr")
    mgh = nibabel.MGHImage(np.ones(phantom.SHAPE, np.float32), scan.affine)
    nibabel.save(mgh, tmp_path / "orig.mgz")
    image = images.read(tmp_path / "orig.mgz")
    voxel = image.voxels(points[None])[0]
    tkr = mgh.header.get_vox2ras_tkr() @ [*voxel, 1.0]
    assert (image.to_world("tkr") @ tkr)[:3] == pytest.approx(points, abs=1e-4)

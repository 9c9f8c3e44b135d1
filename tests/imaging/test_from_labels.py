"""Meshes of labels: closed borders, volumes of voxels, borders where they are, names."""

from ecs_model.native import MPI

import nibabel
import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.meshes import labelled, meshdata, surface_nets, voxel_blocks
from ecs_model.run.field_series import read_mesh
from tests.imaging import phantom

CELL = 0.8e-3


def open_edges(net, label):
    """Edges of the border of a label that do not join an even number of triangles."""
    triangles = net.triangles[(net.labels == label).any(axis=1)]
    edges = np.sort(np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
    return int((np.unique(edges, axis=0, return_counts=True)[1] % 2).sum())


def volume(net, label):
    """Volume [voxels] inside the border of a label, by the divergence theorem."""
    own = (net.labels == label).any(axis=1)
    a, b, c = (net.points[net.triangles[own, k]] for k in range(3))
    side = np.where(net.labels[own, 0] == label, 1.0, -1.0)
    return float((side * np.einsum("ni,ni->n", a, np.cross(b, c))).sum() / 6)


@pytest.mark.parametrize("smoothing", [0, 10])
@pytest.mark.parametrize("seed", range(5))
def test_borders_of_any_labels_are_closed(seed, smoothing):
    """Also where voxels touch at edges and corners alone."""
    labels = np.random.default_rng(seed).integers(0, 4, (6, 5, 7))
    net = surface_nets.net(labels, smoothing)
    assert not any(open_edges(net, k) for k in range(4))
    if not smoothing:
        for k in (1, 2, 3):
            assert volume(net, k) == pytest.approx(np.count_nonzero(labels == k))


def test_smoothing_leaves_volumes(scan):
    labels = np.asarray(nibabel.load(scan.folder / "labels.nii.gz").dataobj).astype(int)
    net = surface_nets.net(labels, labelled.SMOOTHING)
    for label, share in {2: 0.005, 3: 0.005, 25: 0.03}.items():
        assert volume(net, label) == pytest.approx(np.count_nonzero(labels == label), rel=share)


@pytest.fixture(scope="module")
def mesh(scan):
    image, names = (str(scan.folder / name) for name in ("labels.nii.gz", "names.txt"))
    return labelled.from_labels(image, CELL, names=names)


def test_regions_have_names_and_the_volumes_of_their_voxels(mesh, scan):
    meshdata.check(mesh, "labels")
    assert {*mesh.regions} == {"white", "grey", "lesion"} and {*mesh.boundaries} == {
        "outer",
        "between",
    }
    labels = np.asarray(nibabel.load(scan.folder / "labels.nii.gz").dataobj)
    sizes = np.abs(meshdata.volumes(mesh)) * 1e9 / np.prod(phantom.ZOOMS)
    for name, label in {"white": 2, "grey": 3, "lesion": 25}.items():
        found = sizes[mesh.cell_tags == mesh.regions[name]].sum()
        assert found == pytest.approx(np.count_nonzero(labels == label), rel=0.03)


def test_it_lies_where_the_tissue_is(mesh):
    """In the world of the scanner: borders within half a voxel of the truth."""
    outer = mesh.points[np.unique(mesh.facets[mesh.facet_tags == mesh.boundaries["outer"]])]
    off = np.abs(phantom.depth(1e3 * outer)[0])
    assert off.mean() < 0.2 and off.max() < 0.75
    middles = 1e3 * mesh.points[mesh.cells].mean(axis=1)
    tags = {2: mesh.regions["white"], 3: mesh.regions["grey"], 25: mesh.regions["lesion"]}
    inner = phantom.depth(middles)[1] > np.linalg.norm(phantom.ZOOMS)
    wanted = np.vectorize(tags.get)(phantom.label(middles[inner]))
    assert inner.sum() > 300 and (mesh.cell_tags[inner] == wanted).all()


def test_a_run_on_a_mesh_of_labels(tmp_path, scan):
    (tmp_path / "run.toml").write_text(
        f"""
[mesh]
generator = "from_labels"
image = "{scan.folder}/labels.nii.gz"
names = "{scan.folder}/names.txt"
label = ["grey", 25]
cell = "0.8 mm"
[tissue]
alpha = {{ file = "{scan.folder}/alpha.nii.gz" }}
[[tissue.regions]]
name = "load"
tag = "lesion"
initial = {{ K_o = 20.0 }}
[membrane]
model = "pump_leak"
[time]
end = "0.1 s"
"""
    )
    assert api.run(tmp_path / "run.toml", tmp_path / "out", MPI.COMM_SELF, quiet=True).code == 0
    points, cells, fields = read_mesh(tmp_path / "out")
    assert np.abs(fields["alpha"] - phantom.alpha(points[cells].mean(axis=1))).max() < 0.03


def write(path, values):
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 1.0, 1.0, 1.0])), path)
    return str(path)


def test_pieces_holes_and_diagonals_are_meshed(tmp_path):
    """A label in two pieces, one with a hole for another label; islands are left out and told."""
    labels = np.zeros((9, 9, 14), np.int16)
    labels[1:7, 1:7, 1:7] = 1
    labels[3, 3, 3] = 7
    labels[1:4, 1:4, 7:9] = 2
    labels[1:4, 1:4, 9:12] = 1
    labels[7, 7, 7] = 1  # touches the body in one corner
    mesh = labelled.from_labels(write(tmp_path / "x.nii", labels), 1e-3, smoothing=0)
    meshdata.check(mesh, "pieces")
    assert {*mesh.regions} == {"label_1", "label_2", "label_7"}
    assert mesh.notes["volume_left_out"] == pytest.approx(1e-9)


def test_tissue_in_pieces_is_refused(tmp_path):
    labels = np.zeros((9, 3, 3), np.int16)
    labels[:4] = labels[5:8] = 1
    with pytest.raises(ConfigError, match="falls into 2 pieces that share no face"):
        labelled.from_labels(write(tmp_path / "x.nii", labels), 1e-3)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (np.zeros((3, 3, 3), np.int16), {}, "no voxel has a label that is not 0"),
        (np.ones((3, 3, 3), np.float32) / 3, {}, "labels are whole numbers"),
        (np.ones((3, 3, 3), np.int16), {"label": [4]}, "no voxel has the label 4; there are 1"),
        (np.ones((3, 3, 3), np.int16), {"label": ["grey"]}, "is a name: say in which table"),
        (np.ones((3, 3, 3), np.int16), {"smoothing": -1}, "smoothing"),
        (np.ones((3, 3, 3, 2), np.int16), {}, "labels are one number a voxel"),
    ],
)
def test_what_has_no_mesh_is_refused(tmp_path, values, options, message):
    with pytest.raises(ConfigError, match=message):
        labelled.from_labels(write(tmp_path / "x.nii", values), 1e-3, **options)


def nested(folder, width=24):
    """Path of an image of a ball (2) in a larger one (1), in voxels of 1 mm that lie askew."""
    far = np.linalg.norm(np.indices((width,) * 3) - (width - 1) / 2, axis=0)
    values = np.where(far < 0.25 * width, 2, np.where(far < 0.45 * width, 1, 0)).astype(np.int16)
    affine = np.array([[0, -1.0, 0, 5], [1, 0, 0, 3], [0, 0, 1, 2], [0, 0, 0, 1]])
    nibabel.save(nibabel.Nifti1Image(values, affine), folder / "nested.nii")
    return str(folder / "nested.nii"), values, affine


@pytest.mark.parametrize(
    ("cell", "width", "edge"), [(1.9e-3, 20, 1e-3), (2e-3, 24, 2e-3), (3e-3, 40, 3e-3)]
)
def test_triangles_have_the_size_of_voxels_or_of_as_many_as_a_cell_holds(
    tmp_path, cell, width, edge
):
    path, values, affine = nested(tmp_path, width)
    mesh = labelled.from_labels(path, cell)
    meshdata.check(mesh, "blocks")
    corners = mesh.points[mesh.facets]
    lengths = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    assert 0.8 < np.median(lengths) / edge < 1.4
    sizes = np.abs(meshdata.volumes(mesh)) * 1e9
    for name, label in {"label_1": 1, "label_2": 2}.items():
        found = sizes[mesh.cell_tags == mesh.regions[name]].sum()
        assert found == pytest.approx(np.count_nonzero(values == label), rel=0.1)
    middle = affine[:3, :3] @ np.full(3, (width - 1) / 2) + affine[:3, 3]
    assert np.abs(1e3 * mesh.points.mean(axis=0) - middle).max() < 0.6


def test_cells_that_would_change_regions_are_refused_by_name(tmp_path):
    message = r"^mesh.cell: in blocks of 6 x 6 x 6 voxels, which cells of 6 mm .*'label_2' by [+-]"
    with pytest.raises(ConfigError, match=message):
        labelled.from_labels(nested(tmp_path)[0], 6e-3)


def test_a_block_has_the_most_frequent_label():
    labels = np.zeros((4, 4, 2), int)
    labels[:2, :2] = [[[1, 2], [2, 0]], [[0, 3], [0, 2]]]  # 5 of 8 are tissue, 3 of them 2
    labels[2:, :2] = [[[0, 5], [5, 0]], [[5, 5], [0, 0]]]  # a half, and the first voxel is not
    labels[:2, 2:] = [[[4, 4], [4, 4]], [[6, 6], [6, 6]]]  # as frequent, and the first one is 4
    labels[2:, 2:] = 7
    found = voxel_blocks.joined(labels, np.array([2, 2, 2]))
    np.testing.assert_array_equal(found, [[[2], [4]], [[0], [7]]])
    padded = voxel_blocks.joined(np.ones((3, 2, 2), int), np.array([2, 2, 2]))
    np.testing.assert_array_equal(padded.ravel(), [1, 1])


def test_a_region_that_vanished_is_refused(mesh, scan):
    """One whose cells are not there, which a mesher may lose without an error."""
    labels = np.asarray(nibabel.load(scan.folder / "labels.nii.gz").dataobj).astype(int)
    more = np.where(labels == 25, 3, labels)  # as if the lesion were grey matter
    volume = labelled.images.read(scan.folder / "labels.nii.gz")
    with pytest.raises(ConfigError, match="region 'lesion' came out with"):
        labelled._compare(mesh, more, volume, {25: "lesion"})

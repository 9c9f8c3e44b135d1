import gzip

import numpy as np
import pytest
from conformity import boundary_measure, require_conforming, require_sound

from ecs_model.errors import ConfigError
from ecs_model.meshes import coronal, meshdata, ribbon, ribbon_from_files, simplices
from ecs_model.meshes import surfaces as cortex


@pytest.fixture(scope="module")
def patch():
    return ribbon("S1", radius=10e-3, subdivisions=1, layers=5)


def test_patch_is_sound_and_has_the_volume_of_the_cortex_there(patch):
    require_sound(patch)
    found = meshdata.quality(patch)
    assert found.components == 1
    assert found.measure["grey"] == pytest.approx(790e-9, rel=0.01)
    assert patch.notes["columns_left_out"] == patch.notes["inverted_before_repair"] == 0


def test_depth_rises_from_white_to_pial(patch):
    depth = patch.node_fields["depth"]
    for name, value in {"white": 0, "pial": 1}.items():
        facets = patch.facets[patch.facet_tags == patch.boundaries[name]]
        assert (depth[facets] == value).all()
    assert np.unique(depth).tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert boundary_measure(patch, "pial") > boundary_measure(patch, "white")  # on a crown


def test_cell_size_chooses_subdivisions_and_layers():
    mesh = ribbon("S1", radius=6e-3, cell=0.25e-3)
    found = meshdata.quality(mesh)
    assert mesh.notes["subdivisions"] == 2
    assert 0.2e-3 < found.edge_median < 0.35e-3
    assert found.radius_ratio_p1 > 0.15


def test_patch_lies_around_its_centre():
    centre = np.array([-40e-3, 20e-3, 30e-3])
    surfaces = cortex.built_in("S1", "left")
    nearest = surfaces.middle[np.linalg.norm(surfaces.middle - centre, axis=1).argmin()]
    mesh = ribbon("S1", centre=tuple(nearest), radius=3e-3, layers=3)
    require_conforming(mesh)
    assert np.linalg.norm(mesh.points - nearest, axis=1).max() < 3e-3 + 5e-3


@pytest.mark.parametrize("hemisphere", ["left", "right"])
def test_whole_average_hemisphere_has_no_inverted_cell(hemisphere):
    mesh = ribbon("fsaverage5", hemisphere, layers=4)
    require_sound(mesh)
    assert mesh.notes["columns_left_out"] == 0
    assert 49_000 < len(mesh.points) < 51_000
    assert meshdata.quality(mesh).measure["grey"] == pytest.approx(164e-6, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("hemisphere", ["left", "right"])
def test_whole_subject_is_usable_and_says_what_it_left_out(hemisphere):
    mesh = ribbon("S1", hemisphere, layers=3)
    meshdata.check(mesh, "S1")
    assert 0 < mesh.notes["columns_left_out"] < 0.01 * len(mesh.cells) / 9


def test_right_is_on_the_right():
    assert cortex.built_in("S1", "left").middle[:, 0].mean() < -0.02
    assert cortex.built_in("S1", "right").middle[:, 0].mean() > 0.02


def test_subdivision_keeps_the_surface():
    surfaces = cortex.built_in("fsaverage5", "left")
    finer = cortex.subdivide(surfaces)
    assert len(finer.triangles) == 4 * len(surfaces.triangles)
    assert area(finer.pial, finer.triangles) == pytest.approx(
        area(surfaces.pial, surfaces.triangles)
    )
    euler = len(finer.white) - len(simplices.unique_edges(finer.triangles)) + len(finer.triangles)
    assert euler == 2


def area(points, triangles):
    a, b, c = points[triangles.T]
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


def gifti(path, vertices, triangles):
    """A GIFTI file of one surface, in mm."""
    import nibabel

    image = nibabel.gifti.GiftiImage(
        darrays=[
            nibabel.gifti.GiftiDataArray(np.float32(vertices * 1e3), "NIFTI_INTENT_POINTSET"),
            nibabel.gifti.GiftiDataArray(np.int32(triangles), "NIFTI_INTENT_TRIANGLE"),
        ]
    )
    nibabel.save(image, path)
    return path


def test_own_surfaces_give_the_same_mesh(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    built_in = cortex.built_in("fsaverage5", "left")
    white = gifti(tmp_path / "white.gii", built_in.white, built_in.triangles)
    plain = gifti(tmp_path / "pial.gii", built_in.pial, built_in.triangles)
    (tmp_path / "pial.gii.gz").write_bytes(gzip.compress(plain.read_bytes()))
    nibabel.freesurfer.write_geometry(
        tmp_path / "lh.white", built_in.white * 1e3, built_in.triangles
    )
    expected = ribbon("fsaverage5", radius=10e-3, layers=2)
    for inner in (white, tmp_path / "lh.white"):
        mesh = ribbon_from_files(inner, tmp_path / "pial.gii.gz", radius=10e-3, layers=2)
        np.testing.assert_array_equal(mesh.cells, expected.cells)
        np.testing.assert_allclose(mesh.points, expected.points, atol=1e-7)


def test_unmatched_and_unreadable_surfaces_are_explained(tmp_path):
    pytest.importorskip("nibabel")
    left, right = cortex.built_in("fsaverage5", "left"), cortex.built_in("S1", "left")
    one = gifti(tmp_path / "white.gii", left.white, left.triangles)
    other = gifti(tmp_path / "pial.gii", right.pial, right.triangles)
    with pytest.raises(ConfigError, match="not matched"):
        ribbon_from_files(one, other)
    (tmp_path / "bad.gii").write_text("<GIFTI")
    with pytest.raises(ConfigError, match=r"bad\.gii"):
        ribbon_from_files(tmp_path / "bad.gii", other)
    with pytest.raises(ConfigError, match="no such file"):
        ribbon_from_files(tmp_path / "none.gii", other)


@pytest.mark.parametrize(
    ("surface", "position", "cell"), [("S1", 0.02, 1e-3), ("fsaverage5", -0.02, 1e-3)]
)
def test_coronal_slice_has_grey_around_white(surface, position, cell):
    mesh = coronal(surface, position, cell)
    require_sound(mesh)
    assert set(mesh.regions) == {"grey", "white"}
    assert set(mesh.boundaries) == {"pial", "grey_white"}
    found = meshdata.quality(mesh)
    assert found.radius_ratio_p1 > 0.4
    assert 8e-4 < found.measure["grey"] < 3e-3


def cells_at(mesh, name):
    """Number of cells of every region at every facet of a boundary (k, 2)."""
    of_cells = simplices.all_facets(mesh.cells)
    tags = np.tile(mesh.cell_tags, mesh.dim + 1)
    owners = {}
    for facet, tag in zip(np.sort(of_cells, axis=1).tolist(), tags.tolist(), strict=True):
        owners.setdefault(tuple(facet), []).append(tag)
    facets = np.sort(mesh.facets[mesh.facet_tags == mesh.boundaries[name]], axis=1)
    return [sorted(owners[tuple(facet)]) for facet in facets.tolist()]


def test_grey_and_white_share_their_interface():
    mesh = coronal("S1", 0.02, 0.5e-3, window=(-40e-3, 30e-3, -20e-3, 50e-3))
    require_sound(mesh)
    assert all(tags == [1, 2] for tags in cells_at(mesh, "grey_white"))
    assert all(tags == [1] for tags in cells_at(mesh, "pial"))
    corners = mesh.points[mesh.facets[mesh.facet_tags == mesh.boundaries["cut"]]]
    window = np.array([[-40e-3, 30e-3], [-20e-3, 50e-3]])
    distance = np.abs(corners[:, :, None, :] - window).max(axis=1).min(axis=(1, 2))
    assert distance.max() < 1e-7


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ribbon("S2"), "'S1', 'fsaverage5'"),
        (lambda: ribbon("S1", "middle"), "'left', 'right'"),
        (lambda: ribbon("fsaverage5", radius=1e-5), "too small to hold a triangle"),
        (lambda: ribbon("fsaverage5", centre=(1.0, 0.0, 0.0), radius=0.01), "away from the cortex"),
        (lambda: ribbon("fsaverage5", centre=(0.0, 0.0, 0.0)), "needs a radius"),
        (lambda: ribbon("fsaverage5", centre="sulcus", radius=0.01), "'crown'"),
        (lambda: ribbon("fsaverage5", radius=-0.01), "radius"),
        (lambda: ribbon("fsaverage5", radius=0.01, layers=0), "layers"),
        (lambda: ribbon("fsaverage5", radius=0.01, cell=0.1), "larger than the body"),
        (lambda: coronal("fsaverage5", 1.0, 1e-3), "does not cut the cortex"),
        (lambda: coronal("fsaverage5", 0.0, 1e-3, axis="w"), "axis"),
        (lambda: coronal("fsaverage5", 0.0, 1e-3, window=(0, 0, -1, 1)), "left < right"),
        (lambda: coronal("fsaverage5", 0.0, 1e-3, window=(1, 1, 2, 2)), "window"),
    ],
)
def test_impossible_wishes_are_explained_in_one_line(call, words):
    with pytest.raises(ConfigError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)

"""Surfaces in space: the middle of the cortex, spheres, files of triangles, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ecs_model import meshes
from ecs_model.errors import ConfigError
from ecs_model.meshes import meshdata, red_refinement, surfaces
from ecs_model.meshes.simplices import all_facets, boundary_facets
from ecs_model.postprocess import mesh_picture


@pytest.fixture(scope="module")
def patch():
    return meshes.sheet("S1", "left", None, 4e-3, subdivisions=2)


def test_the_sheet_lies_midway_and_has_the_thickness_of_the_cortex(patch):
    meshdata.check(patch, "patch")
    assert patch.dim == 2 and patch.is_surface and patch.regions == {"grey": 1}
    cortex = surfaces.built_in("S1", "left")
    rows = {tuple(x) for x in cortex.middle}
    own = np.array([tuple(x) in rows for x in patch.points])  # the corners before subdivision
    assert own.sum() > 30
    place = {tuple(x): k for k, x in enumerate(cortex.middle)}
    there = [place[tuple(x)] for x in patch.points[own]]
    thickness = patch.node_fields["thickness"]
    np.testing.assert_allclose(thickness[own], cortex.thickness[there], rtol=1e-12)
    assert 2e-3 < thickness.min() < thickness.max() < 5e-3


def test_the_rim_is_a_boundary(patch):
    assert patch.boundaries == {"cut": 13} and set(patch.facet_tags) == {13}
    np.testing.assert_array_equal(patch.facets, boundary_facets(patch.cells))


def test_cell_chooses_subdivisions():
    median = [
        meshdata.quality(meshes.sheet("S1", radius=3e-3, cell=cell)).edge_median
        for cell in (0.4e-3, 0.2e-3)
    ]
    assert median[1] == pytest.approx(median[0] / 2, rel=0.1)
    assert 0.6 < median[1] / 0.2e-3 < 1.6


@pytest.mark.parametrize("cell", [0.5e-3, 0.1e-3])
def test_a_sphere_has_no_rim_and_its_area(cell):
    mesh = meshes.sphere_surface(1e-3, cell)
    meshdata.check(mesh, "sphere")
    quality = meshdata.quality(mesh)
    assert len(mesh.facets) == 0 and quality.radius_ratio_min > 0.9
    np.testing.assert_allclose(np.linalg.norm(mesh.points, axis=1), 1e-3, rtol=1e-12)
    assert quality.measure["tissue"] == pytest.approx(4e-6 * np.pi, rel=0.5 * (cell / 1e-3) ** 2)
    assert quality.edge_median == pytest.approx(cell, rel=0.2)


@pytest.mark.parametrize("suffix", [".vtu", ".xdmf", ".msh"])
def test_a_file_brings_it_back(tmp_path, patch, suffix):
    meshdata.write(patch, path := tmp_path / f"patch{suffix}")
    found = meshdata.read(path, "m")
    assert found.is_surface
    for name in ("points", "cells", "facets", "facet_tags"):
        np.testing.assert_array_equal(getattr(found, name), getattr(patch, name))
    np.testing.assert_array_equal(found.node_fields["thickness"], patch.node_fields["thickness"])


def test_refinement_keeps_the_area_and_halves_the_edges(patch):
    fine = red_refinement.refined(patch, 1)
    meshdata.check(fine, "fine")
    one, two = meshdata.quality(patch), meshdata.quality(fine)
    assert two.measure["grey"] == pytest.approx(one.measure["grey"], rel=1e-12)
    assert two.edge_max == pytest.approx(one.edge_max / 2, rel=1e-9)


def test_a_surface_that_branches_is_refused(patch):
    third = np.append(patch.points, [patch.points[0] + np.array([0, 0, 1e-3])], axis=0)
    edges = np.sort(all_facets(patch.cells), axis=1)
    found, counts = np.unique(edges, axis=0, return_counts=True)
    leaf = [*found[counts == 2][0], len(patch.points)]
    wrong = replace(
        patch,
        points=third,
        cells=np.append(patch.cells, [leaf], axis=0),
        cell_tags=np.append(patch.cell_tags, 1),
    )
    with pytest.raises(ConfigError, match=r"triangles at an edge of three or more.*: 3, the first"):
        meshdata.check(wrong, "branched")


def test_two_banks_that_turn_either_way_are_sound(patch):
    """Triangles of a surface have no sign: either turn is right, also mixed."""
    cells = patch.cells.copy()
    cells[::2, :2] = cells[::2, 1::-1]
    meshdata.check(replace(patch, cells=cells), "mixed")


def test_a_picture_shows_both_sides(tmp_path, patch):
    meshdata.check(patch, "patch")
    (path,) = mesh_picture.pictures(patch, tmp_path / "patch.vtu")
    image = np.asarray(Image.open(path).convert("RGB")).astype(int)
    tissue = np.ptp(image, axis=2) > 40
    middle = tissue.shape[1] // 2
    halves = tissue[:, :middle], tissue[:, -middle:]
    assert all(half.mean() > 0.03 for half in halves)
    assert not np.array_equal(*halves)

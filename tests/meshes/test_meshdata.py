from dataclasses import replace

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.meshes import archive, box, interval, meshdata, rectangle, simplices


@pytest.fixture
def cube():
    return box((2e-3, 2e-3, 2e-3), 1e-3)


def with_cell(mesh, number, vertices):
    cells = mesh.cells.copy()
    cells[number] = vertices
    return replace(mesh, cells=cells)


def with_point(mesh, point):
    return replace(mesh, points=np.vstack([mesh.points, point]))


def inverted(mesh):
    return with_cell(mesh, 5, mesh.cells[5][[1, 0, 2, 3]])


def flat(mesh):
    return with_cell(mesh, 5, mesh.cells[5][[0, 0, 2, 3]])


def doubled(mesh):
    return with_cell(mesh, 5, np.roll(mesh.cells[6], 2))


def untagged(mesh):
    return replace(mesh, cell_tags=np.r_[0, mesh.cell_tags[1:]])


def nameless(mesh):
    return replace(mesh, cell_tags=np.r_[7, mesh.cell_tags[1:]])


def orphaned(mesh):
    return with_point(mesh, [0.005, 0, 0])


def infinite(mesh):
    return replace(mesh, points=np.vstack([mesh.points[:-1], [np.inf, 0, 0]]))


def in_two_pieces(mesh):
    n = len(mesh.points)
    return replace(
        mesh,
        points=np.vstack([mesh.points, mesh.points + 1.0]),
        cells=np.vstack([mesh.cells, mesh.cells + n]),
        cell_tags=np.tile(mesh.cell_tags, 2),
    )


def out_of_range(mesh):
    return with_cell(mesh, 5, [0, 1, 2, 99999])


def over_each_other():
    """Two triangles on one side of their edge, both counted the same way round."""
    return sheet([[0, 0], [1, 0], [0, 1], [1, 2]], [[0, 1, 2], [0, 1, 3]])


def three_at_an_edge():
    points = [[0, 0], [1, 0], [0, 1], [1, -1], [0, 2]]
    return sheet(points, [[0, 1, 2], [1, 0, 3], [0, 1, 4]])


def branched():
    """Three intervals at a node."""
    mesh = interval(3e-3, 1e-3)
    return replace(mesh, cells=[[0, 1], [1, 2], [1, 3]], facets=[[0], [3]])


def sheet(points, cells):
    return replace(
        rectangle((1.0, 1.0), 1.0),
        points=np.array(points) * 1e-3,
        cells=cells,
        cell_tags=np.ones(len(cells)),
        facets=np.empty((0, 2)),
        facet_tags=[],
    )


def loose(mesh):
    return replace(mesh, facets=np.vstack([mesh.facets[:-1], [0, 1, 26]]))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (inverted, r"inverted cells .*: 1, the first at \(.*\) mm"),
        (flat, "degenerate cells .*: 1,"),
        (doubled, "repeat another cell: 1,"),
        (untagged, "untagged cells .*: 1,"),
        (nameless, "untagged cells .*: 1,"),
        (orphaned, r"nodes in no cell: 1, the first at \(5, 0, 0\) mm"),
        (infinite, "nodes that are not finite: 1, the first is 26"),
        (in_two_pieces, "pieces that share no node: 2; cells outside the largest: 48,"),
        (out_of_range, "node that does not exist: 1, the first is 5"),
        (loose, "facets that are no facet of any cell: 1,"),
    ],
)
def test_check_finds_and_names_every_damage(cube, damage, words):
    meshdata.check(cube, "cube")
    with pytest.raises(ConfigError, match="(?s)mesh cube cannot be used.*" + words):
        meshdata.check(damage(cube), "cube")


@pytest.mark.parametrize("made", [over_each_other, three_at_an_edge, branched])
def test_check_finds_cells_that_lie_over_a_neighbour(made):
    mesh = made()
    assert meshdata.volumes(mesh).min() > 0
    with pytest.raises(ConfigError, match=r"lie over a neighbour: [23], the first at \(.*\) mm"):
        meshdata.check(mesh, "a")


@pytest.mark.parametrize("tag", [2**31, -(2**31) - 1, 2**32 + 1, 3e9, np.inf])
def test_tags_that_a_mesh_cannot_hold_are_refused(cube, tag):
    tags = np.where(np.arange(len(cube.cells)) == 3, tag, 1)
    with pytest.raises(ConfigError, match=r"cell_tags must lie between -2147483648 and 2147483647"):
        replace(cube, cell_tags=tags)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1e4, "its longest side is 20 m, and tissue has 100 nm to 10 m"),
        (1e-5, "its longest side is 20 nm, and tissue has 100 nm to 10 m"),
    ],
)
def test_check_finds_lengths_in_the_wrong_unit(cube, factor, words):
    with pytest.raises(ConfigError, match=f"mesh cube cannot be used:\n  {words}"):
        meshdata.check(replace(cube, points=factor * cube.points), "cube")


def test_check_finds_cells_smaller_than_an_atom():
    """They are one micrometre and one picometre long, in a mesh as long as two of the former."""
    lengths = np.array([[0.0], [1e-6], [1e-6 + 1e-12], [2e-6]])
    cells, tags = np.array([[0, 1], [1, 2], [2, 3]]), np.ones(3, int)
    none = np.empty((0, 1), int)
    mesh = meshdata.MeshData(lengths, cells, tags, none, none[:, 0], {"tissue": 1}, {})
    with pytest.raises(ConfigError, match=r"smaller than an atom: 1, the first at \(1\) um"):
        meshdata.check(mesh, "short")


def test_check_lists_all_damages_at_once(cube):
    with pytest.raises(ConfigError) as caught:
        meshdata.check(orphaned(untagged(inverted(cube))), "cube")
    assert len(str(caught.value).splitlines()) == 4


def test_quality_counts_the_damages(cube):
    found = meshdata.quality(orphaned(untagged(inverted(cube))))
    assert (found.inverted, found.untagged, found.orphans) == (1, 1, 1)
    assert "1 inverted" in found.text()
    assert meshdata.quality(in_two_pieces(cube)).components == 2


def test_quality_of_regular_cells_is_one():
    height = np.sqrt(3) / 2
    triangle = replace(
        rectangle((1.0, 1.0), 1.0),
        points=[[0, 0], [1, 0], [0.5, height]],
        cells=[[0, 1, 2]],
        cell_tags=[1],
        facets=[[0, 1]],
        facet_tags=[1],
    )
    corners = np.array([[1, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]])
    tetrahedron = replace(
        triangle, points=corners, cells=[[0, 1, 2, 3]], facets=[[0, 1, 2]], node_fields={}
    )
    assert meshdata.quality(triangle).radius_ratio_min == pytest.approx(1)
    assert meshdata.quality(tetrahedron).radius_ratio_min == pytest.approx(1)


def test_radius_ratio_of_a_right_angled_corner():
    # inscribed radius 1 / (3 + sqrt 3), circumscribed sqrt(3) / 2 for the unit corner
    corner = np.vstack([np.zeros(3), np.eye(3)])
    mesh = replace(
        box((1.0,) * 3, 1.0),
        points=corner,
        cells=[[0, 1, 2, 3]],
        cell_tags=[1],
        facets=[[0, 1, 2]],
        facet_tags=[1],
    )
    expected = 3 / (3 + np.sqrt(3)) / (np.sqrt(3) / 2)
    assert meshdata.quality(mesh).radius_ratio_median == pytest.approx(expected, rel=1e-12)


def test_quality_figures_of_an_interval():
    found = meshdata.quality(interval(1e-3, 1e-4))
    assert found.edge_median == pytest.approx(1e-4)
    assert found.measure == pytest.approx({"tissue": 1e-3})


def test_orient_makes_all_volumes_positive(cube):
    rng = np.random.default_rng(1)
    shuffled = replace(cube, cells=rng.permuted(cube.cells, axis=1))
    volumes = meshdata.volumes(replace(shuffled, cells=meshdata.orient(shuffled)))
    assert meshdata.volumes(shuffled).min() < 0
    np.testing.assert_allclose(volumes, np.abs(meshdata.volumes(cube)))


@pytest.mark.parametrize("spread", [1, 2**20, 2**40])
def test_boundary_does_not_depend_on_the_size_of_the_numbers(cube, spread):
    found = simplices.boundary_facets(cube.cells * spread)
    expected = np.unique(np.sort(cube.facets, axis=1) * spread, axis=0)
    np.testing.assert_array_equal(found[np.lexsort(found.T[::-1])], expected)


def test_edges_obey_euler(cube):
    faces = simplices.all_facets(cube.cells)
    n_faces = (len(faces) + len(simplices.boundary_facets(cube.cells))) // 2
    edges = len(simplices.unique_edges(cube.cells))
    assert len(cube.points) - edges + n_faces - len(cube.cells) == 1


def test_the_cache_keeps_everything(cube, tmp_path):
    mesh = replace(
        cube,
        node_fields={"depth": np.linspace(0, 1, 27)},
        cell_fields={"depth": np.linspace(0, 1, len(cube.cells))},
        notes={"moved": 3, "by": 0.1},
    )
    archive.save(mesh, tmp_path / "a.h5")
    back = archive.load(tmp_path / "a.h5")
    for name in ("points", "cells", "cell_tags", "facets", "facet_tags"):
        np.testing.assert_array_equal(getattr(back, name), getattr(mesh, name))
        assert getattr(back, name).dtype == getattr(mesh, name).dtype
    assert (back.regions, back.boundaries, back.notes) == (
        mesh.regions,
        mesh.boundaries,
        mesh.notes,
    )
    for kind in ("node_fields", "cell_fields"):
        np.testing.assert_array_equal(getattr(back, kind)["depth"], getattr(mesh, kind)["depth"])
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_a_damaged_archive_is_a_config_error(cube, tmp_path):
    path = tmp_path / "a.h5"
    archive.save(cube, path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ConfigError, match=r"a\.h5"):
        archive.load(path)

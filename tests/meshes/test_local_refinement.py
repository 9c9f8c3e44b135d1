"""Local refinement: sizes, sums, tags, fields and shapes, for every mesh; what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from ecs_model import api, meshes
from ecs_model.config.tissue import MeshSettings
from ecs_model.errors import ConfigError
from ecs_model.meshes import meshdata
from ecs_model.meshes.local_refinement import Place, refined
from ecs_model.meshes.red_refinement import EDGES
from ecs_model.meshes.simplices import boundary_facets
from ecs_model.run.building.mesh import mesh_data
from tests.helpers import brick as unturned


def brick(*sizes, **about):
    """That of the helpers, with all cells turned one way."""
    made = unturned(*sizes, **about)
    return replace(made, cells=meshdata.orient(made))


CROWN = (-9.27e-3, -0.643e-3, 64.94e-3)
BODIES = {
    "interval": (brick([10], [1e-3]), ((0.4e-3,),), 0.1e-3, 10e-6),
    "plane": (brick([10, 10], [1e-3, 1e-3]), ((0.3e-3, 0.3e-3), (0.7e-3, 0.5e-3)), 50e-6, 30e-6),
    "jittered": (brick([8] * 3, [1e-3] * 3, jitter=0.2), ((0.4e-3,) * 3,), 0.1e-3, 40e-6),
    "ribbon": (meshes.ribbon(radius=2.5e-3, layers=2), (CROWN,), 0.5e-3, 0.25e-3),
    "sheet": (meshes.sheet(radius=3e-3), (CROWN,), 0.5e-3, 0.1e-3),
}


def mean_edges(mesh):
    corners = mesh.points[mesh.cells]
    a, b = EDGES[mesh.dim].T
    return np.linalg.norm(corners[:, a] - corners[:, b], axis=2).mean(axis=1)


@pytest.fixture(scope="module", params=BODIES)
def both(request):
    """A mesh with a linear field, refined along a path, and the place."""
    mesh, path, radius, cell = BODIES[request.param]
    slope = np.arange(1.0, mesh.points.shape[1] + 1)
    mesh = replace(
        mesh,
        node_fields={"linear": mesh.points @ slope},
        cell_fields={"number": np.arange(len(mesh.cells))},
    )
    place = Place("refine", path, None, radius, cell)
    return mesh, refined(mesh, [place]), place, slope


def test_it_can_be_used_and_fills_the_same_body(both):
    mesh, fine, _, _ = both
    meshdata.check(fine, "fine")
    one, other = meshdata.quality(mesh), meshdata.quality(fine)
    for region, volume in one.measure.items():
        assert other.measure[region] == pytest.approx(volume, rel=1e-12)
    assert other.radius_ratio_min > 0.2 * one.radius_ratio_min


def test_no_node_lies_on_an_edge_and_facets_are_cut_with_their_cells(both):
    mesh, fine, _, _ = both
    rim = {tuple(sorted(f)) for f in boundary_facets(fine.cells).tolist()}
    assert {tuple(sorted(f)) for f in fine.facets.tolist()} <= rim
    for m in (mesh, fine):  # a node on an edge would open the surface, and add to its size
        facets = boundary_facets(m.cells)
        assert _size(m.points, facets) == pytest.approx(_size(mesh.points, _rim(mesh)), rel=1e-12)
    for tag in {*mesh.facet_tags}:
        one, other = (_size(m.points, m.facets[m.facet_tags == tag]) for m in (mesh, fine))
        assert other == pytest.approx(one, rel=1e-12)


def _rim(mesh):
    return boundary_facets(mesh.cells)


def _size(points, facets):
    """Number, length or area of facets."""
    corners = points[facets]
    edges = corners[:, 1:] - corners[:, :1]
    if edges.shape[1] == 0:
        return len(facets)
    if edges.shape[1] == 1:
        return np.linalg.norm(edges[:, 0], axis=1).sum()
    return np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1).sum() / 2


def test_cells_are_as_small_as_was_asked_for_and_grow_outside(both):
    mesh, fine, place, _ = both
    path, middles = np.array(place.path), fine.points[fine.cells].mean(axis=1)
    from_points = np.min([np.linalg.norm(middles - p, axis=1) for p in path], axis=0)
    small = mean_edges(fine)
    assert (from_points <= place.radius).sum() > 5
    assert small[from_points <= place.radius].max() <= place.cell * (1 + 1e-9)
    assert small.min() > place.cell / 8  # no smaller than they need be
    assert len(fine.cells) > 1.5 * len(mesh.cells)


def test_cells_inherit_and_nodes_stay(both):
    mesh, fine, _, slope = both
    np.testing.assert_array_equal(fine.points[: len(mesh.points)], mesh.points)
    parent = fine.cell_fields["number"]
    np.testing.assert_array_equal(fine.cell_tags, mesh.cell_tags[parent])
    own = np.bincount(parent, np.abs(meshdata.volumes(fine)), len(mesh.cells))
    np.testing.assert_allclose(own, np.abs(meshdata.volumes(mesh)), rtol=1e-9)
    np.testing.assert_allclose(fine.node_fields["linear"], fine.points @ slope, rtol=1e-12)


def test_along_a_path_all_of_it_is_fine():
    mesh, path, radius, cell = BODIES["plane"]
    fine = refined(mesh, [Place("refine", path, None, radius, cell)])
    start, end = np.array(path)
    on = start + np.linspace(0, 1, 50)[:, None] * (end - start)
    middles = fine.points[fine.cells].mean(axis=1)
    near = [np.linalg.norm(middles - x, axis=1).argmin() for x in on]
    assert mean_edges(fine)[near].max() <= cell * (1 + 1e-9)


def test_in_a_region_all_of_it_is_fine_and_the_rest_is_not():
    mesh = brick([10, 10], [1e-3, 1e-3], split=0.3)
    fine = refined(mesh, [Place("refine", None, "first", 0.0, 30e-6)])
    small, first = mean_edges(fine), fine.cell_tags == 1
    assert small[first].max() <= 30e-6 * (1 + 1e-9)
    middles = fine.points[fine.cells].mean(axis=1)
    assert np.median(small[middles[:, 0] > 0.8e-3]) > 90e-6


def test_shapes_stay_however_often_it_is_done():
    mesh, worst = brick([2] * 3, [1e-3] * 3), []
    for cell in (2e-4, 5e-5, 1.25e-5):
        place = Place("refine", ((0.31e-3, 0.42e-3, 0.27e-3),), None, 1e-6, cell)
        worst.append(meshdata.quality(refined(mesh, [place])).radius_ratio_min)
    assert worst[-1] == pytest.approx(worst[0], rel=0.05)


SETTINGS = {"file": "body.vtu", "unit": "m"}
POINT = {"point": ["0.5 mm", "0.5 mm"], "radius": "0.1 mm", "cell": "20 um"}


@pytest.fixture
def folder(tmp_path):
    meshdata.write(brick([10, 10], [1e-3, 1e-3]), tmp_path / "body.vtu")
    return tmp_path


def test_meshes_of_files_are_refined_and_then_halved(folder):
    once = mesh_data(MeshSettings(**SETTINGS, refine=[POINT]), folder)
    assert len(once.cells) > 300 and once.regions == {"first": 1, "second": 2}
    twice = mesh_data(MeshSettings(**SETTINGS, refine=[POINT], levels=1), folder)
    assert len(twice.cells) == 4 * len(once.cells)


def test_generators_without_it_are_refined_after_they_are_made(tmp_path):
    place = {"point": ["-9.27 mm", "-0.643 mm", "64.94 mm"], "radius": "0.2 mm", "cell": "0.3 mm"}
    settings = {"generator": "ribbon", "radius": "2.5 mm", "layers": 2}
    coarse = mesh_data(MeshSettings(**settings), tmp_path)
    fine = mesh_data(MeshSettings(**settings, refine=[place]), tmp_path)
    assert len(fine.cells) > len(coarse.cells) and fine.boundaries == coarse.boundaries


BAD = {
    "two places": ({**POINT, "region": "first"}, "give exactly one of point, path, region"),
    "no radius": ({"point": POINT["point"], "cell": "20 um"}, "radius: missing"),
    "a node of a file": ({**POINT, "node": True}, r"mesh.refine\[0\].node: only generators"),
    "a node of a region": ({"region": "first", "cell": "20 um", "node": True}, "no effect"),
    "outside": ({**POINT, "point": ["5 mm", "0 mm"]}, r"the point \(5, 0\) mm lies outside"),
    "space": ({**POINT, "point": ["0 mm"] * 3}, "found 3 coordinates; the mesh has 2"),
    "unknown": ({"region": "third", "cell": "20 um"}, "no region 'third'; it has first, second"),
    "a region of too many": ({"region": "first", "cell": "1e-7 mm"}, "refine.0..cell: the mesh wo"),
    "too many": ({**POINT, "radius": "1 mm", "cell": "1e-7 mm"}, "the mesh would have about"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_by_name(folder, case):
    place, words = BAD[case]
    text = "\n".join(f"{k} = {_toml(v)}" for k, v in place.items())
    (folder / "run.toml").write_text(
        f'title = "x"\n[mesh]\nfile = "body.vtu"\nunit = "m"\n[[mesh.refine]]\n{text}\n'
        '[membrane]\nmodel = "nagumo"\n[time]\nend = "1 s"\n[output]\nevery = "1 s"\n'
    )
    with pytest.raises(ConfigError, match=words):
        api.simulation(folder / "run.toml")


def _toml(value):
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def test_a_place_beside_the_body_is_refused():
    ball = meshes.sphere_surface(0.5e-3, 0.05e-3)
    place = Place("refine", ((0.0, 0.0, 0.0),), None, 0.1e-3, 10e-6)
    with pytest.raises(ConfigError, match=r"refine: the point \(0, 0, 0\) mm lies outside"):
        refined(ball, [place])

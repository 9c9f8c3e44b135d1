from dataclasses import replace

import numpy as np
import pytest

from ecs_model.meshes import (
    box,
    disc,
    interval,
    meshdata,
    rectangle,
    red_refinement,
    ribbon,
    simplices,
    slice_,
)
from tests.helpers import brick
from tests.meshes.conformity import boundary_measure, measure, require_conforming

MESHES = {
    "interval": lambda: interval(1e-3, 3e-4),
    "two regions of a line": lambda: brick([3], [1e-3]),
    "rectangle": lambda: rectangle((1e-3, 7e-4), 3e-4),
    "disc": lambda: disc(1e-3, 4e-4),
    "sheet": lambda: brick([4, 3], [1e-3, 2e-3], jitter=0.3),
    "slice": lambda: slice_((3e-3, 2e-3), 1e-3, 1e-3),
    "brick": lambda: brick([3, 2, 2], [1e-3] * 3, jitter=0.3),
    "cortex": lambda: ribbon("fsaverage5", radius=8e-3, layers=1, subdivisions=0),
}


def counts(mesh):
    """Numbers of nodes, edges, cells and facets of cells."""
    facets = simplices.all_facets(mesh.cells)
    _, repeated = simplices.sort_rows(facets)
    edges = len(simplices.unique_edges(mesh.cells))
    return len(mesh.points), edges, len(mesh.cells), np.count_nonzero(~repeated)


def sides(mesh):
    facets = replace(mesh, facets=simplices.boundary_facets(mesh.cells))
    return replace(facets, facet_tags=np.ones(len(facets.facets), int), boundaries={"all": 1})


@pytest.mark.parametrize("name", MESHES)
def test_a_refined_mesh_is_the_same_body_in_smaller_cells(name):
    coarse = MESHES[name]()
    coarse = replace(coarse, cells=meshdata.orient(coarse))
    fine = red_refinement.refined(coarse, 2)
    meshdata.check(fine, name)
    assert meshdata.volumes(fine).min() > 0
    require_conforming(sides(fine))
    assert np.isclose(measure(fine), measure(coarse), rtol=1e-12)
    for region, tag in coarse.regions.items():
        parts = [meshdata.volumes(m)[m.cell_tags == tag].sum() for m in (coarse, fine)]
        assert np.isclose(*parts, rtol=1e-12), region
    for boundary in coarse.boundaries:
        parts = [boundary_measure(m, boundary) for m in (coarse, fine)]
        assert np.isclose(*parts, rtol=1e-12), boundary
    np.testing.assert_array_equal(fine.points[: len(coarse.points)], coarse.points)


@pytest.mark.parametrize("name", MESHES)
def test_it_has_as_many_of_each_as_it_must(name):
    coarse = MESHES[name]()
    nodes, edges, cells, facets = counts(coarse)
    expected = {
        1: lambda: (nodes + edges, 2 * edges, 2 * cells),
        2: lambda: (nodes + edges, 2 * edges + 3 * cells, 4 * cells),
        3: lambda: (nodes + edges, 2 * edges + 3 * facets + cells, 8 * cells),
    }[coarse.dim]()
    assert counts(red_refinement.refined(coarse, 1))[:3] == expected


@pytest.mark.parametrize("size", [(1e-3,), (1e-3, 7e-4), (4e-4, 3e-4, 2e-4)])
def test_a_grid_becomes_the_grid_of_half_the_cells(size):
    make = [interval, rectangle, box][len(size) - 1]
    arguments = size if len(size) == 1 else (size,)
    coarse, fine = make(*arguments, 1e-4), make(*arguments, 2.5e-5)
    assert placed(red_refinement.refined(coarse, 2)) == placed(fine)


def placed(mesh):
    """The cells by the places of their corners, whatever the numbers."""
    places = np.round(mesh.points / 2.5e-5).astype(int)
    return {frozenset(map(tuple, cell)) for cell in places[mesh.cells].tolist()}


def test_cells_do_not_become_flatter_however_often_they_are_refined():
    """Bey: the children of a tetrahedron have at most three shapes, which its children repeat."""
    coarse = brick([2, 2, 2], [1e-3] * 3, jitter=0.4)
    coarse = replace(coarse, cells=meshdata.orient(coarse))
    fine = [red_refinement.refined(coarse, k) for k in range(4)]
    shapes = [meshdata.quality(mesh).radius_ratio_min for mesh in fine]
    assert shapes[3] == pytest.approx(shapes[2], rel=1e-6)
    assert shapes[3] == pytest.approx(shapes[1], rel=1e-6)
    assert shapes[1] > 0.5 * shapes[0]


def test_fields_come_along():
    coarse = brick([3, 2, 2], [1e-3] * 3)
    slope = np.array([1.0, -2.0, 3.0])
    signs = np.where(np.arange(len(coarse.points)) % 2, 1.0, -1.0)
    coarse = replace(
        coarse,
        node_fields={"a": coarse.points @ slope, "fibres": signs[:, None] * [[0.6, 0.8, 0.0]]},
        cell_fields={"b": np.arange(len(coarse.cells))},
    )
    fine = red_refinement.refined(coarse, 2)
    np.testing.assert_allclose(fine.node_fields["a"], fine.points @ slope, atol=1e-15)
    along = fine.node_fields["fibres"] @ [0.6, 0.8, 0.0]
    np.testing.assert_allclose(np.abs(along), 1.0)
    np.testing.assert_array_equal(fine.cell_fields["b"], np.arange(len(fine.cells)) // 64)
    middles = fine.points[fine.cells].mean(axis=1)
    parents = coarse.points[coarse.cells][fine.cell_fields["b"]]
    inside = np.linalg.solve(
        np.moveaxis(parents[:, 1:] - parents[:, :1], 1, 2), (middles - parents[:, 0])[..., None]
    )[..., 0]
    assert (inside > 0).all() and (inside.sum(axis=1) < 1).all()

"""Checks of meshes in parts: what is found does not depend on them, and they take little."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.meshes import box, interval, meshdata, rectangle, simplices
from ecs_model.meshes.orientation import folded
from ecs_model.meshes.quality import radius_ratios

MESHES = [
    interval(1e-3, 0.1e-3),
    rectangle((1e-3, 0.6e-3), 0.1e-3),
    box((0.3e-3, 0.2e-3, 0.2e-3), 0.1e-3),
]


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(simplices, "LARGEST", 7)
    monkeypatch.setattr(meshdata, "PART", 5)


@pytest.mark.parametrize("mesh", MESHES, ids=["1-D", "2-D", "3-D"])
def test_every_facet_is_in_one_part_with_its_like(mesh, small_parts):
    parts = [*simplices.facets_in_parts(mesh.cells)]
    assert len(parts) > 1
    facets, rows = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(rows)))
    np.testing.assert_array_equal(facets, simplices.all_facets(mesh.cells)[rows])
    seen = [{tuple(sorted(facet)) for facet in part} for part, _ in parts]
    assert sum(map(len, seen)) == len(set.union(*seen))


@pytest.mark.parametrize("mesh", MESHES, ids=["1-D", "2-D", "3-D"])
def test_what_is_found_does_not_depend_on_parts(mesh, small_parts, monkeypatch):
    far = mesh.points.copy()
    far[len(far) // 2] += 5 * np.ptp(mesh.points)  # cells around it turn over or stretch
    wrong = replace(mesh, points=far, facets=np.roll(mesh.facets, 1, axis=0)[:, ::-1])
    found = [_found(each) for each in (mesh, wrong)]
    monkeypatch.undo()
    for one, other in zip(found, [_found(each) for each in (mesh, wrong)], strict=True):
        for here, there in zip(one, other, strict=True):
            np.testing.assert_array_equal(here, there)
    assert any(np.any(x) for x in found[1][:2])


def _found(mesh):
    right = replace(mesh, cells=meshdata.orient(mesh))
    try:
        said = meshdata.check(mesh, "m")
    except ConfigError as error:
        said = str(error)
    edges = simplices.unique_edges(mesh.cells)
    return *meshdata.flat_and_inverted(mesh), folded(right), radius_ratios(mesh), edges, said


def test_checks_take_little_beside_the_mesh(monkeypatch):
    monkeypatch.setattr(simplices, "LARGEST", 10**4)
    monkeypatch.setattr(meshdata, "PART", 10**3)
    mesh = box((0.2e-3,) * 3, 10e-6)
    meshdata.check(mesh, "warm")
    tracemalloc.start()
    meshdata.check(mesh, "m")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 450 * len(mesh.points)  # of 1800 when all facets were sorted at once

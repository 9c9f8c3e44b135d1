"""Structured meshes made in parts are those that are made whole."""

import hashlib
import itertools

import numpy as np
import pytest

from ecs_model.meshes import GRIDS, box_grid, interval_grid, rectangle_grid, slice_grid
from ecs_model.meshes.meshdata import ARRAYS, check

MADE = {
    "interval": (1e-3, 3e-5),
    "rectangle": ((1e-3, 7e-4), 5e-5),
    "box": ((3e-4, 4e-4, 2e-4), 4e-5),
    "slice": ((3e-4, 4e-4), 1e-4, 5e-5),
}
MARKS = {  # of the files that users have
    "interval": "3e6e9bd1f017b06b404ae6f9fd2659f5",
    "rectangle": "068dc53558c66c77b22cec59045899e7",
    "box": "beb87de1940fc0f00017328ff1203c6b",
    "slice": "648c9bb02f45427ca37c8c9f86e7624c",
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("parts", [1, 3, 7, 1000])
def test_parts_make_the_whole(name, parts):
    grid = GRIDS[name](*MADE[name])
    whole, counts = grid.whole(), grid.counts
    rows = {**counts, "facet_tags": counts["facets"]}
    assert {k: len(getattr(whole, k)) for k in rows} == rows
    for kind, count in rows.items():
        ends = np.arange(parts + 1) * count // parts
        made = [getattr(grid, kind)(*pair) for pair in itertools.pairwise(ends)]
        np.testing.assert_array_equal(np.concatenate(made), getattr(whole, kind))


@pytest.mark.parametrize("name", MADE)
def test_it_is_what_it_was_and_sound(name):
    mesh = GRIDS[name](*MADE[name]).whole()
    check(mesh, name)
    digest = hashlib.sha256()
    for array in ARRAYS:
        digest.update(getattr(mesh, array).tobytes())
    assert digest.hexdigest()[:32] == MARKS[name]


def test_what_gmsh_lays_out_is_no_grid():
    finer = [((1e-4, 1e-4), 5e-5, 1e-5)]
    assert rectangle_grid((1e-3, 1e-3), 1e-4, refine=finer) is None
    assert box_grid((1e-3,) * 3, 1e-4, unstructured=True) is None
    assert slice_grid((1e-3, 1e-3), 1e-3, 1e-4, unstructured=True) is None
    graded = interval_grid(1e-3, 1e-4, refine=[((1e-4,), 5e-5, 1e-5)])
    assert np.diff(graded.axes[0]).min() < 2e-5

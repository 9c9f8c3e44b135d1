"""Structured meshes made in parts are those that are made whole."""

import hashlib
import itertools

import numpy as np
import pytest

from ecs_model.meshes import GRIDS, box_grid, interval_grid, rectangle_grid, slice_grid, structured
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


@pytest.mark.parametrize("processes", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("lengths", [(120,), (60, 40), (40, 30, 24)])
def test_processes_share_a_grid_evenly_in_one_block_each(lengths, processes):
    grid = structured.grid([np.arange(n + 1.0) for n in lengths])
    owners = grid.owners(processes, 0, grid.counts["cells"]).reshape(np.prod(lengths), -1)
    boxes = owners[:, 0]
    assert (owners == boxes[:, None]).all()  # no box is cut
    places = np.stack(np.unravel_index(np.arange(len(boxes)), lengths, order="F"), axis=1)
    for process in range(processes):
        mine = places[boxes == process]
        assert np.prod(np.ptp(mine, axis=0) + 1) == len(mine)  # a block
        assert len(mine) * processes <= structured.EVEN * len(boxes)


def test_a_grid_that_blocks_would_share_unevenly_has_no_owners():
    grid = structured.grid([np.arange(n + 1.0) for n in (9, 4)])
    assert grid.owners(3, 0, 72) is not None
    assert grid.owners(2, 0, 72) is None  # 20 and 16 boxes
    assert grid.owners(40, 0, 72) is None  # more processes than boxes


def test_owners_of_a_part_of_the_cells_are_those_of_the_whole():
    grid = structured.grid([np.arange(n + 1.0) for n in (6, 4, 3)])
    whole = grid.owners(3, 0, grid.counts["cells"])
    for low, high in ((0, 7), (7, 8), (100, 432), (432, 432)):
        np.testing.assert_array_equal(grid.owners(3, low, high), whole[low:high])

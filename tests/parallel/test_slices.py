"""Slices of arrays in input order: what processes hold, and the way there and back."""

import sys

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.parallel import bounds
from ecs_model.tissue.slices import Slices
from tests.helpers import launch_program

PROGRAM = """
from ecs_model.native import MPI
import numpy as np
from ecs_model.parallel import scattered, taken_by_root
from ecs_model.tissue.slices import Slices

comm = MPI.COMM_WORLD


def arrays(count):
    random = np.random.default_rng(count)
    yield random.normal(size=count)
    yield random.normal(size=(count, 3)).astype(np.float32)
    yield random.integers(-9, 9, (count, 4)).astype(np.int32)
    yield random.integers(-(2**62), 2**62, count)
    yield (random.normal(size=(count, 2, 2)) > 0)


def trial(count, align, some, seed):
    random = np.random.default_rng(seed)
    order = random.permutation(count)
    owner = random.integers(0, some, count)  # the last ones own nothing
    own = order[owner == comm.rank]
    others = order[owner != comm.rank]
    ghosts = others[: seed % 5 * (comm.rank != 1)]
    slices = Slices(comm, count, np.concatenate([own, ghosts]), len(own), align)
    assert comm.allreduce(slices.high - slices.low) == count
    assert slices.low % align == 0 or slices.low == count
    every = np.concatenate(comm.allgather(np.concatenate([own, ghosts])))
    times = np.bincount(every, every**2 + 1.0, count)[slices.low : slices.high]
    held = np.concatenate([own, ghosts])
    np.testing.assert_array_equal(slices.add_to_slice(held**2 + 1.0), times)
    near = slices.holding(held[::2])
    np.testing.assert_array_equal(near.to_local(np.arange(slices.low, slices.high)), held[::2])
    lists = random.integers(0, max(count, 1), (comm.rank * min(count, 1) * 3, 3))
    mine = slices.of_slice(lists)
    assert ((mine[:, 0] >= slices.low) & (mine[:, 0] < slices.high)).all()
    sent, got = (np.concatenate(comm.allgather(x)) for x in (lists, mine))
    np.testing.assert_array_equal(np.unique(sent, axis=0), np.unique(got, axis=0))
    assert len(sent) == len(got)
    for share in (0.0, 0.1, 0.9):  # of what is a number
        drawn = np.random.default_rng(seed).random(count)  # the same on all processes
        whole = np.where(drawn < share, drawn, np.nan)
        here = whole[slices.low : slices.high]
        np.testing.assert_array_equal(slices.few_to_slice(whole[own]), here, strict=True)
    for whole in arrays(count):
        here = whole[slices.low : slices.high]
        np.testing.assert_array_equal(slices.to_slice(whole[own]), here, strict=True)
        held = whole[np.concatenate([own, ghosts])]
        np.testing.assert_array_equal(slices.to_local(here), held, strict=True)
        np.testing.assert_array_equal(slices.to_owned(here), whole[own], strict=True)
        given = whole if comm.rank == 0 else None
        np.testing.assert_array_equal(scattered(comm, given, align), here, strict=True)
        parts = list(taken_by_root(comm, [here[:2], here[2:]]))
        if comm.rank == 0:
            np.testing.assert_array_equal(np.concatenate(parts), whole, strict=True)
        else:
            assert parts == []


for count in (0, 1, 2, 5, 1000):
    for align in (1, 64):
        for some in (1, max(1, comm.size - 1), comm.size):
            for seed in range(4):
                trial(count, align, some, seed)
if comm.rank == 0:
    print("all equal")
"""


@pytest.mark.parametrize("n", [1, 2, 3, pytest.param(8, marks=pytest.mark.slow)])
def test_every_row_arrives_and_comes_back(n):
    done = launch_program(n, [sys.executable, "-c", PROGRAM])
    assert "all equal" in done.stdout, done.stderr


def test_slices_are_even_and_begin_at_multiples():
    assert bounds(10, 4).tolist() == [0, 2, 5, 7, 10]
    assert bounds(3, 8).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 3]
    assert bounds(100, 3, 32).tolist() == [0, 32, 64, 100]
    assert bounds(0, 2, 32).tolist() == [0, 0, 0]


def test_lengths_that_do_not_fit_are_refused():
    slices = Slices(MPI.COMM_SELF, 3, [2, 0, 1], 3)
    for move in (slices.to_slice, slices.to_local, slices.to_owned):
        with pytest.raises(ValueError, match="2 rows, not 3"):
            move(np.zeros(2))

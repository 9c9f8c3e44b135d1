"""Uniform refinement of a mesh in slices: no process holds more than its part of the fine mesh.

An edge belongs to the process whose slice holds its lower node. Each numbers its edges in ascending
order after those of the processes before it, so that nodes have the numbers that
`ecs_model.meshes.red_refinement` says on any number of processes.
"""

from dataclasses import replace

import numpy as np

from ecs_model.meshes.meshdata import ARRAYS
from ecs_model.meshes.red_refinement import (
    divided,
    halfway,
    in_order,
    oriented,
    pairs_of,
    unique_pairs,
)
from ecs_model.parallel import CHUNK, bounds, exchanged
from ecs_model.tissue.mesh_slices import MeshSlice, fingerprint_of
from ecs_model.tissue.slices import Slices


def refined(comm, here: MeshSlice, levels: int) -> MeshSlice:
    """This process's slices of the mesh, refined some times.

    Args:
        comm: MPI communicator.
        here: slices of the mesh.
        levels: how often.
    """
    if not levels:
        return here
    here = replace(_spread(comm, here, 1), owners=None)
    here, mirrored = in_order(here, _at(comm, here.points, here.cells))
    for _ in range(levels):
        here, mirrored = _once(comm, here, mirrored)
    here = _spread(comm, oriented(here, mirrored), CHUNK)
    return replace(here, fingerprint=fingerprint_of(comm, here))


def _once(comm, here, mirrored):
    """The slices refined once, and which cells are mirrored."""
    nodes = comm.allreduce(len(here.points))
    own, middles = _numbered(comm, pairs_of(here), nodes)
    fine, mirrored = divided(here, mirrored, nodes + middles)

    def joined(values, between):
        values = np.concatenate(_moved(comm, [values, between(_at(comm, values, own))], 1))
        return np.ascontiguousarray(values)

    fields = {name: joined(values, halfway) for name, values in here.node_fields.items()}
    points = joined(here.points, lambda ends: ends.mean(axis=1))
    return replace(fine, points=points, node_fields=fields), mirrored


def _numbered(comm, pairs, nodes):
    """The edges that belong to this process, shape (k, 2), and the number of each of some pairs."""
    mine, places = unique_pairs(pairs, nodes)
    ends = bounds(nodes, comm.size)
    going = np.diff(np.searchsorted(mine[:, 0], ends))
    coming, counts = exchanged(comm, mine, going)
    own, asked = unique_pairs(coming, nodes)
    first = comm.exscan(len(own)) or 0
    numbers, _ = exchanged(comm, first + asked, counts)
    return own, numbers[places]


def _at(comm, values, nodes):
    """Values of evenly sliced nodes at nodes of any shape."""
    unique, places = np.unique(nodes, return_inverse=True)
    count = comm.allreduce(len(values))
    way = Slices(comm, count, unique, len(unique), rare=True)
    return way.to_local(values)[places.reshape(nodes.shape)]


def _spread(comm, here, align):
    """The same arrays in slices of `bounds` with `align`."""

    def moved(values):
        return _moved(comm, [values], align)[0]

    return replace(
        here,
        node_fields={k: moved(v) for k, v in here.node_fields.items()},
        cell_fields={k: moved(v) for k, v in here.cell_fields.items()},
        **{name: moved(getattr(here, name)) for name in ARRAYS},
    )


def _moved(comm, parts, align):
    """Rows of arrays, which follow each other, in the slices of all of them together.

    Args:
        comm: MPI communicator.
        parts: this process's rows of each array, after those of the processes before it.
        align: slices begin at multiples of it.
    """
    counts = [comm.allreduce(len(part)) for part in parts]
    ends, before, result = bounds(sum(counts), comm.size, align), 0, []
    for part, count in zip(parts, counts, strict=True):
        low = before + (comm.exscan(len(part)) or 0)
        going = np.diff(np.clip(ends, low, low + len(part)))
        result.append(exchanged(comm, part, going)[0])
        before += count
    return result

"""A mesh in slices: what every process holds of its arrays before it is distributed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ecs_model.meshes import archive
from ecs_model.meshes.meshdata import ARRAYS, MeshData
from ecs_model.meshes.structured import Grid
from ecs_model.parallel import CHUNK, bounds, in_chunks, scattered, taken_by_root, together


@dataclass(frozen=True)
class MeshSlice:
    """This process's slices of the arrays of a MeshData, and what all processes know.

    Attributes:
        dim: dimension of the cells: 1, 2 or 3.
        points: coordinates [m], shape (points here, d), or (points here, 3) of a surface in space.
        cells: numbers of their points in the whole mesh, shape (cells here, d + 1).
        cell_tags: shape (cells here,).
        facets: tagged ones, numbers of their points, shape (facets here, d).
        facet_tags: shape (facets here,).
        regions, boundaries: name -> tag.
        fingerprint: of the whole mesh, the same for any number of processes.
        node_fields, cell_fields: name -> values at the points and cells here.
        owners: which process should have each of the cells here; None where that is to be found.
    """

    dim: int
    points: np.ndarray
    cells: np.ndarray
    cell_tags: np.ndarray
    facets: np.ndarray
    facet_tags: np.ndarray
    regions: dict[str, int]
    boundaries: dict[str, int]
    fingerprint: str
    node_fields: dict[str, np.ndarray] = field(default_factory=dict)
    cell_fields: dict[str, np.ndarray] = field(default_factory=dict)
    owners: np.ndarray | None = None


def of_grid(comm, grid: Grid) -> MeshSlice:
    """The slices of a structured mesh; every process makes its own."""
    counts = {name: _range(comm, count) for name, count in grid.counts.items()}
    arrays = {
        "points": grid.points(*counts["points"]),
        "cells": grid.cells(*counts["cells"]),
        "cell_tags": np.ones(np.diff(counts["cells"])[0], ARRAYS["cell_tags"]),
        "facets": grid.facets(*counts["facets"]),
        "facet_tags": grid.facet_tags(*counts["facets"]),
        "owners": grid.owners(comm.size, *counts["cells"]),
    }
    here = MeshSlice(
        dim=grid.dim, regions=grid.regions, boundaries=grid.boundaries, fingerprint="", **arrays
    )
    return replace(here, fingerprint=fingerprint_of(comm, here))


def fingerprint_of(comm, here: MeshSlice) -> str:
    """The `fingerprint` of slices of a mesh."""
    parts = (in_chunks(getattr(here, name)) for name in ARRAYS)
    return fingerprint(comm, (partial(taken_by_root, comm, part) for part in parts))


def _range(comm, count):
    """Where the slice of this process begins and ends."""
    ends = bounds(count, comm.size, CHUNK)
    return int(ends[comm.rank]), int(ends[comm.rank + 1])


def of_archive(comm, path) -> MeshSlice:
    """The slices of a mesh in the cache; every process reads its own.

    Args:
        comm: MPI communicator.
        path: of the archive.

    Raises:
        ConfigError: on all processes, if it is damaged.
    """
    here = together(comm, _in_archive, comm, path)
    return replace(here, fingerprint=fingerprint_of(comm, here))


def _in_archive(comm, path):
    with archive.opened(path) as file:
        rows = {name: _range(comm, file.count(name)) for name in ARRAYS}
        arrays = {name: file.rows(name, *rows[name]) for name in ARRAYS}
        return MeshSlice(
            dim=arrays["cells"].shape[1] - 1,
            regions=file.regions,
            boundaries=file.boundaries,
            fingerprint="",
            node_fields=file.field_rows("node_fields", *rows["points"]),
            cell_fields=file.field_rows("cell_fields", *rows["cells"]),
            **arrays,
        )


def of_root(comm, mesh: MeshData | None) -> MeshSlice:
    """The slices of a mesh that rank 0 holds; None elsewhere."""
    about = mesh and (
        mesh.dim,
        mesh.regions,
        mesh.boundaries,
        [*mesh.node_fields],
        [*mesh.cell_fields],
    )
    dim, regions, boundaries, node_fields, cell_fields = comm.bcast(about)
    mark = fingerprint(comm, (partial(_own, mesh, name) for name in ARRAYS))

    def sliced(values):
        return scattered(comm, values, CHUNK)

    return MeshSlice(
        dim=dim,
        regions=regions,
        boundaries=boundaries,
        fingerprint=mark,
        node_fields={k: sliced(mesh and mesh.node_fields[k]) for k in node_fields},
        cell_fields={k: sliced(mesh and mesh.cell_fields[k]) for k in cell_fields},
        **{name: sliced(mesh and getattr(mesh, name)) for name in ARRAYS},
    )


def _own(mesh, name):
    """The whole array on rank 0, nothing elsewhere."""
    return [getattr(mesh, name)] if mesh else []


def fingerprint(comm, arrays: Iterator) -> str:
    """A checksum of arrays in input order, on all processes, as it has been since the first runs.

    Args:
        comm: MPI communicator.
        arrays: for each a function that gives it on rank 0, part by part.
    """
    digest = hashlib.sha256()
    for parts in arrays:
        for part in parts():
            digest.update(np.ascontiguousarray(part))
    return comm.bcast(digest.hexdigest()[:32])

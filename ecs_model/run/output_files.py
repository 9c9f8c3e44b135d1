"""The files of a run: new, or continued where a checkpoint left it; all but fields on rank 0."""

from functools import partial
from typing import Any

import numpy as np

from ecs_model.parallel import kept_on_root
from ecs_model.run import spike_tables
from ecs_model.run.field_series import FieldSeries
from ecs_model.run.tables import LineSeries, SeriesFile


class File:
    """A file that rank 0 writes once it is open: new, or continued.

    Args:
        comm: MPI communicator.
        create: makes a new one.
        resume: opens the one that is there, without what came after a time [s], which has to hold
            so many rows.

    Attributes:
        rows: that were written to it, on rank 0.
    """

    def __init__(self, comm, create, resume):
        self._comm, self._create, self._resume = comm, create, resume
        self._file: Any = None  # once it is open, on rank 0
        self.rows = 0

    def open(self, until):
        """Open it on rank 0, new if `until` is None; called on all processes."""
        if until is None:
            self._file = kept_on_root(self._comm, self._create)
        else:
            self._file = kept_on_root(self._comm, self._resume, until=until, count=self.rows)

    def append(self, *row):
        """Add a row to a table."""
        self._file.append(*row)
        self.rows += 1

    def extend(self, rows):
        """Add rows to a table."""
        self._file.extend(rows)
        self.rows += len(rows)

    def close(self):
        """Close it, if this process has it open."""
        if self._file is not None:
            self._file.close()


class SharedFile:
    """A file that all processes write together once it is open; otherwise as a File."""

    def __init__(self, create, resume):
        self._create, self._resume = create, resume
        self._file: Any = None
        self.rows = 0

    def open(self, until):
        """Open it, new if `until` is None."""
        if until is None:
            self._file = self._create()
        else:
            self._file = self._resume(until=until, count=self.rows)

    def write(self, t, fields):
        """Add the fields of a time [s], slices of arrays by name."""
        self._file.write(t, fields)
        self.rows += 1

    def close(self):
        """Close it, if it is open."""
        if self._file is not None:
            self._file.close()


class Files:
    """The files of a run, in an order that follows from its configuration."""

    def __init__(self, comm, run):
        self._comm, self._run, self.all = comm, run, []

    def state(self):
        """How many rows each of them holds."""
        return {"rows": [file.rows for file in self.all]}

    def load(self, state):
        """Note how many rows each has to hold."""
        for file, rows in zip(self.all, state["rows"], strict=False):
            file.rows = rows

    def _add(self, create, resume):
        self.all.append(File(self._comm, create, resume))
        return self.all[-1]

    def series(self, columns, units):
        """The File of series.csv, by the names of its columns and their units."""
        path = self._run.series
        return self._add(
            partial(SeriesFile.create, path, columns, units),
            partial(SeriesFile.resume, path, columns, units),
        )

    def line(self, name, positions, units):
        """The File of a line, by the distances along it [m] and the units of its fields."""
        folder = self._run.path
        return self._add(
            partial(LineSeries.create, folder, name, positions, units),
            partial(LineSeries.resume, folder, name, positions, units),
        )

    def spikes(self, name):
        """The File of the spikes along a line."""
        folder = self._run.path
        return self._add(
            partial(spike_tables.create, folder, name), partial(spike_tables.resume, folder, name)
        )

    def fields(self, parts, units):
        """The SharedFile of the fields over time, by the Parts of the run and the units of these.

        The slices of the mesh, which it begins or is compared with, are made when it is opened.
        """
        common = {
            "units": {**units, "alpha": "1", "tortuosity": "1"},
            "precision": "f8" if parts.plan.is_double else "f4",
            "comm": self._comm,
        }
        ways = (FieldSeries.create, FieldSeries.resume)
        self.all.append(
            SharedFile(*(partial(_series, w, self._run.path, parts, common) for w in ways))
        )
        return self.all[-1]


def _series(way, folder, parts, common, **named):
    """What a way to open the FieldSeries of a run gives."""
    mesh = parts.mesh
    points = mesh.node_slices.to_slice(mesh.coordinates[: mesh.owned, : mesh.axes])
    still = {"region": mesh.cell_tags, **{k: parts.cells[k] for k in ("alpha", "tortuosity")}}
    cells, *fields = (
        mesh.cell_slices.to_slice(values[: mesh.owned_cells])
        for values in (mesh.numbers.astype(np.int32)[mesh.cell_nodes], *still.values())
    )
    return way(folder, points, cells, dict(zip(still, fields, strict=True)), **common, **named)

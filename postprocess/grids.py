"""The fields of a run as PyVista grids, one per output time, each made when it is asked for."""

from collections.abc import Sequence

import numpy as np

from ecs_model.postprocess.body import unstructured
from ecs_model.postprocess.fields import load
from ecs_model.run import field_series


class Grids(Sequence):
    """A run over time: `grids[i]` is the pyvista.UnstructuredGrid [mm] of output time number i.

    Args:
        run_dir: the run directory.

    Attributes:
        times: output times [s].
        names: of the fields that change in time.

    Raises:
        ConfigError: if no output time was written.
    """

    def __init__(self, run_dir):
        self._fields = load(run_dir)
        self.times = self._fields.times
        self.names = self._fields.names
        self._grid = unstructured(self._fields.points, self._fields.cells)
        still = field_series.read_mesh(self._fields.folder)[2]
        self._grid.cell_data.update(still)
        self._grid.point_data.update(field_series.read_node_data(self._fields.folder))

    def __len__(self):
        return len(self.times)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        grid = self._grid.copy(deep=False)
        for name in self.names:
            grid.point_data[name] = self._fields.at(name, i)
        grid.field_data["time"] = [self.times[i]]
        return grid

    def at(self, t):
        """The grid of the output time that is nearest to `t` [s]."""
        return self[int(np.abs(self.times - t).argmin())]

    def __repr__(self):
        low, high = self.times[[0, -1]]
        return (
            f"{len(self)} grids of {self._grid.n_points} nodes and {self._grid.n_cells} cells, "
            f"{low:g} to {high:g} s: {', '.join(self.names)}"
        )

"""The fields of a run as pictures need them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.postprocess import labels
from ecs_model.run import field_series
from ecs_model.run.rundir import RunDir

_MAIN = ("K_o", "V", "rate")
_SAMPLED = 25


@dataclass(frozen=True)
class Fields:
    """Mesh [mm], output times [s], units and nodal scalar fields of the run directory `folder`.

    `nodes` is their number; points and cells are read when they are asked for. `meanings` has what
    the model calls some of its own fields.
    """

    folder: Path
    nodes: int
    times: np.ndarray
    names: list
    units: dict
    meanings: dict

    @property
    def points(self):
        """Coordinates [mm] of the nodes, shape (nodes, 3)."""
        return self._mesh[0]

    @property
    def cells(self):
        """Nodes of the cells, shape (cells, 2 to 4)."""
        return self._mesh[1]

    @cached_property
    def _mesh(self):
        return field_series.read_mesh(self.folder)

    @cached_property
    def body(self):
        """The mesh as it is looked at, a Body."""
        from ecs_model.postprocess.body import Body  # loads PyVista, which 1D does not need

        return Body(self.points, self.cells)

    @property
    def dimension(self):
        """Of the cells: 1, 2 or 3."""
        return self.cells.shape[1] - 1

    @property
    def is_surface(self):
        """Whether the cells are triangles in space, seen as a body is."""
        return self.dimension == 2 and bool(np.ptp(self.points[:, 2]))

    @property
    def space(self):
        """Dimensions that a picture has to show: 1, 2 or 3."""
        return 3 if self.is_surface else self.dimension

    @property
    def main(self):
        """The fields worth a picture of their own: K_o and V or the rate, or whatever there is."""
        return [name for name in _MAIN if name in self.names][:2] or self.names[:2]

    def at(self, name, index):
        """Field `name` at output number `index`, one value per node."""
        values = field_series.read_field(self.folder, name, index)
        if values.shape != (self.nodes,) or values.dtype.kind not in "fiu":
            raise ConfigError(
                f"{self.folder}: output {index} of {name} is damaged: it has the shape "
                f"{values.shape}, not ({self.nodes},)"
            )
        return values

    def limits(self, name):
        """Round limits of a field over the whole run, from at most 25 of its times."""
        indices = spread(len(self.times), _SAMPLED)
        low, high = np.transpose([field_series.read_range(self.folder, name, i) for i in indices])
        return labels.limits(name, np.fmin.reduce(low), np.fmax.reduce(high))

    def label(self, name):
        """Axis label of a field."""
        return labels.label(name, self.units.get(name, ""), self.meanings)

    def wrapped_label(self, name):
        """As `label`, with the unit on a line of its own."""
        return labels.wrapped_label(name, self.units.get(name, ""), self.meanings)

    def plain_label(self, name):
        """As `label`, for programs that know no mathematical text."""
        return labels.plain_label(name, self.units.get(name, ""), self.meanings)


def load(run_dir):
    """The fields of a run; raises ConfigError if no output time was written."""
    run = RunDir.open(run_dir)
    folder = run.path
    times = field_series.read_times(folder)
    if not len(times):
        raise ConfigError(f"{folder} holds no output time yet; let the run come to its first one")
    units, nodes = field_series.read_units(folder), field_series.count_nodes(folder)
    shapes = field_series.field_shapes(folder)
    names = [name for name, shape in shapes.items() if shape == (nodes,)]
    return Fields(folder, nodes, times, names, units, run.meanings)


def spread(count, wanted):
    """At most `wanted` indices, evenly spread from 0 to `count` - 1, both included."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(int))


def finite_range(values):
    """Least and greatest of the finite values; nan, nan if there is none."""
    values = values[np.isfinite(values)]
    return (values.min(), values.max()) if len(values) else (np.nan, np.nan)

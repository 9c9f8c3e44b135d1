"""When the neurons along a line fired, spike by spike, noted while a run goes on."""

from typing import Any

import numpy as np

from ecs_model.parallel import root_does
from ecs_model.physics.values import Array
from ecs_model.run.neurons import Neurons
from ecs_model.run.output_files import File
from ecs_model.run.parts import LinePlan, OutputPlan
from ecs_model.run.requests import Request
from ecs_model.tissue.mesh import Mesh
from ecs_model.units import from_si

LONGEST = 1.0  # s between writes, so that memory does not grow with the interval of tables


def nearest_nodes(mesh: Mesh, line: LinePlan) -> tuple[Array, Array]:
    """Owned nodes that are nearest to points of a line, and where they lie along it [m].

    Candidates are the corners of the cells that the points lie in, so that all processes choose the
    same. A node that is nearest to several points is listed once; its place is its projection.
    """
    own = line.sampler.nodes
    parts = mesh.comm.allgather((mesh.input_nodes[own], mesh.coordinates[own]))
    numbers, places = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(numbers)
    from scipy.spatial import KDTree  # a quarter of a second that other runs need not wait

    chosen = np.unique(KDTree(places[order]).query(line.points)[1])
    mine = own[np.isin(mesh.input_nodes[own], numbers[order][chosen])]
    x = mesh.coordinates[mine]
    beside = KDTree(line.points).query(x)[1]
    along = ((x - line.points[beside]) * line.ways[beside]).sum(axis=1)
    return mine, line.positions[beside] + along


class Raster:
    """Writes the spikes of the neurons along a line.

    They are written with rows of tables, before every checkpoint and at least once in a second of
    the run. What is noted is complete up to a time that all nodes share, so that the order of rows,
    by time and then by position, does not depend on when they were written.

    Args:
        mesh: the mesh.
        neurons: of a model that spikes; they look first.
        line: the line.
        plan: when tables and checkpoints are written.
        table: of the line, see `spike_tables`.
    """

    every = 0

    def __init__(self, mesh: Mesh, neurons: Neurons, line: LinePlan, plan: OutputPlan, table: File):
        nodes, places = nearest_nodes(mesh, line)
        self.name, self._comm, self._neurons, self._table = line.name, mesh.comm, neurons, table
        self._places = np.full(mesh.owned, np.nan)  # where nodes lie along the line [mm]
        self._places[nodes] = from_si(places, "mm")
        self._periods = [every for every in (plan.often, plan.checkpoint) if every]
        self._noted: list[Array] = []
        self._written = 0.0

    def observe(self, t: float, simulation: Any) -> None:
        """Note the spikes since the last look; write them if it is time to."""
        if len(events := self._neurons.fired):
            places = self._places[events[:, 0].astype(np.int64)]
            here = np.isfinite(places)
            self._noted.append(np.column_stack([events[here, 1], places[here]]))
        if t - self._written >= LONGEST or self._is_due(simulation):
            self._write()
            self._written = t

    def _is_due(self, simulation):
        """Whether tables or a checkpoint are written now; the same on all processes."""
        tick = simulation.tick
        at_end = tick == simulation.clock.ticks
        asked = simulation.request != Request.GO_ON
        return at_end or asked or any(tick % every == 0 for every in self._periods)

    def _write(self):
        parts = self._comm.gather(np.concatenate([np.empty((0, 2)), *self._noted]))
        root_does(self._comm, self._append, parts)
        self._noted.clear()

    def _append(self, parts):
        rows = np.concatenate(parts)
        self._table.extend(rows[np.lexsort((rows[:, 1], rows[:, 0]))])

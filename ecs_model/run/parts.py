"""What a run is made of, as small records: all that its modules know of what was asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ecs_model.membrane.model import MembraneModel
from ecs_model.physics.regimes import Firing
from ecs_model.run.front_tracker import Tracker
from ecs_model.run.neurons import Neurons
from ecs_model.run.time_loop import Simulation
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.sampling import Sampler
from ecs_model.tissue.tissue_data import TissueData
from ecs_model.transport.matrices import Operators


@dataclass(frozen=True)
class SolverOptions:
    """How transport is solved.

    Attributes:
        is_explicit: by RKL2, whose mass is lumped.
        theta: share of consistent mass.
        rtol: residual of a solve.
        petsc: PETSc options by name.
    """

    is_explicit: bool
    theta: float
    rtol: float
    petsc: dict[str, str | int | float]


@dataclass(frozen=True)
class Detection:
    """Thresholds of verdicts.

    Attributes:
        firing: what counts as what in the firing of neurons; its `sd` is the K+ [mM] of a
            spreading depolarization.
        load: K+ [mM] of a load.
        fraction: share of the tissue that must reach it.
        front: K+ [mM] at which a front has arrived.
        spread: share of the tissue not stimulated that a front takes if it ignites.
    """

    firing: Firing
    load: float
    fraction: float
    front: float
    spread: float


@dataclass(frozen=True)
class LinePlan:
    """A line along which profiles are recorded.

    Attributes:
        name: of the line.
        sampler: of its points.
        positions: distances of the points along it [m].
        ways: unit vectors along it at the points, shape (points, 3).
        points: the points [m], shape (points, 3).
    """

    name: str
    sampler: Sampler
    positions: np.ndarray
    ways: np.ndarray
    points: np.ndarray


@dataclass(frozen=True)
class OutputPlan:
    """When and where a run is observed.

    Attributes:
        every: ticks between fields.
        often: ticks between rows of tables.
        checkpoint: ticks between checkpoints, 0 for none.
        wall: elapsed time between checkpoints [s], None for none.
        fields: names of those that are written, K_o first.
        is_double: whether fields are written in double precision.
        probes: names of points; `sampler`: their values.
        lines: along which profiles are recorded.
    """

    every: int
    often: int
    checkpoint: int
    wall: float | None
    fields: tuple[str, ...]
    is_double: bool
    probes: tuple[str, ...]
    sampler: Sampler
    lines: tuple[LinePlan, ...]


@dataclass(frozen=True)
class Parts:
    """Everything a run is made of.

    Attributes:
        title: of the run, may be empty.
        tissue: what holds in all of it.
        model: the membrane model; `identity`: of its compiled step.
        mesh, operators, simulation, tracker: what computes.
        neurons: what they do; None for models that do not say when they fire.
        cells: alpha and tortuosity over local cells, for output; until they are released.
        detection: thresholds of verdicts.
        plan: when and where the run is observed.
        notes: sentences about what was assumed.
        images: SHA-256 of the images of a scanner that were read, by path.
        outside: which owned nodes lie outside of all that is stimulated, or else all.
        unresolved: sources that need smaller cells.
    """

    title: str
    tissue: TissueData
    model: MembraneModel
    identity: str
    mesh: Mesh
    operators: Operators
    simulation: Simulation
    tracker: Tracker
    neurons: Neurons | None
    cells: dict[str, np.ndarray]
    detection: Detection
    plan: OutputPlan
    notes: list[str]
    images: dict[str, str]
    outside: np.ndarray
    unresolved: list[dict[str, Any]]

    def release(self) -> None:
        """Free what only set-up and the file of the mesh need."""
        self.cells.clear()
        self.mesh.release()

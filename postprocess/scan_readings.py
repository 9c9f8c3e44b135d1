"""What a map over alpha and tortuosity says about the measured states of the tissue."""

from dataclasses import dataclass

import numpy as np

from ecs_model.physics.measured_tissue import TissueState
from ecs_model.postprocess.scan_map import triangles


@dataclass(frozen=True)
class Reading:
    """A measured state on a map.

    Attributes:
        name, state: of the state.
        verdict: yes, no, or border where the runs around it disagree; empty outside of the map.
        value: the threshold there, between those of the runs around it; nan without one.
        speed: of the front there [mm/min]; nan without one.
    """

    name: str
    state: TissueState
    verdict: str
    value: float
    speed: float


def readings(scan):
    """A Reading for each state that maps show; none if the scan maps something else."""
    axes = scan.mapped
    alone = len(axes) == len(scan.varying) == 2
    if not alone or [axis.key for axis in axes] != ["alpha", "tortuosity"]:
        return []
    x, y = (scan.finished[axis.label].to_numpy(float) for axis in axes)
    mesh = triangles(axes, x, y)
    return [_reading(scan, mesh, name, state) for name, state in scan.measured.items()]


def _reading(scan, mesh, name, state):
    place = int(mesh.get_trifinder()(state.alpha, state.tortuosity))
    if place < 0:
        return Reading(name, state, "", np.nan, np.nan)
    corners = mesh.triangles[place]
    shares = _shares(mesh, corners, state)
    column = lambda c: scan.finished[c].to_numpy(float)[corners] @ shares if c else np.nan  # noqa: E731
    value = column("threshold.value") if scan.searched else np.nan
    return Reading(name, state, _verdict(scan, corners), float(value), float(column(scan.speed)))


def _verdict(scan, corners):
    yes = scan.margin(scan.verdict)[corners] >= 0
    return "yes" if yes.all() else "border" if yes.any() else "no"


def _shares(mesh, corners, state):
    """Weights of the corners of a triangle at a place in it."""
    x, y = mesh.x[corners], mesh.y[corners]
    system = np.stack([x, y, np.ones(3)])
    return np.linalg.solve(system, [state.alpha, state.tortuosity, 1.0])

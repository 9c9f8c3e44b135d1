"""Is the mesh fine enough for a front? The speed on a strip of its cells and of smaller ones.

A front of the configured membrane, alpha and tortuosity is ignited at one end of a line, once with
cells as long as the median edge of the mesh, once with a quarter of that.
"""

import numpy as np

from ecs_model.meshes import quality
from ecs_model.physics import detectors
from ecs_model.tissue.sampling import Sampler
from ecs_model.units import from_si

LENGTH = 2e-3  # m: room for the fronts of the literature to become steady
LIT = 0.1  # share of the strip that is ignited
IGNITION = 60.0  # mM
LONGEST = 180.0  # s: slower fronts than 0.6 mm/min are not waited for
FINER = 4


def mesh_error(data, build_strip, membrane):
    """Lines that say how much the mesh falsifies the speed of a front; run on one process.

    Args:
        data: MeshData with the cells of the mesh, or enough of them.
        build_strip: function from the size of cells [m] to the Parts of a strip with the tissue and
            the membrane of the run, of which the first tenth is ignited.
        membrane: name of its model.
    """
    edge = float(np.median(quality.edge_lengths(data)))
    coarse, fine = (speed(build_strip(size)) for size in (edge, edge / FINER))
    if not np.isfinite(fine):
        return [f"front on a strip: none travels with the membrane {membrane}"]
    if not np.isfinite(coarse):
        return [f"front on a strip: the mesh stops it; with finer cells it makes {_shown(fine)}"]
    return [
        f"front on a strip: {_shown(coarse)} with cells of {from_si(edge, 'um'):.3g} um (the "
        f"median edge), {_shown(fine)} with a quarter of it",
        f"so the mesh makes fronts {abs(coarse / fine - 1):.1%} too "
        f"{'fast' if coarse > fine else 'slow'}",
    ]


def _shown(value):
    return f"{from_si(value, 'mm/min'):.4g} mm/min"


def speed(parts):
    """Speed [m/s] of a front on a strip, by its Parts; nan if none travels."""
    simulation, tracker = parts.simulation, parts.tracker
    simulation.observers = [tracker]
    positions = np.linspace(0.0, LENGTH, 101)
    sampler = Sampler(parts.mesh, "strip", positions[:, None])
    while simulation.tick < simulation.clock.ticks:
        simulation.step()
        tracker.observe(simulation.time, simulation)
        arrival = sampler(tracker.arrival[sampler.nodes])
        if np.isfinite(arrival[-6]):
            return detectors.steady_speed(arrival, positions)[0]
    return float("nan")

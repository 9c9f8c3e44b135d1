"""Is the mesh fine enough for a front? The speed on a strip of its cells and of smaller ones.

A front of the configured membrane, alpha and tortuosity is ignited at one end of a line, once with
cells as long as the median edge of the mesh, once with a quarter of that.
"""

from ecs_model.native import MPI

import numpy as np

from ecs_model.config import resolve
from ecs_model.config.run import Config
from ecs_model.meshes import meshdata
from ecs_model.physics import detectors
from ecs_model.run import build
from ecs_model.tissue import mesh_cache
from ecs_model.tissue.sampling import Sampler
from ecs_model.units import from_si

LENGTH = 2e-3  # m: room for the fronts of the literature to become steady
LIT = 0.1  # share of the strip that is ignited
IGNITION = 60.0  # mM
LONGEST = 180.0  # s: slower fronts than 0.6 mm/min are not waited for
FINER = 4
LEFT_OUT = {"boundary", "source", "event", "probe", "line"}


def mesh_error(config, base="."):
    """Lines that say how much the mesh falsifies the speed of a front; run on one process.

    Args:
        config: the configuration, with intervals.
        base: folder to which paths in it are relative.
    """
    edge = meshdata.quality(mesh_cache.make(config.mesh, base)).edge_median
    coarse, fine = (speed(config, base, size) for size in (edge, edge / FINER))
    if not np.isfinite(fine):
        return [f"front on a strip: none travels with the membrane {config.membrane.model}"]
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


def speed(config, base, cell):
    """Speed [m/s] of a front on a strip of cells of size `cell` [m]; nan if none travels."""
    parts = build.build(_strip(config, cell, base), MPI.COMM_SELF, base)
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


def _lit(config, base):
    """Concentrations where the front starts: K+, and Cl- with it if it moves."""
    before, after = resolve.model_of(config, base).State(), {"K_o": f"{IGNITION} mM"}
    if any(ion.name == "Cl" for ion in config.tissue.ions):
        after["Cl_o"] = f"{before.Cl_o + IGNITION - before.K_o} mM"
    return after


def _strip(config, cell, base):
    """The configuration of a strip with the same tissue and membrane."""
    tree = config.model_dump(
        exclude_none=True, exclude={"boundary", "source", "event", "probe", "line"}
    )
    tree["mesh"] = {"generator": "interval", "length": f"{LENGTH} m", "cell": f"{cell} m"}
    tree["time"]["end"] = f"{LONGEST} s"
    tree["output"] = {"every": f"{LONGEST} s", "series": f"{LONGEST / 60} s"}
    tortuosity = tree["tissue"]["tortuosity"]
    if isinstance(tortuosity, dict):  # along the fibres, where fronts are fastest
        tree["tissue"]["tortuosity"] = tortuosity.get("parallel", tortuosity)
    lit = {"low": [f"{-LENGTH} m"], "high": [f"{LIT * LENGTH} m"]}
    tree["tissue"]["regions"] = [{"name": "lit", "box": lit, "initial": _lit(config, base)}]
    return Config.model_validate(tree)

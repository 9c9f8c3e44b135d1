"""What half-lumped mass and adaptive steps buy: the work for a front's speed to within 1 %.

Usage: python benchmarks/adaptive.py      (about 4 minutes)

A front of known speed (`nagumo`) is lit at one end of a block of tissue, 3-D,
and the CPU time of all steps is divided by volume and simulated time. First while the front is
under way all the time, with the coarsest cells and longest steps of each scheme; then over ten
minutes of which the front takes half a minute, where adaptive steps can be long.
"""

import json
import sys

import numpy as np
from measure import Watch, child, load, sized, table

LENGTH, WIDE = 900, sized(20, 2)  # of the block: um along x, cells across
TARGET, LONG = 0.05, sized(600, 18)  # core-s per mm^3 and s; s

FRONT = (  # theta, cells [um], step [ms], tolerance of adaptive steps [mM]
    (0.0, 6.25, 50, None),
    (0.0, 6.25, 100, None),
    (0.5, 15, 50, None),
    (0.5, 15, 100, None),
    (0.5, 15, 25, 2.0),
)
WHOLE = ((0.5, 15, 50, None), (0.5, 15, 100, None), (0.5, 15, 25, 0.5), (0.5, 15, 25, 2.0))


def main():
    """Print both tables."""
    head = [
        "theta",
        "cells [um]",
        "steps",
        "number (rejected)",
        "error of speed",
        "ns per node-step",
        "core-s per mm³ and s",
        f"of the target {TARGET}",
    ]
    print(f"While the front is under way; {load()}\n")
    table(head, (_row(*case, 0) for case in FRONT[-sized(len(FRONT), 1) :]))
    print(f"\nTen minutes with one front; {load()}\n")
    table(head, (_row(*case, LONG) for case in WHOLE[-sized(len(WHOLE), 1) :]))


def _row(theta, h, dt, tolerance, end):
    given = json.dumps([theta, h, dt, tolerance, end])
    r = child(__file__, given)
    steps = f"{dt} ms" if tolerance is None else f"{dt} ms and longer, {tolerance:g} mM"
    return [
        f"{theta:g}",
        f"{h:g}",
        steps,
        f"{r['steps']} ({r['rejected']})",
        f"{100 * r['error']:+.2f} %",
        f"{r['ns']:.0f}",
        f"{r['work']:.3g}",
        f"{r['work'] / TARGET:.1f} times",
    ]


def one(theta, h, dt, tolerance, end):
    """Run one case on this process; print steps, error and work."""
    from problem import parts

    from ecs_model.membrane.models import nagumo
    from ecs_model.parallel import start
    from ecs_model.tissue.regions import diffusivity

    exact = float(nagumo.front_speed(nagumo.Parameters(), diffusivity(1.96e-9, 1.6)))
    n = round(LENGTH / h)
    end = end or round(0.85 * n * h * 1e-6 / exact)
    made = parts(start(), (n, WIDE, WIDE), h, dt, "nagumo", end, theta, tolerance)
    _ignite(made)
    watch = Watch()
    watch.over("step", made.simulation, "step")
    made.simulation.run()
    steps, seconds = made.simulation.steps, watch.seconds["step"]
    error = _speed(made, n * h * 1e-6) / exact - 1
    volume = n * WIDE * WIDE * (h * 1e-3) ** 3
    print(
        json.dumps(
            {
                "steps": steps,
                "rejected": made.simulation.rejected,
                "error": error,
                "ns": seconds / steps / made.mesh.nodes * 1e9,
                "work": seconds / volume / end,
            }
        )
    )


def _ignite(made):
    """Raise K+ at one end, and let the tracker follow."""
    simulation = made.simulation
    potassium = simulation.reaction.variables.K_o
    potassium[made.mesh.coordinates[: made.mesh.owned, 0] < 100e-6] = 52
    simulation.control.start(potassium)
    made.tracker.last[:] = potassium
    simulation.observers.append(made.tracker)


def _speed(made, length):
    """Speed [m/s] of the front in the second half of a box of some length [m]."""
    x, arrival = made.mesh.coordinates[: made.mesh.owned, 0], made.tracker.arrival
    way = (x > 0.45 * length) & (x < 0.75 * length) & np.isfinite(arrival)
    return 1 / np.polyfit(x[way], arrival[way], 1)[0]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(*json.loads(sys.argv[1]))
    else:
        main()

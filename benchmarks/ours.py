"""The problem of the comparisons in ecs-model; `fenicsx_beat.py` and `rxd.py` start it.

Usage: python benchmarks/ours.py [NODES] [STEPS]
"""

import json
import statistics
import sys
from pathlib import Path

import cell
import numpy as np
from measure import Watch, sized

from ecs_model.config import reader, resolve
from ecs_model.parallel import start
from ecs_model.run import build

TEXT = """
[mesh]
generator = "box"
size = ["{size} um", "{size} um", "{size} um"]
cell = "{cell} um"
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
D = "{diffusivity} m^2/s"
[membrane]
file = "cell_model.py"
[time]
end = "{end} s"
step = "{step} s"
adaptive = false
[output]
every = "{end} s"
series = "{end} s"
"""


def main(nodes, steps):
    """Time each of some steps."""
    text = TEXT.format(
        size=(nodes - 1) * cell.CELL,
        cell=cell.CELL,
        alpha=cell.ALPHA,
        step=cell.STEP,
        tortuosity=cell.TORTUOSITY,
        diffusivity=cell.DIFFUSIVITY,
        end=(steps + 1) * cell.STEP,
    )
    config = resolve.with_intervals(reader.parse_config(text, "benchmark"))
    made = build.build(config, start(), Path(__file__).parent)
    x = 1e6 * made.mesh.coordinates[: made.mesh.owned, 0]
    state, simulation = made.simulation.reaction.variables, made.simulation
    state.K_o[:] = cell.potassium(x, np.exp)
    watch, taken = Watch(), []
    watch.over("step", simulation, "step")
    watch.over("diffusion", simulation.diffusion, "advance")
    for _ in range(steps + 1):
        watch.seconds = dict.fromkeys(watch.seconds, 0.0)
        simulation.step()
        taken.append([1e9 * s / made.mesh.nodes for s in watch.seconds.values()])
    simulation.synchronise()
    place = [1e-6 * cell.PLACE * cell.CELL, 0, 0]
    near = np.abs(made.mesh.coordinates[: made.mesh.owned] - place).max(axis=1).argmin()
    whole, diffusion = (statistics.median(column) for column in zip(*taken[1:], strict=True))
    print(
        json.dumps(
            {
                "ns": whole,
                "least": min(t[0] for t in taken[1:]),
                "transport": diffusion,
                "reactions": whole - diffusion,
                "K_o": float(state.K_o[near]),
            }
        )
    )


if __name__ == "__main__":
    given = [int(a) for a in sys.argv[1:]]
    main(*(given + sized([61, 30], [11, 3])[len(given) :]))

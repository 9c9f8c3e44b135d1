"""A spreading depolarization of a gated cell, here and in other programs, at equal error.

Usage: python benchmarks/gated.py [NEURON] [BEAT]     (half a minute; with BEAT 10, with NEURON 90)

NEURON and BEAT are the Pythons of environments with these programs, see `rxd.py` and
`fenicsx_beat.py`; - leaves one out. The same cell (`gated_cell.py`), the same bolus of K+ at the
end of a bar, one thread. Of each program: the coarsest cells and then the coarsest steps with which
the speed of the front is within 1 % of that on a line of 2.5 um, and the CPU time of its steps with
these until the front has passed, per volume and simulated time.
"""

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import gated_cell as cell
import numpy as np
from measure import Watch, child, load, sized, table

HERE = Path(__file__)
WITHIN = 0.01
FINEST, FINE = sized((2.5, 0.01), (40, 1.0))  # um, mM: of the line that others are held against
OPTIMISED = {"CXX": "g++ -O3 -march=native"}  # for NEURON's reactions


class Program(NamedTuple):
    """A program: its cells [um] and steps, from the coarsest; cells across, searching and then."""

    file: str
    sizes: tuple[float, ...]
    steps: tuple[float, ...]
    unit: str
    thin: int
    thick: int


PROGRAMS = {
    "ecs-model": Program(
        "gated.py",
        sized((40, 30, 24, 20, 15, 12, 10, 8), (40,)),
        sized((2.0, 1.0, 0.5, 0.2, 0.1), (1.0,)),
        "mM",
        6,
        6,
    ),
    "NEURON 9.0.2": Program("gated_rxd.py", (10, 8, 7, 6), (1e-1, 1e-2), "", 1, 1),
    "fenicsx-beat 0.7.2": Program(
        "gated_beat.py", (20, 15, 12, 10), (1e-3, 5e-4, 2e-4, 1e-4, 5e-5), "s", 1, 6
    ),
}


def main(neuron="-", beat="-"):
    """Print the table, the programs that are here."""
    exact = child(HERE, "one", FINEST, FINE, 0)["speed"]
    pythons = {"ecs-model": sys.executable, "NEURON 9.0.2": neuron, "fenicsx-beat 0.7.2": beat}
    print(f"Exact: {exact:.4f} mm/min. {load()}\n")
    found = {
        name: cheapest(name, python, exact) for name, python in pythons.items() if python != "-"
    }
    ours = found["ecs-model"]["work"]
    head = "cells [um]", "tolerance or sub-step", "speed [mm/min]", "error", "steps a second"
    last = "ns per node-step", "core-s per mm³ and s", "ratio"
    table(["", *head, *last], [_row(name, r, exact, ours) for name, r in found.items()])


def cheapest(name, python, exact):
    """The result of a program with the coarsest cells and steps that are near enough."""
    of = PROGRAMS[name]

    def run(h, step, across):
        script, before = HERE.with_name(of.file), ["one"] if of.file == HERE.name else []
        r = child(script, *before, h, step, across, python=python, environment=OPTIMISED)
        print(f"{name}: {h:g} um, {step:g}: {r['speed']:.4f} mm/min", file=sys.stderr, flush=True)
        return r | {"h": h, "step": step}

    def near(h, step):
        return abs(run(h, step, of.thin)["speed"] / exact - 1) <= WITHIN

    h = next((h for h in of.sizes if near(h, of.steps[-1])), of.sizes[-1])
    step = next((s for s in of.steps[:-1] if near(h, s)), of.steps[-1])
    return run(h, step, of.thick)


def _row(name, r, exact, ours):
    step = f"{r['step']:g} {PROGRAMS[name].unit}".strip()
    error = f"{100 * (r['speed'] / exact - 1):+.2f} %"
    rest = [f"{r['pace']:.0f}", f"{r['ns']:.0f}", f"{r['work']:.3g}", f"{r['work'] / ours:.3g}"]
    return [name, f"{r['h']:g}", step, f"{r['speed']:.4f}", error, *rest]


TEXT = """
[mesh]
{body}
cell = "{h} um"
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
D = "{diffusivity} m^2/s"
regions = [{{name="bolus", box={{low={low}, high={high}}}, initial={{K_o="{raised} mM"}}}}]
[membrane]
file = "gated_model.py"
[time]
end = "{end} s"
step = "5 ms"
tolerance = "{tolerance} mM"
[output]
every = "{end} s"
series = "{end} s"
fields = ["K_o"]
[solver]
theta = 1.0
"""


def one(h, tolerance, across):
    """Run here, on a line or in a bar with cells `across`; print what it took."""
    from ecs_model.config import reader, resolve
    from ecs_model.parallel import start
    from ecs_model.run import build

    config = resolve.with_intervals(reader.parse_config(text(h, tolerance, across), "benchmark"))
    made = build.build(config, start(), HERE.parent)
    simulation, watch = made.simulation, Watch()
    axis = np.flatnonzero((made.mesh.coordinates[: made.mesh.owned, 1:] == 0).all(axis=1))
    x = 1e6 * made.mesh.coordinates[axis, 0]
    axis, x = axis[np.argsort(x)], np.sort(x)
    k_o = simulation.reaction.variables[0]
    front, taken = cell.Front(x.tolist(), k_o[axis].tolist()), []
    watch.over("step", simulation, "step")
    while front.under_way:
        before = watch.seconds["step"]
        simulation.step()
        taken.append(watch.seconds["step"] - before)
        front.see(simulation.time, k_o[axis].tolist())
    volume = 1e-3 * cell.LENGTH * ((1e-3 * across * h) ** 2 or 1.0)
    print(json.dumps(cell.result(front, made.mesh.nodes, volume, taken)))


def text(h, tolerance, across):
    """The configuration of a run here."""
    body = f'generator = "interval"\nlength = "{cell.LENGTH} um"'
    if across:
        body = f'generator = "box"\nsize = {_point(round(cell.LENGTH / h) * h, across * h, across)}'
    return TEXT.format(
        body=body,
        h=h,
        alpha=cell.ALPHA,
        tortuosity=cell.TORTUOSITY,
        diffusivity=cell.DIFFUSIVITY,
        low=_point(-1, -1, across),
        high=_point(cell.BOLUS - 1e-3, across * h + 1, across),
        raised=cell.HIGH,
        end=cell.END,
        tolerance=tolerance,
    )


def _point(along, aside, across):
    return "[" + ", ".join(f'"{x} um"' for x in (along, *[aside] * (2 * bool(across)))) + "]"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.argv[1:2] == ["one"]:
        one(float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    else:
        main(*sys.argv[1:])

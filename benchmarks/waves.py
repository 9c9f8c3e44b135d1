"""Speed of ionic waves: which theta, which cells, and the work for 1 % in each mode of transport.

Usage: python benchmarks/waves.py [theta | work]      (about 25 and 15 minutes)

`theta`: error of the speed of `kager_mori` and of the CSD benchmark over theta and size of cells,
on a line and on tetrahedra, against the same wave on a line of 2.5 um with theta 1/2.
`work`: CPU time of all steps while a wave is under way, in a bar of tetrahedra, per volume and
simulated time, for every mode of transport.
"""

import json
import sys

import numpy as np
from measure import Watch, child, load, sized, table

from ecs_model import runs

LENGTH = 2000  # um
WAVES = sized(
    {"sd_wave": 34, "csd_benchmark": 25}, {"sd_wave": 6, "csd_benchmark": 6}
)  # s to the end
MESHES = sized(("line", "tetrahedra", "gmsh tetrahedra"), ("line",))
THETAS, SIZES = sized(((0.0, 0.5, 0.75, 1.0), (10, 20, 30, 40, 50)), ((0.5,), (50,)))
FINEST, FINE = sized((2.5, 5), (40, 40))  # um, on the lines that others are compared with
ALL = 'tissue.ions=["K", "Na", "Cl"]'
BOUND = "tissue.transport=electrodiffusion"
SWELLING = "membrane.options={swelling = true}"
ONE, TWO = "time.two_rates=false", "time.two_rates=true"
MODES = {
    "K+ alone": ['tissue.ions=["K"]', ONE],
    "K+ alone, two rates": ['tissue.ions=["K"]', TWO],
    "three ions": [ALL, ONE],
    "three ions, two rates": [ALL, TWO],
    "electrodiffusion": [ALL, BOUND, ONE],
    "K+ alone, swelling": ['tissue.ions=["K"]', SWELLING, ONE],
    "three ions, swelling": [ALL, SWELLING, ONE],
    "electrodiffusion, swelling": [ALL, BOUND, SWELLING, ONE],
}
CELL, WIDE = 40, sized(6, 1)  # um; cells across the bar in which work is measured


def settings(wave, mesh, h, across=3):
    """Overrides that put a wave on a mesh of LENGTH with cells of `h` [um]."""
    d = 1 if mesh == "line" else 3
    body = {1: f'"interval",length="{LENGTH} um"'}
    body[3] = f'"box",size={_point(d, LENGTH, across * h)}'
    loose = ",unstructured=true" if "gmsh" in mesh else ""
    yield f'mesh={{generator={body[d]},cell="{h} um"{loose}}}'
    high, name = (200, "bolus") if wave == "sd_wave" else (20 if h < 20 else h, "end")
    region = f'name="{name}",box={{low={_point(d, -1, -1)},high={_point(d, high, across * h + 1)}}}'
    bolus = ',initial={K_o="60 mM",Cl_o="169 mM"}' if wave == "sd_wave" else ""
    yield f"tissue.regions=[{{{region}{bolus}}}]"
    yield f"time.end={WAVES[wave]} s"
    yield f"output.every={WAVES[wave]} s"
    yield 'output.fields=["K_o"]'
    yield "line=[]"


def _point(d, along, across):
    return "[" + ", ".join([f'"{x} um"' for x in [along, across, across][:d]]) + "]"


def speed(wave, mesh, h, *overrides, across=3):
    """Speed [mm/min] of a wave, and what its steps cost."""
    return child(__file__, json.dumps([wave, mesh, h, across, *overrides]))


def one(wave, mesh, h, across, *overrides):
    """Run one wave on this process; print its speed, steps and work."""
    from ecs_model.config import reader, resolve
    from ecs_model.parallel import start
    from ecs_model.run import build

    text, changes = runs.path(wave).read_text(), [*settings(wave, mesh, h, across), *overrides]
    config = resolve.with_intervals(reader.parse_config(text, wave, changes))
    made = build.build(config, start())
    simulation, watch = made.simulation, Watch()
    simulation.observers = [made.tracker]
    watch.over("steps", simulation, "step")
    watch.over("transport", simulation.diffusion, "advance")
    simulation.run()
    nodes, seconds = made.mesh.nodes, watch.seconds["steps"]
    volume = LENGTH * 1e-3 * (1 if mesh == "line" else (across * h * 1e-3) ** 2)
    print(
        json.dumps(
            {
                "speed": front_speed(made),
                "steps": simulation.steps,
                "rejected": simulation.rejected,
                "work": seconds / volume / simulation.time,
                "nodes": nodes,
                "ns": 1e9 * seconds / nodes / simulation.steps,
                "share": watch.seconds["transport"] / seconds,
            }
        )
    )


def front_speed(made):
    """Speed [mm/min] of the front along x, from arrivals between 40 and 90 % of the way."""
    from ecs_model.physics.detectors import steady_speed
    from ecs_model.tissue.sampling import Sampler
    from ecs_model.units import from_si

    x = np.linspace(0.0, 1e-6 * LENGTH, 201)
    sampler = Sampler(made.mesh, "way", np.outer(x, [1.0, 0.0, 0.0][: made.mesh.dimension]))
    arrival = sampler(made.tracker.arrival[sampler.nodes])
    return float(from_si(steady_speed(arrival, x)[0], "mm/min"))


def thetas():
    """Print tables of speed errors over theta and cells."""
    for wave in WAVES:
        exact = speed(wave, "line", FINEST, "solver.theta=0.5")["speed"]
        print(f"\n`{wave}`, against {exact:.4g} mm/min; {load()}\n")
        rows = []
        for mesh in MESHES:
            for h in SIZES:
                errors = [speed(wave, mesh, h, f"solver.theta={t}")["speed"] for t in THETAS]
                rows.append([mesh, str(h), *(f"{100 * (e / exact - 1):+.1f} %" for e in errors)])
                print("|", " | ".join(rows[-1]), "|", flush=True)
        print()
        table(["mesh", "h [um]", *(f"theta {t:g}" for t in THETAS)], rows)


def work():
    """Print what a wave costs in every mode."""
    head = [
        "mode",
        "speed [mm/min]",
        "error",
        "steps (rejected)",
        "ns per node-step",
        "transport's share",
        "core-s per mm³ and s",
    ]
    print(f"Tetrahedra of {CELL} um, {WIDE} across, a wave under way all the time; {load()}\n")
    table(head, (_row(mode, MODES[mode]) for mode in [*MODES][: sized(len(MODES), 1)]))


def _row(mode, changes):
    exact = speed("sd_wave", "line", FINE, *changes)["speed"]
    r = speed("sd_wave", "tetrahedra", CELL, *changes, "time.tolerance=0.5 mM", across=WIDE)
    return [
        mode,
        f"{r['speed']:.3f}",
        f"{100 * (r['speed'] / exact - 1):+.2f} %",
        f"{r['steps']} ({r['rejected']})",
        f"{r['ns']:.0f}",
        f"{100 * r['share']:.0f} %",
        f"{r['work']:.3g}",
    ]


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1].startswith("["):
        one(*json.loads(sys.argv[1]))
    else:
        for part in sys.argv[1:] or ("theta", "work"):
            {"theta": thetas, "work": work}[part]()

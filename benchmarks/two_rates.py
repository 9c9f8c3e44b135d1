"""What steps at two rates save where a front is in a part of the tissue, and what they change.

Usage: python benchmarks/two_rates.py      (about 6 minutes)

A spreading depolarization (`sd_wave`) on lines of 4 and 16 mm, and from a corner of a square of
4 mm: CPU time of all steps and observers, ordinary steps and steps at two rates in turn. On lines
both are compared with steps of 1 ms at most and a hundredth of the tolerance: speed of the front,
and K+ of the tissue that it has left.
"""

import json
import sys
import time

import numpy as np
from measure import child, load, sized, table

from ecs_model import runs

LINES, SQUARE = sized((4, 16), (1,)), sized(4, 1)  # mm
END = {1: sized(60, 3), 2: sized(70, 2)}  # s, by the dimension
REPEATS = {1: sized(3, 1), 2: 1}  # by the dimension
ORDINARY, TWO = "time.two_rates=false", "time.two_rates=true"
EXACT = [
    "time.tolerance=0.0005 mM",
    "time.step=1 ms",
    "membrane.tolerance=1e-5",
    'membrane.precision="double"',
    ORDINARY,
]
BEHIND = 2.0  # mm: the front has left this part long ago at the end


def settings(dimension, size):
    """Overrides that put the wave on a line or a square of a size [mm]."""
    if dimension == 1:
        yield f'mesh.length="{size} mm"'
    else:
        sizes = f'"{size} mm", "{size} mm"'
        yield f'mesh={{generator="rectangle", size=[{sizes}], cell="20 um"}}'
        box = 'low=["-1 um", "-1 um"], high=["0.2 mm", "0.2 mm"]'
        initial = 'K_o="60 mM", Cl_o="169 mM"'
        yield f'tissue.regions=[{{name="bolus", box={{{box}}}, initial={{{initial}}}}}]'
        yield 'output.every="5 s"'
    yield f"time.end={END[dimension]} s"
    yield "line=[]"


def one(dimension, size, *overrides):
    """Run one wave on this process; print its time, speed, K+ along x, steps and residual."""
    from ecs_model.config import reader, resolve
    from ecs_model.parallel import start
    from ecs_model.run import build, output

    text, changes = runs.path("sd_wave").read_text(), [*settings(dimension, size), *overrides]
    config = resolve.with_intervals(reader.parse_config(text, "sd_wave", changes))
    made = build.build(config, start())
    measured, simulation = output.measure(made), made.simulation
    shares = _shares(simulation)
    began = time.process_time()
    simulation.run()
    spent = time.process_time() - began
    x = 1e3 * made.mesh.coordinates
    along = np.lexsort(x.T[::-1]) if dimension == 1 else np.flatnonzero(x[:, 1] < 1e-9)
    found = {
        "cpu": spent,
        "steps": simulation.steps,
        "share": float(np.mean(shares)) if shares else 1.0,
        "residual": measured.balance.report()["relative_error"],
        "speed": _speed(x[along, 0], made.tracker.arrival[along]),
        "behind": simulation.reaction.variables[0][along][x[along, 0] < BEHIND].tolist(),
    }
    print(json.dumps(found))


def _shares(simulation):
    """A list that takes the share of the nodes in fine steps after every coarse step."""
    shares, two = [], simulation.two_rates
    if two is not None:
        step = two.step

        def watched(whose):
            taken = step(whose)
            shares.extend([two.share] * taken)
            return taken

        two.step = watched
    return shares


def _speed(x, arrival):
    """Speed [mm/min] beyond half a millimetre from its start."""
    way = (x > 0.5) & np.isfinite(arrival) & (arrival > 0)
    return 60.0 / np.polyfit(x[way], arrival[way], 1)[0] if way.sum() > 1 else float("nan")


def main():
    """Print the table."""
    head = ["tissue", "steps", "CPU [s]", "share in fine steps", "error of speed"]
    head += ["K+ behind [mM]", "residual", "gain"]
    print(f"Ordinary steps, and steps at two rates, in turn; {load()}\n")
    table(head, _rows())


def _rows():
    cases = [(1, size) for size in LINES] + [(2, SQUARE)]
    for dimension, size in cases:
        what = f"line of {size} mm" if dimension == 1 else f"square of {size} mm"
        exact = child(__file__, dimension, size, *EXACT) if dimension == 1 else None
        pairs = [_pair(dimension, size) for _ in range(REPEATS[dimension])]
        gain = np.median([one["cpu"] / two["cpu"] for one, two in pairs])
        for k, name in enumerate(("ordinary", "two rates")):
            cpu = float(np.median([pair[k]["cpu"] for pair in pairs]))
            yield _row(f"{what}, {name}", pairs[0][k], exact or pairs[0][0], cpu, gain if k else 1)


def _pair(dimension, size):
    """Both kinds of steps, in turn."""
    return [child(__file__, dimension, size, way) for way in (ORDINARY, TWO)]


def _row(what, found, exact, cpu, gain):
    behind = np.abs(np.subtract(found["behind"], exact["behind"])).max()
    return [
        what,
        str(found["steps"]),
        f"{cpu:.2f}",
        f"{found['share']:.3f}",
        f"{100 * (found['speed'] / exact['speed'] - 1):+.3f} %",
        f"{behind:.4f}",
        f"{found['residual']:.0e}",
        f"{gain:.1f}",
    ]


if __name__ == "__main__":
    if len(sys.argv) > 2:
        one(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
    else:
        main()

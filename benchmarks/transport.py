"""What the transport of a step costs, here and in another version, in turn.

Usage: python benchmarks/transport.py [ROUNDS [FOLDER]]      (about two minutes a round)

FOLDER holds another version of the package, such as `git worktree add --detach FOLDER COMMIT`; its
processes run with this environment. Steps of 50 ms of `kager_mori` around K+ that is high at one
side: raised by much, so that it ignites and the limiter acts in most steps, and by little.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from measure import child, load, sized, table

HERE = Path(__file__).resolve().parents[1]
CELLS, STEPS, DT, H = sized((40, 12, 50, 32), (5, 2, 50, 32))  # along an axis; number; ms; um
RAISED = {"ignites": (40.0, 150.0), "below ignition": (4.0, 400.0)}  # mM, um
TRIED = sized(("K+ alone", "three ions", "electrodiffusion"), ("electrodiffusion",))


def main(rounds, other):
    """Print CPU time of transport per node and step."""
    versions = {"here": HERE} | ({"other": Path(other).resolve()} if other else {})
    found = {(mode, name, raised): [] for mode in TRIED for raised in RAISED for name in versions}
    for _ in range(rounds):
        for mode, name, raised in found:
            folder = versions[name]
            environment = {"PYTHONPATH": str(folder)}
            result = child(__file__, "one", folder, mode, raised, environment=environment)
            found[mode, name, raised].append(result)
    print(f"core-ns of transport per node-step, median and smallest; {load()}\n")
    head = ["mode", "K+", *(f"{n}: {x}" for n in versions for x in ("median", "smallest"))]
    gain = ["gain", "by the smallest"] if other else []
    table([*head, *gain], [_row(*case, versions, found) for case in _cases()])
    print(f"\n{load()}")


def _cases():
    return [(mode, raised) for mode in TRIED for raised in RAISED]


def _row(mode, raised, versions, found):
    numbers = []
    for name in versions:
        rounds = found[mode, name, raised]
        numbers += [statistics.median(r["median"] for r in rounds), min(r["least"] for r in rounds)]
    gains = [f"{numbers[k + 2] / numbers[k]:.2f}" for k in range(len(numbers) - 2)]
    return [mode, raised, *(f"{x:.0f}" for x in numbers), *gains]


def one(folder, mode, raised):
    """Print median and smallest time of a step's transport per node [ns], of a version."""
    sys.path.insert(0, str(Path(folder, "benchmarks")))
    from problem import parts, raise_potassium
    from step import MODES

    from ecs_model.parallel import start

    tissue, membrane = MODES[mode]
    made = parts(
        start(),
        (CELLS,) * 3,
        H,
        DT,
        "kager_mori",
        end=DT * 1e-3 * 100,
        tissue=tissue,
        membrane=membrane,
    )
    raise_potassium(made, *RAISED[raised])
    simulation, taken = made.simulation, []
    advance = simulation.diffusion.advance

    def timed(*arguments):
        began = time.process_time()
        advance(*arguments)
        taken.append(1e9 * (time.process_time() - began) / made.mesh.nodes)

    simulation.diffusion.advance = timed
    for _ in range(4 + STEPS):
        simulation.step()
    print(json.dumps({"median": statistics.median(taken[4:]), "least": min(taken[4:])}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(*sys.argv[2:])
    else:
        rounds = int(sys.argv[1]) if len(sys.argv) > 1 else sized(2, 1)
        main(rounds, sys.argv[2] if len(sys.argv) > 2 else None)

"""Against NEURON's reaction-diffusion: K+ in an extracellular region, a cell at every place.

Usage: python benchmarks/rxd.py [PEER] [NODES] [ROUNDS]      (100 nodes an axis: 5 minutes)

Without PEER only our own half is measured.

PEER is the Python of an environment with NEURON (`pip install neuron==9.0.2`) and g++. The same
cells, the same steps of 50 ms, one thread. NEURON compiles reactions with the compiler named by
CXX, without optimisation unless that says so: both are measured.
"""

import json
import math
import statistics
import sys
import time
from pathlib import Path

import cell
from measure import child, load, middle, sized, table

STEPS = sized(12, 3)
OPTIMISED = {"CXX": "g++ -O3 -march=native"}
TARGETS = {"as installed": 5.0, 'with `CXX="g++ -O3 -march=native"`': 2.5}


def main(peer, nodes, rounds):
    """Print the table, programs measured in turn; of ours alone without a PEER."""
    ours, plain, fast = [], [], []
    for _ in range(rounds):
        ours.append(child(Path(__file__).with_name("ours.py"), nodes, STEPS))
        if not peer:
            continue
        plain.append(child(__file__, "peer", nodes, python=peer))
        fast.append(child(__file__, "peer", nodes, python=peer, environment=OPTIMISED))
    ours = middle(ours)
    print(f"{nodes**3:,} nodes or voxels, core-ns per step of each; {load()}\n")
    rows = [["ecs-model", *_figures(ours), "", ""]]
    for (name, target), results in zip(TARGETS.items(), (plain, fast), strict=True):
        if not peer:
            continue
        r = middle(results)
        ratio = f"**{r['ns'] / ours['ns']:.1f}**"
        rows.append([f"NEURON {name}", *_figures(r), ratio, f"{target:g}"])
    table(
        [
            "",
            "median",
            "smallest",
            "reactions",
            "transport",
            "K_o at 150 um [mM]",
            "ratio",
            "target",
        ],
        rows,
    )
    if not peer:
        print("\nNEURON is not measured: name the Python that has it, see the head of the file")


def _figures(r):
    return [f"{r[k]:.0f}" for k in ("ns", "least", "reactions", "transport")] + [f"{r['K_o']:.4f}"]


def peer(nodes):
    """Time each of some steps in NEURON."""
    cells = _advance(nodes, cells=True)
    alone = _advance(nodes, cells=False)["ns"]
    print(json.dumps(cells | {"transport": alone, "reactions": cells["ns"] - alone}))


def _advance(nodes, cells):
    from neuron import n, rxd

    region = _cube(rxd, nodes)
    rxd.nthread(1)
    states = _species(rxd, region, 4 if cells else 1)
    rates = _rates(rxd, states) if cells else ()
    n.finitialize(-65)
    n.dt = 1e3 * cell.STEP
    taken = []
    for _ in range(STEPS + 1):
        began = time.process_time()
        n.fadvance()
        taken.append(1e9 * (time.process_time() - began) / nodes**3)
    place = float(states[0][region].states3d[cell.PLACE, 0, 0])
    del rates
    return {"ns": statistics.median(taken[1:]), "least": min(taken[1:]), "K_o": place}


def _cube(rxd, nodes):
    length = nodes * cell.CELL
    return rxd.Extracellular(
        0,
        0,
        0,
        length,
        length,
        length,
        dx=cell.CELL,
        volume_fraction=cell.ALPHA,
        tortuosity=cell.TORTUOSITY,
    )


def _species(rxd, region, count):
    """The first states of the cell as species in a region, of which K+ diffuses."""
    start = [_potassium, *cell.REST[1:]]
    d = [1e9 * cell.DIFFUSIVITY, 0, 0, 0]  # um^2/ms
    names = ("k", "na", "ki", "nai")
    return [
        rxd.Species(region, name=names[i], d=d[i], charge=1, initial=start[i]) for i in range(count)
    ]


def _potassium(node):
    return cell.potassium(node.x3d - cell.CELL / 2, math.exp)


def _rates(rxd, states):
    from neuron.rxd import rxdmath

    per_second = cell.rates(*states, rxdmath.log, rxdmath.exp)
    return [rxd.Rate(s, 1e-3 * r) for s, r in zip(states, per_second, strict=True)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(int(sys.argv[2]))
    else:
        other, *given = [*sys.argv[1:], *([""] if len(sys.argv) < 2 else [])]
        main(other, *([int(a) for a in given] + sized([100, 3], [11, 1])[len(given) :]))

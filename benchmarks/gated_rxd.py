"""The gated cell in NEURON's reaction-diffusion; `gated.py` starts it with NEURON's Python.

Usage: python benchmarks/gated_rxd.py CELL TOLERANCE ACROSS

Voxels of CELL [um], ACROSS of them across, by CVODE with the absolute TOLERANCE. Fixed steps take
one Newton step of implicit Euler for each cell, which diverges in the first spike with 0.02 ms.
"""

import json
import sys
import time

import gated_cell as cell


def main(h, tolerance, across):
    """Run until the front has passed; print what it took."""
    count = round(cell.LENGTH / h)
    from neuron import n, rxd

    region, states, rates = tissue(rxd, count, h, across)
    solver = n.CVode()
    solver.active(True)
    solver.atol(tolerance)
    n.finitialize(-65)
    k_o = states[0][region].states3d
    front = cell.Front([(i + 0.5) * h for i in range(count)], k_o[:, 0, 0].tolist())
    taken = []
    while front.under_way:
        began = time.process_time()
        n.fadvance()
        taken.append(time.process_time() - began)
        front.see(1e-3 * n.t, k_o[:, 0, 0].tolist())
    nodes, volume = count * across**2, 1e-9 * count * h * (across * h) ** 2
    print(json.dumps(cell.result(front, nodes, volume, taken)))
    del rates


def tissue(rxd, count, h, across):
    """A bar of voxels, the states of the cell in it, of which K+ diffuses, and their rates."""
    from neuron.rxd import rxdmath

    region = rxd.Extracellular(
        0,
        0,
        0,
        count * h,
        across * h,
        across * h,
        dx=h,
        volume_fraction=cell.ALPHA,
        tortuosity=cell.TORTUOSITY,
    )
    rxd.nthread(1)
    start = [lambda node: cell.potassium(node.x3d), *cell.REST[1:]]
    d = [1e9 * cell.DIFFUSIVITY, 0, 0, 0, 0]  # um^2/ms
    states = [
        rxd.Species(region, name=f"s_{name}", d=d[i], initial=start[i])
        for i, name in enumerate(cell.STATES)
    ]
    per_second = cell.rates(*states, rxdmath.log, rxdmath.exp)
    return region, states, [rxd.Rate(s, 1e-3 * r) for s, r in zip(states, per_second, strict=True)]


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(print(__doc__))
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))

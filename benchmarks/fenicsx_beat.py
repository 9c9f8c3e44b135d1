"""Against fenicsx-beat: K+ in place of its potential, the same cell at every node, the same mesh.

Usage: python benchmarks/fenicsx_beat.py [PEER] [NODES] [ROUNDS]      (61 nodes an axis: 4 minutes)

Without PEER only our own half is measured.

PEER is the Python of an environment of its own. fenicsx-beat asks for a DOLFINx that pip does not
have, so it is installed beside the wheel:

    pip install dolfinx-solver-real pint rich scipy packaging numba
    pip install --no-deps fenicsx-beat==0.7.2

It uses scifem only with DOLFINx before 0.11. What favours it: first-order splitting (one pass over
the cells a step), one explicit Euler step of the cell, compiled with numba, the last solution as
guess, CG with Jacobi instead of its LU or hypre.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import cell
import monodomain
import numpy as np
from measure import child, load, middle, sized, table

STEPS, TARGET = sized(30, 3), 6.0


def main(peer, nodes, rounds):
    """Print the table, programs measured in turn; of ours alone without a PEER."""
    found = {"ecs-model": []} | ({"fenicsx-beat 0.7.2": []} if peer else {})
    for _ in range(rounds):
        found["ecs-model"].append(child(Path(__file__).with_name("ours.py"), nodes, STEPS))
        if peer:
            found["fenicsx-beat 0.7.2"].append(child(__file__, "peer", nodes, python=peer))
    found = {name: middle(results) for name, results in found.items()}
    print(f"{nodes**3:,} nodes, core-ns per node-step; {load()}\n")
    parts = ("ns", "least", "reactions", "transport")
    table(
        ["", "median", "smallest", "reactions", "transport", "K_o at 150 um [mM]"],
        [[name, *(f"{r[k]:.0f}" for k in parts), f"{r['K_o']:.4f}"] for name, r in found.items()],
    )
    if not peer:
        print(
            "\nfenicsx-beat is not measured: name the Python that has it, see the head of the file"
        )
        return
    ours, theirs = found.values()
    print(
        f"\nratio of medians {theirs['ns'] / ours['ns']:.1f}, of the smallest "
        f"{theirs['least'] / ours['least']:.1f}; target {TARGET:g}; of fenicsx-beat's step "
        f"{100 * theirs['assembly'] / theirs['ns']:.0f} % is assembling; {load()}"
    )


def peer(nodes):
    """Time each of some steps in fenicsx-beat; lengths in um, times in s."""
    import dolfinx_solver  # noqa: F401  # isort: skip
    import beat

    effective = cell.DIFFUSIVITY / cell.TORTUOSITY**2
    pde = monodomain.transport(beat, [nodes - 1] * 3, cell.CELL, effective, cell.STEP)
    x = pde.V.tabulate_dof_coordinates()
    potassium = cell.potassium(x[:, 0], np.exp)
    ode = monodomain.cells(beat, pde, cell.REST, potassium, _euler())
    solver = beat.MonodomainSplittingSolver(pde=pde, ode=ode, theta=1.0)
    spent = {}
    _watch(spent, "all", solver, "step")
    _watch(spent, "reactions", ode, "step")
    _watch(spent, "assembly", pde, "_assemble_rhs")
    taken = []
    for k in range(STEPS + 1):
        spent.clear()
        solver.step((k * cell.STEP, (k + 1) * cell.STEP))
        taken.append([1e9 * spent[key] / len(x) for key in ("all", "reactions", "assembly")])
    near = np.abs(x - [cell.PLACE * cell.CELL, 0, 0]).max(axis=1).argmin()
    print(json.dumps(_costs(taken[1:]) | {"K_o": float(pde.state.x.array[near])}))


def _euler():
    """One explicit step of all cells, compiled."""
    import numba

    cell.fluxes = numba.njit(cell.fluxes)
    rates = numba.njit(cell.rates)

    @numba.njit
    def euler(states, t, parameters, dt):
        new = np.empty_like(states)
        for i in range(states.shape[1]):
            r = rates(states[0, i], states[1, i], states[2, i], states[3, i], np.log, np.exp)
            for j in range(4):
                new[j, i] = states[j, i] + dt * r[j]
        return new

    return euler


def _costs(taken):
    """Medians of what steps took in all, in reactions and in assembly, and the smallest in all."""
    whole, reactions, assembly = (statistics.median(c) for c in zip(*taken, strict=True))
    return {
        "ns": whole,
        "least": min(t[0] for t in taken),
        "reactions": reactions,
        "transport": whole - reactions,
        "assembly": assembly,
    }


def _watch(spent, name, owner, method):
    work = getattr(owner, method)

    def watched(*args, **kwargs):
        began = time.process_time()
        work(*args, **kwargs)
        spent[name] = spent.get(name, 0.0) + time.process_time() - began

    setattr(owner, method, watched)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(int(sys.argv[2]))
    else:
        other, *given = [*sys.argv[1:], *([""] if len(sys.argv) < 2 else [])]
        main(other, *([int(a) for a in given] + sized([61, 3], [11, 1])[len(given) :]))

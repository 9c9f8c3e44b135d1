"""Against fenicsx-beat: K+ in place of its potential, the same cell at every node, the same mesh.

Usage: python benchmarks/beat.py [PEER] [NODES] [ROUNDS]      (61 nodes an axis: 4 minutes)

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
    sys.path.pop(0)  # `beat` below is not this file
    import dolfinx_solver  # noqa: F401  # isort: skip
    import beat

    pde = _monodomain(beat, nodes)
    x = pde.V.tabulate_dof_coordinates()
    ode = _cells(beat, pde, x)
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


def _monodomain(beat, nodes):
    """The transport of K+ in a cube, as fenicsx-beat's potential."""
    import dolfinx
    from mpi4py import MPI

    length = (nodes - 1) * cell.CELL
    mesh = dolfinx.mesh.create_box(
        MPI.COMM_WORLD,
        [[0, 0, 0], [length] * 3],
        [nodes - 1] * 3,
        ghost_mode=dolfinx.mesh.GhostMode.none,
    )
    options = {"ksp_type": "cg", "pc_type": "jacobi", "ksp_initial_guess_nonzero": True}
    return beat.MonodomainModel(
        dolfinx.fem.Constant(mesh, 0.0),
        mesh,
        M=dolfinx.fem.Constant(mesh, 1e12 * cell.DIFFUSIVITY / cell.TORTUOSITY**2),
        params={"petsc_options": options, "default_timestep": cell.STEP},
    )


def _cells(beat, pde, x):
    """The same cell at every node, which raised K+ sets going."""
    import dolfinx

    start = np.repeat(np.array(cell.REST)[:, None], len(x), axis=1)
    start[0] = cell.potassium(x[:, 0], np.exp)
    return beat.odesolver.DolfinODESolver(
        v_ode=dolfinx.fem.Function(pde.V),
        v_pde=pde.state,
        init_states=start,
        parameters=np.zeros(1),
        fun=_euler(),
        num_states=4,
    )


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

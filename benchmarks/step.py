"""What a step costs: membrane and diffusion in 3-D, on one and two ranks, and its memory.

Usage: python benchmarks/step.py [ROUNDS]      (about 3 minutes a round)
"""

import json
import statistics
import sys

import numpy as np
from measure import Watch, bursts, child, load, memory, middle, sized, table

ALL = 'ions = ["K", "Na", "Cl"]'
BOUND = ALL + '\ntransport = "electrodiffusion"'
SWELLING = "options = { swelling = true }"
MODES = {  # lines of [tissue], lines of [membrane]
    "K+ alone": ("", ""),
    "three ions": (ALL, ""),
    "electrodiffusion": (BOUND, ""),
    "K+ alone, swelling": ("", SWELLING),
    "three ions, swelling": (ALL, SWELLING),
    "electrodiffusion, swelling": (BOUND, SWELLING),
}
CASES = sized(
    ((40, 15), (40, 32), (79, 15), (79, 32)), ((5, 32),)
)  # cells along an axis, their size [um]
MEMORY = "B per node in the loop"
STEPS, DT = sized(60, 4), 50  # DT in ms


def main(rounds):
    """Print the tables of steps and of membranes."""
    print(f"`pump_leak`, steps of {DT} ms; core-ns per node-step, median of steps; {load()}\n")
    head = [
        "nodes",
        "h [um]",
        "ranks",
        "membrane",
        "diffusion",
        "rest",
        "**all**",
        "smallest",
        "target",
        "CG iterations",
        "efficiency",
        MEMORY,
        "peak",
    ]
    table(head, [row for case in CASES for row in _rows(*case, rounds)])
    print("\n`kager_mori`, 68,921 nodes, h 32 um, steps of 50 ms: what moves\n")
    head = ["mode", "ranks", "membrane", "transport", "**all**", "rounds", "efficiency", MEMORY]
    table(head, [row for mode in [*MODES][-sized(len(MODES), 1) :] for row in _mode_rows(mode)])
    print("\nMembranes alone, ns per node and sub-step\n")
    rows = [
        [f"`{r['model']}`", str(r["states"]), f"{r['median']:.1f}", f"{r['least']:.1f}"]
        for r in child(__file__, "membranes")
    ]
    table(["model", "states", "median", "smallest"], rows)
    print(f"\n{load()}")


def _rows(n, h, rounds):
    found = {1: [], 2: []}
    for _ in range(rounds):  # in turn, so that both see the same machine
        for ranks, results in found.items():
            results.append(child(__file__, n, h, ranks=ranks))
    one, two = (middle(results) for results in found.values())
    yield _row(n, h, 1, one, "")
    yield _row(n, h, 2, two, f"{100 * one['least'] / two['least']:.0f} % (target 90 %)")


def _row(n, h, ranks, r, efficiency):
    parts = [f"{r[k]:.1f}" for k in ("membrane", "diffusion", "rest")]
    memory = [f"{r['now']:.0f} (target 1200)", f"{r['peak']:.0f} (target 2000)"]
    return [
        f"{(n + 1) ** 3:,}",
        str(h),
        str(ranks),
        *parts,
        f"**{r['all']:.1f}**",
        f"{r['least']:.1f}",
        "90",
        f"{r['iterations']:.1f}",
        efficiency,
        *memory,
    ]


def _mode_rows(mode):
    one, two = (child(__file__, "mode", mode, ranks=ranks) for ranks in (1, 2))
    for ranks, r in ((1, one), (2, two)):
        share = "" if ranks == 1 else f"{100 * one['least'] / two['least']:.0f} %"
        parts = [f"{r[k]:.0f}" for k in ("membrane", "diffusion")]
        rounds, memory = str(r["rounds"] or ""), f"{r['now']:.0f}"
        yield [mode, str(ranks), *parts, f"**{r['all']:.0f}**", rounds, share, memory]


def one(n, h, mode=None):
    """Measure a case on the processes that run this; rank 0 prints."""
    from ecs_model.native import return_freed

    from problem import parts, raise_potassium

    from ecs_model.parallel import start

    comm, what = start(), {"end": DT * STEPS * 2 / 1000}
    if mode is not None:
        tissue, membrane = MODES[mode]
        what |= {"model": "kager_mori", "tissue": tissue, "membrane": membrane}
    made = parts(comm, (n, n, n), h, DT, **what)
    raise_potassium(made, 40.0, 150.0)
    made.release()
    made.simulation.step()
    return_freed(above=2**22)
    now = comm.allreduce(memory()[0])
    samples, iterations = _steps(comm, made.simulation)
    cost = comm.allreduce(samples) / made.mesh.nodes * 1e9
    peak = comm.allreduce(memory()[1])
    membrane, diffusion, whole = np.median(cost[STEPS // 4 :], axis=0)
    if comm.rank == 0:
        print(
            json.dumps(
                {
                    "membrane": membrane,
                    "diffusion": diffusion,
                    "rest": whole - membrane - diffusion,
                    "all": whole,
                    "least": cost[STEPS // 4 :, 2].min(),
                    "iterations": float(np.mean(iterations[STEPS // 4 :])),
                    "rounds": made.simulation.diffusion.report().rounds,
                    "now": now / made.mesh.nodes,
                    "peak": peak / made.mesh.nodes,
                }
            )
        )


def _steps(comm, simulation):
    """CPU seconds of membranes, diffusion and all in each of STEPS steps, and its iterations."""
    watch = Watch()
    watch.over("membrane", simulation.reaction.step, "advance")
    watch.over("diffusion", simulation.diffusion, "advance")
    watch.over("all", simulation, "step")
    samples, iterations = [], []
    for _ in range(STEPS):
        comm.barrier()
        watch.seconds = dict.fromkeys(watch.seconds, 0.0)
        simulation.step()
        samples.append(list(watch.seconds.values()))
        iterations.append(simulation.diffusion.report().iterations)
    return np.array(samples), iterations


NEEDS = {  # choices that have no meaning alone
    ("energy", True): {"pump": "post_albers"},
    ("supply", "flow"): {"pump": "post_albers", "energy": True},
}


def variants():
    """Every built-in membrane, and each with one other choice and what that needs beside it."""
    from ecs_model.membrane import MODELS

    for model in MODELS.values():
        yield model.name, model
        for option, (_, *others) in model.options.items():
            for choice in others:
                name = f"{model.name}, {option} = {str(choice).lower()}"
                yield name, model.variant(**{option: choice}, **NEEDS.get((option, choice), {}))


def membranes():
    """Print the cost of every built-in membrane, at nodes that differ a little."""
    from ecs_model.membrane.kernel import BLOCK
    from ecs_model.membrane.model import Surroundings
    from ecs_model.membrane.solver import Reaction

    results, nodes = [], sized(4096, 64)
    for label, model in list(variants())[:: sized(1, 4)]:
        state = model.State(*(np.full(nodes, v) for v in model.State()))
        state.K_o[:] *= np.linspace(0.9, 1.1, nodes)
        reaction = Reaction(
            model, state, model.Parameters(), Surroundings(), substeps=10, precision="mixed"
        )
        before = reaction.block_steps
        reaction.advance(1e-3)
        each = (reaction.block_steps - before) * BLOCK
        taken = [1e9 * t / each for t in bursts(lambda r=reaction: r.advance(1e-3))]
        results.append(
            {
                "model": label,
                "states": len(state),
                "least": min(taken),
                "median": statistics.median(taken),
            }
        )
    print(json.dumps(results))


if __name__ == "__main__":
    if sys.argv[1:2] == ["membranes"]:
        membranes()
    elif sys.argv[1:2] == ["mode"]:
        one(sized(40, 5), 32, sys.argv[2])
    elif len(sys.argv) == 3:
        one(*map(int, sys.argv[1:]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else sized(3, 1))

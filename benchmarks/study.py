"""A scaling study on a cluster: each call measures the processes that it is started on.

Usage:  srun -n 64 python benchmarks/study.py KIND NODES FILE [MODE]      adds a line to FILE
        python benchmarks/study.py table FILE                             prints what is in it

KIND is `strong` (NODES in all), `weak` (NODES on every process) or `front` (as strong, with a
spreading depolarization on its way: a part of the processes has more to do). MODE is one of
`step.MODES`. `runs/cluster/scaling.sh` is a job that does all of it.
"""

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import Watch, child, sized, table
from problem import parts, raise_potassium
from step import MODES

STEPS, WARM, DT, H = sized(40, 2), sized(5, 1), 50, 32  # numbers; ms; um
HIGH = {"strong": 4.0, "weak": 4.0, "front": 60.0}  # mM that K+ is raised at one side


def measured(kind, nodes, path, mode="K+ alone"):
    """Add a line about the processes that call this to a file."""
    from ecs_model.parallel import start

    comm = start()
    side = round((nodes * (comm.size if kind == "weak" else 1)) ** (1 / 3)) - 1
    began = time.perf_counter()
    made = _made(comm, side, kind, mode)
    setup, watch, taken = time.perf_counter() - began, Watch(), []
    watch.over("membranes", made.simulation.reaction.step, "advance")
    for _ in range(STEPS):
        comm.barrier()
        began = time.perf_counter()
        made.simulation.step()
        comm.barrier()
        taken.append(time.perf_counter() - began)
    found = _of_all(comm, made, watch) | {"kind": kind, "mode": mode, "setup": setup}
    if comm.rank == 0:
        seconds = {"s": float(np.median(taken)), "least": min(taken)}
        with Path(path).open("a") as file:
            file.write(json.dumps(found | seconds) + "\n")
        print(json.dumps(found | seconds))


def _made(comm, side, kind, mode):
    """The Parts of a box, warmed up."""
    tissue, membrane = MODES[mode]
    end = DT * 1e-3 * 4 * (STEPS + WARM)
    made = parts(comm, (side,) * 3, H, DT, "kager_mori", end=end, tissue=tissue, membrane=membrane)
    raise_potassium(made, HIGH[kind], 400.0)
    for _ in range(WARM):
        made.simulation.step()
    return made


def _of_all(comm, made, watch):
    """What is known of all processes, on all."""
    from ecs_model.run.footprint import footprint

    mesh, needed = made.mesh, footprint(comm)
    halo = len(mesh.coordinates) - mesh.owned
    every = comm.allgather((mesh.owned, halo, watch.seconds["membranes"], platform.node()))
    owned, halos, work, hosts = zip(*every, strict=True)
    return {
        "processes": comm.size,
        "machines": len({*hosts}),
        "nodes": mesh.nodes,
        "fewest": min(owned),
        "most": max(owned),
        "halo": sum(halos) / comm.size,
        "imbalance": max(work) / max(np.mean(work), 1e-9),
        "root": needed.root,
        "others": needed.others,
    }


def show(path):
    """Print a table of the lines in a file: efficiency is that against the fewest processes."""
    lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
    lines.sort(key=lambda x: (x["kind"], x["mode"], x["processes"]))
    head = ["kind, mode", "processes", "machines", "nodes", "nodes each", "halo", "set-up s"]
    head += ["ms a step", "smallest", "efficiency", "membranes, most/mean", "MiB rank 0", "others"]
    table(head, (_row(line, _first(lines, line)) for line in lines))


def _first(lines, line):
    """Of the lines of the same study, that of the fewest processes."""
    return next(x for x in lines if (x["kind"], x["mode"]) == (line["kind"], line["mode"]))


def _row(x, first):
    shares = 1 if x["kind"] == "weak" else x["processes"] / first["processes"]
    return [
        f"{x['kind']}, {x['mode']}",
        f"{x['processes']:,}",
        f"{x['machines']:,}",
        f"{x['nodes']:,}",
        f"{x['fewest']:,} to {x['most']:,}",
        f"{x['halo']:,.0f}",
        f"{x['setup']:.1f}",
        f"{1e3 * x['s']:.2f}",
        f"{1e3 * x['least']:.2f}",
        f"{100 * first['s'] / x['s'] / shares:.0f} %",
        f"{x['imbalance']:.2f}",
        f"{x['root'] / 2**20:.0f}",
        f"{x['others'] / 2**20:.0f}",
    ]


def main():
    """A study on one and two processes of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "study.jsonl")
        for kind in sized([*HIGH], ["front"]):
            for ranks in (1, 2):
                child(__file__, kind, sized(30_000, 216), path, ranks=ranks)
        show(path)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "table":
        show(sys.argv[2])
    else:
        measured(sys.argv[1], float(sys.argv[2]), *sys.argv[3:])

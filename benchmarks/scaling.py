"""How the modes of transport scale: one and two ranks, what they send, and what follows for many.

Usage: python benchmarks/scaling.py [strong | weak | traffic | balance]   (10, 10, 3, 3 minutes)

`strong` and `weak`: wall seconds of steps on one and two ranks; run it on a quiet machine.
`balance`: a spreading depolarization, with and without `solver.balance` in turn; work of membranes
is counted, so that ranks may share cores; wall seconds are shown for as many ranks as there are.
`traffic`: messages, bytes and reductions of a step, counted between the program and MPI, and the
efficiency on 64 to 8192 processes that follows from them with the network of
`ecs_model.run.cost_model`.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import child, load, middle, sized, table
from problem import parts, raise_potassium
from step import MODES

from ecs_model.run.cost_model import Traffic, waiting

STEPS, DT, H = sized(20, 2), 50, 32  # number; ms; um
ROUNDS = sized(3, 1)  # of which the smallest is that of a machine with nothing else to do
SIZE = sized(
    {"strong": (48, 48, 48), "weak": (40, 40, 40)}, {"strong": (6, 6, 6), "weak": (6, 6, 6)}
)
SENT, ALONE = sized(((24,) * 3, (40,) * 3), ((6,) * 3, (6,) * 3))  # cells where these are measured
FRONT, IN_TURN = sized(((60, 60, 60), (2, 4, 8, 16)), ((8, 6, 6), (2,))), sized(30, 2)
TRIED = sized(list(MODES), [*MODES][-1:])
COUNTER = """\
#include <mpi.h>
static long counts[4]; /* messages, bytes, reductions, other collectives */
static struct { MPI_Request request; long bytes; } kept[8192];
static int many;
void ecs_counts(long *out) { for (int i = 0; i < 4; ++i) out[i] = counts[i]; }
static long size(long n, MPI_Datatype type) { int one; PMPI_Type_size(type, &one); return n * one; }
static void send(long bytes) { ++counts[0]; counts[1] += bytes; }
static void start(MPI_Request r)
{ for (int i = many - 1; i >= 0; --i) if (kept[i].request == r) { send(kept[i].bytes); return; } }
int MPI_Start(MPI_Request *r) { start(*r); return PMPI_Start(r); }
int MPI_Startall(int n, MPI_Request r[])
{ for (int i = 0; i < n; ++i) start(r[i]); return PMPI_Startall(n, r); }
int MPI_Barrier(MPI_Comm c) { ++counts[3]; return PMPI_Barrier(c); }
#define SENDING(N, E) \\
int MPI_Send##E(const void *b, N n, MPI_Datatype t, int to, int tag, MPI_Comm c) \\
{ send(size(n, t)); return PMPI_Send##E(b, n, t, to, tag, c); } \\
int MPI_Isend##E(const void *b, N n, MPI_Datatype t, int to, int tag, MPI_Comm c, MPI_Request *r) \\
{ send(size(n, t)); return PMPI_Isend##E(b, n, t, to, tag, c, r); } \\
int MPI_Send_init##E(const void *b, N n, MPI_Datatype t, int to, int tag, MPI_Comm c, \\
                     MPI_Request *r) \\
{ int e = PMPI_Send_init##E(b, n, t, to, tag, c, r); \\
  if (many < 8192) { kept[many].request = *r; kept[many++].bytes = size(n, t); } return e; } \\
int MPI_Allreduce##E(const void *b, void *o, N n, MPI_Datatype t, MPI_Op op, MPI_Comm c) \\
{ ++counts[2]; return PMPI_Allreduce##E(b, o, n, t, op, c); } \\
int MPI_Iallreduce##E(const void *b, void *o, N n, MPI_Datatype t, MPI_Op op, MPI_Comm c, \\
                      MPI_Request *r) \\
{ ++counts[2]; return PMPI_Iallreduce##E(b, o, n, t, op, c, r); } \\
int MPI_Bcast##E(void *b, N n, MPI_Datatype t, int root, MPI_Comm c) \\
{ ++counts[3]; return PMPI_Bcast##E(b, n, t, root, c); } \\
int MPI_Allgather##E(const void *b, N n, MPI_Datatype t, void *o, N m, MPI_Datatype u, \\
                     MPI_Comm c) \\
{ ++counts[3]; return PMPI_Allgather##E(b, n, t, o, m, u, c); }
#define SPREADING(N, D, E) \\
int MPI_Neighbor_alltoallv##E(const void *b, const N s[], const D d[], MPI_Datatype t, void *o, \\
                              const N rs[], const D rd[], MPI_Datatype u, MPI_Comm c) \\
{ spread(c, (const void *)s, sizeof(N), t); \\
  return PMPI_Neighbor_alltoallv##E(b, s, d, t, o, rs, rd, u, c); } \\
int MPI_Ineighbor_alltoallv##E(const void *b, const N s[], const D d[], MPI_Datatype t, void *o, \\
                     const N rs[], const D rd[], MPI_Datatype u, MPI_Comm c, MPI_Request *r) \\
{ spread(c, (const void *)s, sizeof(N), t); \\
  return PMPI_Ineighbor_alltoallv##E(b, s, d, t, o, rs, rd, u, c, r); }
static void spread(MPI_Comm c, const void *s, int width, MPI_Datatype t)
{ int in, out, w; PMPI_Dist_graph_neighbors_count(c, &in, &out, &w);
  for (int i = 0; i < out; ++i)
    send(size(width == 4 ? ((const int *)s)[i] : ((const long *)s)[i], t)); }
SENDING(int, )
SENDING(MPI_Count, _c)
SPREADING(int, int, )
SPREADING(MPI_Count, MPI_Aint, _c)
"""


def made(comm, mode, counts, high=4.0):
    """The Parts of a tissue with K+ that spreads from one side, by default below ignition."""
    tissue, membrane = MODES[mode]
    result = parts(
        comm, counts, H, DT, "kager_mori", end=DT * 1e-3 * 200, tissue=tissue, membrane=membrane
    )
    raise_potassium(result, high, 400.0)  # below ignition all ranks have the same to do
    for _ in range(3):
        result.simulation.step()
    return result


def timed(mode, kind):
    """Print wall seconds of a step on the processes that run this."""
    from ecs_model.parallel import start

    comm = start()
    nx, ny, nz = SIZE[kind]
    result = made(comm, mode, (nx * (comm.size if kind == "weak" else 1), ny, nz))
    taken = []
    for _ in range(STEPS):
        comm.barrier()
        began = time.perf_counter()
        result.simulation.step()
        comm.barrier()
        taken.append(time.perf_counter() - began)
    if comm.rank == 0:
        print(
            json.dumps(
                {"nodes": result.mesh.nodes, "s": float(np.median(taken)), "least": min(taken)}
            )
        )


def traffic(mode):
    """Print what a process sends in a step, as the greatest over all."""
    from ecs_model.parallel import start

    comm = start()
    result = made(comm, mode, SENT)
    count = ctypes.CDLL(None).ecs_counts
    before, after = (ctypes.c_long * 4)(), (ctypes.c_long * 4)()
    count(before)
    for _ in range(STEPS):
        result.simulation.step()
    count(after)
    sent = (np.array(after) - np.array(before)) / STEPS
    halo = len(result.mesh.coordinates) - result.mesh.owned
    every = comm.gather((sent, halo))
    if comm.rank == 0:
        sums = np.sum([s for s, _ in every], axis=0) / comm.size
        halos = sum(h for _, h in every) / comm.size
        print(
            json.dumps(
                {
                    "messages": sums[0],
                    "bytes": sums[1],
                    "reductions": sums[2],
                    "others": sums[3],
                    "halo": halos,
                }
            )
        )


def counter(folder):
    """The library that counts, compiled."""
    source, library = Path(folder, "count.c"), Path(folder, "count.so")
    source.write_text(COUNTER)
    folder = Path(sys.prefix)
    own = (folder / "include" / "mpi.h").exists()  # another MPI's mpicc would link its own
    compiler = "gcc" if own else shutil.which("mpicc") or "gcc"
    places = ["-I", folder / "include", "-L", folder / "lib", f"-Wl,-rpath,{folder / 'lib'}"]
    options = ["-O2", "-fPIC", "-shared", "-o", library, source, *places, "-lmpi"]
    subprocess.run([compiler, *options], check=True)
    return library


def _scaling(kind):
    head = ["mode", "nodes on 1 and 2 ranks", "ms on 1", "ms on 2", "efficiency", "by the smallest"]
    print(
        f"\n{kind.capitalize()} scaling, wall ms of a step, median of {STEPS} and of {ROUNDS} "
        f"rounds, and by the smallest of all; {load()}\n"
    )
    table(head, (_pair(kind, mode) for mode in TRIED))


def _pair(kind, mode):
    rounds = [[child(__file__, kind, mode, ranks=n) for n in (1, 2)] for _ in range(ROUNDS)]
    one, two = map(_of_rounds, zip(*rounds, strict=True))
    ranks = 2 if kind == "strong" else 1
    shares = [f"{100 * one[key] / two[key] / ranks:.0f} %" for key in ("s", "least")]
    return [
        mode,
        f"{one['nodes']:,.0f}, {two['nodes']:,.0f}",
        f"{1e3 * one['s']:.1f}",
        f"{1e3 * two['s']:.1f}",
        *shares,
    ]


def _of_rounds(results):
    return middle(results) | {"least": min(r["least"] for r in results)}


def _traffic():
    with tempfile.TemporaryDirectory() as folder:
        spy = {"LD_PRELOAD": os.fspath(counter(folder))}
        found = {m: child(__file__, "traffic", m, ranks=2, environment=spy) for m in TRIED}
    print("\nWhat a process sends in a step (2 ranks, 15,625 nodes, 0.05 s)\n")
    table(
        [
            "mode",
            "messages to each neighbour",
            "bytes per node of the halo",
            "reductions",
            "other collectives",
        ],
        (
            [
                mode,
                f"{r['messages']:.1f}",
                f"{r['bytes'] / r['halo']:.0f}",
                f"{r['reductions']:.1f}",
                f"{r['others']:.1f}",
            ]
            for mode, r in found.items()
        ),
    )
    cost = {m: child(__file__, "cost", m)["s"] for m in TRIED}
    print("\nEfficiency that follows, not measured\n")
    cases = [(1e6, 64), (1e6, 1024), (1e8, 64), (1e8, 1024), (1e8, 8192)]
    table(
        ["mode", "ns per node-step", *(f"{n:.0e} nodes on {p}" for n, p in cases)],
        (
            [m, f"{1e9 * cost[m]:.0f}", *(_projected(cost[m], found[m], n, p) for n, p in cases)]
            for m in TRIED
        ),
    )


def _projected(cost, r, nodes, processes):
    traffic = Traffic(r["messages"], r["bytes"] / r["halo"], r["reductions"] + r["others"])
    work = cost * nodes / processes
    return f"{100 * work / (work + waiting(traffic, nodes, processes)):.0f} %"


def balanced(mode):
    """Print how even membrane work is without and with lending, and wall seconds of a step."""
    from ecs_model.parallel import start
    from ecs_model.run.lending import Lending

    comm = start()
    if comm.size == 1:
        return
    result = made(comm, mode, FRONT[0], high=60.0)
    membranes, found = result.simulation.reaction, []
    lending = Lending(comm, membranes)
    for k in range(2 * IN_TURN):
        membranes.lending = lending if k % 2 else None
        before = lending.worked, membranes.block_steps
        comm.barrier()
        began = time.perf_counter()
        result.simulation.step()
        comm.barrier()
        seconds = time.perf_counter() - began
        now = lending.worked, membranes.block_steps
        found.append((seconds, now[k % 2 == 0] - before[k % 2 == 0]))
    every = np.array(comm.allgather(found)).reshape(comm.size, IN_TURN, 2, 2)
    work, seconds = every[..., 1], np.median(every[0, ..., 0], axis=0)
    even = work.max(0).sum(0) / work.mean(0).sum(0)
    if comm.rank == 0:
        about = {"nodes": result.mesh.nodes, "each": work.sum() / result.mesh.nodes * 16 / IN_TURN}
        print(json.dumps(about | {"even": even.tolist(), "s": seconds.tolist()}))


def _balance():
    print(f"\nMembrane work of a front, most over mean, and wall ms of a step; {load()}\n")
    head = ["ranks", "nodes", "sub-steps of a block", "apart", "shared", "ms apart", "ms shared"]
    table(head, (_even(ranks) for ranks in FRONT[1]))


def _even(ranks):
    r = child(__file__, "balance", "K+ alone", ranks=ranks)
    seconds = [f"{1e3 * s:.1f}" if ranks <= os.cpu_count() else "" for s in r["s"]]
    even = [f"{x:.2f}" for x in r["even"]]
    return [str(ranks), f"{r['nodes']:,}", f"{r['each']:.1f}", *even, *seconds]


def cost(mode):
    """Print CPU seconds of a node-step on one rank."""
    from ecs_model.parallel import start

    result = made(start(), mode, ALONE)
    began = time.process_time()
    for _ in range(STEPS):
        result.simulation.step()
    taken = time.process_time() - began
    print(json.dumps({"s": taken / STEPS / result.mesh.nodes}))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        what, mode = sys.argv[1:]
        counted = {"traffic": traffic, "cost": cost, "balance": balanced}
        counted.get(what, lambda m: timed(m, what))(mode)
    else:
        printed = {"traffic": _traffic, "balance": _balance}
        for part in sys.argv[1:] or ("strong", "weak", "traffic", "balance"):
            printed.get(part, lambda kind=part: _scaling(kind))()

"""Where the time of a run goes, on every process: a tree of parts, for `--profile`.

Parts of the transport are found by timing methods of its classes while a Profile is open; without
one nothing is changed and nothing costs time. The seconds of a part include waiting for the other
processes in it: where the slowest of a part is far above the mean, the others wait elsewhere.

The log of PETSc would not do instead: it counts no iterations, it adds up over all runs of a
process, and petsc4py cannot end it.
"""

import contextlib
import time

from ecs_model.transport.flux_limiter import Range
from ecs_model.transport.increments import Increments
from ecs_model.transport.lone_increment import LoneIncrement
from ecs_model.transport.potential import BidomainEquations, Poisson
from ecs_model.transport.swelling_matrices import Following

TRANSPORT = "loop/transport"
INNER = (  # class, method, what it does, iterations of its last call
    (Increments, "solve", lambda it: f"solve of {it.name}", lambda it: it.iterations),
    (LoneIncrement, "solve", lambda it: f"solve of {it.name}", lambda it: it.iterations),
    (Poisson, "correct", lambda it: "correction of the potential", None),
    (Poisson, "solve", lambda it: "solve of the potential", lambda it: it.iterations),
    (BidomainEquations, "solve", lambda it: "solve of both potentials", lambda it: it.iterations),
    (Range, "finds_room", lambda it: "limiter", None),
    (Range, "redo", lambda it: "limiter of the whole tissue", None),
    (Following, "follow", lambda it: "matrices of swelling tissue", None),
)
PLACES = {
    "membranes": "loop/membranes",
    "diffusion": TRANSPORT,
    "fields": "loop/output/fields",
    "series": "loop/output/series",
    "lines": "loop/output/lines",
    "checkpoints": "loop/checkpoints",
}
OBSERVED = {  # class of an observer -> what it does, for those who read tables of times
    "FieldWriter": "fields",
    "SeriesRow": "series",
    "LineProfile": "lines",
    "Checkpoints": "checkpoints",
    "OnRequest": "checkpoints",
    "Tracker": "arrival of the front",
    "LineFronts": "fronts on lines",
    "FrontResolution": "cells over the front",
    "Neurons": "firing",
    "Raster": "spikes",
    "Spending": "energy",
    "Sound": "limits of values",
    "Progress": "progress",
    "Decision": "early stop",
}


def work_of(observer):
    """What an observer does, in words; the name of its class for one that is not of the package."""
    name = type(observer).__name__
    return OBSERVED.get(name, name)


class Profile:
    """Seconds, calls and iterations of parts on this process; a context around the loop.

    Attributes:
        parts: path of a part, such as "loop/transport/solve of K+" -> [seconds, calls, iterations].
    """

    def __init__(self):
        self.parts, self._undo = {}, contextlib.ExitStack()

    def __enter__(self):
        """Start to time."""
        for thing, method, name, iterations in INNER:
            self._watch(thing, method, name, iterations)
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_):
        """Stop, and leave the classes as they were."""
        self.add("loop", time.perf_counter() - self._began)
        self._undo.close()

    def _watch(self, thing, method, name, iterations):
        original = getattr(thing, method)

        def timed(it, *args, **options):
            start = time.perf_counter()
            try:
                return original(it, *args, **options)
            finally:
                count = iterations(it) if iterations else 0
                self.add(f"{TRANSPORT}/{name(it)}", time.perf_counter() - start, 1, count)

        setattr(thing, method, timed)
        self._undo.callback(setattr, thing, method, original)

    def add(self, path, seconds, calls=1, iterations=0):
        """Add what a part took."""
        part = self.parts.setdefault(path, [0.0, 0, 0])
        part[0] += seconds
        part[1] += calls
        part[2] += iterations

    def take(self, laps, timer):
        """Add the parts of set-up, and what a Timer measured in the loop."""
        for name, seconds in laps.seconds.items():
            self.add(f"set-up/{name}", seconds)
        self.add("set-up", sum(laps.seconds.values()))
        for name, seconds in timer.seconds.items():
            if name != "set-up":
                self.add(PLACES.get(name, "loop/observers"), seconds, timer.calls[name])
        output = [part for path, part in self.parts.items() if path.startswith("loop/output/")]
        self.add("loop/output", sum(p[0] for p in output), sum(p[1] for p in output))
        for parent in ("loop", TRANSPORT):
            self.add(f"{parent}/rest", self._left(parent), 0)

    def _left(self, parent):
        """Seconds of a part that none of its own parts took."""
        depth = parent.count("/") + 1
        inner = [
            part[0]
            for path, part in self.parts.items()
            if path.startswith(f"{parent}/") and path.count("/") == depth
        ]
        return max(0.0, self.parts[parent][0] - sum(inner))


def together(comm, parts):
    """The parts of all processes as one list, on all: dicts for profile.json, a tree in order.

    Args:
        comm: MPI communicator.
        parts: those of this process.

    Returns:
        list: of {"part", "seconds": {"min", "mean", "max"}, "calls", "iterations"}; calls and
        iterations are those of the process that has most.
    """
    every = comm.allgather(parts)
    paths = {path: None for each in every for path in each}
    rows = [_row(path, [each.get(path, [0.0, 0, 0]) for each in every]) for path in paths]
    means = {row["part"]: row["seconds"]["mean"] for row in rows}
    return sorted(rows, key=lambda row: _order(row["part"], means))


def _row(path, found):
    seconds = [part[0] for part in found]
    return {
        "part": path,
        "calls": max(part[1] for part in found),
        "iterations": max(part[2] for part in found),
        "seconds": {"min": min(seconds), "mean": sum(seconds) / len(seconds), "max": max(seconds)},
    }


def _order(path, means):
    """Where a part stands: below the one that it belongs to, long ones first, the rest last."""
    names = path.split("/")
    above = ["/".join(names[: k + 1]) for k in range(len(names))]
    return [(p != "set-up", p.endswith("/rest"), -means[p]) for p in above]


def lines(rows):
    """The rows of `together` as a table."""
    total = sum(row["seconds"]["mean"] for row in rows if "/" not in row["part"]) or 1.0
    yield f"{'where the time went, s':<38}{'min':>9}{'mean':>9}{'max':>9}{'share':>9}{'calls':>9}"
    for row in rows:
        name = "  " * row["part"].count("/") + row["part"].rpartition("/")[2]
        s = row["seconds"]
        numbers = "".join(f"{s[key]:>9.3f}" for key in ("min", "mean", "max"))
        each = f"  {row['iterations'] / row['calls']:.1f} iterations" if row["iterations"] else ""
        yield (f"{name:<38}{numbers}{100 * s['mean'] / total:>7.1f} %{row['calls'] or '':>9}{each}")

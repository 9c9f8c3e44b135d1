"""How soon a run starts, up to the end of the first step, and which files it opens.

Usage: python benchmarks/start.py [ROUNDS]      (about a minute)
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import child, load, middle, sized, table

CELLS, H = sized(40, 4), 25  # 68,921 nodes
PIECES = (
    "interpreter and imports",
    "configuration",
    "mesh made or read",
    "mesh distributed",
    "forms and matrices",
    "membrane",
    "rest of set-up",
    "first step",
    "all",
)


def main(rounds):
    """Print the tables of the help and of a start."""
    print(f"wall seconds (CPU seconds), median of {rounds}; {load()}\n")
    table(["`ecs-model --help`", "target"], [[_help(3 * rounds), "0.15 s"]])
    warm, cold = [], []
    child(__file__, "one")
    for _ in range(rounds):
        warm.append(child(__file__, "one", environment=_now()))
        with tempfile.TemporaryDirectory() as folder:
            cold.append(child(__file__, "one", environment=_now() | {"XDG_CACHE_HOME": folder}))
    warm, cold = middle(warm), middle(cold)
    print()
    rows = [[p, *(f"{r[p]:.2f} ({r[p + ' CPU']:.2f})" for r in (warm, cold))] for p in PIECES]
    table([f"start, {(CELLS + 1) ** 3:,} nodes", "warm cache", "cold cache"], rows)
    print(f"\ntarget: {warm['all']:.2f} s of 2.5 s with a warm cache; {load()}\n")
    kinds = ("modules of Python", "shared objects", "other files")
    table(["a process opens", "files"], [[kind, str(int(warm[kind]))] for kind in kinds])


def _now():
    return {"ECS_BENCHMARK_BEGAN": repr(time.time())}


def _help(rounds):
    program = [str(Path(sys.executable).with_name("ecs-model")), "--help"]
    wall, cpu = [], []
    for _ in range(rounds):
        began, before = time.perf_counter(), os.times()
        subprocess.run(program, check=True, capture_output=True)
        after = os.times()
        wall.append(time.perf_counter() - began)
        spent = (after.children_user, after.children_system)
        cpu.append(sum(spent) - before.children_user - before.children_system)
    return f"{statistics.median(wall):.3f} s ({statistics.median(cpu):.3f} s)"


class Opened:
    """Counts the files that this process opens from now on, and those that are mapped."""

    def __init__(self):
        self._paths = set()
        sys.addaudithook(self._note)

    def _note(self, event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            self._paths.add(arguments[0])

    def counts(self):
        """Kind of file -> how many."""
        modules = {path for path in self._paths if path.endswith((".py", ".pyc"))}
        with open("/proc/self/maps") as maps:
            mapped = {line.split()[-1] for line in maps if ".so" in line}
        others = [path for path in self._paths - modules - mapped if os.path.isfile(path)]
        return {
            "modules of Python": len({path.partition(".cpython")[0] for path in modules}),
            "shared objects": len(mapped),
            "other files": len(others),
        }


class Cuts:
    """Wall and CPU seconds of pieces of work, each counted where it happens first."""

    def __init__(self, began):
        self.pieces, self._last = {}, (began, 0.0)

    def cut(self, name):
        """End a piece."""
        now = time.time(), time.process_time()
        wall, cpu = (a - b for a, b in zip(now, self._last, strict=True))
        self.pieces[name] = self.pieces.get(name, 0.0) + wall
        self.pieces[name + " CPU"] = self.pieces.get(name + " CPU", 0.0) + cpu
        self._last = now

    def around(self, owner, function, name):
        """Count a function of a module as a piece, what came before it as rest of set-up."""
        work = getattr(owner, function)

        def counted(*args, **kwargs):
            self.cut("rest of set-up")
            result = work(*args, **kwargs)
            self.cut(name)
            return result

        setattr(owner, function, counted)


def one():
    """Start a run as `ecs-model run` does; print the pieces."""
    opened = Opened()
    cuts = Cuts(float(os.environ.get("ECS_BENCHMARK_BEGAN", time.time())))
    from ecs_model.parallel import start

    comm = start()
    from problem import parts, raise_potassium

    from ecs_model.config import reader
    from ecs_model.run import build
    from ecs_model.run.building import membranes

    cuts.cut(PIECES[0])
    for owner, function, name in (
        (reader, "parse_config", PIECES[1]),
        (build, "mesh_slice", PIECES[2]),
        (build, "Mesh", PIECES[3]),
        (build, "Operators", PIECES[4]),
        (membranes, "reaction", PIECES[5]),
    ):
        cuts.around(owner, function, name)
    made = parts(comm, (CELLS,) * 3, H, 50, end=10)
    raise_potassium(made, 40.0, 150.0)
    cuts.cut("rest of set-up")
    made.simulation.step()
    cuts.cut("first step")
    pieces = cuts.pieces
    pieces["all"] = sum(v for k, v in pieces.items() if not k.endswith("CPU"))
    pieces["all CPU"] = sum(v for k, v in pieces.items() if k.endswith("CPU"))
    print(json.dumps(pieces | opened.counts()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one()
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else sized(5, 1))

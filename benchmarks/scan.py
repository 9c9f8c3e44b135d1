"""Points of a scan per minute, against the same runs one by one from the shell; adaptive and grid.

Usage: python benchmarks/scan.py [ROUNDS]      (some minutes)

A small run (a front over 60 cells), a wave (kager_mori over 320 cells, 40 s), each as a scan on all
cores and by `ecs-model run` in turn. Then the border of the wave's ignition over alpha and
tortuosity: on grids, and adaptively, judged by a finer grid.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import tomli_w
from measure import TINY, load, sized, table

from ecs_model import runs
from ecs_model.config.reader import parse_tree, put
from ecs_model.scan import adaptive

PROGRAM = [sys.executable, "-m", "ecs_model"]
SMALL = {
    "mesh": {"generator": "interval", "length": "0.3 mm", "cell": "5 um"},
    "tissue": {
        "regions": [
            {
                "name": "start",
                "box": {"low": ["-1 um"], "high": ["50 um"]},
                "initial": {"K_o": 30.0},
            }
        ]
    },
    "membrane": {"model": "nagumo"},
    "time": {"end": "6 s", "step": "20 ms"},
    "output": {"every": "1 s", "series": "0.5 s"},
}
FINE, GRIDS, ADAPTIVE = sized((32, (8, 12, 16), (32, 64, 96)), (2, (), (5,)))


def main(rounds):
    """Print the tables."""
    print(f"wall seconds, medians of {rounds}; {load()}\n")
    wave = _ready()["run"]
    rows = [_throughput("front, 61 nodes", SMALL, sized(20, 1), rounds)]
    rows.append(_throughput("wave, 321 nodes", wave, sized(10, 1), rounds))
    head = ["run", "points", "scan", "a point", "from the shell", "ratio", "start-up", "set-up"]
    table(head, rows)
    print(f"\ntarget of the ratio: 30; {load()}\n")
    _borders()


def _ready():
    """The scan that ships with the program; small if need be."""
    found = parse_tree(runs.path("scan_alpha_lambda_sd").read_text())
    if TINY:
        found["run"]["mesh"]["cell"], found["run"]["time"]["end"] = "20 um", "1 s"
    return found


def _axes(count):
    return [
        {"key": "alpha", "low": 0.06, "high": 0.3, "count": count},
        {"key": "tortuosity", "low": 1.2, "high": 2.2, "count": count},
    ]


def _throughput(name, run, side, rounds):
    """A row: `side` squared points as a scan, some of the same runs one by one."""
    scans = [_scan({"run": run, "axis": _axes(side)}) for _ in range(rounds)]
    one = [_scan({"run": run, "axis": _axes(1)})[0] for _ in range(rounds)]
    shell = [_shell(run) for _ in range(sized(3 * rounds, 1))]
    whole, start = statistics.median(s for s, _ in scans), statistics.median(one)
    points, each = side**2, statistics.median(shell)
    set_up = np.mean([d["set-up"] / sum(d.values()) for _, f in scans for d in f])
    ratio = each * points / whole
    return [
        name,
        str(points),
        f"{whole:.1f}",
        f"{1e3 * whole / points:.0f} ms",
        f"{each:.2f}",
        f"**{ratio:.0f}**",
        f"{start / whole:.0%}",
        f"{set_up:.0%}",
    ]


def _scan(scan, keep=None):
    """Wall seconds of a scan, and the seconds of each of its runs."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "scan.toml"), Path(keep or folder, "scan")
        path.write_text(tomli_w.dumps(scan))
        began = time.perf_counter()
        subprocess.run([*PROGRAM, "scan", path, "-o", out, "--quiet"], check=True)
        taken = time.perf_counter() - began
        found = [json.loads(p.read_text()) for p in out.glob("points/*/summary.json")]
        return taken, [summary["seconds"] for summary in found]


def _shell(run):
    """Wall seconds of one of the runs from the shell."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.toml")
        put(run, "tissue.alpha", 0.18, "benchmark")
        path.write_text(tomli_w.dumps(run))
        began = time.perf_counter()
        subprocess.run([*PROGRAM, "run", path, "-o", f"{folder}/run", "--quiet"], check=True)
        return time.perf_counter() - began


def _borders():
    """Misclassified share of the map by grids and by adaptive scans."""
    truth = _map({"axis": _axes(FINE)})
    fine = adaptive.start(2, FINE)
    rows = [_judged(f"grid {n} x {n}", _map({"axis": _axes(n)}), truth, fine) for n in GRIDS]
    axes = [{k: v for k, v in axis.items() if k != "count"} for axis in _axes(2)]
    for runs_ in ADAPTIVE:
        found = _map({"axis": axes, "adaptive": {"runs": runs_, "start": sized(4, 2)}})
        rows.append(_judged("adaptive", found, truth, fine))
    print(f"share of the map on the wrong side of ignition, judged at {FINE}^2 places:\n")
    table(["", "runs", "misclassified", "wall seconds"], rows)


def _map(what):
    """Places in the unit square, margins of ignition, wall seconds."""
    ready = _ready()
    with tempfile.TemporaryDirectory() as folder:
        taken, _ = _scan(
            {"run": ready["run"], "stop": {"verdict": "ignited", "settled": "10 s"}, **what}, folder
        )
        found = pd.read_parquet(Path(folder, "scan/table.parquet"))
    places = np.stack([(found["alpha"] - 0.06) / 0.24, found["tortuosity"] - 1.2], axis=1)
    return places, found["ignited.margin"].to_numpy(), taken


def _judged(name, found, truth, fine):
    places, margins, taken = found
    said = adaptive.interpolated(places, margins, fine) >= 0
    wrong = np.mean(said != (adaptive.interpolated(truth[0], truth[1], fine) >= 0))
    return [name, str(len(places)), f"{wrong:.1%}", f"{taken:.0f}"]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else sized(3, 1))

"""What two cores share: steps of half a tissue, alone and with another program beside them.

Usage: python benchmarks/beside.py   (3 minutes)

No message goes between the programs, so that what they take longer is what the machine lacks:
memory and caches that both cores use. Two ranks of one run (`scaling.py strong`) lose that, too,
and what their messages take.
"""

import json
import os
import subprocess
import sys
import time

import numpy as np
from measure import ONE_THREAD, load, sized, table
from scaling import SIZE, TRIED, made

ROUNDS, STEPS = sized((3, 20), (1, 2))


def timed(mode):
    """Print wall seconds of a step of half the tissue, median and least, once all begin."""
    from ecs_model.parallel import start

    nx, ny, nz = SIZE["strong"]
    result, taken = made(start(), mode, (nx // 2, ny, nz)), []
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(STEPS):
        began = time.perf_counter()
        result.simulation.step()
        taken.append(time.perf_counter() - began)
    print(json.dumps({"s": float(np.median(taken)), "least": min(taken)}))


def together(mode, count):
    """What `count` programs print that step beside each other, on average."""
    program = [sys.executable, __file__, mode]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    pipes["env"] = os.environ | ONE_THREAD
    running = [subprocess.Popen(program, **pipes) for _ in range(count)]
    for one in running:
        if one.stdout.readline() != "ready\n":
            sys.exit(f"{' '.join(program)} failed")
    for one in running:
        one.stdin.write("go\n")
        one.stdin.flush()
    found = [json.loads(one.communicate()[0]) for one in running]
    return {key: float(np.mean([f[key] for f in found])) for key in ("s", "least")}


def compared(mode):
    """A row of the table."""
    rounds = [(together(mode, 1), together(mode, 2)) for _ in range(ROUNDS)]
    alone, beside = ([r[k]["s"] for r in rounds] for k in (0, 1))
    least = [min(r[k]["least"] for r in rounds) for k in (0, 1)]
    middles = [float(np.median(s)) for s in (alone, beside)]
    shares = [f"{100 * a / b:.0f} %" for a, b in (middles, least)]
    return [mode, *(f"{1e3 * s:.1f}" for s in middles), *shares]


if __name__ == "__main__":
    if len(sys.argv) == 2:
        timed(sys.argv[1])
    else:
        print(f"Half of the tissue, wall ms of a step, medians of {ROUNDS} rounds; {load()}")
        head = ["mode", "ms alone", "ms beside another", "efficiency", "by the smallest"]
        table(head, map(compared, TRIED))

"""What whole ready runs cost, from the shell to the end, here and in another version.

Usage: python benchmarks/whole_runs.py [ROUNDS [FOLDER [RUN ...]]]      (about 20 s a round)

FOLDER holds another version of the package, such as `git worktree add --detach FOLDER COMMIT`; it
runs its own files of these names, with this environment, in turn. Caches are warm.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import load, sized, table

HERE = Path(__file__).resolve().parents[1]
RUNS = sized(("sd_wave", "csd_benchmark"), ("sd_wave",))
SHORT = sized((), ("--set", "time.end=1 s", "--set", "output.every=1 s"))


def main(rounds, other, runs):
    """Print CPU seconds of the runs."""
    versions = {"here": HERE} | ({"other": Path(other).resolve()} if other else {})
    found = {(run, name): [] for run in runs for name in versions}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(1 + rounds):
            for run, name in found:
                found[run, name].append(spent(run, versions[name], Path(folder, name)))
    print(f"CPU seconds of whole runs, {rounds} in turn; {load()}\n")
    head = ["run", *(f"{n}: {x}" for n in versions for x in ("median", "smallest"))]
    table(head + ["median of ratios"] * bool(other), [_row(run, versions, found) for run in runs])
    print(f"\n{load()}")


def spent(run, version, folder):
    """CPU seconds of a run of a version, results in a folder."""
    program = [sys.executable, "-m", "ecs_model", "run", version / "runs" / f"{run}.toml"]
    environment = os.environ | {"PYTHONPATH": str(version), "OMP_NUM_THREADS": "1"}
    before = _of_children()
    options = ["--output", folder, "--overwrite", "--quiet", *SHORT]
    subprocess.run([*program, *options], check=True, env=environment, cwd=version)
    return _of_children() - before


def _of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _row(run, versions, found):
    taken = [found[run, name][1:] for name in versions]  # the first fills caches
    cells = [f"{f(x):.2f}" for x in taken for f in (statistics.median, min)]
    ratios = [other / here for here, other in zip(taken[0], taken[-1], strict=True)]
    return [run, *cells, *[f"{statistics.median(ratios):.2f}"] * (len(taken) > 1)]


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else sized(7, 1),
        sys.argv[2] if len(sys.argv) > 2 else None,
        sys.argv[3:] or RUNS,
    )

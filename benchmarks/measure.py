"""What the benchmarks share: CPU time of short bursts, memory, programs run in turn, tables.

On a machine with other work, absolute times wander by tens of per cent. So CPU time is measured,
medians are given with the smallest, whatever is compared is measured in turn, and every process has
one thread: those of NumPy's linear algebra wait busily and would be charged.

With `--tiny` every program does all that it does, once and on the smallest problem: its numbers
mean nothing, but it has been run.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

if "--tiny" in sys.argv:
    sys.argv.remove("--tiny")
    os.environ["ECS_TINY"] = "1"  # of the programs that this one starts, too
TINY = "ECS_TINY" in os.environ
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def sized(usual, tiny):
    """What a benchmark works on: as usual, or as little as runs."""
    return tiny if TINY else usual


def bursts(call, seconds=1.0, least=7):
    """CPU seconds of each of many calls, in `seconds` or more, after one call that warms up."""
    call()
    seconds, least = sized((seconds, least), (0.0, 1))
    taken, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < least:
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return taken


class Watch:
    """Sums the CPU time that methods take; `seconds` by name."""

    def __init__(self):
        self.seconds = {}

    def over(self, name, owner, method):
        """Watch a method of an object under a name."""
        work = getattr(owner, method)
        self.seconds[name] = 0.0

        def watched(*args):
            began = time.process_time()
            try:
                return work(*args)
            finally:
                self.seconds[name] += time.process_time() - began

        setattr(owner, method, watched)


def memory():
    """Memory of this process now and at its peak [bytes]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * os.sysconf("SC_PAGE_SIZE"), peak


def child(script, *arguments, ranks=1, python=sys.executable, environment=None):
    """What a benchmark prints as JSON in its last line when run as a program of its own."""
    program = [python, str(script), *map(str, arguments)]
    if ranks > 1:
        from ecs_model.launcher import own_mpiexec

        program = [own_mpiexec(), "-n", str(ranks), *program]
    threads = ONE_THREAD
    if ranks > (os.cpu_count() or 1):  # let those that wait give way
        threads = threads | {"MPIR_CVAR_ENABLE_HEAVY_YIELD": "1"}
    done = subprocess.run(
        program, capture_output=True, text=True, env=os.environ | threads | (environment or {})
    )
    if done.returncode:
        sys.exit(f"{' '.join(program)} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def middle(results):
    """The median of every number in dictionaries with the same keys."""
    return {key: statistics.median(r[key] for r in results) for key in results[0]}


def table(head, rows):
    """Print a Markdown table."""
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |", flush=True)


def load():
    """A sentence about the machine's load."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"

"""What every process of a run needs of memory, phase by phase: set-up, output, checkpoint, resume.

Usage: python benchmarks/footprint.py [cells along an axis [ranks ...]]

80 cells are 0.5 million nodes and take 10 minutes; 43:2 are 43 cells that are refined twice, which
gives 5 million nodes and needs 11 GB.

The high-water mark of a process is forgotten before each phase (Linux only), so that every phase
has a peak of its own. Subtracted is what the same rank needs in the same phase of a run of next to
no tissue: Python, libraries and their pages, most of which processes of a machine share, buffers.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from measure import child, sized, table
from problem import TEXT

IS_CHILD = sys.argv[-1] in ("run", "resume")
ASKED = [] if IS_CHILD else sys.argv[2:]
RANKS = [*map(int, ASKED)] or sized((1, 4, 8), (1, 2))
CELLS = sized(80, 6)
SMALL = 5  # cells along an axis of next to no tissue
END, DT, H = 0.5, 50, 10  # s; ms; um


class Phases:
    """The highest memory of this process in each phase [bytes], by name."""

    def __init__(self):
        self.peaks, self._open = {}, ["rest of set-up"]

    def over(self, name, owner, function):
        """Make a function of a module or class a phase of its own."""
        work = getattr(owner, function)

        def watched(*arguments, **named):
            with self.phase(name):
                return work(*arguments, **named)

        setattr(owner, function, watched)

    @contextlib.contextmanager
    def phase(self, name):
        """A block that is a phase."""
        self.note()
        self._open.append(name)
        try:
            yield
        finally:
            self.note()
            self._open.pop()

    def note(self):
        """Note the peak of the phase that it is in, and begin anew."""
        name = self._open[-1]
        self.peaks[name] = max(self.peaks.get(name, 0), _status("VmHWM"))
        Path("/proc/self/clear_refs").write_text("5")


def _status(name):
    """A number of /proc/self/status [bytes]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(x.split()[1]) for x in lines if x.startswith(name))


def one(folder, what):
    """Run or resume a box; print the peaks of every process."""
    from ecs_model.parallel import start

    comm = start()
    from ecs_model.run import build, checkpoint, observers, output, restart, runner, session
    from ecs_model.run.parts import Parts

    phases, seen = Phases(), []
    for name, owner, function in (
        ("mesh in slices", build, "mesh_slice"),
        ("mesh distributed", build, "Mesh"),
        ("files opened", output.Outputs, "open"),
        ("fields", observers.FieldWriter, "observe"),
        ("checkpoint", checkpoint.Checkpoints, "write"),
        ("checkpoint looked at", runner, "newest"),
        ("checkpoint read", restart.Restart, "__init__"),
        ("state restored", restart.Restart, "restore"),
        ("summary", session, "summarise"),
        ("maps", session, "maps_of"),
    ):
        phases.over(name, owner, function)
    made = Parts.__init__
    Parts.__init__ = lambda self, **k: (made(self, **k), seen.append(self.mesh))[0]
    if what == "run":
        runner.run(Path(folder, "run.toml"), Path(folder, "out"), comm, quiet=True)
    else:
        runner.resume(Path(folder, "out"), comm, [f"time.end={2 * END} s"], quiet=True)
    phases.note()
    mesh = seen[0]
    every = comm.gather((mesh.owned, phases.peaks))
    if comm.rank == 0:
        print(json.dumps({"nodes": mesh.nodes, "ranks": every}))


def _configuration(cells):
    count, _, levels = str(cells).partition(":")
    text = TEXT.replace("[tissue]", f"levels = {levels or 0}\n[tissue]", 1)
    coarse = H * 2 ** int(levels or 0)
    return text.format(
        **dict.fromkeys("xyz", int(count) * coarse),
        h=coarse,
        tissue="",
        model="pump_leak",
        membrane="",
        end=END,
        dt=DT,
        pace="adaptive = false",
        theta="",
    )


def main(cells):
    """Print the tables."""
    for ranks in RANKS:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as beside:
            for where, count in ((folder, cells), (beside, SMALL)):
                Path(where, "run.toml").write_text(_configuration(count))
            for what in ("run", "resume"):
                folders = (folder, beside)
                _show(what, *(child(__file__, where, what, ranks=ranks) for where in folders))


def _show(what, found, idle):
    owned, peaks = zip(*found["ranks"], strict=True)
    _, idle = zip(*idle["ranks"], strict=True)
    nodes, most = found["nodes"], max(max(x.values()) for x in idle)
    print(
        f"\n{what}: {nodes:,} nodes on {len(owned)}, {min(owned):,} to {max(owned):,} each; MiB "
        f"above those of a run without tissue, {most / 2**20:.0f} at most\n"
    )
    head = ["phase", "rank 0", "mean", "highest", "over mean", "B a node, all", "B, highest"]
    table(head, (_row(name, peaks, idle, nodes) for name in peaks[0]))


def _row(name, peaks, idle, nodes):
    needs = [p.get(name, 0) - i.get(name, 0) for p, i in zip(peaks, idle, strict=True)]
    mean, most = np.mean(needs), max(needs)
    numbers = [f"{x / 2**20:.0f}" for x in (needs[0], mean, most)]
    return [
        name,
        *numbers,
        f"{most / mean:.2f}",
        f"{sum(needs) / nodes:.0f}",
        f"{most * len(needs) / nodes:.0f}",
    ]


if __name__ == "__main__":
    if IS_CHILD:
        one(*sys.argv[1:])
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else CELLS)

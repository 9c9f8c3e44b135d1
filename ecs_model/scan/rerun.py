"""Single points of a scan as whole run directories: those that were kept, or the run once more.

Run as `python -m ecs_model.scan.rerun CONFIG DIR FOLDER`, alone or under mpiexec, it runs a
configuration whose paths are relative to FOLDER into a run directory.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ecs_model.config import reader
from ecs_model.errors import EcsModelError
from ecs_model.files import atomic
from ecs_model.launcher import limit_threads, own_mpiexec
from ecs_model.run.progress import clock_face
from ecs_model.scan.local import cores, environment
from ecs_model.scan.points import Point
from ecs_model.scan.store import Slot, Store
from ecs_model.scan.threshold import margin

FOLDER, PATIENCE = "repeats", 300.0  # s that a run may take that nobody asked for by name


@dataclass(frozen=True)
class Repeat:
    """A point as a run.

    Attributes:
        path: its run directory; None if there is none.
        reason: why there is none, or empty.
    """

    path: Path | None
    reason: str = ""


def repeats(directory, ids, longest, tell):
    """Id -> Repeat, of finished points of a scan.

    What a search for a threshold leaves is the run at the igniting end of its bracket. A run that
    ended early, because it was decided, is repeated to its planned end.

    Args:
        directory: of the scan.
        ids: of the points.
        longest: runs that took longer [s] are not repeated.
        tell: function that is given a line before each run.
    """
    store = Store.open(directory)
    points = {point.id: point for point in store.points()}
    return {name: _repeat(store, points[name], longest, tell) for name in ids}


def _repeat(store, point, longest, tell):
    slot, folder = store.slot(point), store.path / FOLDER / point.id
    for there in (slot.path / "run", folder):
        if Slot(there).finished:
            return Repeat(there)
    source = _source(store, slot, point)
    if not _is_own(store, source):
        return Repeat(None, "its run may be code of others, and a report runs none")
    summary = source.summary() or {}
    seconds = sum(summary.get("seconds", {}).values())
    if seconds > longest:
        return Repeat(None, f"its run took {clock_face(seconds)}; name it to have it repeated")
    tell(f"running {point.said()} once more, about {clock_face(max(seconds, 1.0))}")
    processes = max(1, min(summary.get("processes", 1), cores()))
    return _run(source.path / "config.toml", folder, store.setup()["folder"], processes)


def _is_own(store, source):
    """Whether a run is code that this account chose: that of the scan, which it made."""
    if not store.is_own:
        return False
    named = [
        store.setup()["base"],
        reader.parse_tree(reader.read_text(source.path / "config.toml")),
    ]
    membranes = [tree.get("membrane", {}) for tree in named]
    code = [(membrane.get("file"), membrane.get("add", [])) for membrane in membranes]
    return code[0] == code[1]


def _source(store, slot, point):
    """The Slot of the run that a point stands for."""
    scan = store.scan()
    if scan.threshold is None:
        return slot
    found, range_ = slot.summary()["threshold"], scan.threshold.range()
    ends = []
    for number in (found["low"], found["high"]):
        here = {**point.settings, scan.threshold.key: range_.written(number)}
        ends.append(slot.trial(Point(here, {}).id))
    yes = [end for end in ends if margin(end.summary() or {}, scan.threshold.margin) >= 0]
    return (yes or ends[-1:])[0]


def _run(config, folder, base, processes):
    with atomic.explained(folder):
        folder.parent.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "ecs_model.scan.rerun", config, folder, base]
    if processes > 1:
        program = [own_mpiexec(), "-n", processes, *program]
    done = subprocess.run([*map(str, program)], capture_output=True, text=True, env=environment())
    if done.returncode == 0:
        return Repeat(folder)
    said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return Repeat(None, said[-1].removeprefix("error: "))


def main(config, directory, folder):
    """Run a configuration; exit code."""
    from ecs_model.parallel import start
    from ecs_model.run.runner import run

    limit_threads()
    comm = start()
    try:
        return run(config, directory, comm, overwrite=True, quiet=True, base=folder)
    except EcsModelError as error:
        if comm.rank == 0:
            print(f"error: {error}", file=sys.stderr, flush=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

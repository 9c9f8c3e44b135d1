"""What several tests need: runs in this process, programs on several processes, small meshes."""

import contextlib
import json
import os
import resource
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np

from ecs_model.launcher import own_mpiexec
from ecs_model.meshes.meshdata import MeshData
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import read_series


def found(what, ours, theirs, within, unit="", source="closed form", rel=False):
    """Assert that a number is the reference; with ECS_RECORD=file, also note both in that file.

    Args:
        what: which quantity of which system, in a few words.
        ours: what the program found.
        theirs: the reference.
        within: tolerance in the unit, or as a share of the reference with `rel`.
        unit: of both numbers.
        source: where the reference is from.
        rel: the tolerance is a share.
    """
    ours, theirs = float(ours), float(theirs)
    if os.environ.get("ECS_RECORD"):
        line = {
            "what": what,
            "ours": ours,
            "theirs": theirs,
            "within": within,
            "unit": unit,
            "source": source,
            "rel": rel,
            "test": os.environ["PYTEST_CURRENT_TEST"],
        }
        with open(os.environ["ECS_RECORD"], "a") as file:
            file.write(json.dumps(line) + "\n")
    assert abs(ours - theirs) <= (within * abs(theirs) if rel else within), (what, ours, theirs)


def run_here(text, folder, *overrides):
    """Run a TOML text in this process; the run directory."""
    from ecs_model.native import MPI

    from ecs_model import api

    folder = Path(folder)
    config = folder.parent / f"{folder.name}.toml"
    config.write_text(text)
    code = api.run(config, folder, MPI.COMM_SELF, overrides, overwrite=True, quiet=True).code
    assert code == 0
    return RunDir(folder)


def launch(processes, *arguments, timeout=180, cwd=None, environment=None):
    """`ecs-model` with arguments under the environment's own mpiexec: the finished process."""
    program = [sys.executable, "-m", "ecs_model", *map(str, arguments)]
    return launch_program(processes, program, timeout, cwd, environment)


def launch_program(processes, program, timeout=180, cwd=None, environment=None):
    """Any program under the environment's own mpiexec; without it for one process."""
    if processes > 1:
        program = [own_mpiexec(), "-n", str(processes), *program]
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PMI_", "HYDRA_", "OMPI_"))}
    clean |= sharing_cores(processes)
    return subprocess.run(
        program,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=cwd,
        env=clean | (environment or {}),
    )


def sharing_cores(processes):
    """Environment in which MPICH sleeps while it waits, where processes share cores.

    With three processes on two cores, the one that waits would take the time of those that work.
    """
    beside = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    crowded = processes * beside > len(os.sched_getaffinity(0))
    return {"MPIR_CVAR_ENABLE_HEAVY_YIELD": "1"} if crowded else {}


def series(run):
    """Columns of series.csv by name."""
    return read_series(run.series)[0]


def summary(run):
    """Content of summary.json."""
    return json.loads(run.summary.read_text())


def line(cells, length=1e-3, split=0.5):
    """An interval of equal cells; region "left" up to `split` of it, "right" beyond."""
    return brick([cells], [length], split)


def brick(counts, size, split=0.5, jitter=0.0):
    """A box of any dimension cut into simplices, in two regions along x, ends tagged.

    Args:
        counts: cells along each axis.
        size: lengths [m].
        split: where along x the second region begins, as a share.
        jitter: random displacement of inner nodes, as a share of the cell size.
    """
    d = len(counts)
    axes = [np.linspace(0.0, s, n + 1) for s, n in zip(size, counts, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, d)
    index = np.arange(len(points)).reshape([n + 1 for n in counts])
    cells = np.concatenate([_simplices(index, order, counts) for order in permutations(range(d))])
    facets = np.concatenate([np.delete(cells, k, axis=1) for k in range(d + 1)])
    ends = [(points[facets][:, :, 0] == x).all(axis=1) for x in (0.0, axes[0][-1])]
    middles = points[cells].mean(axis=1)[:, 0]
    points = _jittered(points, counts, size, jitter)
    return MeshData(
        points,
        cells,
        np.where(middles < split * size[0], 1, 2).astype(np.int32),
        np.concatenate([facets[e] for e in ends]),
        np.repeat([1, 2], [e.sum() for e in ends]).astype(np.int32),
        {"first": 1, "second": 2},
        {"left": 1, "right": 2},
        {},
    )


def _simplices(index, order, counts):
    corner = np.zeros(len(counts), int)
    corners = [corner.copy()]
    for axis in order:
        corner[axis] = 1
        corners.append(corner.copy())
    take = lambda c: index[tuple(slice(k, k + n) for k, n in zip(c, counts, strict=True))]  # noqa: E731
    return np.stack([take(c).ravel() for c in corners], axis=1)


def _jittered(points, counts, size, share):
    if not share:
        return points
    rng = np.random.default_rng(0)
    steps = np.array(size) / counts
    inner = (points > steps / 2) & (points < np.array(size) - steps / 2)
    return points + inner * rng.uniform(-share, share, points.shape) * steps


@contextlib.contextmanager
def room_for(size):
    """A block in which no file can become larger than `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

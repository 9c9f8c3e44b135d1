"""Where a run comes from: versions, commit, command, machines. The content of run.json."""

import datetime
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ecs_model.native import MPI, PETSc

from ecs_model import __version__
from ecs_model.files import versions

PACKAGES = ("dolfinx-solver-real", "fenics-dolfinx", "petsc4py", "mpi4py", "numpy", "h5py", "gmsh")


def provenance(comm, petsc, path):
    """Facts about this execution, for JSON; called on all processes.

    Args:
        comm: MPI communicator.
        petsc: PETSc options by name, as the configuration has them.
        path: of the configuration.
    """
    return {
        "format": versions.RUN,
        "ecs_model": __version__,
        "commit": _commit(),
        "started": now(),
        "ended": None,
        "pid": os.getpid(),
        "command": sys.argv,
        "config": str(Path(path).resolve()),
        "python": platform.python_version(),
        "versions": _versions(),
        "petsc": ".".join(map(str, PETSc.Sys.getVersion())),
        "mpi": " ".join(MPI.Get_library_version().split("\n")[0].strip("\0").split()),
        "petsc_options": {**petsc, **PETSc.Options().getAll()},
        "hosts": sorted(set(comm.allgather(platform.node()))),
        "processes": comm.size,
        "machine": platform.platform(),
        "scheduler": _scheduler(),
    }


def _scheduler():
    """What a batch system said about this job."""
    return {k: v for k, v in os.environ.items() if k in ("SLURM_JOB_ID", "SLURM_JOB_NAME")}


def _versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _commit():
    """The commit of the checkout that runs, with + if it was changed; None for an installation."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    git = ["git", "-C", str(here)]
    done = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True)
    return done.stdout.strip() + "+" * bool(changed.stdout) if done.returncode == 0 else None


def now():
    """The time now, with its zone, as text."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")

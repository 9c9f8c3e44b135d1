"""What the launcher says before MPI starts: which process this is, and whether it can work at all.

Nothing here imports MPI: `--help` and error texts must come once, however many processes run.
"""

import importlib.machinery
import os
import signal
import sys
from importlib.metadata import PackageNotFoundError, version

from ecs_model.errors import ConfigError

_KNOWN = (  # rank and, best first, sizes as different launchers name them
    ("PMI_RANK", ("PMI_SIZE",)),  # MPICH, Intel MPI, srun --mpi=pmi2
    ("OMPI_COMM_WORLD_RANK", ("OMPI_COMM_WORLD_SIZE",)),
    ("PMIX_RANK", ("OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")),
    ("MV2_COMM_WORLD_RANK", ("MV2_COMM_WORLD_SIZE",)),
    ("SLURM_PROCID", ("SLURM_STEP_NUM_TASKS",)),  # srun; a batch script has a rank, but no step
)
PACKAGES = ("mpi4py", "petsc4py", "dolfinx", "basix", "ufl", "ffcx", "numpy", "scipy", "h5py")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)  # end a run in order


def hold_signals():
    """Let SIGUSR1 and SIGHUP wait for a `progress.StopRequest`: MPI would swallow them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGUSR1, signal.SIGHUP))


def rank_and_size(environment=os.environ):
    """(rank, number of processes) as the launcher tells them; (0, 1) without a launcher."""
    for rank, sizes in _KNOWN:
        if environment.get(rank):
            size = next(filter(None, map(environment.get, sizes)), "1")
            if not (environment[rank].isdecimal() and size.isdecimal()):
                raise ConfigError(
                    f"the environment says {rank}={environment[rank]} of {size} processes, which "
                    f"are no numbers; unset {rank}, or start with {own_mpiexec()} -n N"
                )
            return int(environment[rank]), int(size)
    return 0, 1


def check_before_mpi(environment=os.environ):
    """Raise ConfigError where starting MPI would abort: PMIx launchers with the MPICH wheel."""
    foreign = "PMIX_RANK" in environment or "OMPI_COMM_WORLD_RANK" in environment
    if "PMI_RANK" in environment or not foreign:
        return
    try:
        wheel = version("mpich")
    except PackageNotFoundError:
        return
    who = "Open MPI's mpiexec" if "OMPI_COMM_WORLD_RANK" in environment else "srun --mpi=pmix"
    raise ConfigError(
        f"started by {who}, but this environment carries MPICH {wheel}, which it cannot start; "
        f"use {own_mpiexec()} -n N, or srun --mpi=pmi2 -n N"
    )


def check_size(size, library, environment=os.environ):
    """Raise ConfigError where the launcher started N tasks that MPI does not join."""
    started = rank_and_size(environment)[1]
    if started > 1 and size == 1:
        raise ConfigError(
            f"the launcher started {started} tasks, but MPI sees one process in each: {started} "
            f"copies would run and overwrite each other. The MPI library here is {library}; use "
            f"its own launcher, {own_mpiexec()} -n {started}, or srun --mpi=pmi2 -n {started}"
        )


def from_elsewhere(environment=os.environ):
    """What PYTHONPATH puts before the packages of this environment: "mpi4py (/where/it/is)", ...

    Empty if it puts nothing there.
    """
    places = [os.path.abspath(p) for p in environment.get("PYTHONPATH", "").split(os.pathsep) if p]
    found = []
    for name in PACKAGES:
        spec = importlib.machinery.PathFinder.find_spec(name)
        where = os.path.abspath(spec.origin) if spec is not None and spec.origin else ""
        if any(where.startswith(place + os.sep) for place in places):
            found.append(f"{name} ({os.path.dirname(where)})")
    return ", ".join(found)


def own_mpiexec():
    """Path of the mpiexec that belongs to this environment, or its name if there is none."""
    path = os.path.join(sys.prefix, "bin", "mpiexec")
    return path if os.path.exists(path) else "mpiexec"


def limit_threads(environment=os.environ):
    """Keep numerical libraries to one thread, unless the user says otherwise.

    Work is shared among processes; threads of OpenBLAS would wait for each other's short sums.
    """
    for name in THREADS:
        environment.setdefault(name, "1")


def limit_loaded_threads(environment=os.environ):
    """As `limit_threads`, for libraries that Python has loaded already, such as NumPy's."""
    if not {*THREADS} & {*environment}:
        import threadpoolctl

        threadpoolctl.threadpool_limits(1, user_api="blas")

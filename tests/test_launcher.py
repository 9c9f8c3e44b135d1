import os
import subprocess
import sys

import pytest

from ecs_model import launcher
from ecs_model.errors import ConfigError

# What launchers were seen to set, shortened: (environment, rank, size)
SEEN = {
    "none": ({}, 0, 1),
    "mpich": ({"PMI_RANK": "1", "PMI_SIZE": "4", "PMI_FD": "9"}, 1, 4),
    "open mpi 4": (
        {"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3", "PMIX_RANK": "2"},
        2,
        3,
    ),
    "mvapich": ({"MV2_COMM_WORLD_RANK": "1", "MV2_COMM_WORLD_SIZE": "2"}, 1, 2),
    "srun pmi2": (
        {"PMI_RANK": "1", "PMI_SIZE": "2", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"},
        1,
        2,
    ),
    "srun pmix": (
        {"PMIX_RANK": "1", "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"},
        1,
        2,
    ),
    "srun none": (
        {"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"},
        1,
        2,
    ),
    "batch script": ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_JOB_ID": "3"}, 0, 1),
    "salloc shell": ({"SLURM_NTASKS": "8", "SLURM_JOB_ID": "3"}, 0, 1),
    "salloc shell as a step": ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}, 0, 1),
    "mpiexec in a batch script": (
        {"SLURM_PROCID": "0", "SLURM_NTASKS": "2", "PMI_RANK": "1", "PMI_SIZE": "2"},
        1,
        2,
    ),
    "emptied by a wrapper": ({"PMI_RANK": "", "SLURM_STEP_NUM_TASKS": ""}, 0, 1),
}
WITH_PMIX = ("open mpi 4", "srun pmix")


@pytest.mark.parametrize("name", SEEN)
def test_rank_and_size_are_what_the_launcher_says(name):
    environment, rank, size = SEEN[name]
    assert launcher.rank_and_size(environment) == (rank, size)


@pytest.mark.parametrize("name", SEEN)
def test_tasks_that_mpi_does_not_join_are_refused(name):
    environment, _, size = SEEN[name]
    launcher.check_size(size, "MPI", environment)
    if size > 1:
        with pytest.raises(ConfigError, match=f"{size} tasks.* -n {size}"):
            launcher.check_size(1, "MPI", environment)


@pytest.mark.parametrize("name", SEEN)
def test_the_mpich_wheel_is_not_started_under_pmix(name, monkeypatch):
    monkeypatch.setattr(launcher, "version", lambda package: "5.0.2")
    if name in WITH_PMIX:
        with pytest.raises(ConfigError, match=r"MPICH 5\.0\.2.*mpiexec -n N"):
            launcher.check_before_mpi(SEEN[name][0])
    else:
        launcher.check_before_mpi(SEEN[name][0])


@pytest.mark.parametrize("name", SEEN)
def test_another_mpi_may_be_started_by_any_launcher(name, monkeypatch):
    def absent(package):
        raise launcher.PackageNotFoundError(package)

    monkeypatch.setattr(launcher, "version", absent)
    launcher.check_before_mpi(SEEN[name][0])


def test_every_process_gets_one_thread_unless_told_otherwise():
    environment = {"OMP_NUM_THREADS": "3"}
    launcher.limit_threads(environment)
    assert environment == {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "1"}


COUNTED = """
import numpy, threadpoolctl
from ecs_model import native
print(max(library["num_threads"] for library in threadpoolctl.threadpool_info()))
"""


@pytest.mark.skipif(os.cpu_count() < 2, reason="needs two cores to see two threads")
@pytest.mark.parametrize(("asked", "threads"), [({}, "1"), ({"OMP_NUM_THREADS": "2"}, "2")])
def test_libraries_that_are_loaded_keep_to_one_thread(asked, threads):
    """A notebook has loaded NumPy before; the threads of its BLAS wait on busy cores."""
    clean = {name: v for name, v in os.environ.items() if name not in launcher.THREADS}
    done = subprocess.run(
        [sys.executable, "-c", COUNTED], env=clean | asked, capture_output=True, text=True
    )
    assert done.stdout.strip() == threads, done.stderr

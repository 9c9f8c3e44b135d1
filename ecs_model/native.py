"""MPI, PETSc and DOLFINx, loaded in the order that they need.

The PyPI wheel `dolfinx-solver-real` keeps its libraries beside its packages and must be imported
first; a cluster's own DOLFINx works without it. Modules that compute with DOLFINx import from here
before anything else.
"""

import contextlib
import ctypes
import os
import sys

from ecs_model.errors import ConfigError
from ecs_model.launcher import from_elsewhere, limit_loaded_threads

# Or the parts of a mesh would depend on which message comes first, and with them the round-off.
os.environ.setdefault("SCOTCH_DETERMINISTIC", "1")

try:
    with contextlib.suppress(ModuleNotFoundError):
        import dolfinx_solver  # noqa: F401
    import petsc4py

    petsc4py.init(["ecs-model", "-no_signal_handler"])  # signals are the program's own matter
    arguments, sys.argv = sys.argv, ["ecs-model"]  # DOLFINx would take options from them
    import dolfinx

    sys.argv = arguments
    from mpi4py import MPI
    from petsc4py import PETSc
except (ImportError, AttributeError, OSError, RuntimeError) as error:
    if elsewhere := from_elsewhere():
        raise ConfigError(
            f"PYTHONPATH leads to packages of another program, which are not usable here: "
            f"{elsewhere} ({str(error).partition('. ')[0]}); unset PYTHONPATH"
        ) from None
    raise ConfigError(
        f"DOLFINx with PETSc is not usable here ({error}); install the package with pip, which "
        "brings it, or load your cluster's DOLFINx 0.11 with petsc4py"
    ) from None
if not dolfinx.__version__.startswith("0.11."):
    raise ConfigError(f"DOLFINx {dolfinx.__version__} found; this version needs 0.11")
limit_loaded_threads()


def _give_arrays_back():
    """Let the C library give arrays that are freed back to the system at once, where it can.

    Left alone it keeps what is below a limit that grows up to 32 MB: with some processes, as much
    again as all that is in use once a mesh has been distributed.
    """
    trim_from, map_from = -1, -3  # numbers of these options in malloc.h
    with contextlib.suppress(OSError, AttributeError):
        for option, size in ((map_from, 2**18), (trim_from, 2**22)):
            ctypes.CDLL(None).mallopt(option, size)


_give_arrays_back()

__all__ = ["MPI", "PETSc"]

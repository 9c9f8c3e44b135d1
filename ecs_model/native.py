"""MPI, PETSc and DOLFINx, loaded in the order that they need.

The PyPI wheel `dolfinx-solver-real` keeps its libraries beside its packages and must be imported
first; a cluster's own DOLFINx works without it. Modules that compute with DOLFINx import from here
before anything else.
"""

from ecs_model.errors import ConfigError
from ecs_model.launcher import limit_loaded_threads

try:
    import dolfinx_solver  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "dolfinx_solver":
        raise
try:
    import petsc4py

    petsc4py.init(["ecs-model", "-no_signal_handler"])  # signals are the program's own matter
    import dolfinx
    from mpi4py import MPI
    from petsc4py import PETSc
except ImportError as error:
    raise ConfigError(
        f"DOLFINx with PETSc is not usable here ({error}); install the package with pip, which "
        "brings it, or load your cluster's DOLFINx 0.11 with petsc4py"
    ) from None
if not dolfinx.__version__.startswith("0.11."):
    raise ConfigError(f"DOLFINx {dolfinx.__version__} found; this version needs 0.11")
limit_loaded_threads()

__all__ = ["MPI", "PETSc"]

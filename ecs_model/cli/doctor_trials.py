"""What the doctor tries in processes of their own: libraries, a solve, gmsh, a picture."""

import json
from operator import itemgetter
from pathlib import Path

from ecs_model.errors import ConfigError

PACKAGES = ("mumps", "superlu_dist", "ptscotch", "hypre", "ml", "parmetis", "hdf5")


def report_libraries():
    """Print, as JSON, what MPI, PETSc and DOLFINx say of themselves."""
    from ecs_model import parallel

    parallel.start()
    import dolfinx
    import mpi4py
    import numpy as np
    from petsc4py import PETSc

    library = mpi4py.MPI.Get_library_version().strip("\0 ").splitlines()[0]
    facts = {
        "dolfinx": dolfinx.__version__,
        "place": str(Path(dolfinx.__file__).parent),
        "petsc": ".".join(map(str, PETSc.Sys.getVersion())),
        "scalar": np.dtype(PETSc.ScalarType).name,
        "index": np.dtype(PETSc.IntType).name,
        "packages": {name: PETSc.Sys.hasExternalPackage(name) for name in PACKAGES},
        "mpi": " ".join(library.replace("Version:", "").split()),
        "mpi4py": mpi4py.__version__,
    }
    print(json.dumps(facts))


def solve():
    """Print the number of processes that solved a Poisson problem and stepped a membrane."""
    from ecs_model import parallel

    comm = parallel.start()
    error = max(comm.allgather(max(_poisson_error(comm), _membrane_error())))
    if not error < 1e-6:
        raise ConfigError(f"a small problem comes out wrong by {error:.1e}; is the build damaged?")
    if comm.rank == 0:
        print(comm.size)


def _poisson_error(comm):
    """Greatest error on this process of the harmonic function that equals x on the boundary."""
    import numpy as np
    import ufl
    from dolfinx import fem, mesh
    from dolfinx.fem.petsc import LinearProblem

    square = mesh.create_unit_square(comm, 12, 12)
    space = fem.functionspace(square, ("Lagrange", 1))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    exact = fem.Function(space)
    exact.interpolate(itemgetter(0))
    square.topology.create_connectivity(1, 2)
    facets = mesh.exterior_facet_indices(square.topology)
    edge = fem.dirichletbc(exact, fem.locate_dofs_topological(space, 1, facets))
    solution = fem.Function(space)
    LinearProblem(
        ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx,
        ufl.inner(fem.Constant(square, 0.0), v) * ufl.dx,
        bcs=[edge],
        u=solution,
        petsc_options_prefix="doctor_",
        petsc_options={"ksp_type": "cg", "pc_type": "jacobi", "ksp_rtol": 1e-12},
    ).solve()
    return float(np.abs(solution.x.array - exact.x.array).max())


def _membrane_error():
    """How far a membrane at rest moves in 10 ms, relative to its state."""
    import numpy as np

    from ecs_model.membrane import MODELS
    from ecs_model.membrane.model import Surroundings
    from ecs_model.membrane.solver import Reaction

    model = MODELS["pump_leak"]
    rest = model.State()
    state = model.State(*(np.full(3, value) for value in rest))
    Reaction(model, state, model.Parameters(), Surroundings()).advance(0.01)
    return max(abs(column / value - 1).max() for column, value in zip(state, rest, strict=True))


def report_gmsh():
    """Print the version of gmsh after it has started."""
    from ecs_model.meshes import mesher

    with mesher.session() as gmsh:
        print(gmsh.__version__)


def render():
    """Draw a ball; ConfigError if the picture is empty."""
    import numpy as np
    import pyvista

    plotter = pyvista.Plotter(off_screen=True, window_size=[64, 64])
    plotter.add_mesh(pyvista.Sphere(), color="red")
    if not np.asarray(plotter.screenshot(return_img=True)).std() > 0:
        raise ConfigError("the picture is empty")

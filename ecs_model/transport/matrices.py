"""The matrices of transport in the extracellular space, assembled once.

    K_ij = int alpha D grad phi_i . grad phi_j        M_ij = int alpha phi_i phi_j

with alpha and the effective diffusivity D (D_free / lambda^2, a number or a tensor) constant in
each element, so that interfaces between regions are exact. The theta-mass is
M_theta = theta M + (1 - theta) M_lumped.
"""

import contextlib
import functools
import time
from typing import Protocol

from ecs_model.native import MPI, PETSc

import dolfinx
import numpy as np
import ufl
from dolfinx import fem
from dolfinx.fem.petsc import assemble_matrix, create_matrix

from ecs_model.cache import cache_folder, locked
from ecs_model.errors import ConfigError
from ecs_model.membrane.compiler import check_headers, compiler, is_sealed, seal
from ecs_model.parallel import on_root, root_does
from ecs_model.physics.values import Array, Nodes
from ecs_model.tissue.mesh import Mesh

STALE = 300.0  # seconds after which nobody compiles any more
SAME = PETSc.Mat.Structure.SAME_NONZERO_PATTERN


class Matrices(Protocol):
    """The matrices of a tissue, as all transport sees them.

    Attributes:
        mesh: the distributed mesh.
        theta: share of the consistent mass; 0 is lumped.
        lumped: lumped mass, int alpha phi_i, of owned nodes.
        moves: whether the matrices change with time, as where tissue swells.
        version: grows with each change.
    """

    mesh: Mesh
    theta: float
    lumped: Array
    moves: bool
    version: int

    @property
    def at_rest(self) -> "Operators":
        """The matrices of assembly."""

    @property
    def stiffness(self) -> PETSc.Mat:
        """K, a PETSc matrix [m^3/s] (per m^2 in 1-D, per m in 2-D)."""

    @property
    def mass(self) -> PETSc.Mat:
        """M_theta, likewise [m^3]."""

    @property
    def entries(self) -> tuple[Array, ...]:
        """Entries of stiffness and mass, row by row of the owned nodes, as they are now."""

    @property
    def fastest(self) -> float:
        """A bound of the fastest rate of diffusion [1/s]."""

    def products(self, values: Array) -> tuple[Array, Array]:
        """Stiffness and mass times `values`, one per owned node."""

    def follow(self) -> None:
        """Take over what changed in the tissue."""

    def vector(self, values: Array | None = None) -> tuple[PETSc.Vec, Array]:
        """A PETSc vector over `values`, one per owned node (zeros by default), and that array."""


class Operators:
    """Stiffness and theta-mass of one tissue, as `Matrices` describes them.

    Args:
        mesh: the distributed mesh.
        alpha: extracellular volume fraction, one value per local element.
        diffusivity: effective, per local element [m^2/s]: shape (elements,) or (elements, d, d).
        theta: share of the consistent mass; 0 is lumped.
    """

    moves, version = False, 0
    _pattern: tuple[Nodes, Nodes] | None

    def __init__(self, mesh: Mesh, alpha: Array, diffusivity: Array, theta: float) -> None:
        self.mesh, self.theta = mesh, theta
        weights = alpha * mesh.thickness if mesh.is_surface else alpha
        a = _element_function(mesh, weights)
        u, v = ufl.TrialFunction(mesh.space), ufl.TestFunction(mesh.space)
        flux = _element_function(mesh, _scaled(weights, diffusivity)) * ufl.grad(u)
        forms = ufl.inner(flux, ufl.grad(v)) * ufl.dx, a * u * v * ufl.dx
        first, column, (flows, masses) = _rows(*map(_compiled, forms))
        self.lumped = mesh.spread_cells(alpha)
        is_alone = mesh.comm.size == 1
        self._pattern = first, column
        self.stiffness, self.mass = self.over(flows), self.over(masses)
        self._values = (flows, masses) if is_alone else None  # those of PETSc, as is the pattern
        self._pattern = self._pattern if is_alone else None
        self.mass.scale(theta)
        add_to_diagonal(self.mass, (1 - theta) * self.lumped)

    @property
    def at_rest(self) -> "Operators":
        """The matrices of assembly: these."""
        return self

    @property
    def pattern(self) -> tuple[Nodes, Nodes]:
        """Pointers and global columns of the owned rows, of both matrices."""
        return self._pattern or self.stiffness.getValuesCSR()[:2]

    def over(self, values: Array) -> PETSc.Mat:
        """A PETSc matrix of these entries, which are its own where one process has all rows."""
        size, csr = (self.mesh.owned, self.mesh.nodes), (*self.pattern, values)
        return PETSc.Mat().createAIJWithArrays((size, size), csr, comm=self.mesh.comm)

    @functools.cached_property
    def entries(self) -> tuple[Array, ...]:
        """Entries of stiffness and mass, row by row of the owned nodes."""
        both = self.stiffness, self.mass
        return self._values or tuple(matrix.getValuesCSR()[2] for matrix in both)

    def products(self, values: Array) -> tuple[Array, Array]:
        """Stiffness and mass times `values`, one per owned node."""
        (x, _), (y, result) = self.vector(values), self.vector()
        self.stiffness.mult(x, y)
        flow = result.copy()
        self.mass.mult(x, y)
        return flow, result

    def follow(self) -> None:
        """Nothing changes here."""

    def vector(self, values: Array | None = None) -> tuple[PETSc.Vec, Array]:
        """A PETSc vector over `values`, one per owned node (zeros by default), and that array."""
        array = np.zeros(self.mesh.owned) if values is None else values
        size = (self.mesh.owned, self.mesh.nodes)
        return PETSc.Vec().createWithArray(array, size=size, comm=self.mesh.comm), array

    @functools.cached_property
    def fastest(self) -> float:
        """A bound of the fastest rate of diffusion [1/s] with this mass.

        In every simplex of dimension d a consistent mass is at least 1 / (d + 2) of the lumped one
        (Wathen 1987, IMA J Numer Anal 7, 449).
        """
        d = self.mesh.dimension
        return self.fastest_rate() / (1 - self.theta * (d + 1) / (d + 2))

    def fastest_rate(self) -> float:
        """Largest eigenvalue [1/s] of M_lumped^-1 K, by power iteration (a few per cent low)."""
        x, values = self.vector()
        y, result = self.vector()
        values[:] = 1 + np.sin(7.0 * self.mesh.input_nodes) + np.cos(3.0 * self.mesh.input_nodes)
        rate = 0.0
        for _ in range(30):
            self.stiffness.mult(x, y)
            result /= self.lumped
            rate = np.sqrt(self.mesh.sum(result**2) / self.mesh.sum(values**2))
            values[:] = result / rate
        return rate


def implicit(
    operators: Matrices,
    part: float,
    exchange: Array,
    fixed: Nodes | None,
    ratio: float = 1.0,
    out: PETSc.Mat | None = None,
) -> PETSc.Mat:
    """M_theta + part (ratio K + exchange), without rows and columns of `fixed` nodes.

    Args:
        operators: of the tissue.
        part: of the step that an increment counts [s], half of it for Crank-Nicolson.
        exchange: conductance to the outside at owned nodes [m^3/s].
        fixed: owned nodes whose concentration is given; None if there are none anywhere.
        ratio: diffusivity of the ion relative to that of the matrices.
        out: matrix of an earlier call that becomes the result; None for a new one.
    """
    if out is None:
        out = operators.mass.copy()
    else:
        operators.mass.copy(out, SAME)
    out.axpy(part * ratio, operators.stiffness, structure=SAME)
    add_to_diagonal(out, part * exchange)
    cut_out(out, fixed)
    return out


def cut_out(matrix: PETSc.Mat, nodes: Nodes | None) -> None:
    """Cut rows and columns of owned nodes out of a matrix; none anywhere for None."""
    if nodes is not None:
        start, _ = matrix.getOwnershipRange()
        matrix.zeroRowsColumns((nodes + start).astype(PETSc.IntType), diag=1.0)


def _element_function(mesh, values):
    shape = np.shape(values)[1:]
    space = fem.functionspace(mesh.domain, ("DG", 0, shape) if shape else ("DG", 0))
    function = fem.Function(space)
    function.x.array[:] = np.ravel(values)
    return function


def _scaled(alpha, diffusivity):
    return alpha.reshape(-1, *[1] * (np.ndim(diffusivity) - 1)) * diffusivity


def _rows(*forms):
    """Pointers and columns of the owned rows of matrices of one pattern, and each one's entries.

    The matrix that DOLFINx makes lives no longer than its mesh, whose communicator it has.
    """
    matrix, entries = create_matrix(forms[0]), []
    for form in forms:
        matrix.zeroEntries()
        assemble_matrix(matrix, form)
        matrix.assemble()
        first, column, values = matrix.getValuesCSR()
        entries.append(values)
    matrix.destroy()
    return first, column, entries


def _compiled(form):
    """The compiled form, from the cache if it is there; ConfigError if it cannot be compiled.

    DOLFINx takes a half-written file for a compilation that still goes on, waits and gives up.
    Rank 0 therefore compiles alone, under a lock, and removes what a killed run left behind.
    """
    comm = form.ufl_domain().ufl_cargo().comm
    folder = on_root(comm, cache_folder, f"forms-{dolfinx.__version__}")
    root_does(comm, compiler)
    root_does(comm, check_headers)
    with _cleaned(folder) if comm.rank == 0 else contextlib.nullcontext():
        try:
            return fem.form(form, jit_options={"cache_dir": str(folder), "timeout": 60})
        except Exception as error:  # DOLFINx, FFCx, cffi and setuptools have each their own
            raise ConfigError(
                f"the C compiler failed on a finite element form ({_last_line(error)}); check it "
                f"with `ecs-model doctor`, and remove {folder} if a broken file is left there"
            ) from error


@contextlib.contextmanager
def _cleaned(folder):
    """Hold the lock of the cache; without what nobody else can be writing any more.

    A library that is not what was compiled, as a power failure leaves it, would crash the program.
    """
    with locked(folder) as alone:
        for path in folder.glob("libffcx_*.c"):
            old = time.time() - path.stat().st_mtime > STALE
            if not path.with_suffix(".c.cached").exists() and (alone or old):
                path.unlink(missing_ok=True)
        for path in folder.glob("libffcx_*.so"):
            if not is_sealed(path):
                for part in folder.glob(f"{path.name.partition('.')[0]}.*"):
                    part.unlink(missing_ok=True)
        yield
        for path in folder.glob("libffcx_*.so"):
            if not path.with_suffix(".sum").exists():
                seal(path)


def _last_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]


def add_to_diagonal(matrix: PETSc.Mat, values: Array) -> None:
    """Add one value per owned node to the diagonal of a matrix.

    What Python drops of PETSc's parallel objects is not freed by itself: the vector must be.
    """
    diagonal = matrix.getDiagonal()
    diagonal.array += values
    matrix.setDiagonal(diagonal)
    diagonal.destroy()


def free_dropped(comm: MPI.Comm) -> None:
    """Free what Python dropped of PETSc's parallel objects; PETSc keeps it until then."""
    PETSc.garbage_cleanup(comm)

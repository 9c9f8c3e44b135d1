"""Flux-corrected steps: a monotone step, plus as much of the accurate one as the range allows.

The monotone step has a lumped mass, backward Euler, migration upwind, and none of the positive
couplings of obtuse elements. Fluxes between nodes distinguish the accurate step from it. Only those
of nodes that would leave the range of their neighbours are cut down, and what one node lacks
another keeps: the ion is conserved.

References:
    Zalesak (1979), J Comput Phys 31, 335.
    Kuzmin & Turek (2002), J Comput Phys 175, 525: algebraic form for finite elements.
"""

from dataclasses import dataclass

from ecs_model.native import PETSc

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import implicit
from ecs_model.transport.neighbours import TOLERANCE, Neighbours
from ecs_model.transport.petsc_database import Options, petsc_database

ROUNDS = 12  # after which fluxes of all nodes are cut down, as Zalesak does at once
CLOSE = 1e-13  # residual of a monotone step, relative


@dataclass(frozen=True)
class ElectricField:
    """What drives an ion beside diffusion: its valence, and psi = F Phi / R T at owned nodes."""

    valence: int
    psi: Array


class FluxCorrection:
    """Flux-corrected steps of one ion; made when the first step needs it.

    Args:
        rows: the Neighbours of the tissue.
        ledger: of the ion; books the steps.
        ratio: diffusivity of the ion relative to that of the matrices.
        options: PETSc options for the solver of the monotone step.
    """

    def __init__(
        self, rows: Neighbours, ledger: Ledger, ratio: float, options: Options | None = None
    ) -> None:
        operators = rows.operators
        self._rows, self._operators, self._ledger, self._ratio = rows, operators, ledger, ratio
        self._options = options or {}
        self._b, self._right = operators.vector()
        self._x, self._solution = operators.vector()
        self._fixed = np.zeros(operators.mesh.owned, np.int8)
        self._fixed[ledger.fixed] = 1
        self._matrix_of: tuple[float, int] | None = None
        self._entries = _Entries(rows, self._fixed)
        self._matrix: PETSc.Mat = None
        self._solver: PETSc.KSP = None

    def try_options(self) -> None:
        """Raise ConfigError, before anything runs, for options that PETSc refuses."""
        matrix = implicit(self._operators, 1.0, self._ledger.exchange, None, self._ratio)
        monotone_solver(matrix, True, self._options).destroy()
        matrix.destroy()

    def increment(
        self, u: Array, d: Array, middle: Array, t: float, dt: float, field: ElectricField | None
    ) -> Array:
        """The limited increment [mM] of a step whose accurate increment is `d`; books it.

        Args:
            u: concentrations at owned nodes as the step begins [mM].
            d: increment of the accurate step [mM].
            middle: what is there on average during the step, beyond its start [mM].
            t: when the step begins [s].
            dt: its length [s].
            field: the electric field, if there is one.
        """
        rows, lumped, ledger = self._rows, self._operators.lumped, self._ledger
        brought = np.zeros_like(u)
        ledger.add_sources(brought, t, dt)
        pull = (field.valence, rows.with_ghosts(field.psi)) if field else (0.0, None)
        z = u + self._monotone(u, d, brought, dt, pull)
        arriving, extra, gain = self._edges(u + middle, d, z, dt, pull)
        outer = brought - dt * ledger.exchange * z
        base = u + _free(arriving + outer, ledger.fixed) / lumped
        arriving = arriving + self._correction(base, extra, gain, self._bounds(u, z, t, dt))
        ledger.settle_limited(z, arriving, t, dt)
        return _free(arriving + outer, ledger.fixed) / lumped

    def _bounds(self, u, z, t, dt):
        """The least and the most [mM] that nodes and ghosts may come to by themselves."""
        low, high = self._ledger.reach(u, t, dt)
        ends = np.minimum(low, z), np.maximum(high, z)
        return self._rows.all_with_ghosts(ends)

    def _edges(self, middle, change, z, dt, pull):
        """What arrives at each node in the monotone step, the further fluxes, their sums [mol]."""
        stiffness, mass = self._rows.entries
        arriving, gain, extra = np.empty(len(z)), np.empty(len(z)), np.empty(len(stiffness))
        values = self._rows.all_with_ghosts([middle, change, z])
        fluxes = arriving, extra, gain
        self._rows.call("fluxes", stiffness, mass, self._ratio * dt, *pull, *values, *fluxes)
        return fluxes

    def _correction(self, base, extra, gain, bounds):
        """What each node gets of the further fluxes [mol], such that it stays within bounds."""
        shares, is_cut = [np.ones(len(base)), np.ones(len(base))], np.empty(self._rows.local, bool)
        for k in range(ROUNDS + 1):
            if not self._cut(base, extra, bounds, shares, gain, k == ROUNDS):
                break
            seen = self._rows.all_with_ghosts(shares)
            self._rows.call("corrected", extra, *seen, self._rows.local, is_cut, gain)
        return gain

    def _cut(self, base, extra, bounds, shares, gain, everywhere):
        """Cut the shares down of nodes that leave their bounds; how many, on all processes."""
        cut = self._rows.call(
            "cut",
            extra,
            *bounds,
            base,
            gain,
            self._operators.lumped,
            self._fixed,
            TOLERANCE,
            everywhere,
            *shares,
        )
        return self._operators.mesh.comm.allreduce(cut)

    def _monotone(self, u, d, brought, dt, pull):
        """The increment [mM] of the monotone step."""
        self._fill(dt, pull)
        self._right[:] = self._operators.lumped * u + brought
        self._right[self._ledger.fixed] = u[self._ledger.fixed]
        self._solution[:] = u + d
        self._solver.solve(self._b, self._x)
        if (reason := self._solver.getConvergedReason()) < 0:
            raise SolutionError(
                "the monotone step that keeps concentrations in their range does not converge "
                f"(PETSc reason {reason}); try a shorter time.step"
            )
        return self._solution - u

    def _fill(self, dt, pull):
        """Fill the matrix of the monotone step, unless it is that of the last one."""
        key = (dt, self._operators.version)
        if self._matrix_of == key and pull[1] is None:
            return
        lumped, exchange = self._operators.lumped, self._ledger.exchange
        self._entries.diagonal[:] = lumped + dt * exchange
        stiffness, _ = self._rows.entries
        filled = self._entries.diagonal, self._entries.values
        self._rows.call("monotone", stiffness, self._ratio * dt, *pull, *filled)
        self._take(symmetric=pull[1] is None and not self._ledger.dirichlet)
        self._matrix_of = key

    def _take(self, symmetric):
        """Let the solver know the entries: they are PETSc's own where its options may need them."""
        are_chosen = self._options or PETSc.Options("ecs_limiter_").getAll()
        if self._matrix is None:
            self._matrix = self._entries.petsc() if are_chosen else self._entries.shell()
        if are_chosen:
            self._matrix.setValuesCSR(*self._rows.pattern, self._entries.values)
            self._matrix.assemble()
            rows = self._ledger.fixed + self._matrix.getOwnershipRange()[0]
            if self._ledger.dirichlet:
                self._matrix.zeroRows(rows.astype(PETSc.IntType), diag=1.0)
        self._matrix.stateIncrease()
        if self._solver is None:
            self._solver = monotone_solver(self._matrix, symmetric, self._options)


class _Entries:
    """Entries of a matrix with the rows of a tissue; a context of PETSc's shell matrices.

    Attributes:
        values, diagonal: row by row; and of owned nodes.
    """

    def __init__(self, rows, fixed):
        self._rows, self._fixed, self._mesh = rows, fixed, rows.operators.mesh
        self.values, self.diagonal = np.zeros(len(rows.entries[0])), np.zeros(self._mesh.owned)

    def shell(self):
        """The matrix, applied by the compiled text."""
        size = self._mesh.owned, self._mesh.nodes
        return PETSc.Mat().createPython((size, size), self, comm=self._mesh.comm)

    def petsc(self):
        """A matrix of PETSc for these entries."""
        size = self._mesh.owned, self._mesh.nodes
        csr = *self._rows.pattern, self.values
        matrix = PETSc.Mat().createAIJ((size, size), csr=csr, comm=self._mesh.comm)
        matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
        return matrix

    def mult(self, _, x, y):
        """What PETSc asks for."""
        values = self._rows.with_ghosts(x.array_r, "monotone")
        self._rows.call("multiply", self.values, self._fixed, values, y.array)

    def getDiagonal(self, _, diagonal):
        """What Jacobi asks for."""
        diagonal.array[:] = np.where(self._fixed, 1.0, self.diagonal)


def monotone_solver(matrix: PETSc.Mat, symmetric: bool, options: Options) -> PETSc.KSP:
    """The solver of monotone steps.

    Args:
        matrix: of such a step.
        symmetric: whether it always is: without migration and Dirichlet boundaries.
        options: PETSc options for it.

    Raises:
        ConfigError: for options that PETSc refuses or does not know.
    """
    solver = PETSc.KSP().create(matrix.comm)
    solver.setOperators(matrix)
    solver.setType("cg" if symmetric else "bcgs")
    solver.getPC().setType("jacobi")
    solver.setInitialGuessNonzero(True)
    solver.setTolerances(rtol=CLOSE, atol=1e-50, divtol=1e300, max_it=5000)
    with petsc_database("limiter", options) as prefix:
        solver.setOptionsPrefix(prefix)
        solver.setFromOptions()
        solver.setUp()
    return solver


def _free(amounts: Array, fixed: Nodes) -> Array:
    """Amounts at nodes whose concentration is not given; zero at the others."""
    amounts = amounts.copy()
    amounts[fixed] = 0.0
    return amounts

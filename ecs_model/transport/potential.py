"""The equations of electric potentials: of one space, or of two that a membrane joins.

A potential belongs to every distribution of charge that ions bring. One space: P psi = r with P the
stiffness with edges weighed by conductivity. Two spaces with potentials psi and psi + v + w and a
membrane that carries the current C w between them, v given:

    | P_o + P_g   P_g     | | d psi |   | r_o + r_g |
    | P_g         P_g + C | | d w   | = | r_g       |

which is symmetric. Conjugate gradients with algebraic multigrid, set up once from an even tissue.
"""

from ecs_model.native import PETSc

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import SAME, Matrices, add_to_diagonal
from ecs_model.transport.petsc_database import Options, petsc_database
from ecs_model.transport.swelling_matrices import Weighing

MARGIN = 1.25  # a smoother must not overshoot where there are more ions than on average
SMOOTHERS = {"mg_levels_ksp_type": "richardson", "mg_levels_pc_type": "sor"}
RTOL, MOST = 1e-3, 500
BLOCKS = ("psi", "w")  # of the bidomain equations


class Poisson:
    """The equation of the potential: stiffness with edges weighed by conductivity, and a leak.

    Args:
        operators: matrices of the tissue.
        ledger: of K+; Dirichlet boundaries are at potential zero.
        scale: conductivity on average [mM], for which multigrid is set up.
        leak: conductance to a space at potential zero at owned nodes [mol/s], as it begins; None
            where no current leaves.
        options: PETSc options for the solver.

    Attributes:
        grounded: owned nodes at potential zero; None if there are none anywhere.
        matrix: P, as of the last `weigh` or `follow`.
        solver: the PETSc KSP, once there is one.
    """

    def __init__(
        self,
        operators: Matrices,
        ledger: Ledger,
        scale: float,
        leak: Array | None = None,
        options: Options | None = None,
    ) -> None:
        self.operators, self._scale, self._leak = operators, MARGIN * scale, leak
        self._options = options or {}
        self.grounded = np.asarray(ledger.fixed, np.int32) if ledger.dirichlet else None
        self._weighing = Weighing(operators)
        self.matrix = operators.stiffness.copy()
        self._b, self._right = operators.vector()
        self._x, self._solution = operators.vector()
        self.solver: PETSc.KSP = None
        self._constants: PETSc.NullSpace = None
        if self.grounded is None and leak is None:
            self._constants = PETSc.NullSpace().create(constant=True, comm=operators.mesh.comm)

    def weigh(self, conductivity: Array) -> None:
        """Take over the conductivity at owned nodes [mM]; no node is grounded yet."""
        self._weighing(self.operators.stiffness, conductivity, self.matrix)

    def follow(self, conductivity: Array, leak: Array | None = None) -> None:
        """Take over conductivity [mM] and, where there is one, leak [mol/s] at owned nodes."""
        self.weigh(conductivity)
        if leak is not None:
            add_to_diagonal(self.matrix, leak)
        ground(self.matrix, self.grounded)
        if self.solver is None:
            if self._constants is not None:
                self.matrix.setNullSpace(self._constants)
            self.solver = self._new_solver(self.matrix)

    def try_options(self) -> None:
        """Raise ConfigError, before anything runs, for options that PETSc refuses."""
        self._new_solver(self.model()).destroy()

    def model(self) -> PETSc.Mat:
        """What multigrid is set up with, whenever a run begins: even, and invertible."""
        result = self.operators.at_rest.stiffness.copy()
        result.scale(self._scale)
        diagonal = result.getDiagonal()
        diagonal.scale(1 + 1e-6)
        result.setDiagonal(diagonal)
        diagonal.destroy()
        if self._leak is not None:
            add_to_diagonal(result, self._leak)
        ground(result, self.grounded)
        return result

    def _new_solver(self, matrix):
        solver = _conjugate_gradients(matrix, self.model())
        with petsc_database("potential", self._options, SMOOTHERS) as prefix:
            solver.setOptionsPrefix(prefix)
            _set_up_multigrid(solver)
        return solver

    @property
    def iterations(self) -> int:
        """Of the last solve."""
        return self.solver.getIterationNumber()

    def solve(self, right: Array) -> Array:
        """The change of the potential that `right` asks for."""
        self._right[:] = right
        if self.grounded is not None:
            self._right[self.grounded] = 0.0
        self._b.stateIncrease()
        if self._constants is not None:
            self._constants.remove(self._b)  # what solvers of the ions left over
        self.solver.solve(self._b, self._x)
        _refuse_failure(self.solver)
        return self._solution


class BidomainEquations:
    """The equations of two potentials and of the membrane between the spaces.

    Args:
        outside: Poisson of the space outside; its Dirichlet boundaries are at potential zero.
        inside: Poisson of the space inside.
        leak: conductance of the membrane at owned nodes [mol/s], as it begins.
        options: PETSc options for the solver.

    Attributes:
        solver: the PETSc KSP, once there is one.

    Raises:
        ConfigError: for options that PETSc refuses or does not know.
    """

    def __init__(
        self, outside: Poisson, inside: Poisson, leak: Array, options: Options | None = None
    ) -> None:
        self._outside, self._inside = outside, inside
        self._sum, self._leaky = (outside.matrix.copy() for _ in range(2))
        self._coupling = _Coupling(inside.matrix, outside.grounded)
        self._owned, comm = outside.operators.mesh.owned, outside.operators.mesh.comm
        (upper, lower), blocks = self._coupling.matrices, [self._sum, self._leaky]
        self._matrix = PETSc.Mat().createNest([[blocks[0], upper], [lower, blocks[1]]], comm=comm)
        size = (2 * self._owned, 2 * outside.operators.mesh.nodes)
        self._right, self._solution = (np.zeros(2 * self._owned) for _ in range(2))
        self._b = PETSc.Vec().createWithArray(self._right, size=size, comm=comm)
        self._x = PETSc.Vec().createWithArray(self._solution, size=size, comm=comm)
        self._start_leak = leak.copy()
        self.solver: PETSc.KSP = None
        self._even: PETSc.NullSpace = None
        self._options = options or {}
        if self._options:
            self._new_solver(self._model()).destroy()

    def follow(self, outside: Array, inside: Array, leak: Array) -> None:
        """Take over both conductivities [mM] and that of the membrane [mol/s] at owned nodes."""
        self._outside.weigh(outside)
        self._inside.weigh(inside)
        self._inside.matrix.copy(self._leaky, SAME)
        add_to_diagonal(self._leaky, leak)
        self._outside.matrix.copy(self._sum, SAME)
        self._sum.axpy(1.0, self._inside.matrix, structure=SAME)
        ground(self._sum, self._outside.grounded)
        self._coupling.follow()
        self._matrix.assemble()
        if self.solver is None:
            if self._outside.grounded is None:
                self._even = self._null_space()
                self._matrix.setNullSpace(self._even)
            self.solver = self._new_solver(self._matrix)

    def _model(self):
        """What multigrid is set up with: the blocks on the diagonal, even, and invertible."""
        inside, both = self._inside.model(), self._outside.model()
        both.axpy(1.0, inside, structure=SAME)
        ground(both, self._outside.grounded)
        add_to_diagonal(inside, self._start_leak)
        return PETSc.Mat().createNest([[both, None], [None, inside]], comm=both.comm)

    def _new_solver(self, matrix):
        solver, rows = _conjugate_gradients(matrix, self._model()), self._matrix.getNestISs()[0]
        with petsc_database("potential", self._options, _of_blocks(SMOOTHERS)) as prefix:
            solver.setOptionsPrefix(prefix)
            pc = _fieldsplit(solver, rows)
            solver.setFromOptions()
            solver.setUp()
            for block in pc.getFieldSplitSubKSP() if pc.getType() == "fieldsplit" else ():
                block.setType("preonly")
                _set_up_multigrid(block)
        return solver

    def _null_space(self):
        """The null space: both potentials may be anything that is the same everywhere."""
        even = self._b.duplicate()
        even.set(0.0)
        even.array[: self._owned] = 1.0
        even.normalize()
        return PETSc.NullSpace().create(vectors=[even], comm=even.comm)

    @property
    def iterations(self) -> int:
        """Of the last solve."""
        return self.solver.getIterationNumber()

    def solve(self, outside: Array, inside: Array) -> tuple[Array, Array]:
        """Changes of psi and w that the charges in the two spaces ask for."""
        np.add(outside, inside, out=self._right[: self._owned])
        self._right[self._owned :] = inside
        if self._outside.grounded is not None:
            self._right[self._outside.grounded] = 0.0
        self._b.stateIncrease()
        if self._even is not None:  # what the solvers of ions left over is no charge of the whole
            self._even.remove(self._b)
        self.solver.solve(self._b, self._x)
        _refuse_failure(self.solver)
        return self._solution[: self._owned], self._solution[self._owned :]


class _Coupling:
    """The blocks beside the diagonal: a matrix itself, but for nodes grounded in one space."""

    def __init__(self, matrix, grounded):
        self._matrix, self._grounded, self.matrices = matrix, grounded, (matrix, matrix)
        if grounded is not None:
            self.matrices = matrix.copy(), matrix.copy()
            self._mask = matrix.createVecLeft()
            self._mask.set(1.0)
            self._mask.array[grounded] = 0.0

    def follow(self):
        """Take over the matrix as it is now."""
        if self._grounded is not None:
            for copy, sides in zip(self.matrices, (("L", None), (None, "R")), strict=True):
                self._matrix.copy(copy, SAME)
                copy.diagonalScale(*(self._mask if side else None for side in sides))


def ground(matrix: PETSc.Mat, nodes: Nodes | None) -> None:
    """Cut nodes out of a matrix at which a potential is zero; none for None."""
    if nodes is not None:
        matrix.zeroRowsColumnsLocal(nodes, diag=1.0)


def _of_blocks(options):
    """Options of the preconditioner of each block, from those for all."""
    return {f"fieldsplit_{block}_{n}": v for block in BLOCKS for n, v in options.items()}


def _conjugate_gradients(matrix, model):
    solver = PETSc.KSP().create(matrix.comm)
    solver.setOperators(matrix, model)
    solver.setType("cg")
    solver.getPC().setReusePreconditioner(True)
    solver.setTolerances(rtol=RTOL, atol=1e-300, max_it=MOST)
    return solver


def _fieldsplit(solver, rows):
    """The preconditioner of a solver, split into BLOCKS of rows; they take over its prefix."""
    pc = solver.getPC()
    pc.setType("fieldsplit")
    pc.setFieldSplitType(PETSc.PC.CompositeType.ADDITIVE)
    pc.setFieldSplitIS(*zip(BLOCKS, rows, strict=True))
    return pc


def _set_up_multigrid(solver):
    """Set multigrid up, whose SMOOTHERS stay positive while the matrix moves away from the model.

    PETSc's database is to hold them meanwhile.
    """
    solver.getPC().setType("gamg")
    solver.getPC().setReusePreconditioner(True)
    solver.setFromOptions()
    solver.setUp()


def _refuse_failure(solver):
    if (reason := solver.getConvergedReason()) < 0:
        raise SolutionError(
            f"the equation of the potential does not converge (PETSc reason {reason}); try a "
            "shorter time.step"
        )

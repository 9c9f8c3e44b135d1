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
from ecs_model.transport.matrices import SAME, add_to_diagonal
from ecs_model.transport.swelling_matrices import Weighing

MARGIN = 1.25  # a smoother must not overshoot where there are more ions than on average
SMOOTHERS = {"mg_levels_ksp_type": "richardson", "mg_levels_pc_type": "sor"}
RTOL, MOST = 1e-3, 500


class Poisson:
    """The equation of the potential: stiffness with edges weighed by conductivity, and a leak.

    Args:
        operators: matrices of the tissue.
        ledger: of K+; baths are at potential zero.
        scale: conductivity on average [mM], for which multigrid is set up.
        leak: conductance to a space at potential zero at owned nodes [mol/s], as it begins; None
            where no current leaves.
    """

    def __init__(self, operators, ledger, scale, leak=None):
        self.operators, self._scale, self._leak = operators, MARGIN * scale, leak
        self.held = np.asarray(ledger.held, np.int32) if ledger.baths else None
        self._weighing = Weighing(operators)
        self.matrix = operators.stiffness.copy()
        self._b, self._right = operators.vector()
        self._x, self._solution = operators.vector()
        self._solver = self._constants = None
        if self.held is None and leak is None:
            self._constants = PETSc.NullSpace().create(constant=True, comm=operators.mesh.comm)

    def weigh(self, conductivity):
        """Take over the conductivity at owned nodes [mM]; no node is held yet."""
        self._weighing(self.operators.stiffness, conductivity, self.matrix)

    def follow(self, conductivity, leak=None):
        """Take over conductivity [mM] and, where there is one, leak [mol/s] at owned nodes."""
        self.weigh(conductivity)
        if leak is not None:
            add_to_diagonal(self.matrix, leak)
        ground(self.matrix, self.held)
        if self._solver is None:
            self._solver = self._made()

    def model(self):
        """What multigrid is set up with, whenever a run begins: even, and invertible."""
        result = self.operators.at_rest.stiffness.copy()
        result.scale(self._scale)
        diagonal = result.getDiagonal()
        diagonal.scale(1 + 1e-6)
        result.setDiagonal(diagonal)
        diagonal.destroy()
        if self._leak is not None:
            add_to_diagonal(result, self._leak)
        ground(result, self.held)
        return result

    def _made(self):
        if self._constants is not None:
            self.matrix.setNullSpace(self._constants)
        solver = _conjugate_gradients(self.matrix.comm, self.matrix, self.model())
        _multigrid(solver)
        return solver

    @property
    def iterations(self):
        """Of the last solve."""
        return self._solver.getIterationNumber()

    def solve(self, right):
        """The change of the potential that `right` asks for."""
        self._right[:] = right
        if self.held is not None:
            self._right[self.held] = 0.0
        self._b.stateIncrease()
        if self._constants is not None:
            self._constants.remove(self._b)  # what solvers of the ions left over
        self._solver.solve(self._b, self._x)
        _refuse_failure(self._solver)
        return self._solution


class Bidomain:
    """The equations of two potentials and of the membrane between the spaces.

    Args:
        outside: Poisson of the space outside; its baths are at potential zero.
        inside: Poisson of the space inside.
        leak: conductance of the membrane at owned nodes [mol/s], as it begins.
    """

    def __init__(self, outside, inside, leak):
        self._outside, self._inside = outside, inside
        self._sum, self._leaky = (outside.matrix.copy() for _ in range(2))
        self._coupling = _Coupling(inside.matrix, outside.held)
        self._owned, comm = outside.operators.mesh.owned, outside.operators.mesh.comm
        (upper, lower), blocks = self._coupling.matrices, [self._sum, self._leaky]
        self._matrix = PETSc.Mat().createNest([[blocks[0], upper], [lower, blocks[1]]], comm=comm)
        size = (2 * self._owned, 2 * outside.operators.mesh.nodes)
        self._right, self._solution = (np.zeros(2 * self._owned) for _ in range(2))
        self._b = PETSc.Vec().createWithArray(self._right, size=size, comm=comm)
        self._x = PETSc.Vec().createWithArray(self._solution, size=size, comm=comm)
        self._start_leak, self._solver, self._even = leak.copy(), None, None

    def follow(self, outside, inside, leak):
        """Take over both conductivities [mM] and that of the membrane [mol/s] at owned nodes."""
        self._outside.weigh(outside)
        self._inside.weigh(inside)
        self._inside.matrix.copy(self._leaky, SAME)
        add_to_diagonal(self._leaky, leak)
        self._outside.matrix.copy(self._sum, SAME)
        self._sum.axpy(1.0, self._inside.matrix, structure=SAME)
        ground(self._sum, self._outside.held)
        self._coupling.follow()
        self._matrix.assemble()
        if self._solver is None:
            self._solver = self._made()

    def _model(self):
        """What multigrid is set up with: the blocks on the diagonal, even, and invertible."""
        inside, both = self._inside.model(), self._outside.model()
        both.axpy(1.0, inside, structure=SAME)
        ground(both, self._outside.held)
        add_to_diagonal(inside, self._start_leak)
        return PETSc.Mat().createNest([[both, None], [None, inside]], comm=both.comm)

    def _made(self):
        if self._outside.held is None:
            self._even = self._null_space()
            self._matrix.setNullSpace(self._even)
        solver = _conjugate_gradients(self._matrix.comm, self._matrix, self._model())
        pc = solver.getPC()
        pc.setType("fieldsplit")
        pc.setFieldSplitType(PETSc.PC.CompositeType.ADDITIVE)
        rows, _ = self._matrix.getNestISs()
        pc.setFieldSplitIS(("psi", rows[0]), ("w", rows[1]))
        solver.setUp()
        for block in pc.getFieldSplitSubKSP():
            block.setType("preonly")
            _multigrid(block)
        return solver

    def _null_space(self):
        """The null space: both potentials may be anything that is the same everywhere."""
        even = self._b.duplicate()
        even.set(0.0)
        even.array[: self._owned] = 1.0
        even.normalize()
        return PETSc.NullSpace().create(vectors=[even], comm=even.comm)

    @property
    def iterations(self):
        """Of the last solve."""
        return self._solver.getIterationNumber()

    def solve(self, outside, inside):
        """Changes of psi and w that the charges in the two spaces ask for."""
        np.add(outside, inside, out=self._right[: self._owned])
        self._right[self._owned :] = inside
        if self._outside.held is not None:
            self._right[self._outside.held] = 0.0
        self._b.stateIncrease()
        if self._even is not None:  # what the solvers of ions left over is no charge of the whole
            self._even.remove(self._b)
        self._solver.solve(self._b, self._x)
        _refuse_failure(self._solver)
        return self._solution[: self._owned], self._solution[self._owned :]


class _Coupling:
    """The blocks beside the diagonal: a matrix itself, but for nodes held in one of the spaces."""

    def __init__(self, matrix, held):
        self._matrix, self._held, self.matrices = matrix, held, (matrix, matrix)
        if held is not None:
            self.matrices = matrix.copy(), matrix.copy()
            self._mask = matrix.createVecLeft()
            self._mask.set(1.0)
            self._mask.array[held] = 0.0

    def follow(self):
        """Take over the matrix as it is now."""
        if self._held is not None:
            for copy, sides in zip(self.matrices, (("L", None), (None, "R")), strict=True):
                self._matrix.copy(copy, SAME)
                copy.diagonalScale(*(self._mask if side else None for side in sides))


def ground(matrix, held):
    """Cut nodes out of a matrix at which a potential is zero; none for None."""
    if held is not None:
        matrix.zeroRowsColumnsLocal(held, diag=1.0)


def _conjugate_gradients(comm, matrix, model):
    solver = PETSc.KSP().create(comm)
    solver.setOperators(matrix, model)
    solver.setType("cg")
    solver.getPC().setReusePreconditioner(True)
    solver.setTolerances(rtol=RTOL, atol=1e-300, max_it=MOST)
    return solver


def _multigrid(solver):
    """Set multigrid up, with smoothers that stay positive while the matrix moves away."""
    solver.setOptionsPrefix("ecs_potential_")
    solver.getPC().setType("gamg")
    solver.getPC().setReusePreconditioner(True)
    database = PETSc.Options("ecs_potential_")
    for name, value in SMOOTHERS.items():
        database[name] = value
    solver.setFromOptions()
    solver.setUp()
    for name in SMOOTHERS:
        database.delValue(name)


def _refuse_failure(solver):
    if (reason := solver.getConvergedReason()) < 0:
        raise SolutionError(
            f"the equation of the potential does not converge (PETSc reason {reason}); try a "
            "shorter time.step"
        )

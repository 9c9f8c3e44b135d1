"""The equations of electric potentials: of one space, or of two that a membrane joins.

A potential belongs to every distribution of charge that ions bring. One space: P psi = r with P the
stiffness with edges weighed by conductivity. Two spaces with potentials psi and psi + v + w and a
membrane that carries the current C w between them, v given:

    | P_o + P_g   P_g     | | d psi |   | r_o + r_g |
    | P_g         P_g + C | | d w   | = | r_g       |

which is symmetric. Conjugate gradients with algebraic multigrid, set up once from an even tissue;
the matrices themselves are never stored. One space along a line: exact elimination.
"""

from ecs_model.native import PETSc

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.transport.currents import Current, Currents, shell
from ecs_model.transport.line_current import along_line
from ecs_model.transport.mass_balance import Ledger
from ecs_model.transport.matrices import SAME, add_to_diagonal, cut_out
from ecs_model.transport.multigrid import (
    MULTIGRID,
    conjugate_gradients,
    refuse_failure,
    residual,
    set_up_multigrid,
)
from ecs_model.transport.neighbours import Neighbours
from ecs_model.transport.petsc_database import Options, petsc_database

MARGIN = 1.25  # a smoother must not overshoot where there are more ions than on average
ROUGH = 0.2  # residual of potentials from which only the next step goes on
BLOCKS = ("psi", "w")  # of the bidomain equations


class Poisson:
    """The equation of the potential: stiffness with edges weighed by conductivity, and a leak.

    Args:
        rows: of the tissue.
        ledger: of K+; Dirichlet boundaries are at potential zero.
        scale: conductivity on average [mM], for which multigrid is set up.
        leak: conductance to a space at potential zero at owned nodes [mol/s], as it begins; None
            where no current leaves.
        options: PETSc options for the solver.
        space: a name for the space, other than that of another one of the same tissue.

    Attributes:
        rows: of the tissue.
        grounded: owned nodes at potential zero; None if there are none anywhere.
        current: P.
        solver: the PETSc KSP, once there is one.
        iterations: of the last solve.
    """

    def __init__(
        self,
        rows: Neighbours,
        ledger: Ledger,
        scale: float,
        leak: Array | None = None,
        options: Options | None = None,
        space: str = "outside",
    ) -> None:
        self.rows, self._scale, self._leak = rows, MARGIN * scale, leak
        self._options, operators = options or {}, rows.operators
        self.grounded = np.asarray(ledger.fixed, np.int32) if ledger.dirichlet else None
        self.current = Current(rows, self.grounded, space)
        self._b, self._right = operators.vector()
        self._x, self._solution = operators.vector()
        self.solver: PETSc.KSP = None
        self.iterations = 0
        self._line = None if self._options else along_line(rows, self.grounded)
        self._constants: PETSc.NullSpace = None
        if self.grounded is None and leak is None:
            self._constants = PETSc.NullSpace().create(constant=True, comm=operators.mesh.comm)

    def follow(self, conductivity: Array, leak: Array | None = None) -> None:
        """Take over conductivity [mM] and, where there is one, leak [mol/s] at owned nodes."""
        self.current.follow(conductivity, leak)

    def try_options(self) -> None:
        """Raise ConfigError, before anything runs, for options that PETSc refuses."""
        self._new_solver(self.model()).destroy()

    def model(self) -> PETSc.Mat:
        """What multigrid is set up with, whenever a run begins: even, and invertible."""
        at_rest = self.rows.operators.at_rest
        result = at_rest.over(self._scale * at_rest.entries[0])
        diagonal = result.getDiagonal()
        diagonal.scale(1 + 1e-6)
        result.setDiagonal(diagonal)
        diagonal.destroy()
        if self._leak is not None:
            add_to_diagonal(result, self._leak)
        cut_out(result, self.grounded)
        return result

    def _new_solver(self, matrix):
        solver = conjugate_gradients(matrix, self.model())
        with petsc_database("potential", self._options, MULTIGRID) as prefix:
            solver.setOptionsPrefix(prefix)
            set_up_multigrid(solver)
        return solver

    def _made(self):
        """The solver, made when it is first used."""
        if self.solver is None:
            matrix = shell(self.current, self._b)
            if self._constants is not None:
                matrix.setNullSpace(self._constants)
            self.solver = self._new_solver(matrix)
        return self.solver

    def solve(self, right: Array, rtol: float | None = None) -> Array:
        """The change of the potential that `right` asks for, to the usual residual or `rtol`."""
        self._right[:] = right
        self._solve(rtol)
        return self._solution

    def _solve(self, rtol):
        self._take_off()
        if self._line is not None:
            self.current.solve_along(self._line, self._right, self._solution)
            return
        with residual(self._made(), rtol) as solver:
            solver.solve(self._b, self._x)
        refuse_failure(self.solver)
        self.iterations = self.solver.getIterationNumber()

    def _take_off(self):
        """Take off the right side what no potential can drive away."""
        if self.grounded is not None:
            self._right[self.grounded] = 0.0
        self._b.stateIncrease()
        if self._constants is not None:
            self._constants.remove(self._b)  # what solvers of the ions left over

    def correct(self, right: Array, conductivity: Array) -> Array:
        """Roughly what `solve` gives, to a residual of ROUGH.

        Args:
            right: at owned nodes.
            conductivity: at owned nodes [mM].
        """
        self.follow(conductivity, self._leak)
        return self.solve(right, ROUGH)


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
        mesh = outside.rows.operators.mesh
        self._owned, comm = mesh.owned, mesh.comm
        size = (2 * self._owned, 2 * mesh.nodes)
        self._right, self._solution = (np.zeros(2 * self._owned) for _ in range(2))
        self._b = PETSc.Vec().createWithArray(self._right, size=size, comm=comm)
        self._x = PETSc.Vec().createWithArray(self._solution, size=size, comm=comm)
        self.currents = Currents(outside.current, inside.current)
        self._start_leak = leak.copy()
        self.solver: PETSc.KSP = None
        self._even: PETSc.NullSpace = None
        self._options = options or {}
        if self._options:
            self._new_solver(shell(self.currents, self._b)).destroy()

    def follow(self, outside: Array, inside: Array, leak: Array) -> None:
        """Take over both conductivities [mM] and that of the membrane [mol/s] at owned nodes."""
        self._outside.follow(outside)
        self._inside.follow(inside)
        self.currents.leak[:] = leak
        if self.solver is None:
            matrix = shell(self.currents, self._b)
            if self._outside.grounded is None:
                self._even = self._null_space()
                matrix.setNullSpace(self._even)
            self.solver = self._new_solver(matrix)

    def _model(self):
        """What multigrid is set up with: the blocks on the diagonal, even, and invertible."""
        inside, both = self._inside.model(), self._outside.model()
        both.axpy(1.0, inside, structure=SAME)
        cut_out(both, self._outside.grounded)
        add_to_diagonal(inside, self._start_leak)
        return PETSc.Mat().createNest([[both, None], [None, inside]], comm=both.comm)

    def _new_solver(self, matrix):
        model = self._model()
        solver, rows = conjugate_gradients(matrix, model), model.getNestISs()[0]
        with petsc_database("potential", self._options, _of_blocks(MULTIGRID)) as prefix:
            solver.setOptionsPrefix(prefix)
            pc = _fieldsplit(solver, rows)
            solver.setFromOptions()
            solver.setUp()
            for block in pc.getFieldSplitSubKSP() if pc.getType() == "fieldsplit" else ():
                block.setType("preonly")
                set_up_multigrid(block)
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

    def solve(
        self, outside: Array, inside: Array, rtol: float | None = None
    ) -> tuple[Array, Array]:
        """Changes of psi and w that the charges in the two spaces ask for.

        Args:
            outside: the first of these, at owned nodes.
            inside: the second.
            rtol: another residual than the usual one.
        """
        np.add(outside, inside, out=self._right[: self._owned])
        self._right[self._owned :] = inside
        if self._outside.grounded is not None:
            self._right[self._outside.grounded] = 0.0
        self._b.stateIncrease()
        if self._even is not None:  # what the solvers of ions left over is no charge of the whole
            self._even.remove(self._b)
        with residual(self.solver, rtol) as solver:
            solver.solve(self._b, self._x)
        refuse_failure(self.solver)
        return self._solution[: self._owned], self._solution[self._owned :]


def _of_blocks(options):
    """Options of the preconditioner of each block, from those for all."""
    return {f"fieldsplit_{block}_{n}": v for block in BLOCKS for n, v in options.items()}


def _fieldsplit(solver, rows):
    """The preconditioner of a solver, split into BLOCKS of rows; they take over its prefix."""
    pc = solver.getPC()
    pc.setType("fieldsplit")
    pc.setFieldSplitType(PETSc.PC.CompositeType.ADDITIVE)
    pc.setFieldSplitIS(*zip(BLOCKS, rows, strict=True))
    return pc

"""Synapses as a field: what arrives at a node of what the nodes around it send.

    phi - reach^2 Laplace(phi) = rate,   no flux through the surface

The kernel of axons and dendrites is exp(-|x|/reach) / (2 reach) on a line and its kin in two and
three dimensions; its integral is one, so that in uniform tissue phi is the rate. On the P1 mesh

    (M + reach^2 K) phi = M rate,   M = share of the consistent mass, the rest lumped

A half-consistent mass is of fourth order on a line with equal elements, lumped and consistent
masses are of second. After each step of the membranes phi is solved for and, until the next solve,
continued by a straight line through the last two (`membrane.drives`).

Reference for the kernel: Jirsa & Haken (1996), Phys Rev Lett 77, 960.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_model.native import PETSc

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.values import Array
from ecs_model.tissue.mesh import Mesh
from ecs_model.transport.linear_solver import conjugate_gradients
from ecs_model.transport.matrices import Operators
from ecs_model.transport.petsc_database import Options

# The matrix is far from its diagonal where elements are much smaller than the reach.
USUAL: Options = {
    "pc_type": "bjacobi",
    "sub_pc_type": "icc",
    "sub_pc_factor_shift_type": "positive_definite",
}
# Of incomplete Cholesky. More fill halves the iterations on lines and in planes; in space, where
# rows are long, it costs more than it saves (2-D: 51 ns a node and solve with none, 38 with two
# levels; 3-D: 77 and 122).
LEVELS = {1: 2, 2: 2, 3: 0}
# The tolerance is set anew for each solve: relative to nothing, which saves a pass.
ABSOLUTE: Options = {"ksp_rtol": 0.0, "ksp_converged_use_initial_residual_norm": True}
FLOOR = 1e-11  # [Hz] at a node: of the residual; nobody can tell silence from less


@dataclass(frozen=True)
class Drive:
    """A drive of the membranes between two solves, as arrays that they share.

    Attributes:
        since: time [s] that `value` belongs to, an array of one number.
        value: one value per owned node [Hz].
        slope: its change in time [Hz/s].
    """

    since: Array
    value: Array
    slope: Array


class Kind:
    """One kind of synapses: the linear system of its field.

    Args:
        mesh: the distributed mesh.
        name: of the kind, for messages.
        reach: of axons and dendrites [m].
        share: of the consistent mass.
        drive: the Drive that it brings.
        rtol: residual of a solve, relative to that of silence.
        options: PETSc options for the solver.

    Raises:
        ConfigError: on all processes, for options that PETSc refuses.
    """

    def __init__(
        self,
        mesh: Mesh,
        name: str,
        reach: float,
        share: float,
        drive: Drive,
        rtol: float,
        options: Options,
    ) -> None:
        ones = np.ones(len(mesh.cell_tags))
        operators = Operators(mesh, ones, reach**2 * ones, share)
        self.name, self.reach, self.drive = name, reach, drive
        self._mass = operators.mass
        self.solver = _solver(operators, rtol, options)
        self._rtol = 0.0 if options else rtol
        _, self._floor, *_ = self.solver.getTolerances()
        operators.stiffness.destroy()
        self._x, self._phi = operators.vector()
        self._b, _ = operators.vector()
        self._r, self._rate = operators.vector()
        self._expected = np.zeros(mesh.owned)

    def advance(self, t: float, rate: Array, span: float) -> float:
        """Solve for what arrives at the time `t` [s], and continue from there.

        Args:
            t: the time of the rate [s].
            rate: that is sent, one value per owned node [Hz].
            span: time since the last solve [s]; 0 for a field that begins, which stands still.

        Returns:
            Largest distance [Hz] of phi at this process's nodes from what was expected.

        Raises:
            SolutionError: on all processes, if the solver fails.
        """
        drive = self.drive
        expected = np.multiply(drive.slope, span, out=self._expected)
        expected += drive.value
        self._phi[:] = expected
        self._solve(t, rate)
        if span:
            np.subtract(self._phi, drive.value, out=drive.slope)
            np.divide(drive.slope, span, out=drive.slope)
        drive.value[:] = self._phi
        drive.since[:] = t
        expected -= self._phi
        return float(max(expected.max(initial=0.0), -expected.min(initial=0.0)))

    def _solve(self, t, rate):
        self._rate[:] = rate
        self._r.stateIncrease()
        self._mass.mult(self._r, self._b)
        if self._rtol:  # b rate >= b phi, the square of the natural norm of silence
            silence = np.sqrt(max(0.0, self._b.dot(self._r)))
            self.solver.setTolerances(atol=max(self._floor, self._rtol * silence))
        self._x.stateIncrease()
        self.solver.solve(self._b, self._x)
        if self.solver.getConvergedReason() <= 0:
            raise SolutionError(
                f"synapses '{self.name}': the solver failed at t = {t:.6g} s; try shorter steps"
            )


def _solver(operators, rtol, options):
    """The KSP of M + reach^2 K: conjugate gradients, incomplete Cholesky on every process."""
    fill = {"sub_pc_factor_levels": LEVELS[operators.mesh.dimension]}
    usual = {**USUAL, **fill, **({} if options else ABSOLUTE)}
    matrix = operators.mass.copy()
    matrix.axpy(1.0, operators.stiffness, structure=PETSc.Mat.Structure.SAME_NONZERO_PATTERN)
    return conjugate_gradients(operators, matrix, "synapses", options, rtol, FLOOR, usual=usual)


class Synapses:
    """All kinds of synapses of a tissue.

    Args:
        kinds: each a Kind and the function that gives the rate that it sends, one value per owned
            node [Hz], as the membranes are now.
        tolerance: of the local error of phi [Hz].

    Attributes:
        error: largest local error of phi at this process's nodes in the last solve, as a share of
            the tolerance.
        time: of the last solve [s].
        total_iterations: of all solves so far, in rejected steps, too.
    """

    def __init__(self, kinds: Sequence[tuple[Kind, Callable[[], Array]]], tolerance: float) -> None:
        self._kinds, self._tolerance = kinds, tolerance
        self.error, self.time, self.total_iterations = 0.0, 0.0, 0

    def begin(self, t: float) -> None:
        """Solve for the first time, at the time `t` [s]; nothing is known of what was before."""
        self._solve(t, 0.0)
        self.error = 0.0

    def advance(self, t: float) -> None:
        """Solve at the time `t` [s] that the membranes have come to.

        Raises:
            SolutionError: on all processes, if a solver fails.
        """
        self._solve(t, t - self.time)

    def _solve(self, t, span):
        worst = 0.0
        for kind, rate in self._kinds:
            worst = max(worst, kind.advance(t, rate(), span))
            self.total_iterations += kind.solver.getIterationNumber()
        self.time, self.error = t, worst / self._tolerance

    def state(self) -> dict[str, Any]:
        """Name -> value of all that the next step depends on, as `memory` says."""
        arrays = {}
        for kind, _ in self._kinds:
            arrays[f"{kind.name}/value"] = kind.drive.value
            arrays[f"{kind.name}/slope"] = kind.drive.slope
        return {**arrays, "time": self.time, "total_iterations": self.total_iterations}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        for kind, _ in self._kinds:
            kind.drive.value[:] = state[f"{kind.name}/value"]
            kind.drive.slope[:] = state[f"{kind.name}/slope"]
            kind.drive.since[:] = state["time"]
        self.time, self.total_iterations = state["time"], state["total_iterations"]


class NoSynapses:
    """Nodes that tell each other nothing but by ions."""

    error = 0.0

    def advance(self, t: float) -> None:
        """Nothing arrives."""

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Nothing."""

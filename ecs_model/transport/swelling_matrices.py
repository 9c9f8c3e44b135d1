"""The matrices of a tissue that swells: scaled edge by edge as alpha changes, never re-assembled.

Both matrices are sums over edges between nodes and a lumped mass. With alpha_0 and lambda_0 those
of assembly, and lambda = lambda_0 (alpha / alpha_0)^-p,

    K_ij = K0_ij (w_i + w_j) / 2,   w = (alpha / alpha_0)^(1 + 2 p);     lumped = alpha_i V_i

and the same for the edges of the mass with p = 0. Symmetry, conservation and order stay.

Reference for p: measured pairs of alpha and lambda, see `docs/tissue.md`.
"""

from ecs_model.native import PETSc

import numpy as np

from ecs_model.physics.values import Array
from ecs_model.transport.matrices import Matrices, Operators
from ecs_model.transport.neighbours import Neighbours


class Following:
    """The `Matrices` of the alpha that the nodes have now.

    Their entries are what transport reads; PETSc's matrices are made for solvers of PETSc that
    options ask for, and follow when they are asked for again.

    Args:
        operators: of the tissue at rest; not changed.
        alpha: array of owned nodes that changes elsewhere.
        rest: alpha at assembly, number or array.
        exponent: p of the tortuosity.
        moves: whether alpha changes; if not, it only differs from that of assembly.

    Attributes:
        alpha, exponent: as given; `alpha_rest`: at every owned node.
        rows: the rows of these matrices.
        entries: of stiffness and mass, row by row.
        version: grows with each change.
    """

    def __init__(
        self,
        operators: Operators,
        alpha: Array,
        rest: Array | float,
        exponent: float = 0.0,
        moves: bool = True,
    ) -> None:
        self.mesh, self.theta, self.vector = operators.mesh, operators.theta, operators.vector
        self.at_rest, self.alpha, self.exponent = operators, alpha, exponent
        self.alpha_rest = np.broadcast_to(rest, alpha.shape)
        self.rows = Neighbours(self)
        self._weights = np.zeros((self.rows.local, 2))
        self.entries = tuple(np.zeros_like(entries) for entries in operators.entries)
        self.lumped, self.version, self.moves = operators.lumped.copy(), 0, moves
        self._petsc: list[PETSc.Mat] = []
        self._petsc_version = 0
        self._take()

    @property
    def stiffness(self) -> PETSc.Mat:
        """Stiffness for PETSc, as it is now."""
        return self._for_petsc()[0]

    @property
    def mass(self) -> PETSc.Mat:
        """Mass for PETSc, as it is now."""
        return self._for_petsc()[1]

    def _for_petsc(self):
        if not self._petsc:
            self._petsc = [self.at_rest.stiffness.copy(), self.at_rest.mass.copy()]
        if self._petsc_version != self.version:
            for matrix, entries in zip(self._petsc, self.entries, strict=True):
                matrix.setValuesCSR(*self.rows.pattern, entries)
                matrix.assemble()
            self._petsc_version = self.version
        return self._petsc

    @property
    def fastest(self) -> float:
        """As that of the tissue at rest: what swells does not become much faster."""
        return self.at_rest.fastest

    def products(self, values: Array) -> tuple[Array, Array]:
        """Stiffness and mass times `values`, one per owned node."""
        flow, kept = np.zeros((2, len(values)))
        self.rows.call("products", *self.entries, self.rows.with_ghosts(values), flow, kept)
        return flow, kept

    def follow(self) -> None:
        """Take over alpha as it is now."""
        if self.moves:
            self._take()

    def _take(self):
        share = self._weights[: len(self.alpha), 1]
        np.divide(self.alpha, self.alpha_rest, out=share)
        np.power(share, 1 + 2 * self.exponent, out=self._weights[: len(share), 0])
        np.multiply(self.at_rest.lumped, share, out=self.lumped)
        self.rows.exchange(self._weights)
        rest = self.at_rest.entries
        self.rows.call("weigh", *rest, self._weights, self.lumped, *self.entries)
        self.version += 1


def rows_of(operators: Matrices) -> Neighbours:
    """The rows of the matrices of a tissue: those that one which swells has, or new ones."""
    return operators.rows if isinstance(operators, Following) else Neighbours(operators)

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
from ecs_model.transport.matrices import SAME, Matrices, Operators, add_to_diagonal


class Following:
    """The `Matrices` of the alpha that the nodes have now.

    Args:
        operators: of the tissue at rest; not changed.
        alpha: array of owned nodes that changes elsewhere.
        rest: alpha at assembly, number or array.
        exponent: p of the tortuosity.
        moves: whether alpha changes; if not, it only differs from that of assembly.

    Attributes:
        alpha, exponent: as given; `alpha_rest`: at every owned node.
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
        self._edges = operators.mass.copy()
        add_to_diagonal(self._edges, -operators.lumped)
        self._weighing = Weighing(operators)
        self.stiffness, self.mass = operators.stiffness.copy(), operators.mass.copy()
        self.lumped, self.version, self.moves = operators.lumped.copy(), 0, moves
        self._take()

    @property
    def fastest(self) -> float:
        """As that of the tissue at rest: what swells does not become much faster."""
        return self.at_rest.fastest

    def follow(self) -> None:
        """Take over alpha as it is now."""
        if self.moves:
            self._take()

    def _take(self):
        share = self.alpha / self.alpha_rest
        np.multiply(self.at_rest.lumped, share, out=self.lumped)
        self._weighing(self._edges, share, self.mass)
        add_to_diagonal(self.mass, self.lumped)
        self._weighing(self.at_rest.stiffness, share ** (1 + 2 * self.exponent), self.stiffness)
        self.version += 1


class Weighing:
    """Scales matrices whose rows add up to zero, edge by edge, by the mean of values at its ends.

    Args:
        operators: of the tissue, for the pattern of the matrices.
    """

    def __init__(self, operators: Matrices) -> None:
        self._scratch = operators.stiffness.copy()
        self._w, self._weights = operators.vector()
        self._r, self._row = operators.vector()

    def __call__(self, matrix: PETSc.Mat, weights: Array, out: PETSc.Mat) -> None:
        """Put `matrix` with weighed edges into `out`, of the same pattern."""
        self._weights[:] = weights
        self._w.stateIncrease()
        matrix.mult(self._w, self._r)
        matrix.copy(out, SAME)
        out.diagonalScale(self._w, None)
        matrix.copy(self._scratch, SAME)
        self._scratch.diagonalScale(None, self._w)
        out.axpy(1.0, self._scratch, structure=SAME)
        add_to_diagonal(out, -self._row)
        out.scale(0.5)

"""What potentials drive through tissue, edge by edge: the matrices of potentials, never stored."""

from ecs_model.native import PETSc

import numpy as np

from ecs_model.physics.values import Array, Nodes
from ecs_model.transport.line_current import AlongLine
from ecs_model.transport.neighbours import Neighbours


class Current:
    """P of one space, applied edge by edge; a context of PETSc's shell matrices.

    Args:
        rows: of the tissue.
        grounded: owned nodes at potential zero; None if there are none anywhere.
        space: a name for the space, other than that of another one of the same tissue.
    """

    def __init__(self, rows: Neighbours, grounded: Nodes | None, space: str) -> None:
        self.rows, self.grounded, self._buffer = rows, grounded, f"conductivity {space}"
        self._leak: Array | None = None
        self._conductivity: Array = np.empty(0)
        self._free = np.zeros(0 if grounded is None else rows.operators.mesh.owned)

    def follow(self, conductivity: Array, leak: Array | None) -> None:
        """Take over conductivity and leak at owned nodes, which stay as they are until the next."""
        self._conductivity = self.rows.with_ghosts(conductivity, self._buffer)
        self._leak = leak

    def of(self, psi: Array, out: Array) -> None:
        """Put the current of psi into `out`, without leak and as if no node were grounded."""
        stiffness, _ = self.rows.entries
        far = self.rows.of_ghosts([psi])
        self.rows.call("current", stiffness, self._conductivity, psi, far, out)

    def solve_along(self, line: AlongLine, charge: Array, out: Array) -> None:
        """Find the potential along a line that drives a charge [mol/s] at owned nodes away."""
        line.solve(self._conductivity, self._leak, charge, out)

    def mult(self, _: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """What PETSc asks for."""
        values, out = x.array_r, y.array
        free = values if self.grounded is None else self._free
        if self.grounded is not None:
            free[:] = values
            free[self.grounded] = 0.0
        self.of(free, out)
        if self._leak is not None:
            out += self._leak * free
        if self.grounded is not None:
            out[self.grounded] = values[self.grounded]


class Currents:
    """The matrix of two spaces, applied edge by edge; a context of PETSc's shell matrices.

    Args:
        outside, inside: Current of each space.

    Attributes:
        leak: conductance of the membrane between them at owned nodes [mol/s].
    """

    def __init__(self, outside: Current, inside: Current) -> None:
        self._outside, self._inside, self._grounded = outside, inside, outside.grounded
        owned = outside.rows.operators.mesh.owned
        self.leak, self._psi, self._sum, self._through = (np.zeros(owned) for _ in range(4))

    def mult(self, _: PETSc.Mat, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """What PETSc asks for."""
        values, out, owned = x.array_r, y.array, len(self._psi)
        self._psi[:] = values[:owned]
        if self._grounded is not None:
            self._psi[self._grounded] = 0.0
        np.add(self._psi, values[owned:], out=self._sum)
        self._inside.of(self._sum, self._through)
        self._outside.of(self._psi, out[:owned])
        out[:owned] += self._through
        np.multiply(self.leak, values[owned:], out=out[owned:])
        out[owned:] += self._through
        if self._grounded is not None:
            out[self._grounded] = values[self._grounded]


def shell(context: Current | Currents, like: PETSc.Vec) -> PETSc.Mat:
    """The matrix of a context, for vectors like one."""
    size = like.getSizes()
    return PETSc.Mat().createPython((size, size), context, comm=like.comm)

"""The tortuosity of a space between cells, from a mesh of that space.

Along an axis, the concentration is 0 on one side of the box and 1 on the other, and nothing passes
elsewhere. What flows then through the space between cells, of volume fraction alpha,

    F = alpha D / lambda^2 A / L,      F = D int |grad u|^2,

is what flows through a tissue of tortuosity lambda of the same area A and length L. The box may be
a piece of a lattice that mirror planes bound, such as an eighth of a period: of any other box, it
is the tortuosity of the lattice that it and its mirror images make.

References:
    Tao & Nicholson (2004), J Theor Biol 229, 59: lambda^2 = (3 - alpha) / 2 between convex cells.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ecs_model.native import PETSc

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.physics.values import Array
from ecs_model.tissue.mesh import Mesh
from ecs_model.transport.matrices import Operators, cut_out, free_dropped
from ecs_model.transport.multigrid import conjugate_gradients, refuse_failure

RTOL = 1e-8  # of the residual; the energy errs by its square
_SAME = 1e-9  # of a length of the box: nodes so close to a side lie on it
_AXES = "xyz"


@dataclass(frozen=True)
class Tortuosity:
    """What a mesh of the space between cells says about it.

    Attributes:
        alpha: its share of the box.
        along: axis -> tortuosity.
        nodes: of the mesh.
    """

    alpha: float
    along: dict[str, float]
    nodes: int

    @property
    def between_convex_cells(self) -> float:
        """The tortuosity that convex cells have at this alpha, by the law of the references."""
        d = len(self.along)
        return math.sqrt((d - self.alpha) / (d - 1))

    def lines(self) -> Iterator[str]:
        """The result in words."""
        law = self.between_convex_cells
        yield f"alpha         {self.alpha:.6g}   ({self.nodes:,} nodes)"
        for axis, value in self.along.items():
            yield f"lambda along {axis}   {value:.6g}   ({value / law - 1:+.2%} of the law)"
        yield f"convex cells  {law:.6g}   (sqrt((d - alpha) / (d - 1)), Tao & Nicholson 2004)"


def measured(mesh: Mesh) -> Tortuosity:
    """The Tortuosity of the space that a mesh fills; called on all processes.

    Args:
        mesh: of the space between cells in a box whose sides are those of the axes.

    Raises:
        ConfigError: on all processes, if the mesh has no such sides.
        SolutionError: on all processes, if an equation cannot be solved.
    """
    if mesh.is_surface:
        raise ConfigError("mesh: is a surface in space; tortuosity needs a plane or a volume")
    if mesh.dimension == 1:
        raise ConfigError("mesh: has one dimension; tortuosity needs two or three")
    low, high = (corner[: mesh.dimension] for corner in mesh.extent())
    box = float(np.prod(high - low))
    alpha = mesh.sum(mesh.volumes) / box
    ones = np.ones(len(mesh.cell_tags))
    operators = Operators(mesh, ones, ones, 0.0)
    along = {}
    for axis, name in enumerate(_AXES[: mesh.dimension]):
        length = float(high[axis] - low[axis])
        places = (mesh.coordinates[: mesh.owned, axis] - low[axis]) / length
        energy = _energy(operators, places, name)
        along[name] = math.sqrt(alpha * box / (energy * length**2))
    free_dropped(mesh.comm)
    return Tortuosity(alpha, along, mesh.nodes)


def _energy(operators: Operators, places: Array, axis: str) -> float:
    """Integral of |grad u|^2, where u is 0 and 1 at owned nodes whose places are 0 and 1."""
    fixed = np.flatnonzero((places < _SAME) | (places > 1 - _SAME)).astype(np.int32)
    _refuse_pointed(operators.mesh, places, axis)
    matrix = operators.stiffness.copy()
    cut_out(matrix, fixed)
    u, values = operators.vector(places.copy())
    b, right = operators.vector()
    change, _ = operators.vector()
    operators.stiffness.mult(u, b)
    right[fixed] = 0.0
    right *= -1.0
    _solve(matrix, b, change)
    u.axpy(1.0, change)
    operators.stiffness.mult(u, b)
    return operators.mesh.sum(values * right)


def _refuse_pointed(mesh: Mesh, places: Array, axis: str) -> None:
    """Raise ConfigError where a mesh only touches a side of its box, as a ball does."""
    for beside in (places < _SAME, places > 1 - _SAME):
        if (count := mesh.sum(beside)) < mesh.dimension:
            raise ConfigError(
                f"mesh: has {count:.0f} node at an end of the {axis} axis; tortuosity needs the "
                "space between cells in a box, with sides across the axes"
            )


def _solve(matrix: PETSc.Mat, b: PETSc.Vec, x: PETSc.Vec) -> None:
    solver = conjugate_gradients(matrix, matrix)
    solver.setTolerances(rtol=RTOL)
    solver.getPC().setType("gamg")
    solver.solve(b, x)
    refuse_failure(solver)
    solver.destroy()
    matrix.destroy()

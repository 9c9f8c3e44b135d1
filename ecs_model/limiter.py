"""Flux-corrected transport: where a step would make K+ negative, the same step without that.

A monotone step (lumped mass, backward Euler, positive couplings of obtuse cells removed) cannot
undershoot; the fluxes between nodes that distinguish the accurate step from it are added back as
far as K+ stays above the minimum around. Fluxes go from node to node, so that K+ is conserved.

References:
    Zalesak (1979), J Comput Phys 31, 335.
    Kuzmin & Turek (2002), J Comput Phys 175, 525: algebraic form for finite elements.
"""

from ecs_model.native import PETSc

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.operators import add_to_diagonal

ROUND_OFF = 1e-12  # [mM]


class Limiter:
    """Positive steps for one tissue; made when the first step needs it.

    Args:
        operators: matrices of the tissue.
        ledger: loads, exchanges and baths; books what the limited step brings.
        ratio: diffusivity of the ion relative to that of the matrices.
    """

    def __init__(self, operators, ledger, ratio=1.0):
        self._operators, self._ledger = operators, ledger
        self._graph = Graph(operators)
        self._ratio = ratio
        self._b, self._right = operators.vector()
        self._x, self._solution = operators.vector()
        self.refresh()

    def refresh(self):
        """Take over the matrices as they are now."""
        self._mass = self._graph.couplings(self._operators.mass)
        self._stiffness = self._ratio * self._graph.couplings(self._operators.stiffness)
        self._monotone = np.minimum(self._stiffness, 0.0)

    def advance(self, u, d, t, dt):
        """Take K+ `u` [mM] in place to the limited step; `d` is the unlimited increment."""
        graph, lumped, ledger = self._graph, self._operators.lumped, self._ledger
        loads = np.zeros_like(u)
        ledger.add_loads(loads, t, dt)
        z = u + self._monotone_increment(u, loads, dt)
        basic = -dt * self._monotone * graph.differences(z)
        extra = -dt * self._stiffness * graph.differences(u + d / 2) - basic
        extra -= self._mass * graph.differences(d)
        low = np.minimum(graph.lowest(u), graph.lowest(z))
        arriving = graph.sum(basic + self._allowed(extra, lumped * (low - z)) * extra)
        ledger.settle_limited(z, arriving, t, dt)
        gain = arriving + loads - dt * ledger.exchange * z
        gain[ledger.held] = 0.0
        u += gain / lumped
        u[(u < 0.0) & (u > -ROUND_OFF)] = 0.0

    def _allowed(self, flux, room):
        """Share of each flux that leaves every node above its lower bound."""
        drain = self._graph.sum(np.minimum(flux, 0.0))
        share = np.ones_like(drain)
        np.divide(room, drain, out=share, where=drain < 0.0)
        share = np.clip(share, 0.0, 1.0)
        share[self._ledger.held] = 1.0
        return np.where(flux < 0.0, self._graph.here(share), self._graph.there(share))

    def _monotone_increment(self, u, loads, dt):
        right = self._right
        right[:] = loads - dt * self._ledger.exchange * u
        right -= dt * self._graph.sum(self._monotone * self._graph.differences(u))
        right[self._ledger.held] = 0.0
        self._b.stateIncrease()
        solver, matrix = self._solver(dt)
        solver.solve(self._b, self._x)
        reason = solver.getConvergedReason()
        solver.destroy()
        matrix.destroy()
        if reason < 0:
            raise SolutionError(
                "K+ would become negative and the monotone step does not converge "
                f"(PETSc reason {reason}); try a shorter time.step"
            )
        return self._solution

    def _solver(self, dt):
        matrix = self._graph.matrix(dt * self._monotone)
        add_to_diagonal(matrix, self._operators.lumped + dt * self._ledger.exchange)
        held = self._ledger.held + matrix.getOwnershipRange()[0]
        matrix.zeroRowsColumns(held.astype(PETSc.IntType), diag=1.0)
        solver = PETSc.KSP().create(self._operators.mesh.comm)
        solver.setOperators(matrix)
        solver.setType("cg")
        solver.getPC().setType("jacobi")
        solver.setTolerances(rtol=1e-12, atol=1e-50, max_it=5000)
        return solver, matrix


class Graph:
    """Pairs of neighbouring nodes: every off-diagonal entry of an owned row of the matrices."""

    def __init__(self, operators):
        mesh, (pointers, columns, _) = operators.mesh, operators.stiffness.getValuesCSR()
        self._operators, self._columns, self._pointers = operators, columns, pointers
        rows = np.repeat(np.arange(mesh.owned), np.diff(pointers))
        first = operators.stiffness.getOwnershipRange()[0]
        self._diagonal = columns == rows + first
        self._rows = rows[~self._diagonal]
        needed, self._places = np.unique(columns[~self._diagonal], return_inverse=True)
        self._halo = PETSc.Vec().createSeq(len(needed))
        self._source, self._values = operators.vector()
        wanted = PETSc.IS().createGeneral(needed.astype(PETSc.IntType), comm=PETSc.COMM_SELF)
        self._scatter = PETSc.Scatter().create(self._source, wanted, self._halo, None)

    def couplings(self, matrix):
        """Entries of a matrix of the same pattern, one per pair."""
        return matrix.getValuesCSR()[2][~self._diagonal]

    def here(self, values):
        """The value at the first node of each pair."""
        return values[self._rows]

    def there(self, values):
        """The value at the second node of each pair, which another process may own."""
        self._values[:] = values
        self._source.stateIncrease()
        self._scatter.scatter(self._source, self._halo)
        return self._halo.array[self._places]

    def differences(self, values):
        """Second value minus first value of each pair."""
        return self.there(values) - self.here(values)

    def sum(self, pairs):
        """Sum over the pairs of each owned node."""
        return np.bincount(self._rows, pairs, self._operators.mesh.owned)

    def lowest(self, values):
        """The smallest value at each owned node and its neighbours."""
        result = values.copy()
        np.minimum.at(result, self._rows, self.there(values))
        return result

    def matrix(self, pairs):
        """A matrix with `pairs` off the diagonal and zero row sums."""
        values = np.empty(len(self._columns))
        values[~self._diagonal] = pairs
        values[self._diagonal] = -self.sum(pairs)
        size = (self._operators.mesh.owned, self._operators.mesh.nodes)
        csr = (self._pointers, self._columns, values)
        return PETSc.Mat().createAIJ((size, size), csr=csr, comm=self._operators.mesh.comm)

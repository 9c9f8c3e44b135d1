"""Several ions in the extracellular space, bound by electroneutrality.

Electroneutral Nernst-Planck: with psi = F Phi_e / R T,

    alpha dc_k/dt = div(alpha D_k/lambda^2 (grad c_k + z_k c_k grad psi)),   sum_k z_k c_k = fixed

Every ion takes its own Crank-Nicolson step in a given psi; the charge G that they then bring
together says how psi was wrong, P dpsi = A G / dt with P = sum_k z_k^2 D_k W(c_k) and A the matrix
of an ion of mean diffusivity. One or two rounds suffice, since diffusivities differ little. The
last ion is then what neutrality leaves, so that no node ever gains charge, whatever the tolerance.

Reference: Mori (2015), Physica D 308, 94; Qian & Sejnowski (1989), Biol Cybern 62, 1.
"""

import functools
from collections.abc import Iterable, Mapping

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.electrochemistry import thermal_voltage
from ecs_model.physics.ions import Ion
from ecs_model.physics.values import Array
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_correction import ElectricField
from ecs_model.transport.ions import Ions
from ecs_model.transport.linear_solver import ROUND_OFF
from ecs_model.transport.matrices import Matrices
from ecs_model.transport.petsc_database import Options, options_of
from ecs_model.transport.potential import Poisson

ROUNDS = 12


class Electrodiffusion(Ions):
    """Ions that electroneutrality binds.

    Args:
        operators: matrices of the tissue, with the diffusivity of K+.
        parts: ion -> Diffusion, K+ first; the last with the opposite sign follows from the others.
        temperature: [K].
        rtol: charge that a round may leave, relative to what moved.
        options: PETSc options, see `petsc_database`; those of the potential only matter where the
            ions find it by themselves.

    Attributes:
        psi: F Phi_e / R T at owned nodes.
        rounds: in the last step.
        mean_conductivity: of the ions as they begin, relative to K+ [mM].

    Raises:
        ConfigError: for options that PETSc refuses or does not know.
    """

    def __init__(
        self,
        operators: Matrices,
        parts: Mapping[Ion, Diffusion],
        temperature: float,
        rtol: float = 1e-3,
        options: Options | None = None,
    ) -> None:
        super().__init__(operators, parts)
        self.temperature, self.rtol, self.rounds = temperature, rtol, 0
        self._options = options_of("potential", options or {})
        self._v, self.psi = operators.vector()
        self.fields = {"Phi_e": ("mV", self.potential)}
        self._bound = _follower(self.parts)
        self._work, self._scratch = operators.vector()
        self._product, self._result = operators.vector()
        self._migrations = [np.zeros_like(self.psi) for _ in self.parts]
        self._halfway = [np.zeros_like(self.psi) for _ in self.parts]
        self.mean_conductivity, self._mean = self._means()
        if self._options:
            self.poisson.try_options()

    @functools.cached_property
    def poisson(self) -> Poisson:
        """The equation of the potential; made when first used."""
        ledger, scale = self._first.ledger, self.mean_conductivity
        return Poisson(self.operators, ledger, scale, options=self._options)

    def potential(self) -> Array:
        """Extracellular potential Phi_e [V] at owned nodes, zero on average or where grounded."""
        return thermal_voltage(self.temperature) * self.psi

    def arrays(self) -> dict[str, Array]:
        """The guesses of the next increments, and the potential."""
        return super().arrays() | {"psi": self.psi}

    def _means(self):
        """Mean conductivity [mM], and the diffusivity of an ion that stands for all."""
        comm, nodes = self.operators.mesh.comm, self.operators.mesh.nodes
        weights = [
            ion.valence**2 * ion.ratio * comm.allreduce(float(part.values.sum())) / nodes
            for ion, part in self.parts.items()
        ]
        slow = sum(w / ion.ratio for w, ion in zip(weights, self.parts, strict=True))
        return sum(weights), sum(weights) / slow if slow > 0 else 1.0

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance all ions by a step, as `Transport` describes it."""
        self.begin(t, dt, damped)
        self.poisson.follow(self.conductivity())
        for part in self.parts.values():
            part.prepare(t, dt)
        self._balance(dt)
        self.end(t, dt)

    def begin(self, t: float, dt: float, damped: bool = False) -> None:
        """Prepare a step: boundaries, guesses of the increments, and ions half-way."""
        super().begin(t, dt, damped)
        for part, mid in zip(self.parts.values(), self._halfway, strict=True):
            np.maximum(part.values + 0.5 * part.increment, 0.0, out=mid)

    def conductivity(self) -> Array:
        """Of the ions half-way through the step, relative to K+, at owned nodes [mM]."""
        pairs = zip(self.parts, self._halfway, strict=True)
        return _sum(ion.valence**2 * ion.ratio * mid for ion, mid in pairs)

    def _balance(self, dt):
        """Rounds of ions and potential until they bring no charge."""
        for self.rounds in range(1, ROUNDS + 1):
            self._solve_prepared(dt)
            if self.charge_is_small():
                return
            self.shift(self.poisson.solve(self.unbalanced(dt)))
        raise SolutionError("the potential does not converge; try a shorter time.step")

    def solve_ions(self, t: float, dt: float) -> None:
        """Find the increments of all ions in the potential as it is."""
        for part in self.parts.values():
            part.prepare(t, dt)
        self._solve_prepared(dt)

    def _solve_prepared(self, dt):
        for ion, part, mid, migration in zip(
            self.parts, self.parts.values(), self._halfway, self._migrations, strict=True
        ):
            self._migration(mid, -dt * ion.valence * ion.ratio, migration)
            part.solve(dt, migration)

    def _migration(self, mid, factor, out):
        """`factor` times the stiffness with edges weighed by `mid`, applied to psi."""
        np.multiply(mid, self._stiff(self.psi), out=out)
        out += self._stiff(mid * self.psi)
        out -= self.psi * self._stiff(mid)
        out *= factor / 2

    def _stiff(self, values):
        """The stiffness applied to `values`, in an array that the next call overwrites."""
        return self._applied(self.operators.stiffness, values)

    def _applied(self, matrix, values):
        self._scratch[:] = values
        self._work.stateIncrease()
        matrix.mult(self._work, self._product)
        return self._result

    def _charge(self):
        return _sum(ion.valence * part.increment for ion, part in self.parts.items())

    def charge_is_small(self) -> bool:
        """Whether the increments bring next to no charge; asks all processes."""
        charge = self._charge()
        moved = _sum(abs(ion.valence) * np.abs(p.increment) for ion, p in self.parts.items())
        squares = np.array([charge @ charge, moved @ moved])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, squares, MPI.SUM)
        nothing = 10 * ROUND_OFF * np.sqrt(self.operators.mesh.nodes)
        return not squares[0] > max(self.rtol**2 * squares[1], nothing**2)

    def unbalanced(self, dt: float) -> Array:
        """The current [mol/s] at owned nodes that has to be driven away."""
        charge = self._charge()
        right = self._first.implicitness * self._mean * self._stiff(charge)
        right += self._applied(self.operators.mass, charge) / dt
        return right

    def shift(self, change: Array) -> None:
        """Change psi at owned nodes; without Dirichlet boundaries it stays zero on average."""
        self.psi += change
        if not self._first.ledger.dirichlet:
            self.psi -= self._mean_of_psi()

    def _mean_of_psi(self):
        sums = np.array([self.operators.mesh.volumes @ self.psi, self.operators.mesh.volumes.sum()])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        return sums[0] / sums[1]

    def end(self, t: float, dt: float) -> None:
        """Close the balance of all ions but one; that one is what neutrality leaves."""
        pairs = zip(self.parts.items(), self._migrations, strict=True)
        for (ion, part), migration in pairs:
            if ion is not self._bound:
                self._end_free(ion, part, migration, t, dt)
        bound = self.parts[self._bound]
        bound.increment[:] = 0.0
        bound.increment[:] = -self._charge() / self._bound.valence
        bound.range.refuse_negative(t, dt)
        for part in self.parts.values():
            part.range.take()

    def _end_free(self, ion, part, migration, t, dt):
        """Close and book the step of an ion, and what the bound ion gets with it."""
        ledger, before = self.parts[self._bound].ledger, dict(part.ledger.given)
        part.close(t, dt, migration)
        part.settle(t, dt, migration, ElectricField(ion.valence, self.psi))
        for name in before.keys() & ledger.given.keys():
            given = part.ledger.given[name] - before[name]
            ledger.given[name] -= ion.valence / self._bound.valence * given


def _sum(arrays: Iterable[Array]) -> Array:
    return functools.reduce(np.add, arrays)


def _follower(parts):
    """The ion that follows from the others: abundant, and charged the other way than K+."""
    others = [ion for ion in parts if ion.valence < 0] or list(parts)[1:]
    return max(others, key=_abundance)


def _abundance(ion):
    """Something that grows with how much of an ion there is outside."""
    return ion.name == "Cl", ion.name == "Na"

"""Several ions in the extracellular space, bound by electroneutrality.

Electroneutral Nernst-Planck: with psi = F Phi_e / R T,

    alpha dc_k/dt = div(alpha D_k/lambda^2 (grad c_k + z_k c_k grad psi)),   sum_k z_k c_k = fixed

Every ion takes its own Crank-Nicolson step in a given psi, extrapolated from the last two steps;
the charge G that they then bring together says how psi was wrong, P dpsi = A G / dt with
P = sum_k z_k^2 D_k W(c_k) and A the matrix of an ion of mean diffusivity. Where G is small, one
V-cycle finds dpsi well enough: psi is corrected for the next step, in which dpsi also acts once
more, as it came too late for this one. Where G is not small, as after a jump, the step is done
again in psi + dpsi. The last ion is what neutrality leaves, so that no node ever gains charge,
whatever the tolerance.

Reference: Mori (2015), Physica D 308, 94; Qian & Sejnowski (1989), Biol Cybern 62, 1.
"""

import functools
from collections.abc import Mapping, Sequence

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.physics.electrochemistry import thermal_voltage
from ecs_model.physics.ions import Ion
from ecs_model.physics.values import Array
from ecs_model.transport import electrodes
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_correction import ElectricField
from ecs_model.transport.flux_limiter import ranges_left
from ecs_model.transport.increments import Increments
from ecs_model.transport.ions import Ions
from ecs_model.transport.linear_solver import ROUND_OFF
from ecs_model.transport.matrices import Matrices
from ecs_model.transport.petsc_database import Options, options_of
from ecs_model.transport.potential import Poisson

ROUNDS = 12
SHORTER = 0.5  # of the last step: what came too late for it may act in one of this length


class Electrodiffusion(Ions):
    """Ions that electroneutrality binds.

    Args:
        operators: matrices of the tissue, with the diffusivity of K+.
        parts: ion -> Diffusion, K+ first; the last with the opposite sign follows from the others.
        temperature: [K].
        rtol: charge that a step may leave, relative to what moved.
        options: PETSc options, see `petsc_database`; those of the potential only matter where the
            ions find it by themselves.
        currents: through boundaries; their ions are among the sources of the parts.

    Attributes:
        psi: F Phi_e / R T at owned nodes, half-way through the last step.
        acting: what moved the ions in it: psi as it was expected, and what was missing before.
        charge: that the last round brought to owned nodes [mM].
        conductivity: of the ions half-way through it, relative to K+ [mM].
        carried: share of what came too late that acts in the last step.
        is_neutral: whether that charge is no more than round-off.
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
        currents: Sequence[electrodes.Current] = (),
    ) -> None:
        super().__init__(operators, parts)
        self._currents = list(currents)
        self.temperature, self.rtol, self.rounds = temperature, rtol, 0
        self._options = options_of("potential", options or {})
        owned = operators.mesh.owned
        self.psi, self.acting, self.charge, self.conductivity = _arrays(owned, 4)
        (self._rate,) = _arrays(owned, 1)  # of psi [1/s]; within a step, what psi was before it
        self._late, self._excess = _arrays(owned, 2)  # change of psi that came too late; its charge
        self._ahead = 0.0  # from the middle of the last step to that of this one [s]
        self._volume = operators.mesh.sum(operators.mesh.volumes)
        self.fields = {"Phi_e": ("mV", self.potential)}
        self._bound = _follower(self.parts)
        self._bound_index, self.carried = list(self.parts).index(self._bound), 0.0
        self.is_neutral, self._at_once = True, 0.0  # square of the charge of a first round
        self._nothing = 100 * ROUND_OFF**2 * operators.mesh.nodes  # square of round-off
        self.mean_conductivity, self._mean = self._means()
        if self._options:
            self.poisson.try_options()

    @functools.cached_property
    def increments(self) -> Increments:
        """What finds the increments of all ions."""
        return Increments(self.rows, self.movers(), [ion.valence for ion in self.parts])

    @functools.cached_property
    def poisson(self) -> Poisson:
        """The equation of the potential; made when first used."""
        ledger, scale = self._first.ledger, self.mean_conductivity
        return Poisson(self.rows, ledger, scale, options=self._options)

    def potential(self) -> Array:
        """Extracellular potential Phi_e [V] at owned nodes, zero on average or where grounded."""
        return thermal_voltage(self.temperature) * self.psi

    def arrays(self) -> dict[str, Array]:
        """The guesses of the next increments, the potential, and what is known of its error."""
        mine = {"psi": self.psi, "psi_rate": self._rate}
        return super().arrays() | mine | {"psi_late": self._late, "charge_late": self._excess}

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
        self._balance(t, dt)
        self.end(t, dt)
        if not self.is_neutral:
            self.shift(self.poisson.correct(self.unbalanced(dt), self.conductivity))
        self.learn()

    def begin(self, t: float, dt: float, damped: bool = False) -> None:
        """Prepare a step: boundaries, and guesses of the increments and of the potential."""
        last = self._first.last_step
        super().begin(t, dt, damped)
        self._ahead = 0.5 * (last + dt) if last else 0.0
        expected = self._expected(damped)
        self._rate[:] = self.psi
        self.psi[:] = expected
        unit = thermal_voltage(self.temperature)
        electrodes.hold(self._first.ledger.dirichlet, self.psi, t, t + dt, unit)
        self.carried = last / dt if not damped and dt >= SHORTER * last else 0.0
        self._late *= self.carried
        if not self.carried:
            self._excess[:] = 0.0
        np.add(self.psi, self._late, out=self.acting)

    def _expected(self, damped):
        """The potential of this step, as the last two let expect it; in a buffer."""
        expected = self.rows.buffer("middle", self.psi.shape)
        np.multiply(self._rate, 0.0 if damped else self._ahead, out=expected)
        expected += self.psi
        return expected

    def _balance(self, t, dt):
        """Rounds of ions and potential until they bring hardly any charge."""
        for self.rounds in range(1, ROUNDS + 1):
            self.solve_ions(t, dt)
            if self.charge_is_small(self.rounds == 1):
                return
            self.poisson.follow(self.conductivity)
            self.act(self.poisson.solve(self.unbalanced(dt)))
        names = " and ".join(current.name for current in self._currents)
        less = f"less current through {names}, or " if names else ""
        raise SolutionError(f"the potential does not converge; try {less}a shorter time.step")

    def solve_ions(self, t: float, dt: float) -> None:
        """Find the increments of all ions in the potential that is `acting`."""
        self.increments.prepare(t, dt)
        self.increments.solve(dt, self.acting)

    def charge_is_small(self, at_once: bool) -> bool:
        """Whether the increments bring next to no charge; asks all processes.

        Args:
            at_once: whether they do so in the potential that was expected. That is as good as
                steps are, of second order, and what it lacks acts in the next one: the charge may
                be the root of `rtol`, as long as the bound ion can take it.
        """
        arrays = self._excess, self.charge, self.conductivity
        brought, moved, lacking = self.increments.charge(self._bound_index, *arrays).tolist()
        if not at_once:  # currents may pass through a tissue in which nothing changes
            moved = max(moved, self._at_once)
        self._at_once = brought if at_once else self._at_once
        self.is_neutral = brought <= self._nothing
        allowed = self.rtol if at_once and not lacking else self.rtol**2  # of squares
        return self.is_neutral or not brought > allowed * moved

    def unbalanced(self, dt: float) -> Array:
        """The current [mol/s] at owned nodes that has to be driven away; overwritten soon."""
        counted = self._first.implicitness * self._mean * dt
        charge = self.rows.with_ghosts(self.charge, "charge")
        right = self.rows.buffer("middle", self.charge.shape)
        self.rows.call("implicit", *self.rows.entries, counted, charge, right)
        right /= dt
        return right

    def shift(self, change: Array) -> None:
        """Change psi at owned nodes; without Dirichlet boundaries it stays zero on average."""
        self.psi += change
        if not self._first.ledger.dirichlet:
            mesh = self.operators.mesh
            self.psi -= mesh.sum(mesh.volumes * self.psi) / self._volume

    def act(self, change: Array) -> None:
        """Change psi, and with it what acts in this step."""
        self.shift(change)
        np.add(self.psi, self._late, out=self.acting)

    def learn(self, elsewhere: float = 0.0) -> None:
        """Note how fast psi changes, and what came too late; the next step goes on from there.

        Args:
            elsewhere: charge [mol] that the step left at them in a space beside this one.
        """
        self._late += self.psi
        self._late -= self.acting
        self._forget_total(elsewhere)
        if self._ahead:
            np.subtract(self.psi, self._rate, out=self._rate)
            self._rate /= self._ahead
        else:
            self._rate[:] = 0.0

    def _forget_total(self, elsewhere):
        """Forget the charge that no potential can drive away, as the solvers of ions left it."""
        ledger, lumped = self._first.ledger, self.operators.lumped
        if ledger.dirichlet:
            self._excess[ledger.fixed] = 0.0
        else:
            sums = np.array([lumped @ self._excess + elsewhere, lumped.sum()])
            if self.operators.mesh.comm.size > 1:
                self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
            self._excess -= sums[0] / sums[1]

    @property
    def total_excess(self) -> float:
        """Charge [mol] that the last step left at this process's nodes."""
        return float(self.operators.lumped @ self._excess)

    def end(self, t: float, dt: float) -> None:
        """Close the balance of all ions but one; that one is what neutrality leaves."""
        bound = self.parts[self._bound]
        before = dict(bound.ledger.given)
        self._end_free(t, dt)
        least = self.increments.bind(self._bound_index)
        migration = self.increments.migrations[self._bound_index]
        electrodes.book(self._currents, bound, self._bound.valence, migration, before, t, dt)
        bound.range.refuse_negative(t, dt, least)
        for part in self.parts.values():
            part.range.take()
        self._excess[:] = self.charge

    def _end_free(self, t, dt):
        """Close and book the step of all ions but one, and what that one gets with each."""
        bound = self.parts[self._bound]
        self.increments.close(t, dt, self.acting, bound)
        pairs = zip(self.parts.items(), self.increments.migrations, strict=True)
        free = [(ion, part, m) for (ion, part), m in pairs if part is not bound]
        ranges, migrations = [part.range for _, part, _ in free], [m for _, _, m in free]
        left = ranges_left(ranges, t, dt, migrations)
        for (ion, part, migration), is_left in zip(free, left, strict=True):
            before = dict(part.ledger.given)
            field = ElectricField(ion.valence, self.acting)
            part.settle(t, dt, is_left, migration, field)
            self._book_bound(bound.ledger, ion, part.ledger, before)

    def _book_bound(self, ledger, ion, given_ledger, before):
        """Book what the bound ion got with another one."""
        for name in before.keys() & ledger.given.keys():
            given = given_ledger.given[name] - before[name]
            ledger.given[name] -= ion.valence / self._bound.valence * given


def _follower(parts):
    """The ion that follows from the others: abundant, and charged the other way than K+."""
    others = [ion for ion in parts if ion.valence < 0] or list(parts)[1:]
    by_name = {ion.name: ion for ion in others}
    return by_name.get("Cl") or by_name.get("Na") or others[0]


def _arrays(size, count):
    """So many arrays of zeros."""
    return [np.zeros(size) for _ in range(count)]

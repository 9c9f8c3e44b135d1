"""Several ions in the extracellular space: each by itself, or bound by electroneutrality.

Electroneutral Nernst-Planck: with psi = F Phi_e / R T,

    alpha dc_k/dt = div(alpha D_k/lambda^2 (grad c_k + z_k c_k grad psi)),   sum_k z_k c_k = fixed

Every ion takes its own Crank-Nicolson step in a given psi; the charge G that they then bring
together says how psi was wrong, P dpsi = A G / dt with P = sum_k z_k^2 D_k W(c_k) and A the matrix
of an ion of mean diffusivity. One or two rounds suffice, since diffusivities differ little. The
last ion is then what neutrality leaves, so that no node ever gains charge, whatever the tolerance.

Reference: Mori (2015), Physica D 308, 94; Qian & Sejnowski (1989), Biol Cybern 62, 1.
"""

from ecs_model.native import MPI, PETSc

import numpy as np

from ecs_model.electrochemistry import thermal_voltage
from ecs_model.errors import SolutionError
from ecs_model.following import Weighing

ROUNDS = 12
MARGIN = 1.25  # a smoother must not overshoot where there are more ions than on average
SMOOTHERS = {"mg_levels_ksp_type": "richardson", "mg_levels_pc_type": "sor"}


class Ions:
    """Ions that diffuse side by side. Attributes and methods as those of `Diffusion`.

    Args:
        operators: matrices of the tissue, with the diffusivity of K+.
        parts: ion -> Diffusion, K+ first.
    """

    def __init__(self, operators, parts):
        self.operators, self.parts = operators, dict(parts)
        self.ledger = Ledgers(self.parts)
        self.fields: dict = {}

    def advance(self, t, dt):
        """Advance all ions from time `t` [s] by `dt` [s]; SolutionError as that of `Diffusion`."""
        self.operators.follow()
        for part in self.parts.values():
            part.advance_in_place(t, dt)

    def hold(self, t):
        """Set nodes at baths to the concentrations of the bath at time `t` [s]."""
        for part in self.parts.values():
            part.hold(t)

    @property
    def memory(self):
        """Name -> array, beside the ions themselves, on which the next step depends."""
        return {f"increment_{ion.name}": part.increment for ion, part in self.parts.items()}

    def restore(self, memory, last_step):
        """Continue from a checkpoint."""
        for name, array in self.memory.items():
            array[:] = memory[name]
        self.last_step = last_step

    @property
    def last_step(self):
        """The last step [s]."""
        return self._first.last_step

    @last_step.setter
    def last_step(self, dt):
        for part in self.parts.values():
            part.last_step = dt

    @property
    def _first(self):
        return next(iter(self.parts.values()))

    @property
    def limited(self):
        """Steps in which the limiter had to keep K+ positive."""
        return self._first.limited

    @limited.setter
    def limited(self, count):
        self._first.limited = count

    @property
    def iterations(self):
        """Of the last solves of all ions."""
        return sum(part.iterations for part in self.parts.values())

    @property
    def total_iterations(self):
        """Of all solves of all ions so far."""
        return sum(part.total_iterations for part in self.parts.values())

    @total_iterations.setter
    def total_iterations(self, count):
        for part in self.parts.values():
            part.total_iterations = 0
        self._first.total_iterations = count


class Ledgers:
    """The ledgers of several ions as one; names of other ions than K+ say which."""

    def __init__(self, parts):
        self._ledgers = {ion.name: part.ledger for ion, part in parts.items()}

    def of(self, ion):
        """The ledger of an ion."""
        return self._ledgers[ion]

    @property
    def given(self):
        """Name -> amount [mol]."""
        return {
            _label(ion, name): amount
            for ion, ledger in self._ledgers.items()
            for name, amount in ledger.given.items()
        }

    @given.setter
    def given(self, amounts):
        for ion, ledger in self._ledgers.items():
            ledger.given = {name: amounts[_label(ion, name)] for name in ledger.given}

    @property
    def loads(self):
        """All loads."""
        return [x for ledger in self._ledgers.values() for x in ledger.loads]

    @property
    def exchanges(self):
        """All exchanges."""
        return [x for ledger in self._ledgers.values() for x in ledger.exchanges]

    @property
    def baths(self):
        """All baths."""
        return [x for ledger in self._ledgers.values() for x in ledger.baths]


def _label(ion, name):
    return name if ion == "K" else f"{name} ({ion})"


class Electrodiffusion(Ions):
    """Ions that electroneutrality binds.

    Args:
        operators: matrices of the tissue, with the diffusivity of K+.
        parts: ion -> Diffusion, K+ first; the last with the opposite sign follows from the others.
        temperature: [K].
        rtol: charge that a round may leave, relative to what moved.

    Attributes:
        psi: F Phi_e / R T at owned nodes.
        rounds: in the last step.
    """

    def __init__(self, operators, parts, temperature, rtol=1e-3):
        super().__init__(operators, parts)
        self.temperature, self.rtol, self.rounds = temperature, rtol, 0
        self._v, self.psi = operators.vector()
        self.fields = {"Phi_e": ("mV", self.potential)}
        self._bound = _follower(self.parts)
        self._work, self._scratch = operators.vector()
        self._product, self._result = operators.vector()
        self._drifts = [np.zeros_like(self.psi) for _ in self.parts]
        self._mids = [np.zeros_like(self.psi) for _ in self.parts]
        total, self._mean = self._means()
        self._poisson = _Poisson(operators, self._first.ledger, MARGIN * total)

    def potential(self):
        """Extracellular potential Phi_e [V] at owned nodes, zero on average or at baths."""
        return thermal_voltage(self.temperature) * self.psi

    @property
    def memory(self):
        """As that of `Ions`, and the potential."""
        return super().memory | {"psi": self.psi}

    def _means(self):
        """Mean conductivity [mM], and the diffusivity of an ion that stands for all."""
        comm, nodes = self.operators.mesh.comm, self.operators.mesh.nodes
        weights = [
            ion.valence**2 * ion.ratio * comm.allreduce(float(part.values.sum())) / nodes
            for ion, part in self.parts.items()
        ]
        slow = sum(w / ion.ratio for w, ion in zip(weights, self.parts, strict=True))
        return sum(weights), sum(weights) / slow if slow > 0 else 1.0

    def advance(self, t, dt):
        """Advance all ions from time `t` [s] by `dt` [s]; SolutionError as that of `Diffusion`."""
        self.operators.follow()
        for part, mid in zip(self.parts.values(), self._mids, strict=True):
            part.start(t, dt)
            np.maximum(part.values + 0.5 * part.increment, 0.0, out=mid)
        self._poisson.follow(self._conductivity())
        self._balance(dt)
        self._finish(t, dt)

    def _conductivity(self):
        pairs = zip(self.parts, self._mids, strict=True)
        return sum(ion.valence**2 * ion.ratio * mid for ion, mid in pairs)

    def _balance(self, dt):
        """Rounds of ions and potential until they bring no charge."""
        for self.rounds in range(1, ROUNDS + 1):
            self._solve_ions(dt)
            if self._charge_is_small():
                return
            self._correct(dt)
        raise SolutionError("the potential does not converge; try a shorter time.step")

    def _solve_ions(self, dt):
        for ion, part, mid, drift in zip(
            self.parts, self.parts.values(), self._mids, self._drifts, strict=True
        ):
            self._drift(mid, -dt * ion.valence * ion.ratio, drift)
            part.solve(dt, drift)

    def _drift(self, mid, factor, out):
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
        return sum(ion.valence * part.increment for ion, part in self.parts.items())

    def _charge_is_small(self):
        charge = self._charge()
        moved = sum(abs(ion.valence) * np.abs(p.increment) for ion, p in self.parts.items())
        squares = np.array([charge @ charge, moved @ moved])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, squares, MPI.SUM)
        nothing = 1e-13 * np.sqrt(self.operators.mesh.nodes)
        return not squares[0] > max(self.rtol**2 * squares[1], nothing**2)

    def _correct(self, dt):
        """Change psi so that the charge of the last round would not have come."""
        charge = self._charge()
        right = 0.5 * self._mean * self._stiff(charge)
        right += self._applied(self.operators.mass, charge) / dt
        self.psi += self._poisson.solve(right)
        if not self._first.ledger.baths:
            self.psi -= self._mean_of_psi()

    def _mean_of_psi(self):
        sums = np.array([self.operators.mesh.volumes @ self.psi, self.operators.mesh.volumes.sum()])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        return sums[0] / sums[1]

    def _finish(self, t, dt):
        """Close the balance of all ions but one; that one is what neutrality leaves."""
        z, bound = self._bound.valence, self.parts[self._bound]
        free = {
            ion: (part, drift)
            for (ion, part), drift in zip(self.parts.items(), self._drifts, strict=True)
            if ion is not self._bound
        }
        for part, drift in free.values():
            part.close(t, dt, drift)
        bound.increment[:] = 0.0
        bound.increment[:] = -self._charge() / z
        self._refuse_negative()
        for ion, (part, drift) in free.items():
            before = dict(part.ledger.given)
            part.book(t, dt, drift)
            for name in before.keys() & bound.ledger.given.keys():
                given = part.ledger.given[name] - before[name]
                bound.ledger.given[name] -= ion.valence / z * given
        bound.values += bound.increment

    def _refuse_negative(self):
        lowest = min(
            float((part.values + part.increment).min(initial=0.0)) for part in self.parts.values()
        )
        if not self.operators.mesh.comm.allreduce(lowest, MPI.MIN) >= 0.0:
            raise SolutionError(
                "a concentration would become negative in an electrodiffusion step; try a shorter "
                "time.step, smaller cells or solver.theta = 0"
            )


def _follower(parts):
    """The ion that follows from the others: abundant, and charged the other way than K+."""
    others = [ion for ion in parts if ion.valence < 0] or list(parts)[1:]
    return max(others, key=lambda ion: (ion.name == "Cl", ion.name == "Na"))


def _set_smoothers(solver):
    """Smoothers that stay positive while the matrix moves away from that of the set-up."""
    database = PETSc.Options("ecs_potential_")
    for name, value in SMOOTHERS.items():
        database[name] = value
    solver.setFromOptions()
    solver.setUp()
    for name in SMOOTHERS:
        database.delValue(name)


class _Poisson:
    """The equation of the potential: stiffness with edges weighed by conductivity.

    Args:
        operators: matrices of the tissue.
        ledger: of K+; baths are at potential zero.
        scale: conductivity for which multigrid is set up [mM], not below the true one.
    """

    def __init__(self, operators, ledger, scale):
        self._operators, self._scale = operators, scale
        self._held = np.asarray(ledger.held, np.int32) if ledger.baths else None
        self._weighing = Weighing(operators)
        self._matrix = operators.stiffness.copy()
        self._b, self._right = operators.vector()
        self._x, self._solution = operators.vector()
        self._solver = None
        comm = operators.mesh.comm
        self._constants = PETSc.NullSpace().create(constant=True, comm=comm)

    def follow(self, conductivity):
        """Take over the conductivity at owned nodes [mM]."""
        self._weighing(self._operators.stiffness, conductivity, self._matrix)
        self._ground(self._matrix)
        if self._solver is None:
            self._solver = self._made()

    def _model(self):
        """What multigrid is set up with, whenever a run begins: even, and invertible."""
        result = self._operators.at_rest.stiffness.copy()
        result.scale(self._scale)
        diagonal = result.getDiagonal()
        diagonal.scale(1 + 1e-6)
        result.setDiagonal(diagonal)
        self._ground(result)
        return result

    def _ground(self, matrix):
        """Cut the nodes at baths out, where the potential is zero."""
        if self._held is not None:
            matrix.zeroRowsColumnsLocal(self._held, diag=1.0)

    def _made(self):
        comm = self._operators.mesh.comm
        if self._held is None:
            self._matrix.setNullSpace(self._constants)
        solver = PETSc.KSP().create(comm)
        solver.setOptionsPrefix("ecs_potential_")
        solver.setOperators(self._matrix, self._model())
        solver.setType("cg")
        solver.getPC().setType("gamg")
        solver.getPC().setReusePreconditioner(True)
        solver.setTolerances(rtol=1e-3, atol=1e-300, max_it=500)
        _set_smoothers(solver)
        return solver

    def solve(self, right):
        """The change of the potential that `right` asks for."""
        self._right[:] = right
        self._b.stateIncrease()
        if self._held is not None:
            self._right[self._held] = 0.0
        else:
            self._constants.remove(self._b)  # what solvers of the ions left over
        self._solver.solve(self._b, self._x)
        if (reason := self._solver.getConvergedReason()) < 0:
            raise SolutionError(
                f"the equation of the potential does not converge (PETSc reason {reason}); try a "
                "shorter time.step"
            )
        return self._solution

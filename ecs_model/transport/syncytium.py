"""The glial syncytium: ions move through the network that gap junctions make of glia.

    d(phi_g c_g)/dt = div(phi_g D_k/lambda_g^2 (grad c_g + z_k c_g grad psi_g)) - S_g J_k(V_g)
    psi_g = F (Phi_e + V_g) / R T,   V_g = V_g0 + u

V_g0 is the potential at which glia by themselves exchange no charge; the membrane step knows it
alone. u is what currents from their neighbours add: together with the space outside, a bidomain,

    S_g sum_k z_k (J_k(V_g0 + u) - J_k(V_g0)) = div(phi_g sum_k z_k D_k/lambda_g^2 (...))_k

K+ enters glia where there is much of it outside, and leaves them where there is little, while the
current returns through the space outside: spatial buffering. Rounds as in `electrodiffusion` find u
and Phi_e, such that no charge is left in either space, with the fluxes J_k themselves.

References:
    Orkand, Nicholls & Kuffler (1966), J Neurophysiol 29, 788: spatial buffering.
    Gardner-Medwin (1983), J Physiol 335, 393; Chen & Nicholson (2000), Biophys J 78, 2776.
    Halnes et al. (2013), PLoS Comput Biol 9, e1003386: electrodiffusion in glia and outside.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.solver import NodeValues
from ecs_model.physics.electrochemistry import thermal_voltage
from ecs_model.physics.values import Array
from ecs_model.tissue.sources import Load
from ecs_model.tissue.time_course import constant
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import ROUNDS, Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.petsc_database import Options, options_of
from ecs_model.transport.potential import ROUGH, BidomainEquations, Poisson
from ecs_model.transport.protocol import StateAndReport

TERM = "syncytium"  # what the balance calls that which leaves glia for their currents
SMALLEST = 1e-9  # [mM]: logarithms need something


class Syncytium(StateAndReport):
    """Ions outside, and those in glia between which no net current flows; a `Transport`.

    Args:
        outside: the Ions, or Electrodiffusion, of the space outside.
        glia: the Electrodiffusion of the network.
    """

    def __init__(self, outside: Ions, glia: Electrodiffusion) -> None:
        self.outside, self.glia = outside, glia
        self.operators, self.ledger = outside.operators, outside.ledger
        self.fields = dict(outside.fields)

    def movers(self) -> list[Diffusion]:
        """The transport of every ion, outside and in glia."""
        return [*self.outside.movers(), *self.glia.movers()]

    def arrays(self) -> dict[str, Array]:
        """Those of both spaces."""
        inside = {f"glia_{name}": array for name, array in self.glia.arrays().items()}
        return self.outside.arrays() | inside

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance all ions by a step, as `Transport` describes it."""
        self.outside.advance(t, dt, damped)
        self.glia.advance(t, dt, damped)

    def hold(self, t: float) -> None:
        """Set nodes on Dirichlet boundaries to the concentrations there at time `t` [s]."""
        self.outside.hold(t)


class Membrane:
    """What currents through the syncytium bring out of glia at every node.

    Args:
        reaction: the membranes.
        text: C source of `MembraneModel.syncytium`, from `kernel.values_source`.
        volumes: of owned nodes [m^3].
        moving: name of a state -> the Diffusion that moves it.

    Attributes:
        own: potential V_g0 without shift [V]; `shift`: u [V], which may be set.
        rates: of K+, Na+ and Cl- from glia [mol/s] at owned nodes.
        slope: of their charge [mol/s/V].
    """

    def __init__(
        self, reaction: Any, text: str, volumes: Array, moving: Mapping[str, Diffusion]
    ) -> None:
        state = reaction.variables._asdict()
        self._volumes, self._moving = volumes, moving
        self._halfway = {name: np.zeros_like(state[name]) for name in moving}
        self.shift = np.zeros_like(volumes)
        columns = [*(state | self._halfway).values(), self.shift]
        self._values = NodeValues(text, columns, reaction.inputs, count=5)
        self.own, *self.rates, self.slope = self._values.results
        self.potential()

    def expect(self, share: float) -> None:
        """Take ions to be `share` of their increments further than they are."""
        for name, part in self._moving.items():
            mid = self._halfway[name]
            np.multiply(part.increment, share, out=mid)
            mid += part.values
            np.maximum(mid, SMALLEST, out=mid)

    def look(self) -> None:
        """Evaluate everything."""
        self._values()
        for values in (*self.rates, self.slope):
            values *= self._volumes

    def potential(self) -> Array:
        """Potential V_g [V] at owned nodes, of ions as they are."""
        self.expect(0.0)
        self.look()
        return self.own + self.shift


class Bidomain(Syncytium):
    """Ions outside, and those in glia between which currents flow that return outside.

    Without electrodiffusion outside, Phi_e is zero: outside conducts well, and what returns there
    is not followed.

    Args:
        outside, glia: as those of `Syncytium`; the ions of glia are K+, Na+ and Cl-.
        membrane: the Membrane of glia.
        still: name -> concentration [mM] at owned nodes of ions that do not move outside.
        amounts: function that returns the amount per concentration outside at owned nodes [m^3].
        temperature: [K].
        options: PETSc options, see `petsc_database`.

    Attributes:
        potentials: the equation of V_g, or the equations of it and Phi_e.

    Raises:
        ConfigError: for options that PETSc refuses or does not know.
    """

    def __init__(
        self,
        outside: Ions,
        glia: Electrodiffusion,
        membrane: Membrane,
        still: Mapping[str, Array],
        amounts: Callable[[], Array],
        temperature: float,
        options: Options | None = None,
    ) -> None:
        super().__init__(outside, glia)
        self._membrane, self._still, self._amounts = membrane, still, amounts
        movers = {ion.name: part for ion, part in outside.parts.items()}
        self._given = [_rates(movers.get(ion.name), glia.operators) for ion in glia.parts]
        self._taken = [_rates(part, glia.operators) for part in glia.parts.values()]
        self._unit = thermal_voltage(temperature)
        self._field = outside if isinstance(outside, Electrodiffusion) else None
        self._spaces = [self._field, glia] if self._field else [glia]
        self.potentials = self._equations(options_of("potential", options or {}))
        self._shift = membrane.shift.copy()
        self._change, self._late = np.zeros_like(self._shift), np.zeros_like(self._shift)
        self.rounds = 0
        self.fields |= {"V_g": ("mV", membrane.potential), "V_g_shift": ("mV", lambda: self._shift)}

    def _equations(self, options):
        leak, glia = self._unit * self._membrane.slope, self.glia
        if self._field:
            return BidomainEquations(self._field.poisson, glia.poisson, leak, options)
        ledger, scale = glia.ledger.of("K"), glia.mean_conductivity
        poisson = Poisson(glia.rows, ledger, scale, leak, options, "inside")
        if options:
            poisson.try_options()
        return poisson

    def arrays(self) -> dict[str, Array]:
        """Those of `Syncytium`, the shift of the potential, its last change, and what was late."""
        mine = {"V_g_shift": self._shift, "V_g_shift_change": self._change}
        return super().arrays() | mine | {"V_g_shift_late": self._late}

    def load(self, state: Mapping[str, Any]) -> None:
        """As that of `Transport`."""
        super().load(state)
        self._membrane.shift[:] = self._shift

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance all ions by a step, as `Transport` describes it."""
        self._expect(dt)
        self.outside.begin(t, dt, damped)
        self.glia.begin(t, dt, damped)
        self._late *= self.glia.carried
        self._membrane.expect(0.5)
        self._look()
        self._balance(t, dt)
        self._add_to_still(dt)
        self.glia.end(t, dt)
        self.outside.end(t, dt)
        self._learn(dt)

    def _expect(self, dt):
        """Let u change as in the last step; `_change` then holds what u was, negative."""
        if last := self.glia.movers()[0].last_step:
            self._change *= dt / last
        self._shift += self._change
        self._change -= self._shift

    def _look(self):
        """Evaluate the membrane, and let the ions know its currents and the potential of glia."""
        membrane = self._membrane
        np.add(self._shift, self._late, out=membrane.shift)
        membrane.look()
        for given, taken, rate in zip(self._given, self._taken, membrane.rates, strict=True):
            given[:] = rate
            np.negative(rate, out=taken)
        np.add(membrane.own, membrane.shift, out=self.glia.acting)
        self.glia.acting /= self._unit
        if self._field:
            self.glia.acting += self._field.acting

    def _balance(self, t, dt):
        """Rounds of ions and potentials until neither space gains much charge."""
        for self.rounds in range(1, ROUNDS + 1):
            self.outside.solve_ions(t, dt)
            self.glia.solve_ions(t, dt)
            if all([space.charge_is_small(self.rounds == 1) for space in self._spaces]):
                return
            changes = self._changes(dt)
            if self._field:
                self._field.act(changes[0])
            self._shift += self._unit * changes[-1]
            self._look()
        raise SolutionError("the potential of glia does not converge; try a shorter time.step")

    def _changes(self, dt, rtol=None):
        """Changes of psi, if there is one, and of u [R T / F], without which charge came."""
        conductivities = [space.conductivity for space in self._spaces]
        self.potentials.follow(*conductivities, self._unit * self._membrane.slope)
        unbalanced = [space.unbalanced(dt) for space in self._spaces]
        found = self.potentials.solve(*unbalanced, rtol=rtol)
        return found if self._field else (found,)

    def _learn(self, dt):
        """Correct the potentials by what the charge of the step says, for the next one."""
        if not all(space.is_neutral for space in self._spaces):
            changes = self._changes(dt, ROUGH)
            if self._field:
                self._field.shift(changes[0])
            self._shift += self._unit * changes[-1]
        if self._field:
            self._field.learn(self.glia.total_excess)
        self._late += self._shift
        self._late -= self._membrane.shift
        self._change += self._shift
        self._membrane.shift[:] = self._shift

    def _add_to_still(self, dt):
        """Give ions that do not move outside to the nodes where they leave glia."""
        if not self._field:
            self._close_chloride()
        for ion, given in zip(self.glia.parts, self._given, strict=True):
            if ion.name in self._still:
                self._still[ion.name] += dt * given / self._amounts()

    def _close_chloride(self):
        """Let as much Cl- arrive outside as neutrality takes out of glia, to round-off."""
        potassium, sodium, chloride = self._given
        leak = self._membrane.slope
        sums = np.array([(potassium + sodium - chloride).sum(), leak.sum()])
        self.operators.mesh.comm.Allreduce(MPI.IN_PLACE, sums, MPI.SUM)
        chloride += sums[0] / sums[1] * leak


def _rates(part, operators):
    """Rates [mol/s] at owned nodes that may be set, of a new source of an ion, if it moves."""
    owned = operators.mesh.owned
    source = Load(TERM, np.arange(owned), np.zeros(owned), constant())
    if part is not None:
        part.ledger.add(source)
    return source.rates

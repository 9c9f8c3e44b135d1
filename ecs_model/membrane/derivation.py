"""The model that follows from cells, what is in their membranes, and what else there is.

    volume_k dc_k/dt = -S_k J_c,k      in cells;    alpha dc_o/dt = sum of S_k J_c,k      outside

For every model alike: potentials, rates, amounts, water, use of ATP, and what cells give to the
extracellular space.
"""

from ecs_model.membrane.autodiff import Dual, slope_of, value_of
from ecs_model.membrane.compartment import balancing, exchange
from ecs_model.membrane.mechanism import ATP, IONS, moved, valence
from ecs_model.membrane.mechanisms import metabolism
from ecs_model.membrane.model import MembraneModel, Surroundings, diluted
from ecs_model.membrane.parts import Parts
from ecs_model.membrane.potentials import Capacitive, QuasiSteady
from ecs_model.membrane.volumes import Fixed
from ecs_model.record import joined


def derived(parts: Parts, defaults: dict[str, float], **traits) -> MembraneModel:
    """The MembraneModel of some parts.

    Args:
        parts: what it is made of.
        defaults: of states, which are the resting state, and of parameters that follow [SI].
        traits: further attributes of the MembraneModel; `observables` are added to those that
            follow from the parts, `impermeant` to the parameters that volumes know.
    """
    State = _with(parts.State, defaults)
    Parameters = _with(parts.Parameters, defaults)
    law = Law(parts, State)
    observables = law.observables(Parameters) | traits.pop("observables", {})
    water = parts.volumes
    impermeant = (*water.impermeant, *traits.pop("impermeant", ()))
    few = water.conserved or (not water.moves and law.count() < len(State._fields))
    return MembraneModel(
        parts=parts,
        State=State,
        Parameters=Parameters,
        rhs=law.rates,
        fluxes=law.fluxes if few else None,
        stoichiometry=law.stoichiometry if few else None,
        observables=observables,
        contents=law.contents if _keeps_ions(parts, State) else None,
        volumes=law.volumes if water.conserved else None,
        scaled=_scaled(parts),
        impermeant=impermeant,
        outflow=law.outflow,
        syncytium=_shifted(parts.cells),
        closed=all(r.store for r in parts.reservoirs),
        electroneutral=not parts.reservoirs and not any(map(_charges, parts.cells)),
        noisy=("I_stim",) if "I_stim" in Parameters._fields else (),
        **traits,
    )


def _with(table, defaults):
    """A record type with the defaults of those names that it has."""
    return joined(table, **{n: v for n, v in defaults.items() if n in table._fields})


def atp_use(cells, y, p):
    """ATP that the pumps of compartments split per volume of tissue [mM/s], at a state."""
    return sum(getattr(p, c.area) * exchange(c, y, p, Surroundings()).atp for c in cells)


def _keeps_ions(parts, State):
    return all(f"{ion}_{cell.key}" in State._fields for cell in parts.cells for ion in IONS)


def _charges(cell):
    """Whether the fluxes of a compartment together carry charge that its membrane stores."""
    return isinstance(cell.potential, Capacitive) and cell.balance is None


def _closing(cell, ions):
    """The ion that takes what the search for a potential without current, rounded, leaves."""
    searched = isinstance(cell.potential, QuasiSteady) and {*IONS} <= ions.keys()
    return "Na" if searched else None


def closes_charge(parts):
    """Whether ions leave all cells without net charge, to round-off, however rates are rounded."""
    counted = Law(parts)._counted
    return all(cell.balance or _closing(cell, dict.fromkeys(counted(cell))) for cell in parts.cells)


def _scaled(parts):
    """Parameters that are proportional to the volume of cells."""
    cells = (n for cell in parts.cells for n in (cell.area, cell.fraction))
    return (*cells, *(n for part in (*parts.pools, *parts.solutes) for n in part.scaled))


class Law:
    """The functions of a model; each takes state, parameters and surroundings."""

    def __init__(self, parts, State=None):
        self.cells, self.reservoirs, self.pools = parts.cells, parts.reservoirs, parts.pools
        self.solutes = parts.solutes
        self.water, self.State = parts.volumes, State or parts.State

    def volumes(self, y, p, env, whole=None):
        """Volume fractions by ending of a name; those of rates of states where `whole` is 0."""
        return self.water.fractions(self.cells, y, p, env, whole)

    def fluxes(self, y, p, env):
        """Fluxes of ions, rates of V and gates; water; of reservoirs, solutes; rates of pools."""
        now = [exchange(cell, y, p, env) for cell in self.cells]
        values = []
        for cell, there in zip(self.cells, now, strict=True):
            values += [there.ions[ion] for ion in self._counted(cell)]
            values += cell.rates(there, y, p)
        values += self.water.fluxes(self.cells, y, p, env)
        values += self._taken(y, p, env)
        values += self._flows(now, y, p, env)
        use = self._use(now, y, p, env) if self.pools else 0.0
        return values + [x for pool in self.pools for x in pool.rates(y, p, env, use)]

    def _counted(self, cell):
        """Ions whose fluxes change a state."""
        known = {name.rpartition("_")[0] for name in self.State._fields}
        return [ion for ion in cell.ions if ion in known]

    def _taken(self, y, p, env):
        """What reservoirs take: per extracellular volume or, where volumes move, per tissue."""
        share = self.volumes(y, p, env)["_o"] if self.water.moves else 1.0
        return [share * r.rate(y, p, env) for r in self.reservoirs]

    def _flows(self, now, y, p, env):
        """What goes each way of solutes, per volume of tissue [mM/s]."""
        potentials = {cell.key: there.v for cell, there in zip(self.cells, now, strict=True)}
        return [x for solute in self.solutes for x in solute.flows(y, p, env, potentials)]

    def _use(self, now, y, p, env):
        """ATP that pumps split per volume of tissue [mM/s]."""
        cells = zip(self.cells, now, strict=True)
        others = (r.atp(y, p, env) for r in self.reservoirs if r.atp)
        return sum((getattr(p, c.area) * there.atp for c, there in cells), sum(others))

    def count(self):
        """The number of fluxes."""
        own = sum(len(self._counted(c)) + len(c.own) for c in self.cells)
        others = sum(len(part.states._fields) for part in (self.water, *self.pools))
        ways = sum(len(solute.ways) for solute in self.solutes)
        return own + others + ways + len(self.reservoirs)

    def stoichiometry(self, x, p, env):
        """Rates of the state that fluxes cause; of amounts where volumes move."""
        x, rates = iter(x), dict.fromkeys(self.State._fields, 0.0)
        space = Fixed().fractions(self.cells, None, p, env)
        for cell in self.cells:
            self._move(cell, x, p, space, rates)
            rates |= {name: next(x) for name in cell.own}
        rates |= self.water.changes(self.cells, x, p)
        for r in self.reservoirs:
            taken = next(x)
            rates[f"{r.ion}_o"] = rates[f"{r.ion}_o"] - taken
            rates |= {r.store: taken} if r.store else {}
        for solute in self.solutes:
            self._carry(solute, x, space, rates)
        rates |= {name: next(x) for pool in self.pools for name in pool.states._fields}
        return self.State(**rates)

    def _carry(self, solute, x, space, rates):
        """Carry a solute by the next flows of `x`."""
        for way in solute.ways:
            flow = next(x)
            for end, sign in zip(way, (-1.0, 1.0), strict=True):
                share = 1.0 if self.water.moves else space[end]
                rates[solute.name + end] = rates[solute.name + end] + sign * flow / share

    def _move(self, cell, x, p, space, rates):
        """Move the ions whose fluxes are the next of `x` from cells to the space outside."""
        ions = {ion: next(x) for ion in self._counted(cell)}
        if closing := cell.balance or _closing(cell, ions):
            ions[closing] = balancing(ions, closing)
        for ion, J in ions.items():
            for end, sign in ((f"_{cell.key}", -1.0), ("_o", 1.0)):
                if (name := ion + end) in rates:
                    share = getattr(p, cell.area) / (1.0 if self.water.moves else space[end])
                    rates[name] = rates[name] + sign * share * J

    def rates(self, y, p, env):
        """Time derivative of the state [mM/s, V/s, 1/s]."""
        amounts = self.stoichiometry(self.fluxes(y, p, env), p, env)
        if not self.water.moves:
            return amounts
        return diluted(y, amounts, self.volumes(y, p, env), self.volumes(amounts, p, env, 0.0))

    def contents(self, y, p, env):
        """Ions and solutes inside cells, and what reservoirs hold [mol per m^3 of tissue]."""
        there = self.volumes(y, p, env)
        ends = [f"_{cell.key}" for cell in self.cells]
        names = (*IONS, *(solute.name for solute in self.solutes))
        inside = {n: sum(there[end] * getattr(y, n + end) for end in ends) for n in names}
        for r in self.reservoirs:
            if r.store:
                inside[r.ion] = inside[r.ion] + there["_o"] * getattr(y, r.store)
        return inside

    def outflow(self, y, p, env):
        """Net outward flux of ions from all cells, per area of the first [mol/m^2/s]."""
        total = dict.fromkeys(IONS, 0.0)
        for cell in self.cells:
            share = getattr(p, cell.area) / getattr(p, self.cells[0].area)
            for ion, J in exchange(cell, y, p, env).ions.items():
                total[ion] = total[ion] + share * J
        return total

    def atp_use(self, y, p, env):
        """ATP that pumps split per volume of tissue [mM/s]."""
        return self._use([exchange(cell, y, p, env) for cell in self.cells], y, p, env)

    def observables(self, Parameters):
        """Name -> (unit, function) of what every model shows."""
        first, *others = self.cells
        seen = {} if "V" in self.State._fields else {"V": ("mV", _potential(first))}
        if any(_splits_atp(cell, self.State(), Parameters()) for cell in self.cells):
            seen |= metabolism.paid_by(self.atp_use)
        seen |= {f"V_{cell.key}": ("mV", _potential(cell)) for cell in others}
        return seen | {n: law for pool in self.pools for n, law in pool.observables.items()}


def _potential(cell):
    def potential(y, p, env):
        return cell.potential.value(cell, y, p, env)

    potential.__doc__ = f"Membrane potential of {cell.cells} [V]."
    return potential


def _splits_atp(cell, y, p):
    """Whether anything in a membrane splits ATP."""
    env = Surroundings()
    v, c = cell.potential.value(cell, y, p, env), cell.concentrations(y, p, env)
    T = cell.temperature(p, env)
    return any(ATP in moved(part, v, c, y, p, T) for part in cell.mechanisms)


def _shifted(cells):
    """The law of cells that gap junctions may join, see `MembraneModel.syncytium`; or None."""
    joined = [cell for cell in cells if cell.coupled]
    if not joined:
        return None
    (cell,) = joined

    def shifted(u, y, p, env):
        """The potential, what a shift of it by `u` [V] adds to the fluxes, slope of the charge."""
        v, area = cell.potential.value(cell, y, p, env), getattr(p, cell.area)
        there = exchange(cell, y, p, env, Dual(v + u, {"v": 1.0})).ions
        own = exchange(cell, y, p, env, v).ions
        added = [area * (value_of(there[ion]) - own[ion]) for ion in IONS]
        return [v, *added, area * sum(valence(ion) * slope_of(there[ion], "v") for ion in IONS)]

    return shifted

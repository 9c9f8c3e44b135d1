"""Volumes of the extracellular space and of cells: fixed, or as water follows osmolarity."""

from dataclasses import dataclass

from ecs_model.membrane.mechanism import IONS, NOTHING
from ecs_model.membrane.model import Surroundings
from ecs_model.physics.energetics import osmotic_flux
from ecs_model.record import Record, concentration, quantity, table

COUNTS = 0.05  # a change of a volume fraction that counts: every concentration follows it


@dataclass(frozen=True)
class Fixed:
    """Volumes do not change.

    Attributes:
        states: record type of the volumes among the states.
        parameters: record type of what volumes need.
        impermeant: parameters that are contents of cells or of the space outside.
        moves: whether volumes change.
        conserved: whether a step conserves amounts, as water that crosses membranes asks for.
    """

    states = NOTHING
    parameters = NOTHING
    impermeant: tuple[str, ...] = ()
    moves = False
    conserved = False

    def fractions(self, cells, y, p, env, whole=None):
        """Volume fractions by ending of a name: outside and in every compartment."""
        return {"_o": env.alpha, **{f"_{c.key}": getattr(p, c.fraction) for c in cells}}

    def fluxes(self, cells, y, p, env):
        """Nothing moves."""
        return []

    def changes(self, cells, x, p):
        """No rates."""
        return {}

    def impermeant_at_rest(self, parts, y):
        """Nothing is needed."""
        return {}


def swelling(cells):
    """The Osmotic volumes of some compartments."""
    own = {"alpha": _fraction(0.2, "extracellular volume fraction")}
    own |= {_name(c): _fraction(0.3, f"volume fraction of {c.cells}") for c in cells[1:]}
    water = {
        "P_f": quantity(
            0.15, "mm/s", "permeability of membranes to water", "3e-5 ... 2e-4 m/s", low=0.0
        ),
        "A_o": concentration(0.0, "impermeant osmolytes outside"),
        **{f"A_{c.key}": concentration(0.0, f"impermeant osmolytes in {c.cells}") for c in cells},
    }
    return Osmotic(table("Volumes", own), table("Osmosis", water))


def _fraction(value, meaning):
    return quantity(value, "1", meaning, low=1e-6, high=1.0, scale=COUNTS)


def _name(cell):
    """The state that is the volume fraction of a compartment."""
    return f"phi_{cell.cells}"


@dataclass(frozen=True)
class Osmotic:
    """Water follows osmolarity through membranes; the first compartment takes what is left.

        d phi_k/dt = S_k w_k,   w_k = P_f V_w (osm_k - osm_o)

    Impermeant osmolytes A_k, as concentrations at rest, stay where they are; amounts are conserved.

    References:
        Mori (2015), Physica D 308, 94.
    """

    states: type[Record]
    parameters: type[Record]
    moves = True
    conserved = True

    @property
    def impermeant(self):
        """Parameters that are contents."""
        return tuple(name for name in self.parameters._fields if name.startswith("A_"))

    def fractions(self, cells, y, p, env, whole=None):
        """Volume fractions by ending of a name: outside and in every compartment.

        Args:
            cells: the compartments.
            y: the state, or rates of it.
            p: parameters.
            env: surroundings.
            whole: of all spaces; that of the tissue at rest if None, 0 for rates.
        """
        first, *others = cells
        there = {f"_{c.key}": getattr(y, _name(c)) for c in others}
        if whole is None:
            whole = env.alpha + sum(getattr(p, c.fraction) for c in cells)
        left = whole - y.alpha - sum(there.values())
        return {"_o": y.alpha, f"_{first.key}": left, **there}

    def fluxes(self, cells, y, p, env):
        """Velocity of water [m/s] into every compartment."""
        outside, *inside = self.osmolarities(cells, y, p, env)
        return [osmotic_flux(osmolarity, outside, p.P_f) for osmolarity in inside]

    def osmolarities(self, cells, y, p, env):
        """Osmolarity [mM] outside and in every compartment."""
        rest = Fixed().fractions(cells, y, p, env)
        return [
            sum(getattr(y, ion + end) for ion in IONS) + getattr(p, f"A{end}") * rest[end] / volume
            for end, volume in self.fractions(cells, y, p, env).items()
        ]

    def changes(self, cells, x, p):
        """Rates [1/s] of the volumes, by name of the state."""
        taken = [getattr(p, cell.area) * next(x) for cell in cells]
        others = zip(cells[1:], taken[1:], strict=True)
        return {"alpha": -sum(taken), **{_name(c): water for c, water in others}}

    def impermeant_at_rest(self, parts, y):
        """Osmolytes that carry the missing charge outside and balance osmolarity, by name.

        Args:
            parts: the Parts whose volumes these are.
            y: the state of ions at rest.
        """
        y, A_o = parts.State()._replace(**y._asdict()), y.K_o + y.Na_o - y.Cl_o
        p = parts.Parameters()._replace(**{**dict.fromkeys(self.impermeant, 0.0), "A_o": A_o})
        outside, *inside = self.osmolarities(parts.cells, y, p, Surroundings())
        more = {f"A_{c.key}": outside - own for c, own in zip(parts.cells, inside, strict=True)}
        return {"A_o": A_o, **more}

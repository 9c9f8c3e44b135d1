"""Ions in water: valence and free diffusivity.

References:
    Mori (2015), Physica D 308, 94: K+, Na+, Cl- as in cortical spreading depression.
    Nicholson & Phillips (1981), J Physiol 321, 225: the probe TMA+.
    Longsworth (1953), J Am Chem Soc 75, 5705: glutamate.
"""

from dataclasses import dataclass

KNOWN = {  # valence, free diffusivity [m^2/s] at 25 C
    "K": (1, 1.96e-9),
    "Na": (1, 1.33e-9),
    "Cl": (-1, 2.03e-9),
    "TMA": (1, 1.31e-9),
    "glutamate": (-1, 0.76e-9),
}


@dataclass(frozen=True)
class Ion:
    """An ion that moves through the extracellular space.

    Attributes:
        name: such as K.
        valence: its charge in units of the elementary charge.
        ratio: its diffusivity relative to that of K+.
    """

    name: str
    valence: int
    ratio: float = 1.0

    @property
    def state(self) -> str:
        """Name of its extracellular concentration."""
        return f"{self.name}_o"


def companion_share(ion: Ion, companion: Ion) -> float:
    """Amount of `companion` that enters with one mole of `ion`, so that no charge does."""
    return -ion.valence / companion.valence

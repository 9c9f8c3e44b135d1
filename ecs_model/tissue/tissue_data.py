"""What holds in all of a tissue: which ions move and how, temperature, packing of cells."""

from dataclasses import dataclass

from ecs_model.physics.ions import Ion


@dataclass(frozen=True)
class SyncytiumData:
    """Gap junctions that join glia.

    Attributes:
        tortuosity: of the network.
        cable: whether currents flow through it; ions only mix otherwise.
    """

    tortuosity: float
    cable: bool


@dataclass(frozen=True)
class TissueData:
    """What holds in all of a tissue.

    Attributes:
        ions: that move outside, K+ first.
        D: free diffusivity of K+ [m^2/s].
        temperature: [K].
        packing: what another alpha means: "scaled", "swollen" or "fixed".
        tortuosity_exponent: p, by which lambda grows as alpha^-p where cells swell.
        electrodiffusion: whether electroneutrality binds the ions to each other.
        syncytium: gap junctions between glia; None for none.
    """

    ions: tuple[Ion, ...]
    D: float
    temperature: float
    packing: str
    tortuosity_exponent: float
    electrodiffusion: bool
    syncytium: SyncytiumData | None

    @property
    def moves_potassium_alone(self):
        """Whether nothing but extracellular K+ moves between nodes."""
        return len(self.ions) == 1 and self.syncytium is None

    @property
    def follows_potentials(self):
        """Whether a potential is solved for in each step."""
        return self.electrodiffusion or (self.syncytium is not None and self.syncytium.cable)

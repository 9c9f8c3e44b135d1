"""Numbers of the metabolism at rest, and K+ that enters from the surface for hours."""

import numpy as np
import pytest

from docs import draw
from docs.papers import readings
from ecs_model.membrane import MODELS
from tests.helpers import run_here
from tests.validation.experiments import measured

MODEL = MODELS["kager_mori"].variant(pump="post_albers", energy=True)
TISSUE, PLASMA = 1.16e-3, 1.34e-3  # mM/mmHg: solubility of oxygen at 37 C
PER_MINUTE = 60 * 22.4 * 0.1 / 1.05  # ml of gas in 100 g and a minute, for a mM/s of tissue


def test_oxygen_at_rest():
    p, y = MODEL.Parameters(), MODEL.State()
    use = p.k_O2 * (p.O2_blood - y.O2)
    why = "what the pumps and the rest of metabolism of `kager_mori` with energy use at rest"
    measured("metabolism: use", use * PER_MINUTE, True, why)
    why = "K_O2 of the respiration"
    measured("metabolism: affinity", p.K_O2 / TISSUE, True, why)
    measured(
        "metabolism: blood", p.O2_blood / PLASMA, True, "O2_blood, by its solubility in plasma"
    )

    capillary, half, D = 3e-6, 32e-6, 1.8e-9  # m, m, m^2/s: radius, half distance; of oxygen
    x = (half / capillary) ** 2
    krogh = 4 * D / half**2 / (x * np.log(x) / (x - 1) - 1 - (x - 1) / (2 * x))
    nearer = use / krogh / TISSUE
    assert 5 < nearer < 15
    why = (
        f"k_O2 follows from the 35 µM that were assumed at rest; capillaries 64 µm apart (Krogh) "
        f"give {krogh:.2f} 1/s, and with that {nearer:.1f} mmHg"
    )
    measured("metabolism: PO2", (p.O2_blood - y.O2) / TISSUE, False, why)


@pytest.mark.slow
def test_superfusion_of_the_cortex(tmp_path):
    """The measured barrier at the surface, 0.8/mm; the diffusivity that fits from 1 to 8 h."""
    run = run_here(draw.text("papers/fisher_1976"), tmp_path / "run")
    why = "`pump_leak`, whose cells take up what enters; the barrier of the surface as measured"
    measured("superfusion: D", readings.diffusivity(run.path), True, why)

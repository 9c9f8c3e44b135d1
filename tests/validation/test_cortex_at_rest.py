"""Numbers of the metabolism at rest, and K+ that enters from the surface for hours."""

import numpy as np
import pytest

from docs import draw
from docs.papers import readings
from ecs_model.membrane import MODELS
from ecs_model.run.field_series import read_field, read_mesh
from tests.helpers import run_here
from tests.validation.experiments import is_inside, measured

MODEL = MODELS["kager_mori"].variant(pump="post_albers", energy=True)
TISSUE, PLASMA = 1.16e-3, 1.34e-3  # mM/mmHg: solubility of oxygen at 37 C
PER_MINUTE = 60 * 22.4 * 0.1 / 1.05  # ml of gas in 100 g and a minute, for a mM/s of tissue


CAPILLARY = """
[mesh]
generator = "disc"
radius = "32 um"
cell = "1.5 um"
[[tissue.species]]
name = "O2"
D = "1.8e-9 m^2/s"
[[tissue.regions]]
name = "capillary"
ball = { centre = ["0 um", "0 um"], radius = "3.01 um" }
[membrane]
model = "kager_mori"
options = { pump = "post_albers", energy = true }
parameters = { k_O2 = 0.0 }
initial = { O2 = "45 uM" }
[[vessels]]
name = "blood"
region = "capillary"
ion = "O2"
exchange = "1e4 1/s"
blood = "60 uM"
[time]
end = "8 s"
step = "5 ms"
[output]
every = "8 s"
fields = ["O2"]
"""


def around_a_capillary(folder):
    """Oxygen in blood less that in tissue around it, on average [mM]."""
    run = run_here(CAPILLARY, folder)
    points, cells = read_mesh(run.path)[:2]
    corners = points[cells][:, :, :2]
    areas = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1]))
    oxygen = 1e-3 * read_field(run.path, "O2", 1)[cells].mean(axis=1)
    return MODEL.Parameters().O2_blood - np.average(oxygen, weights=areas)


def test_oxygen_at_rest(tmp_path):
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
    formula, computed = use / krogh / TISSUE, around_a_capillary(tmp_path / "run") / TISSUE
    assert is_inside("metabolism: PO2", computed) and computed == pytest.approx(formula, rel=0.05)
    why = (
        "k_O2 follows from the 35 µM that were assumed at rest; in the 32 µm around a capillary of "
        f"3 µm from which O2 diffuses it is {computed:.1f} mmHg ({formula:.1f} by Krogh's formula)"
    )
    measured("metabolism: PO2", (p.O2_blood - y.O2) / TISSUE, False, why)


@pytest.mark.slow
def test_superfusion_of_the_cortex(tmp_path):
    """The measured barrier at the surface, 0.8/mm; the diffusivity that fits from 1 to 8 h."""
    run = run_here(draw.text("papers/fisher_1976"), tmp_path / "run")
    why = "`pump_leak`, whose cells take up what enters; the barrier of the surface as measured"
    measured("superfusion: D", readings.diffusivity(run.path), True, why)

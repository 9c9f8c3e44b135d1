"""Numbers of the metabolism at rest, and K+ that enters from the surface for hours."""

import numpy as np
import pytest

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


COLUMN = """\
[mesh]
generator = "interval"
length = "6 mm"
cell = "50 um"
[tissue]
D = "1.96e-9 m^2/s"
[membrane]
model = "pump_leak"
[[boundary]]
on = "left"
exchange = "0.23 um/s"
outside = "12 mM"
before = "3.5 mM"
profile = { kind = "pulse", start = "0 s", duration = "30000 s" }
[[line]]
name = "depth"
start = ["0 mm"]
end = ["3 mm"]
points = 31
[time]
end = "28800 s"
step = "1 s"
tolerance = "0.01 mM"
[output]
every = "28800 s"
series = "3600 s"
"""


@pytest.mark.slow
def test_superfusion_of_the_cortex(tmp_path):
    """The measured barrier at the surface, 0.8/mm; the diffusivity that fits from 1 to 8 h."""
    from scipy.optimize import minimize_scalar
    from scipy.special import erfc, erfcx

    from ecs_model.run.tables import read_line

    run = run_here(COLUMN, tmp_path / "run")
    t, depth, fields, _ = read_line(run.path, "depth")
    excess, x = fields["K_o"] - fields["K_o"][0], depth * 1e-3

    def profile(D, t, barrier=800.0):
        """Semi-infinite tissue behind a barrier (Crank 1975, eq. 3.35), excess of 8.5 mM."""
        near, behind = x / (2 * np.sqrt(D * t)), barrier * np.sqrt(D * t)
        return 8.5 * (erfc(near) - np.exp(-(near**2)) * erfcx(near + behind))

    def misfit(log_D):
        rows = [profile(10**log_D, t[k]) - excess[k] for k in range(1, 9)]
        return np.square(rows).sum()

    found = minimize_scalar(misfit, bounds=(-11, -9), method="bounded")
    why = "`pump_leak`, whose cells take up what enters; the barrier of the surface as measured"
    measured("superfusion: D", 10**found.x, True, why)

"""SD without AQP4: the model that the authors fitted to it, in closed form and as a wave."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.models.threshold_release import front_speed
from tests.helpers import run_here, summary
from tests.validation.experiments import measured

GENOTYPES = {  # release [mM/s], removal [1/s], D* [m^2/s]; the threshold is 10 mM above rest
    "wild type": (3.95, 0.0226, 0.796e-9),
    "without AQP4": (1.72, 0.0116, 0.907e-9),
}
LINE = """\
[mesh]
generator = "interval"
length = "3 mm"
cell = "20 um"
[tissue]
D = "{D} m^2/s"
tortuosity = 1.0
[[tissue.regions]]
name = "bolus"
box = {{ low = ["-1 um"], high = ["0.6 mm"] }}
initial = {{ K_o = "60 mM" }}
[membrane]
model = "threshold_release"
parameters = {{ r = {r}, k = {k}, theta = 10.0 }}
[time]
end = "200 s"
step = "20 ms"
[output]
every = "200 s"
series = "2 s"
[[line]]
name = "along"
start = ["1 mm"]
end = ["3 mm"]
points = 201
[detect]
front = "13 mM"
"""


def exact(r, k, D):
    """Speed in closed form [mm/min]."""
    return 6e4 * front_speed(MODELS["threshold_release"].Parameters(r=r, k=k, theta=10.0), D)


def test_the_change_of_speed():
    plain, without = (exact(*values) for values in GENOTYPES.values())
    why = "closed form with the release, removal and D of both genotypes; release decides"
    measured("SD: AQP4", 100 * (without / plain - 1), True, why)


@pytest.mark.slow
@pytest.mark.parametrize("genotype", GENOTYPES)
def test_the_wave_runs_as_fast_as_the_closed_form_says(tmp_path, genotype):
    r, k, D = GENOTYPES[genotype]
    run = run_here(LINE.format(r=r, k=k, D=D), tmp_path / "run")
    ours = summary(run)["fronts"]["along"]["speed_mm_per_min"]
    assert ours == pytest.approx(exact(r, k, D), rel=0.02)
    assert np.isfinite(ours)

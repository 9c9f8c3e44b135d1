"""Nicholson & Phillips: the point source in a volume, with and without uptake."""

import numpy as np
import pytest

from ecs_model.point_source import Experiment, concentration
from tests.helpers import found, run_here, series, summary

TEXT = """
title = "point source"
[mesh]
generator = "box"
size = ["1.2 mm", "1.2 mm", "1.2 mm"]
cell = "{cell} um"
refine = [
  {{ point = ["0.6 mm", "0.6 mm", "0.6 mm"], radius = "{radius} um", cell="{fine} um", node=true }},
  {{ point = ["0.7 mm", "0.6 mm", "0.6 mm"], radius = "1 um", cell = "{fine} um", node = true }},
  {{ point = ["0.6 mm", "0.5 mm", "0.6 mm"], radius = "1 um", cell = "{fine} um", node = true }},
]
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
D = "{D} m^2/s"
[membrane]
model = "threshold_release"
parameters = {{ r = 0, k = {k} }}
[[source]]
name = "tip"
point = ["0.6 mm", "0.6 mm", "0.6 mm"]
rate = "{rate} mol/s"
[[probe]]
name = "x"
at = ["0.7 mm", "0.6 mm", "0.6 mm"]
[[probe]]
name = "y"
at = ["0.6 mm", "0.5 mm", "0.6 mm"]
[time]
end = "5 s"
step = "20 ms"
tolerance = "0.02 mM"
[output]
every = "5 s"
series = "1 s"
"""


CASES = [
    (5.182135e-13, 1.31e-9, 0.2, 1.6, 0.0),
    (5.182135e-13, 1.31e-9, 0.05, 2.0, 0.0),
    (5.182134e-13, 2.62e-9, 0.2, 1.6, 0.1),
]


def excesses(folder, case, cell, fine):
    """Excess [mM] at 100 um along x and along -y after 5 s, the exact one, and how many nodes."""
    rate, D, alpha, tortuosity, k = case
    text = TEXT.format(
        rate=rate, D=D, alpha=alpha, tortuosity=tortuosity, k=k, cell=cell, radius=150, fine=fine
    )
    run = run_here(text, folder)
    right = concentration([5.0], Experiment(1e-4, rate, D), alpha, tortuosity, k)[0]
    excess = np.array([series(run)[f"K_o@{probe}"][-1] - 3.0 for probe in "xy"])
    return excess, right, summary(run)["nodes"]


NAMES = ["0.2, 1.6", "0.05, 2", "uptake"]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_point_source_at_100_um(tmp_path, case):
    excess, right, nodes = excesses(tmp_path / "run", case, 70, 5.5)
    assert nodes < 100_000
    for axis, ours in zip("xy", excess, strict=True):
        what = f"point source, alpha {case[2]}, lambda {case[3]}, k' {case[4]}: 0.1 mm, 5 s, {axis}"
        found(what, ours, right, 0.0065, "mM", "Nicholson & Phillips 1981", rel=True)


@pytest.mark.parametrize("case", CASES[::2], ids=NAMES[::2])
def test_point_source_converges(tmp_path, case):
    both = (excesses(tmp_path / f"{f}", case, 120, f) for f in (22, 11))
    coarse, fine = (np.abs(excess / right - 1).max() for excess, right, _ in both)
    assert fine < coarse / 3

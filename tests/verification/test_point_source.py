"""Nicholson & Phillips: the point source in a volume, with and without uptake."""

import numpy as np
import pytest
from scipy.special import erfc, erfcx

from tests.helpers import run_here, series, summary

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


def exact(t, r, rate, D, alpha, tortuosity, k):
    """Concentration [mM] at distance r [m] after t [s] (Nicholson & Phillips 1981)."""
    d_star = D / tortuosity**2
    a = r / (2 * np.sqrt(d_star * t))
    if k == 0:
        return rate / (4 * np.pi * d_star * alpha * r) * erfc(a)
    b, s = np.sqrt(k * t), r * np.sqrt(k / d_star)
    near = np.exp(-(a**2) - b**2) * erfcx(a + b) + np.exp(-s) * erfc(a - b)
    return rate / (8 * np.pi * d_star * alpha * r) * near


def test_exact_solution_has_the_published_values():
    tma = (5.182135e-13, 1.31e-9)
    assert exact(1.0, 1e-4, *tma, 0.2, 1.6, 0) == pytest.approx(0.00714354, rel=1e-5)
    assert exact(10.0, 1e-4, *tma, 0.05, 2.0, 0) == pytest.approx(5.454909, rel=1e-6)
    potassium = (5e-8 / 96485.33212, 2.62e-9)
    assert exact(5.0, 1e-4, *potassium, 0.2, 1.6, 0) == pytest.approx(0.650575, rel=1e-5)
    assert exact(5.0, 1e-4, *potassium, 0.2, 1.6, 0.1) == pytest.approx(0.504887, rel=1e-5)


CASES = [
    (5.182135e-13, 1.31e-9, 0.2, 1.6, 0.0),
    (5.182135e-13, 1.31e-9, 0.05, 2.0, 0.0),
    (5.182134e-13, 2.62e-9, 0.2, 1.6, 0.1),
]


def errors(folder, case, cell, fine):
    """Relative errors at 100 um along x and along -y after 5 s, and the number of nodes."""
    rate, D, alpha, tortuosity, k = case
    text = TEXT.format(
        rate=rate, D=D, alpha=alpha, tortuosity=tortuosity, k=k, cell=cell, radius=150, fine=fine
    )
    run = run_here(text, folder)
    right = exact(5.0, 1e-4, rate, D, alpha, tortuosity, k)
    excess = np.array([series(run)[f"K_o@{probe}"][-1] - 3.0 for probe in "xy"])
    return excess / right - 1, summary(run)["nodes"]


@pytest.mark.parametrize("case", CASES, ids=["0.2, 1.6", "0.05, 2", "uptake"])
def test_point_source_at_100_um(tmp_path, case):
    found, nodes = errors(tmp_path / "run", case, 70, 5.5)
    assert nodes < 100_000
    assert np.abs(found).max() < 0.0065


def test_point_source_converges(tmp_path):
    coarse, fine = (np.abs(errors(tmp_path / f"{f}", CASES[0], 120, f)[0]).max() for f in (22, 11))
    assert fine < coarse / 3

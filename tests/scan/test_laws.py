"""Directions and laws that a scan must show, each on a small scan.

References: SD speeds, ignition of a slab, seizure thresholds of the Barreto-Cressman neuron and
pump-off thresholds of the Huebel-Dahlem neuron from independent solvers; the critical pulse of the
Nagumo equation in closed form.
"""

import numpy as np
import pytest

from tests.helpers import found
from tests.scan.scans import scan, thresholds

SOLVED = "independent solution (SciPy)"

WAVE = """
base = "sd_wave"
[set]
"mesh.length" = "2 mm"
"time.end" = "48 s"
"line.along.end" = ["2 mm"]
"line.along.points" = 201
"detect.front" = "20 mM"
"tissue.regions.bolus.box.high" = ["0.1 mm"]
"""
SPEED = "fronts.along.speed_mm_per_min"
SLAB = """
base = "sd_wave"
stop = { settled = "5 s" }
[set]
"mesh.length" = "1 mm"
"time.end" = "20 s"
line = []
[[set."tissue.regions"]]
name = "slab"
box = { low = ["-1 um"], high = ["0.1 mm"] }
[[set.source]]
name = "KCl"
region = "slab"
HOW
profile = { kind = "pulse", duration = "0.1 s" }
[[axis]]
key = "alpha"
values = [0.1, 0.4]
[threshold]
tolerance = 0.005
"""


def test_speed_is_exactly_inverse_to_tortuosity(tmp_path):
    text = f"""{WAVE}
[[axis]]
keys = [
    "tortuosity", "mesh.length", "mesh.cell", "tissue.regions.bolus.box.high", "line.along.end"
]
values = [
    [1.6, "2 mm", "10 um", ["0.1 mm"], ["2 mm"]],
    [2.0, "1.6 mm", "8 um", ["0.08 mm"], ["1.6 mm"]],
]
"""
    _, table = scan(tmp_path / "s", text)
    products = table["tortuosity"] * table[SPEED]
    what = "speed x lambda in tissues that scale with it"
    found(what, products[1], products[0], 1e-9, "mm/min", "the other tissue", rel=True)


def test_speed_falls_with_alpha_by_the_known_powers(tmp_path):
    keys = '["alpha", "membrane.parameters.phi", "membrane.parameters.phi_g"]'
    filled = "[[0.1, 0.5625, 0.3375], [0.4, 0.375, 0.225]]"  # what alpha leaves
    ways = {
        "fixed": (f"keys = {keys}\nvalues = {filled}", -0.42),
        "scaled": ('key = "alpha"\nvalues = [0.1, 0.4]', -0.57),
    }
    for packing, (axis, known) in ways.items():
        text = f'{WAVE}"tissue.packing" = "{packing}"\n[[axis]]\n{axis}\n'
        _, table = scan(tmp_path / packing, text)
        alphas = [0.1, 0.4]
        ours = np.polyfit(np.log(alphas), np.log(table[SPEED]), 1)[0]
        what = f"speed as a power of alpha, packing {packing}"
        found(what, ours, known, 0.04, "", SOLVED)


@pytest.mark.slow
def test_small_alpha_ignites_by_less_potassium_but_not_by_a_lower_concentration(tmp_path):
    step = SLAB.replace("HOW", 'load = "60 mM/s"') + (
        'key = "source.KCl.load"\nlow = "20 mM/s"\nhigh = "120 mM/s"'
    )
    amount = SLAB.replace("HOW", 'amount = "1 umol"') + (
        'key = "source.KCl.amount"\nlow = "20 umol"\nhigh = "600 umol"'
    )
    steps = 0.1 * thresholds(tmp_path / "step", step)  # mM
    amounts = thresholds(tmp_path / "amount", amount)  # umol/m^2
    for alpha, step in ((0.1, 5.76), (0.4, 5.18)):
        what = f"step of KCl in a slab of 0.1 mm that ignites, alpha {alpha}"
        found(what, steps[alpha], step, 0.25, "mM", SOLVED)
    assert steps[0.1] > steps[0.4]
    assert amounts[0.1] < 0.35 * amounts[0.4]
    for alpha in (0.1, 0.4):  # the same stimulus in two ways: umol/m^2 = alpha step r
        what, value = f"amount of KCl that ignites, alpha {alpha}", alpha * steps[alpha] * 100
        found(what, amounts[alpha], value, 0.02, "umol/m^2", "alpha step r", rel=True)


@pytest.mark.slow
def test_critical_radius_is_inverse_to_tortuosity(tmp_path):
    text = """
base = "sd_wave"
stop = { settled = "2 s" }
[set]
"mesh.length" = "0.2 mm"
"mesh.cell" = "0.5 um"
"time.end" = "20 s"
"output.every" = "20 s"
"output.series" = "1 s"
"tissue.regions.bolus.initial" = { K_o = "10.75 mM", Cl_o = "119.75 mM" }
line = []
[[axis]]
key = "tortuosity"
values = [1.2, 2.0]
[threshold]
key = "tissue.regions.bolus.box.high.0"
low = "5 um"
high = "40 um"
"""
    radii = thresholds(tmp_path / "s", text)
    what, one_cell = "critical radius x lambda, lambda 2", 0.5 * 2.0
    found(what, 2.0 * radii[2.0], 1.2 * radii[1.2], one_cell, "um", "lambda 1.2")


def test_seizure_threshold_falls_and_peak_rises_as_alpha_shrinks(tmp_path):
    text = """
[run]
membrane = { model = "barreto_cressman", parameters = { K_bath = 8 } }
mesh = { generator = "interval", length = "20 um", cell = "10 um" }
time = { end = "400 s", step = "100 ms" }
detect = { load = "7.4 mM" }
output = { every = "400 s", series = "50 s" }
[[axis]]
key = "alpha"
values = [0.25, 0.125, 0.0666667]
"""
    search = """
[threshold]
key = "membrane.parameters.K_bath"
margin = "load"
low = "7 mM"
high = "8.2 mM"
tolerance = 0.003
"""
    baths = thresholds(tmp_path / "bath", text + search)
    _, table = scan(tmp_path / "peak", text, 'run.time.end="100 s"', 'run.output.every="100 s"')
    known = zip(baths, table["max_K_o"], (7.751, 7.615, 7.427), (7.86, 9.94, 16.84), strict=True)
    for alpha, (bath, peak, right, highest) in zip((0.25, 0.125, 0.0667), known, strict=True):
        what = f"barreto_cressman, alpha {alpha}: "
        found(what + "K_bath from which seizures come", bath, right, 0.02, "mM", SOLVED)
        found(what + "highest K+", peak, highest, 0.02, "mM", SOLVED, rel=True)


def test_small_alpha_bears_shorter_failures_of_the_pump(tmp_path):
    text = """
[run]
membrane = { model = "huebel_dahlem", options = { gates = "h" }, tolerance = 1e-4 }
mesh = { generator = "interval", length = "20 um", cell = "10 um" }
tissue = { packing = "fixed", ions = ["K", "Na", "Cl"] }
detect = { sd = "30 mM" }
time = { end = "45 s", step = "100 ms" }
output = { every = "45 s", series = "5 s" }
[[run.event]]
name = "failure"
parameters = { rho = 0.0 }
profile = { kind = "pulse", duration = "10 s" }
[[axis]]
keys = ["alpha", "membrane.parameters.phi"]
values = [[0.1, 0.9], [0.25, 0.75]]
[threshold]
key = "event.failure.profile.duration"
margin = "sd"
low = "1 s"
high = "25 s"
tolerance = 0.005
[stop]
settled = "5 s"
"""
    seconds = thresholds(tmp_path / "s", text)
    for share, ours, value in zip((0.1, 0.25), seconds, (4.19, 10.55), strict=True):
        what = f"failure of the pump that ends in SD, share {share} outside"
        found(what, ours, value, 0.01, "s", SOLVED, rel=True)


def critical_pulse(x, diffusivity, A, rest, middle, top):
    """The stationary pulse of the Nagumo equation on the line [mM]: it neither grows nor decays."""
    from scipy.integrate import quad, solve_ivp
    from scipy.optimize import brentq

    force = lambda u: A * (u - rest) * (u - middle) * (u - top)  # noqa: E731
    work = lambda u: quad(force, rest, u)[0]  # noqa: E731
    peak = brentq(work, middle, top)
    bend = lambda x, y: [y[1], force(y[0]) / diffusivity]  # noqa: E731
    solved = solve_ivp(bend, (0, x[-1]), [peak, 0.0], dense_output=True, rtol=1e-10, atol=1e-12)
    return peak, solved.sol(x)[0]


def test_nagumo_ignites_from_the_critical_pulse(tmp_path):
    cell, length = 2.5e-6, 150e-6
    x = np.arange(0, length + cell / 2, cell)
    peak, profile = critical_pulse(x, 1.96e-9 / 1.6**2, 6e-3, 3.0, 12.0, 55.0)
    found("critical pulse of the Nagumo equation: peak", peak, 16.8753, 1e-3, "mM")
    turned = np.argmin(profile)  # beyond, the numbers leave the unstable path
    profile[turned:] = 3.0
    np.save(tmp_path / "pulse.npy", profile)
    text = """
[run]
membrane = { model = "nagumo", initial = { K_o = { file = "pulse.npy" } } }
mesh = { generator = "interval", length = "150 um", cell = "2.5 um" }
tissue = { D = "1.96e-9 m^2/s", tortuosity = 1.6 }
detect = { front = "30 mM" }
time = { end = "20 s", step = "10 ms", tolerance = "0.01 mM" }
output = { every = "20 s", series = "0.5 s" }
[[axis]]
key = "alpha"
values = [0.1, 0.3]
[threshold]
key = "membrane.parameters.K_threshold"
low = "11 mM"
high = "13 mM"
tolerance = 0.0005
"""
    for alpha, ours in zip((0.1, 0.3), thresholds(tmp_path / "s", text), strict=True):
        found(f"K_threshold of the critical pulse, alpha {alpha}", ours, 12.0, 0.03, "mM")

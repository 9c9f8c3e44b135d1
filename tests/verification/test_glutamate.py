"""Glutamate between cells: closed forms of its diffusion and uptake, and its part in a wave."""

import numpy as np
import pytest

from ecs_model.run.field_series import read_field, read_mesh
from tests.helpers import found, run_here, series, summary

SOLVED = "independent line solver in C"
QUIET = "P_NMDA = 0.0, A_r = 0.0, B_e = 0.0, B_g = 0.0"
LAYERS = f"""
[mesh]
generator = "interval"
length = "0.2 mm"
cell = "5 um"
[tissue]
alpha = 0.2
tortuosity = 1.6
ions = ["K", "Na", "Cl", "glutamate"]
[[tissue.regions]]
name = "right"
box = {{ low = ["0.1 mm"], high = ["0.3 mm"] }}
alpha = 0.1
tortuosity = 1.8
[membrane]
model = "kager_mori"
options = {{ glutamate = true }}
parameters = {{ {QUIET} }}
[[boundary]]
on = "left"
ion = "glutamate"
bath = "3 uM"
[[boundary]]
on = "right"
ion = "glutamate"
bath = "12 uM"
[time]
end = "400 s"
step = "0.4 s"
adaptive = false
[output]
every = "400 s"
series = "400 s"
precision = "double"
fields = ["glutamate_o"]
"""
MODES = {
    "diffusion": (),
    "electrodiffusion": ("tissue.transport=electrodiffusion",),
    "swelling": ("tissue.transport=electrodiffusion", "membrane.options.swelling=true"),
}


def at_end(run, name="glutamate_o"):
    """Places [m], in order, and values of a field at the end."""
    x = 1e-3 * read_mesh(run.path)[0][:, 0]
    order = np.argsort(x)
    return x[order], read_field(run.path, name, 1)[order]


@pytest.mark.parametrize("mode", MODES)
def test_it_diffuses_between_cells_as_potassium_does(tmp_path, mode):
    """Two layers of other alpha and lambda: fluxes alpha D/lambda^2 times slopes are the same."""
    x, G = at_end(run_here(LAYERS, tmp_path / "run", *MODES[mode]))
    middle = 1e3 * G[int(np.abs(x - 1e-4).argmin())]
    found(f"glutamate between two layers, {mode}", middle, 5.548673, 2e-4, "uM")


def test_uptake_bounds_its_reach(tmp_path):
    """Steady beside a bath: exp(-x / L) with L^2 = D alpha / (lambda^2 B_e), 50 um."""
    start, end = LAYERS.index("[[tissue.regions]]"), LAYERS.index("[membrane]")
    text = LAYERS[:start] + LAYERS[end:]
    beside = text.index('[[boundary]]\non = "right"'), text.index("[time]")
    text = text[: beside[0]] + text[beside[1] :]
    text = text.replace(QUIET, "P_NMDA = 0.0, A_r = 0.0, R_e = 0.0, B_g = 0.0")
    longer = ("mesh.length=0.6 mm", "mesh.cell=2.5 um", "time.end=100 s", "output.every=100 s")
    run = run_here(text, tmp_path / "run", *longer, "time.step=50 ms", "output.series=100 s")
    x, G = at_end(run)
    decay = np.polyfit(x[x < 1.5e-4], np.log(G[x < 1.5e-4]), 1)[0]
    exact = np.sqrt(7.6e-10 / 1.6**2 * 0.2 * 42)
    found("glutamate: reach beside uptake", -1e6 / decay, 1e6 * exact, 0.05, "um")
    ledger = summary(run)["balance"]["ions"]["glutamate"]
    assert ledger["relative_error"] < 1e-12
    assert ledger["given"]["membranes"] < 0 < ledger["given"]["boundary left"]


WAVE = """
[mesh]
generator = "interval"
length = "2.5 mm"
cell = "10 um"
[tissue]
alpha = 0.2
tortuosity = 1.6
ions = ["K", {name="Na", D="1.96e-9 m^2/s"}, {name="Cl", D="1.96e-9 m^2/s"}, "glutamate"]
[[tissue.regions]]
name = "bolus"
box = { low = ["-1 um"], high = ["0.2 mm"] }
initial = { K_o = "64 mM", Cl_o = "173 mM" }
[membrane]
model = "kager_mori"
options = { glutamate = true }
[time]
end = "80 s"
step = "2 ms"
adaptive = false
[output]
every = "80 s"
series = "50 ms"
fields = ["K_o", "V", "glutamate_o"]
[[probe]]
name = "tip"
at = ["1.5 mm"]
[[line]]
name = "along"
start = ["0 mm"]
end = ["2.5 mm"]
points = 251
"""
WAVES = {  # P_NMDA [m/s] -> speed [mm/min], V above -40 mV [s], most glutamate [mM]
    0.0: (3.4540, 17.83, None),
    1e-7: (3.4695, 20.67, 0.351),
    3e-7: (3.5038, 29.96, 0.435),
}


class Wave:
    """What a wave with glutamate does at a place that it crosses."""

    def __init__(self, folder, permeability, *changes):
        run = run_here(WAVE, folder, f"membrane.parameters.P_NMDA={permeability}", *changes)
        columns, self.summary = series(run), summary(run)
        self.speed = self.summary["fronts"]["along"]["speed_mm_per_min"]
        self.depolarized = 0.05 * (columns["V@tip"] > -40).sum()
        self.glutamate = columns["glutamate_o@tip"].max()


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glutamate")
    return {P: Wave(folder / f"P{P:g}", P) for P in WAVES}


@pytest.mark.slow
def test_waves_with_receptors(waves):
    """The independent solver's mesh is another: speeds within 1 %, their ratios within 0.5 %."""
    for P, (speed, depolarized, most) in WAVES.items():
        wave, what = waves[P], f"SD with P_NMDA {P:g} m/s"
        found(f"{what}: speed", wave.speed, speed, 0.01, "mm/min", SOLVED, True)
        found(f"{what}: V > -40 mV", wave.depolarized, depolarized, 0.1, "s", SOLVED)
        ratio = wave.speed / waves[0.0].speed
        found(f"{what}: speed over that without", ratio, speed / WAVES[0.0][0], 5e-3, "", SOLVED)
        if most:
            found(f"{what}: most glutamate", wave.glutamate, most, 2e-3, "mM", SOLVED)
        assert wave.summary["balance"]["ions"]["glutamate"]["relative_error"] < 1e-12


@pytest.mark.slow
def test_glutamate_that_stays_or_is_taken_up_faster_hardly_changes_the_wave(waves, tmp_path):
    """As the independent solver found: 0.1 % slower where it stays."""
    end, D = ("time.end=40 s", "output.every=40 s"), 'D="1.96e-9 m^2/s"'
    ions = f'tissue.ions=["K", {{name="Na", {D}}}, {{name="Cl", {D}}}]'
    still = Wave(tmp_path / "still", 1e-7, ions, *end)
    assert "glutamate stays where cells release it" in still.summary["bias"]
    ratio = still.speed / waves[1e-7].speed
    found("SD, glutamate that stays: speed", ratio, 3.4653 / 3.4695, 1e-3, "", SOLVED)
    fast = Wave(tmp_path / "fast", 1e-7, "membrane.parameters.B_e=0.0952381", *end)
    found("SD, uptake of glutamate x 4: most of it", fast.glutamate, 0.164, 2e-3, "mM", SOLVED)
    ratio = fast.speed / waves[1e-7].speed
    found("SD, uptake of glutamate x 4: speed", ratio, 3.4689 / 3.4695, 2e-3, "", SOLVED)


@pytest.mark.slow
def test_two_rates_bring_the_same_wave(waves, tmp_path):
    rates = ("time.adaptive=true", "time.two_rates=true", "time.step=10 ms")
    wave = Wave(tmp_path / "two", 1e-7, *rates, "time.end=40 s", "output.every=40 s")
    assert wave.summary["two_rates"]["share"] < 0.1
    assert wave.speed == pytest.approx(waves[1e-7].speed, rel=1e-3)
    assert wave.glutamate == pytest.approx(waves[1e-7].glutamate, rel=1e-3)
    assert wave.summary["balance"]["ions"]["glutamate"]["relative_error"] < 1e-12

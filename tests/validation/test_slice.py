"""The slice of Kelley et al. 2022: an octant of 1 x 1 x 0.4 mm in a bath, a bolus in its middle."""

import functools

import numpy as np
import pytest

from ecs_model.run.field_series import read_field, read_mesh
from ecs_model.run.tables import read_line
from tests.helpers import run_here, summary
from tests.validation.experiments import measured

OCTANT = """\
[mesh]
generator = "box"
size = ["0.5 mm", "0.5 mm", "{half} mm"]
cell = "25 um"
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
D = "2.62e-9 m^2/s"
ions = ["K", "Na", "Cl"]
[[tissue.species]]
name = "O2"
D = "3.3e-9 m^2/s"
[[tissue.regions]]
name = "bolus"
ball = {{ centre = ["0 mm", "0 mm", "0 mm"], radius = "0.1 mm" }}
initial = {{ K_o = 70.0, Cl_o = 179.0 }}
[membrane]
model = "kager_mori"
options = {{ pump = "post_albers", energy = true, swelling = true }}
parameters = {{ k_O2 = 0.0{membrane} }}
initial = {{ O2 = "{oxygen} mM" }}
{baths}
[[line]]
name = "across"
start = ["0 mm"{zeros}]
end = ["0.5 mm"{zeros}]
points = 101
[time]
end = "10 s"
[output]
every = "10 s"
series = "0.1 s"
fields = ["K_o", "O2"]
[detect]
front = "15 mM"
"""
PERFUSED = {"half": 0.2, "alpha": 0.2, "tortuosity": 1.6, "oxygen": 0.1, "membrane": ""}
HYPOXIC = PERFUSED | {"alpha": 0.13, "tortuosity": 1.8, "oxygen": 0.01}
PROPIONATE = PERFUSED | {"alpha": 0.12}
THIN = PERFUSED | {"half": 0.05}
HALVED = {"membrane": ", S = 2.69e5, S_g = 3.19e5"}  # membrane per volume, 1/m


def config(**state):
    baths = "".join(
        f'[[boundary]]\non = "{face}"\nbath = "4 mM"\n'
        f'[[boundary]]\non = "{face}"\nion = "O2"\nbath = "{state["oxygen"]} mM"\n'
        for face in ("right", "back", "top")
    )
    return OCTANT.format(baths=baths, zeros=', "0 mm", "0 mm"', **state)


@pytest.fixture(scope="module")
def octant(tmp_path_factory):
    """A function: state of the slice -> the run; each is run once."""
    folder = tmp_path_factory.mktemp("slice")

    @functools.cache
    def run(items):
        state = dict(items)
        return run_here(config(**state), folder / "_".join(map(str, state.values())))

    return lambda state: run(tuple(state.items()))


def speed(run):
    """From when K+ passes 15 mM 150 and 450 um from the middle of the slice [mm/min]."""
    times, positions, fields, _ = read_line(run.path, "across")
    K_o = np.array([np.interp([0.15, 0.45], positions, row) for row in fields["K_o"]])
    near, far = (np.interp(15.0, *_rise(K_o[:, k], times)) for k in (0, 1))
    return 60 * 0.3 / (far - near)


def _rise(values, times):
    """Values up to the highest, and their times."""
    end = int(values.argmax()) + 1
    return np.maximum.accumulate(values[:end]), times[:end]


def farthest(run):
    """The highest K+ [mM] at the end, beyond 0.25 mm from the middle along one side."""
    far = read_mesh(run.path)[0][:, 0] > 0.25
    return float(read_field(run.path, "K_o", 1)[far].max())


def test_perfused(octant):
    run = octant(PERFUSED)
    assert 4.0 < speed(run) < 4.6
    core = read_field(run.path, "O2", 1)
    points = read_mesh(run.path)[0]
    middle = np.linalg.norm(points, axis=1).argmin()
    assert core[middle] < 1.0 and core.max() == pytest.approx(100.0), "a hypoxic core [uM]"
    assert summary(run)["species"]["O2"]["relative_error"] < 1e-11


@pytest.mark.slow
def test_membrane_decides_the_speed_in_a_perfused_slice(octant):
    why = (
        "an octant of it with neurons and glia of kager_mori, whose wave is faster than theirs, "
        "and ions that do not drift (6 % faster); with half of the membrane per volume (S, S_g) it "
        f"is {speed(octant(PERFUSED | HALVED)):.1f} mm/min"
    )
    measured("slice: speed", speed(octant(PERFUSED)), False, why)


@pytest.mark.slow
def test_hypoxic_and_propionate_are_faster(octant):
    perfused = speed(octant(PERFUSED))
    why = "alpha 0.13, lambda 1.8 and a tenth of the oxygen, over the perfused slice"
    measured("slice: hypoxic", speed(octant(HYPOXIC)) / perfused, True, why)
    why = "alpha 0.12, all else as in the perfused slice"
    measured("slice: propionate", speed(octant(PROPIONATE)) / perfused, True, why)


@pytest.mark.slow
def test_a_thin_slice(octant):
    """None at 100 um: the bath takes K+ away, and oxygen reaches the middle."""
    halved = farthest(octant(THIN | HALVED))
    why = (
        "highest K+ beyond 250 um from the bolus after 10 s: a bath 50 um away does not stop a "
        "wave of kager_mori; with half of the membrane per volume (S, S_g) it does: "
        f"{halved:.1f} mM"
    )
    assert halved < 15
    measured("slice: thin", farthest(octant(THIN)), False, why)


SLAB = """\
[mesh]
generator = "interval"
length = "300 um"
cell = "10 um"
[tissue]
[[tissue.species]]
name = "O2"
D = "1.8e-9 m^2/s"
[membrane]
model = "kager_mori"
options = { pump = "post_albers", energy = true }
parameters = { k_O2 = 0.0 }
initial = { O2 = "0.6 mM" }
[[boundary]]
on = "left"
ion = "O2"
bath = "0.785 mM"
[[boundary]]
on = "right"
ion = "O2"
bath = "0.785 mM"
[time]
end = "60 s"
[output]
every = "60 s"
series = "60 s"
fields = ["K_o", "O2"]
"""
TORR = 1.16e-3  # mM
FACE, REACH = 0.785, (150e-6) ** 2 / (2 * 1.8e-9)  # mM, s: what the middle lacks is use times this


def test_oxygen_in_the_middle_of_a_slice(tmp_path):
    run = run_here(SLAB, tmp_path / "slab")
    middle = 1e-3 * read_field(run.path, "O2", 1).min()
    use = 60 * (FACE - middle) / REACH  # mM/min
    needed = 60 * (FACE - 291 * TORR) / REACH
    assert 1.5 < use < 2.3 and needed == pytest.approx(4.3, abs=0.1)
    why = (
        f"tissue at rest uses {use:.2g} mM/min here, as in vivo; 291 mmHg need {needed:.2g}, as "
        "the authors found for their slices"
    )
    measured("slice: oxygen", middle / TORR, False, why)


def test_half_of_the_oxygen_of_air(tmp_path):
    """Faces at 0.165 mM; the depth at which half of it is left."""
    run = run_here(
        SLAB.replace("0.785 mM", "0.165 mM").replace("0.6 mM", "0.1 mM"),
        tmp_path / "air",
        "mesh.cell=5 um",
    )
    x = 1e3 * read_mesh(run.path)[0][:, 0]  # um
    order = np.argsort(x)
    oxygen = 1e-3 * read_field(run.path, "O2", 1)[order]
    near = x[order] < 150
    depth = float(np.interp(-0.165 / 2, -oxygen[near], x[order][near]))
    needed = 4.3 / 60  # mM/s, what their slices of 300 um in oxygen use
    deep = 1e6 * np.sqrt(2 * 1.8e-9 * 0.165 / needed) * (1 - np.sqrt(0.5))
    assert 15 < deep < 40
    why = (
        "tissue at rest uses less than slices seem to: the 4.3 mM/min of the row above would give "
        f"{deep:.0f} µm"
    )
    measured("slice: half", depth, False, why)

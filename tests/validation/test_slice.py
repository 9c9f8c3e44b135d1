"""The slice of Kelley et al. 2022: an octant of 1 x 1 x 0.4 mm in a bath, a bolus in its middle."""

import functools
import tomllib
from pathlib import Path

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.run.field_series import read_field, read_mesh
from ecs_model.run.tables import read_line
from tests.helpers import run_here, summary
from tests.validation.experiments import is_inside, measured

ROOT = Path(__file__).parents[2]
OCTANT = """\
[mesh]
generator = "box"
size = ["0.5 mm", "0.5 mm", "{half} mm"]
cell = "{cell} um"
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
D = "2.62e-9 m^2/s"
ions = ["K", "Na", "Cl"]
packing = "fixed"
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
parameters = {{ k_O2 = 0.0, phi = {phi}, S = {S} }}
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
TISSUE = {"alpha": 0.2, "tortuosity": 1.6, "oxygen": 0.1, "phi": 0.24, "S": 2.585e5}
PERFUSED = {"half": 0.2, "cell": 25} | TISSUE
HYPOXIC = PERFUSED | {"alpha": 0.13, "tortuosity": 1.8, "oxygen": 0.01}
PROPIONATE = PERFUSED | {"alpha": 0.12}
THIN = PERFUSED | {"half": 0.05}
USUAL = {"phi": 0.5, "S": 5.3849e5}  # of kager_mori
THEIRS = {"S": 7.2e5}  # 0.24 x 3 1/um


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
    assert 2.0 < speed(run) < 4.0
    core = read_field(run.path, "O2", 1)
    points = read_mesh(run.path)[0]
    middle = np.linalg.norm(points, axis=1).argmin()
    assert core[middle] < 1.0 and core.max() == pytest.approx(100.0), "a hypoxic core [uM]"
    assert summary(run)["species"]["O2"]["relative_error"] < 1e-11


@pytest.mark.parametrize("text", ["runs/slice_sd", "docs/papers/kelley_2022"])
def test_ready_slices_are_of_that_tissue(text):
    config = tomllib.loads((ROOT / f"{text}.toml").read_text())
    found = {key: config["tissue"][key] for key in ("alpha", "tortuosity")}
    found |= {key: config["membrane"]["parameters"][key] for key in ("phi", "S")}
    assert config["tissue"]["packing"] == "fixed"
    assert found.items() <= TISSUE.items()


@pytest.mark.slow
def test_a_perfused_slice_is_as_fast_as_theirs(octant):
    ours = speed(octant(PERFUSED))
    fine = speed(octant(PERFUSED | {"cell": 12.5}))
    assert fine == pytest.approx(ours, rel=0.01)
    why = (
        "an octant of it, in which neurons fill 0.24 as theirs do, with as much membrane per "
        f"volume of neurons as kager_mori has; {fine:.2f} with cells of 12.5 µm; "
        f"{speed(octant(PERFUSED | USUAL)):.1f} where neurons fill 0.5, "
        f"{speed(octant(PERFUSED | THEIRS)):.1f} with their 3/µm of membrane"
    )
    measured("slice: speed", ours, True, why)


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
    usual = farthest(octant(THIN | USUAL))
    why = (
        "highest K+ beyond 250 um from the bolus after 10 s: the bath 50 um away takes what "
        f"neurons release; {usual:.1f} mM where neurons fill 0.5"
    )
    assert usual > 15
    measured("slice: thin", farthest(octant(THIN)), True, why)


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
NEEDED = 60 * (FACE - 291 * TORR) / REACH  # mM/min, so that the middle has 291 mmHg
AIR = SLAB.replace("0.785 mM", "0.165 mM").replace("0.6 mM", "0.1 mM")


def oxygen(run):
    """Depths [um] in order and oxygen there [mM]."""
    depth = 1e3 * read_mesh(run.path)[0][:, 0]
    order = np.argsort(depth)
    return depth[order], 1e-3 * read_field(run.path, "O2", 1)[order]


def as_slices_use():
    """Settings with which tissue at rest uses NEEDED: all but the pumps more, and the capacity."""
    model = MODELS["kager_mori"].variant(pump="post_albers", energy=True)
    p, y = model.Parameters(), model.State()
    use = 60 * p.k_O2 * (p.O2_blood - y.O2)
    ATP = p.A_total - y.ADP
    other = 60 * (p.phi + p.phi_g) * p.V_other * ATP / (ATP + p.K_other) / p.ATP_per_O2
    V_other = p.V_other * (1 + (NEEDED - use) / other)
    changed = {"V_other": V_other, "V_O2": p.V_O2 * NEEDED / use}
    return [f"membrane.parameters.{name}={value:.6g}" for name, value in changed.items()]


def test_oxygen_in_the_middle_of_a_slice(tmp_path):
    middle = oxygen(run_here(SLAB, tmp_path / "slab"))[1].min()
    use = 60 * (FACE - middle) / REACH  # mM/min
    assert 1.5 < use < 2.3 and NEEDED == pytest.approx(4.3, abs=0.1)
    more = oxygen(run_here(SLAB, tmp_path / "more", *as_slices_use()))[1].min() / TORR
    assert is_inside("slice: oxygen", more)
    why = (
        f"tissue at rest uses {use:.2g} mM/min here, as in vivo; where all but its pumps use more "
        f"(V_other), {NEEDED:.2g} in all, it is {more:.0f} mmHg"
    )
    measured("slice: oxygen", middle / TORR, False, why)


def half(run):
    """The depth at which half of the oxygen of the face is left [um]."""
    depth, found = oxygen(run)
    near = depth < 150
    return float(np.interp(-found[0] / 2, -found[near], depth[near]))


def test_half_of_the_oxygen_of_air(tmp_path):
    """Faces at 0.165 mM."""
    usual = half(run_here(AIR, tmp_path / "air", "mesh.cell=5 um"))
    more = half(run_here(AIR, tmp_path / "more", "mesh.cell=5 um", *as_slices_use()))
    assert is_inside("slice: half", more)
    why = (
        "tissue at rest uses less than slices seem to: where it uses the "
        f"{NEEDED:.2g} mM/min of the row above it is {more:.0f} µm"
    )
    measured("slice: half", usual, False, why)


def core(folder, wide):
    """Width [um] with less than 1 uM of oxygen in a slice so wide [um], and what its middle has."""
    text = SLAB.replace("1.8e-9", "3.3e-9")
    for face in ("0.785 mM", "0.6 mM"):
        text = text.replace(face, "0.1 mM")
    neurons = ("membrane.parameters.phi=0.24", "membrane.parameters.S=2.585e5")
    size = (f"mesh.length={wide} um", "mesh.cell=20 um")
    run = run_here(text.replace("60 s", "15 s"), folder, *size, "time.step=20 ms", *neurons)
    found = oxygen(run)[1]
    return 20.0 * np.sum(found < 1e-3), found[len(found) // 2]


def test_the_hypoxic_core_grows_with_the_slice(tmp_path):
    """It is all that is deeper than oxygen comes, sqrt(2 D C/q); there is none in 0.2 mm."""
    D, C0 = 3.3e-9, 0.1  # m^2/s, mM
    thin, middle = core(tmp_path / "thin", 200)
    use = 8 * D * (C0 - middle) / 200e-6**2  # mM/s
    reach = 1e6 * np.sqrt(2 * D * C0 / use)
    assert thin == 0 and 150 < reach < 200
    assert core(tmp_path / "thick", 600)[0] == pytest.approx(600 - 2 * reach, abs=25)

"""Where boundaries meet, what they bring by area, and salt that enters from baths."""

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ecs_model.physics.ions import KNOWN
from tests.helpers import run_here, series, summary
from tests.verification.answers import (
    ALPHA,
    COURSES,
    EFFECTIVE,
    ENDS,
    VOLUMES,
    text_of,
)

L = 4e-4
PLACES = {"near": 1e-4, "far": 4e-4}
SIDES = {
    2: ["left", "right", "bottom", "top"],
    3: ["left", "right", "front", "back", "bottom", "top"],
}
CUBES = {
    2: 'generator = "rectangle"\nsize = ["0.4 mm", "0.4 mm"]\ncell = "50 um"',
    3: 'generator = "box"\nsize = ["0.4 mm", "0.4 mm", "0.4 mm"]\ncell = "0.1 mm"',
}


def cube(d, sides, end="400 s"):
    """A run of a square or a cube with a probe in the middle."""
    middle = ", ".join(['"0.2 mm"'] * d)
    return (
        f'[mesh]\n{CUBES[d]}\n[membrane]\nmodel = "none"\n[time]\nend = "{end}"\nstep = "10 s"\n'
        f'adaptive = false\n[solver]\nrtol = 1e-10\n[[probe]]\nname = "middle"\nat = [{middle}]\n'
        + "".join(f'[[boundary]]\non = "{on}"\n{what}\n' for on, what in sides)
    )


@pytest.mark.parametrize(
    ("d", "hot", "turn"),
    [
        (d, hot, turn)
        for d in (2, 3)
        for hot in SIDES[d]
        for turn in ((0, 1, 2) if d == 2 else (0,))
    ],
)
def test_one_hot_side_gives_its_share_to_the_middle(tmp_path, d, hot, turn):
    """By symmetry a quarter in a square, a sixth in a cube, whatever the order of the entries."""
    order = SIDES[d][turn:] + SIDES[d][:turn]
    levels = [(on, f'bath = "{27 if on == hot else 3} mM"') for on in order]
    rows = series(run_here(cube(d, levels), tmp_path / "run"))
    assert rows["K_o@middle"][-1] == pytest.approx(3 + 24 / (2 * d), rel=1e-7)


@pytest.mark.parametrize(("a", "b"), [*itertools.combinations(SIDES[2], 2)])
def test_two_hot_sides_give_half(tmp_path, a, b):
    """Whether they meet in a corner or not."""
    levels = [(on, f'bath = "{27 if on in (a, b) else 3} mM"') for on in SIDES[2]]
    rows = series(run_here(cube(2, levels), tmp_path / "run"))
    assert rows["K_o@middle"][-1] == pytest.approx(15.0, rel=1e-7)


@pytest.mark.parametrize("d", [2, 3])
def test_exchanges_that_meet_give_the_mean(tmp_path, d):
    """All sides alike but one: the middle is the mean, and no order changes it."""
    kind = 'exchange = "1 um/s"\noutside = "{} mM"'
    for turn in (0, 1):
        order = SIDES[d][turn:] + SIDES[d][:turn]
        levels = [(on, kind.format(27 if on == "top" else 3)) for on in order]
        rows = series(run_here(cube(d, levels, "4000 s"), tmp_path / "run"))
        assert rows["K_o@middle"][-1] == pytest.approx(3 + 24 / (2 * d), rel=1e-5)


@pytest.mark.parametrize("d", [2, 3])
def test_fluxes_that_meet_bring_what_each_brings(tmp_path, d):
    """Each by its area; the total rises by all of them."""
    size = [4e-4, 2e-4, 1e-4][:d]
    areas = {}
    for axis in range(d):
        area = np.prod([s for k, s in enumerate(size) if k != axis])
        areas |= dict.fromkeys(SIDES[d][2 * axis : 2 * axis + 2], area)
    assert areas["left"] == pytest.approx(ENDS[d])
    sides = "".join(
        f'[[boundary]]\non = "{on}"\nflux = "{k + 1}e-8 mol/m^2/s"\n'
        f"profile = {COURSES['pulse'].text}\n"
        for k, on in enumerate(areas)
    )
    rows = series(run_here(text_of(d, sides), tmp_path / "run"))
    total = 0.0
    for k, (on, area) in enumerate(areas.items()):
        given = (k + 1) * 1e-8 * area * 0.211
        assert rows[f"boundary {on}"][-1] == pytest.approx(given, rel=1e-11)
        total += given
    gained = rows["ecs_K"][-1] - 3.0 * ALPHA * VOLUMES[d]
    assert gained == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_exchanges_begin_with_their_area_times_the_difference(tmp_path, d):
    size = [4e-4, 2e-4, 1e-4][:d]
    names = ["left", *(["bottom"] if d > 1 else ["right"])]
    bottom = {1: 1.0, 2: 4e-4, 3: 8e-8}[d]
    assert d == 1 or bottom == pytest.approx(np.prod(size[:2]) if d == 3 else size[0])
    sides = "".join(
        f'[[boundary]]\non = "{on}"\nexchange = "10 nm/s"\noutside = "{level} mM"\n'
        for on, level in zip(names, (10, 5), strict=True)
    )
    rows = series(run_here(text_of(d, sides, end="0.1 s", series="0.1 s"), tmp_path / "run"))
    for on, rise, area in zip(names, (7, 2), (ENDS[d], bottom), strict=True):
        expected = 1e-8 * rise * area * 0.1
        assert rows[f"boundary {on}"][-1] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("turned", [False, True])
def test_a_flux_beside_a_bath_is_all_booked(tmp_path, turned):
    sides = [("left", 'bath = "9 mM"'), ("bottom", 'flux = "1e-7 mol/m^2/s"')]
    text = "".join(f'[[boundary]]\non = "{on}"\n{what}\n' for on, what in sides[:: 1 - 2 * turned])
    rows = series(run_here(text_of(2, text), tmp_path / "run"))
    assert rows["boundary bottom"][-1] == pytest.approx(1e-7 * 4e-4 * 2.0, rel=1e-11)
    gained = rows["ecs_K"][-1] - rows["ecs_K"][0]
    brought = sum(np.ptp(rows[f"boundary {on}"][[0, -1]]) for on, _ in sides)
    assert gained == pytest.approx(brought, rel=1e-10)


SALT = """
[tissue]
ions = ["K", { name = "Na", initial = "140 mM" }, { name = "Cl", initial = "143 mM" }]
transport = "electrodiffusion"
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "5 um"
[membrane]
model = "none"
[solver]
rtol = 1e-8
[output]
fields = ["K_o", "Na_o", "Cl_o", "Phi_e"]
[[probe]]
name = "near"
at = ["0.1 mm"]
[[probe]]
name = "far"
at = ["0.4 mm"]
[[boundary]]
on = "left"
bath = "83 mM"
"""


def test_between_two_grounded_baths_concentrations_are_straight(tmp_path):
    """Phi_e is zero in both: the current that flows leaves no field, and every ion diffuses."""
    text = SALT + (
        '[[boundary]]\non = "right"\nbath = "3 mM"\n[time]\nend = "2000 s"\nstep = "5 s"\n'
    )
    run = run_here(text, tmp_path / "run")
    rows = series(run)
    exact = {"K": 63.0, "Na": 140.0, "Cl": 203.0}
    for ion, level in exact.items():
        assert rows[f"{ion}_o@near"][-1] == pytest.approx(level, rel=1e-5)
    assert rows["Phi_e@near"][-1] == pytest.approx(0.0, abs=1e-5)
    assert summary(run)["balance"]["relative_error"] < 1e-12


@pytest.mark.parametrize("companion", ["Cl", "Na"])
def test_salt_that_enters_from_a_bath(tmp_path, companion):
    """Nernst-Planck without current in 1-D, by finite volumes and SciPy."""
    line = f'companion = "{companion}"\n[time]\nend = "60 s"\nstep = "20 ms"\n'
    rows = series(
        run_here(SALT + line, tmp_path / "run", "output.series=20 s", "output.every=60 s")
    )
    cells, z = 200, np.array([1.0, 1.0, -1.0])[:, None]
    free = np.array([KNOWN[ion][1] for ion in ("K", "Na", "Cl")])[:, None] / KNOWN["K"][1]
    speed, h = free * EFFECTIVE, L / cells
    start = np.array([3.0, 140.0, 143.0])[:, None]
    bath = start + 80.0 * np.array([[1.0], [-1.0 * (companion == "Na")], [companion == "Cl"]])

    def rate(t, flat):
        c = np.hstack([bath, flat.reshape(3, cells)])
        widths = np.concatenate([[h / 2], np.full(cells - 1, h)])
        slope, mean = np.diff(c, axis=1) / widths, (c[:, 1:] + c[:, :-1]) / 2
        mean[:, 0] = c[:, :2].mean(axis=1)
        field = -(z * speed * slope).sum(axis=0) / (z**2 * speed * mean).sum(axis=0)
        flux = -speed * (slope + z * mean * field)
        return -np.diff(np.hstack([flux, np.zeros((3, 1))]), axis=1).ravel() / h

    began = np.repeat(start, cells, axis=1).ravel()
    times = rows["t"][1:]
    found = solve_ivp(rate, (0, times[-1]), began, "BDF", times, rtol=1e-6, atol=1e-6).y
    exact = found.reshape(3, cells, len(times))
    middles = (np.arange(cells) + 0.5) * h
    for name in ("near", "far"):
        for k, ion in enumerate(("K", "Na", "Cl")):
            there = [np.interp(PLACES[name], middles, exact[k, :, n]) for n in range(len(times))]
            np.testing.assert_allclose(rows[f"{ion}_o@{name}"][1:], there, rtol=3e-3, atol=0.05)

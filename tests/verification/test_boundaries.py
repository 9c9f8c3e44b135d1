"""Baths, fluxes and exchanges against exact solutions: in time, at corners, in amounts."""

import json

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from tests.helpers import run_here, series
from tests.verification.answers import (
    ALPHA,
    COURSES,
    EFFECTIVE,
    STEPS,
    text_of,
    with_table,
)

L = 4e-4
# The same bar in one, two and three dimensions: boundaries only at the ends are used.
BARS = {
    1: 'generator = "interval"\nlength = "0.4 mm"\ncell = "5 um"',
    2: 'generator = "rectangle"\nsize = ["0.4 mm", "40 um"]\ncell = "20 um"',
    3: 'generator = "box"\nsize = ["0.4 mm", "40 um", "40 um"]\ncell = "20 um"',
}
AREAS = {1: 1.0, 2: 4e-5, 3: 1.6e-9}
PLACES = {"here": 0.0, "near": 1e-4, "far": 4e-4}
EVEN = np.arange(1, 400, 2)[:, None]  # of Fourier series in which odd terms count
EVERY = np.arange(1, 400)[:, None]


def bar(d, *sections, end="20 s", series="4 s"):
    """A run of a bar with three probes."""
    probes = "".join(
        f'[[probe]]\nname = "{name}"\nat = {json.dumps([f"{1e3 * x} mm", *["20 um"] * (d - 1)])}\n'
        for name, x in PLACES.items()
    )
    return (
        f'[mesh]\n{BARS[d]}\n[membrane]\nmodel = "none"\n[time]\nend = "{end}"\n'
        f'[output]\nevery = "{end}"\nseries = "{series}"\n' + probes + "".join(sections)
    )


def bath_step(x, t):
    """K+ at `x` after a step from 0 to 1 at one end of a bar, closed at the other."""
    wave = EVEN * np.pi / (2 * L)
    terms = (
        4 / (np.pi * EVEN) * np.sin(wave * x) * np.exp(-(wave**2) * EFFECTIVE * np.maximum(t, 0))
    )
    return np.where(t > 0, 1 - terms.sum(axis=0), 0.0)


def bath_uptake(t):
    """What has entered after such a step, as a share of what fits in."""
    wave = EVEN * np.pi / (2 * L)
    terms = 8 / (np.pi * EVEN) ** 2 * np.exp(-(wave**2) * EFFECTIVE * np.maximum(t, 0))
    return np.where(t > 0, 1 - terms.sum(axis=0), 0.0)


def flux_step(x, t):
    """Rise at `x` after a flux of 1 mol/m^2/s began at one end of a bar, closed at the other."""
    s, away, when = EFFECTIVE / L**2, (L - x) / L, np.maximum(t, 0)
    terms = (-1.0) ** EVERY / EVERY**2 * np.cos(EVERY * np.pi * away)
    fading = (terms * np.exp(-s * (EVERY * np.pi) ** 2 * when)).sum(axis=0)
    rise = s * when + (3 * away**2 - 1) / 6 - 2 / np.pi**2 * fading
    return np.where(t > 0, L / (ALPHA * EFFECTIVE) * rise, 0.0)


def exchange_step(permeability):
    """The function of x, t after a step behind an exchange at one end of a bar."""
    number = permeability * L / (ALPHA * EFFECTIVE)
    roots = np.array(
        [
            brentq(lambda b: b * np.sin(b) - number * np.cos(b), k * np.pi, (k + 0.5) * np.pi)
            for k in range(60)
        ]
    )[:, None]
    sizes = 4 * np.sin(roots) / (2 * roots + np.sin(2 * roots))

    def law(x, t):
        fading = np.exp(-(roots**2) * EFFECTIVE / L**2 * np.maximum(t, 0))
        return np.where(t > 0, 1 - (sizes * np.cos(roots * (1 - x / L)) * fading).sum(axis=0), 0.0)

    return law


# Courses as sums of steps: pairs (time, height); edges lie between steps.
STAIRS = {
    "constant": ('{ kind = "constant" }', [(0.0, 1.0)]),
    "step": ('{ kind = "step", start = "3.337 s" }', [(3.337, 1.0)]),
    "pulse": (
        '{ kind = "pulse", start = "3.337 s", duration = "2.711 s" }',
        [(3.337, 1.0), (6.048, -1.0)],
    ),
    "train": (
        '{ kind = "train", start = "1.113 s", duration = "0.81 s", period = "2.3 s", count = 5 }',
        [(1.113 + 2.3 * k + lag, sign) for k in range(5) for lag, sign in ((0, 1.0), (0.81, -1.0))],
    ),
}
WAYS = {
    "adaptive": ["time.step=20 ms"],
    "fixed": ["time.step=0.1 s", "time.adaptive=false"],
    "rkl2": ["time.step=20 ms", "solver.scheme=rkl2"],
}


def response(law, stairs, t):
    """What a linear tissue answers to a sum of steps."""
    return sum(height * law(t - start) for start, height in stairs)


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("course", STAIRS)
def test_a_bath_in_time(tmp_path, course, steps):
    text, stairs = STAIRS[course]
    bath = f'[[boundary]]\non = "left"\nbath = "13 mM"\nbefore = "3 mM"\nprofile = {text}\n'
    if course == "constant":
        bath = bath.replace('before = "3 mM"\n', "").replace(f"profile = {text}\n", "")
    rows = series(run_here(bar(1, bath), tmp_path / "run", *WAYS[steps]))
    t = rows["t"]
    for name in ("near", "far"):
        exact = 3 + 10 * response(lambda u: bath_step(PLACES[name], u), stairs, t)  # noqa: B023
        np.testing.assert_allclose(rows[f"K_o@{name}"], exact, atol=0.03, rtol=0)
    room = 10 * ALPHA * L
    given = room * response(bath_uptake, stairs, t)
    np.testing.assert_allclose(rows["boundary left"][1:], given[1:], atol=0.01 * room)


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("kind", ["bath", "flux", "exchange"])
def test_a_bar_in_every_dimension(tmp_path, d, kind):
    """The same law and, in amounts per area, the same balance."""
    settings = {
        "bath": 'bath = "13 mM"\nbefore = "3 mM"',
        "flux": 'flux = "5e-7 mol/m^2/s"',
        "exchange": 'exchange = "1 um/s"\noutside = "13 mM"\nbefore = "3 mM"',
    }[kind]
    text, stairs = STAIRS["pulse"]
    side = f'[[boundary]]\non = "left"\n{settings}\nprofile = {text}\n'
    rows = series(run_here(bar(d, side), tmp_path / "run"))
    exchange = exchange_step(1e-6)
    law = {
        "bath": lambda x, u: 10 * bath_step(x, u),
        "flux": lambda x, u: 5e-7 * flux_step(x, u),
        "exchange": lambda x, u: 10 * exchange(x, u),
    }[kind]
    for name in ("near", "far"):
        exact = 3 + response(lambda u: law(PLACES[name], u), stairs, rows["t"])  # noqa: B023
        np.testing.assert_allclose(rows[f"K_o@{name}"], exact, atol=0.03, rtol=0)
    if kind == "flux":
        expected = 5e-7 * 2.711 * AREAS[d]
        assert rows["boundary left"][-1] == pytest.approx(expected, rel=1e-11)
    gained = rows["ecs_K"] - rows["ecs_K"][0]
    np.testing.assert_allclose(rows["boundary left"], gained, atol=1e-12 * rows["ecs_K"][0])


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("course", STAIRS)
def test_a_flux_in_time(tmp_path, course, steps):
    text, stairs = STAIRS[course]
    side = f'[[boundary]]\non = "left"\nflux = "5e-7 mol/m^2/s"\nprofile = {text}\n'
    rows = series(run_here(bar(1, side), tmp_path / "run", *WAYS[steps]))
    for name, x in PLACES.items():
        exact = 3 + 5e-7 * response(lambda u: flux_step(x, u), stairs, rows["t"])  # noqa: B023
        np.testing.assert_allclose(rows[f"K_o@{name}"], exact, atol=0.03, rtol=0)
    ramps = response(lambda u: np.maximum(u, 0.0), stairs, rows["t"])
    np.testing.assert_allclose(rows["boundary left"], 5e-7 * ramps, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("course", STAIRS)
def test_an_exchange_in_time(tmp_path, course, steps):
    text, stairs = STAIRS[course]
    side = (
        '[[boundary]]\non = "left"\nexchange = "1 um/s"\noutside = "13 mM"\nbefore = "3 mM"\n'
        f"profile = {text}\n"
    )
    if course == "constant":
        side = side.replace('before = "3 mM"\n', "").replace(f"profile = {text}\n", "")
    rows = series(run_here(bar(1, side), tmp_path / "run", *WAYS[steps]))
    law = exchange_step(1e-6)
    for name, x in PLACES.items():
        exact = 3 + 10 * response(lambda u: law(x, u), stairs, rows["t"])  # noqa: B023
        np.testing.assert_allclose(rows[f"K_o@{name}"], exact, atol=0.03, rtol=0)


@pytest.mark.parametrize("steps", ["adaptive", "fixed", "one an interval", "rkl2"])
def test_at_the_surface_k_is_that_of_the_bath(tmp_path, steps):
    """Also between the rows of a table, where the bath changes steadily."""
    course = COURSES["table"]
    bath = f"""
[[boundary]]
on = "left"
bath = "13 mM"
before = "3 mM"
profile = {course.text}
[[probe]]
name = "surface"
at = ["0 mm"]
"""
    text = text_of(1, bath, series="0.1 s")
    rows = series(run_here(text, with_table(tmp_path) / "run", *STEPS[steps]))
    exact = [3 + 10 * course.factor(t) for t in rows["t"]]
    np.testing.assert_allclose(rows["K_o@surface"], exact, rtol=1e-12)


def test_a_bath_that_rises_steadily(tmp_path):
    """Duhamel's integral of the answer to a step."""
    (tmp_path / "course.txt").write_text("1.7 0\n11.3 1\n")
    bath = """[[boundary]]
on = "left"
bath = "13 mM"
before = "3 mM"
profile = { kind = "table", file = "course.txt" }
"""
    rows = series(run_here(bar(1, bath), tmp_path / "run", "time.tolerance=0.02 mM"))
    for name in ("near", "far"):
        law = lambda u: float(bath_step(PLACES[name], np.array([u]))[0])  # noqa: B023, E731
        for t, K in zip(rows["t"], rows[f"K_o@{name}"], strict=True):
            since = lambda s: law(t - s)  # noqa: B023, E731
            exact = 3 + 10 / 9.6 * quad(since, 1.7, max(1.7, min(t, 11.3)))[0]
            assert K == pytest.approx(exact, abs=0.02), (name, t)

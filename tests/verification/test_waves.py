"""Spreading depolarization as others computed it: speed, height, width, and how they scale.

References:
    Mori (2015); Ellingsrud et al. (2021, 2022): the benchmark, 5.1 mm/min in their code.
    An independent finite-volume solution: the other numbers.
"""

from pathlib import Path

import numpy as np
import pytest

import ecs_model
from ecs_model.run.field_series import read_field, read_times
from tests.helpers import found, run_here, series, summary
from tests.verification.csd_line import Line, speed

RUNS = Path(ecs_model.__file__).parents[1] / "runs"
FINE = "mesh.cell=5 um"
CENTRAL = "detect.front=20 mM"
SOLVED = "independent solution (finite volumes)"
LESS_CELL = ("membrane.parameters.phi=0.4375", "membrane.parameters.phi_g=0.2625")  # alpha 0.3
ALL_K = 'tissue.ions=["K", "Na", "Cl"]'


class Runs:
    """Runs of a file, each once."""

    def __init__(self, name, folder, *always):
        self._text, self._folder, self._always = (RUNS / f"{name}.toml").read_text(), folder, always
        self._made = {}

    def __call__(self, *overrides):
        """The RunDir with some settings changed."""
        if overrides not in self._made:
            folder = self._folder / f"run{len(self._made)}"
            self._made[overrides] = run_here(self._text, folder, *self._always, *overrides)
        return self._made[overrides]

    def speed(self, *overrides):
        """Speed of the front [mm/min]."""
        front = summary(self(*overrides))["fronts"]["along"]
        assert front["arrived"] == 1.0
        return front["speed_mm_per_min"]


@pytest.fixture(scope="module")
def csd(tmp_path_factory):
    return Runs("csd_benchmark", tmp_path_factory.mktemp("csd"))


@pytest.fixture(scope="module")
def wave(tmp_path_factory):
    return Runs("sd_wave", tmp_path_factory.mktemp("wave"), CENTRAL)


def test_single_precision_of_rates_leaves_the_speed(wave):
    cell = "mesh.cell=20 um"
    mixed, double = wave.speed(cell), wave.speed(cell, "membrane.precision=double")
    assert mixed == pytest.approx(double, rel=1e-5) and mixed != double


@pytest.mark.parametrize(
    ("cell", "tolerance"), [("10 um", 0.01), pytest.param("20 um", 0.03, marks=pytest.mark.slow)]
)
def test_benchmark_speed(csd, cell, tolerance):
    speed, what = csd.speed(f"mesh.cell={cell}"), f"CSD benchmark, {cell}: speed"
    found(what, speed, 5.09, tolerance, "mm/min", SOLVED, rel=True)


def test_benchmark_height_width_and_swelling(csd):
    run = csd("mesh.cell=10 um")
    said, about = summary(run), {"source": SOLVED, "rel": True}
    alpha = [read_field(run.path, "alpha", k).min() for k in range(len(read_times(run.path)))]
    found("CSD benchmark: highest K+", said["max_K_o"], 90.6, 0.05, "mM", **about)
    found("CSD benchmark: smallest alpha", min(alpha), 0.118, 0.05, **about)
    found("CSD benchmark: width", said["fronts"]["along"]["width_um"], 175, 0.06, "um", **about)


def test_benchmark_stays_neutral_and_loses_nothing(csd):
    run = csd("mesh.cell=10 um")
    fields = lambda k: [  # noqa: E731
        read_field(run.path, name, k).astype(float) for name in ("alpha", "K_o", "Na_o", "Cl_o")
    ]
    charge = [a * (K + Na - Cl) for a, K, Na, Cl in map(fields, (0, 30, 60, 96))]
    assert np.abs(np.array(charge) - 0.2 * 27).max() < 1e-5  # written in single precision
    balance = summary(run)["balance"]
    for name, ion in {"K": balance, **balance["ions"]}.items():
        found(f"CSD benchmark: balance of {name}, error", ion["relative_error"], 0.0, 1e-11)


@pytest.mark.slow
def test_benchmark_speed_goes_as_one_over_tortuosity(csd):
    """On cells that shrink as lambda grows the discrete problem is the same, but for its end."""
    slow = csd.speed("tissue.tortuosity=1.6", "mesh.cell=6.25 um", "time.end=77 s")
    fast = csd.speed("mesh.cell=10 um")
    found(
        "CSD benchmark: speed x lambda at lambda 1.6",
        1.6 * slow,
        fast,
        0.006,
        "mm/min",
        "speed at lambda 1",
        rel=True,
    )


@pytest.mark.slow
def test_benchmark_without_drift_is_faster(csd):
    """By 6.3 % where the ions diffuse each by itself."""
    free = csd.speed("tissue.transport=diffusion", 'output.fields=["K_o"]')
    ratio = free / csd.speed("mesh.cell=10 um")
    found("CSD benchmark: speed without drift over that with", ratio, 1.063, 0.005, "", SOLVED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes", "line"),
    [
        ("electrodiffusion", (), {}),
        ("no drift", ("tissue.transport=diffusion", 'output.fields=["K_o"]'), {"drift": False}),
    ],
)
def test_benchmark_is_what_another_solver_tends_to(csd, name, changes, line):
    """On the same lumped cells, as the step of implicit Euler goes to zero."""
    coarse, fine = (speed(Line(3e-3, 20e-6, dt, **line)) for dt in (6.25e-3, 3.125e-3))
    grid = ("mesh.cell=20 um", "mesh.length=3 mm", "solver.theta=0", "time.end=42 s")
    along = 'line=[{name="along",start=["0 mm"],end=["3 mm"],points=151}]'
    ours, what = csd.speed(*grid, along, *changes), f"CSD benchmark, lumped 20 um, {name}: speed"
    found(
        what, ours, 2 * fine - coarse, 0.005, "mm/min", "implicit Euler as dt goes to 0", rel=True
    )


def test_wave_speed_in_the_continuum_limit(wave):
    continuum = wave.speed(FINE)
    found("sd_wave, 5 um: speed in the continuum limit", continuum, 3.562, 0.02, "mm/min", SOLVED)
    run = wave(FINE)
    path = run.path
    middle = slice(200, 600)
    highest = max(read_field(path, "K_o", k)[middle].max() for k in range(len(read_times(path))))
    found("sd_wave, 5 um: highest K+", highest, 71.2, 0.005, "mM", SOLVED, rel=True)


@pytest.mark.parametrize(
    ("what", "changes", "ratio", "tolerance"),
    [
        ("lambda 1", ("tissue.tortuosity=1", "time.end=42 s"), 1.6, 0.003),
        pytest.param(
            "no glia",
            ("membrane.options={glia = false}",),
            3.599 / 3.515,
            0.004,
            marks=pytest.mark.slow,
        ),
        ("K+ alone", ('tissue.ions=["K"]',), 3.778 / 3.515, 0.004),
        pytest.param(
            "electrodiffusion",
            (ALL_K, "tissue.transport=electrodiffusion"),
            3.451 / 3.515,
            0.004,
            marks=pytest.mark.slow,
        ),
        (
            "alpha 0.1, S fixed",
            ("tissue.alpha=0.1", "tissue.packing=fixed", "time.end=52 s"),
            4.706 / 3.515,
            0.01,
        ),
        pytest.param(
            "alpha 0.3, S fixed",
            ("tissue.alpha=0.3", *LESS_CELL, "tissue.packing=fixed", "time.end=84 s"),
            2.931 / 3.515,
            0.01,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "alpha 0.1, S scaled",
            ("tissue.alpha=0.1", "time.end=50 s"),
            4.932 / 3.515,
            0.01,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "alpha 0.3, S scaled",
            ("tissue.alpha=0.3", "time.end=86 s"),
            2.757 / 3.515,
            0.01,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_wave_speed_scales(wave, what, changes, ratio, tolerance):
    ours = wave.speed(FINE, *changes) / wave.speed(FINE)
    found(f"sd_wave, {what}: speed over that before", ours, ratio, tolerance, "", SOLVED, rel=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "low", "high", "times", "exponent"),
    [
        pytest.param(
            "S",
            ("membrane.parameters.S=2.69245e5 1/m", "time.end=92 s"),
            ("membrane.parameters.S=1.07698e6 1/m", "time.end=50 s"),
            4.0,
            0.48,
        ),
        (
            "alpha, S fixed",
            ("tissue.alpha=0.1", "tissue.packing=fixed", "time.end=52 s"),
            ("tissue.alpha=0.3", *LESS_CELL, "tissue.packing=fixed", "time.end=84 s"),
            3.0,
            -0.42,
        ),
        (
            "alpha, S scaled",
            ("tissue.alpha=0.1", "time.end=50 s"),
            ("tissue.alpha=0.4", "time.end=105 s"),
            4.0,
            -0.57,
        ),
    ],
)
def test_wave_speed_is_a_power(wave, what, low, high, times, exponent):
    """Of membrane per volume and of alpha, which grow `times` times."""
    ratio = wave.speed(FINE, *high) / wave.speed(FINE, *low)
    power = np.log(ratio) / np.log(times)
    found(f"sd_wave: speed as a power of {what}", power, exponent, 0.02, "", SOLVED)


def test_wave_is_all_or_none(wave):
    """Three times the bolus, the same speed."""
    more = 'tissue.regions=[{name="bolus",box={low=["-1 um"],high=["0.3 mm"]},initial={K_o="100 mM",Cl_o="209 mM"}}]'  # noqa: E501
    found(
        "sd_wave, three times the bolus: speed",
        wave.speed(FINE, more),
        wave.speed(FINE),
        0.002,
        "mm/min",
        "speed with the usual one",
        rel=True,
    )


BOLUS = 'tissue.regions=[{{name="bolus",box={{low=[{low}],high=[{high}]}},initial={{K_o="60 mM",Cl_o="169 mM"}}}}]'  # noqa: E501
LINE = 'line=[{{name="along",start=[{start}],end=[{end}],points=201}}]'


@pytest.mark.parametrize("d", [2, 3])
def test_a_planar_front_is_as_fast_as_on_a_line(wave, d):
    coordinates = lambda first, rest: ", ".join([f'"{first} um"', *[f'"{rest} um"'] * (d - 1)])  # noqa: E731
    line = wave.speed(
        "mesh.length=2 mm", "time.end=34 s", LINE.format(start='"0 mm"', end='"2 mm"')
    )
    size = ", ".join(['"2 mm"', *['"30 um"'] * (d - 1)])
    body = {2: "rectangle", 3: "box"}[d]
    planar = wave.speed(
        f'mesh={{generator="{body}",size=[{size}],cell="10 um"}}',
        "time.end=34 s",
        BOLUS.format(low=coordinates(-1, -1), high=coordinates(200, 31)),
        LINE.format(start=coordinates(0, 0), end=coordinates(2000, 0)),
    )
    what = f"sd_wave, planar in {d}-D: speed"
    found(what, planar, line, 0.01, "mm/min", "speed on a line", rel=True)


def test_swelling_slows_the_wave_little_and_takes_half_of_the_space(wave):
    run = wave(FINE, "membrane.options={swelling = true}")
    times = read_times(run.path)
    alpha = min(read_field(run.path, "alpha", k).min() for k in range(len(times)))
    assert 0.08 < alpha < 0.15
    assert series(run)["max_K_o"].max() < summary(wave(FINE))["max_K_o"]

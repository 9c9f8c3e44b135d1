"""Spreading depolarization in animals and patients, beside `kager_mori` that swells."""

import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.parameter_set import with_set
from ecs_model.membrane.parameter_sets import find
from tests.membrane.nodes import nodes
from tests.validation.experiments import is_inside, measured
from tests.validation.waves import CALIBRATED, STRONG, WITH_GLUTAMATE, Wave

pytestmark = pytest.mark.slow
PLAIN = "`kager_mori` with swelling and electrodiffusion on a line, 2 mm from the bolus"


@pytest.fixture(scope="module")
def wave(tmp_path_factory):
    return Wave(tmp_path_factory.mktemp("sd") / "plain")


@pytest.fixture(scope="module")
def strong(tmp_path_factory):
    """The wave with glutamate and NMDA receptors as strong as slices in ketamine ask for."""
    return Wave(tmp_path_factory.mktemp("sd") / "strong", *STRONG)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """The wave with the numbers that were sought for what was measured."""
    return Wave(tmp_path_factory.mktemp("sd") / "calibrated", *CALIBRATED)


@pytest.fixture(scope="module")
def little_membrane(tmp_path_factory):
    """The wave with a quarter of the membrane per volume, of neurons and glia."""
    p = MODELS["kager_mori"].Parameters()
    areas = (f"membrane.parameters.{n}={getattr(p, n) / 4:.6g}" for n in ("S", "S_g"))
    return Wave(tmp_path_factory.mktemp("sd") / "little", *areas)


def test_its_speed(wave):
    measured("SD: speed in patients", wave.speed, True, PLAIN)
    measured("SD: speed in rats", wave.speed, True, PLAIN)
    measured("SD: speed in cats", wave.speed, True, PLAIN)


def test_its_space(wave, strong, tmp_path):
    longer = ("membrane.parameters.P_NMDA=3e-7", "time.end=110 s", "output.every=110 s")
    most = Wave(tmp_path / "most", *WITH_GLUTAMATE, *longer)
    assert is_inside("SD: alpha in rat", most.alpha)
    little = (
        "it ends before cells have swollen: NMDA receptors make it longer, and the volume fraction "
        f"{strong.alpha:.3f} with StrongNMDA, {most.alpha:.3f} with P_NMDA 3e-7 m/s"
    )
    measured("SD: alpha in rat", wave.alpha, False, f"{PLAIN}: {little}")
    in_mouse = "tissue.alpha=0.18"
    mouse = Wave(tmp_path / "mouse", in_mouse)
    most_mouse = Wave(tmp_path / "most_mouse", *WITH_GLUTAMATE, *longer, in_mouse)
    assert is_inside("SD: alpha in mouse", most_mouse.alpha)
    why = (
        f"the same with 0.18 before: as above, {most_mouse.alpha:.3f} with P_NMDA 3e-7 m/s; "
        f"{exchanged(mouse)}"
    )
    measured("SD: alpha in mouse", mouse.alpha, False, why)


def test_its_tortuosity(wave, tmp_path):
    """By the law of the run, of which two ends were measured: 1.6 at 0.22, 2.01 at 0.07."""
    receptors = ("membrane.parameters.P_NMDA=4e-7", "time.end=150 s", "output.every=150 s")
    most = Wave(tmp_path / "most", *WITH_GLUTAMATE, *receptors)
    usual, shrunken = (1.6 * (w.alpha / 0.2) ** -0.2 for w in (wave, most))
    assert is_inside("SD: lambda", shrunken) and is_inside("SD: alpha in rat", most.alpha)
    why = (
        "it follows the volume fraction to the power -0.2, and that shrinks too little; with "
        f"NMDA receptors of 4e-7 m/s it is {shrunken:.2f} at {most.alpha:.3f}"
    )
    measured("SD: lambda", usual, False, why)


def amounts(alpha, potassium, rest=3.5, before=0.18):
    """K+ that left cells and Cl- that entered them [mM of tissue], by osmosis and charge.

    Outside are 289 mM of osmoles, 31.5 mM of them impermeant when the volume fraction was `before`
    and positive, so that 2 Cl- + 63 mM before / alpha make up the rest at any alpha.
    """
    return alpha * potassium - before * rest, 289.0 * (before - alpha) / 2


def exchanged(wave):
    """What leaves and what enters, measured and here, in words."""
    (left, entered), (ours, with_chloride) = amounts(0.053, 35), amounts(wave.alpha, wave.highest)
    return (
        f"35 mM in 0.053 mean that {left:.1f} mM of K⁺ left cells (per tissue) while "
        f"{entered:.0f} mM of Cl⁻ entered, here it is {ours:.0f} and {with_chloride:.0f} mM"
    )


def test_a_calibrated_set_has_all_but_the_space(calibrated):
    """And it bears a step of 2.5 mM of KCl, which 10 mM do not leave at rest."""
    measures = {
        "SD: speed in rats": calibrated.speed,
        "SD: highest K+": calibrated.highest,
        "SD: rise of K+": calibrated.rise,
        "SD: recovery": calibrated.recovery,
        "NMDA: width": calibrated.width,
    }
    assert all(is_inside(name, value) for name, value in measures.items()), measures
    assert not is_inside("SD: alpha in rat", calibrated.alpha)
    left, with_chloride = amounts(calibrated.alpha, calibrated.highest, 4.0, 0.2)
    assert 1.5 < left / with_chloride < 2.5
    kager, options = MODELS["kager_mori"], {"glutamate": True, "swelling": True}
    model = with_set(kager.variant(**options), find(kager, "MeasuredSD"))
    advance, y, _ = nodes(model, 2)
    y.K_o[:] += [2.5, 10.0]
    y.Cl_o[:] += [2.5, 10.0]
    advance(10.0)
    assert y.K_o[0] < 7.0 and y.K_o[1] > 20.0


def test_its_potassium(wave, strong, little_membrane, calibrated):
    assert is_inside("SD: highest K+", little_membrane.highest)
    assert is_inside("SD: rise of K+", little_membrane.rise)
    measured(
        "SD: highest K+",
        wave.highest,
        False,
        "membranes release it faster than pumps and diffusion take it: with a quarter of the "
        f"membrane per volume (S, S_g) it is {little_membrane.highest:.0f} mM, with the set "
        f"MeasuredSD {calibrated.highest:.0f} mM",
    )
    measured(
        "SD: rise of K+",
        wave.rise,
        False,
        "its rate goes as the membrane per volume: with a quarter of it (S, S_g) it is "
        f"{little_membrane.rise:.1f} mM/s at {little_membrane.speed:.1f} mm/min, with the set "
        f"MeasuredSD {calibrated.rise:.1f} at {calibrated.speed:.1f}",
    )
    assert is_inside("SD: recovery", strong.recovery)
    measured(
        "SD: recovery",
        wave.recovery,
        False,
        f"cells repolarize too soon: {strong.recovery:.0f} s with the NMDA receptors of StrongNMDA",
    )


def test_its_half_time(wave, tmp_path):
    longer = ("membrane.parameters.P_NMDA=3.6e-7", "time.end=150 s", "output.every=150 s")
    most = Wave(tmp_path / "most", *WITH_GLUTAMATE, *longer)
    assert is_inside("SD: half time", most.recovery)
    why = f"cells repolarize too soon: {most.recovery:.0f} s with NMDA receptors of 3.6e-7 m/s"
    measured("SD: half time", wave.recovery, False, why)


def test_half_of_the_pump_of_glia(wave, tmp_path):
    published = MODELS["kager_mori"].Parameters().I_pump_g
    half = Wave(tmp_path / "half", f"membrane.parameters.I_pump_g={published / 2:.6g}")
    measured("SD: FHM2", half.speed / wave.speed, True, f"{PLAIN}, I_pump_g halved")
    why = "the same, width of V at half of its amplitude"
    measured("SD: FHM2 duration", half.width / wave.width, True, why)

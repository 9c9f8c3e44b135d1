"""Seizures that synapses carry through spiking tissue, and how inhibition restrains them."""

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from tests.helpers import found
from tests.verification.recruitment import REST, ran, speed, text, watched

BOTH = "excitation+inhibition"
BARRETO = {"K_bath": 7.0, "initial": REST, "kick": 0.5, "end": 0.8}
QUIET = {  # the neuron of Wei, Ullah & Schiff in a bath of 6 mM
    "K_o": 5.691501,
    "Na_o": 147.6787,
    "Cl_o": 126.6715,
    "K_i": 141.4956,
    "Na_i": 17.07746,
    "Cl_i": 6.109204,
    "V": -68.52909,
    "m": 0.010746,
    "h": 0.9972501,
    "n": 0.0292998,
    "v": 0.996961,
    "O": 29.92191,
}
WEI = {"model": "wei_ullah_schiff", "K_bath": 6.0, "initial": QUIET, "current": 10.0, "kick": 0.3}
LOOSE = "time.drive_tolerance=1 Hz"
COMPUTED = "this program, finer steps"


def test_synapses_recruit_tissue_that_diffusion_does_not(tmp_path):
    joined, spikes = watched(tmp_path, text(g_AMPA=0.1, **BARRETO), LOOSE)
    assert joined.synapses.error < 1
    found("recruitment by synapses: speed", speed(spikes), 1.33, 0.03, "mm/s", COMPUTED)
    assert (spikes.count > 5).all()
    _, alone = watched(tmp_path, text(kind="none", **BARRETO))
    assert alone.count[:4].min() > 5 and alone.count[6:].max() == 0


@pytest.mark.slow
def test_diffusion_does_not_recruit_later_either(tmp_path):
    _, alone = watched(tmp_path, text(kind="none", **BARRETO | {"kick": 2.0, "end": 15.0}))
    assert alone.count[10:].max() == 0


@pytest.mark.slow
def test_receptors_without_axons_hardly_recruit(tmp_path):
    """Every node excites itself alone: K+ recruits its neighbours, and no more in this time."""
    _, apart = watched(tmp_path, text(g_AMPA=0.1, apart=True, **BARRETO | {"kick": 1, "end": 3.0}))
    assert apart.count[4:7].min() > 5 and apart.count[10:].max() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("g_GABA", "its_speed"), [(0.0, 1.33), (0.02, 0.98), (0.05, 0.44)])
def test_inhibition_slows(tmp_path, g_GABA, its_speed):
    settings = text(kind=BOTH, g_AMPA=0.1, g_GABA=g_GABA, **BARRETO | {"kick": 1.0, "end": 2.0})
    _, spikes = watched(tmp_path, settings, LOOSE)
    what = f"recruitment by synapses, g_GABA {g_GABA} mS/cm^2: speed"
    found(what, speed(spikes), its_speed, 0.03, "mm/s", COMPUTED)


def test_inhibition_stops(tmp_path):
    settings = text(kind=BOTH, g_AMPA=0.1, g_GABA=0.1, **BARRETO)
    _, spikes = watched(tmp_path, settings, LOOSE)
    assert spikes.count[:4].min() > 5 and spikes.count[10:].max() == 0


@pytest.mark.slow
def test_adaptive_steps_follow(tmp_path):
    """Steps that are chosen give the speed of steps of a quarter of a millisecond."""
    fixed = text(g_AMPA=0.1, step=0.25, **BARRETO)
    _, exact = watched(tmp_path, fixed, "time.adaptive=false")
    for tolerance in (0.2, 1.0, 5.0):
        settings = text(g_AMPA=0.1, **BARRETO)
        _, ours = watched(tmp_path, settings, f"time.drive_tolerance={tolerance} Hz")
        assert ours.steps < exact.steps / 2
        assert speed(ours) == pytest.approx(speed(exact), rel=0.01)


def test_uniform_tissue_is_a_cell(tmp_path):
    """Where all nodes send the same, synapses bring to each what it sends."""
    whole = {"g_AMPA": 0.1, **BARRETO, "end": 0.5}
    ends = []
    for apart in (False, True):
        settings = text(apart=apart, **whole).replace('high = ["0.2 mm"]', 'high = ["2 mm"]')
        steps = "time.adaptive=false", "time.step=0.5 ms", "solver.rtol=1e-10"
        simulation, spikes = watched(tmp_path, settings, *steps)
        assert np.ptp(simulation.reaction.variables.K_o) < 1e-6
        ends.append((spikes.count[0], simulation.reaction.variables))
    (joined, y), (own, z) = ends
    assert own > 20 and abs(joined - own) <= 1
    for name in ("K_o", "Na_i", "nu", "s_E"):
        ours, right = getattr(y, name)[0], getattr(z, name)[0]
        assert ours == pytest.approx(right, rel=5e-3), name


def test_wei_is_recruited_and_swells(tmp_path):
    simulation, spikes = watched(tmp_path, text(g_AMPA=0.4, end=0.6, **WEI), LOOSE)
    found("recruitment of wei_ullah_schiff: speed", speed(spikes), 2.27, 0.1, "mm/s", COMPUTED)
    alpha = simulation.reaction.at(slice(None))("alpha")
    assert alpha.max() < 0.12766 and alpha.min() < 0.1270  # at rest 0.12766


@pytest.mark.slow
def test_wei_alone_is_not_recruited_nor_with_inhibition(tmp_path):
    settings = text(kind="none", end=4.0, **WEI | {"kick": 0.5})
    _, alone = watched(tmp_path, settings)
    settings = text(kind=BOTH, g_AMPA=0.4, g_GABA=0.4, end=2.0, **WEI | {"kick": 0.5})
    _, restrained = watched(tmp_path, settings, LOOSE)
    for spikes in (alone, restrained):
        assert spikes.count[:4].min() > 5 and spikes.count[10:].max() == 0


@pytest.mark.slow
def test_words_of_tissue_that_is_recruited(tmp_path):
    """What was not stimulated has seizures; without synapses K+ reaches the next node alone."""
    told, _ = ran(tmp_path, text(g_AMPA=0.1, **BARRETO | {"end": 8.0}), "joined", LOOSE)
    assert told["regime"] == "seizure" and told["seizure"]["share"] == 1
    assert not told["sd"]["verdict"]
    told, _ = ran(tmp_path, text(kind="none", **BARRETO | {"end": 8.0}), "alone")
    assert told["seizure"]["share"] < 0.1


def test_what_cannot_work_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"excitation.*: drives: the model has no 'inhibition'"):
        settings = text(g_AMPA=0.1, **BARRETO)
        watched(tmp_path, settings.replace('drives = "drive"', 'drives = "inhibition"'))
    settings = text(g_AMPA=0.4, end=0.6, **WEI)
    with pytest.raises(ConfigError, match=r"electrodiffusion.*wei_ullah_schiff"):
        ions = 'tissue.ions=["K", "Na", "Cl"]'
        watched(tmp_path, settings, "tissue.transport=electrodiffusion", ions)
    with pytest.raises(
        ConfigError, match=r'switch them on by membrane\.options\.synapses = "excit'
    ):
        settings = text(g_AMPA=0.1, **BARRETO).replace('synapses = "excitation"', "")
        watched(tmp_path, settings.replace("g_AMPA = 0.1, ", "").replace(', "sent", "drive"', ""))

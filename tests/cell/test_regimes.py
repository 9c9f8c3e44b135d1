"""Rules of the regimes, on courses made for them."""

import numpy as np
import pytest

from ecs_model.physics.regimes import (
    FINE,
    WINDOW,
    joined,
    recurrence,
    regime,
    regimes,
    sampling,
    windows,
)

DT = 0.005
T = np.arange(0.0, 100.0, DT)
SPIKES = np.where(np.sin(2 * np.pi * 20 * T) > 0.9, 30e-3, -60e-3)
QUIET = np.full_like(T, -65e-3)
BLOCK = np.full_like(T, -20e-3)
EPISODE = (T % 25.0) < 8.0


@pytest.mark.parametrize(
    ("name", "K", "V"),
    [
        ("rest", 4.0, QUIET),
        ("tonic", 9.0, SPIKES),
        ("seizure", np.where(EPISODE, 9.5, 6.5), np.where(EPISODE, SPIKES, QUIET)),
        ("SD", np.where(EPISODE, 45.0, 4.0), np.where(EPISODE, BLOCK, QUIET)),
        ("SD", 60.0, BLOCK),
        ("depolarized", 12.0, BLOCK),
        ("rest", 4.0 + 0.5 * np.sin(T / 9), QUIET + 1e-3 * np.sin(T / 9)),
    ],
)
def test_names(name, K, V):
    assert regime(DT, np.broadcast_to(K, T.shape), V).name == name


def test_without_a_potential():
    assert regime(DT, np.full_like(T, 5.0)).name == "rest"
    assert regime(DT, np.full_like(T, 50.0)).name == "SD"


def test_period_of_episodes():
    found = regime(DT, np.where(EPISODE, 9.5, 6.5), np.where(EPISODE, SPIKES, QUIET))
    assert found.period == pytest.approx(25.0, abs=0.3)
    assert (found.lowest, found.highest) == (6.5, 9.5)


def test_recurrence_of_nothing():
    assert recurrence(np.ones(50), 1.0) is None
    assert recurrence(np.arange(50.0), 1.0) is None


def test_samples_too_far_apart_are_refused():
    with pytest.raises(ValueError, match="miss spikes"):
        regime(0.6, np.full(200, 9.0), np.full(200, -60e-3))
    with pytest.raises(ValueError, match="fills no window"):
        regime(DT, np.full(20, 9.0), np.full(20, -60e-3))


@pytest.mark.parametrize("every", [0.6, 0.1, 5e-3, 3e-3, 1e-4])
def test_samples_fill_windows_and_are_fine(every):
    interval, size = sampling(every)
    assert interval * size == pytest.approx(WINDOW, rel=1e-12)
    assert interval <= min(every, FINE) * (1 + 1e-12)


def test_a_course_in_parts_is_the_course():
    K, V = np.where(EPISODE, 9.5, 6.5)[:, None], np.where(EPISODE, SPIKES, QUIET)[:, None]
    size = sampling(DT)[1]
    cuts = range(0, len(T), 7 * size)
    parts = [windows(size, K[a : a + 7 * size], V[a : a + 7 * size]) for a in cuts]
    assert regimes(joined(parts)) == regimes(windows(size, K, V)) == [regime(DT, K[:, 0], V[:, 0])]


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("observe", [60, 300])
@pytest.mark.parametrize("period", [0.7, 1.6, 2.2, 4.5, 7.3, 20.0])
def test_a_period_is_found_to_a_percent(period, observe, noise):
    t = (np.arange(10 * observe) + 0.5) / 10
    rough = np.random.default_rng(1).normal(0.0, noise, len(t))
    for values in (6 + np.sin(2 * np.pi * t / period), 3 + 5 * (t / period % 1) ** 3):
        rel = 0.01 if observe > 5 * period else 0.02
        assert recurrence(values + rough, 0.1) == pytest.approx(period, rel=rel)

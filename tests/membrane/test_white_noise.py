"""White noise: its law, its covariance, and that it is one function of seed, position and time."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ecs_model.membrane.white_noise import Noise, White, everywhere, places
from tests.helpers import found

MASK = 2**64 - 1
LENGTH = 1e-4
GOLDEN = 0x9E3779B97F4A7C15


def independent(nodes, seed=1, amplitude=1.0, duration=1e-3, bin=1e-3):
    """White noise at nodes that are far apart."""
    x = 10 * LENGTH * np.arange(nodes, dtype=float)[:, None]
    return White(places(x, LENGTH), np.full(nodes, amplitude), duration, bin, seed)


def values_of(white, nodes, bins):
    """Its values in the bins from 0 on, shape (bins, nodes)."""
    values = np.zeros((bins, nodes))
    for k in range(bins):
        white.add_to(values[k], k)
    return values


def test_numbers_are_gaussian_and_independent():
    """By the law of 400,000 of them, of neighbours in time and in space, and of other seeds."""
    nodes, bins = 400, 1000
    one, other = (values_of(independent(nodes, seed), nodes, bins) for seed in (1, 2))
    assert abs(one.mean()) < 4 / math.sqrt(one.size)
    assert abs(one.var() - 1) < 4 * math.sqrt(2 / one.size)
    assert stats.kstest(one.ravel(), "norm").pvalue > 0.01
    assert abs(stats.skew(one.ravel())) < 4 * math.sqrt(6 / one.size)
    assert abs(stats.kurtosis(one.ravel())) < 4 * math.sqrt(24 / one.size)
    pairs = (one[:-1], one[1:]), (one[:, :-1], one[:, 1:]), (one, other)
    for a, b in (*pairs, (one[:-1] ** 2, one[1:] ** 2), (one[:, :-1] ** 2, one[:, 1:] ** 2)):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / math.sqrt(a.size)


def test_numbers_are_hashes_as_published():
    """SplitMix64 (Steele, Lea & Flood 2014), written once more with Python's whole numbers."""

    def mix(z):
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return z ^ z >> 31

    assert mix(GOLDEN) == 0xE220A8397B1DCDAF  # the first number of SplitMix64 from 0
    seed, point, bin = 7, (-3, 0, 2), 11
    key = mix(seed + GOLDEN & MASK)
    for number in point:
        key = mix((key ^ number & MASK) + GOLDEN & MASK)
    share = ((mix(key ^ mix(bin * GOLDEN & MASK)) >> 12) + 0.5) / 2**52
    white = White(places(LENGTH * np.array([point], float), LENGTH), np.ones(1), 1.0, 1.0, seed)
    value = values_of(white, 1, bin + 1)[bin, 0]
    assert value == pytest.approx(stats.norm.ppf(share), rel=1e-12)


@pytest.mark.parametrize("bin", [1e-3, 0.25e-3, 0.7e-3])
@pytest.mark.parametrize("step", [1e-3, 0.4e-3])
def test_intensity(bin, step):
    """The variance of the integral over T is amplitude^2 duration T, whatever bin and step."""
    nodes, T, amplitude, duration = 20_000, 70e-3, 25e-3, 0.5e-3
    white = independent(nodes, 3, amplitude, duration, bin)
    values, total = np.zeros(nodes), np.zeros(nodes)
    noise = Noise([(values, white)])
    for k in range(round(T / step)):
        for start, end in noise.stretches(k * step, (k + 1) * step):
            noise.act(start, end)
            total += values * (end - start)
    intensity = total.var() / T
    found(
        f"white noise, bins of {bin:g} s",
        intensity,
        amplitude**2 * duration,
        0.04,
        "V^2 s",
        rel=True,
    )
    assert abs(total.mean()) < 4 * total.std() / math.sqrt(nodes)
    assert stats.kstest(total / math.sqrt(amplitude**2 * duration * T), "norm").pvalue > 0.01


def covariance(x, length=LENGTH):
    """Covariance of the noise at points, from their weights."""
    here = places(x, length)
    spread = np.zeros((len(x), len(here.points)))
    np.add.at(spread, (np.arange(len(x))[:, None], here.index), here.weights)
    return spread @ spread.T


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_covariance(dimension):
    """As the module says, at random points around the origin; the variance is 1 at all of them."""
    x = np.random.default_rng(1).uniform(-2 * LENGTH, 2 * LENGTH, (300, dimension))
    expected = np.ones((300, 300))
    for column in x.T / LENGTH:
        low, s = np.floor(column), column - np.floor(column)
        apart = low[None, :] - low[:, None]
        same = np.cos(np.pi / 2 * (s[:, None] - s[None, :]))
        ahead = np.sin(np.pi / 2 * s)[:, None] * np.cos(np.pi / 2 * s)[None, :]
        expected *= np.select([apart == 0, apart == 1, apart == -1], [same, ahead, ahead.T], 0.0)
    ours = covariance(x)
    np.testing.assert_allclose(ours, expected, atol=1e-12)
    np.testing.assert_allclose(np.diag(ours), 1.0, rtol=1e-12)


def test_covariance_on_average_over_places():
    """(1 - r/2) cos(pi r/2) + sin(pi r/2)/pi, and nothing from two lengths on."""
    phases = (np.arange(500) + 0.5)[:, None] / 500
    for r in (0.0, 0.3, 1.0, 1.7, 2.0, 2.5):
        pairs = [covariance(np.array([s, s + r]), 1.0)[0, 1] for s in phases]
        closed = (1 - r / 2) * np.cos(np.pi * r / 2) + np.sin(np.pi * r / 2) / np.pi
        assert np.mean(pairs) == pytest.approx(closed if r < 2 else 0.0, abs=1e-5)


def test_covariance_of_what_is_drawn():
    """That of 20,000 bins at points within two lengths is that of their weights."""
    x = np.linspace(-1.1 * LENGTH, 0.9 * LENGTH, 9)[:, None]
    white = White(places(x, LENGTH), np.ones(9), 1.0, 1.0, 5)
    values = values_of(white, 9, 20_000)
    np.testing.assert_allclose(np.cov(values.T), covariance(x), atol=0.03)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_it_is_a_function_of_position(dimension):
    """Bit for bit whatever other nodes there are, and in which order."""
    rng = np.random.default_rng(2)
    x = rng.uniform(-1e-3, 1e-3, (1000, dimension))
    amplitude = rng.uniform(0.5, 2.0, 1000)
    whole = values_of(White(places(x, LENGTH), amplitude, 1.0, 1.0, 4), 1000, 3)
    for some in (rng.permutation(1000), np.arange(0, 1000, 7), np.arange(1), np.arange(13, 430)):
        part = White(places(x[some], LENGTH), amplitude[some], 1.0, 1.0, 4)
        np.testing.assert_array_equal(values_of(part, len(some), 3), whole[:, some])


def test_a_line_in_space_has_the_noise_of_a_line():
    """Bit for bit: a mesh of more dimensions does not change it."""
    x = np.linspace(0, 1e-3, 77)
    space = np.zeros((77, 3))
    space[:, 0] = x
    line, inside = (
        values_of(White(places(at, LENGTH), np.ones(77), 1.0, 1.0, 4), 77, 5)
        for at in (x[:, None], space)
    )
    np.testing.assert_array_equal(line, inside)


def test_uniform_noise_is_that_of_the_origin():
    white = White(everywhere(3), np.array([1.0, 2.0, -1.0]), 1.0, 1.0, 6)
    origin = White(places(np.zeros((1, 2)), LENGTH), np.ones(1), 1.0, 1.0, 6)
    ours, one = values_of(white, 3, 10), values_of(origin, 1, 10)
    np.testing.assert_array_equal(ours, one * [1.0, 2.0, -1.0])


def test_stretches_end_at_every_bin():
    """They have no gap, end where they should, and none reaches over an edge of a bin."""
    bins = 1e-3, 0.7e-3
    noise = Noise([(np.zeros(1), independent(1, k, bin=bin)) for k, bin in enumerate(bins)])
    rng = np.random.default_rng(3)
    for start, length in rng.uniform([0.0, 1e-6], [1000.0, 2e-2], (300, 2)):
        pairs = [*noise.stretches(start, start + length)]
        assert pairs[0][0] == start
        assert pairs[-1][1] == start + length
        assert all(a[1] == b[0] for a, b in itertools.pairwise(pairs))
        for bin in bins:
            reached = [(math.floor(a / bin + 1e-5), math.ceil(b / bin - 1e-5)) for a, b in pairs]
            assert all(last - first == 1 for first, last in reached)
            assert reached[-1][1] - reached[0][0] == len({first for first, _ in reached})


@pytest.mark.parametrize("steps", [1, 2, 4, 3, 0.25])
def test_steps_do_not_matter(steps):
    """The integral of 1 s is the same in steps of 1, 0.5, 0.25, 1/3 and 4 ms."""
    values, total = np.zeros(50), np.zeros(50)
    white = independent(50, 9)
    noise = Noise([(values, white)])
    step = 1e-3 / steps
    for k in range(round(1.0 / step)):
        for start, end in noise.stretches(k * step, (k + 1) * step):
            noise.act(start, end)
            total += values * (end - start)
    np.testing.assert_allclose(total, 1e-3 * values_of(white, 50, 1000).sum(0), atol=1e-9)


def test_several_in_one_current_add():
    values, one = np.zeros(4), np.zeros(4)
    parts = [(values, independent(4, seed)) for seed in (1, 2)]
    Noise(parts).act(5e-3, 6e-3)
    for _, white in parts:
        white.add_to(one, 5)
    np.testing.assert_array_equal(values, one)
    assert np.ptp(one) > 0

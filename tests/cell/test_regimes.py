"""Rules of the regimes, on spikes and courses made for them; periods."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.cell.population import Bench
from ecs_model.cell.regime_map import judged
from ecs_model.membrane import MODELS
from ecs_model.membrane.activity import Activity
from ecs_model.membrane.model import Surroundings
from ecs_model.physics import regimes
from ecs_model.physics.regimes import NAMES, Firing, margin, recurrence

LOOK = 0.1
T = np.arange(LOOK, 100.0 + LOOK / 2, LOOK)
QUIET, BLOCK, SPIKING = -65e-3, -20.1e-3, 30e-3
LAW = Firing()


def episodes(begin, length, every=25.0, rate=20.0):
    """Times of spikes: episodes of some length [s]."""
    t = np.arange(0.0, 100.0, 1 / rate) + 0.5 / rate
    return t[(t >= begin) & ((t - begin) % every < length)]


def followed(spikes, K=4.0, V=QUIET, firing=LAW, looks=T, activity=None):
    """The Activity of one node with given spikes [s], K+ [mM] and silent potential [V]."""
    K, V = (np.broadcast_to(values, T.shape) for values in (K, V))
    activity = activity or Activity(K[:1].copy(), firing)
    for t in looks:
        k = round(t / LOOK) - 1
        pairs = spikes[(spikes > t - LOOK) & (spikes <= t)]
        now, potential = K[k : k + 1].copy(), V[k : k + 1].copy()
        activity.note(np.column_stack([0 * pairs, pairs, 0 * pairs + 1]), now)
        high = np.full(1, SPIKING) if len(pairs) else potential
        activity.look(t, now, potential)
        activity.widen(potential, high)
    return activity


def word(activity):
    seen, duration = activity.judged(), activity.duration()
    return NAMES[regimes.words(seen, activity.firing, duration, fires=True)[0]]


def seizure(activity):
    return regimes.seizure_margins(
        activity.judged(), activity.firing, activity.duration(), is_population=False
    )[0]


NONE = np.empty(0)
IN = (T % 25.0) < 8.0


@pytest.mark.parametrize(
    ("name", "spikes", "K", "V"),
    [
        ("rest", NONE, 4.0, QUIET),
        ("rest", NONE, 4.0 + 0.5 * np.sin(T / 9), QUIET + 1e-3 * np.sin(T / 9)),
        ("tonic", episodes(0.0, 100.0), 9.0, QUIET),
        ("seizure", episodes(0.0, 100.0), np.where(IN, 9.5, 6.5), QUIET),
        ("seizure", episodes(0.0, 8.0), np.where(IN, 9.5, 6.5), QUIET),
        ("firing", episodes(0.0, 2.5), 5.0, QUIET),
        ("firing", episodes(0.0, 8.0, rate=2.0), 5.0, QUIET),  # too few spikes
        ("seizure", episodes(0.0, 8.0, rate=2.0), np.where(T < 0.15, 3.0, 9.0), QUIET),
        ("SD", episodes(0.0, 2.5), np.where(IN, 45.0, 4.0), np.where(IN, BLOCK, QUIET)),
        ("SD", NONE, 60.0, BLOCK),
        ("depolarized", NONE, 12.0, BLOCK),
        ("rest", NONE, 45.0, QUIET),  # K+ of an SD without a block is none
    ],
)
def test_words(name, spikes, K, V):
    assert word(followed(spikes, K, V)) == name


def test_what_is_counted():
    seen = followed(episodes(5.0, 8.0), np.where(IN, 9.5, 6.5)).judged()
    assert (seen["bursts"], seen["seizures"]) == (4, 4)
    np.testing.assert_allclose(seen["onset"], 5.025)
    np.testing.assert_allclose(seen["longest"], 7.95, rtol=1e-12)
    np.testing.assert_allclose(seen["fired"], 4 * 7.95, rtol=1e-12)
    assert (seen["lowest"], seen["highest"]) == (6.5, 9.5)


def test_a_seizure_that_goes_on_at_the_end_counts():
    activity = followed(episodes(90.0, 20.0))
    assert word(activity) == "seizure"
    np.testing.assert_allclose(activity.judged()["longest"], 99.975 - 90.025)  # to the last spike
    assert activity.is_bursting().all()


def test_a_seizure_does_not_grow_in_the_silence_after_it():
    """It is not yet over then, as another spike could go on with it."""
    activity = followed(episodes(90.0, 8.5))
    assert activity.is_bursting().all()
    np.testing.assert_allclose(activity.judged()["longest"], 8.45, rtol=1e-12)


def test_judging_changes_nothing():
    activity = followed(episodes(90.0, 20.0))
    first = activity.judged()
    for name, values in activity.judged().items():
        np.testing.assert_array_equal(values, first[name])


def test_what_happens_before_it_settles_does_not_count():
    activity = followed(episodes(0.0, 10.0, every=1000.0), firing=replace(LAW, settle=20.0))
    assert word(activity) == "rest" and activity.duration() == pytest.approx(80.0)


def test_gap_joins_bursts():
    spikes = episodes(0.0, 1.0, every=4.0)
    assert word(followed(spikes)) == "firing"
    joined = followed(spikes, firing=replace(LAW, gap=3.5), K=np.where(IN, 9.5, 6.5))
    assert word(joined) == "seizure" and joined.judged()["bursts"] == 1


def test_the_margin_of_a_seizure_is_continuous_and_changes_its_sign_with_the_word():
    lengths = np.arange(2.6, 3.5, 0.05)
    found = np.array([seizure(followed(episodes(10.0, x))) for x in lengths])
    lasted = [np.ptp(s[s < 20]) for s in (episodes(10.0, x) for x in lengths)]
    np.testing.assert_allclose(found, margin(lasted, LAW.seizure), atol=1e-12)
    assert (np.diff(found) >= 0).all() and np.diff(found).max() < 0.04
    assert found[0] < 0 < found[-1]


@pytest.mark.parametrize("high", [-50e-3, -30e-3, -21e-3])
def test_a_node_that_does_not_fire_has_a_margin_by_how_near_it_came(high):
    activity = followed(NONE, V=np.where(IN, high, QUIET))
    assert seizure(activity) == pytest.approx((high - QUIET) / (-20e-3 - QUIET) - 2)


def test_a_population_that_does_not_fire_has_one_by_what_its_rate_would_be():
    bath = np.linspace(8.6, 10.0, 15)  # it rests at 8.5 mM
    model = MODELS["epileptor2"]
    records = model.State(), model.Parameters(K_bath=bath), Surroundings()
    each = (type(r)(*(np.broadcast_to(v, bath.shape).copy() for v in r)) for r in records)
    bench = Bench(model, *each, tolerance=1e-6)
    found = judged(bench, SimpleNamespace(observe=100.0, every=0.1), LAW)
    margins = np.array([x.margin for x in found])
    assert (margins < -1).all() and (margins >= -2).all()
    assert (np.diff(margins) > 0).all() and np.diff(margins).max() < 0.1


def test_a_late_seizure_is_near_the_border():
    margins = [seizure(followed(episodes(t, 20.0, every=1000.0))) for t in (2.0, 50.0, 90.0)]
    np.testing.assert_allclose(
        margins,
        [np.log(400 / 19.95 / LAW.rate), np.log(100 / 50.025), np.log(100 / 90.025)],
        rtol=1e-3,
    )


def test_tonic_firing_is_no_seizure_by_a_margin():
    swings = np.array([0.02, 0.09, 0.11, 0.3])
    found = [seizure(followed(episodes(0.0, 100.0), 9 + 9 * s * (IN - 0.5))) for s in swings]
    np.testing.assert_allclose(found, margin(swings, 0.1), atol=1e-3)


def test_its_rate_slides():
    activity = followed(episodes(0.0, 100.0, rate=20.0))
    assert activity.rate() == pytest.approx(20.0, rel=0.06)
    assert followed(episodes(0.0, 50.0, every=1000.0)).rate() < 1e-30


def test_its_state_goes_on():
    spikes = episodes(0.0, 8.0)
    whole, half = followed(spikes), followed(spikes, looks=T[:500])
    other = Activity(np.full(1, 1.0), LAW)
    other.load({name: np.copy(value) for name, value in half.state().items()})
    followed(spikes, looks=T[500:], activity=other)
    for name, value in whole.state().items():
        np.testing.assert_array_equal(other.state()[name], value)


def test_recurrence_of_nothing():
    assert recurrence(np.ones(50), 1.0) is None
    assert recurrence(np.arange(50.0), 1.0) is None


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("observe", [60, 300])
@pytest.mark.parametrize("period", [0.7, 1.6, 2.2, 4.5, 7.3, 20.0])
def test_a_period_is_found_to_a_percent(period, observe, noise):
    t = (np.arange(10 * observe) + 0.5) / 10
    rough = np.random.default_rng(1).normal(0.0, noise, len(t))
    for values in (6 + np.sin(2 * np.pi * t / period), 3 + 5 * (t / period % 1) ** 3):
        rel = 0.01 if observe > 5 * period else 0.02
        assert recurrence(values + rough, 0.1) == pytest.approx(period, rel=rel)

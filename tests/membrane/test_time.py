"""Models that depend on time: pulses are met, however long the steps; order 2."""

import numpy as np
import pytest

from ecs_model.cell.population import Bench
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.kernel import depends_on_time
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.solver import Reaction, source
from ecs_model.membrane.user_models import load_model
from ecs_model.record import concentration, quantity, record


@record
class State:
    """K+ outside."""

    K_o = concentration(4.0, "potassium")


@record
class Parameters:
    """Of what comes in."""

    rate = quantity(1.0, "mM/s", "release")
    start = quantity(0.3, "s", "beginning")
    length = quantity(1.0, "ms", "duration")
    period = quantity(0.1, "s", "of waves and trains")
    k = quantity(0.0, "1/s", "clearance")


def made(release, **observables):
    """A model with a release in time and first-order clearance."""
    return MembraneModel(
        name="timed",
        summary="for tests",
        State=State,
        Parameters=Parameters,
        rhs=lambda y, p, env: State(p.rate * release(env.time, p) - p.k * (y.K_o - 4.0)),
        observables=observables,
    )


def pulse(t, p):
    return np.where((t >= p.start) & (t < p.start + p.length), 1.0, 0.0)


def train(t, p):
    return np.where(t - p.period * np.floor(t / p.period) < p.length, 1.0, 0.0)


def triangle(t, p):
    return np.maximum(0.0, 1.0 - np.abs((t - p.start) / p.length))


def gauss(t, p):
    x = (t - p.start) / p.length
    return np.exp(-x * x)


def after(model, steps, substeps=0, tolerance=1e-3, **parameters):
    """K+ that was added after steps [s] one after another."""
    y = model.State(np.full(3, 4.0))
    p = model.Parameters(**parameters)
    cell = Reaction(model, y, p, Surroundings(), substeps=substeps, tolerance=tolerance)
    now = 0.0
    for step in steps:
        cell.advance(step, now)
        now += step
    assert np.ptp(y.K_o) == 0.0
    return y.K_o[0] - 4.0


@pytest.mark.parametrize("substeps", [0, 1, 7])
@pytest.mark.parametrize(
    "steps", [[1.0], [0.25, 0.75], [0.3005, 0.6995], [1 / 3] * 3, [0.01] * 100]
)
def test_a_pulse_within_a_long_step_gives_its_amount(steps, substeps):
    assert after(made(pulse), steps, substeps, rate=1e3) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("substeps", [0, 3])
@pytest.mark.parametrize("steps", [[1.0], [0.25] * 4, [0.37, 0.63]])
def test_every_pulse_of_a_train_counts(steps, substeps):
    assert after(made(train), steps, substeps, rate=1e2) == pytest.approx(1.0, rel=1e-9)


def test_kinks_are_edges_too():
    assert after(made(triangle), [1.0], rate=1e3) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("length", [1e-3, 0.05])
def test_a_smooth_pulse_is_not_overlooked(length):
    found = after(made(gauss), [1.0], tolerance=1e-4, length=length, rate=1 / length)
    assert found == pytest.approx(np.sqrt(np.pi), rel=2e-3)


def test_a_wave_whose_period_is_the_step_is_not_a_constant():
    wave = made(lambda t, p: 1.0 + np.cos(2 * np.pi * t / p.period))
    assert after(wave, [0.1] * 10, tolerance=1e-5) == pytest.approx(1.0, rel=1e-3)


def test_smooth_dependence_is_of_second_order():
    k, w = 3.0, 7.0
    wave = made(lambda t, p: np.sin(w * t))
    exact = (k * np.sin(w) - w * np.cos(w) + w * np.exp(-k)) / (k * k + w * w)
    errors = [abs(after(wave, [1.0], n, k=k) - exact) for n in (20, 40, 80)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 2.0, atol=0.15)


def test_a_pulse_with_clearance_follows_the_closed_form():
    k = 2.0
    found = after(made(pulse), [0.5, 0.5], tolerance=1e-6, rate=10.0, length=0.2, k=k)
    exact = 10.0 / k * (1 - np.exp(-0.2 * k)) * np.exp(-k * 0.5)
    assert found == pytest.approx(exact, rel=1e-5)


def test_each_node_has_its_own_edges():
    model = made(pulse)
    n = 70
    y = model.State(np.full(n, 4.0))
    start = np.linspace(0.1, 1.2, n)
    p = model.Parameters(rate=1e3, start=start)
    Reaction(model, y, p, Surroundings()).advance(1.0)
    np.testing.assert_allclose(y.K_o - 4.0, np.where(start < 1.0, 1.0, 0.0), rtol=1e-9, atol=1e-9)


def test_observables_see_the_time_of_the_state():
    model = made(pulse, on=("1", lambda y, p, env: pulse(env.time, p)))
    arrays = lambda r: type(r)(*(np.array([v]) for v in r))  # noqa: E731
    cell = Reaction(model, arrays(State()), Parameters(), Surroundings())
    for t, on in ((0.2, 0.0), (0.3005, 1.0), (0.4, 0.0)):
        cell.advance(0.1, t - 0.1)
        assert cell.at([0])("on")[0] == on
    bench = Bench(
        model, arrays(State()), arrays(Parameters(length=0.2)), arrays(Surroundings()), 1e-3
    )
    on = bench.watch(0.1, 10)["on"][:, 0]
    np.testing.assert_array_equal(on, [0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    assert bench.state.K_o[0] == pytest.approx(4.2, rel=1e-12)


def test_a_comparison_with_no_straight_line_is_refused(tmp_path):
    path = tmp_path / "mine.ode"
    path.write_text(
        'states(K_o = ScalarParam(4, unit="mM"))\nparameters(w = 1)\n'
        "dK_o_dt = Conditional(Gt(sin(w*t), 0.5), 1, 0)\n"
    )
    with pytest.raises(ConfigError, match=r"mine\.ode.*straight line in time"):
        load_model(path)


@pytest.mark.parametrize("name", MODELS)
def test_models_without_time_take_no_heed_of_edges(name):
    model = MODELS[name]
    assert "TIMED = 0 " in source(model, model.Parameters(), Surroundings())
    assert not depends_on_time(model)


def test_a_timed_model_knows_it():
    model = made(pulse)
    assert "TIMED = 1 " in source(model, model.Parameters(), Surroundings())
    assert depends_on_time(model)


@pytest.mark.parametrize("power", [2, 8])
@pytest.mark.parametrize("steps", [[1.0], [0.25, 0.75], [0.01] * 100])
def test_a_quotient_that_peaks_within_a_long_step_gives_its_amount(steps, power):
    peak = lambda t, p: 1.0 / (1.0 + ((t - p.start) / p.length) ** power)  # noqa: E731
    amount = np.pi / np.sin(np.pi / power) * 2 / power  # of the whole line, in units of `length`
    found = after(made(peak), steps, rate=1e3, tolerance=1e-4)
    assert found == pytest.approx(amount, rel=2e-2)


@pytest.mark.parametrize("steps", [[1.0], [0.01] * 100])
def test_an_exponential_that_overflows_is_no_fault(steps):
    onset = lambda t, p: 1.0 / (1.0 + np.exp(-(t - p.start) / 1e-4))  # noqa: E731
    assert after(made(onset), steps, rate=10.0) == pytest.approx(7.0, rel=1e-3)

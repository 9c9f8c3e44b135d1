"""What holds for every membrane model, now and later."""

import numpy as np
import pytest

from ecs_model.derivative import jacobian
from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.reaction import Reaction
from ecs_model.schemes import ros2

EVERY = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
FIELDS = pytest.mark.parametrize("fields", [False, True], ids=["numbers", "fields"])


def near_rest(model, n, spread, seed=0):
    """`n` random states around rest; the charge form takes no imbalance of charge."""
    rng = np.random.default_rng(seed)
    spread = 1e-6 if "charge" in model.name else spread
    return model.State(*(v * rng.uniform(1 - spread, 1 + spread, n) for v in model.State()))


def around(record, n, spread=0.1, seed=1):
    rng = np.random.default_rng(seed)
    return type(record)(*(v * rng.uniform(1 - spread, 1 + spread, n) for v in record))


@EVERY
def test_rest_is_a_fixed_point(model):
    rates = model.rhs(model.State(), model.Parameters(), Surroundings())
    np.testing.assert_allclose(rates, 0.0, atol=1e-12)


@EVERY
def test_jacobian_is_the_derivative(model):
    y = near_rest(model, 1, 0.1)
    y = model.State(*(float(v[0]) for v in y))
    p, env = model.Parameters(), Surroundings()
    _, rows = jacobian(lambda y: model.rhs(y, p, env), y)
    for j, name in enumerate(y._fields):
        h = 1e-8 * max(1.0, abs(y[j]))
        up = model.rhs(y._replace(**{name: y[j] + h}), p, env)
        down = model.rhs(y._replace(**{name: y[j] - h}), p, env)
        numeric = (np.array(up) - np.array(down)) / (2 * h)
        exact = np.array([row.get(j, 0.0) for row in rows])
        size = np.abs(numeric).max() + np.abs(exact).max()
        np.testing.assert_allclose(exact, numeric, rtol=1e-5, atol=1e-5 * size)


@EVERY
def test_potassium_outside_and_inside_cells_is_conserved(model):
    if model.cell_potassium is None:
        pytest.skip("in this model K+ comes from nowhere, as it declares")
    p, env = model.Parameters(), Surroundings(alpha=0.13)
    y = near_rest(model, 50, 0.1)
    rates = model.rhs(y, p, env)
    h = 1e-3
    later = model.State(*(a + h * r for a, r in zip(y, rates, strict=True)))
    total = lambda s: env.alpha * s.K_o + model.cell_potassium(s, p, env)  # noqa: E731
    np.testing.assert_allclose(total(later), total(y), rtol=1e-14)


@EVERY
@FIELDS
def test_compiled_step_equals_numpy_step(model, fields):
    n, steps, dt = 1003, 3, 0.02
    p, env = model.Parameters(), Surroundings()
    if fields:
        env = Surroundings(alpha=np.linspace(0.1, 0.3, n), temperature=np.linspace(305, 311, n))
        p = around(p, n) if "charge" not in model.name else p
    y = near_rest(model, n, 0.2)
    expected = y
    for _ in range(steps):
        expected, _ = model.step(ros2, expected, p, env, dt)
    Reaction(model, y, p, env, substeps=steps).advance(steps * dt)  # y advances in place
    np.testing.assert_allclose(np.array(y), np.array(expected), rtol=1e-11)


@EVERY
def test_step_in_fluxes_is_the_step_in_rates(model):
    p, env = around(model.Parameters(), 50), Surroundings(alpha=0.17)
    if "charge" in model.name:
        p = model.Parameters()
    y = near_rest(model, 50, 0.2)
    plain = ros2(lambda y: model.rhs(y, p, env), y, 0.3)
    split = model.step(ros2, y, p, env, 0.3)
    np.testing.assert_allclose(np.array(split[0]), np.array(plain[0]), rtol=1e-12)
    np.testing.assert_allclose(np.array(split[1]), np.array(plain[1]), atol=1e-12)


@EVERY
def test_error_control_meets_its_tolerance(model):
    p, env = model.Parameters(), Surroundings()
    fine = near_rest(model, 64, 0.2)
    coarse = model.State(*(v.copy() for v in fine))
    Reaction(model, fine, p, env, substeps=4000).advance(2.0)
    Reaction(model, coarse, p, env, tolerance=1e-5).advance(2.0)
    np.testing.assert_allclose(np.array(coarse), np.array(fine), rtol=2e-4, atol=2e-4)


@EVERY
def test_step_is_second_order(model):
    y = near_rest(model, 16, 0.1)
    if model.name == "threshold_release":
        y = model.State(K_o=np.linspace(3.0, 8.0, 16))  # the law jumps at its threshold
    if model.name == "none":
        pytest.skip("nothing happens, exactly")
    p, env = model.Parameters(), Surroundings()

    def after(steps):
        z = model.State(*(v.copy() for v in y))
        Reaction(model, z, p, env, substeps=steps).advance(0.4)
        return np.array(z)

    exact = after(2048)
    errors = [np.abs(after(n) - exact).max() for n in (8, 16)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.25)

"""Models from gotran .ode and CellML files: the same numbers as the built-in ones, and mistakes."""

import numpy as np
import pytest

from ecs_model.derivative import jacobian
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS, spiking
from ecs_model.membrane.load import load_model
from ecs_model.membrane.model import Surroundings
from ecs_model.reaction import Reaction
from ecs_model.schemes import ros2

gotranx = pytest.importorskip("gotranx", reason="the extra [formats] is not installed")
pytest.importorskip("myokit", reason="the extra [formats] is not installed")

NAGUMO = """
states("Membrane", Ko = ScalarParam(3.0, unit="mM", description="K+ outside"))
parameters("Membrane", A = ScalarParam(6e-6, unit="1/mM**2/ms"), top = 55.0)
expressions("Membrane")
dKo_dt = -A*(Ko - 3)*(Ko - 12)*(Ko - top)
"""
SPIKING = """
states("Membrane",
K_o = ScalarParam(4.0, unit="mM"),
V = ScalarParam(-67.0, unit="mV"),
n = ScalarParam(0.07, unit="1"))
parameters("Membrane", g_K = ScalarParam(40, unit="mS/cm**2"), K_i = ScalarParam(130, unit="mM"))
expressions("Membrane")
a_n = 0.01*(V + 34)/(1 - exp(-(V + 34)/10))
b_n = 0.125*exp(-(V + 44)/80)
E_K = 26.64*log(K_o/K_i)
I_K = g_K*n**4*(V - E_K)
dn_dt = 3*(a_n*(1 - n) - b_n*n)
dV_dt = -I_K
dK_o_dt = Conditional(Gt(V, -50), 1e-4*I_K, 0.0)
"""


def written(tmp_path, text, name="cell.ode"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_the_same_numbers_as_the_built_in_model(tmp_path):
    """Milliseconds and any name of K+ in the file; SI and K_o here."""
    model, built_in = load_model(written(tmp_path, NAGUMO), "Ko"), MODELS["nagumo"]
    K = np.linspace(1.0, 60.0, 50)
    found = model.rhs(model.State(K), model.Parameters(), Surroundings()).K_o
    expected = built_in.rhs(built_in.State(K), built_in.Parameters(), Surroundings()).K_o
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_rates_of_a_spiking_model(tmp_path):
    model = load_model(written(tmp_path, SPIKING))
    V, n = np.linspace(-0.08, 0.04, 41), np.linspace(0.05, 0.9, 41)
    rates = model.rhs(model.State(np.full(41, 4.0), V, n), model.Parameters(), Surroundings())
    p = spiking.Channels()
    np.testing.assert_allclose(rates.n, spiking.n_rate(V, n, p), rtol=1e-9)
    current = 400.0 * n**4 * (V - 26.64e-3 * np.log(4.0 / 130.0))
    np.testing.assert_allclose(rates.V, -current / 0.01, rtol=1e-12)
    np.testing.assert_allclose(rates.K_o, np.where(V > -0.05, 1e-4 * current * 1e5, 0.0))


def test_where_a_formula_is_0_by_0_it_has_a_limit(tmp_path):
    model = load_model(written(tmp_path, SPIKING))
    at = lambda v: model.rhs(model.State(V=v), model.Parameters(), Surroundings()).n  # noqa: E731
    assert np.isfinite(at(-0.034))
    assert at(-0.034) == pytest.approx((at(-0.034 - 1e-6) + at(-0.034 + 1e-6)) / 2, rel=1e-6)


def test_compiled_and_differentiated_like_any_other(tmp_path):
    model = load_model(written(tmp_path, SPIKING))
    p, env = model.Parameters(), Surroundings()
    y = model.State(*(np.full(70, v) * np.linspace(0.9, 1.1, 70) for v in model.State()))
    expected, _ = model.step(ros2, y, p, env, 1e-5)
    Reaction(model, y, p, env, substeps=1).advance(1e-5)
    np.testing.assert_allclose(np.array(y), np.array(expected), rtol=1e-11)
    _, rows = jacobian(lambda y: model.rhs(y, p, env), model.State())
    assert set(rows[2]) == {1, 2}


def test_cellml_gives_what_the_ode_file_gives(tmp_path):
    source = written(tmp_path, SPIKING)
    ode = gotranx.load_ode(source)
    target = tmp_path / "cell.cellml"
    gotranx.myokit.gotran_to_cellml(ode, target)
    one, other = load_model(source), load_model(target)
    assert set(one.State._fields) == set(other.State._fields)
    V = np.linspace(-0.08, 0.04, 41)
    rates = [
        m.rhs(m.State(V=V)._replace(n=0.3), m.Parameters(), Surroundings()) for m in (one, other)
    ]
    clock = rates[0].V / rates[1].V  # the converter writes what it calls seconds
    np.testing.assert_allclose(clock, clock[0], rtol=1e-12)
    assert clock[0] in (pytest.approx(1.0), pytest.approx(1e3))


WRONG = {
    "no unit": (NAGUMO.replace(', unit="mM", description="K+ outside"', ""), "Ko",
                "cell.ode:2: the state 'Ko' has no unit"),
    "which is K+": (NAGUMO, "K_o", "say which one is K+ outside"),
    "potential": (NAGUMO.replace('unit="mM"', 'unit="mV"'), "Ko", "unit of concentration"),
    "unknown name": (NAGUMO.replace("- top", "- topp"), "Ko", "topp"),
    "function": (NAGUMO.replace("dKo_dt = ", "dKo_dt = ContinuousConditional(Gt(Ko, 3), 1, 0, 1)*erf(Ko)"), "Ko", "cell.ode"),
    "not a model": ("hello\n", "Ko", "cell.ode"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named(tmp_path, name):
    text, potassium, words = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        load_model(written(tmp_path, text), potassium)
    assert words in str(caught.value)
    assert "cell.ode" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        load_model(tmp_path / "none.cellml")

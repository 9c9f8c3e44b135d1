"""Models from gotran .ode and CellML files: the same numbers as the built-in ones, and mistakes."""

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.autodiff import jacobian
from ecs_model.membrane.mechanisms import hodgkin_huxley
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.rosenbrock import ros2
from ecs_model.membrane.solver import Reaction
from ecs_model.membrane.user_models import load_model

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
    expected = hodgkin_huxley.N.rate(V, n, hodgkin_huxley.Speed())
    np.testing.assert_allclose(rates.n, expected, rtol=1e-9)
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
    "no unit": (
        NAGUMO.replace(', unit="mM", description="K+ outside"', ""),
        "Ko",
        "cell.ode:2: the state 'Ko' has no unit",
    ),
    "which is K+": (NAGUMO, "K_o", "say which one is extracellular K+"),
    "potential": (NAGUMO.replace('unit="mM"', 'unit="mV"'), "Ko", "unit of concentration"),
    "unknown name": (NAGUMO.replace("- top", "- topp"), "Ko", "topp"),
    "function": (NAGUMO.replace("dKo_dt = ", "dKo_dt = erf(Ko) "), "Ko", "cell.ode"),
    "not a model": ("hello\n", "Ko", "cell.ode"),
}


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


TAU = """states("Cell", K_o = ScalarParam(4.0, unit="mM"){more})
parameters("Cell", {name} = ScalarParam(100.0, unit="ms"))
expressions("Cell")
dK_o_dt = (8 - K_o)/{name}
"""


@pytest.mark.parametrize(
    "name", ["lambda", "class", "None", "_tau", "t", "time", "E", "count", "x"]
)
def test_names_are_only_names(tmp_path, name):
    model = load_model(written(tmp_path, TAU.format(name=name, more="")))
    p = model.Parameters(**{name: 0.2})
    assert getattr(p, name) == 0.2
    assert model.rhs(model.State(), p, Surroundings(time=5.0)).K_o == pytest.approx(20.0)


CELLML = """<?xml version="1.0" encoding="utf-8"?>
<model xmlns="http://www.cellml.org/cellml/{version}#" xmlns:c="http://www.cellml.org/cellml/{version}#"
 name="cell">
<units name="mM"><unit units="mole" prefix="milli"/><unit units="litre" exponent="-1"/></units>
<units name="ms"><unit units="second" prefix="milli"/></units>
<component name="membrane">
<variable name="{clock}" units="{unit}"/>
<variable name="K_o" units="mM"{start}/>
<variable name="size" units="dimensionless" initial_value="0.5"/>
<math xmlns="http://www.w3.org/1998/Math/MathML">
<apply><eq/><apply><diff/><bvar><ci>{clock}</ci></bvar><ci>K_o</ci></apply>
<apply><times/><ci>size</ci><ci>{clock}</ci></apply></apply>
</math></component></model>
"""


@pytest.mark.parametrize("clock", ["time", "t", "gamma"])
@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
@pytest.mark.parametrize(("unit", "seconds"), [("ms", 1e-3), ("second", 1.0)])
def test_cellml_of_every_version_and_unit_of_time(tmp_path, version, clock, unit, seconds):
    text = CELLML.format(version=version, clock=clock, unit=unit, start=' initial_value="4"')
    model = load_model(written(tmp_path, text, "cell.cellml"))
    assert model.State().K_o == 4.0
    rate = model.rhs(model.State(), model.Parameters(), Surroundings(time=3.0)).K_o
    assert rate == pytest.approx(0.5 * 3.0 / seconds / seconds, rel=1e-12)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("start", ["", ' initial_value="-4"', ' initial_value="1e999"'])
def test_cellml_needs_a_start(tmp_path, version, start):
    text = CELLML.format(version=version, clock="time", unit="ms", start=start)
    with pytest.raises(ConfigError, match=r"K_o"):
        load_model(written(tmp_path, text, "cell.cellml"))


def test_an_ode_file_in_seconds_says_so(tmp_path):
    text = TAU.format(name="tau", more="").replace('unit="ms"', 'unit="s"')
    with pytest.raises(ConfigError, match=r"cell\.ode:2: 'tau' is in s.*membrane\.time_unit"):
        load_model(written(tmp_path, text))
    model = load_model(written(tmp_path, text), time_unit="s")
    assert model.rhs(model.State(), model.Parameters(), Surroundings()).K_o == pytest.approx(0.04)


def test_gates_need_no_unit(tmp_path):
    more = ", m = 0.1, Ca = ScalarParam(1e-4)"
    text = TAU.format(name="tau", more=more) + "dm_dt = 0.5 - m\ndCa_dt = -Ca\n"
    quantities = load_model(written(tmp_path, text)).State.quantities
    assert quantities["m"].unit == quantities["Ca"].unit == "1"
    assert quantities["Ca"].scale == 1e-4  # a change of its own size counts


def test_all_faults_are_told_at_once(tmp_path):
    text = """states(K_o = ScalarParam(-4.0, unit="mM"), m = 1e999, c = 1)
parameters(a = ScalarParam(1/0, unit="ms"), _make = 1)
dK_o_dt = (8 - K_o)*a*nix
dm_dt = 9**9**9**9
dz_dt = 1
b = 1
b = 2
"""
    with pytest.raises(ConfigError) as caught:
        load_model(written(tmp_path, text))
    for line, words in {
        "ode:1: 'K_o' starts at -4 mM": "",
        "ode:1: the value of 'm'": "finite",
        "ode:1: the state 'c' has no rate": "",
        "ode:2: the value of 'a'": "finite",
        "ode:2: no quantity can be called '_make'": "",
        "ode:3: 'dK_o_dt' needs 'nix'": "",
        "ode:4: 'dm_dt' holds a power": "too large",
        "ode:5: 'dz_dt' is the rate of 'z', which is no state": "",
        "ode:7: 'b' is defined a second time": "ode:6",
    }.items():
        assert line in str(caught.value), line
        assert words in str(caught.value), line


HOPELESS = {
    "tower of a parameter": "k**k**k**k*K_o",
    "tower in a condition": "Conditional(Gt(K_o, 9**9**9**9), 1, 0)",
    "exponentials": "exp(exp(exp(exp(exp(10)))))",
    "exponentials of a parameter": "exp(exp(exp(exp(exp(k)))))",
    "root of a negative number": "sqrt(-1)*K_o",
    "division by zero": "K_o/(1 - 1)",
    "depth": "-(" * 900 + "K_o" + ")" * 900,
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_be_computed_is_refused(tmp_path, name):
    text = (
        f'states(K_o = ScalarParam(4, unit="mM"))\nparameters(k = 9)\ndK_o_dt = {HOPELESS[name]}\n'
    )
    with pytest.raises(ConfigError, match=r"cell\.ode"):
        load_model(written(tmp_path, text))


def test_k_outside_as_a_constant_or_under_a_taken_name(tmp_path):
    text = 'states(V = ScalarParam(4, unit="mV"))\nparameters(K_o = 4)\ndV_dt = V*K_o\n'
    with pytest.raises(ConfigError, match="a constant in the file, but extracellular K"):
        load_model(written(tmp_path, text))
    text = TAU.format(name="tau", more=', Ke = ScalarParam(3, unit="mM")') + "dKe_dt = 0*Ke\n"
    with pytest.raises(ConfigError, match="state 'K_o' needs another name"):
        load_model(written(tmp_path, text), "Ke")


def test_a_large_whole_power_of_a_negative_number(tmp_path):
    text = TAU.format(name="tau", more="").replace("(8 - K_o)", "(K_o - 6)**11")
    model = load_model(written(tmp_path, text))
    rate = model.rhs(model.State(), model.Parameters(), Surroundings()).K_o
    assert rate == pytest.approx(-(2.0**11) / 100 * 1e3)


def test_what_is_a_concentration_is_told_by_its_unit():
    from ecs_model.membrane.model import compartments
    from ecs_model.record import concentration, quantity, table

    lines = {
        "K_i": concentration(1.0, ""),
        "m_i": quantity(0.5, "1", ""),
        "V_o": quantity(1, "mV", ""),
    }
    assert compartments(table("State", lines)) == {"K_i": "_i"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('k = quantity(float("nan"), "1/s", "rate")', r"mine\.py: Parameters: k must be a finite"),
        (
            'k = quantity(-1.0, "1/s", "rate", low=0.0)',
            r"mine\.py: Parameters: k must be at least 0",
        ),
    ],
)
def test_defaults_of_a_python_file_are_judged(tmp_path, lines, words):
    text = f"""
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record

@record
class State:
    K_o = concentration(3.0, "potassium")

@record
class Parameters:
    {lines}

model = MembraneModel("mine", "mine", State, Parameters, lambda y, p, env: State(-p.k * y.K_o),
                      observables={{"seen": ("bananas", lambda y, p, env: y.K_o)}})
"""
    with pytest.raises(ConfigError, match=words) as caught:
        load_model(written(tmp_path, text, "mine.py"))
    assert "observables: seen: unknown unit 'bananas'" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('"seen": lambda y, p, env: y.K_o', "seen: must be a pair of unit and function"),
        ('"seen": ("mM", None)', "seen: must be a pair of unit and function"),
        ('"K_o": ("mV", lambda y, p, env: y.K_o)', "K_o: is a state already"),
    ],
)
def test_an_observable_that_is_none_is_told_by_name(tmp_path, entry, words):
    text = """
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, record

@record
class State:
    K_o = concentration(3.0, "potassium")

@record
class Parameters:
    pass

model = MembraneModel("mine", "mine", State, Parameters, lambda y, p, env: State(3.0 - y.K_o),
                      observables={ENTRY})
"""
    path = written(tmp_path, text.replace("ENTRY", entry), "mine.py")
    with pytest.raises(ConfigError, match=f"mine.py: observables: {words}"):
        load_model(path)


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"\.py, \.ode or \.cellml.*not from \.txt"):
        load_model(written(tmp_path, "hello", "model.txt"))

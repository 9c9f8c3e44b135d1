"""Steady states and their branches: against normal forms with exact answers, published points."""

import numpy as np
import pytest

from ecs_model.cell import continuation
from ecs_model.cell.config import CellConfig
from ecs_model.cell.setup import Laboratory
from ecs_model.membrane import MODELS
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.packing import scaled_parameters
from ecs_model.membrane.steady import Flow, steady_state
from ecs_model.record import quantity, record
from tests.helpers import found

SOLVED = "independent solution (SciPy)"


@record
class Plane:
    K_o = quantity(0.0, "1", "first coordinate")
    y = quantity(0.0, "1", "second coordinate")


@record
class One:
    value = quantity(-1.0, "1", "the parameter")


def normal_form(rhs):
    return MembraneModel("form", "a normal form", Plane, One, rhs)


def fold(y, p, env):
    """Steady at K_o = +-sqrt(value): a fold at 0."""
    return Plane(p.value - y.K_o * y.K_o, -y.y)


def hopf(y, p, env):
    """A focus whose growth is the parameter: a Hopf point at 0 with a period of 2 pi / 3."""
    r = y.K_o * y.K_o + y.y * y.y
    return Plane(p.value * y.K_o - 3 * y.y - r * y.K_o, 3 * y.K_o + p.value * y.y - r * y.y)


def follow(rhs, start, state, low, high):
    model = normal_form(rhs)
    family = lambda v: Flow(model, One(v), Surroundings(), Plane(*state))  # noqa: E731
    return continuation.follow(family, start, np.array(state), low, high)


def test_fold_of_the_normal_form():
    branch = follow(fold, 0.25, (0.5, 0.0), -1.0, 1.0)
    (point,) = branch.special
    assert point.kind == "fold"
    found("fold of its normal form", point.point.value, 0.0, 1e-8)
    ends = sorted(float(p.state[0]) for p in (branch.points[0], branch.points[-1]))
    np.testing.assert_allclose(ends, [-1.0, 1.0], atol=1e-9)
    on_curve = [p.value - p.state[0] ** 2 for p in branch.points]
    np.testing.assert_allclose(on_curve, 0.0, atol=1e-10)
    assert all((p.growing == 0) == (p.state[0] > 0) for p in branch.points)


def pitchfork(y, p, env):
    """K_o = 0 is steady for ever; at 0 two others part from it."""
    return Plane(p.value * y.K_o - y.K_o**3, -y.y)


def transcritical(y, p, env):
    """K_o = 0 and K_o = value cross at 0."""
    return Plane(p.value * y.K_o - y.K_o * y.K_o, -y.y)


@pytest.mark.parametrize("rhs", [pitchfork, transcritical])
@pytest.mark.parametrize("start", [-0.53, -0.5, 0.31])
def test_where_another_branch_crosses_is_no_fold(rhs, start):
    branch = follow(rhs, start, (0.0, 0.0), -1.0, 1.0)
    (point,) = branch.special
    assert point.kind == "branch point"
    assert point.point.value == pytest.approx(0.0, abs=1e-8)
    assert point.period is None
    assert branch.ends == ("end of the range", "end of the range")


def test_hopf_point_of_the_normal_form():
    branch = follow(hopf, -0.5, (0.0, 0.0), -1.0, 1.0)
    (point,) = branch.special
    assert point.kind == "Hopf"
    assert point.point.value == pytest.approx(0.0, abs=1e-8)
    found("period at the Hopf point of its normal form", point.period, 2 * np.pi / 3, 1e-8)


def test_fold_of_the_bistable_membrane():
    """K_rest and K_threshold meet where the cubic has a double root."""
    model = MODELS["nagumo"]
    family = lambda v: Flow(  # noqa: E731
        model, model.Parameters(K_threshold=v), Surroundings(), model.State()
    )
    at = lambda K: steady_state(family(12.0), np.array([K]))  # noqa: E731
    assert [at(K).stable for K in (3.1, 11.9, 54.0)] == [True, False, True]
    np.testing.assert_allclose([at(K).state.K_o for K in (3.1, 11.9, 54.0)], [3, 12, 55])


def test_closed_cells_keep_what_they_conserve():
    """The pump-leak cell moves in two directions only; totals of ions stay."""
    model = MODELS["pump_leak"]
    flow = Flow(model, model.Parameters(), Surroundings(), model.State()._replace(K_o=8.0))
    assert flow.inside.shape == (6, 2)
    y = steady_state(flow, flow.origin).state
    p = model.Parameters()
    for ion in ("K", "Na", "Cl"):
        total = [
            0.2 * getattr(s, f"{ion}_o") + p.phi * getattr(s, f"{ion}_i")
            for s in (y, model.State()._replace(K_o=8.0))
        ]
        assert total[0] == pytest.approx(total[1], rel=1e-12)
    np.testing.assert_allclose(model.rhs(y, p, Surroundings()), 0.0, atol=1e-12)


def test_eigenvalues_of_the_pump_leak_cell():
    model = MODELS["pump_leak"]
    flow = Flow(model, model.Parameters(), Surroundings(), model.State())
    values = steady_state(flow, flow.origin).eigenvalues
    np.testing.assert_allclose(values, [-0.017059091794, -0.16396011604], rtol=1e-4)


def branch_of(membrane, name, low, high, alpha=None):
    tree = {"membrane": membrane, "node": {} if alpha is None else {"alpha": alpha}}
    lab = Laboratory(CellConfig.model_validate({**tree, "time": {"end": "1 s"}}))
    ends = (lab.si(name, v, "") for v in (low, high))
    state = np.array(lab.cell({}).state)
    return continuation.follow(lambda v: lab.flow({name: v}), lab.value(name, {}), state, *ends)


LOSS = [
    (7, 7.615225829164, 0.002),
    (10, 7.527631047126, 0.004),
    (14, 7.427349181351, 0.004),
    (19, 7.324938802143, 0.004),
]


@pytest.mark.parametrize(("beta", "bath", "within"), LOSS)
def test_barreto_loses_rest_in_a_hopf_point(beta, bath, within):
    """Only beta = phi/alpha is changed; a smaller space outside loses rest earlier."""
    branch = branch_of({"model": "barreto_cressman"}, "K_bath", "4 mM", "9 mM", 1 / (1 + beta))
    hopf, fold = branch.special
    assert (hopf.kind, fold.kind) == ("Hopf", "fold")
    what = f"barreto_cressman, phi/alpha {beta}: "
    found(what + "Hopf point of K_bath", hopf.point.value, bath, within, "mM", SOLVED)
    if beta == 7:
        found(what + "period there", hopf.period, 16.2, 0.1, "s", SOLVED)
        value = fold.point.value
        found(what + "fold of K_bath", value, 7.635172352486, 0.002, "mM", SOLVED)


@pytest.mark.parametrize(
    ("gates", "lowest", "highest"),
    [
        ("hn", 1.0648, 28.735074551135),
        pytest.param("h", 1.17867, 20.295, marks=pytest.mark.slow),
    ],
)
def test_huebel_is_bistable_between_two_pump_rates(gates, lowest, highest):
    """One branch joins both states: from rest back to the fold, and to the depolarised end."""
    membrane = {"model": "huebel_dahlem", "options": {"gates": gates}}
    branch = branch_of(membrane, "rho", 0.5, 45.0)
    folds = [100 * s.point.value for s in branch.special if s.kind == "fold"]
    hopfs = [100 * s.point.value for s in branch.special if s.kind == "Hopf"]
    what, nearest = f"huebel_dahlem {gates}: ", min(hopfs, key=lambda h: abs(h - highest))
    found(what + "pump that rest needs", min(folds), lowest, 1e-3, "uA/cm^2", SOLVED)
    found(what + "depolarized up to a pump of", nearest, highest, 0.1, "uA/cm^2", SOLVED)


@pytest.mark.parametrize(
    ("gates", "rest_lost", "other_lost", "within"),
    [
        pytest.param("hn", 28.694770824482, -43.503686740611, 0.15, marks=pytest.mark.slow),
        ("h", 27.249169597719, -42.13, 0.15),
    ],
)
def test_huebel_over_the_exchanged_potassium(gates, rest_lost, other_lost, within):
    """K+ that entered the closed cell's space from outside, at its present total of rest."""
    model = MODELS["huebel_dahlem"].variant(gates=gates)
    rest = model.State()
    family = lambda dK: Flow(  # noqa: E731
        model, model.Parameters(), Surroundings(alpha=0.25), rest._replace(K_o=rest.K_o + dK)
    )
    branch = continuation.follow(family, 0.0, np.array(rest), -60.0, 40.0)
    hopfs = [s.point.value for s in branch.special if s.kind == "Hopf"]
    near = lambda value: min(hopfs, key=lambda h: abs(h - value))  # noqa: E731
    what = f"huebel_dahlem {gates}, K+ gained from outside: "
    found(what + "rest is lost", near(rest_lost), rest_lost, 0.1, "mM", SOLVED)
    found(what + "depolarization is lost", near(other_lost), other_lost, within, "mM", SOLVED)


@pytest.mark.parametrize(
    ("fraction", "lowest"),
    [
        (0.1, 1.3114),
        pytest.param(0.2, 1.2099, marks=pytest.mark.slow),
        (0.4, 1.1074),
    ],
)
def test_minimal_pump_rate_over_the_space_outside(fraction, lowest):
    """Total volume and area fixed: 1.3114 ... 1.1074 uA/cm^2 at ECS fractions 0.1 ... 0.4."""
    model = MODELS["huebel_dahlem"].variant(gates="h")
    p = model.Parameters(phi=1 - fraction)

    def family(rho):
        return Flow(model, p._replace(rho=rho), Surroundings(alpha=fraction), model.State())

    branch = continuation.follow(family, 0.068, np.array(model.State()), 0.009, 0.07)
    folds = [100 * s.point.value for s in branch.special if s.kind == "fold"]
    what = f"huebel_dahlem h, share {fraction} outside: pump that rest needs"
    found(what, min(folds), lowest, 2e-3, "uA/cm^2", SOLVED)


def test_packing_is_applied_to_the_space_of_the_cell():
    config = CellConfig.model_validate(
        {
            "membrane": {"model": "barreto_cressman"},
            "node": {"alpha": 0.05},
            "time": {"end": "1 s"},
        }
    )
    model = MODELS["barreto_cressman"]
    expected = scaled_parameters(model, model.Parameters(), 0.05)
    assert Laboratory(config).cell({}).parameters == expected


def test_a_branch_over_alpha_of_swollen_cells_goes_to_its_ends():
    """What is conserved turns with alpha; each step is found in a few corrections."""
    membrane = {"model": "kager_mori", "options": {"glia": False}}
    branch = {"name": "alpha", "low": 0.19, "high": 0.21}
    config = {"node": {"packing": "swollen"}, "membrane": membrane, "continuation": [branch]}
    lab = Laboratory(CellConfig.model_validate(config))
    flows, made = [], lambda v: flows.append(v) or lab.flow({"alpha": v})
    rest = np.array(steady_state(lab.flow({}), np.array(lab.cell({}).state)).state)
    branch = continuation.follow(made, 0.2, rest, 0.19, 0.21)
    assert branch.ends == ("end of the range", "end of the range")
    assert len(flows) < 40 * len(branch.points)
    for point in (branch.points[0], branch.points[-1]):
        lone = lab.flow({"alpha": point.value})
        again = steady_state(lone, np.array(lab.cell({"alpha": point.value}).state)).state
        np.testing.assert_allclose(point.state, again, rtol=1e-6, atol=1e-9)

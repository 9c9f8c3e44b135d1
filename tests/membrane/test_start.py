"""What a membrane begins with: volumes that fit, and a state that can live."""

import re
from functools import partial

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS, start
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.packing import arranged


def begun(model, packing, alpha, parameters=None, state=None):
    """The Start of nodes with some alpha."""
    alpha = np.atleast_1d(np.asarray(alpha, float))
    y = (state or model.State())._replace()
    y = type(y)(*(np.full(len(alpha), v) for v in y))
    p, y = arranged(model, packing, parameters or model.Parameters(), y, alpha)
    return start.start(model, p, y, Surroundings(alpha=alpha))


@pytest.mark.parametrize("name", ["pump_leak", "kager_mori", "huebel_dahlem", "wei_ullah_schiff"])
def test_every_model_lives_at_rest_and_has_nothing_to_say(name):
    model = MODELS[name]
    begin = begun(model, "scaled", model.alpha)
    start.refuse_dead(begin, model, "scaled")
    assert start.lines(begin, model, "scaled") == []
    assert begin.charge == pytest.approx((0.0, 0.0), abs=1e-12)


@pytest.mark.parametrize("packing", ["scaled", "fixed", "swollen"])
def test_what_is_assumed_of_another_alpha_is_said(packing):
    model = MODELS["kager_mori"]
    (line,) = start.lines(begun(model, packing, [0.1, 0.2]), model, packing)
    assert line.startswith("packing: alpha is 0.1 to 0.2, the model's own is 0.2")
    assert f"({packing})" in line
    assert {"scaled": "times 1 to 1.125", "fixed": "as they are", "swollen": "times 1 to 2"}[
        packing
    ] in line


def test_cells_that_gave_too_little_room_are_refused():
    """From alpha 0.2 to 0.05 by water alone, what is outside is four times as concentrated."""
    model = MODELS["kager_mori"]
    begin = begun(model, "swollen", [0.2, 0.05])
    assert begin.outside == pytest.approx((257.5, 4 * 257.5))
    with pytest.raises(ConfigError, match=r"^packing: .* 257.5 to 1030 mM at the start"):
        start.refuse_dead(begin, model, "swollen")


def test_a_cell_that_is_not_electroneutral_is_refused():
    """One mM of charge in cells is -F phi / (S C) = -8.9 V on their membranes."""
    model = MODELS["pump_leak"].variant(potential="charge")
    begin = begun(model, "scaled", 0.2, state=model.State()._replace(K_i=139.0))
    assert begin.V[0] == pytest.approx(-8.93, abs=0.1)
    with pytest.raises(
        ConfigError, match=r"^membrane.initial: the potential .* not electroneutral"
    ):
        start.refuse_dead(begin, model, "scaled")


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("pump_leak", {"J_max": 1e-3}, "parameters.J_max: with 1e+06 nmol/m^2/s the"),
        ("kager_mori", {"I_pump": [0.2, 10.0], "g_K": 0.1}, "parameters.I_pump: with 10 A/m^2 the"),
        (
            "pump_leak",
            {"J_max": 1e-3, "P_K": 1e-14, "P_Na": 1e-14, "P_Cl": 1e-14},
            "parameters: with P_K = 1e-05 nm/s, P_Na = 1e-05 nm/s, P_Cl = 1e-05 nm/s, J_max = 1",
        ),
    ],
)
def test_parameters_that_no_membrane_bears_are_blamed_by_name(name, given, words):
    model = MODELS[name]
    y = type(model.State())(*(np.full(2, v) for v in model.State()))
    p = model.Parameters(**{name: np.asarray(value) for name, value in given.items()})
    records = p, y, Surroundings(alpha=np.full(2, model.alpha))
    with pytest.raises(ConfigError, match=f"^membrane.{re.escape(words)}"):
        start.refuse_dead(
            start.start(model, *records), model, "fixed", partial(start.blame, model, *records)
        )


def test_parameters_are_not_blamed_for_ions():
    model = MODELS["pump_leak"].variant(potential="charge")
    y = model.State()._replace(K_i=np.full(2, 139.0))
    p = model.Parameters(P_K=2e-8)
    assert start.blame(model, p, y, Surroundings(alpha=0.2)) == ""


def test_cations_without_anions_are_said():
    model = MODELS["kager_mori"]
    begin = begun(model, "scaled", 0.2, state=model.State()._replace(K_o=44.0))
    (line,) = start.lines(begin, model, "scaled")
    assert "297.5 mM (at rest 257.5)" in line and "40 mM more than at rest" in line


@pytest.mark.parametrize(
    ("packing", "alpha", "given", "whole"),
    [
        ("fixed", 0.3, {}, 1.1),
        ("scaled", 0.2, {"phi": 0.95}, 1.45),
        ("scaled", [0.1, 0.4], {"phi": 0.6}, 1.112),  # the fullest is where cells fill most
        ("fixed", 0.2, {"phi_g": np.array([0.3, 0.31])}, 1.01),
    ],
)
def test_more_than_the_whole_tissue_is_refused(packing, alpha, given, whole):
    model = MODELS["kager_mori"]
    with pytest.raises(ConfigError, match=rf"alpha \+ phi \+ phi_g = {whole:g} "):
        begun(model, packing, np.resize(alpha, 2), model.Parameters(**given))


def test_processes_agree_on_the_extremes():
    here = start.Start(alpha=(0.1, 0.2), V=(-0.07, -0.06))
    there = start.Start(alpha=(0.15, 0.3), V=(-0.08, -0.065))
    both = here.with_numbers(np.maximum(here.numbers(), there.numbers()))
    assert both == start.Start(alpha=(0.1, 0.3), V=(-0.08, -0.06))

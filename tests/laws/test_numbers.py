"""Laws against closed forms and independent numbers, and their names on the command line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs_model.cli import main
from ecs_model.errors import ConfigError
from ecs_model.physics import energetics, law_lookup
from ecs_model.physics.electrochemistry import (
    gaba_reversal,
    ghk_sums,
    ghk_voltage,
    nernst,
    shared_reversal,
)
from ecs_model.physics.laws import LAWS
from ecs_model.physics.post_albers import (
    PostAlbersParameters,
    post_albers_standard_energy,
    post_albers_turnover,
    ring_rates,
    ring_turnover,
)
from ecs_model.physics.transporters import buffer_equilibrium, buffer_rate, kcc2_flux
from ecs_model.units import FARADAY, GAS_CONSTANT
from tests.helpers import found

T = 310.15
GRADIENTS = ["k_in=140", "k_out=3.5", "na_in=10", "na_out=140"]
NUMBERS = [  # law, settings, value in the law's unit, tolerance
    ("nernst", ["c_in=140", "c_out=3.5"], -98.591423678933, 1e-4),
    ("nernst", ["c_in=10", "c_out=140"], 70.533185628205, 1e-4),
    ("nernst", ["c_in=7", "c_out=120", "z=-1"], -75.945982597217, 1e-4),
    ("nernst", ["c_in=15", "c_out=26", "z=-1"], -14.700900943178, 1e-4),
    ("ghk_voltage", [], -71.0045, 1e-4),
    ("ghk_voltage", ["p_cl=0"], -69.324469850477, 1e-4),
    ("mullins_noda", [], -76.009541864064, 1e-4),
    ("pump_share_of_potential", [], -6.6851, 1e-4),
    ("mullins_noda", ["p_na=0", "k_in=1", "k_out=1"], 0.0, 1e-9),
    ("gaba_reversal", [], -65.890209666643, 1e-4),
    ("gaba_reversal", ["cl_in=15"], -51.0225, 1e-4),
    ("gaba_reversal", ["cl_in=25"], -39.598339505506, 1e-4),
    ("extrusion_work", ["c_out=1 uM"], 19.445693091396, 1e-3),
    ("extrusion_work", ["c_out=1 uM", "temperature=298.15"], 19.216, 1e-3),
    ("extrusion_work", [], 37.729, 1e-3),
    ("pump_work", [], 46.195479286548, 1e-3),
    ("atp_energy", [], -58.401293141353, 1e-3),
    ("pump_efficiency", ["work=46.195479", "energy=-58.401293"], 0.791, 1e-3),
    ("pump_stall", ["energy=-58.401293141353"], -196.504346169681, 1e-2),
    ("atp_use", [], 0.03789, 1e-5),
    ("donnan_ratio", [], 1.180460421716, 1e-6),
    ("donnan_ratio", ["impermeant=100"], 1.387426, 1e-6),
    ("donnan_potential", ["ratio=1.180460421716"], -4.4341, 1e-4),
    ("donnan_potential", ["ratio=1.387425886723"], -8.7516, 1e-4),
    ("donnan_excess", [], 54.138, 1e-3),
    ("kcc2_equilibrium_chloride", ["k_out=12"], 10.285714285714, 1e-6),
    ("kcc2_equilibrium_chloride", [], 3.0, 1e-9),
    ("nkcc1_equilibrium_chloride", [], 70.992957397195, 1e-5),
    ("post_albers_turnover", ["temperature=310"], 6.259135006911, 1e-3),
    ("post_albers_turnover", ["temperature=310", "na_in=20"], 13.938284915063, 2e-3),
    ("post_albers_turnover", ["temperature=310", "ATP=0.3"], 4.300514630007, 1e-3),
    ("post_albers_turnover", ["temperature=310", "ATP=0.1", "ADP=0.5", "Pi=10"], -6.370, 1e-3),
    ("post_albers_stall", ["temperature=310"], -212.258081506418, 0.05),
    ("kir_current", [], -0.056916137681, 1e-6),
    ("kir_current", ["k_out=4"], 0.013214, 1e-6),
    ("kir_current", ["v=-60"], 0.009688, 1e-6),
    ("glial_uptake", ["k_out=4"], 0.0184, 1e-4),
    ("glial_uptake", ["k_out=12"], 0.4159, 1e-4),
    ("buffer_equilibrium", [], 45.781380247646, 1e-3),
    ("buffer_equilibrium", ["k_out=20"], 476.0, 0.5),
    ("osmotic_relaxation", [], 1.637605554732, 1e-3),
    ("osmotic_alpha", [], 0.12, 1e-9),
    ("swollen", [], 6.666666666667, 1e-9),
    ("selectivity_ratio", ["energy=-17.8133 kJ/mol"], 1000.0, 0.1),
    ("selectivity_energy", [], -17.8133, 1e-3),
]


@pytest.mark.parametrize(("name", "settings", "value", "within"), NUMBERS)
def test_number(name, settings, value, within):
    ((_, ours),) = law_lookup.evaluate(name, settings)
    what = f"`{name}`" + f" with {', '.join(settings)}" * bool(settings)
    source = PAN if name.startswith("post_albers") else "closed form"
    found(what, ours, value, within, LAWS[name].unit, source)


def test_every_law_has_a_value_a_unit_and_a_source():
    for name, law in LAWS.items():
        ((_, value),) = law_lookup.evaluate(name)
        assert np.isfinite(value), name
        assert law.summary.endswith("."), name


PAN = "equations of Pan et al. 2020, solved anew"
TABLES = [
    (
        "na_in",
        [2, 5, 10, 15, 20, 30, 50],
        [0.0877, 1.8134, 6.2591, 10.5026, 13.9383, 18.7701, 23.9950],
    ),
    ("k_out", [1, 2, 3.5, 5, 8, 12, 20], [1.8780, 4.4243, 6.2591, 6.9837, 7.5062, 7.7221, 7.8464]),
    ("v", [-120, -80, -40, 0, 40], [3.0216, 5.7023, 7.5266, 8.5921, 9.3915]),
]


@pytest.mark.parametrize(("argument", "values", "turnover"), TABLES)
def test_post_albers_table(argument, values, turnover):
    several = f"{argument}={','.join(map(str, values))}"
    rows = law_lookup.evaluate("post_albers_turnover", ["temperature=310", several])
    for value, (_, ours), theirs in zip(values, rows, turnover, strict=True):
        found(f"E1/E2 pump, {argument} = {value}", ours, theirs, 6e-5, "1/s", PAN)


STATES = [
    (10.0, 140.0, 140.0, 3.5, -0.07),
    (50.0, 100.0, 60.0, 20.0, 0.03),
    (2.0, 150.0, 150.0, 1.0, -0.12),
    (20.0, 140.0, 100.0, 8.0, -0.04),
]
MOLECULES = [{}, {"ATP": 0.1, "ADP": 0.5, "Pi": 10.0}, {"H": 1e-4}, {"ATP": 8.0, "ADP": 0.001}]


def test_post_albers_is_in_detailed_balance():
    """What the kinetics say about ATP is the same at very different states and supplies."""
    implied = [
        post_albers_standard_energy(*state, PostAlbersParameters(**supply), 310.0) / 1e3
        for state in STATES
        for supply in MOLECULES
    ]
    for energy in (min(implied), max(implied)):
        what = "standard energy of ATP in the E1/E2 pump, extreme of 16 states"
        found(what, energy, 11.899213386515, 1e-10, "kJ/mol", PAN)


@pytest.mark.parametrize("state", STATES)
def test_post_albers_turnover_is_that_of_the_four_states(state):
    """The closed form against the stationary state of the master equation."""
    forward, backward = ring_rates(*state, PostAlbersParameters(), 310.0)
    matrix = np.zeros((4, 4))
    for i in range(4):
        j = (i + 1) % 4
        matrix[[i, j], [i, i]] += [-forward[i], forward[i]]
        matrix[[j, i], [j, j]] += [-backward[i], backward[i]]
    matrix[3] = 1.0
    occupied = np.linalg.solve(matrix, [0.0, 0.0, 0.0, 1.0])
    net = forward[0] * occupied[0] - backward[0] * occupied[1]
    assert ring_turnover(forward, backward) == pytest.approx(net, rel=1e-9)


@pytest.mark.parametrize("state", STATES)
def test_post_albers_pump_stands_still_at_its_stall(state):
    named = [f"{n}={v}" for n, v in zip(("na_in", "na_out", "k_in", "k_out"), state, strict=False)]
    ((_, stall),) = law_lookup.evaluate("post_albers_stall", named)
    rates = [
        post_albers_turnover(*state[:4], 1e-3 * stall + dv, PostAlbersParameters(), T)
        for dv in (-1e-6, 1e-6)
    ]
    assert rates[0] < 0 < rates[1]


def test_largest_share_of_the_pump_in_the_potential():
    """K+ inside alone against Na+ outside alone: R T / F ln(1/1.5)."""
    shift = energetics.pump_share_of_potential(1.0, 140.0, 1e-9, 1.0, 1e-9, 140.0, T)
    found("largest share of the pump in the potential", 1e3 * shift, -10.836727726609, 1e-4, "mV")


positive = st.floats(0.5, 200.0)


@given(positive, positive, positive, positive)
def test_kcc2_is_a_conductance_between_two_reversals(k_in, k_out, cl_in, cl_out):
    """z F times the flux of K+ is g (E_Cl - E_K) with g = rate F^2 / R T."""
    current = FARADAY * kcc2_flux(k_in, k_out, cl_in, cl_out, 1e-6)
    g = 1e-6 * FARADAY**2 / (GAS_CONSTANT * T)
    driving = nernst(cl_in, cl_out, -1, T) - nernst(k_in, k_out, +1, T)
    assert current == pytest.approx(g * driving, rel=1e-9, abs=1e-12)


def test_kcc2_conductance_of_the_published_rate():
    """0.3 mM/s in a sphere of 7 um is 2.527 S/m^2."""
    flux = 0.3 / (3 / 7e-6)
    g = flux * FARADAY**2 / (GAS_CONSTANT * T)
    found("conductance of KCC2 of 0.3 mM/s", g, 2.527054810649, 1e-4, "S/m^2")


def test_mass_action_stands_still_where_the_logarithm_does():
    for name, known in (("kcc2", []), ("nkcc1", [])):
        ((_, cl),) = law_lookup.evaluate(f"{name}_equilibrium_chloride", known)
        ((_, flux),) = law_lookup.evaluate(f"{name}_mass_action", [f"cl_in={cl!r}"])
        ((_, log),) = law_lookup.evaluate(f"{name}_flux", [f"cl_in={cl!r}"])
        assert abs(flux) < 1e-9
        assert abs(log) < 1e-9


def test_mass_action_of_published_strength():
    """1.9297e-5 mA/cm^2/mM^2 (140 x 7 - 3.5 x 120) / F."""
    ((_, flux),) = law_lookup.evaluate("kcc2_mass_action")
    assert flux == pytest.approx(1e6 * 1.9297e-4 * 560 / FARADAY, rel=1e-9)


@given(positive, positive, positive, positive, positive)
def test_shared_reversal_is_the_closed_form_for_one_valence(ratio, a, b, c, d):
    shared = shared_reversal([(ratio, -1, a, b), (1.0, -1, c, d)], T)
    assert shared == pytest.approx(gaba_reversal(a, b, c, d, ratio, T), abs=1e-13)


def test_shared_reversal_of_mixed_ions():
    sums = ghk_sums([(1.0, 140.0, 3.5), (0.05, 10.0, 140.0)], [(0.45, 7.0, 120.0)])
    monovalent = [(1.0, 1, 140.0, 3.5), (0.05, 1, 10.0, 140.0), (0.45, -1, 7.0, 120.0)]
    assert shared_reversal(monovalent, T) == pytest.approx(ghk_voltage(*sums, T), abs=1e-13)
    calcium = (1.0, 2, 1e-4, 1.2)
    assert shared_reversal([calcium], T) == pytest.approx(nernst(1e-4, 1.2, 2, T), abs=1e-13)
    both = shared_reversal([*monovalent, calcium], T)
    assert ghk_voltage(*sums, T) < both < nernst(1e-4, 1.2, 2, T)
    with pytest.raises(ValueError, match="at least one permeable ion"):
        shared_reversal([(0.0, 1, 1.0, 2.0)], T)


@given(st.floats(1.0, 60.0))
def test_buffer_is_at_rest_in_equilibrium(k_out):
    bound = buffer_equilibrium(k_out, 500.0, 15.0, 1.09)
    assert buffer_rate(bound, k_out, 500.0, 5e-5, 15.0, 1.09) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nernts"], "did you mean 'nernst'"),
        (["nernst", "--set", "c_inn=1"], "did you mean 'c_in'"),
        (["nernst", "--set", "c_in=-1"], "must be at least"),
        (["nernst", "--set", "c_in=1 mV"], "a concentration is needed here"),
        (["nernst", "--set", "c_in=nan"], "must be a finite number"),
        (["nernst", "--set", "z=0"], "a valence that is not zero"),
        (["nernst", "--set", "c_in"], "write it as name=value"),
        (["nernst", "--set", "c_in=1,2", "--set", "c_out=1,2,3"], "the same number"),
        (["donnan_ratio", "--set", "salt=zero"], "cannot read 'zero'"),
    ],
)
def test_mistakes_are_named(arguments, words, capsys):
    assert main(["law", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_what_the_command_says(capsys):
    assert main(["law", "nernst", "--set", "c_in=140 mM", "--set", "c_out=3.5mM"]) == 0
    assert "nernst = -98.59142 mV" in capsys.readouterr().out
    assert main(["law", "nernst", "--set", "c_out=3.5,12"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "c_out [mM],nernst [mV]"
    assert main(["law"]) == 0
    assert "ghk_voltage" in capsys.readouterr().out


def test_names_that_are_not_there():
    with pytest.raises(ConfigError, match="no law"):
        law_lookup.find("ohm")

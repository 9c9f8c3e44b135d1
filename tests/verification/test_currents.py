"""Currents and potentials at boundaries: Ohm's law, transport numbers, what passes baths."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.physics.electrochemistry import thermal_voltage
from ecs_model.run.rundir import RunDir
from ecs_model.units import FARADAY
from tests.helpers import found, launch, run_here, series, summary
from tests.transport.stepped import built

LENGTH, DENSITY, END = 1e-3, 0.1, 1.0  # m, A/m^2, s
TEXT = """\
[mesh]
generator = "interval"
length = "1 mm"
cell = "20 um"
[tissue]
alpha = 0.2
tortuosity = 1.6
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
[membrane]
model = "pump_leak"
parameters = { S = "1e-6 1/um" }
[time]
end = "1 s"
step = "10 ms"
[output]
every = "1 s"
series = "1 s"
fields = ["K_o", "Na_o", "Cl_o", "Phi_e"]
[[probe]]
name = "left"
at = ["0 mm"]
[[probe]]
name = "right"
at = ["1 mm"]
"""
IN = '[[boundary]]\non = "left"\ncurrent = "0.1 A/m^2"\n'
OUT = '[[boundary]]\non = "right"\ncurrent = "-0.1 A/m^2"\n'
BATHS = '[[boundary]]\non = "{}"\nbath = "3.5 mM"\n{}'
VALENCES = {"K": 1, "Na": 1, "Cl": -1}
Y = MODELS["pump_leak"].State()
CARRYING = {
    "K": Y.K_o,
    "Na": 1.33 / 1.96 * Y.Na_o,
    "Cl": 2.03 / 1.96 * Y.Cl_o,
}  # z^2 c, and D relative to that of K+
UNIT = thermal_voltage(310.15)
SIGMA = FARADAY / UNIT * 0.2 * 1.96e-9 / 1.6**2 * sum(CARRYING.values())  # S/m


def through(table, name, ion):
    """Amount of an ion [mol/m^2] that passed at a boundary by the end."""
    return table[f"boundary {name}" if ion == "K" else f"boundary {name} ({ion})"][-1]


def share(ion):
    """Amount of an ion [mol/m^2] that carries its part of a current of 1 A/m^2 for the run."""
    return END / FARADAY * CARRYING[ion] / sum(CARRYING.values()) / VALENCES[ion]


def test_a_current_obeys_ohm_and_every_ion_carries_its_share(tmp_path):
    table = series(run_here(TEXT + IN + OUT, tmp_path / "run"))
    drop = table["Phi_e@left"][-1] - table["Phi_e@right"][-1]
    found("Phi_e along 1 mm with 0.1 A/m^2", drop, 1e3 * DENSITY * LENGTH / SIGMA, 1e-6, "mV")
    for ion in VALENCES:
        amount = DENSITY * share(ion)
        assert through(table, "left", ion) == pytest.approx(amount, rel=1e-9)
        assert through(table, "right", ion) == pytest.approx(-amount, rel=1e-9)
    assert np.abs(table["K_o@left"][-1] - Y.K_o) < 1e-3


def test_fine_cells_carry_a_current_in_which_nothing_moves(tmp_path):
    """An even tissue: no concentration changes, so that charge is held against what it was."""
    text = TEXT.replace('"20 um"', '"2.5 um"').replace('"10 ms"', '"20 ms"')
    table = series(run_here(text + IN + OUT, tmp_path / "run"))
    drop = table["Phi_e@left"][-1] - table["Phi_e@right"][-1]
    assert drop == pytest.approx(1e3 * DENSITY * LENGTH / SIGMA, rel=1e-5)


def test_a_bath_takes_a_current_up(tmp_path):
    table = series(run_here(TEXT + IN + BATHS.format("right", ""), tmp_path / "run"))
    for ion in VALENCES:
        ours = through(table, "right", ion) / DENSITY
        found(f"{ion} through a bath by 1 A s/m^2", ours, -share(ion), 1e-3, "mol/m^2", rel=True)


def test_baths_at_two_potentials_drive_a_current(tmp_path):
    baths = BATHS.format("left", 'potential = "2 mV"\n') + BATHS.format("right", "")
    run = run_here(TEXT + baths, tmp_path / "run")
    table, ions = series(run), summary(run)["balance"]["ions"]
    assert max(other["relative_error"] for other in ions.values()) < 1e-13
    assert table["Phi_e@left"][-1] == pytest.approx(2.0, abs=1e-12)
    current = 2e-3 * SIGMA / LENGTH
    for ion in VALENCES:
        assert through(table, "left", ion) == pytest.approx(current * share(ion), rel=2e-3)
        assert through(table, "right", ion) == pytest.approx(-current * share(ion), rel=2e-3)


def test_a_bath_at_a_potential_follows_its_profile(tmp_path):
    wave = 'profile = { kind = "step", start = "0.5 s" }\n'
    baths = BATHS.format("left", 'potential = "2 mV"\n' + wave) + BATHS.format("right", "")
    table = series(run_here(TEXT + baths, tmp_path / "run"))
    for ion in VALENCES:
        amount = 0.5 * 2e-3 * SIGMA / LENGTH * share(ion)
        assert through(table, "left", ion) == pytest.approx(amount, rel=5e-3)


@pytest.mark.parametrize("processes", [2, 3])
def test_currents_are_the_same_on_several_processes(tmp_path, processes):
    text = TEXT + IN + BATHS.format("right", 'potential = "1 mV"\n')
    alone = series(run_here(text, tmp_path / "alone"))
    config = tmp_path / "alone.toml"
    done = launch(processes, "run", config, "-o", tmp_path / "both", "--quiet")
    assert done.returncode == 0, done.stderr
    both = series(RunDir(tmp_path / "both"))
    for name in (*alone,):
        np.testing.assert_allclose(both[name], alone[name], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("boundaries", "said"),
    [
        (IN, "from t = 0 s on .* nowhere to go"),
        (IN + OUT.replace("-0.1", "-0.2"), "nowhere to go"),
        (
            IN + OUT + 'profile = { kind = "step", start = "0.5 s" }\n',
            "from t = 0 s on .* nowhere to go",
        ),
        (
            IN + 'profile = { kind = "pulse", duration = "0.3 s" }\n',
            "nowhere to go",
        ),
        (IN + 'ion = "Na"\n' + OUT, "all ions carry"),
        (IN + 'potential = "1 mV"\n' + OUT, "without a bath"),
        (IN.replace("left", "top") + OUT, "no such boundary"),
    ],
)
def test_currents_that_cannot_be_are_refused(boundaries, said):
    with pytest.raises(ConfigError, match=said):
        built(TEXT + boundaries, MPI.COMM_SELF)


@pytest.mark.parametrize("boundary", [IN + OUT, BATHS.format("left", 'potential = "1 mV"\n')])
def test_a_field_needs_electrodiffusion(boundary):
    text = TEXT.replace('transport = "electrodiffusion"\n', "").replace(', "Phi_e"', "")
    with pytest.raises(ConfigError, match="acts in an electric field"):
        built(text + boundary, MPI.COMM_SELF)

"""Laws against closed forms; numbers of the pump-leak card and textbook values at 37 C."""

import numpy as np
import pytest

from ecs_model.physics.electrochemistry import (
    bernoulli,
    ghk_charge_flux,
    ghk_flux,
    ghk_sums,
    ghk_voltage,
    mullins_noda,
    nak_pump_turnover,
    nernst,
    thermal_voltage,
)
from ecs_model.units import FARADAY, GAS_CONSTANT
from tests.helpers import found

T = 310.15
K, NA, CL = (140.0, 3.5), (10.0, 140.0), (7.0, 120.0)  # inside, outside [mM]


@pytest.mark.parametrize(
    ("name", "ion", "z", "millivolt"),
    [
        ("K+", K, 1, -98.591423678933),
        ("Na+", NA, 1, 70.533185628205),
        ("Cl-", CL, -1, -75.945982597217),
        ("HCO3-", (15.0, 26.0), -1, -14.700900943178),
    ],
)
def test_nernst_potential(name, ion, z, millivolt):
    found(f"Nernst potential of {name}", 1e3 * nernst(*ion, z, T), millivolt, 1e-4, "mV")


def test_ghk_voltage_without_chloride():
    sums = ghk_sums([(1.0, *K), (0.05, *NA)], [])
    found("GHK voltage without Cl-", 1e3 * ghk_voltage(*sums, T), -69.324469850477, 1e-4, "mV")


def test_ghk_voltage_with_chloride():
    sums = ghk_sums([(1.0, *K), (0.05, *NA)], [(0.45, *CL)])
    found("GHK voltage, 1 : 0.05 : 0.45", 1e3 * ghk_voltage(*sums, T), -71.0045, 1e-4, "mV")


def test_mullins_noda_voltage_and_limiting_shift():
    rest = 1e3 * mullins_noda(1.0, *K, 0.05, *NA, T)
    found("Mullins-Noda voltage, pump 3 : 2", rest, -76.009541864064, 1e-4, "mV")
    alone = mullins_noda(1.0, *K, 0.0, *NA, T)
    no_pump = mullins_noda(1.0, *K, 0.0, *NA, T, ratio=1.0)
    assert alone == pytest.approx(no_pump)  # without Na+ leak the pump cannot shift the potential
    all_sodium = mullins_noda(1e-12, *K, 1.0, K[0], K[1], T)
    assert all_sodium == pytest.approx(nernst(*K, 1, T), rel=1e-6)


def test_leaks_balance_the_pump_at_the_mullins_noda_voltage():
    v = mullins_noda(1.0, *K, 0.05, *NA, T)
    ratio = ghk_flux(*NA, 1, 0.05, v, T) / ghk_flux(*K, 1, 1.0, v, T)
    found("J_Na / J_K of leaks at the Mullins-Noda voltage", ratio, -1.5, 1e-9)


@pytest.mark.parametrize("z", [1, -1, 2])
def test_ghk_flux_vanishes_at_the_nernst_potential(z):
    v = nernst(30.0, 7.0, z, T)
    assert ghk_flux(30.0, 7.0, z, 1e-8, v, T) == pytest.approx(0.0, abs=1e-20)


@pytest.mark.parametrize("z", [1, -1, 2, -2])
def test_ghk_flux_solves_constant_field_electrodiffusion(z):
    """The textbook form, with its division by zero at V = 0."""
    v = np.linspace(-0.15, 0.15, 30)
    u = z * FARADAY * v / (GAS_CONSTANT * T)
    textbook = 1e-8 * u * (140.0 - 3.5 * np.exp(-u)) / (1 - np.exp(-u))
    np.testing.assert_allclose(ghk_flux(140.0, 3.5, z, 1e-8, v, T), textbook, rtol=1e-12)


def test_ghk_flux_is_smooth_through_zero_potential():
    v = np.linspace(-1e-4, 1e-4, 2001)
    flux = ghk_flux(140.0, 3.5, 1, 1e-8, v, T)
    slopes = np.diff(flux) / np.diff(v)
    np.testing.assert_allclose(slopes, slopes.mean(), rtol=2e-3)
    assert flux[1000] == pytest.approx(1e-8 * (140.0 - 3.5), rel=1e-12)


def test_bernoulli_function_mirrors():
    x = np.linspace(-40, 40, 4001)
    np.testing.assert_allclose(bernoulli(-x), bernoulli(x) + x, rtol=1e-12, atol=1e-12)


def test_all_monovalent_fluxes_together_are_one():
    rng = np.random.default_rng(1)
    for v in rng.uniform(-0.1, 0.1, 20):
        p = rng.uniform(0.1, 1, 3)
        sums = ghk_sums([(p[0], *K), (p[1], *NA)], [(p[2], *CL)])
        apart = ghk_flux(*K, 1, p[0], v, T) + ghk_flux(*NA, 1, p[1], v, T)
        apart -= ghk_flux(*CL, -1, p[2], v, T)
        assert ghk_charge_flux(*sums, v, T) == pytest.approx(apart, rel=1e-12)


def test_pump_saturates_and_rests():
    assert nak_pump_turnover(1e9, 1e9, 3.0, 7.7, 2.0) == pytest.approx(3.0, rel=1e-6)
    half = nak_pump_turnover(7.7, 2.0, 1.0, 7.7, 2.0)
    found("pump at half saturation of all five sites", half, 1 / 32, 1e-9)
    assert nak_pump_turnover(0.0, 3.0, 1.0, 7.7, 2.0) == 0.0


def test_thermal_voltage():
    found("R T / F at 37 C", 1e3 * thermal_voltage(T), 26.7267, 1e-4, "mV")

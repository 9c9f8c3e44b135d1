"""Drift and diffusion through a membrane: GHK as the field becomes constant, order in the mesh."""

import numpy as np
import pytest

from ecs_model.physics.electrochemistry import ghk_flux, nernst
from ecs_model.physics.nernst_planck import profile
from tests.helpers import found

T, L, V = 310.15, 5e-9, -0.07
IONS = [(1, 5e-17, 140.0, 3.5), (1, 2.5e-18, 10.0, 140.0), (-1, 2.25e-17, 7.0, 120.0)]
GHK = np.array([ghk_flux(c_in, c_out, z, D / L, V, T) for z, D, c_in, c_out in IONS])


def deviation(kappa, slices=400):
    return np.abs(profile(IONS, V, L, kappa, T, slices).fluxes / GHK - 1)


def test_constant_field_is_ghk():
    found("fluxes in a constant field: deviation from GHK", deviation(0.0).max(), 0.0, 1e-13)
    assert deviation(1e-4).max() < 1e-6


def test_deviation_grows_with_the_square_of_the_thickness():
    """In Debye lengths: the charge of the passing ions bends the potential."""
    ratio = deviation(0.02) / deviation(0.01)
    for value in ratio:
        found("deviation from GHK at twice the thickness", value, 4.0, 1e-3, "times", rel=True)


def test_thick_membranes_are_not_ghk():
    assert deviation(20.0).min() > 0.4
    assert profile(IONS, V, L, 20.0, T).bend > 0.03


def test_second_order_in_the_mesh():
    exact = profile(IONS, V, L, 3.0, T, 3200).fluxes
    errors = [np.abs(profile(IONS, V, L, 3.0, T, n).fluxes / exact - 1).max() for n in (50, 100)]
    found("Poisson-Nernst-Planck: errors on half the slices", errors[0] / errors[1], 4.0, 0.2)


@pytest.mark.parametrize("kappa", [0.0, 1.0, 5.0])
def test_one_ion_in_equilibrium_does_not_move(kappa):
    v = nernst(140.0, 3.5, +1, T)
    flux = profile([(1, 1e-17, 140.0, 3.5)], v, L, kappa, T).fluxes[0]
    assert abs(flux) < 1e-13 * 1e-17 / L * 140.0


def test_sides_can_be_exchanged():
    """Inside out, with the potential reversed: every flux changes its sign."""
    turned = [(z, D, c_out, c_in) for z, D, c_in, c_out in IONS]
    one, other = profile(IONS, V, L, 2.0, T), profile(turned, -V, L, 2.0, T)
    np.testing.assert_allclose(other.fluxes, -one.fluxes, rtol=1e-9)


def test_ends_are_what_was_asked():
    inside = profile(IONS, V, L, 5.0, T)
    assert inside.potential[0] == pytest.approx(V, abs=1e-15)
    assert inside.potential[-1] == 0.0
    np.testing.assert_allclose(inside.concentrations[:, 0], [140.0, 10.0, 7.0], rtol=1e-12)
    np.testing.assert_allclose(inside.concentrations[:, -1], [3.5, 140.0, 120.0], rtol=1e-12)
    assert (inside.concentrations > 0).all()

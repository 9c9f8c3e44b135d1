"""Electrochemistry laws: Nernst and GHK potentials, GHK flux, Na/K pump. Plain formulas in SI.

References:
    Goldman (1943), J Gen Physiol 27, 37; Hodgkin & Katz (1949), J Physiol 108, 37.
    Mullins & Noda (1963), J Gen Physiol 47, 117: the electrogenic pump in the resting potential.
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495: form of the pump.
"""

import numpy as np

from ecs_model.units import FARADAY, GAS_CONSTANT

BISECTIONS = 60  # from 2 V to round-off


def thermal_voltage(temperature):
    """R T / F [V]."""
    return GAS_CONSTANT * temperature / FARADAY


def nernst(c_in, c_out, z, temperature):
    """Potential [V] at which an ion of valence `z` is in equilibrium across the membrane."""
    return thermal_voltage(temperature) / z * np.log(c_out / c_in)


def bernoulli(x):
    """B(x) = x / (exp(x) - 1), continued smoothly through B(0) = 1."""
    small = np.abs(x) < 1e-3
    series = 1 - x / 2 + x * x / 12
    return np.where(small, series, x / np.expm1(np.where(small, 1.0, x)))


def ghk_flux(c_in, c_out, z, permeability, v, temperature):
    """Goldman-Hodgkin-Katz flux [mol/m^2/s], positive out of the cell.

    P (c_in B(-x) - c_out B(x)) with x = z F v / R T and B(-x) = B(x) + x: finite at v = 0, and one
    exponential instead of two. For z = -1 the exponential is that of the cations, mirrored.
    """
    x = v / thermal_voltage(temperature)
    b = bernoulli(abs(z) * x)
    if z > 0:
        return permeability * (c_in * (b + z * x) - c_out * b)
    return permeability * (c_in * b - c_out * (b - z * x))


def ghk_sums(cations, anions):
    """Permeability-weighted sums (inside, outside) [mol/m^2/s] of monovalent ions.

    Args:
        cations: triples (permeability, c_in, c_out) of ions with z = +1.
        anions: the same of ions with z = -1, which count with their sides exchanged.
    """
    sides = [(p * c_in, p * c_out) for p, c_in, c_out in cations]
    sides += [(p * c_out, p * c_in) for p, c_in, c_out in anions]
    return sum(side[0] for side in sides), sum(side[1] for side in sides)


def ghk_voltage(inside, outside, temperature):
    """Potential [V] at which the GHK currents of all ions in the sums add up to zero."""
    return thermal_voltage(temperature) * np.log(outside / inside)


def ghk_slope_at_reversal(inside, outside, temperature):
    """Slope [mol/m^2/s/V] of the GHK charge flux at the potential where it is zero.

    The logarithmic mean of a product: inside outside ln(outside/inside) / (outside - inside), over
    R T / F; it needs no exponential, because exp(F V / R T) = outside / inside there.
    """
    excess = outside / inside - 1
    even = np.abs(excess) < 1e-6
    share = np.where(even, 1 - excess / 2, np.log(outside / inside) / np.where(even, 1.0, excess))
    return outside * share / thermal_voltage(temperature)


def ghk_charge_flux(inside, outside, v, temperature):
    """Outward flux of elementary charge [mol/m^2/s] by all monovalent ions in the sums.

    All fluxes share one exponential, so that together they are the flux of one cation with the
    sums in place of P c.
    """
    return ghk_flux(inside, outside, +1, 1.0, v, temperature)


def shared_reversal(ions, temperature):
    """Potential [V] at which a channel that several ions share carries no current.

    By bisection on the GHK current, which grows with the potential whatever the valences.

    Args:
        ions: tuples (permeability, z, c_in, c_out), of either sign and any valence.
        temperature: [K].

    Raises:
        ValueError: for no ions, or none that can pass.
    """
    if not any(np.any(np.asarray(p) > 0) for p, *_ in ions):
        raise ValueError("a reversal potential needs at least one permeable ion")
    shape = np.broadcast_shapes(*(np.shape(x) for ion in ions for x in ion))
    low, high = np.full(shape, -1.0), np.full(shape, 1.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = _charge(ions, middle, temperature) < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _charge(ions, v, temperature):
    return sum(z * ghk_flux(c_in, c_out, z, p, v, temperature) for p, z, c_in, c_out in ions)


def gaba_reversal(cl_in, cl_out, hco3_in, hco3_out, ratio, temperature):
    """Reversal potential [V] of GABA_A channels with P_Cl : P_HCO3 = `ratio`."""
    inside, outside = ghk_sums([], [(ratio, cl_in, cl_out), (1.0, hco3_in, hco3_out)])
    return ghk_voltage(inside, outside, temperature)


def mullins_noda(p_k, k_in, k_out, p_na, na_in, na_out, temperature, ratio=1.5):
    """Potential [V] at which a pump of coupling `ratio` (Na+ : K+) balances both cation leaks."""
    outside = ratio * p_k * k_out + p_na * na_out
    inside = ratio * p_k * k_in + p_na * na_in
    return thermal_voltage(temperature) * np.log(outside / inside)


def nak_pump_turnover(na_in, k_out, j_max, na_50, k_50):
    """Turnover [mol/m^2/s] of the Na/K pump: 3 Na+ sites inside, 2 K+ sites outside."""
    return j_max * (na_in / (na_in + na_50)) ** 3 * (k_out / (k_out + k_50)) ** 2

"""What gradients cost and hold: work of transport, ATP, selectivity, Donnan equilibrium, osmosis.

References:
    Alberts et al., Molecular Biology of the Cell (2022), chapter 11: work of transport, ATP.
    Hille, Ion Channels of Excitable Membranes (2001), chapter 14: selectivity from free energy.
    Sten-Knudsen, Biological Membranes (2002): Donnan equilibrium. Kedem & Katchalsky (1958): water.
"""

import numpy as np

from ecs_model.physics.electrochemistry import (
    ghk_sums,
    ghk_voltage,
    mullins_noda,
    thermal_voltage,
)
from ecs_model.units import FARADAY, GAS_CONSTANT

SODIUM_OUT, POTASSIUM_IN = 3, 2  # ions per turn of the Na/K pump
STANDARD_ATP = -30.5e3  # J/mol: hydrolysis at pH 7, 1 M, 37 C
WATER = 1.8e-5  # m^3/mol: molar volume


def extrusion_work(c_in, c_out, z, v, temperature):
    """Work [J/mol] to move an ion out of the cell: R T ln(c_out / c_in) - z F V."""
    return GAS_CONSTANT * temperature * np.log(c_out / c_in) - z * FARADAY * v


def pump_work(na_in, na_out, k_in, k_out, v, temperature):
    """Work [J/mol] of one turn of the Na/K pump: 3 Na+ out, 2 K+ in."""
    sodium = extrusion_work(na_in, na_out, +1, v, temperature)
    potassium = extrusion_work(k_in, k_out, +1, v, temperature)
    return SODIUM_OUT * sodium - POTASSIUM_IN * potassium


def atp_energy(atp, adp, phosphate, temperature, standard=STANDARD_ATP):
    """Free energy [J/mol] of the hydrolysis of ATP, concentrations in mM; negative."""
    return standard + GAS_CONSTANT * temperature * np.log(1e-3 * adp * phosphate / atp)


def pump_efficiency(work, energy):
    """Share of the free energy of ATP that a turn of the pump turns into work."""
    return -work / energy


def pump_stall(na_in, na_out, k_in, k_out, temperature, energy):
    """Potential [V] at which the pump stands still: its work is all that ATP gives."""
    at_zero = pump_work(na_in, na_out, k_in, k_out, 0.0, temperature)
    return (at_zero + energy) / ((SODIUM_OUT - POTASSIUM_IN) * FARADAY)


def pump_share_of_potential(p_k, k_in, k_out, p_na, na_in, na_out, temperature):
    """What the current of the pump adds to the resting potential [V]; negative."""
    inside, outside = ghk_sums([(p_k, k_in, k_out), (p_na, na_in, na_out)], [])
    pumped = mullins_noda(p_k, k_in, k_out, p_na, na_in, na_out, temperature)
    return pumped - ghk_voltage(inside, outside, temperature)


def atp_use(turnover, area):
    """ATP that the pump splits per tissue volume [mol/m^3/s], with the area per volume [1/m]."""
    return turnover * area


def selectivity_ratio(energy, temperature):
    """Permeability ratio of two ions whose free energies in the filter differ [J/mol]."""
    return np.exp(-energy / (GAS_CONSTANT * temperature))


def selectivity_energy(ratio, temperature):
    """Difference of free energy [J/mol] in the filter that makes a permeability ratio."""
    return -GAS_CONSTANT * temperature * np.log(ratio)


def donnan_ratio(impermeant, salt, z=-1):
    """Cation ratio inside : outside beside a 1:1 salt, with impermeant ions of valence `z`."""
    q = -z * impermeant / (2 * salt)
    return q + np.sqrt(q * q + 1)


def donnan_potential(ratio, temperature):
    """Potential [V] of a Donnan equilibrium."""
    return -thermal_voltage(temperature) * np.log(ratio)


def donnan_excess(impermeant, salt, z=-1):
    """Osmolarity [mM] inside above that outside in a Donnan equilibrium."""
    ratio = donnan_ratio(impermeant, salt, z)
    return impermeant + salt * (ratio + 1 / ratio) - 2 * salt


def osmotic_flux(osmolarity_in, osmolarity_out, permeability):
    """Velocity [m/s] of water into the cell across its membrane, with P_f [m/s]."""
    return permeability * WATER * (osmolarity_in - osmolarity_out)


def osmotic_relaxation(permeability, area, phi, alpha, osmolarity):
    """Time constant [s] with which two spaces come to osmotic equilibrium.

    Args:
        permeability: of the membrane to water, P_f [m/s].
        area: of membrane per tissue volume [1/m].
        phi: volume fraction of cells.
        alpha: volume fraction of the space between them.
        osmolarity: of both [mM].
    """
    rate = area * permeability * WATER * osmolarity * (1 / phi + 1 / alpha)
    return 1 / rate


def osmotic_alpha(alpha, phi, osmolarity, moved):
    """Extracellular fraction after osmolyte [mol per m^3 of tissue] moved into the cells."""
    outside, inside = alpha * osmolarity - moved, phi * osmolarity + moved
    return (alpha + phi) * outside / (outside + inside)


def swollen(concentration, alpha_before, alpha_after):
    """Concentration [mM] after the space around it changed, with the same content."""
    return concentration * alpha_before / alpha_after

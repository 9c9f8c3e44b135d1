"""Transporters and glial channels: cotransport of chloride, pumps as sigmoids, Kir, buffers.

Fluxes are positive out of the cell, in the unit of the strength given: per membrane area
[mol/m^2/s] or per volume [mM/s].

References:
    Oestby et al. (2009), PLoS Comput Biol 5, e1000272; Wei et al. (2014): cotransport, logarithmic.
    Currin et al. (2020), PLoS Comput Biol 16, e1007932: cotransport by mass action.
    Cressman et al. (2009), J Comput Neurosci 26, 159: pump and glia as sigmoids.
    Halnes et al. (2013), PLoS Comput Biol 9, e1003386: inwardly rectifying K+ channel of glia.
    Kager, Wadman & Somjen (2000), J Neurophysiol 84, 495: glial buffer.
"""

import numpy as np

from ecs_model.physics.electrochemistry import nernst
from ecs_model.units import FARADAY


def sigmoid(x):
    """1 / (1 + exp(-x)), between 0 and 1."""
    return 1 / (1 + np.exp(-x))


def sigmoid_pump(na_in, k_out, rate, na_half, na_width, k_half, k_width=1.0):
    """Turnover of a Na/K pump that follows Na+ inside and extracellular K+, as `rate`."""
    return rate * sigmoid((na_in - na_half) / na_width) * sigmoid((k_out - k_half) / k_width)


def kcc2_flux(k_in, k_out, cl_in, cl_out, rate):
    """Outward flux of K+, and of as much Cl-, through KCC2, as `rate`."""
    return rate * (-np.log(k_out / k_in) - np.log(cl_out / cl_in))


def nkcc1_flux(na_in, na_out, k_in, k_out, cl_in, cl_out, rate):
    """Outward flux of Na+, of as much K+ and of half the Cl- through NKCC1, as `rate`."""
    chloride = np.log(cl_out / cl_in)
    return rate * (-np.log(na_out / na_in) - np.log(k_out / k_in) - 2.0 * chloride)


def kcc2_mass_action(k_in, k_out, cl_in, cl_out, coefficient):
    """Outward flux [mol/m^2/s] of K+, and of as much Cl-, by mass action [A/m^2/mM^2]."""
    return coefficient / FARADAY * (k_in * cl_in - k_out * cl_out)


def nkcc1_mass_action(na_in, na_out, k_in, k_out, cl_in, cl_out, coefficient):
    """Outward flux [mol/m^2/s] of Na+, K+ and half the Cl-, by mass action [A/m^2/mM^4]."""
    inside, outside = na_in * k_in * cl_in * cl_in, na_out * k_out * cl_out * cl_out
    return coefficient / FARADAY * (inside - outside)


def kcc2_equilibrium_chloride(k_in, k_out, cl_out):
    """Intracellular chloride [mM] at which KCC2 stands still."""
    return k_out * cl_out / k_in


def nkcc1_equilibrium_chloride(na_in, na_out, k_in, k_out, cl_out):
    """Intracellular chloride [mM] at which NKCC1 stands still."""
    return cl_out * np.sqrt(na_out * k_out / (na_in * k_in))


def kir_current(v, k_in, k_out, k_in_rest, k_out_rest, conductance, temperature):
    """Outward current [A/m^2] of the glial K+ channel; potentials of its fit are in mV."""
    u, E = 1e3 * v, 1e3 * nernst(k_in, k_out, +1, temperature)
    E_rest = 1e3 * nernst(k_in_rest, k_out_rest, +1, temperature)
    at_rest = (1 + np.exp(18.5 / 42.5)) * (1 + np.exp(-(118.6 + E_rest) / 44.1))
    now = (1 + np.exp((u - E + 18.5) / 42.5)) * (1 + np.exp(-(118.6 + u) / 44.1))
    return conductance * np.sqrt(k_out / k_out_rest) * at_rest / now * 1e-3 * (u - E)


def glial_uptake(k_out, strength, half=18.0, width=2.5):
    """Rate at which glia take up potassium, as `strength`; half of it at `half` [mM]."""
    return strength * sigmoid((k_out - half) / width)


def buffer_rate(bound, k_out, total, release, half, width):
    """Rate [mM/s] at which a buffer of capacity `total` [mM] binds potassium; release in 1/s."""
    free = total - bound
    return release * (k_out * free * sigmoid((k_out - half) / width) - bound)


def buffer_equilibrium(k_out, total, half, width):
    """Potassium [mM] that the buffer holds in equilibrium with `k_out` [mM]."""
    share = k_out * sigmoid((k_out - half) / width)
    return total * share / (1 + share)

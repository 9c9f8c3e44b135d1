"""The Na/K pump as a cycle of four lumped states (E1/E2, Post-Albers), in detailed balance.

    n1 = Na_i / (K0_Nai e^(D u)), n2 = Na_i / K_Nai, N1 = Na_o / (K0_Nae e^((1+D) u)), N2 = ...
    turnover = (a1 a2 a3 a4 - b1 b2 b3 b4) / (sum of the 16 spanning trees of the ring)

u = F V / R T. One turn moves 3 Na+ out and 2 K+ in and splits one ATP.

References:
    Smith & Crampin (2004), Prog Biophys Mol Biol 85, 387; Terkildsen et al. (2007).
    Pan, Gawthrop, Cursons, Tran & Crampin (2020), Bull Math Biol: the corrected parameters.
"""

import numpy as np

from ecs_model.physics.electrochemistry import thermal_voltage
from ecs_model.physics.energetics import pump_work
from ecs_model.record import quantity, record
from ecs_model.units import GAS_CONSTANT


@record
class PostAlbersParameters:
    """Kinetic constants and the cell's ATP, ADP, phosphate and pH."""

    k1_f = quantity(1423.2, "1/s", "phosphorylation, forward", "Pan et al. 2020", low=0.0)
    k2_f = quantity(11565.0, "1/s", "release of Na+ outside", low=0.0)
    k3_f = quantity(194.4506, "1/s", "dephosphorylation", low=0.0)
    k4_f = quantity(30630.0, "1/s", "release of K+ inside", low=0.0)
    k1_b = quantity(225.9048, "1/mM/s", "phosphorylation, backward, per ADP", low=0.0)
    k2_b = quantity(36355.0, "1/s", "binding of Na+ outside", low=0.0)
    k3_b = quantity(281040.0, "1/mM^2/s", "dephosphorylation, backward, per Pi and H+", low=0.0)
    k4_b = quantity(1.574e6, "1/s", "binding of K+ inside", low=0.0)
    K0_Nai = quantity(579.7295, "mM", "first Na+ inside, at 0 mV", low=1e-9)
    K0_Nae = quantity(0.0349, "mM", "first Na+ outside, at 0 mV", low=1e-9)
    K_Nai = quantity(5.6399, "mM", "the other Na+ inside", low=1e-9)
    K_Nae = quantity(10617.0, "mM", "the other Na+ outside", low=1e-9)
    K_Ki = quantity(16795.0, "mM", "K+ inside", low=1e-9)
    K_Ko = quantity(1.0817, "mM", "extracellular K+", low=1e-9)
    K_MgATP = quantity(140.3709, "mM", "ATP", low=1e-9)
    delta = quantity(-0.0550, "1", "charge that binding of Na+ inside moves")
    K_HPi = quantity(10 ** (3 - 6.77), "mM", "H+ at phosphate", "pK 6.77", low=1e-12)
    K_KPi = quantity(292.0, "mM", "K+ at phosphate", low=1e-9)
    K_NaPi = quantity(224.0, "mM", "Na+ at phosphate", low=1e-9)
    ATP = quantity(3.0, "mM", "ATP in the cell", low=0.0)
    ADP = quantity(0.03, "mM", "ADP in the cell", low=0.0)
    Pi = quantity(2.0, "mM", "phosphate in the cell, all of it", low=0.0)
    H = quantity(10 ** (3 - 7.1), "mM", "protons in the cell", "pH 7.1", low=0.0)


def free_phosphate(na_in, k_in, p):
    """Phosphate [mM] that no ion holds."""
    return p.Pi / (1 + k_in / p.K_KPi + p.H / p.K_HPi + na_in / p.K_NaPi)


def ring_rates(na_in, na_out, k_in, k_out, v, p, temperature):
    """Forward and backward rates [1/s] of the four steps of the cycle."""
    u = v / thermal_voltage(temperature)
    n1, n2 = na_in / p.K0_Nai * np.exp(-p.delta * u), na_in / p.K_Nai
    N1, N2 = na_out / p.K0_Nae * np.exp(-(1 + p.delta) * u), na_out / p.K_Nae
    k, K, A = k_in / p.K_Ki, k_out / p.K_Ko, p.ATP / p.K_MgATP
    inside = n1 * n2 * n2 + (1 + n2) ** 2 + (1 + k) ** 2 - 1
    outside = N1 * N2 * N2 + (1 + N2) ** 2 + (1 + K) ** 2 - 1
    phosphate = free_phosphate(na_in, k_in, p)
    forward = (
        p.k1_f * n1 * n2 * n2 / inside,
        p.k2_f,
        p.k3_f * K * K / outside,
        p.k4_f * A / (1 + A),
    )
    backward = (
        p.k1_b * p.ADP,
        p.k2_b * N1 * N2 * N2 / outside,
        p.k3_b * phosphate * p.H / (1 + A),
        p.k4_b * k * k / inside,
    )
    return forward, backward


def ring_turnover(forward, backward):
    """Net turns per second of a ring of four steps: the cycles' difference over all trees."""
    a1, a2, a3, a4 = forward
    b1, b2, b3, b4 = backward
    trees = 0.0
    for _ in range(4):  # trees that end in each of the four states
        trees = trees + a1 * a2 * a3 + b4 * a2 * a3 + b1 * b4 * a3 + b1 * b2 * b4
        a1, a2, a3, a4 = a2, a3, a4, a1
        b1, b2, b3, b4 = b2, b3, b4, b1
    return (a1 * a2 * a3 * a4 - b1 * b2 * b3 * b4) / trees


def post_albers_turnover(na_in, na_out, k_in, k_out, v, p, temperature):
    """Turns per second of one pump [1/s]; negative where it runs backwards and makes ATP.

    Args:
        na_in: intracellular sodium [mM].
        na_out: extracellular sodium [mM].
        k_in: intracellular potassium [mM].
        k_out: extracellular potassium [mM].
        v: membrane potential [V].
        p: PostAlbersParameters, or any record with these names.
        temperature: [K].
    """
    return ring_turnover(*ring_rates(na_in, na_out, k_in, k_out, v, p, temperature))


def post_albers_standard_energy(na_in, na_out, k_in, k_out, v, p, temperature):
    """Standard free energy [J/mol] of ATP that the kinetics imply (ATP, ADP, Pi, H+ at 1 M).

    A pump in detailed balance implies the same at every state: what the forward rates gain over
    the backward ones is what ATP gives less the work done.
    """
    work = pump_work(na_in, na_out, k_in, k_out, v, temperature)
    products = 1e-6 * p.ADP * free_phosphate(na_in, k_in, p) * p.H / p.ATP
    spent = cycle_energy(na_in, na_out, k_in, k_out, v, p, temperature) + work
    return -spent - GAS_CONSTANT * temperature * np.log(products)


def post_albers_atp_energy(na_in, k_in, p, temperature, standard):
    """Free energy [J/mol] of ATP at the cell's concentrations, from the standard one [J/mol]."""
    products = 1e-6 * p.ADP * free_phosphate(na_in, k_in, p) * p.H / p.ATP
    return standard + GAS_CONSTANT * temperature * np.log(products)


def cycle_energy(na_in, na_out, k_in, k_out, v, p, temperature):
    """Free energy [J/mol] that one turn releases according to the kinetics."""
    forward, backward = ring_rates(na_in, na_out, k_in, k_out, v, p, temperature)
    return GAS_CONSTANT * temperature * (np.sum(np.log(forward)) - np.sum(np.log(backward)))

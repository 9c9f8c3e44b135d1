"""The cell that all programs compute in comparisons: GHK leaks of K+ and Na+, and a pump.

Four concentrations [mM] at each place: K+ and Na+ outside and inside; the potential is that at
which pump and leaks balance (Mullins-Noda). One text for all programs: `log` and `exp` are theirs.
"""

import math

P_K, P_NA, S, ALPHA, PHI = 10e-9, 0.5e-9, 0.54e6, 0.2, 0.5  # m/s, m/s, 1/m, 1, 1
REST = (3.5, 140.0, 140.0, 10.0)  # K_o, Na_o, K_i, Na_i [mM]
DIFFUSIVITY, TORTUOSITY = 1.96e-9, 1.6  # m^2/s, 1
STEP, CELL = 0.05, 15  # s, um
PLACE = 10  # number of the node along x at which results are compared


def fluxes(k_o, na_o, k_i, na_i, log, exp):
    """Outward fluxes [mol/m^2/s] of K+ and Na+."""
    x = log((1.5 * P_K * k_o + P_NA * na_o) / (1.5 * P_K * k_i + P_NA * na_i))
    b = x / (exp(x) - 1.0)
    site_na, site_k = na_i / (na_i + 7.7), k_o / (k_o + 2.0)
    pump = J_MAX * site_na * site_na * site_na * site_k * site_k
    j_k = P_K * (k_i * (b + x) - k_o * b) - 2.0 * pump
    j_na = P_NA * (na_i * (b + x) - na_o * b) + 3.0 * pump
    return j_k, j_na


J_MAX = 0.0
_leak, _ = fluxes(*REST, math.log, math.exp)
J_MAX = _leak / (2 * (10 / 17.7) ** 3 * (3.5 / 5.5) ** 2)  # so that REST is at rest


def rates(k_o, na_o, k_i, na_i, log, exp):
    """Rates [mM/s] of the four concentrations."""
    j_k, j_na = fluxes(k_o, na_o, k_i, na_i, log, exp)
    return S / ALPHA * j_k, S / ALPHA * j_na, -S / PHI * j_k, -S / PHI * j_na


def potassium(x, exp):
    """[K+]o [mM] at the beginning, at the distance `x` [um] from one side."""
    return REST[0] + 40.0 * exp(-((x / 150.0) * (x / 150.0)))

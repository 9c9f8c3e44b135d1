"""Units and physical constants.

The solver computes in SI and in nothing else: m, s, V, A, K, mol/m^3. One mM is one mol/m^3, so
concentrations keep the numbers a physiologist expects. Conversion happens where numbers enter
(declarations, configuration) and where they leave (files, plots), never in between.
"""

FARADAY = 96485.33212  # C/mol
GAS_CONSTANT = 8.314462618  # J/(mol K)

_IN_SI = {
    "1": 1.0, "%": 1e-2,
    "M": 1e3, "mM": 1.0, "uM": 1e-3, "nM": 1e-6, "mol/m^3": 1.0,
    "V": 1.0, "mV": 1e-3,
    "s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0,
    "1/s": 1.0, "1/ms": 1e3, "mM/s": 1.0, "mM/ms": 1e3, "1/mM^2/s": 1.0,
    "K": 1.0,
    "m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "nm": 1e-9,
    "1/um": 1e6, "1/m": 1.0, "m^2": 1.0, "mm^2": 1e-6, "um^2": 1e-12,
    "m^3": 1.0, "mm^3": 1e-9, "um^3": 1e-18,
    "m/s": 1.0, "cm/s": 1e-2, "um/s": 1e-6, "nm/s": 1e-9, "mm/min": 1e-3 / 60,
    "m^2/s": 1.0, "cm^2/s": 1e-4, "um^2/ms": 1e-9, "um^2/s": 1e-12,
    "mol": 1.0, "mmol": 1e-3, "umol": 1e-6, "nmol": 1e-9, "pmol": 1e-12, "fmol": 1e-15,
    "mol/s": 1.0, "nmol/s": 1e-9, "pmol/s": 1e-12, "fmol/s": 1e-15,
    "mol/m^2/s": 1.0, "umol/m^2/s": 1e-6, "nmol/m^2/s": 1e-9,
    "F/m^2": 1.0, "uF/cm^2": 1e-2, "A/m^2": 1.0, "uA/cm^2": 1e-2, "S/m^2": 1.0, "mS/cm^2": 10.0,
    "A": 1.0, "nA": 1e-9, "C/mol": 1.0,
}  # fmt: skip


def to_si(value, unit):
    """`value` [`unit`] in SI.

    Raises:
        ValueError: if the unit is not in the table.
    """
    return value * factor(unit)


def from_si(value, unit):
    """An SI value expressed in `unit`; raises ValueError if the unit is not in the table."""
    return value / factor(unit)


def factor(unit):
    """How many SI units one `unit` is; raises ValueError if the unit is not in the table."""
    if unit not in _IN_SI:
        raise ValueError(f"unknown unit {unit!r}; known units: {', '.join(sorted(_IN_SI))}")
    return _IN_SI[unit]

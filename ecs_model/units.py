"""Units and physical constants.

The solver computes in SI and in nothing else: m, s, V, A, K, mol/m^3. One mM is one mol/m^3, so
concentrations keep the numbers a physiologist expects. Conversion happens where numbers enter
(declarations, configuration) and where they leave (files, plots), never in between.
"""

FARADAY = 96485.33212  # C/mol
GAS_CONSTANT = 8.314462618  # J/(mol K)

# dimension -> unit -> how many SI units it is; the first unit of a dimension is the SI unit
DIMENSIONS = {
    "a pure number": {"1": 1.0, "%": 1e-2},
    "a concentration": {"mol/m^3": 1.0, "mM": 1.0, "M": 1e3, "uM": 1e-3, "nM": 1e-6},
    "a potential": {"V": 1.0, "mV": 1e-3},
    "a potential times a time": {"V*s": 1.0, "mV*s": 1e-3},
    "a time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0},
    "a rate": {"1/s": 1.0, "Hz": 1.0, "1/ms": 1e3, "1/min": 1 / 60},
    "a flow of blood": {  # per volume of tissue, of which 100 g fill 95 ml
        "ml/ml/s": 1.0, "ml/100 g/min": 1.05 / 6000, "ml/100g/min": 1.05 / 6000,
    },
    "a concentration per time": {"mol/m^3/s": 1.0, "mM/s": 1.0, "mM/ms": 1e3, "mM/min": 1 / 60},
    "a rate per square of a concentration": {"m^6/mol^2/s": 1.0, "1/mM^2/s": 1.0},
    "a rate per concentration": {"m^3/mol/s": 1.0, "1/mM/s": 1.0},
    "a temperature": {"K": 1.0},
    "a length": {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "nm": 1e-9},
    "an area": {"m^2": 1.0, "mm^2": 1e-6, "um^2": 1e-12},
    "a volume": {"m^3": 1.0, "mm^3": 1e-9, "um^3": 1e-18},
    "an area per volume": {"1/m": 1.0, "1/um": 1e6},
    "a speed or permeability": {
        "m/s": 1.0, "cm/s": 1e-2, "mm/s": 1e-3, "um/s": 1e-6, "nm/s": 1e-9, "mm/min": 1e-3 / 60,
    },
    "a diffusivity": {
        "m^2/s": 1.0, "cm^2/s": 1e-4, "mm^2/s": 1e-6, "um^2/ms": 1e-9, "um^2/s": 1e-12,
    },
    "an amount": {
        "mol": 1.0, "mmol": 1e-3, "umol": 1e-6, "nmol": 1e-9, "pmol": 1e-12, "fmol": 1e-15,
    },
    "an amount per time": {
        "mol/s": 1.0, "umol/s": 1e-6, "nmol/s": 1e-9, "pmol/s": 1e-12, "fmol/s": 1e-15,
    },
    "an amount per area": {"mol/m^2": 1.0, "umol/m^2": 1e-6, "nmol/m^2": 1e-9},
    "a flux": {"mol/m^2/s": 1.0, "umol/m^2/s": 1e-6, "nmol/m^2/s": 1e-9},
    "a capacitance": {"F/m^2": 1.0, "uF/cm^2": 1e-2},
    "a current density": {"A/m^2": 1.0, "uA/cm^2": 1e-2},
    "a mass concentration": {"kg/m^3": 1.0, "g/L": 1.0, "mg/L": 1e-3},
    "a molar mass": {"kg/mol": 1.0, "g/mol": 1e-3},
    "an energy per amount": {"J/mol": 1.0, "kJ/mol": 1e3},
    "a rate of cotransport of two": {
        "A*m^4/mol^2": 1.0, "A/m^2/mM^2": 1.0, "mA/cm^2/mM^2": 10.0,
    },
    "a rate of cotransport of four": {
        "A*m^10/mol^4": 1.0, "A/m^2/mM^4": 1.0, "mA/cm^2/mM^4": 10.0,
    },
    "a power per volume": {"W/m^3": 1.0, "kW/m^3": 1e3},
    "a current": {"A": 1.0, "mA": 1e-3, "uA": 1e-6, "nA": 1e-9, "pA": 1e-12},
    "a conductance": {"S/m^2": 1.0, "mS/cm^2": 10.0},
}  # fmt: skip

_DIMENSION_OF = {unit: name for name, units in DIMENSIONS.items() for unit in units}


def dimension(unit):
    """The kind of quantity that `unit` measures, in words; None if the table does not know it."""
    return _DIMENSION_OF.get(unit)


def si_unit(unit):
    """The SI unit of the same dimension as `unit`."""
    return next(iter(DIMENSIONS[_DIMENSION_OF[unit]]))


def factor(unit):
    """How many SI units one `unit` is; raises ValueError if the unit is not in the table."""
    if unit not in _DIMENSION_OF:
        raise ValueError(f"unknown unit {unit!r}; known units: {', '.join(sorted(_DIMENSION_OF))}")
    return DIMENSIONS[_DIMENSION_OF[unit]][unit]


def to_si(value, unit):
    """`value` [`unit`] in SI; raises ValueError if the unit is not in the table."""
    return value * factor(unit)


def from_si(value, unit):
    """An SI value expressed in `unit`; raises ValueError if the unit is not in the table."""
    return value / factor(unit)

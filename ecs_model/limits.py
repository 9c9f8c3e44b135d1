"""Between which numbers each kind of quantity makes sense: generous, but finite.

What lies outside is a slip of a unit or of a power of ten, and would end in numbers that are not
finite. Settings have limits of their own where less makes sense; those of a model's tables follow
from here where the table says nothing.
"""

from ecs_model.units import dimension, from_si

SOLUBLE = 5000.0  # mM: KCl dissolves up to 4.8 M at 37 C, NaCl up to 6.2 M
LIVING = (273.15, 323.15)  # K
ALPHA = (1e-4, 0.9999)
TORTUOSITY = (1.0, 1e9)  # the highest: paths that lead nowhere
THICKNESS = (1e-6, 0.1)  # m: of a sheet of tissue
LENGTH = (1e-10, 10.0)  # m: from the size of an atom
MESH = (1e-7, 10.0)  # m: its longest side, from a synapse to more than any brain
DIFFUSIVITY = (1e-15, 1e-7)  # m^2/s: in water nothing is faster than H+, 9.3e-9
ELECTRODE = (-10.0, 10.0)  # V: it splits water at 1.2; 10 over a millimetre open membranes
MET = 5e-13  # of a whole: a share that a sum misses by less, as round-off does, is met
FOUND = 1e3  # times the value that a table declares are allowed, whatever its kind

# dimension -> highest magnitude in SI
_HIGHEST = {
    "a concentration": SOLUBLE,
    "a potential": 10.0,
    "a time": 1e10,
    "a rate": 1e9,
    "a concentration per time": 1e6,
    "a rate per square of a concentration": 1e6,
    "a rate per concentration": 1e9,
    "a length": 10.0,
    "an area": 100.0,
    "a volume": 1.0,
    "an area per volume": 1e9,
    "a speed or permeability": 1.0,
    "a diffusivity": 1e-7,
    "an amount": 1.0,
    "an amount per time": 1.0,
    "an amount per area": 1.0,
    "a flux": 1.0,
    "a capacitance": 100.0,
    "a current density": 1e4,
    "a mass concentration": 1e4,
    "a molar mass": 1e4,
    "an energy per amount": 1e7,
    "a power per volume": 1e9,
    "a current": 1.0,
    "a conductance": 1e5,
}
_OTHER = 1e12


def limits(unit: str, value: float = 0.0) -> tuple[float, float]:
    """Lowest and highest number [unit] that makes sense.

    Args:
        unit: of the table in `units`.
        value: a number [unit] that is known to make sense, as some are found in published models.
    """
    kind = dimension(unit)
    if kind == "a temperature":
        return LIVING
    known = _HIGHEST.get(kind)
    if kind == "a concentration":
        highest = max(from_si(SOLUBLE, unit), abs(value))
        return -highest, highest
    highest = max(_OTHER if known is None else from_si(known, unit), FOUND * abs(value))
    return -highest, highest

"""Tissue as a lattice of cells: the space between them is meshed, beside alpha and lambda."""

from dataclasses import dataclass

import numpy as np

from ecs_model import api
from ecs_model.meshes import lattice
from ecs_model.run.tables import read_series

PERIOD, ALPHA, D = 10e-6, 0.2, 1.96e-9
NEARLY_ALL = 0.9999  # alpha of a mesh that is nothing but space between cells
LENGTH, CELL = 400e-6, 1e-6
LATTICE = {"period": "10 um", "alpha": ALPHA}

RESOLVED = """
[mesh]
generator = "lattice"
period = "10 um"
alpha = {alpha}
cell = "{cell} um"
blocks = [{blocks}, 1, 1]
[tissue]
alpha = {nearly}
tortuosity = 1
D = "{D} m^2/s"
"""
LINE = """
[mesh]
generator = "interval"
length = "{length} um"
cell = "{cell} um"
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
D = "{D} m^2/s"
"""
REST = """
[membrane]
model = "none"
[time]
end = "{end} s"
step = "20 ms"
tolerance = "{tolerance} mM"
[output]
every = "{end} s"
series = "0.25 s"
"""
PULSE = """
[[tissue.regions]]
name = "part"
box = {{ low = {low}, high = {high} }}
[[source]]
name = "pulse"
region = "part"
load = "20 mM/s"
profile = {{ kind = "pulse", duration = "1 s" }}
"""
HELD = """
[[boundary]]
on = "left"
bath = "3 mM"
"""
THROUGH_MEMBRANE = """
[[boundary]]
on = "membrane"
flux = "{flux} mol/m^2/s"
"""
FROM_CELLS = """
[[tissue.regions]]
name = "all"
box = { low = ["-1 um"], high = ["1 m"] }
[[source]]
name = "cells"
region = "all"
load = "0.1 mM/s"
"""


@dataclass(frozen=True)
class Course:
    """K+ at probes in the course of time, resolved and homogenised.

    Attributes:
        times: [s].
        places: of the probes [m].
        resolved, homogenised: shape (places, times) [mM].
    """

    times: np.ndarray
    places: tuple[float, ...]
    resolved: np.ndarray
    homogenised: np.ndarray

    def after(self, time):
        """The Course from a time [s] on."""
        late = self.times > time
        return Course(
            self.times[late], self.places, self.resolved[:, late], self.homogenised[:, late]
        )

    @property
    def difference(self):
        """The largest difference [mM]."""
        return float(np.abs(self.resolved - self.homogenised).max())

    @property
    def rise(self):
        """The largest rise [mM] of the homogenised tissue."""
        return float(np.ptp(self.homogenised))


@dataclass(frozen=True)
class Tissue:
    """A line of half periods of cubes, and the tissue with the same alpha and lambda.

    Attributes:
        length: [m]; a multiple of half periods.
        cell: edge length of elements [m].
    """

    length: float = LENGTH
    cell: float = CELL

    @property
    def blocks(self):
        """Half periods."""
        return round(2 * self.length / PERIOD)

    def tortuosity(self):
        """Lambda, on the same mesh."""
        return tortuosity(ALPHA, self.cell).along["x"]

    def membrane(self):
        """Membrane per volume of tissue [1/m]."""
        return lattice(PERIOD, self.cell, alpha=ALPHA).notes["membrane_per_volume"]

    def course(self, folder, places, end, resolved, homogenised, tolerance=0.002):
        """The Course of two runs, with what `resolved` and `homogenised` texts add to them."""
        values = {"alpha": ALPHA, "D": D, "nearly": NEARLY_ALL, "blocks": self.blocks}
        values |= {"length": 1e6 * self.length, "cell": 1e6 * self.cell}
        values |= {"tortuosity": self.tortuosity(), "end": end, "tolerance": tolerance}
        times, fine = _ran(RESOLVED + REST, values, resolved, places, 3, folder / "resolved")
        _, coarse = _ran(LINE + REST, values, homogenised, places, 1, folder / "homogenised")
        return Course(times, places, fine, coarse)

    def pulse(self, folder, places=(60e-6, 150e-6), end=20):
        """The Course of a pulse of K+ in the first tenth of the tissue."""
        high = f"{1e5 * self.length} um"
        box = PULSE.format(low=["-1 um"] * 3, high=[high, "1 m", "1 m"])
        line = PULSE.format(low=["-1 um"], high=[high])
        return self.course(folder, places, end, box, line)

    def flux(self):
        """The flux [mol/m^2/s] that raises K+ by 0.1 mM/s where nothing diffuses."""
        return 0.1 * ALPHA / self.membrane()

    def membrane_flux(self, folder, places=(50e-6, 200e-6), end=60):
        """The Course of a flux out of all cells, with the left end held."""
        through = THROUGH_MEMBRANE.format(flux=self.flux() * NEARLY_ALL)
        return self.course(folder, places, end, HELD + through, HELD + FROM_CELLS)


def tortuosity(alpha, cell, shape="cube", levels=0):
    """The Tortuosity of a lattice at this alpha, with elements of edges `cell` [m]."""
    settings = LATTICE | {"alpha": alpha, "cell": f"{1e6 * cell} um", "shape": shape}
    texts = [f"{k}={v}" for k, v in {**settings, "levels": levels}.items()]
    return api.tortuosity("lattice", texts)


def _ran(text, values, more, places, dim, folder):
    """Times [s] and K+ [mM] at the places (places, times) of a run."""
    probes = "".join(_probe(k, x, dim) for k, x in enumerate(places))
    config = folder.with_suffix(".toml")
    config.write_text(text.format(**values) + more + probes)
    assert api.run(config, folder, overwrite=True, quiet=True).code == 0
    columns, _ = read_series(folder / "series.csv")
    return columns["t"], np.stack([columns[f"K_o@{k}"] for k in range(len(places))])


def _probe(name, x, dim):
    at = [f"{1e6 * x} um", *["0 um"] * (dim - 1)]
    return f'[[probe]]\nname = "{name}"\nat = {at}\n'


def bounds(alpha):
    """Lower and upper bound of lambda between cubes."""
    s = (1 - alpha) ** (1 / 3)
    return tuple(np.sqrt(alpha * x) for x in (1 - s + s / (1 - s**2), 1 / (1 - s**2)))

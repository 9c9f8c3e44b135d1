"""Volume of the cells of Wei, Ullah & Schiff: an empirical law, not osmotic equilibrium.

    dv/dt = (v_hat - v) / tau_v,   v_hat = 1.1029 - 0.1029 exp((osm_o - osm_i) / 20 mM)

v is the volume of cells relative to rest; the space never shrinks below 28 % of rest.

References:
    Wei, Ullah & Schiff (2014), J Neurosci 34, 11733.
"""

from dataclasses import dataclass

import numpy as np

from ecs_model.membrane.volumes import Fixed
from ecs_model.record import quantity, record


@record
class Volume:
    """Of cells."""

    v = quantity(1.0, "1", "volume of cells, relative to rest", low=0.0)


@record
class Swelling:
    """How cells swell."""

    A_i = quantity(132.0, "mM", "impermeant ions inside at rest", low=0.0)
    A_o = quantity(18.0, "mM", "impermeant ions outside at rest", low=0.0)
    tau_v = quantity(0.25, "s", "time constant of swelling", low=1e-6)


def volume_outside(y, p, env):
    """Extracellular volume, in units of the cells' volume at rest."""
    return 1 + env.alpha / p.phi - y.v


def share_outside(y, p, env):
    """Extracellular volume relative to rest."""
    return volume_outside(y, p, env) * p.phi / env.alpha


def extracellular_fraction(y, p, env):
    """Extracellular volume per tissue volume."""
    return env.alpha * share_outside(y, p, env)


def area(y):
    """Membrane area relative to rest, of a sphere."""
    return np.exp(2 / 3 * np.log(y.v))


@dataclass(frozen=True)
class Empirical(Fixed):
    """Volumes of the published law; a step conserves concentrations as they follow from it."""

    states = Volume
    parameters = Swelling
    moves = True

    def fractions(self, cells, y, p, env, whole=None):
        """Volume fractions outside and in cells; their rates from rates of the state if 0."""
        inside = p.phi * y.v
        return {"_o": (env.alpha + p.phi if whole is None else whole) - inside, "_i": inside}

    def fluxes(self, cells, y, p, env):
        """Rate of the cells' relative volume [1/s]."""
        inside = y.Na_i + y.K_i + y.Cl_i + p.A_i / y.v
        outside = y.Na_o + y.K_o + y.Cl_o + p.A_o / share_outside(y, p, env)
        wanted = 1.1029 - 0.1029 * np.exp((outside - inside) / 20)
        return [(wanted - y.v) / p.tau_v]

    def changes(self, cells, x, p):
        """The same, by name of the state."""
        return {"v": next(x)}

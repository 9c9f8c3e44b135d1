"""The cell of the comparisons as a membrane model of ecs-model."""

import sys
from pathlib import Path

import numpy as np

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, record

sys.path.insert(0, str(Path(__file__).parent))
import cell


@record
class State:
    """One node."""

    K_o = concentration(3.5, "extracellular potassium")
    Na_o = concentration(140.0, "extracellular sodium")
    K_i = concentration(140.0, "intracellular potassium")
    Na_i = concentration(10.0, "intracellular sodium")


@record
class Parameters:
    """None: the numbers are in `cell`."""


def fluxes(y, p, env):
    """Outward fluxes of K+ and Na+ [mol/m^2/s]."""
    return cell.fluxes(*y, np.log, np.exp)


def spread(j, p, env):
    """Rates of the state [mM/s] by fluxes."""
    outside, inside = cell.S / cell.ALPHA, -cell.S / cell.PHI
    return State(outside * j[0], outside * j[1], inside * j[0], inside * j[1])


model = MembraneModel(
    name="cell",
    summary="GHK leaks of K+ and Na+ against a pump",
    State=State,
    Parameters=Parameters,
    rhs=lambda y, p, env: State(*cell.rates(*y, np.log, np.exp)),
    fluxes=fluxes,
    stoichiometry=spread,
)

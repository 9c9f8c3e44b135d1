"""The gated cell of the comparisons as a membrane model of ecs-model."""

import sys
from pathlib import Path

import numpy as np

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record

sys.path.insert(0, str(Path(__file__).parent))
import gated_cell as cell


@record
class State:
    """One node."""

    K_o = concentration(cell.REST[0], "extracellular potassium")
    K_i = concentration(cell.REST[1], "intracellular potassium")
    Cl_i = concentration(cell.REST[2], "intracellular chloride")
    v = quantity(cell.REST[3], "1", "membrane potential [mV]")
    n = quantity(cell.REST[4], "1", "activation of the delayed rectifier")


@record
class Parameters:
    """None: the numbers are in `gated_cell`."""


model = MembraneModel(
    name="gated_cell",
    summary="reduced ion-based neuron that fires",
    State=State,
    Parameters=Parameters,
    rhs=lambda y, p, env: State(*cell.rates(*y, np.log, np.exp)),
)

"""No membrane: K+ only diffuses."""

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import Record, concentration, record


@record
class State(Record):
    """One node."""

    K_o = concentration(3.0, "extracellular potassium")


@record
class Parameters:
    """Nothing to set."""


def rhs(y, p, env):
    """Time derivative of the state [mM/s]: nothing happens."""
    return State(K_o=0.0 * y.K_o)


model = MembraneModel(
    name="none",
    summary="no membrane: diffusion alone",
    State=State,
    Parameters=Parameters,
    rhs=rhs,
)

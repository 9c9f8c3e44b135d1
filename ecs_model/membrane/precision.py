"""Which parts of a membrane's step are computed in single precision.

In `mixed` precision the state and what is added to it are double, the stages (fluxes, Jacobian,
linear systems) single: twice as many nodes fit into a vector, and the rounding, 1e-7 of a change,
is far below the error of the step. Every amount that a flux brings here is that which it takes
there, as stoichiometry is applied in double: ions are conserved to round-off all the same.

Two marks in the formulas say where that changes. They do nothing to numbers, arrays and plain C.
"""

from typing import Any

from ecs_model.membrane.autodiff import Dual
from ecs_model.membrane.expressions import Symbol

MIXED, DOUBLE = "mixed", "double"
FINEST = 1e-5  # tolerance below which the rounding of single precision counts

STAGE, EXACT = "of a stage", "in double"  # the marks


def of_stage(x: Any) -> Any:
    """The result of a stage, which may be single; what is computed with it for the state is not."""
    return _marked(x, STAGE)


def in_double(x: Any) -> Any:
    """A sum in which large numbers cancel: computed in double from states and results of stages.

    Its slopes are what they were.
    """
    return _marked(x, EXACT)


def _marked(x, mark):
    if isinstance(x, Dual):
        return Dual(_marked(x.value, mark), x.slopes)
    return x.marked(mark) if isinstance(x, Symbol) else x


def allowed(precision: str, tolerance: float) -> str:
    """The precision that a tolerance of sub-steps allows, where one was asked for."""
    return precision if tolerance >= FINEST else DOUBLE

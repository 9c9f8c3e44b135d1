"""Baths that membranes cannot live beside: some have no rates where there is none of an ion."""

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane import start
from ecs_model.parallel import together


def refuse_lifeless(baths, state, membranes, comm):
    """Raise ConfigError, on all processes, for a bath with none of what membranes need.

    Args:
        baths: each Bath of an ion or a species.
        state: name of its concentration.
        membranes: the Reaction, as the run begins.
        comm: MPI communicator.
    """
    together(comm, _refuse_lifeless, baths, state, membranes)


def _refuse_lifeless(baths, state, membranes):
    for bath in baths:
        if _lowest(bath) <= 0 and _is_lifeless(bath.nodes, state, membranes):
            raise ConfigError(
                f"{bath.name}: bath: {state} comes to 0 mM there, where the membrane "
                f"{membranes.model.name!r} has no finite rates; hold it above 0 mM"
            )


def _lowest(bath):
    """Lowest concentration [mM] that a bath comes to at any of its nodes here."""
    ends = bath.factor * bath.bath.values.min(), bath.factor * bath.bath.values.max()
    return min(ends) + np.min(np.zeros(len(bath.nodes)) + bath.offset, initial=np.inf)


def _is_lifeless(nodes, state, membranes):
    """Whether membranes at some nodes have no finite rates with none of one concentration."""
    held = membranes.variables._replace(**{state: np.zeros(membranes.nodes)})
    records = membranes.parameters, held, membranes.surroundings
    return start.lifeless(
        membranes.model,
        *(type(r)(*(v[nodes] if np.ndim(v) else v for v in r)) for r in records),
    )

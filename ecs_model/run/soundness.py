"""Nothing is written of a state that is not finite: neither tables, nor fields, nor checkpoints."""

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import SolutionError


class Sound:
    """Lets nothing be written of a state that is not finite; the first of those who are due.

    Args:
        mesh: the mesh.
        every: ticks between looks.
    """

    def __init__(self, mesh, every):
        self._comm, self.every = mesh.comm, every

    def observe(self, t, simulation):
        """Raise SolutionError, on all processes, if a state is not finite at time `t` [s]."""
        refuse_unsound(self._comm, simulation)


def refuse_unsound(comm, simulation):
    """Raise SolutionError, on all processes, if the membranes failed or are not finite."""
    sound = not simulation.failure
    sound = sound and all(np.isfinite(column).all() for column in simulation.reaction.variables)
    if comm.allreduce(sound, MPI.LAND):
        return
    reason = simulation.team.first(simulation.failure) or "the state is not finite any more"
    raise SolutionError(f"at t = {simulation.time:.6g} s: {reason}")

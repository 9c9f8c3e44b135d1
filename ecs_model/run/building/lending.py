"""From solver.balance to what shares the work of membranes."""

from ecs_model.run.lending import Lending


def lending(config, comm, membranes):
    """The Lending of the membranes of all processes; None where each does its own.

    Args:
        config: the Config.
        comm: MPI communicator.
        membranes: the Reaction of this process.
    """
    wanted = config.solver.balance
    if comm.size == 1 or wanted is False:
        return None
    return Lending(comm, membranes, always=bool(wanted))

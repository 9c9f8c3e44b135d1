"""From time.two_rates to steps at two rates, where they can be taken."""

from ecs_model.run.two_rates.stepping import TwoRates
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.ions import Ions


def two_rates(config, living, control, ticks):
    """The TwoRates of a run; None where its steps are all ordinary.

    Args:
        config: the Config.
        living: membranes, transport and whatever else changes, as `build` has them.
        control: the StepControl.
        ticks: the Clock.
    """
    if not config.time.two_rates or any(_obstacles(config, living)):
        return None
    return TwoRates(living.membranes, living.transport, control, ticks)


def notes(config, living, comm):
    """A sentence about why steps at two rates, asked for by name, are not taken."""
    found = [*_obstacles(config, living), *(["there are several processes"] * (comm.size > 1))]
    if config.time.two_rates is True and found:
        yield f"time.two_rates: all steps are ordinary ones, as {found[0]}"


def _obstacles(config, living):
    """Why steps at two rates cannot be taken, in words."""
    transport = living.transport
    if type(transport) not in (Diffusion, Ions):
        yield "more moves than ions that diffuse outside cells"
        return
    if living.model.fires:
        yield "the firing of neurons is followed"
    for name in ("synapses", "noise"):
        if getattr(config, name):
            yield f"there are entries [[{name}]]"
    if config.membrane.substeps:
        yield "the sub-steps of membranes are fixed"
    if transport.movers()[0].systems.are_chosen:
        yield "solver.petsc says how increments are solved for"

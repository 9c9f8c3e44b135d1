"""From [[synapses]] to the field that joins the nodes, and to what the membranes share with it."""

import functools
from dataclasses import dataclass

import numpy as np

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.membrane.compiler import library
from ecs_model.membrane.drives import SINCE, slope_of, surroundings_with
from ecs_model.membrane.kernel import values_source
from ecs_model.membrane.solver import NodeValues
from ecs_model.parallel import root_does, together
from ecs_model.run.building.ground import longest_side
from ecs_model.transport.petsc_database import options_of
from ecs_model.transport.synapses import Drive, Kind, NoSynapses, Synapses
from ecs_model.units import dimension

RESOLVED = 0.25 * (1 + 1e-6)  # of the reach: size of elements
OPTION = "synapses"  # of models that have them on demand
SHARES = {"half": 0.5, "lumped": 0.0, "consistent": 1.0}  # of the consistent mass


@dataclass(frozen=True)
class Plan:
    """What one kind of synapses is between: the observable that is sent, and the drive."""

    name: str
    sends: str
    drives: str
    reach: float
    share: float


def plans(config, model):
    """The Plans of a Config.

    Raises:
        ConfigError: for what the model neither sends nor gets.
    """
    found: list[Plan] = []
    for entry in config.synapses:
        place = f"synapses '{entry.name}'"
        _refuse_deaf(model, place)
        usual = model.sends or model.rate
        sends = _known(entry.sends, usual, _rates(model), f"{place}: sends")
        drives = _known(entry.drives, next(iter(model.drives)), model.drives, f"{place}: drives")
        if drives in (p.drives for p in found):
            raise ConfigError(
                f"{place}: drives: another entry brings {drives!r}; one each is right"
            )
        found.append(Plan(entry.name, sends, drives, entry.reach, SHARES[entry.mass]))
    return found


def _refuse_deaf(model, place):
    if model.drives:
        return
    if OPTION in model.options:
        _, first, *_ = model.options[OPTION]
        raise ConfigError(
            f"{place}: the synapses of {model.name} are off; switch them on by "
            f'membrane.options.{OPTION} = "{first}"'
        )
    raise ConfigError(
        f"{place}: nothing in {model.name} is driven by synapses; epileptor2 is a model that is"
    )


def _rates(model):
    return [n for n, (unit, _) in model.observables.items() if dimension(unit) == "a rate"]


def _known(name, usual, known, place):
    if name is not None and name not in known:
        hint = did_you_mean(name, known) or "."
        raise ConfigError(f"{place}: the model has no {name!r}{hint} There are {', '.join(known)}")
    return usual if name is None else name


def notes(plans, mesh):
    """Sentences about synapses whose reach the mesh does not resolve; the same on all processes.

    Args:
        plans: Plans of the synapses.
        mesh: the mesh.
    """
    if not plans:
        return []
    longest = longest_side(mesh)
    return [
        f"synapses '{plan.name}': elements are up to {1e6 * longest:.4g} um large, more than a "
        f"quarter of the reach of {1e6 * plan.reach:.4g} um; choose smaller ones"
        for plan in plans
        if longest > RESOLVED * plan.reach
    ]


def drives(plans, nodes):
    """Name -> Drive of what synapses bring to `nodes` owned nodes; all share their time."""
    since = np.zeros(1)
    return {plan.drives: Drive(since, np.zeros(nodes), np.zeros(nodes)) for plan in plans}


def around(drives, tortuosity):
    """A function (alpha, temperature) -> record of what surrounds the membranes.

    Args:
        drives: name -> Drive.
        tortuosity: number or array over owned nodes.
    """
    found = {"tortuosity": tortuosity}
    for name, drive in drives.items():
        found[SINCE] = drive.since.reshape(())  # a number that changes in place
        found |= {name: drive.value, slope_of(name): drive.slope}
    return functools.partial(surroundings_with((*drives,)), **found)


def synapses(config, plans, drives, mesh, membranes, solver):
    """The Synapses of a Config, solved for once; NoSynapses without entries.

    Args:
        config: the Config.
        plans: its Plans.
        drives: name -> Drive.
        mesh: the mesh.
        membranes: the Reaction.
        solver: SolverOptions of the run.

    Raises:
        ConfigError: on all processes, for options that PETSc refuses.
    """
    if not plans:
        return NoSynapses()
    kinds = [
        (_kind(plan, drives[plan.drives], mesh, solver), _sent(plan, mesh, membranes))
        for plan in plans
    ]
    made = Synapses(kinds, config.time.drive_tolerance)
    made.begin(0.0)
    return made


def _kind(plan, drive, mesh, solver):
    rtol, options = solver.rtol, options_of("synapses", solver.petsc)
    return Kind(mesh, plan.name, plan.reach, plan.share, drive, rtol, options)


def _sent(plan, mesh, membranes):
    """A function that gives the rate that is sent, one value per owned node [Hz]."""
    model = membranes.model
    _, law = model.observables[plan.sends]

    def sent(y, p, env):
        return [law(y, p, env)]

    text = values_source(sent, model.State, membranes.parameters, membranes.surroundings)
    root_does(mesh.comm, library, text)
    values = together(mesh.comm, NodeValues, text, [*membranes.variables], membranes.inputs, 1)
    return lambda: values()[0]

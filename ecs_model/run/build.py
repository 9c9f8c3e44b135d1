"""From a configuration to a simulation; with `building/` the only one to know both."""

import functools
from dataclasses import dataclass
from functools import partial
from typing import Any

from ecs_model.native import return_freed

import numpy as np

from ecs_model.cache import Kept
from ecs_model.config.resolve import asked_interval, model_of
from ecs_model.errors import ConfigError
from ecs_model.membrane.noisy import noisy
from ecs_model.meshes.faults import odd_size
from ecs_model.parallel import Team, together
from ecs_model.run import clock
from ecs_model.run.building import (
    membranes,
    noise,
    output,
    stimulation,
    synapses,
    tissue,
    two_rates,
)
from ecs_model.run.building.events import events
from ecs_model.run.building.ground import Ground
from ecs_model.run.building.lending import lending
from ecs_model.run.building.mesh import mesh_slice
from ecs_model.run.building.transport import solver_options, transport, vessel_notes
from ecs_model.run.front_tracker import Tracker
from ecs_model.run.neurons import Neurons
from ecs_model.run.parts import Parts
from ecs_model.run.step_control import StepControl
from ecs_model.run.time_loop import NEAR, Simulation
from ecs_model.tissue import coefficients
from ecs_model.tissue.input_fields import GivenFields, InputFields
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.node_values import Nodes
from ecs_model.transport.matrices import Operators
from ecs_model.transport.species import ledgers_of
from ecs_model.transport.swelling_matrices import Following


def untold(stage):
    """Nobody asks how long stages take."""


def build(config, comm, base=".", kept=None, lap=untold):
    """The Parts of the run that a configuration describes, without output.

    Args:
        config: a Config; see `resolve.with_intervals`.
        comm: MPI communicator.
        base: folder to which paths in the configuration are relative.
        kept: Kept of earlier runs on the same communicator and base, whose mesh, model and kernel
            are used again where they are the same.
        lap: is told the name of each stage when it is done.

    Raises:
        ConfigError: on all processes, for whatever cannot be used.
    """
    kept = Kept() if kept is None else kept
    model = kept("model", membranes.about_model(config), partial(model_of, config, base))
    lap("start")
    ground = _ground(config, comm, base, kept, lap)
    living = _living(config, model, ground, kept, lap)
    simulation = _simulation(config, ground, living)
    parts = _observed(config, ground, living, simulation)
    return_freed(above=2**22)
    lap("solvers")
    return parts


def _ground(config, comm, base, kept, lap):
    """The mesh, its regions, and what reads fields over it."""
    fields, mesh = kept("mesh", repr(config.mesh), partial(_mesh, config, comm, base, lap))
    lap("mesh")
    together(comm, tissue.refuse_points, config, mesh.axes)
    inputs = InputFields(mesh, fields, base)
    thickness = together(comm, tissue.thickness, config.tissue, inputs)
    if mesh.is_surface:
        mesh.have_thickness(thickness)
    parts = tissue.parts_of(config.tissue, inputs)
    return Ground(mesh, parts, inputs, base)


def _mesh(config, comm, base, lap):
    here = mesh_slice(comm, config.mesh, base)
    lap("mesh")
    fields, mesh = GivenFields(here.node_fields, here.cell_fields), Mesh(comm, here)
    low, high = mesh.extent()
    if wrong := odd_size(high - low):
        raise ConfigError(f"mesh: {wrong}")
    return fields, mesh


@dataclass(frozen=True)
class _Living:
    """What changes in time, and the fields that it stands on."""

    model: Any
    tissue: Any
    cells: dict[str, Any]
    operators: Any
    membranes: Any
    identity: str
    notes: list[str]
    transport: Any
    events: list[Any]
    synapses: Any
    noise: Any


def _living(config, model, ground, kept, lap):
    """Membranes, transport and events over a mesh."""
    comm, data = ground.mesh.comm, tissue.tissue_data(config.tissue, model.solutes)
    solver, cells = solver_options(config, model), _cells(config, ground)
    still = Operators(ground.mesh, cells["alpha"], cells.pop("diffusivity"), solver.theta)
    lap("matrices")
    model = noisy(model, noise.currents(config, model))
    nodes = _nodes(config, model, ground, data, cells["alpha"])
    joins, shaken, around, resolution = _around(config, model, ground, cells)
    reaction, identity, told = membranes.reaction(config, data, nodes, still, around, kept, lap)
    reaction.lending = lending(config, ground.mesh.comm, reaction)
    notes = [*told, *membranes.notes(config, reaction, data.packing, ground), *resolution]
    notes += [*ground.inputs.images.notes, *vessel_notes(config.vessels, data.ions)]
    operators = _following(still, reaction, data)
    moving = transport(config, data, solver, ground, cells["alpha"], operators, reaction)
    changing = together(comm, events, config, ground, nodes, reaction, data.packing)
    joined = joins(reaction, solver)
    return _Living(
        model, data, cells, operators, reaction, identity, notes, moving, changing, joined, shaken
    )


def _around(config, model, ground, cells):
    """What makes synapses of membranes, their noise, what makes their surroundings, and notes."""
    mesh = ground.mesh
    plans = together(mesh.comm, synapses.plans, config, model)
    drives = synapses.drives(plans, mesh.owned)
    tortuosity = membranes.tortuosity(mesh, model, cells["tortuosity"])
    joins = functools.partial(synapses.synapses, config, plans, drives, mesh)
    values = {name: np.zeros(mesh.owned) for name in noise.currents(config, model)}
    shaken = noise.noise(config, model, values, ground)
    around = noise.around(synapses.around(drives, tortuosity), model, values)
    return joins, shaken, around, [*synapses.notes(plans, mesh), *noise.notes(config, mesh)]


def _cells(config, ground):
    """Fields over local cells."""
    space = tissue.extracellular_space(config.tissue, ground.parts)
    return together(ground.mesh.comm, coefficients.over_cells, space, ground.inputs)


def _nodes(config, model, ground, data, alpha):
    """Values over nodes."""
    comm, parts = ground.mesh.comm, ground.parts
    values = together(comm, tissue.membrane_values, config, model, parts)
    return Nodes(model, values, data.packing, ground.inputs, alpha)


def _following(operators, reaction, data):
    """The matrices, which follow the volume fraction where cells swell."""
    if reaction.model.volumes is None:
        return operators
    alpha, rest = reaction.variables.alpha, reaction.surroundings.alpha
    return Following(operators, alpha, rest, data.tortuosity_exponent)


def _simulation(config, ground, living):
    time = config.time
    output = config.output
    asked = asked_interval(output)
    ticks = clock.plan(time.end, time.step, output.series, time.adaptive, asked)
    control = StepControl(time.tolerance if time.adaptive else 0.0)
    edges = _edges(ticks, ledgers_of(living.transport), living.events)
    return Simulation(
        living.membranes,
        living.transport,
        ticks,
        control,
        Team(ground.mesh.comm),
        edges=edges,
        events=living.events,
        synapses=living.synapses,
        noise=living.noise,
        two_rates=two_rates.two_rates(config, living, control, ticks),
    )


def _edges(clock, ledgers, events):
    """Ticks at or just before abrupt changes of any source, boundary or event."""
    terms = [x.profile for ledger in ledgers for x in ledger.sources]
    terms += [x.bath for ledger in ledgers for x in (*ledger.robin, *ledger.dirichlet)]
    terms += [x.potential for ledger in ledgers for x in ledger.dirichlet if x.potential]
    terms += [profile for changing in events for profile in changing.profiles]
    edges = {clock.before(t) for profile in terms for t in profile.edges(clock.end)}
    ends = clock.end * (1 - NEAR), clock.end * (1 + NEAR)
    edges |= {clock.ticks for profile in terms if profile.edges_within(*ends)}
    return edges | {e + 1 for e in edges if e + 1 < clock.ticks}


def _observed(config, ground, living, simulation):
    """The Parts: what computes, and when and where it is observed."""
    mesh, ledger = ground.mesh, living.transport.ledger
    fields, detection = living.transport.fields, output.detection(config.detect)
    return Parts(
        title=config.title,
        tissue=living.tissue,
        model=living.model,
        identity=living.identity,
        mesh=mesh,
        operators=living.operators,
        simulation=simulation,
        tracker=Tracker(living.membranes.variables[0], config.detect.front),
        neurons=Neurons(living.membranes, detection.firing) if living.model.fires else None,
        cells=living.cells,
        detection=detection,
        plan=output.output_plan(config, living.model, mesh, simulation.clock, fields),
        notes=[*living.notes, *two_rates.notes(config, living, mesh.comm)],
        images=ground.inputs.images.digests,
        outside=stimulation.outside_of(config, ground, ledger),
        unresolved=stimulation.unresolved(config, living.operators, ledger),
    )

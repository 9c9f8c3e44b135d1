"""From a configuration to a simulation: the only module that sees both."""

import contextlib
import ctypes
import hashlib
from dataclasses import dataclass

import numpy as np

from ecs_model import clock as clocks
from ecs_model import layout, meshing, reaction, stimulus, supply
from ecs_model.compiler import library
from ecs_model.diffusion import Diffusion
from ecs_model.errors import ConfigError
from ecs_model.membrane.load import membrane_of
from ecs_model.membrane.model import MembraneModel, Surroundings, arranged
from ecs_model.mesh import Mesh
from ecs_model.observers import Tracker
from ecs_model.operators import Operators
from ecs_model.parallel import Team, kept_on_root, root_does, together
from ecs_model.rkl2 import SuperTimeStepping
from ecs_model.simulation import Pace, Simulation
from ecs_model.values import settled

SERIES_PER_FIELD = 8
FIELDS_PER_RUN = 20


@dataclass(frozen=True)
class Parts:
    """Everything a run is made of."""

    config: object
    model: MembraneModel
    mesh: Mesh
    cells: dict[str, np.ndarray]  # alpha and tortuosity over local cells, for output
    operators: Operators
    simulation: Simulation
    tracker: Tracker
    identity: str  # of the membrane's compiled step


def build(config, comm, base="."):
    """The Parts of the run that a configuration describes, without output.

    Args:
        config: a Config; see `with_intervals`.
        comm: MPI communicator.
        base: folder to which paths in the configuration are relative.

    Raises:
        ConfigError: on all processes, for whatever cannot be used.
    """
    model = membrane_of(config.membrane, base)
    data = kept_on_root(comm, lambda: meshing.make(config.mesh, base))
    mesh = Mesh(comm, data)
    together(comm, lambda: _check_points(config, mesh.dimension))
    parts = together(comm, lambda: layout.regions(config.tissue, mesh))
    cells = together(comm, lambda: layout.Cells(config.tissue, mesh, parts, data, base).fields())
    theta = model.theta if config.solver.theta is None else config.solver.theta
    theta = 0.0 if config.solver.scheme == "rkl2" else theta
    operators = Operators(mesh, cells["alpha"], cells["diffusivity"], theta)
    nodes = layout.Nodes(config, model, mesh, parts, data, base)
    membranes, identity = _membranes(config, nodes, operators)
    transport = _transport(config, mesh, parts, cells, operators, membranes, base)
    clock = clocks.plan(
        config.time.end, config.time.step, config.output.series, config.time.adaptive
    )
    pace = Pace(config.time.tolerance if config.time.adaptive else 0.0)
    edges = _edges(clock, transport.ledger)
    simulation = Simulation(membranes, transport, clock, pace, Team(comm), edges=edges)
    tracker = Tracker(membranes.state[0], config.detect.front)
    del cells["diffusivity"]
    release_memory()
    return Parts(config, model, mesh, cells, operators, simulation, tracker, identity)


def release_memory():
    """Give what set-up used back to the system, where the C library can: a quarter of it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def with_intervals(config):
    """The configuration with the intervals of output that follow from the others."""
    every = config.output.every or config.time.end / FIELDS_PER_RUN
    series = config.output.series or every / SERIES_PER_FIELD
    output = config.output.model_copy(update={"every": every, "series": series})
    return config.model_copy(update={"output": output})


def check_names(config, model):
    """Raise ConfigError for parameters, states or fields that the model does not have."""
    for settings, table, place in _tables(config, model):
        settled(settings, table, place)
    known = [*model.State._fields, *model.observables]
    for name in config.output.fields or []:
        if name not in known:
            raise ConfigError(
                f"output.fields: the model '{model.name}' has no '{name}'; it has "
                f"{', '.join(known)}"
            )
    names = [r.name for r in config.tissue.regions]
    for source in config.source:
        if source.region is not None and source.region not in names:
            raise ConfigError(
                f"source '{source.name}': no tissue.regions entry is named '{source.region}'; "
                f"there are {', '.join(names) or 'none'}"
            )


def _tables(config, model):
    yield config.membrane.parameters, model.Parameters, "membrane.parameters"
    yield config.membrane.initial, model.State, "membrane.initial"
    for region in config.tissue.regions:
        place = f"tissue.regions '{region.name}'"
        yield region.parameters, model.Parameters, f"{place}: parameters"
        yield region.initial, model.State, f"{place}: initial"


def _check_points(config, dimension):
    """Raise ConfigError for points that have not as many coordinates as the mesh."""
    for place, point in _points(config):
        if len(point) < dimension or any(point[dimension:]):
            text = ", ".join(f"{1e3 * x:g} mm" for x in point)
            raise ConfigError(f"{place}: found ({text}); the mesh has {dimension} coordinates")


def _points(config):
    """Name and coordinates of every point in a configuration."""
    for region in config.tissue.regions:
        for kind in ("ball", "box", "cylinder"):
            body = getattr(region, kind)
            for corner in ("centre", "low", "high") if body is not None else ():
                if hasattr(body, corner):
                    yield f"region '{region.name}': {corner}", getattr(body, corner)
    for source in config.source:
        if source.point is not None:
            yield f"source '{source.name}': point", source.point
        if source.gaussian is not None:
            yield f"source '{source.name}': centre", source.gaussian.centre
    for probe in config.probe:
        yield f"probe '{probe.name}': at", probe.at
    for line in config.line:
        yield f"line '{line.name}': start", line.start
        yield f"line '{line.name}': end", line.end


def _membranes(config, nodes, operators):
    """The reaction and the identity of its compiled step; rank 0 compiles for all."""
    comm, mesh = nodes.mesh.comm, nodes.mesh
    parameters, state = together(comm, lambda: (nodes.parameters(), nodes.state()))
    alpha = operators.lumped / mesh.volumes
    alpha = _number_if_constant(comm, alpha)
    packing = config.tissue.packing
    parameters, state = together(
        comm, lambda: arranged(nodes.model, packing, parameters, state, alpha)
    )
    surroundings = Surroundings(alpha, config.tissue.temperature)
    text = reaction.source(nodes.model, parameters, surroundings)
    root_does(comm, lambda: library(text))
    made = together(
        comm,
        lambda: reaction.Reaction(
            nodes.model, state, parameters, surroundings, weights=operators.lumped,
            tolerance=config.membrane.tolerance, substeps=config.membrane.substeps,
        ),
    )  # fmt: skip
    return made, hashlib.sha256(text.encode()).hexdigest()[:24]


def _number_if_constant(comm, values):
    """The value itself if it is the same everywhere (to round-off), so that it is loaded once."""
    low, high = Team(comm).highest([-values.min(initial=np.inf), values.max(initial=-np.inf)])
    return high if high + low <= 1e-12 * high else values


def _transport(config, mesh, parts, cells, operators, membranes, base):
    loads = [supply.source(s, mesh, parts, cells["alpha"], base) for s in config.source]
    exchanges: list = []
    baths: list = []
    for b in config.boundary:
        made = supply.boundary(b, mesh, base)
        group = {stimulus.Load: loads, stimulus.Exchange: exchanges, stimulus.Bath: baths}
        group[type(made)].append(made)
    terms = loads, exchanges, baths
    potassium = membranes.state[0]
    if config.solver.scheme == "rkl2":
        return SuperTimeStepping(operators, potassium, *terms)
    solver = config.solver
    return Diffusion(operators, potassium, *terms, rtol=solver.rtol, options=solver.petsc)


def _edges(clock, ledger):
    """Ticks at or just before abrupt changes of any source or boundary."""
    terms = [*(x.profile for x in ledger.loads), *(x.bath for x in ledger.exchanges)]
    terms += [x.bath for x in ledger.baths]
    edges = {clock.before(t) for profile in terms for t in profile.edges(clock.end)}
    return edges | {e + 1 for e in edges if e + 1 < clock.ticks}

"""From a configuration to a simulation: the only module that sees both."""

import contextlib
import ctypes
import functools
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecs_model.cache import Kept
from ecs_model.config.parameters import check_range, settled
from ecs_model.config.resolve import model_of
from ecs_model.errors import ConfigError
from ecs_model.membrane import solver as membrane_solver
from ecs_model.membrane import start
from ecs_model.membrane.compiler import library
from ecs_model.membrane.model import MembraneModel, Surroundings, arranged, repacked
from ecs_model.parallel import Team, kept_on_root, root_does, together
from ecs_model.physics.ions import KNOWN, Ion
from ecs_model.run import clock as clocks
from ecs_model.run import front_tracker
from ecs_model.run.step_control import StepControl
from ecs_model.run.time_loop import NEAR, Simulation
from ecs_model.tissue import coefficients, mesh_cache, regions, source_terms
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.parameter_events import Area, Changing, Event
from ecs_model.transport import limiter_kernel, syncytium_setup
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.matrices import Operators
from ecs_model.transport.rkl2 import SuperTimeStepping
from ecs_model.transport.swelling_matrices import Following

UNRESOLVED = 1.0  # [mM] across a cell beside a source of K+ that should vary over several
FAINT = 0.01  # share of a source's strongest that does not count as stimulation


@dataclass(frozen=True)
class Parts:
    """Everything a run is made of."""

    config: object
    model: MembraneModel
    mesh: Mesh
    cells: dict[str, np.ndarray]  # alpha and tortuosity over local cells, for output
    operators: Operators
    simulation: Simulation
    tracker: front_tracker.Tracker
    identity: str  # of the membrane's compiled step
    notes: list[str]  # sentences about what was assumed, for log and `check`
    outside: np.ndarray  # which owned nodes lie outside of all that is stimulated, or else all
    unresolved: list[dict[str, Any]]  # sources that need smaller cells


def build(config, comm, base=".", kept=None, lap=lambda stage: None):
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
    model = kept("model", _about_model(config), lambda: model_of(config, base))
    lap("start")
    data, mesh = kept("mesh", repr(config.mesh), lambda: _mesh(config, comm, base))
    lap("mesh")
    together(comm, lambda: _check_points(config, mesh.dimension))
    parts = together(comm, lambda: coefficients.regions(config.tissue, mesh))
    cells = together(
        comm, lambda: coefficients.Cells(config.tissue, mesh, parts, data, base).fields()
    )
    theta = model.theta if config.solver.theta is None else config.solver.theta
    theta = 0.0 if config.solver.scheme == "rkl2" else theta
    operators = Operators(mesh, cells["alpha"], cells["diffusivity"], theta)
    lap("matrices")
    nodes = coefficients.Nodes(config, model, mesh, parts, data, base, cells["alpha"])
    membranes, identity = _membranes(config, nodes, operators, kept, lap)
    notes = _notes(config, membranes, mesh)
    if model.volumes is not None:
        alpha, rest = membranes.state.alpha, membranes.surroundings.alpha
        operators = Following(operators, alpha, rest, config.tissue.tortuosity_exponent)
    transport = _transport(config, mesh, parts, cells, operators, membranes, base)
    if config.tissue.syncytium is not None:
        transport = syncytium_setup.glial_syncytium(
            transport, membranes, config.tissue, config.solver
        )
    events = together(comm, lambda: _events(config, nodes, parts, membranes, base))
    clock = clocks.plan(
        config.time.end, config.time.step, config.output.series, config.time.adaptive
    )
    control = StepControl(config.time.tolerance if config.time.adaptive else 0.0)
    edges = _edges(clock, transport.ledger, events)
    team = Team(comm)
    simulation = Simulation(membranes, transport, clock, control, team, edges=edges, events=events)
    tracks = front_tracker.Tracker(membranes.state[0], config.detect.front)
    del cells["diffusivity"]
    release_memory()
    outside = ~_stimulated(config, mesh, parts, transport.ledger)
    outside |= mesh.sum(outside) == 0
    lap("solvers")
    return Parts(
        config, model, mesh, cells, operators, simulation, tracks, identity, notes, outside,
        _unresolved(config, operators, transport.ledger),
    )  # fmt: skip


def release_memory():
    """Give what set-up used back to the system, where the C library can: a quarter of it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def ions_of(tissue):
    """The ions of a tissue, K+ first."""
    return [_ion(settings, tissue.D) for settings in tissue.ions]


def _ion(settings, potassium):
    valence, known = KNOWN.get(settings.name, (0, 0.0))
    ratio = known / KNOWN["K"][1] if settings.D is None else settings.D / potassium
    return Ion(settings.name, valence if settings.valence is None else settings.valence, ratio)


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


def _about_model(config):
    """What the membrane model and its compiled step depend on, beside where parameters vary."""
    m = config.membrane
    return repr(
        (
            m.model,
            m.file,
            m.potassium,
            m.time_unit,
            m.options,
            config.tissue.ions,
            config.tissue.transport,
        )
    )


def _mesh(config, comm, base):
    data = kept_on_root(comm, lambda: mesh_cache.make(config.mesh, base))
    return data, Mesh(comm, data)


def _membranes(config, nodes, operators, kept, lap):
    """The reaction and the identity of its compiled step; rank 0 compiles for all."""
    comm, mesh = nodes.mesh.comm, nodes.mesh
    parameters, state = together(comm, lambda: (nodes.parameters(), nodes.state()))
    alpha = operators.lumped / mesh.volumes
    alpha = _number_if_constant(comm, alpha)
    packing = config.tissue.packing
    parameters, state = together(
        comm, lambda: arranged(nodes.model, packing, parameters, state, alpha)
    )
    parameters = _changeable(config, parameters, mesh)
    surroundings = Surroundings(alpha, config.tissue.temperature)
    varying = tuple(np.ndim(v) > 0 for v in (*parameters, *surroundings))
    text = kept(
        "kernel", (_about_model(config), varying),
        lambda: membrane_solver.source(nodes.model, parameters, surroundings),
    )  # fmt: skip
    lap("membranes")
    texts = text, limiter_kernel.TEXT, front_tracker.TEXT
    root_does(comm, lambda: [library(code) for code in texts])
    lap("compiler")
    made = together(
        comm,
        lambda: membrane_solver.Reaction(
            nodes.model, state, parameters, surroundings, weights=operators.lumped,
            tolerance=config.membrane.tolerance, substeps=config.membrane.substeps,
            ions=[ion.name for ion in config.tissue.ions], text=text,
        ),
    )  # fmt: skip
    return made, hashlib.sha256(text.encode()).hexdigest()[:24]


def _notes(config, membranes, mesh):
    """What was assumed of the membranes; ConfigError, on all processes, if they cannot live so."""
    made, packing = membranes, config.tissue.packing
    here = start.start(made.model, made.parameters, made.state, made.surroundings)
    everywhere = here.with_numbers(Team(mesh.comm).highest(here.numbers()))
    start.refuse_dead(everywhere, made.model, packing)
    return [*start.lines(everywhere, made.model, packing), *_too_late(config)]


def _too_late(config):
    """Sentences about what begins after the end of the run."""
    kinds = {"source": config.source, "boundary": config.boundary, "event": config.event}
    for kind, settings in kinds.items():
        for s in settings:
            begins = s.profile.kind in ("step", "pulse", "train") and s.profile.start
            if begins and begins >= config.time.end:
                name = s.on if kind == "boundary" else s.name
                yield f"{kind} '{name}': begins at {begins:g} s, when the run is over"


def _number_if_constant(comm, values):
    """The value itself if it is the same everywhere (to round-off), so that it is loaded once."""
    low, high = Team(comm).highest([-values.min(initial=np.inf), values.max(initial=-np.inf)])
    return high if high + low <= 1e-12 * high else values


def _changeable(config, parameters, mesh):
    """The parameters, those that events change as arrays of their own."""
    names = {name for event in config.event for name in event.parameters}
    arrays = {n: np.zeros(mesh.owned) + getattr(parameters, n) for n in names}
    return parameters._replace(**arrays)


def _events(config, nodes, parts, membranes, base):
    """The parameters that the events of a configuration change."""
    table, found = membranes.model.Parameters, {}
    for settings in config.event:
        profile = source_terms.event_profile(settings, base)
        place = f"event '{settings.name}': parameters"
        part = None if settings.region is None else parts[settings.region]
        for name, value in settled(settings.parameters, table, place).items():
            _refuse_beyond(nodes, table, name, (value, profile), f"{place}.{name}")
            found.setdefault(name, []).append((part, value, profile))
    return [
        Changing(getattr(membranes.parameters, name), _areas(config, nodes, membranes, name, acts))
        for name, acts in found.items()
    ]


def _refuse_beyond(nodes, table, name, change, place):
    """Raise ConfigError, on all processes, for an event after which a parameter cannot be so."""
    value, profile = change
    base, overrides = nodes.layers(table, "parameters", name)
    for factor in (profile.values.min(), profile.values.max()):
        for begin in (base, *(b for _, b in overrides)):
            then = np.atleast_1d(begin + factor * (value - begin))
            ends = [-then.min(initial=np.inf), then.max(initial=-np.inf)]
            low, high = Team(nodes.mesh.comm).highest(ends) * np.array([-1.0, 1.0])
            here = f"{place}, where the profile is {factor:g}"
            check_range([low, high], table.quantities[name], here)


def _areas(config, nodes, membranes, name, acts):
    """The Areas of a parameter: cells in which the same events act on the same value.

    Args:
        config: of the run.
        nodes: its Nodes.
        membranes: its Reaction.
        name: of the parameter.
        acts: tuples (Part or None for all, value, profile) of the events, in their order.
    """
    table, mesh = membranes.model.Parameters, nodes.mesh
    base, overrides = nodes.layers(table, "parameters", name)
    values = [base, *(value for _, value in overrides)]
    packed = functools.partial(
        repacked, membranes.model, config.tissue.packing, nodes.parameters(), name,
        membranes.surroundings.alpha,
    )  # fmt: skip
    acting = [Event(packed(value), profile) for _, value, profile in acts]
    classes = np.zeros((len(mesh.cell_tags), 1 + len(acts)), int)
    for k, (part, _) in enumerate(overrides):
        classes[part.cells, 0] = k + 1
    for k, (part, *_) in enumerate(acts):
        classes[slice(None) if part is None else part.cells, 1 + k] = 1
    weights = nodes.weights("parameters", name)
    return [
        Area(
            share, packed(values[top]), tuple(e for e, on in zip(acting, which, strict=True) if on)
        )
        for (top, *which), share in regions.shares_of_classes(mesh, classes, weights)
    ]


def _transport(config, mesh, parts, cells, operators, membranes, base):
    concentrations = {ion: getattr(membranes.state, ion.state) for ion in ions_of(config.tissue)}
    terms = source_terms.Terms(mesh, concentrations, config.tissue.transport == "electrodiffusion")
    for s in config.source:
        terms.add(
            s, source_terms.source(s, mesh, parts, cells["alpha"], base), f"source '{s.name}'"
        )
    for b in config.boundary:
        terms.add(b, source_terms.boundary(b, mesh, base), f"boundary '{b.on}'")
    _refuse_unsolvable(config, operators)
    if config.solver.scheme == "rkl2":
        (ion, values), *_ = concentrations.items()
        return SuperTimeStepping(operators, values, *terms.of(ion))
    solver, rows, made = config.solver, None, {}
    for ion, values in concentrations.items():
        made[ion] = Diffusion(
            operators, values, *terms.of(ion), rtol=solver.rtol, options=solver.petsc,
            ratio=ion.ratio, name=ion.name, rows=rows,
        )  # fmt: skip
        rows = made[ion].range.rows
    if config.tissue.transport == "electrodiffusion":
        glia = config.tissue.syncytium  # a bidomain solves for both potentials together
        own_potential = {} if glia is not None and glia.cable else solver.petsc
        temperature = config.tissue.temperature
        return Electrodiffusion(operators, made, temperature, 10 * solver.rtol, own_potential)
    alone = len(made) == 1 and config.tissue.syncytium is None
    return next(iter(made.values())) if alone else Ions(operators, made)


def _refuse_unsolvable(config, operators):
    alone = len(config.tissue.ions) == 1 and config.tissue.syncytium is None
    if config.solver.scheme == "rkl2" and (not alone or operators.moves):
        raise ConfigError(
            "solver.scheme: rkl2 moves K+ alone, in tissue that does not swell and whose glia are "
            "not joined"
        )
    exchanging = [b.on for b in config.boundary if b.exchange is not None]
    if config.tissue.transport == "electrodiffusion" and exchanging:
        raise ConfigError(
            f"boundary '{exchanging[0]}': an exchange leaves charge behind; electrodiffusion needs "
            "bath or flux"
        )


def _stimulated(config, mesh, parts, ledger):
    """Which owned nodes a source, a boundary, an event, or a state or parameters of their own hit.

    Of a source that fades with distance, the nodes that get a hundredth of its strongest.
    """
    acting = [*config.source, *config.event]
    names = {r.name for r in config.tissue.regions if r.initial or r.parameters}
    names |= {it.region for it in acting if it.region is not None}
    hit = np.full(mesh.owned, any(event.region is None for event in config.event))
    for name in names:
        hit |= mesh.node_average(1.0 * parts[name].cells) > 0
    for load in ledger.sources:
        strength = np.abs(load.rates) / mesh.volumes[load.nodes]
        (strongest,) = Team(mesh.comm).highest([strength.max(initial=0.0)])
        hit[load.nodes[strength > FAINT * strongest]] = True
    for term in (*ledger.robin, *ledger.dirichlet):
        hit[term.nodes] = True
    return hit


def _unresolved(config, operators, ledger):
    """The sources at points and in Gaussians whose K+ changes much from one node to the next.

    Steady, a node that gets more than its neighbours lies above them by what it gets over its
    conductance to them; a short source does not come so far.
    """
    names = {f"source {s.name}" for s in config.source if s.region is None}
    if not names:
        return []
    mesh, lumped = operators.mesh, operators.lumped
    diagonal = operators.stiffness.getDiagonal()
    conductance, size = diagonal.array.copy(), mesh.volumes ** (1 / mesh.dimension)
    diagonal.destroy()
    found = {}
    for load in (x for x in ledger.sources if x.name in names):
        lasting = load.profile.integral(0.0, config.time.end)
        steady, short = 1 / conductance[load.nodes], lasting / lumped[load.nodes]
        changes = np.abs(load.rates) * np.minimum(steady, short)
        top = int(changes.argmax()) if len(changes) else -1
        here = (float(changes[top]), 1e6 * float(size[load.nodes[top]])) if top >= 0 else (0.0, 0.0)
        change, cell = max(mesh.comm.allgather(here))
        known = found.setdefault(load.name, {"name": load.name, "change_mM": 0.0, "cell_um": cell})
        known["change_mM"] = max(known["change_mM"], change)
    return [source for source in found.values() if source["change_mM"] > UNRESOLVED]


def _edges(clock, ledger, events):
    """Ticks at or just before abrupt changes of any source, boundary or event."""
    terms = [x.profile for x in ledger.sources]
    terms += [x.bath for x in (*ledger.robin, *ledger.dirichlet)]
    terms += [profile for changing in events for profile in changing.profiles]
    edges = {clock.before(t) for profile in terms for t in profile.edges(clock.end)}
    ends = clock.end * (1 - NEAR), clock.end * (1 + NEAR)
    edges |= {clock.ticks for profile in terms if profile.edges_within(*ends)}
    return edges | {e + 1 for e in edges if e + 1 < clock.ticks}

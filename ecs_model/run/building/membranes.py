"""From [membrane] to the membranes at every node."""

import hashlib
from functools import partial

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane import activity, rest, solver, start
from ecs_model.membrane.compiler import library
from ecs_model.membrane.kernel import depends_on
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.packing import arranged
from ecs_model.membrane.precision import allowed
from ecs_model.parallel import Team, root_does, together
from ecs_model.run import front_passage, front_tracker
from ecs_model.transport import (
    closing,
    increment_kernel,
    limiter_kernel,
    lone_kernel,
    spread_kernel,
)


def about_model(config):
    """What the membrane model and its compiled step depend on, beside where parameters vary."""
    m = config.membrane
    choices = (m.model, m.file, m.add, m.parameter_set, m.potassium, m.time_unit, m.options)
    return repr((*choices, config.tissue.ions, config.tissue.transport))


def reaction(config, tissue, nodes, operators, around, kept, lap):
    """The Reaction, the identity of its compiled step, and notes; rank 0 compiles for all.

    Args:
        config: the Config.
        tissue: its TissueData.
        nodes: values over nodes.
        operators: matrices, whose lumped mass decides the volume fraction of a node.
        around: function (alpha, temperature) -> record of what surrounds the membranes.
        kept: Kept, which may hold the text of the step.
        lap: is told when membranes, and their compiled step, are there.

    Raises:
        ConfigError: on all processes, for values that the model cannot have.
    """
    mesh, model = nodes.mesh, nodes.model
    alpha = _number_if_constant(mesh.comm, operators.lumped / mesh.volumes)
    parameters, state = _values(config, tissue, nodes, alpha)
    surroundings = around(alpha=alpha, temperature=tissue.temperature)
    state, told = _begin(config, nodes, parameters, state, surroundings)
    varying = tuple(np.ndim(v) > 0 for v in (*parameters, *surroundings))
    precision = allowed(config.membrane.precision, config.membrane.tolerance)
    key = (about_model(config), surroundings._fields, varying, precision)
    text = kept("kernel", key, partial(solver.source, model, parameters, surroundings, precision))
    _refuse_different(mesh.comm, text, model)
    lap("membranes")
    _compile(mesh.comm, text, _increments(tissue, model), *_watching(config, model))
    lap("compiler")
    options = {
        "weights": operators.lumped,
        "tolerance": config.membrane.tolerance,
        "substeps": config.membrane.substeps,
        "ions": [ion.name for ion in tissue.ions],
        "text": text,
    }
    made = together(mesh.comm, solver.Reaction, model, state, parameters, surroundings, **options)
    return made, hashlib.sha256(text.encode()).hexdigest()[:24], told


def _refuse_different(comm, text, model):
    """Raise ConfigError, on all processes, unless they all have made the same model."""
    made = repr((text, model.State(), model.Parameters()))
    if len({*comm.allgather(hashlib.sha256(made.encode()).hexdigest())}) > 1:
        raise ConfigError(
            f"membrane: processes have made different models {model.name!r} from the same files; "
            "what stands there may not depend on chance, on the process or on the order of a set"
        )


def _begin(config, nodes, parameters, state, surroundings):
    """The state at the start, and notes about it, the same on all processes.

    Args:
        config: the Config.
        nodes: values over nodes.
        parameters: record of numbers and arrays over owned nodes.
        state: record of arrays over owned nodes: the initial state.
        surroundings: as `parameters`.
    """
    if config.membrane.start != "rest":
        return state, []
    comm = nodes.mesh.comm
    membranes = nodes.model, parameters, state, surroundings
    rests = together(comm, rest.at_rest, *membranes, nodes.regions())
    return rests.state, [*filter(None, [Team(comm).first(rests.several)])]


def _values(config, tissue, nodes, alpha):
    """Parameters and state at nodes as their volume fraction asks for."""
    comm = nodes.mesh.comm
    parameters, state = together(comm, lambda: (nodes.parameters(), nodes.state()))
    parameters, state = together(
        comm, arranged, nodes.model, tissue.packing, parameters, state, alpha
    )
    return _changeable(config, parameters, nodes.mesh), state


def _increments(tissue, model):
    """The C text that finds increments of ions."""
    count = len(tissue.ions)
    is_alone = count == 1 and model.volumes is None
    return lone_kernel.TEXT if is_alone else increment_kernel.text(count)


def _watching(config, model):
    """The C texts of what follows firing neurons, and fronts along lines."""
    return [activity.TEXT] * model.fires + [front_passage.TEXT] * bool(config.line)


def _compile(comm, *texts):
    """Have on disk what each process loads: some texts, the limiter and the tracker."""
    texts = *texts, limiter_kernel.TEXT, spread_kernel.TEXT, closing.TEXT, front_tracker.TEXT
    root_does(comm, lambda: [library(code) for code in texts])


def tortuosity(mesh, model, over_cells):
    """Tortuosity that the membranes of owned nodes see: a number, or an array where it varies.

    Args:
        mesh: the mesh.
        model: the membrane model.
        over_cells: tortuosity of local cells.
    """
    here = _number_if_constant(mesh.comm, mesh.node_average(over_cells))
    return here if depends_on(model, "tortuosity") else Surroundings().tortuosity


def _number_if_constant(comm, values):
    """The value itself if it is the same everywhere (to round-off), so that it is loaded once."""
    low, high = Team(comm).highest([-values.min(initial=np.inf), values.max(initial=-np.inf)])
    return high if high + low <= 1e-12 * high else values


def _changeable(config, parameters, mesh):
    """The parameters, those that events change as arrays of their own."""
    names = {name for event in config.event for name in event.parameters}
    arrays = {n: np.zeros(mesh.owned) + getattr(parameters, n) for n in names}
    return parameters._replace(**arrays)


def notes(config, membranes, packing, ground):
    """Sentences about what was assumed of the membranes, and about what begins too late.

    Args:
        config: the Config.
        membranes: the Reaction.
        packing: of the tissue.
        ground: the Ground of the run.

    Raises:
        ConfigError: on all processes, if the membranes cannot live so.
    """
    team, apart = Team(ground.mesh.comm), _apart(config, ground)
    together(ground.mesh.comm, _refuse_lifeless, membranes, apart)
    records = _once(_records(membranes))
    here = start.start(membranes.model, *records)
    everywhere = here.with_numbers(team.highest(here.numbers()))
    blamed = partial(_blamed, team, membranes.model, records)
    start.refuse_dead(everywhere, membranes.model, packing, blamed)
    lines = start.lines(everywhere, membranes.model, packing)
    return [*lines, *_drift(membranes, apart, team), *_too_late(config)]


def _apart(config, ground):
    """Name of every region with an initial state of its own -> which owned nodes lie in it."""
    own = {r.name: ground.parts[r.name].cells for r in config.tissue.regions if r.initial}
    return {name: ground.mesh.node_average(1.0 * cells) > 0 for name, cells in own.items()}


def _refuse_lifeless(membranes, apart):
    """Raise ConfigError for a start without rates, by the region that it was set in."""
    for name, nodes in apart.items():
        p, y, env = (_among(nodes, record) for record in _records(membranes))
        start.refuse_lifeless(membranes.model, p, y, env, f"region '{name}': initial")
    start.refuse_lifeless(membranes.model, *_once(_records(membranes)))


def _blamed(team, model, records):
    """What `start.blame` says on the first process with a potential that cannot be."""
    V = start.start(model, *records).V
    return team.first(start.blame(model, *records) if V and not start.borne(V) else "")


def _drift(membranes, apart, team):
    """A sentence about nodes not at rest, but those with an initial state of their own."""
    still = ~np.any([np.zeros(membranes.nodes, bool), *apart.values()], axis=0)
    records = (_among(still, record) for record in _records(membranes))
    pair = rest.drift(membranes.model, *_once([*records]))
    yield from rest.lines(*team.highest(pair))


def _records(membranes):
    """Parameters, state and surroundings of membranes; numbers of NumPy, which 0 may divide."""
    records = membranes.parameters, membranes.variables, membranes.surroundings
    return [type(r)(*(v if np.ndim(v) else np.float64(v) for v in r)) for r in records]


def _once(records):
    """The records of one node where all nodes have the same values, else as they are."""
    columns = [v for record in records for v in record if np.ndim(v)]
    is_uniform = all(v.min(initial=np.inf) >= v.max(initial=-np.inf) for v in columns)
    return [_among(slice(1), record) for record in records] if is_uniform else records


def _among(nodes, record):
    return type(record)(*(v[nodes] if np.ndim(v) else v for v in record))


def _too_late(config):
    """Sentences about what begins after the end of the run."""
    for kind in ("source", "boundary", "vessels", "event"):
        for entry in getattr(config, kind):
            profile = entry.profile
            begins = profile.kind in ("step", "pulse", "train") and profile.start
            if begins and begins >= config.time.end:
                name = entry.on if kind == "boundary" else entry.name
                yield f"{kind} '{name}': begins at {begins:g} s, when the run is over"

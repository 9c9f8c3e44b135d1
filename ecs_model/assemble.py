"""From a configuration to a simulation: the only module that sees both."""

import functools
import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecs_model import clock as clocks
from ecs_model import meshing, reaction, stimulus, tissue
from ecs_model import profile as profiles
from ecs_model.compiler import library
from ecs_model.diffusion import Diffusion
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.load import load_model
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.mesh import Mesh
from ecs_model.observers import Tracker
from ecs_model.operators import Operators
from ecs_model.parallel import Team, kept_on_root, root_does, together
from ecs_model.rkl2 import SuperTimeStepping
from ecs_model.simulation import Pace, Simulation
from ecs_model.values import check_range, read_array, settled

SERIES_PER_FIELD = 8
FIELDS_PER_RUN = 20


@dataclass(frozen=True)
class Parts:
    """Everything a run is made of."""

    config: object
    model: MembraneModel
    mesh: Mesh
    cells: dict[str, np.ndarray]  # alpha, tortuosity ... over local cells, for output
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
    model = membrane_model(config, base)
    data = kept_on_root(comm, lambda: meshing.make(config.mesh, base))
    mesh = Mesh(comm, data)
    together(comm, lambda: _check_points(config, mesh.dimension))
    parts = together(comm, lambda: _regions(config.tissue, mesh))
    cells = together(comm, lambda: _Cells(config.tissue, mesh, parts, data, base).fields())
    theta = model.theta if config.solver.theta is None else config.solver.theta
    theta = 0.0 if config.solver.scheme == "rkl2" else theta
    operators = Operators(mesh, cells["alpha"], cells["diffusivity"], theta)
    nodes = _Nodes(config, model, mesh, parts, data, base)
    membranes, identity = _membranes(config, nodes, operators)
    transport = _transport(config, mesh, parts, cells, operators, membranes, base)
    clock = clocks.plan(
        config.time.end, config.time.step, config.output.series, config.time.adaptive
    )
    pace = Pace(config.time.tolerance if config.time.adaptive else 0.0)
    edges = _edges(clock, transport.ledger)
    simulation = Simulation(membranes, transport, clock, pace, Team(comm), edges=edges)
    tracker = Tracker(membranes.state[0], config.detect.front)
    return Parts(config, model, mesh, cells, operators, simulation, tracker, identity)


def with_intervals(config):
    """The configuration with the intervals of output that follow from the others."""
    every = config.output.every or config.time.end / FIELDS_PER_RUN
    series = config.output.series or every / SERIES_PER_FIELD
    output = config.output.model_copy(update={"every": every, "series": series})
    return config.model_copy(update={"output": output})


def membrane_model(config, base="."):
    """The membrane model of a configuration, built in or the user's own."""
    if config.membrane.file is not None:
        return load_model(Path(base, config.membrane.file))
    return MODELS[config.membrane.model]


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


def _regions(settings, mesh):
    return {region.name: _region(region, mesh) for region in settings.regions}


def _region(region, mesh):
    if region.tag is not None:
        return tissue.tagged(mesh, region.name, region.tag)
    kind = next(k for k in ("ball", "box", "cylinder") if getattr(region, k) is not None)
    return getattr(tissue, kind)(mesh, region.name, **dict(getattr(region, kind)))


class _Fields:
    """Arrays in input order (rank 0 reads them) as fields over this process's cells or nodes."""

    def __init__(self, mesh, data, base):
        self.mesh, self._data, self._base = mesh, data, base

    def _read(self, setting, place, check):
        """The array on rank 0, which `check` may refuse, and its length on all."""
        array = kept_on_root(self.mesh.comm, lambda: self._find(setting, place, check))
        return array, self.mesh.comm.bcast(None if array is None else len(array))

    def _find(self, setting, place, check):
        if setting.file is not None:
            array = read_array(Path(self._base, setting.file), setting.field)
        elif setting.field in self._data.fields:
            array = np.asarray(self._data.fields[setting.field], float)
        else:
            known = ", ".join(self._data.fields) or "none"
            raise ConfigError(f"{place}: the mesh has no field '{setting.field}'; it has {known}")
        if len(array) not in (self.mesh.nodes, self.mesh.cells):
            raise ConfigError(
                f"{place}: the field has {len(array)} values; the mesh has {self.mesh.nodes} "
                f"nodes and {self.mesh.cells} cells"
            )
        if check is not None and array.ndim > 1:
            raise ConfigError(f"{place}: the field has {array.shape[1:]} values a place, not one")
        if check is not None:
            check(array)
        return array

    def over_cells(self, setting, place, check=None):
        """The field over local cells; what is given at nodes is averaged over corners.

        Args:
            setting: where the field comes from.
            place: what messages call it.
            check: raises ConfigError for numbers that cannot be; None for a field of vectors.
        """
        array, length = self._read(setting, place, check)
        if length == self.mesh.cells:
            return self.mesh.from_root_cells(array)
        nodes = self.mesh.from_root(array)
        if nodes.ndim == 1:
            return self.mesh.with_ghosts(nodes)[self.mesh.cell_nodes].mean(axis=1)
        columns = [self.mesh.with_ghosts(np.ascontiguousarray(c)) for c in nodes.T]
        return np.stack([c[self.mesh.cell_nodes].mean(axis=1) for c in columns], axis=1)

    def over_nodes(self, setting, place, check):
        """The field over owned nodes; what is given in cells is averaged by volume."""
        array, length = self._read(setting, place, check)
        if length == self.mesh.nodes:
            return self.mesh.from_root(array)
        return self.mesh.node_average(self.mesh.from_root_cells(array))


class _Cells:
    """alpha, tortuosity and diffusivity over local cells."""

    def __init__(self, settings, mesh, parts, data, base):
        self._settings, self._mesh, self._parts = settings, mesh, parts
        self._fields = _Fields(mesh, data, base)

    def fields(self):
        """Name -> field over local cells; `diffusivity` may hold tensors."""
        alpha = self._scalar("alpha", self._settings.alpha, 0.0, 1.0)
        free = self._scalar("D", self._settings.D, 0.0, np.inf)
        if not any(_is_anisotropic(v) for v in self._tortuosities()):
            tortuosity = self._scalar("tortuosity", self._settings.tortuosity, 1.0, np.inf)
            effective = tissue.diffusivity(free, tortuosity)
            return {"alpha": alpha, "tortuosity": tortuosity, "diffusivity": effective}
        parallel, across = self._along("parallel"), self._along("across")
        effective = tissue.diffusivity_tensor(free, parallel, across, self._direction())
        return {"alpha": alpha, "tortuosity": across, "diffusivity": effective}

    def _tortuosities(self):
        return [self._settings.tortuosity, *(r.tortuosity for r in self._settings.regions)]

    def _scalar(self, name, base, low, high):
        if hasattr(base, "file"):
            base = self._fields.over_cells(base, f"tissue.{name}", _range(name, low, high))
        values = tissue.over_cells(self._mesh, base, self._overrides(name))
        self._check(f"tissue.{name}", values, low, high)
        return values

    def _overrides(self, name):
        regions = self._settings.regions
        values = [(self._parts[r.name], getattr(r, name)) for r in regions]
        return [(part, value) for part, value in values if value is not None]

    def _along(self, way):
        """Tortuosity along or across fibres; an isotropic one is the same both ways."""
        base = self._settings.tortuosity
        if hasattr(base, "file"):
            base = self._fields.over_cells(
                base, "tissue.tortuosity", _range("tortuosity", 1.0, np.inf)
            )
        pick = lambda v: getattr(v, way) if _is_anisotropic(v) else v  # noqa: E731
        overrides = [(part, pick(v)) for part, v in self._overrides("tortuosity")]
        return tissue.over_cells(self._mesh, pick(base), overrides)

    def _direction(self):
        """Fibre direction over cells, shape (cells, d)."""
        d = self._mesh.dimension
        direction = np.zeros((len(self._mesh.cell_tags), d))
        direction[:, 0] = 1.0
        if _is_anisotropic(self._settings.tortuosity):
            direction[:] = self._fibres(self._settings.tortuosity)
        for part, value in self._overrides("tortuosity"):
            if _is_anisotropic(value):
                direction[part.cells] = np.broadcast_to(self._fibres(value), direction.shape)[
                    part.cells
                ]
        return direction

    def _fibres(self, setting):
        d = self._mesh.dimension
        if setting.field is not None:
            source = _FieldOnly(setting.field)
            return self._fields.over_cells(source, "tissue.tortuosity.field")[:, :d]
        vector = np.asarray(setting.direction[:d], float)
        if len(vector) < d or not np.linalg.norm(vector) > 0:
            raise ConfigError(
                f"tissue.tortuosity.direction: needs {d} numbers that are not all zero "
                f"(found {setting.direction})"
            )
        return vector

    def _check(self, place, values, low, high):
        wrong = np.flatnonzero(_outside(values, low, high))
        if len(wrong):
            middle = self._mesh.coordinates[self._mesh.cell_nodes[wrong[0]]].mean(axis=0)
            where = ", ".join(f"{1e3 * x:.4g}" for x in middle[: self._mesh.dimension])
            raise ConfigError(
                f"{place}: must be {_right(low, high)}, but is {values[wrong[0]]:g} in "
                f"{len(wrong)} cells, the first at ({where}) mm"
            )


def _outside(values, low, high):
    """Which values are not between two limits; 1 is allowed as a lower limit itself."""
    return ~((values > low) | (values == low) & (low == 1.0)) | ~(values < high)


def _right(low, high):
    return "at least 1" if low == 1.0 else f"between {low:g} and {high:g}"


def _range(name, low, high):
    """A function that refuses an array with values outside two limits."""

    def check(array):
        wrong = np.flatnonzero(_outside(array, low, high))
        if len(wrong):
            raise ConfigError(
                f"tissue.{name}: must be {_right(low, high)}, but is {array[wrong[0]]:g} in "
                f"{len(wrong)} values of the field, the first is number {wrong[0]}"
            )

    return check


@dataclass(frozen=True)
class _FieldOnly:
    field: str
    file: None = None


def _is_anisotropic(value):
    return hasattr(value, "parallel")


class _Nodes:
    """Membrane parameters and initial states over owned nodes."""

    def __init__(self, config, model, mesh, parts, data, base):
        self.config, self.model, self.mesh, self._parts = config, model, mesh, parts
        self._fields = _Fields(mesh, data, base)

    def parameters(self):
        """Record of numbers and arrays over owned nodes [SI]."""
        return self._record(self.model.Parameters, "parameters")

    def state(self):
        """Record of arrays over owned nodes [SI]: the initial state."""
        record = self._record(self.model.State, "initial")
        columns = [np.array(np.broadcast_to(v, self.mesh.owned), float) for v in record]
        return self.model.State(*columns)

    def _record(self, table, kind):
        base = settled(getattr(self.config.membrane, kind), table, f"membrane.{kind}")
        local = [
            (self._parts[r.name], settled(getattr(r, kind), table, f"{r.name}: {kind}"))
            for r in self.config.tissue.regions
        ]
        return table(*(self._column(table, kind, name, base, local) for name in table._fields))

    def _column(self, table, kind, name, base, local):
        value = base.get(name, getattr(table(), name))
        if hasattr(value, "file"):
            place = f"membrane.{kind}.{name}"
            check = functools.partial(check_range, quantity=table.quantities[name], place=place)
            value = self._fields.over_nodes(value, place, check)
        overrides = [(part, settings[name]) for part, settings in local if name in settings]
        return tissue.over_nodes(self.mesh, value, overrides)


def _membranes(config, nodes, operators):
    """The reaction and the identity of its compiled step; rank 0 compiles for all."""
    comm, mesh = nodes.mesh.comm, nodes.mesh
    parameters, state = together(comm, lambda: (nodes.parameters(), nodes.state()))
    alpha = operators.lumped / mesh.volumes
    alpha = _number_if_constant(comm, alpha)
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
    loads = [_source(s, config, mesh, parts, cells, base) for s in config.source]
    exchanges: list = []
    baths: list = []
    for b in config.boundary:
        made = _boundary(b, mesh, base)
        group = {stimulus.Load: loads, stimulus.Exchange: exchanges, stimulus.Bath: baths}
        group[type(made)].append(made)
    terms = loads, exchanges, baths
    potassium = membranes.state[0]
    if config.solver.scheme == "rkl2":
        return SuperTimeStepping(operators, potassium, *terms)
    solver = config.solver
    return Diffusion(operators, potassium, *terms, rtol=solver.rtol, options=solver.petsc)


def _source(source, config, mesh, parts, cells, base):
    name, profile = f"source {source.name}", _profile(source.profile, base, f"source {source.name}")
    if source.load is not None:
        density = cells["alpha"] * parts[source.region].cells
        rate = source.load * mesh.sum(mesh.spread_cells(density))
        return stimulus.cell_load(mesh, name, density, rate, profile)
    rate = source.rate
    if source.amount is not None:
        lasting = profile.integral(0.0, profile.times[-1])
        if not lasting > 0:
            raise ConfigError(f"{name}: no amount can enter while its profile is 0")
        rate = source.amount / lasting
    if source.point is not None:
        return stimulus.point_load(mesh, name, source.point, rate, profile)
    if source.gaussian is not None:
        ball = source.gaussian
        return stimulus.gaussian_load(mesh, name, ball.centre, ball.radius, rate, profile)
    return stimulus.cell_load(mesh, name, 1.0 * parts[source.region].cells, rate, profile)


def _boundary(boundary, mesh, base):
    name, profile = f"boundary {boundary.on}", _profile(boundary.profile, base, boundary.on)
    if boundary.on not in mesh.boundaries:
        known = ", ".join(mesh.boundaries) or "none"
        raise ConfigError(f"{name}: the mesh has no such boundary; it has {known}")
    tag = mesh.boundaries[boundary.on]
    if boundary.flux is not None:
        return stimulus.facet_load(mesh, name, tag, boundary.flux, profile)
    level = boundary.bath if boundary.bath is not None else boundary.outside
    before = level if boundary.before is None else boundary.before
    bath = profiles.Profile(profile.times, before + (level - before) * profile.values)
    if boundary.bath is not None:
        return stimulus.facet_bath(mesh, name, tag, bath)
    return stimulus.facet_exchange(mesh, name, tag, boundary.exchange, bath)


def _profile(settings, base, place):
    if settings.kind == "step":
        return profiles.step(settings.start)
    if settings.kind == "pulse":
        return profiles.pulse(settings.start, settings.duration)
    if settings.kind == "train":
        p = settings
        return profiles.train(p.start, p.duration, p.period, p.count)
    if settings.kind == "table":
        return _table(Path(base, settings.file), place)
    return profiles.constant()


def _table(path, place):
    try:
        with warnings.catch_warnings(action="ignore"):  # of an empty table, which is refused below
            rows = np.loadtxt(path, delimiter=",", ndmin=2, comments="#")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place}: table {path}: {str(error).splitlines()[0]}") from None
    times_grow = rows.shape[1] == 2 and np.all(np.diff(rows[:, 0]) >= 0)
    if not rows.size or not times_grow or not np.isfinite(rows).all():
        raise ConfigError(
            f"{place}: table {path}: needs two columns, time [s] and factor, times not decreasing"
        )
    return profiles.Profile(rows[:, 0], rows[:, 1])


def _edges(clock, ledger):
    """Ticks at or just before abrupt changes of any source or boundary."""
    terms = [*(x.profile for x in ledger.loads), *(x.bath for x in ledger.exchanges)]
    terms += [x.bath for x in ledger.baths]
    edges = {clock.before(t) for profile in terms for t in profile.edges(clock.end)}
    return edges | {e + 1 for e in edges if e + 1 < clock.ticks}

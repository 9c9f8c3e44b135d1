"""From [output], [[probe]], [[line]], [detect] and [checkpoint] to when and where a run is seen."""

import numpy as np

from ecs_model.config.resolve import named_field, origin_of_steps
from ecs_model.errors import ConfigError
from ecs_model.membrane.activity import field_names
from ecs_model.run.parts import Detection, LinePlan, OutputPlan
from ecs_model.tissue.sampling import Sampler
from ecs_model.tissue.section import section

SHOWN = ("V", "alpha", "rate")  # fields that are written unless others are asked for


def detection(detect):
    """The Detection of [detect]."""
    firing = detect.firing(detect.settle)
    return Detection(firing, detect.load, detect.fraction, detect.front, detect.spread)


def output_plan(config, model, mesh, clock, transported):
    """The OutputPlan of a Config.

    Args:
        config: the Config, with its intervals.
        model: the membrane model.
        mesh: the mesh.
        clock: of the run.
        transported: names of the fields that the transport adds.

    Raises:
        ConfigError: on all processes, if times are no whole numbers of steps or places lie outside.
    """
    period, probes, why = config.checkpoint.every, config.probe, origin_of_steps(config)
    return OutputPlan(
        every=clock.ticks_in(config.output.every, "output.every", why),
        often=clock.ticks_in(config.output.series, "output.series", why),
        checkpoint=clock.ticks_in(period, "checkpoint.every", why) if period else 0,
        wall=config.checkpoint.wall,
        fields=tuple(_field_names(config, model, transported)),
        is_double=config.output.precision == "double",
        probes=tuple(probe.name for probe in probes),
        sampler=_at_probes(probes, mesh),
        lines=tuple(_line(line, mesh) for line in config.line),
    )


def _at_probes(probes, mesh):
    names = [f"probe '{probe.name}'" for probe in probes]
    return Sampler(mesh, names, [_point(probe.at) for probe in probes])


def _field_names(config, model, transported):
    """The fields that are written: those asked for, or K+ and what model and transport show."""
    if (wanted := config.output.fields) is not None:
        return dict.fromkeys(["K_o", *(named_field(name, config) for name in wanted)])
    shown = [*model.State._fields, *model.observables, *field_names(model)]
    return ["K_o", *(name for name in shown if name in SHOWN), *transported]


def _line(line, mesh):
    start, end, name = _point(line.start), _point(line.end), f"line '{line.name}'"
    _refuse_through(line, mesh, name)
    if mesh.is_surface:
        ends = np.array([start, _point(line.through), end])
        points, positions = section(mesh, name, ends, line.points)
        ways = np.gradient(points, axis=0)
    else:
        shares = np.linspace(0.0, 1.0, line.points)
        points = start + shares[:, None] * (end - start)
        positions = shares * np.linalg.norm(end - start)
        ways = np.tile(end - start, (line.points, 1))
    ways = ways / np.linalg.norm(ways, axis=1, keepdims=True)
    return LinePlan(line.name, Sampler(mesh, name, points), positions, ways, points)


def _refuse_through(line, mesh, name):
    """Raise ConfigError for a line on a surface without a point to go through, or another with."""
    if mesh.is_surface and line.through is None:
        raise ConfigError(
            f"{name}: through: missing; on a surface in space a line is where the plane through "
            "start, end and a third point cuts it"
        )
    if line.through is not None and not mesh.is_surface:
        raise ConfigError(f"{name}: through: has no effect where lines are straight; leave it out")


def _point(values):
    return np.pad(np.asarray(values, float), (0, 3 - len(values)))

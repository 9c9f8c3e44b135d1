"""From [[event]] to parameters of the membranes that change in time."""

import functools
import itertools
from typing import Any

import numpy as np

from ecs_model.config.parameters import settled
from ecs_model.membrane.packing import repacked
from ecs_model.parallel import Team
from ecs_model.record import check_range
from ecs_model.run.building.sources import profile_of
from ecs_model.tissue import regions
from ecs_model.tissue.parameter_events import Area, Changing, Event


def events(config, ground, nodes, membranes, packing):
    """The parameters that the events of a Config change, a Changing each.

    Args:
        config: the Config.
        ground: the Ground of the run.
        nodes: values over nodes.
        membranes: the Reaction.
        packing: of the tissue.

    Raises:
        ConfigError: on all processes, for values that a parameter cannot have.
    """
    return [
        Changing(getattr(membranes.parameters, name), _areas(nodes, membranes, packing, name, acts))
        for name, acts in _acts(config, ground, nodes).items()
    ]


def _acts(config, ground, nodes):
    """Parameter -> tuples (Part or None for all, value, profile) of its events, in their order."""
    table = nodes.model.Parameters
    found: dict[str, list[Any]] = {}
    for event in config.event:
        profile = profile_of(event.profile, ground.base, f"event '{event.name}'")
        place = f"event '{event.name}': parameters"
        part = None if event.region is None else ground.parts[event.region]
        for name, value in settled(event.parameters, table, place).items():
            _refuse_beyond(nodes, table, name, (value, profile), f"{place}.{name}")
            found.setdefault(name, []).append((part, value, profile))
    return found


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


def _areas(nodes, membranes, packing, name, acts):
    """The Areas of a parameter: cells in which the same events act on the same value."""
    base, overrides = nodes.layers(nodes.model.Parameters, "parameters", name)
    values = [base, *(value for _, value in overrides)]
    packed = functools.partial(
        repacked, membranes.model, packing, nodes.parameters(), name, membranes.surroundings.alpha
    )
    acting = [Event(packed(value), profile) for _, value, profile in acts]
    classes = _classes(len(nodes.mesh.cell_tags), [part for part, _ in overrides], acts)
    weights = nodes.weights("parameters", name)
    return [
        Area(share, packed(values[top]), tuple(itertools.compress(acting, are_on)))
        for (top, *are_on), share in regions.shares_of_classes(nodes.mesh, classes, weights)
    ]


def _classes(cells, parts, acts):
    """For each local cell the last of some Parts that covers it, and which events act there."""
    classes = np.zeros((cells, 1 + len(acts)), int)
    for k, part in enumerate(parts):
        classes[part.cells, 0] = k + 1
    for k, (part, *_) in enumerate(acts):
        classes[slice(None) if part is None else part.cells, 1 + k] = 1
    return classes

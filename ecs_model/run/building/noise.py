"""From [[noise]] to noise in the currents of membranes."""

import functools

import numpy as np

from ecs_model.config.noise import current_of
from ecs_model.errors import ConfigError
from ecs_model.membrane.compiler import library
from ecs_model.membrane.noisy import noise_of, surroundings_with_noise
from ecs_model.membrane.white_noise import TEXT, Noise, White, everywhere, places
from ecs_model.parallel import root_does
from ecs_model.run.building.ground import longest_side

MOST = 1e6  # correlation lengths from the origin to the farthest node
RESOLVED = 0.5 * (1 + 1e-6)  # of the correlation length: size of elements


def currents(config, model):
    """Names of the currents of a model that a Config makes noisy.

    Raises:
        ConfigError: for what cannot be noisy, or so.
    """
    return tuple(dict.fromkeys(current_of(entry, model)[0] for entry in config.noise))


def around(inner, model, values):
    """A function that makes the record of the surroundings with noise.

    Args:
        inner: the partial that makes it without noise.
        model: the membrane model.
        values: name of a current -> array of its noise at owned nodes.
    """
    fields = {noise_of(name): array for name, array in values.items()}
    record = surroundings_with_noise(inner.func, model, [*values])
    return functools.partial(record, **inner.keywords, **fields)


def noise(config, model, values, ground):
    """The Noise of a Config.

    Args:
        config: the Config.
        model: the membrane model.
        values: name of a current -> array of its noise at owned nodes, changed in place.
        ground: the Ground of the run.

    Raises:
        ConfigError: on all processes, for a length that is too short for the tissue.
    """
    if config.noise:
        _refuse_tiny(config, ground.mesh)
        root_does(ground.mesh.comm, library, TEXT)
    return Noise([_part(entry, model, values, ground) for entry in config.noise])


def _refuse_tiny(config, mesh):
    """Raise ConfigError, on all processes, for a length that no lattice over the mesh can have."""
    farthest = np.abs(mesh.extent()).max()
    for entry in config.noise:
        if entry.length is not None and farthest > MOST * entry.length:
            raise ConfigError(
                f"noise '{entry.name}': length: {1e3 * entry.length:g} mm is too short for "
                f"tissue that reaches to {1e3 * farthest:g} mm; at least "
                f"{1e3 * farthest / MOST:.2g} mm is possible"
            )


def _part(entry, model, values, ground):
    mesh, (name, amplitude) = ground.mesh, current_of(entry, model)
    x = mesh.coordinates[: mesh.owned, : mesh.axes]
    here = everywhere(mesh.owned) if entry.uniform else places(x, entry.length)
    share = np.ones(mesh.owned)
    if entry.region is not None:
        share = mesh.node_average(1.0 * ground.parts[entry.region].cells)
    white = White(here, amplitude * share, entry.duration, entry.bin, entry.seed)
    return values[name], white


def notes(config, mesh):
    """Sentences about noise that the mesh does not resolve, or that crosses the folds of a sheet.

    They are the same on all processes.
    """
    lengths = {entry.name: entry.length for entry in config.noise if entry.length is not None}
    longest = longest_side(mesh) if lengths else 0.0
    across = [
        f"noise '{name}': its length is one in space, not along the sheet: banks of a sulcus that "
        f"are closer than {1e3 * 2 * length:.4g} mm share some of it"
        for name, length in lengths.items()
        if mesh.is_surface
    ]
    return across + [
        f"noise '{name}': elements are up to {1e6 * longest:.4g} um large, more than half of the "
        f"correlation length of {1e6 * length:.4g} um, so that what the noise does depends on the "
        "mesh; choose smaller ones"
        for name, length in lengths.items()
        if longest > RESOLVED * length
    ]

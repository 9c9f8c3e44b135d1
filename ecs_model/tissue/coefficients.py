"""The extracellular space over cells: alpha, tortuosity and effective diffusivity."""

import functools
from dataclasses import dataclass

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.limits import ALPHA, DIFFUSIVITY, THICKNESS, TORTUOSITY
from ecs_model.quantities import length_text
from ecs_model.tissue import regions
from ecs_model.tissue.image_use import TensorUse
from ecs_model.tissue.input_fields import InputField
from ecs_model.tissue.regions import Layered


@dataclass(frozen=True)
class Anisotropy:
    """Tortuosity along and across fibres.

    Attributes:
        parallel: along the fibres.
        across: across the fibres.
        direction: of all fibres, of any length; None where a field tells it.
        field: of directions; None for one direction or an image.
        image: the TensorUse of an image of directions or tensors; None for none.
    """

    parallel: float
    across: float
    direction: tuple[float, ...] | None = None
    field: InputField | None = None
    image: TensorUse | None = None


@dataclass(frozen=True)
class Ratios:
    """Tortuosity whose ratios along the axes of tensors are those of water's diffusion.

    The effective diffusivity is D / mean^2 times a tensor over the mean of its eigenvalues.

    Attributes:
        mean: tortuosity that belongs to the mean diffusivity.
        image: the TensorUse of the tensors.
    """

    mean: float
    image: TensorUse


@dataclass(frozen=True)
class ExtracellularSpace:
    """What decides diffusion, each value with those that regions have instead.

    Attributes:
        alpha: volume fraction, number or InputField.
        tortuosity: number, InputField, Anisotropy or Ratios.
        diffusivity: free diffusivity of K+ [m^2/s].
    """

    alpha: Layered
    tortuosity: Layered
    diffusivity: Layered

    @property
    def is_anisotropic(self):
        """Whether there are fibres anywhere."""
        return any(isinstance(value, Anisotropy | Ratios) for value in self.tortuosity.values)


def thickness(value, inputs):
    """Thickness [m] of a sheet: a number, or an array over local cells.

    Args:
        value: number or InputField; None where the mesh is no surface in space.
        inputs: InputFields of the mesh.

    Raises:
        ConfigError: if a surface has none, or something else has one, or for values out of bounds.
    """
    if inputs.mesh.is_surface != (value is not None):
        raise ConfigError(
            "tissue.thickness: missing; the mesh is a surface in space, and its tissue a sheet "
            'around it: thickness = "2.5 mm"'
            if value is None
            else "tissue.thickness: is that of a sheet around a surface in space; this mesh fills "
            f"its {inputs.mesh.axes} dimensions: leave it out"
        )
    check = _range("thickness", THICKNESS)
    if isinstance(value, InputField):
        return inputs.over_cells(value, "tissue.thickness", check, unit="m")
    if value is not None and not THICKNESS[0] <= value <= THICKNESS[1]:
        raise ConfigError(
            f"tissue.thickness: must be between {length_text(THICKNESS[0])} and "
            f"{length_text(THICKNESS[1])} (found {length_text(value)})"
        )
    return 1.0 if value is None else value


def over_cells(space, inputs):
    """Fields over local cells: alpha, tortuosity, and the effective diffusivity [m^2/s].

    Args:
        space: the ExtracellularSpace.
        inputs: InputFields of the mesh.

    Returns:
        dict: by name, one value a cell; `diffusivity` may hold tensors, shape (cells, d, d), and
        `tortuosity` is that across fibres, or the mean one of Ratios.
    """
    alpha = _scalar("alpha", space.alpha, ALPHA, inputs)
    free = _scalar("D", space.diffusivity, DIFFUSIVITY, inputs)
    if not space.is_anisotropic:
        tortuosity = _scalar("tortuosity", space.tortuosity, TORTUOSITY, inputs)
        effective = regions.diffusivity(free, tortuosity)
        return {"alpha": alpha, "tortuosity": tortuosity, "diffusivity": effective}
    parallel, across = (_along(way, space.tortuosity, inputs) for way in ("parallel", "across"))
    fibres = _axes(space.tortuosity, inputs)
    effective = regions.diffusivity_tensor(free, parallel, across, fibres)
    if isinstance(space.tortuosity.base, Ratios):
        _follow_water(effective, space.tortuosity, inputs)
    return {"alpha": alpha, "tortuosity": across, "diffusivity": effective}


def _follow_water(effective, layered, inputs):
    """Multiply the diffusivities of cells, but of those in regions with a tortuosity of their own.

    Args:
        effective: isotropic there, shape (cells, d, d); changed in place.
        layered: the tortuosity.
        inputs: InputFields of the mesh.
    """
    base, own = layered.base, np.ones(len(effective), bool)
    _refuse_flat(inputs.mesh)
    shares = inputs.images.ratios(base.image, "tissue.tortuosity", base.mean**2)
    for part, _ in layered.overrides:
        own[part.cells] = False
    effective[own] = effective[own] @ shares[own]


def _refuse_flat(mesh):
    if mesh.axes != 3:
        raise ConfigError(
            f"tissue.tortuosity: an image of directions or tensors needs a mesh in three "
            f"dimensions (found {mesh.axes})"
        )


def _scalar(name, layered, limits, inputs):
    base = _base(name, layered.base, limits, inputs)
    return regions.over_cells(inputs.mesh, base, layered.overrides)


def _base(name, value, limits, inputs):
    """A value itself, or the field that is read for it."""
    if not isinstance(value, InputField):
        return value
    return inputs.over_cells(value, f"tissue.{name}", _range(name, limits))


def _along(way, layered, inputs):
    """Tortuosity along or across fibres; an isotropic one is the same both ways."""
    base = _way(way, _base("tortuosity", layered.base, TORTUOSITY, inputs))
    overrides = [(part, _way(way, value)) for part, value in layered.overrides]
    return regions.over_cells(inputs.mesh, base, overrides)


def _way(way, value):
    if isinstance(value, Ratios):
        return value.mean
    return getattr(value, way) if isinstance(value, Anisotropy) else value


def _axes(layered, inputs):
    """Axes of fibres over cells as `regions.axes` gives them, shape (cells, d, d)."""
    d = inputs.mesh.axes
    axes = np.zeros((len(inputs.mesh.cell_tags), d, d))
    axes[:, 0, 0] = 1.0
    if isinstance(layered.base, Anisotropy):
        axes[:] = _fibres(layered.base, inputs)
    for part, value in layered.overrides:
        if isinstance(value, Anisotropy):
            axes[part.cells] = np.broadcast_to(_fibres(value, inputs), axes.shape)[part.cells]
    return axes


def _fibres(anisotropy, inputs):
    d = inputs.mesh.axes
    if anisotropy.image is not None:
        _refuse_flat(inputs.mesh)
        return inputs.images.axes(anisotropy.image, "tissue.tortuosity")
    if anisotropy.field is not None:
        prepare = functools.partial(_axes_of_vectors, d=d)
        place = "tissue.tortuosity.field"
        flat = inputs.over_cells(anisotropy.field, place, prepare=prepare)
        return flat.reshape(-1, d, d)
    direction = [*anisotropy.direction]
    vector = np.asarray(direction[:d], float)
    if len(vector) < d or not np.linalg.norm(vector) > 0 or any(direction[d:]):
        raise ConfigError(
            f"tissue.tortuosity.direction: needs {d} numbers that are not all zero "
            f"(found {direction})"
        )
    return regions.axes(vector, d)


def _axes_of_vectors(array, low, d):
    """Axes of the vectors of a field, one row of d * d numbers each; the first is number `low`."""
    place = "tissue.tortuosity.field"
    if array.ndim != 2 or not d <= array.shape[1] <= 3:
        shape = array.shape[1:] or 1
        raise ConfigError(f"{place}: needs {d} to 3 numbers a place, a direction (found {shape})")
    if not np.isfinite(array).all():
        where = low + np.flatnonzero(~np.isfinite(array).all(axis=1))[0]
        raise ConfigError(f"{place}: direction number {where} is not finite")
    return regions.axes(array, d).reshape(len(array), d * d)


def _range(name, limits):
    """A function that refuses a Seen with values outside two limits."""
    low, high = limits

    def check(seen):
        count, *first = seen.first(~((seen.here >= low) & (seen.here <= high)))
        if count:
            where, value = first
            raise ConfigError(
                f"tissue.{name}: must be between {low:g} and {high:g}, but is "
                f"{value:g} in {count} values of the field, the first {where}"
            )

    return check

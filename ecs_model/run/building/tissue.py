"""From [tissue] and the values of [membrane] to what lies where."""

from pathlib import Path

from ecs_model.config.alternatives import Anisotropy as AnisotropySettings
from ecs_model.config.alternatives import FromFile
from ecs_model.config.alternatives import Ratios as RatiosSettings
from ecs_model.config.parameters import settled
from ecs_model.errors import ConfigError
from ecs_model.files import label_names
from ecs_model.files.images import is_image
from ecs_model.parallel import on_root
from ecs_model.physics.ions import KNOWN, Ion
from ecs_model.tissue import coefficients, regions
from ecs_model.tissue.coefficients import Anisotropy, ExtracellularSpace, Ratios
from ecs_model.tissue.image_use import ImageUse, Line, TensorUse
from ecs_model.tissue.input_fields import InputField
from ecs_model.tissue.node_values import MembraneValues
from ecs_model.tissue.regions import Layered
from ecs_model.tissue.tissue_data import SyncytiumData, TissueData

BODIES = ("ball", "box", "cylinder")
CUBIC_MM = 1e9  # in a m^3


def tissue_data(tissue, solutes):
    """The TissueData of [tissue].

    Args:
        tissue: its settings.
        solutes: what membranes give and take without its charge.

    Raises:
        ConfigError: for a valence of one of these.
    """
    joined = tissue.syncytium
    return TissueData(
        ions=tuple(_ion(settings, tissue.D, solutes) for settings in tissue.ions),
        D=tissue.D,
        temperature=tissue.temperature,
        packing=tissue.packing,
        tortuosity_exponent=tissue.tortuosity_exponent,
        electrodiffusion=tissue.transport == "electrodiffusion",
        syncytium=None if joined is None else SyncytiumData(joined.tortuosity, joined.cable),
    )


def _ion(settings, potassium, solutes):
    valence, known = KNOWN.get(settings.name, (0, 0.0))
    if settings.name in solutes:
        _refuse_valence(settings)
        valence = 0
    ratio = known / KNOWN["K"][1] if settings.D is None else settings.D / potassium
    return Ion(settings.name, valence if settings.valence is None else settings.valence, ratio)


def _refuse_valence(settings):
    if settings.valence:
        raise ConfigError(
            f"tissue.ions: {settings.name}: valence: cells give and take it without its charge, so "
            f"that it moves without; leave valence out (found {settings.valence})"
        )


def parts_of(tissue, inputs):
    """Name -> Part of every region of [tissue], by the InputFields of the mesh."""
    return {region.name: _part(region, inputs) for region in tissue.regions}


def _part(region, inputs):
    mesh = inputs.mesh
    if region.label is not None:
        return _labelled(region, inputs)
    if region.tag is not None:
        return regions.tagged(mesh, region.name, region.tag)
    kind = next(k for k in BODIES if getattr(region, k) is not None)
    return getattr(regions, kind)(mesh, region.name, **dict(getattr(region, kind)))


def _labelled(region, inputs):
    """The Part of the cells that an image labels so; its volume is noted beside the image's."""
    mesh, images, place = inputs.mesh, inputs.images, f"region '{region.name}'"
    use = ImageUse(region.image, region.space)
    names = None if region.names is None else Path(inputs.base, region.names)
    wanted = on_root(mesh.comm, label_names.numbers, region.label, names, place)
    part = regions.labelled(mesh, region.name, images.labels(use, f"{place}: image"), wanted)
    inside = part.cells[: mesh.owned_cells] * mesh.cell_volumes[: mesh.owned_cells]
    images.notes.append(
        f"{place}: {CUBIC_MM * mesh.sum(inside):.4g} mm^3 of the mesh, "
        f"{images.volume(use, wanted):.4g} mm^3 of voxels"
    )
    return part


def thickness(tissue, inputs):
    """Thickness [m] of a sheet of tissue, as `coefficients.thickness` has it."""
    return coefficients.thickness(_value(tissue.thickness), inputs)


def extracellular_space(tissue, parts):
    """The ExtracellularSpace of [tissue], whose regions are Parts by name."""
    names = ("alpha", "tortuosity", "D")
    return ExtracellularSpace(*(_layered(tissue, name, parts) for name in names))


def _layered(tissue, name, parts):
    values = [(parts[region.name], getattr(region, name)) for region in tissue.regions]
    overrides = tuple((part, _value(value)) for part, value in values if value is not None)
    return Layered(_value(getattr(tissue, name)), overrides)


def _value(setting):
    """A number itself, or where what is not one number comes from."""
    if isinstance(setting, FromFile):
        return _input(setting)
    if isinstance(setting, RatiosSettings):
        return Ratios(setting.mean, _tensors(setting))
    if not isinstance(setting, AnisotropySettings):
        return setting
    field = None if setting.field is None else InputField(setting.field, at=setting.at)
    direction = None if setting.direction is None else tuple(setting.direction)
    image = None if setting.file is None else _tensors(setting)
    return Anisotropy(setting.parallel, setting.across, direction, field, image)


def _input(setting):
    if not is_image(setting.file or ""):
        return InputField(setting.field, setting.file, setting.unit, setting.at)
    line = None if setting.linear is None else Line(**dict(setting.linear))
    ends = None if setting.clip is None else tuple(setting.clip)
    image = ImageUse(setting.file, setting.space, setting.within)
    return InputField(unit=setting.unit, image=image, line=line, ends=ends)


def _tensors(setting):
    image = ImageUse(setting.file, setting.space, setting.within)
    return TensorUse(image, setting.axes, setting.order)


def membrane_values(config, model, parts):
    """The MembraneValues of a Config.

    Args:
        config: the Config.
        model: the membrane model.
        parts: name -> Part of every region.

    Raises:
        ConfigError: for names, units or values that the model does not have.
    """
    return MembraneValues(
        _values_in(config, model.Parameters, "parameters", parts),
        _values_in(config, model.State, "initial", parts),
    )


def _values_in(config, table, kind, parts):
    everywhere = settled(getattr(config.membrane, kind), table, f"membrane.{kind}")
    overrides = [
        (parts[region.name], settled(getattr(region, kind), table, f"{region.name}: {kind}"))
        for region in config.tissue.regions
    ]
    return Layered({name: _value(v) for name, v in everywhere.items()}, tuple(overrides))


def refuse_points(config, dimension):
    """Raise ConfigError for points that have not as many coordinates as the mesh."""
    for place, point in _points(config):
        if len(point) < dimension or any(point[dimension:]):
            text = ", ".join(f"{1e3 * x:g} mm" for x in point)
            raise ConfigError(f"{place}: found ({text}); the mesh has {dimension} coordinates")


def _points(config):
    """Name and coordinates of every point in a configuration."""
    yield from _points_of_regions(config.tissue)
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
        if line.through is not None:
            yield f"line '{line.name}': through", line.through


def _points_of_regions(tissue):
    for region in tissue.regions:
        for body in filter(None, (getattr(region, kind) for kind in BODIES)):
            for corner in ("centre", "low", "high"):
                if hasattr(body, corner):
                    yield f"region '{region.name}': {corner}", getattr(body, corner)

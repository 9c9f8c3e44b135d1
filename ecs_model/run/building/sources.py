"""From [[source]], [[boundary]] and profiles to what enters and leaves, and when."""

from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.limits import SOLUBLE, limits
from ecs_model.physics.metabolism import in_series
from ecs_model.tissue import sources, time_course
from ecs_model.tissue.time_course import Profile
from ecs_model.units import from_si


def profile_of(settings, base, place):
    """The Profile that profile settings describe.

    Args:
        settings: of the profile.
        base: folder to which paths are relative.
        place: what messages begin with.

    Raises:
        ConfigError: for a table that cannot be used.
    """
    if settings.kind == "step":
        return time_course.step(settings.start)
    if settings.kind == "pulse":
        return time_course.pulse(settings.start, settings.duration)
    if settings.kind == "train":
        p = settings
        return time_course.train(p.start, p.duration, p.period, p.count)
    if settings.kind == "table":
        return time_course.table(Path(base, settings.file), place)
    return time_course.constant()


def source(settings, ground, alpha):
    """The Load that a [[source]] asks for.

    Args:
        settings: of the source.
        ground: the Ground of the run.
        alpha: volume fraction over local cells.

    Raises:
        ConfigError: on all processes, for a place or an amount that cannot be.
    """
    name, mesh = f"source {settings.name}", ground.mesh
    profile = profile_of(settings.profile, ground.base, f"source '{settings.name}'")
    if settings.load is not None:
        refuse_beyond(profile, settings.load, "mM/s", name)
        density = alpha * ground.parts[settings.region].cells
        rate = settings.load * mesh.sum(mesh.spread_cells(density))
        return sources.cell_load(mesh, name, density, rate, profile)
    rate = settings.rate
    if settings.amount is not None:
        rate = settings.amount / _lasting(profile, name)
    refuse_beyond(profile, rate, "mol/s", name)
    return _load_at(settings, ground, name, rate, profile)


def _load_at(settings, ground, name, rate, profile):
    """The Load of a rate [mol/s] at a point, in a Gaussian or over a region."""
    mesh = ground.mesh
    if settings.point is not None:
        return sources.point_load(mesh, name, settings.point, rate, profile)
    if settings.gaussian is not None:
        ball = settings.gaussian
        return sources.gaussian_load(mesh, name, ball.centre, ball.radius, rate, profile)
    density = 1.0 * ground.parts[settings.region].cells
    return sources.cell_load(mesh, name, density, rate, profile)


def refuse_beyond(profile, value, unit, name, what="would enter"):
    """Raise ConfigError if a profile takes a value [SI] beyond sense.

    Args:
        profile: the Profile.
        value: while it is 1 [SI].
        unit: in which the message tells it.
        name: what the message begins with.
        what: is done with so much, in words.
    """
    low, high = limits(unit)
    for factor in (profile.values.min(), profile.values.max()):
        reached = from_si(float(factor) * value, unit)
        if not low <= reached <= high:
            raise ConfigError(
                f"{name}: where the profile is {factor:g}, {reached:g} {unit} {what}; "
                f"{low:g} to {high:g} {unit} would be right"
            )


def _lasting(profile, name):
    """Time [s] for which a profile that comes and goes acts, as if it were always 1."""
    for value, when in ((profile.values[0], "begins"), (profile.values[-1], "ends")):
        if value:
            raise ConfigError(
                f"{name}: amount is what enters in all, but the profile {when} with {value:g} and "
                f"so has no {when[:-1]}; let it {when[:-1]} with 0, or give a rate"
            )
    if profile.times[0] < 0:
        raise ConfigError(
            f"{name}: amount is what enters in all, but the profile begins at "
            f"{profile.times[0]:g} s, before the run; let it begin at 0 or later"
        )
    lasting = profile.integral(profile.times[0], profile.times[-1])
    if not lasting > 0:
        raise ConfigError(
            f"{name}: no amount can enter, as the profile adds up to {lasting:g} s; it must be "
            "above 0"
        )
    return lasting


def boundary(settings, ground):
    """The Load, Exchange or Bath that a [[boundary]] asks for.

    Args:
        settings: of the boundary.
        ground: the Ground of the run.

    Raises:
        ConfigError: on all processes, for a surface or a concentration that cannot be.
    """
    name, mesh = f"boundary {settings.on}", ground.mesh
    profile = profile_of(settings.profile, ground.base, f"boundary '{settings.on}'")
    tag = tag_of(settings, mesh)
    if settings.flux is not None:
        refuse_beyond(profile, settings.flux, "mol/m^2/s", name)
        return sources.facet_load(mesh, name, tag, settings.flux, profile)
    level = settings.bath if settings.bath is not None else settings.outside
    bath = _bath(level, settings.before, profile, name)
    if settings.bath is not None:
        return sources.facet_bath(mesh, name, tag, bath, _potential(settings, profile, name))
    return sources.facet_exchange(mesh, name, tag, settings.exchange, bath)


def _potential(settings, profile, name):
    """The Profile of the potential [V] of a bath; None if it has none."""
    if settings.potential is None:
        return None
    place = f"{name}: potential"
    refuse_beyond(profile, settings.potential, "mV", place, "would be there")
    return Profile(profile.times, settings.potential * profile.values)


def tag_of(settings, mesh):
    """The tag of the boundary that settings name; ConfigError if the mesh has none of that name."""
    if settings.on not in mesh.boundaries:
        known = ", ".join(mesh.boundaries) or "none"
        raise ConfigError(f"boundary {settings.on}: the mesh has no such boundary; it has {known}")
    return mesh.boundaries[settings.on]


def vessels(settings, ground, alpha):
    """The Exchange that a [[vessels]] asks for.

    Args:
        settings: of the vessels.
        ground: the Ground of the run.
        alpha: volume fraction over local cells, as the run begins.

    Raises:
        ConfigError: on all processes, for a concentration that cannot be.
    """
    name, where = f"vessels {settings.name}", settings.region
    profile = profile_of(settings.profile, ground.base, f"vessels '{settings.name}'")
    bath = _bath(settings.blood, settings.before, profile, name)
    density = alpha if where is None else alpha * ground.parts[where].cells
    rate = settings.exchange
    if settings.flow is not None:
        rate = in_series(rate, settings.flow * settings.capacity)
    return sources.cell_exchange(ground.mesh, name, rate * density, bath)


def _bath(level, before, profile, name):
    """The Profile of the concentration [mM] of a bath, or of what lies behind an exchange."""
    before = level if before is None else before
    bath = Profile(profile.times, before + (level - before) * profile.values)
    if not (bath.values.min() >= 0 and bath.values.max() <= SOLUBLE):
        raise ConfigError(
            f"{name}: the profile takes the bath from {bath.values.min():.4g} to "
            f"{bath.values.max():.4g} mM; 0 to {SOLUBLE:g} mM would be right"
        )
    return bath

"""What comes into the tissue and leaves it, as a configuration describes it."""

from dataclasses import replace
from pathlib import Path

from ecs_model.native import MPI

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files.number_tables import read_table
from ecs_model.limits import SOLUBLE, limits
from ecs_model.physics.ions import companion_share
from ecs_model.tissue import sources
from ecs_model.tissue import time_course as profiles
from ecs_model.units import from_si

KINDS = (sources.Load, sources.Exchange, sources.Bath)


class Terms:
    """Loads, exchanges and baths of every ion.

    Args:
        mesh: the mesh.
        concentrations: Ion -> concentration at owned nodes [mM], as they begin.
        neutral: whether what enters must bring no charge.
    """

    def __init__(self, mesh, concentrations, neutral=False):
        self._mesh, self._concentrations, self._neutral = mesh, concentrations, neutral
        self._ions = {ion.name: ion for ion in concentrations}
        self._terms = {ion: {kind: [] for kind in KINDS} for ion in concentrations}

    def of(self, ion):
        """Lists of loads, exchanges and baths of an ion."""
        return tuple(self._terms[ion].values())

    def add(self, settings, term, place):
        """Take up a term of the ion that the settings name, and what keeps it neutral."""
        ion = self._named(settings.ion, place)
        companion = self._companion(settings, ion, place)
        if isinstance(term, sources.Load):
            self._put(ion, term)
            if companion is not None:
                share = companion_share(ion, companion)
                self._put(companion, replace(term, rates=share * term.rates))
            return
        start = {i: np.copy(c[term.nodes]) for i, c in self._concentrations.items()}
        for other, level in start.items():
            if other is ion:
                self._put(other, term)
                continue
            share = companion_share(ion, companion) if other is companion else 0.0
            self._refuse_negative(term, level - share * start[ion], share, place, other)
            self._put(other, replace(term, offset=level - share * start[ion], factor=share))

    def _refuse_negative(self, term, offset, share, place, companion):
        """Raise ConfigError, on all processes, for a bath that leaves less than none of an ion."""
        extremes = share * term.bath.values.min(), share * term.bath.values.max()
        lowest = min(extremes) + offset.min(initial=np.inf)
        lowest = self._mesh.comm.allreduce(float(lowest), MPI.MIN)
        if lowest < 0:
            raise ConfigError(
                f"{place}: {companion.name}, which goes with it, would come to {lowest:.4g} mM; "
                "lower the bath, or name another companion"
            )

    def _put(self, ion, term):
        self._terms[ion][type(term)].append(term)

    def _named(self, name, place):
        if name not in self._ions:
            raise ConfigError(
                f"{place}: {name} is not one of tissue.ions ({', '.join(self._ions)})"
            )
        return self._ions[name]

    def _companion(self, settings, ion, place):
        """The ion that goes with another; None for what is neutral or moves alone."""
        if settings.companion is not None:
            companion = self._named(settings.companion, f"{place}: companion")
            if companion is ion or not companion.valence:
                raise ConfigError(f"{place}: companion: {companion.name} cannot balance {ion.name}")
            if not ion.valence:
                raise ConfigError(
                    f"{place}: companion: has no effect, as {ion.name} has no charge; leave it out"
                )
            return companion
        usual = self._ions.get("Cl" if ion.name != "Cl" else "Na") if ion.valence else None
        if self._neutral and ion.valence and usual is None:
            others = ", ".join(i.name for i in self._ions.values() if i is not ion and i.valence)
            raise ConfigError(
                f"{place}: {ion.name} alone would leave charge behind in electrodiffusion; name "
                f"the ion that keeps it neutral: companion = one of {others}"
            )
        return usual


def event_profile(settings, base):
    """The Profile of an [[event]]."""
    return _profile(settings.profile, base, f"event '{settings.name}'")


def source(settings, mesh, parts, alpha, base):
    """The Load that a [[source]] asks for.

    Args:
        settings: of the source.
        mesh: the mesh.
        parts: name -> Part of every region.
        alpha: volume fraction over local cells.
        base: folder to which paths are relative.
    """
    name = f"source {settings.name}"
    profile = _profile(settings.profile, base, f"source '{settings.name}'")
    if settings.load is not None:
        _refuse_beyond(profile, settings.load, "mM/s", name)
        density = alpha * parts[settings.region].cells
        rate = settings.load * mesh.sum(mesh.spread_cells(density))
        return sources.cell_load(mesh, name, density, rate, profile)
    rate = settings.rate
    if settings.amount is not None:
        rate = settings.amount / _lasting(profile, name)
    _refuse_beyond(profile, rate, "mol/s", name)
    if settings.point is not None:
        return sources.point_load(mesh, name, settings.point, rate, profile)
    if settings.gaussian is not None:
        ball = settings.gaussian
        return sources.gaussian_load(mesh, name, ball.centre, ball.radius, rate, profile)
    return sources.cell_load(mesh, name, 1.0 * parts[settings.region].cells, rate, profile)


def _refuse_beyond(profile, value, unit, name):
    """Raise ConfigError if a profile takes a value [SI] beyond sense."""
    low, high = limits(unit)
    for factor in (profile.values.min(), profile.values.max()):
        reached = from_si(float(factor) * value, unit)
        if not low <= reached <= high:
            raise ConfigError(
                f"{name}: where the profile is {factor:g}, {reached:g} {unit} would enter; "
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


def boundary(settings, mesh, base):
    """The Load, Exchange or Bath that a [[boundary]] asks for.

    Args:
        settings: of the boundary.
        mesh: the mesh.
        base: folder to which paths are relative.
    """
    name = f"boundary {settings.on}"
    profile = _profile(settings.profile, base, f"boundary '{settings.on}'")
    if settings.on not in mesh.boundaries:
        known = ", ".join(mesh.boundaries) or "none"
        raise ConfigError(f"{name}: the mesh has no such boundary; it has {known}")
    tag = mesh.boundaries[settings.on]
    if settings.flux is not None:
        _refuse_beyond(profile, settings.flux, "mol/m^2/s", name)
        return sources.facet_load(mesh, name, tag, settings.flux, profile)
    level = settings.bath if settings.bath is not None else settings.outside
    before = level if settings.before is None else settings.before
    bath = profiles.Profile(profile.times, before + (level - before) * profile.values)
    if not (bath.values.min() >= 0 and bath.values.max() <= SOLUBLE):
        raise ConfigError(
            f"{name}: the profile takes the bath from {bath.values.min():.4g} to "
            f"{bath.values.max():.4g} mM; 0 to {SOLUBLE:g} mM would be right"
        )
    if settings.bath is not None:
        return sources.facet_bath(mesh, name, tag, bath)
    return sources.facet_exchange(mesh, name, tag, settings.exchange, bath)


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
        rows = read_table(path, ("time [s]", "factor"))
    except ConfigError as error:
        raise ConfigError(f"{place}: table {error}") from None
    for column, what, unit in ((0, "time", "s"), (1, "factor", "1")):
        highest, worst = limits(unit)[1], max(rows[:, column], key=abs)
        if abs(worst) > highest:
            raise ConfigError(
                f"{place}: table {path}: has the {what} {worst:g}; -{highest:g} to {highest:g} "
                "would be right"
            )
    if np.any(np.diff(rows[:, 0]) < 0):
        raise ConfigError(
            f"{place}: table {path}: needs two columns, time [s] and factor, times not decreasing"
        )
    return profiles.Profile(rows[:, 0], rows[:, 1])
